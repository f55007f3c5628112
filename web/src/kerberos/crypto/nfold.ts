/** n-fold: stretches or shrinks a string to a fixed length (RFC 3961 section 5.1). */

import type { Octets } from "../octets.js";

/** Bits by which each further copy of the input is turned to the right. */
const TURN = 13;

/**
 * `input`, folded into `length` octets: copies of it, each turned further to the right, are laid end to end until they
 * fill a whole number of outputs; those are added in ones' complement.
 */
export function nfold(input: Uint8Array, length: number): Octets {
    const sum = new Array<number>(length).fill(0);
    const bits = input.length * 8;
    const total = (input.length * length) / gcd(input.length, length);
    for (let at = 0; at < total; at += 1) {
        const copy = Math.floor(at / input.length);
        const start = ((((at % input.length) * 8 - TURN * copy) % bits) + bits) % bits;
        const octet = Math.floor(start / 8);
        const pair = ((input[octet] ?? 0) << 8) | (input[(octet + 1) % input.length] ?? 0);
        sum[at % length] = (sum[at % length] ?? 0) + ((pair >> (8 - (start % 8))) & 0xff);
    }
    // The carry out of the top comes back in at the bottom until there is none.
    let carry = 0;
    do {
        for (let place = length - 1; place >= 0; place -= 1) {
            const value = (sum[place] ?? 0) + carry;
            sum[place] = value & 0xff;
            carry = value >> 8;
        }
    } while (carry > 0);
    return Uint8Array.from(sum);
}

function gcd(a: number, b: number): number {
    return b === 0 ? a : gcd(b, a % b);
}
