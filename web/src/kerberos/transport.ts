/**
 * How messages reach a KDC: through a ticket-granting gateway, over one WebSocket.
 *
 * The socket is a stream as Kerberos has it over TCP: each message behind its length in four octets (RFC 4120 section
 * 7.2.2). No sub-protocol is asked for, since gateways older than this client know none; answers come in order.
 */

import { MAX_LENGTH } from "./der.js";
import { KerberosError, type OwnErrorName } from "./error.js";
import { concat, type Octets, uint32 } from "./octets.js";

/** Carries one message to a KDC of `realm`, and its answer back. */
export interface KdcTransport {
    /** The answer to `message`. Rejects if there is none, and with the reason of `signal` if that is aborted. */
    exchange(realm: string, message: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
}

/** What a {@link TggTransport} needs of a WebSocket. */
export interface WebSocketLike {
    /** In which form binary messages arrive. */
    binaryType: "blob" | "arraybuffer";
    /** Sends a binary message. */
    send(data: Octets): void;
    /** Closes the socket. */
    close(code?: number): void;
    /** Says who is told of an event. */
    addEventListener(type: "open" | "message" | "error" | "close", listener: (event: Event) => void): void;
}

/** How a {@link TggTransport} goes about it. */
export interface TggOptions {
    /** Most milliseconds for the connection, and for each answer. 15,000 by default. */
    readonly timeout?: number;
    /** Milliseconds after which a socket that nobody uses is closed. 10,000 by default. */
    readonly idle?: number;
    /** Opens the socket; by default a `WebSocket` of the browser. */
    readonly open?: (url: string) => WebSocketLike;
}

/** A ticket-granting gateway. One socket serves all exchanges, as long as they follow each other closely. */
export class TggTransport implements KdcTransport {
    readonly #url: string;
    readonly #options: Required<TggOptions>;
    #connection: Connection | undefined;

    /** The gateway at a `ws:` or `wss:` URL. Nothing is opened before it is needed. */
    constructor(url: string | URL, options: TggOptions = {}) {
        this.#url = String(url);
        this.#options = { timeout: 15_000, idle: 10_000, open: (url) => new WebSocket(url), ...options };
    }

    /** Sends a message, and gives the answer. The realm stands in the message. */
    async exchange(_realm: string, message: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
        signal?.throwIfAborted();
        if (message.length > MAX_LENGTH) {
            throw new KerberosError("MESSAGE_TOO_LONG");
        }
        if (this.#connection === undefined || this.#connection.isOver) {
            this.#connection = new Connection(this.#url, this.#options);
        }
        return this.#connection.exchange(message, signal);
    }

    /** Closes the socket, if there is one. Exchanges that wait for an answer fail; new ones open another. */
    close(): void {
        this.#connection?.end("CLOSED");
    }
}

/** Somebody who waits for an answer. */
interface Waiting {
    readonly resolve: (answer: Octets) => void;
    readonly reject: (error: unknown) => void;
    /** Stops the clock and listens to nobody any more. */
    readonly over: () => void;
}

/** One socket, from its opening to its end. */
class Connection {
    readonly #socket: WebSocketLike;
    readonly #options: Required<TggOptions>;
    /** In the order in which answers come. */
    readonly #waiting: Waiting[] = [];
    /** What is to be sent once the socket is open. */
    #unsent: Octets[] | undefined = [];
    /** What arrived and is no whole message yet. */
    #arrived: Octets = new Uint8Array(0);
    #idle: ReturnType<typeof setTimeout> | undefined;
    #over = false;

    constructor(url: string, options: Required<TggOptions>) {
        this.#options = options;
        try {
            this.#socket = options.open(url);
        } catch {
            throw new KerberosError("UNREACHABLE");
        }
        this.#socket.binaryType = "arraybuffer";
        this.#socket.addEventListener("open", () => this.#opened());
        this.#socket.addEventListener("message", (event) => this.#take(event));
        this.#socket.addEventListener("close", () => this.end(this.#unsent === undefined ? "CLOSED" : "UNREACHABLE"));
    }

    /** Whether it can carry nothing more. */
    get isOver(): boolean {
        return this.#over;
    }

    exchange(message: Uint8Array, signal: AbortSignal | undefined): Promise<Octets> {
        return new Promise<Octets>((resolve, reject) => {
            clearTimeout(this.#idle);
            const timer = setTimeout(() => this.end("TIMED_OUT"), this.#options.timeout);
            const abort = (): void => reject(signal?.reason);
            const over = (): void => {
                clearTimeout(timer);
                signal?.removeEventListener("abort", abort);
            };
            // Who does not want the answer any more keeps the place: answers have nothing but their order.
            signal?.addEventListener("abort", abort);
            this.#waiting.push({ resolve, reject, over });
            const framed = concat(uint32(message.length), message);
            if (this.#unsent === undefined) {
                this.#socket.send(framed);
            } else {
                this.#unsent.push(framed);
            }
        });
    }

    /** Closes the socket and tells everybody who waits. */
    end(why: OwnErrorName): void {
        if (this.#over) {
            return;
        }
        this.#over = true;
        clearTimeout(this.#idle);
        this.#socket.close(1000);
        for (const { reject, over } of this.#waiting.splice(0)) {
            over();
            reject(new KerberosError(why));
        }
    }

    #opened(): void {
        for (const framed of this.#unsent ?? []) {
            this.#socket.send(framed);
        }
        this.#unsent = undefined;
    }

    /** Takes what came: messages are pieces of a stream, and need not be whole. */
    #take(event: Event): void {
        if (this.#over) {
            return;
        }
        const data: unknown = "data" in event ? event.data : undefined;
        if (!(data instanceof ArrayBuffer)) {
            this.end("UNEXPECTED_MESSAGE");
            return;
        }
        this.#arrived = concat(this.#arrived, new Uint8Array(data));
        while (this.#arrived.length >= 4 && !this.#over) {
            const length = new DataView(this.#arrived.buffer, this.#arrived.byteOffset).getUint32(0);
            if (length > MAX_LENGTH) {
                this.end("MESSAGE_TOO_LONG");
            }
            if (this.#arrived.length < 4 + length) {
                return;
            }
            const answer = this.#arrived.slice(4, 4 + length);
            this.#arrived = this.#arrived.subarray(4 + length);
            this.#answer(answer);
        }
    }

    #answer(answer: Octets): void {
        const first = this.#waiting.shift();
        if (first === undefined) {
            this.end("UNEXPECTED_MESSAGE");
            return;
        }
        first.over();
        first.resolve(answer);
        if (this.#waiting.length === 0) {
            this.#idle = setTimeout(() => this.end("CLOSED"), this.#options.idle);
        }
    }
}
