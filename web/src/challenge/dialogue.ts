/** The questions and answers of one socket: which handler is asked next, how often, and who has the last word. */

import { HandshakeError, refused } from "../websocket/error.js";
import type { ChallengeHandler, ChallengeRequest } from "./challenge.js";
import { parseChallenges, type Challenge } from "./parser.js";

/**
 * Most challenges that are answered on one socket.
 *
 * A user may mistype a password now and then; a handler that answers by itself must not go round for ever.
 */
const MAX_ATTEMPTS = 32;

/** One socket's challenges, from the first to the gateway's proof of itself. */
export class Dialogue {
    readonly #location: string;
    readonly #handler: ChallengeHandler | null;
    readonly #signal: AbortSignal;
    #next: ChallengeHandler | null = null;
    #attempt = 0;

    /**
     * @param location where the challenges come from
     * @param handler who is asked where no answer named another
     * @param signal aborted when no answer is wanted any more
     */
    constructor(location: string, handler: ChallengeHandler | null, signal: AbortSignal) {
        this.#location = location;
        this.#handler = handler;
        this.#signal = signal;
    }

    /**
     * The credentials for one of these challenges, the values of `WWW-Authenticate`; `null` if there are none.
     *
     * @throws HandshakeError if a handler throws, or was asked too often
     */
    async answer(values: readonly string[], reason: string): Promise<string | null> {
        this.#attempt += 1;
        if (this.#attempt > MAX_ATTEMPTS) {
            throw refused(401, reason);
        }
        const requests = parseChallenges(values).map((challenge) => this.#requestOf(challenge));
        const handlers = [this.#next, this.#handler].filter((handler) => handler !== null);
        for (const handler of handlers) {
            const response = await this.#guarded(async () => {
                const request = requests.find((request) => handler.canHandle(request));
                return request === undefined ? undefined : await handler.handle(request);
            });
            if (response !== undefined) {
                this.#next = response?.nextChallengeHandler ?? null;
                const credentials = response?.credentials ?? null;
                response?.clearCredentials();
                return credentials;
            }
        }
        return null;
    }

    /**
     * The gateway let the socket in, with these proofs of itself, the values of `WWW-Authenticate` of its 101.
     *
     * @throws HandshakeError if the last handler does not believe it
     */
    async established(values: readonly string[]): Promise<void> {
        const handler = this.#next;
        if (handler?.established === undefined) {
            return;
        }
        const requests = parseChallenges(values).map((challenge) => this.#requestOf(challenge));
        try {
            const proof = requests.find((request) => handler.canHandle(request)) ?? null;
            await handler.established(proof);
        } catch (cause) {
            throw new HandshakeError("unproven", "the gateway did not prove who it is", { status: 101, cause });
        }
    }

    async #guarded<T>(ask: () => Promise<T>): Promise<T> {
        try {
            return await ask();
        } catch (cause) {
            throw new HandshakeError("handler", "the challenge handler has no answer", { status: 401, cause });
        }
    }

    #requestOf(challenge: Challenge): ChallengeRequest {
        return {
            location: this.#location,
            authenticationScheme: challenge.scheme,
            authenticationParameters: challenge.rest,
            parameters: challenge.parameters,
            attempt: this.#attempt,
            signal: this.#signal,
        };
    }
}
