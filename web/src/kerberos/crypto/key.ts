/**
 * A base key that nobody can read any more, what it derives, and sealing, opening and summing under that (RFC 3961
 * section 5.3, RFC 8009 section 5).
 *
 * The base key stays inside WebCrypto. Derived keys are octets for as long as it takes to import them.
 */

import { KerberosError } from "../error.js";
import { concat, equal, type Octets, random, uint32, utf8, wipe } from "../octets.js";
import { BLOCK, decrypt, encrypt, encryptBlocks, importAes } from "./cts.js";
import type { Enctype } from "./enctype.js";
import { nfold } from "./nfold.js";
import { PURPOSE } from "./usage.js";

/** Octets of randomness in front of each plaintext, for all enctypes that are spoken. */
const CONFOUNDER = 16;

/** The constant that makes a key for the pseudo-random function. */
const PRF = utf8("prf");

/** The keys of one usage, for sealed messages. */
interface Sealing {
    readonly cipher: CryptoKey;
    readonly mac: CryptoKey;
}

/** A key of one enctype. */
export class Key {
    /** What it is for. */
    readonly enctype: Enctype;
    /** AES for the simplified profile, HMAC for the other: the algorithm that derives. */
    readonly #base: CryptoKey;
    readonly #sealing = new Map<number, Promise<Sealing>>();
    readonly #checksums = new Map<number, Promise<CryptoKey>>();

    private constructor(enctype: Enctype, base: CryptoKey) {
        this.enctype = enctype;
        this.#base = base;
    }

    /**
     * The key with these octets, which are wiped.
     *
     * Throws `ENCTYPE_LENGTH` if they are more or fewer than the enctype has.
     */
    static async import(enctype: Enctype, octets: Octets): Promise<Key> {
        if (octets.length !== enctype.keyLength) {
            wipe(octets);
            throw new KerberosError("ENCTYPE_LENGTH");
        }
        const base = enctype.profile === "simplified" ? importAes(octets) : importHmac(enctype, octets);
        try {
            return new Key(enctype, await base);
        } finally {
            wipe(octets);
        }
    }

    /**
     * `length` octets that `constant` draws from this key: DR of RFC 3961 section 5.1, which is DK for AES, or the KDF
     * of RFC 8009 section 3 with `constant` as its label.
     */
    async derive(constant: Octets, length: number): Promise<Octets> {
        if (this.enctype.profile === "aes-sha2") {
            return this.#draw(constant, new Uint8Array(0), length);
        }
        // What follows the folded constant is zero, so CBC encrypts the first block again to make the second.
        const blocks = new Uint8Array(Math.ceil(length / BLOCK) * BLOCK);
        blocks.set(nfold(constant, BLOCK));
        const drawn = await encryptBlocks(this.#base, blocks);
        const wanted = drawn.slice(0, length);
        wipe(drawn);
        return wanted;
    }

    /** Seals `plaintext` for a usage, behind a confounder, which is random unless given. */
    async seal(usage: number, plaintext: Octets, confounder: Octets = random(CONFOUNDER)): Promise<Octets> {
        const { cipher, mac } = await this.#sealed(usage);
        const text = concat(confounder, plaintext);
        const sealed = await encrypt(cipher, text);
        // The one sums what was sealed, the other what is sent, behind the cipher state before it.
        const summed = this.enctype.profile === "simplified" ? text : concat(new Uint8Array(BLOCK), sealed);
        const tag = await this.#sum(mac, summed);
        wipe(text);
        return concat(sealed, tag);
    }

    /**
     * Opens what was sealed for a usage.
     *
     * Throws `INTEGRITY` if it was changed, or sealed under another key or for another usage.
     */
    async open(usage: number, octets: Octets): Promise<Octets> {
        const end = octets.length - this.enctype.checksumLength;
        if (end < CONFOUNDER) {
            throw new KerberosError("INTEGRITY");
        }
        const { cipher, mac } = await this.#sealed(usage);
        const sealed = octets.subarray(0, end);
        const tag = octets.subarray(end);
        if (this.enctype.profile === "aes-sha2") {
            // Nothing is decrypted that does not fit.
            if (!equal(await this.#sum(mac, concat(new Uint8Array(BLOCK), sealed)), tag)) {
                throw new KerberosError("INTEGRITY");
            }
            return (await decrypt(cipher, sealed)).subarray(CONFOUNDER);
        }
        const text = await decrypt(cipher, sealed);
        if (!equal(await this.#sum(mac, text), tag)) {
            wipe(text);
            throw new KerberosError("INTEGRITY");
        }
        return text.subarray(CONFOUNDER);
    }

    /** The checksum over `message` for a usage. */
    async checksum(usage: number, message: Octets): Promise<Octets> {
        let key = this.#checksums.get(usage);
        if (key === undefined) {
            const constant = concat(uint32(usage), Uint8Array.of(PURPOSE.CHECKSUM));
            key = this.#mac(constant);
            this.#checksums.set(usage, key);
        }
        return this.#sum(await key, message);
    }

    /** Says whether `checksum` is the one over `message`; throws `INTEGRITY` if not. */
    async verify(usage: number, message: Octets, checksum: Uint8Array): Promise<void> {
        if (!equal(await this.checksum(usage, message), checksum)) {
            throw new KerberosError("INTEGRITY");
        }
    }

    /** The pseudo-random function (RFC 3961 section 5.3, RFC 8009 section 5). */
    async prf(input: Octets): Promise<Octets> {
        if (this.enctype.profile === "aes-sha2") {
            return this.#draw(PRF, input, this.enctype.checksumLength * 2);
        }
        const derived = await this.derive(PRF, this.enctype.keyLength);
        const key = await importAes(derived);
        wipe(derived);
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", input));
        return encrypt(key, digest.slice(0, BLOCK));
    }

    #sealed(usage: number): Promise<Sealing> {
        let keys = this.#sealing.get(usage);
        if (keys === undefined) {
            keys = this.#deriveSealing(usage);
            this.#sealing.set(usage, keys);
        }
        return keys;
    }

    async #deriveSealing(usage: number): Promise<Sealing> {
        const constant = (purpose: number): Octets => concat(uint32(usage), Uint8Array.of(purpose));
        const octets = await this.derive(constant(PURPOSE.ENCRYPTION), this.enctype.keyLength);
        const cipher = await importAes(octets);
        wipe(octets);
        return { cipher, mac: await this.#mac(constant(PURPOSE.INTEGRITY)) };
    }

    async #mac(constant: Octets): Promise<CryptoKey> {
        const { profile, keyLength, checksumLength } = this.enctype;
        // A key of HMAC-SHA2 is as long as the checksum (RFC 8009 section 5).
        const octets = await this.derive(constant, profile === "simplified" ? keyLength : checksumLength);
        const key = await importHmac(this.enctype, octets);
        wipe(octets);
        return key;
    }

    async #sum(mac: CryptoKey, message: Octets): Promise<Octets> {
        const sum = await crypto.subtle.sign("HMAC", mac, message);
        return new Uint8Array(sum).subarray(0, this.enctype.checksumLength);
    }

    /** KDF-HMAC-SHA2 (RFC 8009 section 3). One round is enough for every length in use, at most 48 octets. */
    async #draw(label: Octets, context: Octets, length: number): Promise<Octets> {
        const input = concat(uint32(1), label, Uint8Array.of(0), context, uint32(length * 8));
        const output = new Uint8Array(await crypto.subtle.sign("HMAC", this.#base, input));
        const drawn = output.slice(0, length);
        wipe(output);
        return drawn;
    }
}

function importHmac(enctype: Enctype, octets: Octets): Promise<CryptoKey> {
    return crypto.subtle.importKey("raw", octets, { name: "HMAC", hash: enctype.hash }, false, ["sign"]);
}
