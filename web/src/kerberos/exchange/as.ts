/**
 * The AS exchange: a password becomes a ticket (RFC 4120 section 3.1; RFC 6113 section 5.2 for the cookie; RFC 6806 for
 * referrals, and for what protects the request).
 *
 * The first request carries no proof. A KDC that wants one says so, and how the client's key is made. Where it offers
 * SPAKE that is taken, for what is sent then helps nobody to guess the password; else the time is sent under that key.
 */

import type { Clock } from "../clock.js";
import type { Key } from "../crypto/key.js";
import type { Password } from "../crypto/password.js";
import { USAGE } from "../crypto/usage.js";
import { Reader } from "../der.js";
import { KerberosError } from "../error.js";
import {
    KDC_ERR_MORE_PREAUTH_DATA_REQUIRED,
    KDC_ERR_NEVER_VALID,
    KDC_ERR_PREAUTH_FAILED,
    KDC_ERR_PREAUTH_REQUIRED,
    KDC_ERR_WRONG_REALM,
    KRB_AP_ERR_BAD_INTEGRITY,
    KRB_AP_ERR_SKEW,
} from "../error_code.js";
import { type KdcRep, MESSAGE, readKdcRep, writeKdcReq } from "../message/kdc.js";
import { isKrbError, type KrbError, readKrbError, refusal } from "../message/krb_error.js";
import { ENC_PA_REP, type EncKdcRepPart, readEncKdcRepPart } from "../message/opened.js";
import { PA, type PaData, readMethodData, writeTimestamp } from "../message/padata.js";
import { readChecksum, writeEncryptedData } from "../message/sealed.js";
import { krbtgt, type PrincipalName } from "../name.js";
import { type Octets, wipe } from "../octets.js";
import { SpakeClient } from "../spake/client.js";
import { type Ask, Asked, type Credential, SKEW, type Wishes } from "./asked.js";
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
    /** The KDC's state, which is returned with each request: it lets a KDC without memory know what it said. */
    #cookie: readonly PaData[] = [];
    /** The client's long-term key, once the KDC asked for a proof of it. */
    #key: Key | undefined;
    /** The proof that a listener cannot try passwords with, if the KDC offers it. */
    #spake: SpakeClient | undefined;
    /** What the answer is sealed with, once the password is proved. */
    #replyKey: Key | undefined;

    constructor(clock: Clock, password: Password, wishes: Wishes) {
        this.#clock = clock;
        this.#guess = clock.copy();
        this.#password = password;
        this.#wishes = wishes;
    }

    async run(ask: Ask): Promise<Credential> {
        for (;;) {
            const asked = new Asked(this.#wishes, this.#guess.now(), true);
            const proof = this.#key === undefined ? [] : [await this.#prove(this.#key, asked.body)];
            const padata = [...this.#cookie, ...proof, REQ_ENC_PA_REP];
            const request = writeKdcReq(MESSAGE.AS_REQ, padata, asked.body);
            const answer = await ask(this.#wishes.server.realm, request);
            if (isKrbError(answer)) {
                await this.#refused(readKrbError(answer));
                continue;
            }
            const credential = await this.#open(asked, request, readKdcRep(answer, MESSAGE.AS_REP));
            if (credential !== undefined) {
                return credential;
            }
        }
    }

    /** Prepares the next request, or throws what the KDC says. */
    async #refused(error: KrbError): Promise<void> {
        const { code } = error;
        if (code === KDC_ERR_PREAUTH_REQUIRED && this.#key === undefined) {
            this.#methods = this.#read(error);
            const { enctypes, client } = this.#wishes;
            const spake = this.#methods.find(({ type }) => type === PA.SPAKE);
            if (spake === undefined && !this.#takesTimestamp) {
                throw new KerberosError("NO_PASSWORD_PREAUTH");
            }
            this.#key = await replyKey(this.#password, this.#methods, enctypes, client);
            this.#spake = spake && new SpakeClient(this.#key, spake.value);
            if (Math.abs(error.time - this.#guess.now()) > SKEW) {
                this.#correct(error.time);
            }
            return;
        }
        if (code === KDC_ERR_MORE_PREAUTH_DATA_REQUIRED && this.#spake !== undefined) {
            const challenge = this.#read(error).find(({ type }) => type === PA.SPAKE);
            if (challenge === undefined || this.#spake.hasChallenge) {
                throw new KerberosError("NO_PASSWORD_PREAUTH");
            }
            this.#spake.take(challenge.value);
            return;
        }
        if (code === KDC_ERR_PREAUTH_FAILED && this.#spake?.isAnswered === false && this.#takesTimestamp) {
            // No password was tried yet: the KDC does not speak our group.
            this.#spake = undefined;
            return;
        }
        // With a clock that is behind, the end that is asked for may be over already.
        if ((code === KRB_AP_ERR_SKEW || code === KDC_ERR_NEVER_VALID) && !this.#corrected) {
            this.#correct(error.time);
            return;
        }
        // The second is what decryption says, and a KDC may pass it on.
        if (this.#key !== undefined && code === KRB_AP_ERR_BAD_INTEGRITY) {
            throw refusal({ ...error, code: KDC_ERR_PREAUTH_FAILED });
        }
        throw refusal(error);
    }

    /** Goes on with the KDC's time, once. */
    #correct(theirs: number): void {
        this.#corrected = true;
        this.#guess.correct(theirs);
    }

    /** The padata of an error; the cookie in it is kept. */
    #read(error: KrbError): PaData[] {
        const padata = readMethodData(error.data ?? new Uint8Array(0));
        this.#cookie = padata.filter(({ type }) => type === PA.FX_COOKIE);
        return padata;
    }

    get #takesTimestamp(): boolean {
        return this.#methods.some(({ type }) => type === PA.ENC_TIMESTAMP);
    }

    /** What proves knowledge of the password, or leads to that. */
    async #prove(key: Key, body: Octets): Promise<PaData> {
        if (this.#spake !== undefined) {
            const { value, replyKey } = await this.#spake.next(body);
            this.#replyKey = replyKey;
            return { type: PA.SPAKE, value };
        }
        this.#replyKey = key;
        const cipher = await key.seal(USAGE.PA_ENC_TIMESTAMP, writeTimestamp(this.#guess.stamp()));
        return { type: PA.ENC_TIMESTAMP, value: writeEncryptedData({ etype: key.enctype.number, cipher }) };
    }

    /** The credential; `undefined` if it was over before it began, because the clock is behind: asking again helps. */
    async #open(asked: Asked, request: Octets, answer: KdcRep): Promise<Credential | undefined> {
        asked.checkEnvelope(answer, MESSAGE.AS_REP);
        const enctype = asked.offered(answer.sealed.etype);
        // Where the KDC wanted no proof this is the first use of the key, and a wrong password shows here.
        const proved = this.#replyKey?.enctype === enctype ? this.#replyKey : undefined;
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
            if (part.endTime <= this.#clock.now() && !this.#corrected) {
                this.#correct(part.authTime);
                return undefined;
            }
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
    if ((part.flags & ENC_PA_REP) === 0) {
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
