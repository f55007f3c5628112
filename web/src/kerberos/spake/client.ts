/**
 * The client's side of SPAKE pre-authentication (RFC 9588 section 4): it says which group it speaks, unless the KDC
 * begins, and answers the KDC's challenge. There is no second factor.
 */

import type { Key } from "../crypto/key.js";
import { USAGE } from "../crypto/usage.js";
import { KerberosError } from "../error.js";
import { type Octets, random, wipe } from "../octets.js";
import { agree, deriveKey, EDWARDS25519, transcript } from "./agreement.js";
import { LENGTH } from "./edwards25519.js";
import { readChallenge, SF_NONE, writeFactor, writeResponse, writeSupport } from "./messages.js";

/** What is sent next. */
export interface SpakeStep {
    /** The value of PA-SPAKE. */
    readonly value: Octets;
    /** The key that seals the KDC's answer, once the password is proved. */
    readonly replyKey?: Key;
}

/** One exchange. */
export class SpakeClient {
    readonly #key: Key;
    /** What was said of groups, as the transcript has it. */
    #support: Octets | undefined;
    /** The KDC's challenge as it came. */
    #challenge: Octets | undefined;
    #answered = false;

    /** Begins with the client's long-term key, and with what the KDC put into its PA-SPAKE, which may be nothing. */
    constructor(key: Key, value: Octets) {
        this.#key = key;
        if (value.length > 0) {
            this.take(value);
        }
    }

    /** Whether the KDC has sent its challenge. */
    get hasChallenge(): boolean {
        return this.#challenge !== undefined;
    }

    /** Whether the password was proved already. */
    get isAnswered(): boolean {
        return this.#answered;
    }

    /**
     * Takes the KDC's challenge.
     *
     * Throws `NO_PASSWORD_PREAUTH` if it wants a second factor, or a group that it was told is not spoken.
     */
    take(value: Octets): void {
        const { group, factors } = readChallenge(value);
        if (group !== EDWARDS25519) {
            if (this.#support !== undefined) {
                throw new KerberosError("NO_PASSWORD_PREAUTH");
            }
            // It began with a group of its own choice: it is told which one is spoken.
            return;
        }
        if (!factors.includes(SF_NONE)) {
            throw new KerberosError("NO_PASSWORD_PREAUTH");
        }
        this.#challenge = value;
    }

    /** What to send with the request that has this KDC-REQ-BODY. */
    async next(body: Octets): Promise<SpakeStep> {
        if (this.#challenge === undefined) {
            this.#support = writeSupport([EDWARDS25519]);
            return { value: this.#support };
        }
        this.#answered = true;
        const agreement = await agree(this.#key, readChallenge(this.#challenge).pubkey, random(LENGTH));
        const said = this.#support === undefined ? [this.#challenge] : [this.#support, this.#challenge];
        const hash = await transcript(await transcript(undefined, ...said), agreement.pubkey);
        const derive = (n: number): Promise<Key> => deriveKey(this.#key, agreement, hash, body, n);
        const cipher = await (await derive(1)).seal(USAGE.SPAKE, writeFactor(SF_NONE));
        const value = writeResponse(agreement.pubkey, { etype: this.#key.enctype.number, cipher });
        const replyKey = await derive(0);
        wipe(agreement.multiplier, agreement.shared);
        return { value, replyKey };
    }
}
