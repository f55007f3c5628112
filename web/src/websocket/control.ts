/**
 * Which messages of an open socket are not data: pings, questions for the user, and what marks data
 * that looks like them.
 *
 * Each extension that has messages of its own begins them with four octets that the gateway chose. Data
 * that begins alike has a message of these octets alone before it.
 */

import type { Agreed } from "./extensions.js";

/** Data of a socket, as it is sent and as it comes. */
export type Message = string | Uint8Array;

/** What came. */
export type Heard =
    | { readonly kind: "data" }
    /** Of no interest to the page. */
    | { readonly kind: "nothing" }
    | { readonly kind: "answer"; readonly message: Message }
    /** The gateway wants its user authorized anew; it says where. */
    | { readonly kind: "revalidate"; readonly path: string }
    | { readonly kind: "malformed" };

const PING = 0x09;
const PONG = 0x0a;

/** Tells data from the rest, in both directions of one socket. */
export class Control {
    readonly #prefixes: readonly { readonly octets: Uint8Array; readonly isPing: boolean }[];
    #isLiteral = false;

    constructor({ pingPong, revalidate }: Agreed) {
        const pings = pingPong === undefined ? [] : [{ octets: pingPong, isPing: true }];
        const questions = revalidate === undefined ? [] : [{ octets: revalidate, isPing: false }];
        this.#prefixes = [...pings, ...questions];
    }

    /** Whether any message could be other than data. */
    get isNeeded(): boolean {
        return this.#prefixes.length > 0;
    }

    /** Says what came. The order of calls is the order of messages. */
    hear(message: Message): Heard {
        const prefix = this.#prefixes.find(({ octets }) => begins(message, octets));
        if (this.#isLiteral || prefix === undefined) {
            this.#isLiteral = false;
            return { kind: "data" };
        }
        const words = octetsOf(message).subarray(prefix.octets.length);
        if (words.length === 0) {
            this.#isLiteral = true;
            return { kind: "nothing" };
        }
        return prefix.isPing ? pinged(message, words) : asked(words);
    }

    /** What has to be sent before this data; `undefined` if nothing. */
    escape(message: Message): Message | undefined {
        const prefix = this.#prefixes.find(({ octets }) => begins(message, octets));
        return prefix === undefined ? undefined : alike(message, prefix.octets);
    }
}

function pinged(message: Message, words: Uint8Array): Heard {
    const [code, length] = words;
    if (words.length !== 2 || length !== 0 || (code !== PING && code !== PONG)) {
        return { kind: "malformed" };
    }
    if (code === PONG) {
        return { kind: "nothing" };
    }
    const answer = octetsOf(message).slice();
    answer[answer.length - 2] = PONG;
    return { kind: "answer", message: alike(message, answer) };
}

/** An octet that says nothing, and a path. */
function asked(words: Uint8Array): Heard {
    const path = new TextDecoder().decode(words.subarray(1));
    return /^\/[\x21-\x7e]*$/.test(path) ? { kind: "revalidate", path } : { kind: "malformed" };
}

function begins(message: Message, octets: Uint8Array): boolean {
    if (typeof message !== "string") {
        return octets.every((octet, at) => message[at] === octet);
    }
    // As many characters as octets are more than enough to compare.
    const begin = new TextEncoder().encode(message.slice(0, octets.length));
    return octets.every((octet, at) => begin[at] === octet);
}

function octetsOf(message: Message): Uint8Array {
    return typeof message === "string" ? new TextEncoder().encode(message) : message;
}

/** These octets as a message of the same kind. */
function alike(message: Message, octets: Uint8Array): Message {
    return typeof message === "string" ? new TextDecoder().decode(octets) : octets;
}
