/** What the sockets of a page have in common. */

import type { WebSocketOptions } from "./options.js";
import { WebSocket } from "./websocket.js";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Makes sockets that share a challenge handler and all other options.
 *
 * What is set here is for sockets that are made afterwards.
 */
export class WebSocketFactory {
    readonly #options: Writable<WebSocketOptions>;

    constructor(options: WebSocketOptions = {}) {
        this.#options = { ...options };
    }

    /** Has the challenges of gateways answered by this handler. */
    setChallengeHandler(handler: NonNullable<WebSocketOptions["challengeHandler"]> | null): this {
        this.#options.challengeHandler = handler;
        return this;
    }

    /** Has redirects followed by this policy. */
    setRedirectPolicy(policy: NonNullable<WebSocketOptions["redirectPolicy"]>): this {
        this.#options.redirectPolicy = policy;
        return this;
    }

    /** Gives sockets so many milliseconds to open; 0 is for ever. */
    setConnectTimeout(milliseconds: number): this {
        this.#options.connectTimeout = milliseconds;
        return this;
    }

    /** Opens a socket. `options` are for this one alone. */
    createWebSocket(
        url: string | URL,
        protocols: string | readonly string[] = [],
        options: WebSocketOptions = {},
    ): WebSocket {
        return new WebSocket(url, protocols, { ...this.#options, ...options });
    }
}
