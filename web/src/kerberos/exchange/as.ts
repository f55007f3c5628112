/**
 * The AS exchange: a password becomes a ticket (RFC 4120 section 3.1, RFC 6113 section 5.2 for the cookie, RFC 6806 for
 * referrals and for what protects the first request).
 *
 * The first request carries no proof. A KDC that wants one says so, and how the client's key is made; the second request
 * carries the time under that key.
 */

import type { Clock } from "../clock.js";
import type { Key } from "../crypto/key.js";
import type { Password } from "../crypto/password.js";
import { USAGE } from "../crypto/usage.js";
import { Reader } from "../der.js";
import { KerberosError } from "../error.js";
import {
    KDC_ERR_NEVER_VALID,
    KDC_ERR_PREAUTH_FAILED,
    KDC_ERR_PREAUTH_REQUIRED,
    KDC_ERR_WRONG_REALM,
    KRB_AP_ERR_BAD_INTEGRITY,
    KRB_AP_ERR_SKEW,
} from "../error_code.js";
import { type KdcRep, MESSAGE, readKdcRep, writeKdcReq } from "../message/kdc.js";
import { isKrbError, type KrbError, readKrbError, refusal } from "../message/krb_error.js";
import { type EncKdcRepPart, readEncKdcRepPart, TICKET_FLAG } from "../message/opened.js";
import { PA, type PaData, readMethodData, writeTimestamp } from "../message/padata.js";
import { readChecksum, writeEncryptedData } from "../message/sealed.js";
import { krbtgt, type PrincipalName } from "../name.js";
import { type Octets, wipe } from "../octets.js";
import { type Ask, Asked, type Credential, type Wishes } from "./asked.js";
import { replyKey } from "./reply_key.js";

/** Most realms that a user is referred through. */
const MAX_REALMS = 5;

/** How far the KDC's time may be from ours before it is taken over, in milliseconds. */
const TOLERATED = 5000;

/** Says that encrypted padata is understood, which has the KDC vouch for the request (RFC 6806 section 11). */
const REQ_ENC_PA_REP: PaData = { type: PA.REQ_ENC_PA_REP, value: new Uint8Array(0) };

/** What is asked of an authentication server. */
export interface AsWishes extends Omit<Wishes, "server"> {
    /** The service; by default the one that grants tickets of the client's realm. */
    readonly service?: PrincipalName;
}

/**
 * Gets a ticket for a password. Referrals to the client's own realm are followed if names may be canonicalized.
 *
 * Throws what the KDC says, with code 24 for a wrong password, and our own errors if it is not to be believed.
 */
export async function authenticate(ask: Ask, clock: Clock, password: Password, wishes: AsWishes): Promise<Credential> {
    const seen = new Set<string>();
    let client = wishes.client;
    for (;;) {
        seen.add(client.realm);
        const server = { name: wishes.service ?? krbtgt(client.realm), realm: client.realm };
        try {
            return await new AsExchange(clock, password, { ...wishes, client, server }).run(ask);
        } catch (error) {
            const realm = wishes.canonicalize ? referredTo(error) : undefined;
            if (realm === undefined) {
                throw error;
            }
            if (seen.has(realm) || seen.size === MAX_REALMS) {
                throw new KerberosError("REFERRAL_LOOP");
            }
            client = { name: client.name, realm };
        }
    }
}

function referredTo(error: unknown): string | undefined {
    const wrong = error instanceof KerberosError && error.code === KDC_ERR_WRONG_REALM;
    return wrong ? error.clientRealm : undefined;
}

/** One exchange with the KDCs of one realm. */
class AsExchange {
    readonly #clock: Clock;
    /** Believes what KRB-ERRORs say of the time, which nothing protects, for this exchange. */
    readonly #guess: Clock;
    readonly #password: Password;
    readonly #wishes: Wishes;
    #corrected = false;
    /** What the KDC takes, once it asked for a proof. */
    #methods: readonly PaData[] = [];
    /** The client's key, once the KDC asked for a proof of it. */
    #proved: Key | undefined;

    constructor(clock: Clock, password: Password, wishes: Wishes) {
        this.#clock = clock;
        this.#guess = clock.copy();
        this.#password = password;
        this.#wishes = wishes;
    }

    async run(ask: Ask): Promise<Credential> {
        for (;;) {
            const asked = new Asked(this.#wishes, this.#guess.now(), true);
            const padata = [...(await this.#proof()), REQ_ENC_PA_REP];
            const request = writeKdcReq(MESSAGE.AS_REQ, padata, asked.body);
            const answer = await ask(this.#wishes.server.realm, request);
            if (!isKrbError(answer)) {
                return this.#open(asked, request, readKdcRep(answer, MESSAGE.AS_REP));
            }
            await this.#refused(readKrbError(answer));
        }
    }

    /** Prepares the next request, or throws what the KDC says. */
    async #refused(error: KrbError): Promise<void> {
        const { code } = error;
        if (code === KDC_ERR_PREAUTH_REQUIRED && this.#proved === undefined) {
            this.#methods = readMethodData(error.data ?? new Uint8Array(0));
            if (!this.#methods.some(({ type }) => type === PA.ENC_TIMESTAMP)) {
                throw new KerberosError("NO_PASSWORD_PREAUTH");
            }
            const { enctypes, client } = this.#wishes;
            this.#proved = await replyKey(this.#password, this.#methods, enctypes, client);
            return;
        }
        // With a clock that is behind, the end that is asked for may be over already.
        if ((code === KRB_AP_ERR_SKEW || code === KDC_ERR_NEVER_VALID) && !this.#corrected) {
            this.#corrected = true;
            this.#guess.correct(error.time);
            return;
        }
        // The second is what decryption says, and a KDC may pass it on.
        if (this.#proved !== undefined && code === KRB_AP_ERR_BAD_INTEGRITY) {
            throw refusal({ ...error, code: KDC_ERR_PREAUTH_FAILED });
        }
        throw refusal(error);
    }

    /** What proves knowledge of the password, if the KDC asked for it. */
    async #proof(): Promise<PaData[]> {
        if (this.#proved === undefined) {
            return [];
        }
        const cipher = await this.#proved.seal(USAGE.PA_ENC_TIMESTAMP, writeTimestamp(this.#guess.stamp()));
        const value = writeEncryptedData({ etype: this.#proved.enctype.number, cipher });
        // The cookie lets a KDC without memory know what it said before.
        const cookie = this.#methods.filter(({ type }) => type === PA.FX_COOKIE);
        return [...cookie, { type: PA.ENC_TIMESTAMP, value }];
    }

    async #open(asked: Asked, request: Octets, answer: KdcRep): Promise<Credential> {
        asked.checkEnvelope(answer, MESSAGE.AS_REP);
        const enctype = asked.offered(answer.sealed.etype);
        // Where the KDC wanted no proof this is the first use of the key, and a wrong password shows here.
        const proved = this.#proved?.enctype === enctype ? this.#proved : undefined;
        const key = proved ?? (await replyKey(this.#password, answer.padata, [enctype], this.#wishes.client));
        const plaintext = await key.open(USAGE.AS_REP, answer.sealed.cipher).catch((error: unknown) => {
            throw proved === undefined && isIntegrity(error) ? new KerberosError(KDC_ERR_PREAUTH_FAILED) : error;
        });
        try {
            const part = readEncKdcRepPart(plaintext);
            asked.checkNonce(part);
            if (!(await isVouchedFor(key, part, request)) && !asked.isClient(answer)) {
                throw new KerberosError("CLIENT_MISMATCH");
            }
            this.#keepTime(part.authTime);
            return await asked.accept(answer, part, this.#clock.now());
        } finally {
            wipe(plaintext);
        }
    }

    /** Takes over the KDC's time, now that it came under a seal, unless only its way and its rounding differ. */
    #keepTime(theirs: number): void {
        if (Math.abs(theirs - this.#clock.now()) > TOLERATED) {
            this.#clock.correct(theirs);
        }
    }
}

function isIntegrity(error: unknown): boolean {
    return error instanceof KerberosError && error.name === "INTEGRITY";
}

/**
 * Whether the KDC vouches for having read the request as it was sent, so that nobody took anything out of it (RFC 6806
 * section 11). Throws `INTEGRITY` if somebody did.
 */
async function isVouchedFor(key: Key, part: EncKdcRepPart, request: Octets): Promise<boolean> {
    if ((part.flags & TICKET_FLAG.ENC_PA_REP) === 0) {
        return false;
    }
    const data = part.padata.find(({ type }) => type === PA.REQ_ENC_PA_REP);
    if (data === undefined) {
        throw new KerberosError("INTEGRITY");
    }
    const reader = new Reader(data.value);
    const checksum = readChecksum(reader);
    reader.end();
    if (checksum.type !== key.enctype.checksumType) {
        throw new KerberosError("INTEGRITY");
    }
    await key.verify(USAGE.AS_REQ, request, checksum.value);
    return true;
}
