/** How octets are joined, compared and wiped. */

/** Octets in memory of their own, as WebCrypto takes them. */
export type Octets = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** The UTF-8 of a text. */
export function utf8(text: string): Octets {
    return new Uint8Array(encoder.encode(text));
}

/** All parts, one behind the other. */
export function concat(...parts: readonly Uint8Array[]): Octets {
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/** Whether both are the same octets. The time it takes tells only their lengths. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
    let difference = a.length ^ b.length;
    for (let at = 0; at < a.length; at += 1) {
        difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
    }
    return difference === 0;
}

/** Overwrites secrets that are not needed any more. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
    for (const secret of secrets) {
        secret?.fill(0);
    }
}

/** So many octets that nobody can predict. */
export function random(length: number): Octets {
    return crypto.getRandomValues(new Uint8Array(length));
}

/** Four octets, most significant first. */
export function uint32(number: number): Octets {
    const octets = new Uint8Array(4);
    new DataView(octets.buffer).setUint32(0, number);
    return octets;
}

/** Two hexadecimal digits for each octet. */
export function hex(octets: Uint8Array): string {
    return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** The octets of hexadecimal digits, two for each. */
export function unhex(digits: string): Octets {
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
