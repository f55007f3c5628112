/**
 * The key agreement of SPAKE in the group edwards25519: what both sides make of a password that neither sends, so that
 * nobody who listens can try passwords (RFC 9588 sections 6 and 7).
 */

import { combine, prfPlus } from "../crypto/combine.js";
import { Key } from "../crypto/key.js";
import { KerberosError } from "../error.js";
import { concat, type Octets, uint32, utf8, wipe } from "../octets.js";
import { add, base, decodePoint, encodePoint, isNeutral, known, LENGTH, negate, times } from "./edwards25519.js";

/** The group's number (RFC 9588 section 11.2). */
export const EDWARDS25519 = 1;

/** The KDC's mask M and the client's mask N (RFC 9588 section 11.2). */
const M = "d048032c6ea0b6d697ddc2e86bda85a33adac920f1bf18e1b0c6d166a5cecdaf";
const N = "d3bfb518f44f3430f29d0c92af503865a1ed3281dc69b35dd868ba85f886c4ab";

/** What is agreed on. */
export interface Agreement {
    /** What the client sends. */
    readonly pubkey: Octets;
    /** What both have in common and nobody else has, to be wiped. */
    readonly shared: Octets;
    /** The password's part of it, to be wiped. */
    readonly multiplier: Octets;
}

/**
 * Agrees with a KDC that sent `theirs`. `secret` is 32 octets that nobody can predict; they are wiped.
 *
 * Throws `MALFORMED_MESSAGE` if `theirs` is no point of the group, or one that gives the secret away.
 */
export async function agree(key: Key, theirs: Octets, secret: Octets): Promise<Agreement> {
    const received = decodePoint(theirs);
    if (received === undefined) {
        throw new KerberosError("MALFORMED_MESSAGE");
    }
    const multiplier = await prfPlus(key, concat(utf8("SPAKEsecret"), uint32(EDWARDS25519)), LENGTH);
    // A multiple of eight, so that nothing outside the group of prime order counts.
    secret[0] = (secret[0] ?? 0) & 0xf8;
    secret[LENGTH - 1] = (secret[LENGTH - 1] ?? 0) & 0x7f;
    const pubkey = encodePoint(add(times(known(N), multiplier), times(base(), secret)));
    const shared = times(add(received, negate(times(known(M), multiplier))), secret);
    wipe(secret);
    if (isNeutral(shared)) {
        throw new KerberosError("MALFORMED_MESSAGE");
    }
    return { pubkey, shared: encodePoint(shared), multiplier };
}

/** The transcript hash after some more of the transcript; it begins with zeros (RFC 9588 section 6). */
export async function transcript(before: Octets | undefined, ...more: readonly Octets[]): Promise<Octets> {
    const input = concat(before ?? new Uint8Array(32), ...more);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", input));
}

/** The key K'[n] for a request with this KDC-REQ-BODY (RFC 9588 section 7). */
export async function deriveKey(
    key: Key,
    { multiplier, shared }: Agreement,
    hash: Octets,
    body: Octets,
    n: number,
): Promise<Key> {
    const numbers = [uint32(EDWARDS25519), uint32(key.enctype.number)];
    const input = concat(utf8("SPAKEkey"), ...numbers, multiplier, shared, hash, body, uint32(n), Uint8Array.of(1));
    // One block is as long as the longest key.
    const seed = new Uint8Array(await crypto.subtle.digest("SHA-256", input));
    const drawn = await Key.import(key.enctype, seed.slice(0, key.enctype.keyLength));
    wipe(input, seed);
    return combine(key, "SPAKE", drawn, "keyderiv");
}
