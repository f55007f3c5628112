/**
 * What a gateway may agree to inside a WebSocket: pings that scripts can see, a time after which
 * silence ends it, and being asked for the user once more.
 */

import { HandshakeError } from "./error.js";

/** The extension that ends a socket on which nothing is heard. */
export const IDLE_TIMEOUT = "x-kaazing-idle-timeout";

/** The extension by which a gateway pings scripts, which see no ping of RFC 6455. */
export const PING_PONG = "x-kaazing-ping-pong";

/** The extension by which a gateway has its user authorized anew. */
export const REVALIDATE = "x-kaazing-http-revalidate";

/** Longest time that is waited for, in milliseconds: more would not fit into a timer. */
const MAX_IDLE = 2 ** 31 - 1;

/** What was agreed to. */
export interface Agreed {
    /** The socket is over if nothing is heard for so many milliseconds. */
    readonly idleTimeout?: number;
    /** Messages of pings begin with these octets. */
    readonly pingPong?: Uint8Array;
    /** Messages that ask for the user begin with these octets. */
    readonly revalidate?: Uint8Array;
    /** The gateway's own words, as the `extensions` of a socket show them. */
    readonly words: string;
}

/** What is agreed to where nothing is. */
export const NOTHING: Agreed = { words: "" };

/**
 * Reads what a gateway agrees to: the values of its `Sec-WebSocket-Extensions`, one extension a
 * field or several with commas between them.
 *
 * @throws HandshakeError if it was not offered, stands there twice, or its parameter cannot be read
 *     (RFC 6455 section 9.1)
 */
export function agree(values: readonly string[], offered: readonly string[]): Agreed {
    const items = values.flatMap((value) => value.split(",")).map((item) => item.trim()).filter((item) => item !== "");
    const agreed: { idleTimeout?: number; pingPong?: Uint8Array; revalidate?: Uint8Array } = {};
    const seen = new Set<string>();
    for (const item of items) {
        const [name = "", parameter = ""] = item.split(";", 2).map((part) => part.trim());
        if (!offered.includes(name) || seen.has(name)) {
            throw new HandshakeError("extension", "the gateway chose an extension that was not offered");
        }
        seen.add(name);
        switch (name) {
            case IDLE_TIMEOUT:
                agreed.idleTimeout = milliseconds(parameter);
                break;
            case PING_PONG:
                agreed.pingPong = octets(parameter);
                break;
            default:
                agreed.revalidate = octets(parameter);
        }
    }
    return { ...agreed, words: items.join(", ") };
}

function milliseconds(parameter: string): number {
    const timeout = /^timeout="?([0-9]{1,10})"?$/.exec(parameter)?.[1];
    if (timeout === undefined || Number(timeout) === 0) {
        throw new HandshakeError("extension", "the gateway's idle timeout is no number of milliseconds");
    }
    return Math.min(Number(timeout), MAX_IDLE);
}

function octets(parameter: string): Uint8Array {
    if (!/^[0-9A-Fa-f]{8}$/.test(parameter)) {
        throw new HandshakeError("extension", "the gateway's control octets are not eight hexadecimal digits");
    }
    return Uint8Array.from(parameter.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
