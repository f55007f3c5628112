/**
 * The course of the handshake inside a WebSocket, `x-kaazing-handshake`, without the socket:
 * messages go in, and what is to be done comes out.
 *
 * In the balanced form, which a client asks for with `.kl=Y` in its URL, the gateway first says
 * whether to stay (*balancer message*), ends each response with an empty message, and says again
 * whether to stay before data may flow. In the plain form a response is a message, and data flows
 * as soon as it is 101.
 */

import { HandshakeError, refused } from "./error.js";
import { agree, type Agreed } from "./extensions.js";
import { read, write, type InnerResponse } from "./inner.js";

/** The sub-protocol by which a client offers the handshake, and a gateway takes it. */
export const HANDSHAKE = "x-kaazing-handshake";

/** What every balancer message begins with: U+F0FF in UTF-8. */
const BALANCER = [0xef, 0x83, 0xbf] as const;

/** What a handshake is about. */
export interface Terms {
    /** Path and query of the socket, without `.kl`. */
    readonly target: string;
    /** The sub-protocols that the page offers. */
    readonly protocols: readonly string[];
    /** Names of the extensions that are offered. */
    readonly extensions: readonly string[];
    /** Whether this is the balanced form. */
    readonly isBalanced: boolean;
    /** Longest response, in octets. */
    readonly maxResponse: number;
}

/** What is to be done next. */
export type Step =
    | { readonly kind: "wait" }
    | { readonly kind: "send"; readonly text: string }
    /** The values of `WWW-Authenticate`: {@link Handshake.answer} goes on. */
    | { readonly kind: "challenged"; readonly challenges: readonly string[]; readonly reason: string }
    /** Begin anew there. */
    | { readonly kind: "redirected"; readonly location: string }
    | {
          readonly kind: "opened";
          readonly protocol: string;
          readonly agreed: Agreed;
          /** The values of `WWW-Authenticate` of the 101: how the gateway proves who it is. */
          readonly proofs: readonly string[];
      }
    | { readonly kind: "failed"; readonly error: HandshakeError };

type State = "new" | "balancing" | "asking" | "challenged" | "settling" | "over";

/** One handshake, from the outer 101 to data, a redirect or an error. */
export class Handshake {
    readonly #terms: Terms;
    #state: State = "new";
    /** The response so far. */
    #octets = new Uint8Array(0);
    /** What the 101 agreed to, while the balancer's last word is awaited. */
    #opened: Step | undefined;

    constructor(terms: Terms) {
        this.#terms = terms;
    }

    /** The outer handshake is done, and chose this one. */
    begin(): Step {
        if (this.#terms.isBalanced) {
            this.#state = "balancing";
            return { kind: "wait" };
        }
        return this.#guarded(() => this.#ask(null));
    }

    /** A message came, as text or binary: both carry the same octets. */
    receive(message: string | Uint8Array): Step {
        const octets = typeof message === "string" ? new TextEncoder().encode(message) : message;
        return this.#guarded(() => this.#receive(octets));
    }

    /** The challenge is answered: the whole value of `Authorization`, or `null` to give up. */
    answer(credentials: string | null): Step {
        return this.#guarded(() => {
            if (this.#state !== "challenged") {
                throw new HandshakeError("malformed", "nothing was asked");
            }
            if (credentials === null) {
                throw refused(401, "Unauthorized");
            }
            return this.#ask(credentials);
        });
    }

    #guarded(step: () => Step): Step {
        try {
            return step();
        } catch (error) {
            if (!(error instanceof HandshakeError)) {
                throw error;
            }
            this.#state = "over";
            return { kind: "failed", error };
        }
    }

    #ask(credentials: string | null): Step {
        this.#state = "asking";
        return { kind: "send", text: write({ ...this.#terms, credentials }) };
    }

    #receive(octets: Uint8Array): Step {
        if (this.#state === "new" || this.#state === "over") {
            return { kind: "wait" };
        }
        const word = balancerWord(octets);
        if (word !== undefined) {
            return this.#balanced(word);
        }
        if (octets.length === 0) {
            return this.#ended();
        }
        if (this.#state !== "asking") {
            throw new HandshakeError("malformed", "the gateway sent something that it was not asked for");
        }
        if (this.#octets.length + octets.length > this.#terms.maxResponse) {
            throw new HandshakeError("too-long", `the gateway's answer is longer than ${this.#terms.maxResponse} octets`);
        }
        this.#octets = joined(this.#octets, octets);
        if (this.#terms.isBalanced) {
            return { kind: "wait" };
        }
        const response = read(this.#octets, false);
        return response === undefined ? { kind: "wait" } : this.#answered(response);
    }

    /** An empty message: the end of a response, if one has begun. */
    #ended(): Step {
        if (this.#octets.length === 0) {
            return { kind: "wait" };
        }
        const response = read(this.#octets, true);
        return response === undefined ? { kind: "wait" } : this.#answered(response);
    }

    #balanced(word: string): Step {
        if (word !== "N") {
            this.#state = "over";
            if (word === "R") {
                throw new HandshakeError("unavailable", "the gateway has no member that could serve this now");
            }
            return { kind: "redirected", location: word.slice(1) };
        }
        // A gateway that left out the empty message has ended its response all the same.
        if (this.#octets.length > 0) {
            const step = this.#ended();
            if (step.kind !== "wait") {
                return step;
            }
        }
        if (this.#state === "balancing") {
            return this.#ask(null);
        }
        if (this.#opened !== undefined) {
            this.#state = "over";
            return this.#opened;
        }
        return { kind: "wait" };
    }

    #answered(response: InnerResponse): Step {
        this.#octets = new Uint8Array(0);
        const { status, reason } = response;
        switch (status) {
            case 101:
                return this.#agreed(response);
            case 401: {
                const challenges = response.values("www-authenticate");
                if (challenges.length === 0) {
                    throw new HandshakeError("malformed", "the gateway's 401 has no challenge", { status });
                }
                this.#state = "challenged";
                return { kind: "challenged", challenges, reason };
            }
            case 301:
            case 302:
            case 303:
            case 307:
            case 308: {
                const [location] = response.values("location");
                if (location === undefined || location === "") {
                    throw new HandshakeError("redirect", "the gateway's redirect says not where to", { status });
                }
                this.#state = "over";
                return { kind: "redirected", location };
            }
            default:
                throw refused(status, reason);
        }
    }

    #agreed(response: InnerResponse): Step {
        const { protocols, extensions, isBalanced } = this.#terms;
        const [protocol = ""] = response.values("sec-websocket-protocol");
        if (protocol !== "" && !protocols.includes(protocol)) {
            throw new HandshakeError("protocol", "the gateway chose a sub-protocol that was not offered", { status: 101 });
        }
        const agreed = agree(response.values("sec-websocket-extensions"), extensions);
        const opened: Step = { kind: "opened", protocol, agreed, proofs: response.values("www-authenticate") };
        if (isBalanced) {
            this.#state = "settling";
            this.#opened = opened;
            return { kind: "wait" };
        }
        this.#state = "over";
        return opened;
    }
}

/** What the balancer says: `N` to stay, or `R` and where to go instead. `undefined` if this is no such message. */
export function balancerWord(octets: Uint8Array): string | undefined {
    const begins = BALANCER.every((octet, at) => octets[at] === octet);
    const word = begins ? new TextDecoder().decode(octets.subarray(BALANCER.length)) : "";
    return word === "N" || word.startsWith("R") ? word : undefined;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
    const both = new Uint8Array(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    return both;
}
