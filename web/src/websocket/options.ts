/** What a page may say about a socket before it opens. */

import type { ChallengeHandler } from "../challenge/challenge.js";
import type { RedirectPolicy } from "./redirect.js";

/** One text of the handshake inside a socket, with the credentials in it: it is for the page's own eyes. */
export interface HandshakeEvent {
    /** Milliseconds since 1970, UTC. */
    readonly at: number;
    readonly direction: "sent" | "received";
    readonly kind: "balancer" | "request" | "response";
    readonly text: string;
    /** The URL of the socket. */
    readonly location: string;
}

/** What a page may say about a socket before it opens. */
export interface WebSocketOptions {
    /** Who answers the gateway's challenges. Without one a challenged socket does not open. */
    readonly challengeHandler?: ChallengeHandler | null;
    /** Which redirects are followed. By default `always`; never from `wss` to `ws`. */
    readonly redirectPolicy?: RedirectPolicy;
    /**
     * Milliseconds until a socket has to be open, 30000 by default; 0 is for ever. While a
     * challenge handler has the word the time stands still: users may think.
     */
    readonly connectTimeout?: number;
    /**
     * Whether the gateway is asked for its balanced form with `.kl=Y`, which gateways with several
     * members need. True by default. Gateways of other makers may know the plain form alone.
     */
    readonly balanced?: boolean;
    /**
     * Whether a server that does not take the handshake is asked once more without it, as for any
     * other WebSocket. True by default.
     */
    readonly nativeFallback?: boolean;
    /** Longest answer of the gateway inside the handshake, in octets. 65536 by default. */
    readonly maxResponse?: number;
    /** Is shown all that is said inside the handshake. */
    readonly observe?: (event: HandshakeEvent) => void;
}

/** The same with every default. */
export type Settings = Required<Omit<WebSocketOptions, "observe">> & { readonly observe: WebSocketOptions["observe"] };

/** Fills in the defaults. */
export function settle(options: WebSocketOptions): Settings {
    return {
        challengeHandler: options.challengeHandler ?? null,
        redirectPolicy: options.redirectPolicy ?? "always",
        connectTimeout: options.connectTimeout ?? 30_000,
        balanced: options.balanced ?? true,
        nativeFallback: options.nativeFallback ?? true,
        maxResponse: options.maxResponse ?? 65_536,
        observe: options.observe,
    };
}
