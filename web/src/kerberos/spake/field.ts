/**
 * Arithmetic modulo 2^255 - 19 in constant time: sixteen limbs of sixteen bits, no branch and no index that depends on
 * a value (RFC 7748 section 4.1 has the field).
 */

import type { Octets } from "../octets.js";

/** An element; limbs may be out of their range until it is carried. */
export type Element = Float64Array;

const LIMBS = 16;

/** The number zero. */
export function zero(): Element {
    return new Float64Array(LIMBS);
}

/** A small number. */
export function small(number: number): Element {
    const element = zero();
    element[0] = number;
    return element;
}

/** What 32 octets mean, least significant first; the highest bit does not count. */
export function decode(octets: Uint8Array): Element {
    const element = zero();
    for (let limb = 0; limb < LIMBS; limb += 1) {
        element[limb] = (octets[2 * limb] ?? 0) + (octets[2 * limb + 1] ?? 0) * 256;
    }
    element[LIMBS - 1] = at(element, LIMBS - 1) % 0x8000;
    return element;
}

/** The 32 octets of an element, of which there is one form only. */
export function encode(element: Element): Octets {
    const value = element.slice();
    carry(value);
    carry(value);
    carry(value);
    // At most twice the modulus is too much: it is taken off, and kept off if that does not go below zero.
    for (let times = 0; times < 2; times += 1) {
        const less = zero();
        let borrow = 0;
        for (let limb = 0; limb < LIMBS; limb += 1) {
            const modulus = limb === 0 ? 0xffed : limb === LIMBS - 1 ? 0x7fff : 0xffff;
            const difference = at(value, limb) - modulus - borrow;
            borrow = (difference >> 16) & 1;
            less[limb] = difference + borrow * 0x1_0000;
        }
        swap(value, less, 1 - borrow);
    }
    const octets = new Uint8Array(2 * LIMBS);
    for (let limb = 0; limb < LIMBS; limb += 1) {
        octets[2 * limb] = at(value, limb) & 0xff;
        octets[2 * limb + 1] = at(value, limb) >> 8;
    }
    return octets;
}

/** Exchanges two elements if `bit` is 1. */
export function swap(a: Element, b: Element, bit: number): void {
    for (let limb = 0; limb < LIMBS; limb += 1) {
        const difference = bit * (at(a, limb) - at(b, limb));
        a[limb] = at(a, limb) - difference;
        b[limb] = at(b, limb) + difference;
    }
}

/** The sum. */
export function add(a: Element, b: Element): Element {
    return a.map((limb, place) => limb + at(b, place));
}

/** The difference. */
export function subtract(a: Element, b: Element): Element {
    return a.map((limb, place) => limb - at(b, place));
}

/** The product. Both may be sums or differences of two products. */
export function multiply(a: Element, b: Element): Element {
    const wide = new Float64Array(2 * LIMBS);
    for (let i = 0; i < LIMBS; i += 1) {
        const limb = at(a, i);
        for (let j = 0; j < LIMBS; j += 1) {
            wide[i + j] = at(wide, i + j) + limb * at(b, j);
        }
    }
    // 2^256 is 38.
    const product = zero();
    for (let limb = 0; limb < LIMBS; limb += 1) {
        product[limb] = at(wide, limb) + 38 * at(wide, limb + LIMBS);
    }
    carry(product);
    carry(product);
    return product;
}

/** The element to the power 2^252 - 3, from which roots are made (RFC 8032 section 5.1.3). */
export function rootPower(element: Element): Element {
    let power = element;
    // The exponent is 250 ones, a zero and a one.
    for (let bit = 250; bit >= 0; bit -= 1) {
        power = multiply(power, power);
        if (bit !== 1) {
            power = multiply(power, element);
        }
    }
    return power;
}

/** The inverse; of zero it is zero. */
export function invert(element: Element): Element {
    let power = element;
    // The exponent is the modulus less two: ones but for the bits 2 and 4.
    for (let bit = 253; bit >= 0; bit -= 1) {
        power = multiply(power, power);
        if (bit !== 2 && bit !== 4) {
            power = multiply(power, element);
        }
    }
    return power;
}

/** Brings limbs into their range, but for the first, which takes what was carried out of the last. */
function carry(element: Element): void {
    let over = 0;
    for (let limb = 0; limb < LIMBS; limb += 1) {
        const value = at(element, limb) + over;
        over = Math.floor(value / 0x1_0000);
        element[limb] = value - over * 0x1_0000;
    }
    element[0] = at(element, 0) + 38 * over;
}

function at(element: Float64Array, limb: number): number {
    return element[limb] ?? 0;
}
