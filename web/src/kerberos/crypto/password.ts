/** How a password becomes a key (RFC 3962 section 4, RFC 8009 section 4). */

import { KerberosError } from "../error.js";
import { concat, type Octets, utf8, wipe } from "../octets.js";
import type { Enctype } from "./enctype.js";
import { Key } from "./key.js";

/**
 * Most rounds that a KDC may ask for. Nothing protects what it says, and a round takes up to a microsecond: this is a
 * second or two. Deployed KDCs ask for 4096 or 32768.
 */
export const MAX_ITERATIONS = 1 << 21;

/** The constant that turns the hashed password into a key. */
const LABEL = utf8("kerberos");

/** A password whose octets are kept only until they are not needed any more, and only inside WebCrypto. */
export class Password {
    readonly #key: CryptoKey;

    private constructor(key: CryptoKey) {
        this.#key = key;
    }

    /** Takes a password. Throws `BAD_PASSWORD` if it is empty, `NO_CIPHERS` where the page has none. */
    static async import(password: string): Promise<Password> {
        if (password === "") {
            throw new KerberosError("BAD_PASSWORD");
        }
        // Everything begins with a password, so it is enough to look here.
        if ((globalThis.crypto?.subtle as SubtleCrypto | undefined) === undefined) {
            throw new KerberosError("NO_CIPHERS");
        }
        const octets = utf8(password);
        try {
            return new Password(await crypto.subtle.importKey("raw", octets, "PBKDF2", false, ["deriveBits"]));
        } finally {
            wipe(octets);
        }
    }

    /**
     * The key that the KDC has for it. `salt` and `parameters` are what it sent in PA-ETYPE-INFO2.
     *
     * Throws `ITERATION_COUNT` for more rounds than there is time for, and for fewer than the enctype's default:
     * whoever can write to the network could otherwise make the password cheap to guess from what is sent next.
     */
    async key(enctype: Enctype, salt: Octets, parameters?: Octets): Promise<Key> {
        let iterations = enctype.iterations;
        if (parameters !== undefined) {
            if (parameters.length !== 4) {
                throw new KerberosError("ITERATION_COUNT");
            }
            iterations = new DataView(parameters.buffer, parameters.byteOffset).getUint32(0);
        }
        if (iterations < enctype.iterations || iterations > MAX_ITERATIONS) {
            throw new KerberosError("ITERATION_COUNT");
        }
        return this.hash(enctype, salt, iterations);
    }

    /** The same with any number of rounds, as the published vectors have it. */
    async hash(enctype: Enctype, salt: Octets, iterations: number): Promise<Key> {
        // The name of the enctype keeps keys of the two enctypes apart that have the same salt.
        const named = enctype.profile === "aes-sha2" ? concat(utf8(enctype.name), Uint8Array.of(0), salt) : salt;
        const algorithm = { name: "PBKDF2", hash: enctype.hash, salt: named, iterations };
        const bits = await crypto.subtle.deriveBits(algorithm, this.#key, enctype.keyLength * 8);
        const hashed = await Key.import(enctype, new Uint8Array(bits));
        return Key.import(enctype, await hashed.derive(LABEL, enctype.keyLength));
    }
}
