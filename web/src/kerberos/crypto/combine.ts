/** Keys out of keys: PRF+ and KRB-FX-CF2 (RFC 6113 section 5.1). */

import { concat, type Octets, utf8, wipe } from "../octets.js";
import { Key } from "./key.js";

/** `length` octets that a key gives for `input`: PRF+. */
export async function prfPlus(key: Key, input: Octets, length: number): Promise<Octets> {
    const blocks: Octets[] = [];
    let got = 0;
    for (let count = 1; got < length; count += 1) {
        const block = await key.prf(concat(Uint8Array.of(count), input));
        blocks.push(block);
        got += block.length;
    }
    const octets = concat(...blocks);
    const wanted = octets.slice(0, length);
    wipe(octets, ...blocks);
    return wanted;
}

/** A key that both keys are needed for, of the first one's kind: KRB-FX-CF2. Words keep uses apart. */
export async function combine(first: Key, firstWord: string, second: Key, secondWord: string): Promise<Key> {
    const length = first.enctype.keyLength;
    const octets = await prfPlus(first, utf8(firstWord), length);
    const other = await prfPlus(second, utf8(secondWord), length);
    other.forEach((octet, place) => {
        octets[place] = (octets[place] ?? 0) ^ octet;
    });
    wipe(other);
    return Key.import(first.enctype, octets);
}
