/** The group edwards25519 (RFC 8032 section 5.1), whose points are added and multiplied in constant time. */

import { equal, type Octets, unhex } from "../octets.js";
import {
    add as plus,
    decode,
    type Element,
    encode,
    invert,
    multiply,
    rootPower,
    small,
    subtract,
    swap,
    zero,
} from "./field.js";

/** Octets of a point, and of a scalar. */
export const LENGTH = 32;

/** A point in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
export interface Point {
    readonly x: Element;
    readonly y: Element;
    readonly z: Element;
    readonly t: Element;
}

/** The curve's d, -121665/121666. */
const D = decode(unhex("a3785913ca4deb75abd841414d0a700098e879777940c78c73fe6f2bee6c0352"));
const TWICE_D = plus(D, D);
/** A square root of -1. */
const ROOT = decode(unhex("b0a00e4a271beec478e42fad0618432fa7d7fb3d99004d2b0bdfc14f8024832b"));

/** The base point. */
export function base(): Point {
    return known(`58${"66".repeat(LENGTH - 1)}`);
}

/** A point of the standards, in hexadecimal digits. */
export function known(digits: string): Point {
    const point = decodePoint(unhex(digits));
    if (point === undefined) {
        throw new RangeError("this is no point of the curve");
    }
    return point;
}

/** The point that 32 octets mean; `undefined` if there is none, or they are not the one form of it. */
export function decodePoint(octets: Uint8Array): Point | undefined {
    if (octets.length !== LENGTH) {
        return undefined;
    }
    const y = decode(octets);
    const square = multiply(y, y);
    // x^2 = (y^2 - 1) / (d y^2 + 1); the root as RFC 8032 section 5.1.3 has it.
    const numerator = subtract(square, small(1));
    const denominator = plus(multiply(D, square), small(1));
    const cube = multiply(multiply(denominator, denominator), denominator);
    const seventh = multiply(multiply(cube, cube), denominator);
    let x = multiply(multiply(numerator, cube), rootPower(multiply(numerator, seventh)));
    if (!same(multiply(denominator, multiply(x, x)), numerator)) {
        x = multiply(x, ROOT);
    }
    if (!same(multiply(denominator, multiply(x, x)), numerator)) {
        return undefined;
    }
    const odd = (encode(x)[0] ?? 0) & 1;
    if (odd !== (octets[LENGTH - 1] ?? 0) >> 7) {
        x = subtract(zero(), x);
    }
    const point = { x, y, z: small(1), t: multiply(x, y) };
    return equal(encodePoint(point), octets) ? point : undefined;
}

/** The 32 octets of a point. */
export function encodePoint({ x, y, z }: Point): Octets {
    const inverse = invert(z);
    const octets = encode(multiply(y, inverse));
    const odd = (encode(multiply(x, inverse))[0] ?? 0) & 1;
    octets[LENGTH - 1] = (octets[LENGTH - 1] ?? 0) | (odd << 7);
    return octets;
}

/** The sum of two points, also of two equal ones (RFC 8032 section 5.1.4). */
export function add(p: Point, q: Point): Point {
    const a = multiply(subtract(p.y, p.x), subtract(q.y, q.x));
    const b = multiply(plus(p.y, p.x), plus(q.y, q.x));
    const c = multiply(multiply(p.t, q.t), TWICE_D);
    const zz = multiply(p.z, q.z);
    const e = subtract(b, a);
    const f = subtract(plus(zz, zz), c);
    const g = plus(plus(zz, zz), c);
    const h = plus(b, a);
    return { x: multiply(e, f), y: multiply(g, h), z: multiply(f, g), t: multiply(e, h) };
}

/** The point on the other side. */
export function negate({ x, y, z, t }: Point): Point {
    return { x: subtract(zero(), x), y, z, t: subtract(zero(), t) };
}

/** Whether it is the neutral element. */
export function isNeutral({ x, y, z }: Point): boolean {
    return same(x, zero()) && same(y, z);
}

/** The point, added to itself as often as 32 octets say, least significant first. */
export function times(point: Point, scalar: Uint8Array): Point {
    let low: Point = { x: zero(), y: small(1), z: small(1), t: zero() };
    let high = point;
    for (let place = 8 * LENGTH - 1; place >= 0; place -= 1) {
        const bit = ((scalar[place >> 3] ?? 0) >> (place & 7)) & 1;
        swapPoints(low, high, bit);
        high = add(low, high);
        low = add(low, low);
        swapPoints(low, high, bit);
    }
    return low;
}

function swapPoints(p: Point, q: Point, bit: number): void {
    swap(p.x, q.x, bit);
    swap(p.y, q.y, bit);
    swap(p.z, q.z, bit);
    swap(p.t, q.t, bit);
}

function same(a: Element, b: Element): boolean {
    return equal(encode(a), encode(b));
}
