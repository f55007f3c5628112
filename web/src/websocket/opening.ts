/** How a socket is opened: from place to place, through the handshake inside, within its time. */

import { Dialogue } from "../challenge/dialogue.js";
import { HandshakeError } from "./error.js";
import { IDLE_TIMEOUT, NOTHING, PING_PONG, REVALIDATE, type Agreed } from "./extensions.js";
import { HANDSHAKE, Handshake, balancerWord, type Step } from "./handshake.js";
import { NativeWebSocket } from "./native.js";
import type { HandshakeEvent, Settings } from "./options.js";
import { balanced, follow, unbalanced } from "./redirect.js";

/** Most redirects that are followed. */
const MAX_REDIRECTS = 5;

/** Most messages that wait while the gateway's proof of itself is checked. */
const MAX_HELD = 1024;

/** A socket over which data may flow. */
export interface Opened {
    readonly native: globalThis.WebSocket;
    /** Where it leads, after redirects. */
    readonly location: URL;
    readonly protocol: string;
    readonly agreed: Agreed;
    /** Data that came already. */
    readonly held: readonly (string | ArrayBuffer)[];
}

type Outcome =
    | { readonly kind: "opened"; readonly opened: Opened }
    | { readonly kind: "redirected"; readonly location: string }
    /** It was over before the outer handshake was; browsers do not say why. */
    | { readonly kind: "unreachable" };

/**
 * Opens a socket, or closes whatever it had opened.
 *
 * @throws HandshakeError if the socket cannot be opened, or `signal` was aborted
 */
export async function open(
    url: URL,
    protocols: readonly string[],
    settings: Settings,
    signal: AbortSignal,
): Promise<Opened> {
    const ending = new AbortController();
    const aborted = (): void => ending.abort(new HandshakeError("aborted", "the page closed the socket"));
    const patience = new Patience(settings.connectTimeout, () =>
        ending.abort(new HandshakeError("time", `the socket did not open within ${settings.connectTimeout} ms`)),
    );
    signal.addEventListener("abort", aborted);
    if (signal.aborted) {
        aborted();
    }
    try {
        let location = url;
        for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
            const terms = { location, protocols, settings, patience, ending: ending.signal };
            let outcome = await new Attempt(terms, true).outcome;
            if (outcome.kind === "unreachable" && settings.nativeFallback) {
                outcome = await new Attempt(terms, false).outcome;
            }
            switch (outcome.kind) {
                case "opened":
                    return outcome.opened;
                case "redirected":
                    location = follow(outcome.location, location, settings.redirectPolicy);
                    break;
                default:
                    throw new HandshakeError("unreachable", "no WebSocket can be opened there");
            }
        }
        throw new HandshakeError("redirect", `the gateway redirects more than ${MAX_REDIRECTS} times`);
    } finally {
        patience.end();
        signal.removeEventListener("abort", aborted);
    }
}

interface Terms {
    readonly location: URL;
    readonly protocols: readonly string[];
    readonly settings: Settings;
    readonly patience: Patience;
    readonly ending: AbortSignal;
}

/** One connection. Whatever its outcome, a connection that is not handed over is closed. */
class Attempt {
    readonly outcome: Promise<Outcome>;
    readonly #terms: Terms;
    readonly #native: globalThis.WebSocket;
    readonly #handshake: Handshake;
    readonly #dialogue: Dialogue;
    readonly #held: (string | ArrayBuffer)[] = [];
    #resolve!: (outcome: Outcome) => void;
    #reject!: (error: HandshakeError) => void;
    #isProving = false;
    #isOver = false;

    constructor(terms: Terms, isOffering: boolean) {
        this.#terms = terms;
        const { location, protocols, settings, ending } = terms;
        const isBalanced = settings.balanced || location.search !== unbalanced(location.search);
        const outer = new URL(location);
        if (isOffering && isBalanced) {
            outer.search = balanced(location.search);
        }
        const extensions = [IDLE_TIMEOUT, PING_PONG, ...(settings.challengeHandler === null ? [] : [REVALIDATE])];
        this.#handshake = new Handshake({
            target: location.pathname + unbalanced(location.search),
            protocols,
            extensions,
            isBalanced,
            maxResponse: settings.maxResponse,
        });
        this.#dialogue = new Dialogue(location.href, settings.challengeHandler, ending);
        this.outcome = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        this.#native = connect(outer, isOffering ? [HANDSHAKE, ...protocols] : protocols);
        this.#native.binaryType = "arraybuffer";
        this.#native.onopen = () => this.#reached();
        this.#native.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#heard(event.data);
        this.#native.onclose = (event) => this.#closed(event);
        this.#native.onerror = () => this.#troubled();
        ending.addEventListener("abort", this.#ended);
        if (ending.aborted) {
            this.#ended();
        }
    }

    readonly #ended = (): void => {
        this.#fail(this.#terms.ending.reason as HandshakeError);
    };

    #reached(): void {
        if (this.#native.protocol === HANDSHAKE) {
            this.#take(this.#handshake.begin());
        } else {
            this.#open(this.#native.protocol, NOTHING);
        }
    }

    #heard(data: string | ArrayBuffer): void {
        if (this.#isProving) {
            this.#held.push(data);
            if (this.#held.length > MAX_HELD) {
                this.#fail(new HandshakeError("too-long", "the gateway sends too much before the socket is open"));
            }
            return;
        }
        const message = typeof data === "string" ? data : new Uint8Array(data);
        this.#observe("received", message);
        this.#take(this.#handshake.receive(message));
    }

    /** Browsers report trouble and then the end; Node 20 leaves it at the trouble if it never was open. */
    #troubled(): void {
        if (this.#native.protocol === "") {
            this.#settle({ kind: "unreachable" });
        }
    }

    #closed({ code, reason }: CloseEvent): void {
        this.#troubled();
        const words = reason.replace(/[^\x20-\x7e]/g, "").slice(0, 64);
        const said = `${code}${words === "" ? "" : ` ${words}`}`;
        const known = code === 1005 || code === 1006 ? {} : { closeCode: code };
        this.#fail(new HandshakeError("closed", `the gateway closed the socket before it was open (${said})`, known));
    }

    #take(step: Step): void {
        switch (step.kind) {
            case "wait":
                break;
            case "send":
                this.#observe("sent", step.text);
                this.#native.send(step.text);
                break;
            case "challenged":
                void this.#challenged(step.challenges, step.reason);
                break;
            case "redirected":
                this.#settle({ kind: "redirected", location: step.location });
                break;
            case "opened":
                void this.#prove(step.protocol, step.agreed, step.proofs);
                break;
            case "failed":
                this.#fail(step.error);
        }
    }

    async #challenged(challenges: readonly string[], reason: string): Promise<void> {
        const { patience } = this.#terms;
        patience.pause();
        try {
            const credentials = await this.#dialogue.answer(challenges, reason);
            if (!this.#isOver) {
                this.#take(this.#handshake.answer(credentials));
            }
        } catch (error) {
            this.#fail(error as HandshakeError);
        } finally {
            patience.resume();
        }
    }

    async #prove(protocol: string, agreed: Agreed, proofs: readonly string[]): Promise<void> {
        this.#isProving = true;
        try {
            await this.#dialogue.established(proofs);
            this.#open(protocol, agreed);
        } catch (error) {
            this.#fail(error as HandshakeError);
        }
    }

    #open(protocol: string, agreed: Agreed): void {
        if (!this.#isOver) {
            const native = this.#native;
            this.#leave();
            const opened = { native, location: this.#terms.location, protocol, agreed, held: this.#held };
            this.#resolve({ kind: "opened", opened });
        }
    }

    #fail(error: HandshakeError): void {
        if (!this.#isOver) {
            this.#leave();
            this.#native.close();
            this.#reject(error);
        }
    }

    #settle(outcome: Outcome): void {
        if (!this.#isOver) {
            this.#leave();
            this.#native.close();
            this.#resolve(outcome);
        }
    }

    #leave(): void {
        this.#isOver = true;
        this.#native.onopen = null;
        this.#native.onmessage = null;
        this.#native.onclose = null;
        this.#native.onerror = null;
        this.#terms.ending.removeEventListener("abort", this.#ended);
    }

    #observe(direction: HandshakeEvent["direction"], message: string | Uint8Array): void {
        const { observe } = this.#terms.settings;
        if (observe === undefined || message.length === 0) {
            return;
        }
        const octets = typeof message === "string" ? new TextEncoder().encode(message) : message;
        const answer = balancerWord(octets) === undefined ? "response" : "balancer";
        const kind = direction === "sent" ? "request" : answer;
        const text = new TextDecoder().decode(octets);
        try {
            observe({ at: Date.now(), direction, kind, text, location: this.#terms.location.href });
        } catch (error) {
            // What the page's own eyes do is its own affair, and must be seen in its console.
            queueMicrotask(() => {
                throw error;
            });
        }
    }
}

function connect(url: URL, protocols: readonly string[]): globalThis.WebSocket {
    if (NativeWebSocket === undefined) {
        throw new HandshakeError("unreachable", "there is no WebSocket here; Node has it from version 22 on");
    }
    try {
        return new NativeWebSocket(url, [...protocols]);
    } catch (cause) {
        throw new HandshakeError("unreachable", "the browser allows no WebSocket to that place", { cause });
    }
}

/** A time that runs out, and stands still now and then. */
class Patience {
    readonly #expire: () => void;
    #left: number;
    #since = 0;
    #timer: ReturnType<typeof setTimeout> | undefined;

    /** @param limit milliseconds; 0 is for ever */
    constructor(limit: number, expire: () => void) {
        this.#left = limit;
        this.#expire = expire;
        this.resume();
    }

    resume(): void {
        if (this.#left > 0) {
            this.#since = performance.now();
            this.#timer = setTimeout(this.#expire, this.#left);
        }
    }

    pause(): void {
        if (this.#timer !== undefined) {
            clearTimeout(this.#timer);
            this.#timer = undefined;
            this.#left = Math.max(1, this.#left - (performance.now() - this.#since));
        }
    }

    end(): void {
        clearTimeout(this.#timer);
        this.#left = 0;
    }
}
