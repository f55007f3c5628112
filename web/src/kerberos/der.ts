/**
 * DER as Kerberos uses it: a strict reader and a writer (ITU-T X.690 section 10, RFC 4120 section 5).
 *
 * Nothing that is read can make it loop or take memory: the length of a message, the depth of its parts and the count
 * of elements are bounded, and what it gives are views of the octets that came.
 */

import { KerberosError } from "./error.js";
import { concat, type Octets, uint32, utf8, wipe } from "./octets.js";

/** Longest message, in octets: twice the 64 KiB that Windows allows a token. */
export const MAX_LENGTH = 128 * 1024;
/** Deepest nesting; the deepest message in use needs less than twenty. */
const MAX_DEPTH = 40;
/** Most elements of a list. */
const MAX_COUNT = 256;

/** Tags with a meaning everywhere. */
export const TAG = {
    INTEGER: 0x02,
    BIT_STRING: 0x03,
    OCTET_STRING: 0x04,
    OID: 0x06,
    ENUMERATED: 0x0a,
    UTF8_STRING: 0x0c,
    GENERALIZED_TIME: 0x18,
    GENERAL_STRING: 0x1b,
    SEQUENCE: 0x30,
} as const;

/** The tag `[APPLICATION n]`, constructed. */
export const application = (n: number): number => 0x60 | n;
/** The tag `[n]`, constructed. */
export const context = (n: number): number => 0xa0 | n;

const FAULTS = {
    COUNT: "a list has too many elements",
    CUT_SHORT: "octets are missing",
    DEPTH: "it is nested too deeply",
    LENGTH: "a length is not minimal, or too long",
    NUMBER: "a number is out of range",
    TAG: "a part is not the one that must stand there",
    TEXT: "a text is not UTF-8",
    TIME: "a time does not exist",
    TRAILING: "octets follow the end",
} as const;

/** What is wrong with octets that are no message. */
export type DerFault = keyof typeof FAULTS;

/** Octets that are not the message they should be. They are the other side's fault, and final. */
export class DerError extends KerberosError {
    /** What is wrong. */
    readonly fault: DerFault;

    /** Made of what is wrong. */
    constructor(fault: DerFault) {
        super("MALFORMED_MESSAGE");
        this.fault = fault;
        this.message = `${this.message}: ${FAULTS[fault]}`;
    }
}

/** One element as it came. */
export interface Element {
    /** Its identifier octet. */
    readonly tag: number;
    /** Its contents. */
    readonly contents: Octets;
    /** Tag, length and contents. */
    readonly whole: Octets;
}

/** Reads elements from the first to the last. */
export class Reader {
    readonly #octets: Octets;
    readonly #depth: number;
    #at = 0;

    /** Reads from `octets`, which must not change meanwhile. */
    constructor(octets: Octets, depth = 0) {
        if (octets.length > MAX_LENGTH) {
            throw new DerError("LENGTH");
        }
        if (depth > MAX_DEPTH) {
            throw new DerError("DEPTH");
        }
        this.#octets = octets;
        this.#depth = depth;
    }

    /** What `read` makes of the SEQUENCE that is all there is below the tag that `octets` have. */
    static message<T>(octets: Octets, tag: number, read: (fields: Reader) => T): T {
        const outer = new Reader(octets);
        const inner = outer.enter(tag);
        outer.end();
        const value = inner.sequence(read);
        inner.end();
        return value;
    }

    /** The tag that comes next, if anything does. */
    get next(): number | undefined {
        return this.#octets[this.#at];
    }

    /** What is left. */
    get rest(): Octets {
        return this.#octets.subarray(this.#at);
    }

    /** The next element. */
    element(): Element {
        const start = this.#at;
        const tag = this.#octet();
        // A number above 30 would go on in the next octets; no message has one.
        if ((tag & 0x1f) === 0x1f) {
            throw new DerError("TAG");
        }
        const length = this.#length();
        const from = this.#at;
        const to = from + length;
        if (to > this.#octets.length) {
            throw new DerError("CUT_SHORT");
        }
        this.#at = to;
        return { tag, contents: this.#octets.subarray(from, to), whole: this.#octets.subarray(start, to) };
    }

    /** The next element, which has this tag: what reads its contents. */
    enter(tag: number): Reader {
        return new Reader(this.contents(tag), this.#depth + 1);
    }

    /** The contents of the next element, which has this tag. */
    contents(tag: number): Octets {
        const element = this.element();
        if (element.tag !== tag) {
            throw new DerError("TAG");
        }
        return element.contents;
    }

    /** What `read` makes of field `[n]`, which has nothing behind it. */
    field<T>(n: number, read: (field: Reader) => T): T {
        const field = this.enter(context(n));
        const value = read(field);
        field.end();
        return value;
    }

    /** The same, if the field is there. */
    optional<T>(n: number, read: (field: Reader) => T): T | undefined {
        return this.next === context(n) ? this.field(n, read) : undefined;
    }

    /** What `read` makes of a SEQUENCE, which has nothing behind its last field. */
    sequence<T>(read: (fields: Reader) => T): T {
        const fields = this.enter(TAG.SEQUENCE);
        const value = read(fields);
        fields.end();
        return value;
    }

    /** What `read` makes of each element of a SEQUENCE OF. */
    list<T>(read: (elements: Reader) => T): T[] {
        return this.sequence((elements) => {
            const all: T[] = [];
            while (elements.next !== undefined) {
                if (all.length === MAX_COUNT) {
                    throw new DerError("COUNT");
                }
                all.push(read(elements));
            }
            return all;
        });
    }

    /** An INTEGER of at most 32 bits, signed or not: some send a UInt32 as a negative Int32. */
    integer(tag: number = TAG.INTEGER): number {
        const octets = this.contents(tag);
        const [first, second] = octets;
        if (first === undefined || octets.length > 5) {
            throw new DerError("NUMBER");
        }
        const needless = first === 0 ? (second ?? 0x80) < 0x80 : first === 0xff && (second ?? 0) >= 0x80;
        if (needless) {
            throw new DerError("NUMBER");
        }
        let number = first >= 0x80 ? -1 : 0;
        for (const octet of octets) {
            number = number * 256 + octet;
        }
        if (number < -0x8000_0000 || number > 0xffff_ffff) {
            throw new DerError("NUMBER");
        }
        return number;
    }

    /** The contents of an OCTET STRING. */
    octetString(): Octets {
        return this.contents(TAG.OCTET_STRING);
    }

    /** A KerberosString (RFC 4120 section 5.2.1), which is UTF-8 wherever it is not ASCII. */
    string(): string {
        return text(this.contents(TAG.GENERAL_STRING));
    }

    /** A KerberosTime (RFC 4120 section 5.2.3), in milliseconds since 1970. */
    time(): number {
        return moment(text(this.contents(TAG.GENERALIZED_TIME)));
    }

    /** The first 32 of KerberosFlags (RFC 4120 section 5.2.8), flag 0 in the highest bit; absent ones are clear. */
    flags(): number {
        const [unused, ...bits] = this.contents(TAG.BIT_STRING);
        if (unused === undefined || unused > 7 || (unused > 0 && bits.length === 0)) {
            throw new DerError("NUMBER");
        }
        const word = [0, 1, 2, 3].reduce((word, place) => (word << 8) | (bits[place] ?? 0), 0);
        const length = bits.length * 8 - unused;
        return length >= 32 ? word >>> 0 : (word & ~(0xffff_ffff >>> length)) >>> 0;
    }

    /** Says that nothing is left. */
    end(): void {
        if (this.next !== undefined) {
            throw new DerError("TRAILING");
        }
    }

    #octet(): number {
        const octet = this.#octets[this.#at];
        if (octet === undefined) {
            throw new DerError("CUT_SHORT");
        }
        this.#at += 1;
        return octet;
    }

    #length(): number {
        const first = this.#octet();
        if (first < 0x80) {
            return first;
        }
        const count = first & 0x7f;
        // No count is the indefinite form, which DER does not have; no message needs more than three octets.
        if (count === 0 || count > 3) {
            throw new DerError("LENGTH");
        }
        let length = 0;
        for (let place = 0; place < count; place += 1) {
            length = length * 256 + this.#octet();
        }
        if (length < 0x80 || length < 256 ** (count - 1)) {
            throw new DerError("LENGTH");
        }
        return length;
    }
}

function text(octets: Octets): string {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
    } catch {
        throw new DerError("TEXT");
    }
}

/** `YYYYMMDDHHMMSSZ` in milliseconds since 1970. */
function moment(text: string): number {
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)?.slice(1).map(Number);
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts ?? [];
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    date.setUTCHours(hour, minute, second);
    if (parts === undefined || written(date) !== text) {
        throw new DerError("TIME");
    }
    return date.getTime();
}

function written(date: Date): string {
    return date.toISOString().replace(/[-:T]|\.\d+/g, "");
}

/** One element of these contents. */
export function element(tag: number, ...contents: readonly (Octets | undefined)[]): Octets {
    const parts = contents.filter((part) => part !== undefined);
    const length = parts.reduce((length, part) => length + part.length, 0);
    return concat(header(tag, length), ...parts);
}

function header(tag: number, length: number): Octets {
    if (length < 0x80) {
        return Uint8Array.of(tag, length);
    }
    const octets: number[] = [];
    for (let left = length; left > 0; left = Math.floor(left / 256)) {
        octets.unshift(left % 256);
    }
    return Uint8Array.of(tag, 0x80 | octets.length, ...octets);
}

/** The same, around secrets: the parts are wiped once they are in it, but not what they were made of. */
export function consume(tag: number, ...contents: readonly (Octets | undefined)[]): Octets {
    const whole = element(tag, ...contents);
    wipe(...contents);
    return whole;
}

/** A SEQUENCE of the fields that are there. */
export function sequence(...fields: readonly (Octets | undefined)[]): Octets {
    return element(TAG.SEQUENCE, ...fields);
}

/** The field `[n]`, if it is there. */
export function field(n: number, value: Octets | undefined): Octets | undefined {
    return value === undefined ? undefined : element(context(n), value);
}

/** An INTEGER. */
export function integer(number: number, tag: number = TAG.INTEGER): Octets {
    const octets: number[] = [];
    let left = number;
    do {
        octets.unshift(((left % 256) + 256) % 256);
        left = Math.floor(left / 256);
    } while (left !== 0 && left !== -1);
    // The first bit is the sign.
    const sign = left === 0 ? 0 : 0xff;
    if (((octets[0] ?? 0) & 0x80) !== (sign & 0x80)) {
        octets.unshift(sign);
    }
    return element(tag, Uint8Array.from(octets));
}

/** An OCTET STRING. */
export function octetString(octets: Octets): Octets {
    return element(TAG.OCTET_STRING, octets);
}

/** A KerberosString. */
export function string(value: string): Octets {
    return element(TAG.GENERAL_STRING, utf8(value));
}

/** A KerberosTime: the second in which this moment is. */
export function time(milliseconds: number): Octets {
    return element(TAG.GENERALIZED_TIME, utf8(written(new Date(Math.floor(milliseconds / 1000) * 1000))));
}

/** 32 KerberosFlags, flag 0 in the highest bit. */
export function flags(word: number): Octets {
    return element(TAG.BIT_STRING, concat(Uint8Array.of(0), uint32(word)));
}
