/** An open socket: what is sent keeps its order, what comes is data or obeyed, and silence has an end. */

import { Control } from "./control.js";
import { NativeCloseEvent } from "./native.js";
import type { Opened } from "./opening.js";

/** What may be sent. */
export type Data = string | Blob | ArrayBufferLike | ArrayBufferView;

/**
 * What a browser would send of this: all that is neither octets nor a blob is sent as its text (Web IDL on union types).
 *
 * What comes from another frame of the page is no instance of what is called so here.
 */
export function dataOf(value: unknown): Data {
    const tag = Object.prototype.toString.call(value);
    const isData = ArrayBuffer.isView(value) || ["[object ArrayBuffer]", "[object Blob]", "[object File]"].includes(tag);
    return isData ? (value as Data) : String(value);
}

/** The octets of data when it is sent. */
export function sizeOf(data: Data): number {
    if (typeof data === "string") {
        return new TextEncoder().encode(data).length;
    }
    return isBlob(data) ? data.size : data.byteLength;
}

function isBlob(data: Data): data is Blob {
    return typeof data === "object" && "arrayBuffer" in data;
}

/** Who is told what happens. */
export interface Listener {
    /** Data came. */
    heard(data: string | ArrayBuffer): void;
    /** The gateway wants its user authorized anew there. */
    asked(path: string): void;
    /** The browser reports trouble, of which it says nothing more. */
    troubled(): void;
    /** It is over. Nothing follows. */
    closed(event: CloseEvent): void;
}

/** An open socket. */
export class Channel {
    readonly #native: globalThis.WebSocket;
    readonly #listener: Listener;
    readonly #control: Control;
    /** What waits for a blob before it to be read; its octets are counted in `#waiting`. */
    #queue: Promise<void> | undefined;
    #waiting = 0;
    #heardAt = performance.now();
    #idleTimer: ReturnType<typeof setTimeout> | undefined;

    constructor(opened: Opened, listener: Listener) {
        this.#native = opened.native;
        this.#listener = listener;
        this.#control = new Control(opened.agreed);
        this.#native.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#heard(event.data);
        this.#native.onerror = () => listener.troubled();
        this.#native.onclose = ({ code, reason, wasClean }) => this.#over(code, reason, wasClean);
        const { idleTimeout } = opened.agreed;
        if (idleTimeout !== undefined) {
            this.#watch(idleTimeout, idleTimeout);
        }
    }

    /** Octets that were given to {@link send} and are not on their way yet. */
    get bufferedAmount(): number {
        return this.#native.bufferedAmount + this.#waiting;
    }

    /** The extensions of the outer WebSocket. */
    get extensions(): string {
        return this.#native.extensions;
    }

    /** Takes data that came before the channel was there. */
    replay(held: readonly (string | ArrayBuffer)[]): void {
        held.forEach((data) => this.#heard(data));
    }

    /** Sends data. What it is later changed to is not sent. */
    send(data: Data): void {
        if (!this.#control.isNeeded) {
            this.#native.send(data as string | Blob | ArrayBuffer);
            return;
        }
        const size = sizeOf(data);
        if (this.#queue === undefined && !isBlob(data)) {
            this.#write(copied(data));
            return;
        }
        const message = isBlob(data) ? data.arrayBuffer() : copied(data);
        this.#waiting += size;
        this.#enqueue(async () => {
            const read = await message;
            this.#waiting -= size;
            this.#write(typeof read === "string" || ArrayBuffer.isView(read) ? read : new Uint8Array(read));
        });
    }

    /** Closes the socket behind all that was sent. The arguments are sound. */
    close(code?: number, reason?: string): void {
        const close = (): void => this.#native.close(code, reason);
        if (this.#queue === undefined) {
            close();
        } else {
            this.#enqueue(async () => close());
        }
    }

    #enqueue(task: () => Promise<void>): void {
        // A blob that cannot be read ends the socket: what follows it would be out of its order.
        const queue = (this.#queue ?? Promise.resolve()).then(task).catch(() => this.#native.close());
        this.#queue = queue;
        void queue.then(() => {
            if (this.#queue === queue) {
                this.#queue = undefined;
            }
        });
    }

    #write(message: string | Uint8Array): void {
        const escape = this.#control.escape(message);
        if (escape !== undefined) {
            this.#native.send(escape as string | Uint8Array<ArrayBuffer>);
        }
        this.#native.send(message as string | Uint8Array<ArrayBuffer>);
    }

    #heard(data: string | ArrayBuffer): void {
        this.#heardAt = performance.now();
        if (!this.#control.isNeeded) {
            this.#listener.heard(data);
            return;
        }
        const heard = this.#control.hear(typeof data === "string" ? data : new Uint8Array(data));
        switch (heard.kind) {
            case "data":
                this.#listener.heard(data);
                break;
            case "answer":
                this.#native.send(heard.message as string | Uint8Array<ArrayBuffer>);
                break;
            case "revalidate":
                this.#listener.asked(heard.path);
                break;
            case "malformed":
                this.#give(1002, "the gateway sent a control message that cannot be read");
                break;
            default:
        }
    }

    /** Ends the socket if nothing is heard in so many milliseconds. */
    #watch(limit: number, pause: number): void {
        this.#idleTimer = setTimeout(() => {
            const silence = performance.now() - this.#heardAt;
            // Timers may be early by less than a millisecond.
            if (silence + 1 >= limit) {
                this.#give(1006, "the gateway was silent for too long");
            } else {
                this.#watch(limit, limit - silence);
            }
        }, pause);
    }

    /** Gives the socket up, for which a script has no code on the wire. */
    #give(code: number, reason: string): void {
        this.#native.close();
        this.#over(code, reason, false);
    }

    #over(code: number, reason: string, wasClean: boolean): void {
        clearTimeout(this.#idleTimer);
        this.#native.onmessage = null;
        this.#native.onerror = null;
        this.#native.onclose = null;
        this.#listener.closed(new NativeCloseEvent("close", { code, reason, wasClean }));
    }
}

function copied(data: string | ArrayBufferLike | ArrayBufferView): string | Uint8Array {
    if (typeof data === "string") {
        return data;
    }
    return ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
        : new Uint8Array(data).slice();
}
