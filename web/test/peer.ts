/** A gateway's end of WebSockets, which says what a test has it say (RFC 6455 sections 4.2 and 5). */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** What a client sent. */
export interface Frame {
    readonly opcode: number;
    readonly data: Buffer;
}

/** One client. */
export class Peer {
    readonly #socket: Duplex;
    readonly #frames: Frame[] = [];
    readonly #waiting: ((frame: Frame | undefined) => void)[] = [];
    #octets: Buffer = Buffer.alloc(0);
    #isOver = false;

    constructor(
        readonly request: IncomingMessage,
        socket: Duplex,
    ) {
        this.#socket = socket;
        socket.on("data", (octets: Buffer) => this.#read(octets));
        socket.on("close", () => this.#end());
        socket.on("error", () => this.#end());
    }

    /** The sub-protocols that the client offers. */
    get offered(): string[] {
        return (this.request.headers["sec-websocket-protocol"] ?? "").split(/ *, */).filter((name) => name !== "");
    }

    /** Says 101, with this sub-protocol. */
    accept(protocol?: string): this {
        const key = `${this.request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        const lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Connection: Upgrade",
            "Upgrade: websocket",
            `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`,
            ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
        ];
        this.#socket.write(`${lines.join("\r\n")}\r\n\r\n`);
        return this;
    }

    /** Says that there is no such thing. */
    refuse(): this {
        this.#socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        return this;
    }

    /** Takes the handshake inside. */
    handshake(): this {
        return this.accept("x-kaazing-handshake");
    }

    /** Sends a message: text as text, octets as binary. */
    send(...messages: readonly (string | Uint8Array)[]): this {
        for (const message of messages) {
            this.#frame(typeof message === "string" ? 1 : 2, Buffer.from(message));
        }
        return this;
    }

    /** Sends a close frame, without a code where none is given. */
    close(code?: number, reason = ""): this {
        const head = Buffer.alloc(code === undefined ? 0 : 2);
        if (code !== undefined) {
            head.writeUInt16BE(code);
        }
        this.#frame(8, Buffer.concat([head, Buffer.from(reason)]));
        return this;
    }

    /** Ends the connection without a word. */
    drop(): void {
        this.#socket.destroy();
    }

    /** What came next; `undefined` if the connection is over. Control frames are frames too. */
    async next(): Promise<Frame | undefined> {
        const frame = this.#frames.shift();
        if (frame !== undefined || this.#isOver) {
            return frame;
        }
        return new Promise((resolve) => this.#waiting.push(resolve));
    }

    /** The next message as text. */
    async text(): Promise<string> {
        const frame = await this.next();
        if (frame === undefined) {
            throw new Error("the client is gone");
        }
        return frame.data.toString();
    }

    #frame(opcode: number, data: Buffer): void {
        const head = data.length < 126 ? Buffer.of(0x80 | opcode, data.length) : Buffer.of(0x80 | opcode, 126, 0, 0);
        if (data.length >= 126) {
            head.writeUInt16BE(data.length, 2);
        }
        this.#socket.write(Buffer.concat([head, data]));
    }

    #read(octets: Buffer): void {
        this.#octets = Buffer.concat([this.#octets, octets]);
        while (this.#octets.length >= 6) {
            const [first = 0, second = 0] = this.#octets;
            const isLong = (second & 0x7f) === 126;
            const begin = isLong ? 4 : 2;
            const length = isLong ? this.#octets.readUInt16BE(2) : second & 0x7f;
            if (this.#octets.length < begin + 4 + length) {
                return;
            }
            const mask = this.#octets.subarray(begin, begin + 4);
            const masked = this.#octets.subarray(begin + 4, begin + 4 + length);
            const data = Buffer.from(masked.map((octet, at) => octet ^ (mask[at % 4] ?? 0)));
            this.#octets = this.#octets.subarray(begin + 4 + length);
            this.#hand({ opcode: first & 0x0f, data });
        }
    }

    #hand(frame: Frame): void {
        if (frame.opcode === 8) {
            this.#frame(8, frame.data);
            this.#socket.end();
        }
        const waiting = this.#waiting.shift();
        if (waiting === undefined) {
            this.#frames.push(frame);
        } else {
            waiting(frame);
        }
    }

    #end(): void {
        this.#isOver = true;
        this.#waiting.splice(0).forEach((waiting) => waiting(undefined));
    }
}

/** A server of WebSockets on a port of its own. Each connection is served by the next of the scripts, the last one again and again. */
export class Gateway {
    readonly #server: Server;
    readonly #connections = new Set<Duplex>();
    /** Those who came, in their order. */
    readonly peers: Peer[] = [];
    /** What scripts threw. */
    readonly errors: unknown[] = [];

    private constructor(scripts: readonly ((peer: Peer) => unknown)[], pages: RequestListener) {
        this.#server = createServer(pages);
        this.#server.on("connection", (socket) => {
            this.#connections.add(socket);
            socket.on("close", () => this.#connections.delete(socket));
        });
        this.#server.on("upgrade", (request, socket) => {
            const peer = new Peer(request, socket);
            const script = scripts[Math.min(this.peers.length, scripts.length - 1)];
            this.peers.push(peer);
            Promise.resolve(script?.(peer)).catch((error: unknown) => this.errors.push(error));
        });
    }

    static async start(
        scripts: readonly ((peer: Peer) => unknown)[],
        pages: RequestListener = (_, response) => response.writeHead(404).end(),
    ): Promise<Gateway> {
        const gateway = new Gateway(scripts, pages);
        await new Promise<void>((resolve) => gateway.#server.listen(0, "127.0.0.1", resolve));
        return gateway;
    }

    /** Where a path of it is. */
    url(path: string): string {
        return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
    }

    /** Ends it, with all connections. */
    async stop(): Promise<void> {
        this.#connections.forEach((socket) => socket.destroy());
        await new Promise((resolve) => this.#server.close(resolve));
        if (this.errors.length > 0) {
            throw this.errors[0];
        }
    }
}
