/**
 * AES in CBC mode with ciphertext stealing and a zero initial vector (RFC 3962 section 5, RFC 8009 section 3), out of a
 * WebCrypto that pads.
 *
 * WebCrypto puts a block of padding behind what it encrypts, and takes one off what it decrypts. The former is cut off;
 * the latter is made: the padding of nothing, chained to the last block. It authenticates nothing; who calls it must.
 */

import { concat, type Octets } from "../octets.js";

/** Octets in a cipher block. */
export const BLOCK = 16;

const ZERO: Octets = new Uint8Array(BLOCK);
const NOTHING: Octets = new Uint8Array(0);

/** A key for this cipher. Nobody can read it again; `key` may be wiped. */
export function importAes(key: Octets): Promise<CryptoKey> {
    return crypto.subtle.importKey("raw", key, "AES-CBC", false, ["encrypt", "decrypt"]);
}

/** Whole blocks in plain CBC. */
export async function encryptBlocks(key: CryptoKey, text: Octets): Promise<Octets> {
    const padded = await crypto.subtle.encrypt({ name: "AES-CBC", iv: ZERO }, key, text);
    return new Uint8Array(padded).subarray(0, text.length);
}

/** The inverse. */
async function decryptBlocks(key: CryptoKey, sealed: Octets): Promise<Octets> {
    const iv = sealed.slice(-BLOCK);
    const padding = await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, NOTHING);
    const padded = concat(sealed, new Uint8Array(padding));
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv: ZERO }, key, padded));
}

/** Encrypts at least one block; as many octets out as in. */
export async function encrypt(key: CryptoKey, text: Octets): Promise<Octets> {
    const padded = new Uint8Array(Math.ceil(text.length / BLOCK) * BLOCK);
    padded.set(text);
    const sealed = await encryptBlocks(key, padded);
    padded.fill(0);
    return exchangeLast(sealed).subarray(0, text.length);
}

/** Decrypts at least one block; as many octets out as in. */
export async function decrypt(key: CryptoKey, sealed: Octets): Promise<Octets> {
    if (sealed.length <= BLOCK) {
        return decryptBlocks(key, sealed);
    }
    const blocks = Math.ceil(sealed.length / BLOCK);
    const full = new Uint8Array(blocks * BLOCK);
    full.set(sealed);
    const before = (blocks - 2) * BLOCK;
    // What was cut off the last block stands at the end of the decryption of the one before, whose plaintext was
    // padded with zeros. With it put back this is plain CBC.
    const stolen = await decryptBlocks(key, full.slice(before, before + BLOCK));
    full.set(stolen.subarray(sealed.length - before - BLOCK), sealed.length);
    stolen.fill(0);
    const text = await decryptBlocks(key, exchangeLast(full));
    return text.subarray(0, sealed.length);
}

/** The last two blocks in each other's place, also when the last one is full. */
function exchangeLast(blocks: Octets): Octets {
    if (blocks.length <= BLOCK) {
        return blocks;
    }
    const head = blocks.subarray(0, -2 * BLOCK);
    return concat(head, blocks.subarray(-BLOCK), blocks.subarray(-2 * BLOCK, -BLOCK));
}
