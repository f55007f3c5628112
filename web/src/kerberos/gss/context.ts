/**
 * The initiator of a GSS-API context: a service ticket becomes tokens for `Authorization: Negotiate`, and the service's
 * answers are held against them (RFC 4121 section 4.1, RFC 4178, RFC 4559).
 */

import type { Clock, Stamp } from "../clock.js";
import { Key } from "../crypto/key.js";
import { USAGE } from "../crypto/usage.js";
import { KerberosError } from "../error.js";
import type { Credential } from "../exchange/asked.js";
import { present } from "../exchange/present.js";
import { MUTUAL_REQUIRED, readApRep, readEncApRepPart } from "../message/ap.js";
import { isKrbError, readKrbError, refusal } from "../message/krb_error.js";
import { equal, type Octets, random, wipe } from "../octets.js";
import { MIC_FLAG, makeMic, verifyMic } from "./mic.js";
import { mechList, NEG_STATE, type NegTokenResp, readResp, writeInit, writeResp } from "./spnego.js";
import { CHECKSUM_TYPE, gssChecksum, MECH, readKerberosToken, TOKEN_ID, writeKerberosToken } from "./token.js";

/** What a context should be. */
export interface ContextOptions {
    /** Whether the service must prove itself. It must by default. */
    readonly mutual?: boolean;
}

/** The mechanisms that are offered: Kerberos alone. */
const OFFERED = [MECH.KRB5];

/** What the tokens are made of. */
interface Parts {
    readonly inner: Octets;
    readonly session: Key;
    readonly subkey: Key;
    readonly time: Stamp;
    readonly sequence: number;
    readonly mutual: boolean;
}

/** One context, from the first token to the service's proof. */
export class SecurityContext {
    /** The first token, to be sent in base64. It is good for one request. */
    readonly token: Uint8Array;
    readonly #parts: Parts;
    readonly #list = mechList(OFFERED);
    #acceptorSubkey: Key | undefined;
    #proved = false;
    /** Whether an answer was read. */
    #answered = false;
    /** Whether the service must vouch for the list, because it asks us to. */
    #codeDue = false;
    #codeSent = false;
    #codeSeen = false;

    private constructor(parts: Parts) {
        this.#parts = parts;
        this.token = writeInit(OFFERED, parts.inner);
    }

    /** Presents a ticket to its service. */
    static async begin(credential: Credential, clock: Clock, options: ContextOptions = {}): Promise<SecurityContext> {
        const mutual = options.mutual ?? true;
        // 30 bits: a first number near the end of 32 would soon start again at zero (RFC 4121 section 4.1).
        const sequence = new DataView(random(4).buffer).getUint32(0) >>> 2;
        const { message, subkey, time } = await present(credential, clock, {
            options: mutual ? MUTUAL_REQUIRED : 0,
            usage: USAGE.AP_REQ_AUTHENTICATOR,
            checksum: { type: CHECKSUM_TYPE, value: gssChecksum(mutual) },
            sequence,
        });
        const inner = writeKerberosToken(TOKEN_ID.AP_REQ, message);
        return new SecurityContext({ inner, session: credential.key, subkey, time, sequence, mutual });
    }

    /** Whether the service has proved that it is the one the ticket is for. */
    get isMutual(): boolean {
        return this.#proved;
    }

    /**
     * Reads the token that the service answered with, and gives the one to send next, if it wants another.
     *
     * Throws what the service says, which nothing protects, and our own errors if it is not the service that the ticket
     * is for. Another attempt needs another context.
     */
    async reply(token: Uint8Array): Promise<Uint8Array | undefined> {
        const answer = readResp(new Uint8Array(token));
        const first = !this.#answered;
        this.#answered = true;
        if (answer.state === NEG_STATE.REJECT) {
            throw reason(answer);
        }
        if (answer.mech !== undefined && !equal(answer.mech, MECH.KRB5)) {
            throw new KerberosError("OTHER_MECH");
        }
        const { responseToken } = answer;
        const goesOn = answer.state === NEG_STATE.ACCEPT_INCOMPLETE || answer.state === NEG_STATE.REQUEST_MIC;
        this.#codeDue ||= first && answer.state === NEG_STATE.REQUEST_MIC;
        if (first && goesOn && responseToken === undefined && !this.#isComplete) {
            // A service that did not read the token that came with the list asks for it again.
            return writeResp({ state: NEG_STATE.ACCEPT_INCOMPLETE, responseToken: this.#parts.inner });
        }
        if (responseToken !== undefined) {
            await this.#prove(responseToken);
        }
        await this.#checkCode(answer);
        if (answer.state === NEG_STATE.ACCEPT_COMPLETED) {
            this.finish();
            return undefined;
        }
        if (!goesOn || !this.#isComplete || this.#codeSent) {
            throw new KerberosError("UNEXPECTED_MESSAGE");
        }
        return this.#vouch();
    }

    /**
     * Says that nothing more is due, for a service that lets in without a token.
     *
     * Throws `NO_PROOF` if it had to prove itself and did not, `NO_MECH_LIST_MIC` if it had to vouch for the list of
     * mechanisms and did not.
     */
    finish(): void {
        if (!this.#isComplete) {
            throw new KerberosError("NO_PROOF");
        }
        if (this.#codeDue && !this.#codeSeen) {
            throw new KerberosError("NO_MECH_LIST_MIC");
        }
    }

    /** Whether no token of Kerberos is due any more. */
    get #isComplete(): boolean {
        return this.#proved || !this.#parts.mutual;
    }

    /** The key of the context: the service's subkey if it chose one, else ours. */
    get #key(): Key {
        return this.#acceptorSubkey ?? this.#parts.subkey;
    }

    get #flags(): number {
        return this.#acceptorSubkey === undefined ? 0 : MIC_FLAG.ACCEPTOR_SUBKEY;
    }

    /** Reads an AP-REP that only who opened the ticket can have made for this request, or a KRB-ERROR. */
    async #prove(token: Octets): Promise<void> {
        const { id, message } = readKerberosToken(token);
        if (id === TOKEN_ID.ERROR) {
            throw refusal(readKrbError(message));
        }
        if (id !== TOKEN_ID.AP_REP || this.#isComplete) {
            throw new KerberosError("UNEXPECTED_MESSAGE");
        }
        const { session, subkey, time } = this.#parts;
        // The session key of the ticket, never a subkey (RFC 4120 section 3.2.4).
        const plaintext = await session.open(USAGE.AP_REP, readApRep(message).cipher);
        try {
            const part = readEncApRepPart(plaintext);
            if (part.time.time !== time.time || part.time.micros !== time.micros) {
                throw new KerberosError("OTHER_REQUEST");
            }
            if (part.subkey !== undefined) {
                if (part.subkey.type !== subkey.enctype.number) {
                    throw new KerberosError("SUBKEY_ENCTYPE");
                }
                this.#acceptorSubkey = await Key.import(subkey.enctype, part.subkey.value);
            }
        } finally {
            wipe(plaintext);
        }
        this.#proved = true;
    }

    async #checkCode({ mechListMic, responseToken }: NegTokenResp): Promise<void> {
        // Windows 2000 repeats the token where the integrity code belongs.
        if (mechListMic === undefined || (responseToken !== undefined && equal(mechListMic, responseToken))) {
            return;
        }
        const flags = this.#flags | MIC_FLAG.SENT_BY_ACCEPTOR;
        await verifyMic(this.#key, USAGE.GSS_ACCEPTOR_SIGN, flags, this.#list, mechListMic);
        this.#codeSeen = true;
    }

    /** Sends the integrity code alone. */
    async #vouch(): Promise<Octets> {
        this.#codeSent = true;
        const { sequence } = this.#parts;
        const mechListMic = await makeMic(this.#key, USAGE.GSS_INITIATOR_SIGN, this.#flags, sequence, this.#list);
        const state = this.#codeSeen ? NEG_STATE.ACCEPT_COMPLETED : NEG_STATE.ACCEPT_INCOMPLETE;
        return writeResp({ state, mechListMic });
    }
}

/** What a rejection says. */
function reason({ responseToken }: NegTokenResp): KerberosError {
    try {
        const { id, message } = readKerberosToken(responseToken ?? new Uint8Array(0));
        if (id === TOKEN_ID.ERROR && isKrbError(message)) {
            return refusal(readKrbError(message));
        }
    } catch {
        // What cannot be read gives no reason.
    }
    return new KerberosError("REJECTED");
}
