/** The WebSocket of pages that log in: the browser's own in every respect, and a gateway's challenges answered. */

import { Channel, dataOf, sizeOf, type Data, type Listener } from "./channel.js";
import { HandshakeError } from "./error.js";
import { HANDSHAKE } from "./handshake.js";
import { NativeCloseEvent } from "./native.js";
import { open, type Opened } from "./opening.js";
import { settle, type Settings, type WebSocketOptions } from "./options.js";
import { socketUrl } from "./redirect.js";
import { revalidate } from "./revalidate.js";

/** The `error` event of a socket that did not open. */
export class HandshakeErrorEvent extends Event {
    constructor(
        /** Why it did not. */
        readonly error: HandshakeError,
    ) {
        super("error");
    }

    /** The same in words. */
    get message(): string {
        return this.error.message;
    }
}

type Kind = keyof WebSocketEventMap;
type Handler<K extends Kind> = (this: globalThis.WebSocket, event: WebSocketEventMap[K]) => unknown;

/** Longest reason of a close frame, in octets (RFC 6455 section 5.5). */
const MAX_REASON = 123;

/**
 * A WebSocket as the HTML Standard has it, which answers the challenges of a gateway before it opens.
 *
 * It offers the server the handshake `x-kaazing-handshake`. Where the server takes it, HTTP is spoken
 * inside the socket: the challenge handler of the options is asked for credentials, redirects are
 * followed, and only then does the socket open. Where the server does not, this is a WebSocket like any other.
 *
 * A socket that does not open has an `error` event that is a {@link HandshakeErrorEvent}, and then a
 * `close` event with the code 1006, or with the gateway's own code if it gave one.
 */
export class WebSocket extends EventTarget implements globalThis.WebSocket {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly CONNECTING = 0;
    readonly OPEN = 1;
    readonly CLOSING = 2;
    readonly CLOSED = 3;

    readonly #url: URL;
    readonly #settings: Settings;
    /** Aborted when the socket is on its way out. */
    readonly #ending = new AbortController();
    readonly #handlers = new Map<Kind, { readonly handler: unknown; readonly listener: EventListener }>();
    #state: 0 | 1 | 2 | 3 = 0;
    #binaryType: BinaryType = "blob";
    #protocol = "";
    #extensions = "";
    #channel: Channel | undefined;
    /** Octets that were sent too late. */
    #lost = 0;

    /**
     * @param url where to; relative to the page, and with `http` or `https` too
     * @param protocols sub-protocols, of which the server may choose one
     * @param options how challenges are answered, and more
     * @throws DOMException `SyntaxError` if the URL is none of a WebSocket, or the sub-protocols are no set of names
     */
    constructor(url: string | URL, protocols: string | readonly string[] = [], options: WebSocketOptions = {}) {
        super();
        const offered = typeof protocols === "string" ? [protocols] : [...protocols];
        const parsed = socketUrl(url, globalThis.document?.baseURI ?? globalThis.location?.href);
        if (parsed === undefined || parsed.hash !== "") {
            throw new DOMException(`${url} is no URL of a WebSocket`, "SyntaxError");
        }
        const isSet = new Set([HANDSHAKE, ...offered]).size === offered.length + 1;
        if (!isSet || !offered.every((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name))) {
            throw new DOMException("sub-protocols must be names, each of them once", "SyntaxError");
        }
        this.#url = parsed;
        this.#settings = settle(options);
        void this.#connect(offered);
    }

    /** The URL that the page asked for, also after redirects. */
    get url(): string {
        return this.#url.href;
    }

    /** {@link CONNECTING} until all challenges are answered. */
    get readyState(): 0 | 1 | 2 | 3 {
        return this.#state;
    }

    /** The sub-protocol that the server chose, or nothing. */
    get protocol(): string {
        return this.#protocol;
    }

    /** The extensions that the server chose, inside the handshake too. */
    get extensions(): string {
        return this.#extensions;
    }

    /** Octets that were given to {@link send} and are not on their way yet. */
    get bufferedAmount(): number {
        return (this.#channel?.bufferedAmount ?? 0) + this.#lost;
    }

    /** What binary messages are handed out as. */
    get binaryType(): BinaryType {
        return this.#binaryType;
    }

    set binaryType(type: BinaryType) {
        // What an enumeration does not know is passed over (Web IDL section 3.7.6).
        if (type === "blob" || type === "arraybuffer") {
            this.#binaryType = type;
        }
    }

    /** @throws DOMException `InvalidStateError` before the socket is open */
    send(data: Data): void {
        if (this.#state === 0) {
            throw new DOMException("the socket is not open yet", "InvalidStateError");
        }
        if (this.#state === 1) {
            this.#channel?.send(dataOf(data));
        } else {
            this.#lost += sizeOf(dataOf(data));
        }
    }

    /**
     * Ends the socket, or what would have become one.
     *
     * @throws DOMException `InvalidAccessError` if the code is neither 1000 nor 3000 to 4999, `SyntaxError` if the
     *     reason is longer than 123 octets
     */
    close(code?: number, reason?: string): void {
        if (code !== undefined && code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
            throw new DOMException("a page may close a socket with 1000, or 3000 to 4999", "InvalidAccessError");
        }
        if (reason !== undefined && new TextEncoder().encode(reason).length > MAX_REASON) {
            throw new DOMException(`the reason is longer than ${MAX_REASON} octets`, "SyntaxError");
        }
        if (this.#state === 0 || this.#state === 1) {
            this.#state = 2;
            this.#ending.abort();
            this.#channel?.close(code ?? (reason === undefined ? undefined : 1000), reason);
        }
    }

    async #connect(protocols: readonly string[]): Promise<void> {
        let opened: Opened;
        try {
            opened = await open(this.#url, protocols, this.#settings, this.#ending.signal);
        } catch (error) {
            this.#failed(error as HandshakeError);
            return;
        }
        const channel = new Channel(opened, this.#listener(opened.location));
        this.#channel = channel;
        if (this.#ending.signal.aborted) {
            channel.close();
            return;
        }
        this.#protocol = opened.protocol;
        this.#extensions = [channel.extensions, opened.agreed.words].filter((words) => words !== "").join(", ");
        this.#state = 1;
        this.dispatchEvent(new Event("open"));
        channel.replay(opened.held);
    }

    #failed(error: HandshakeError): void {
        this.#state = 3;
        this.#ending.abort();
        this.dispatchEvent(new HandshakeErrorEvent(error));
        const code = error.closeCode ?? 1006;
        this.dispatchEvent(new NativeCloseEvent("close", { code, reason: error.message, wasClean: false }));
    }

    #listener(location: URL): Listener {
        return {
            heard: (data) => {
                if (this.#state === 1) {
                    const isBlob = typeof data !== "string" && this.#binaryType === "blob";
                    const init = { data: isBlob ? new Blob([data]) : data, origin: location.origin };
                    this.dispatchEvent(new MessageEvent("message", init));
                }
            },
            asked: (path) => void this.#revalidate(path, location),
            troubled: () => this.dispatchEvent(new Event("error")),
            closed: (event) => {
                this.#state = 3;
                this.#ending.abort();
                this.dispatchEvent(event);
            },
        };
    }

    async #revalidate(path: string, location: URL): Promise<void> {
        const { signal } = this.#ending;
        if (!(await revalidate(path, location, this.#settings.challengeHandler, signal)) && !signal.aborted) {
            // 3000 is "unauthorized" in the registry of close codes of RFC 6455.
            this.close(3000, "nobody answered the gateway's challenge");
        }
    }

    get onopen(): Handler<"open"> | null {
        return this.#handler("open");
    }

    set onopen(handler: Handler<"open"> | null) {
        this.#setHandler("open", handler);
    }

    get onmessage(): Handler<"message"> | null {
        return this.#handler("message");
    }

    set onmessage(handler: Handler<"message"> | null) {
        this.#setHandler("message", handler);
    }

    get onerror(): Handler<"error"> | null {
        return this.#handler("error");
    }

    set onerror(handler: Handler<"error"> | null) {
        this.#setHandler("error", handler);
    }

    get onclose(): Handler<"close"> | null {
        return this.#handler("close");
    }

    set onclose(handler: Handler<"close"> | null) {
        this.#setHandler("close", handler);
    }

    #handler<K extends Kind>(kind: K): Handler<K> | null {
        return (this.#handlers.get(kind)?.handler as Handler<K> | undefined) ?? null;
    }

    #setHandler<K extends Kind>(kind: K, handler: Handler<K> | null): void {
        const before = this.#handlers.get(kind);
        if (before !== undefined) {
            this.removeEventListener(kind, before.listener);
            this.#handlers.delete(kind);
        }
        if (typeof handler === "function") {
            const listener = (event: Event): unknown => handler.call(this, event as WebSocketEventMap[K]);
            this.addEventListener(kind, listener);
            this.#handlers.set(kind, { handler, listener });
        }
    }

    override addEventListener<K extends Kind>(
        type: K,
        listener: Handler<K>,
        options?: boolean | AddEventListenerOptions,
    ): void;
    override addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: boolean | AddEventListenerOptions,
    ): void;
    override addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: boolean | AddEventListenerOptions,
    ): void {
        super.addEventListener(type, listener, options);
    }

    override removeEventListener<K extends Kind>(
        type: K,
        listener: Handler<K>,
        options?: boolean | EventListenerOptions,
    ): void;
    override removeEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: boolean | EventListenerOptions,
    ): void;
    override removeEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: boolean | EventListenerOptions,
    ): void {
        super.removeEventListener(type, listener, options);
    }
}
