/** The stream to a gateway, against sockets that do what gateways and networks can do. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_LENGTH } from "../../src/kerberos/der.js";
import { TggTransport, type WebSocketLike } from "../../src/kerberos/index.js";
import { WebSocket as GatewayWebSocket } from "../../src/websocket/index.js";
import { concat, type Octets, uint32, utf8 } from "../../src/kerberos/octets.js";

/** A socket whose other end is the test. */
class Socket implements WebSocketLike {
    binaryType: "blob" | "arraybuffer" = "blob";
    readonly sent: Octets[] = [];
    closed: number | undefined;
    readonly #events = new EventTarget();

    send(data: Octets): void {
        this.sent.push(data);
    }

    close(code?: number): void {
        this.closed = code ?? 1005;
    }

    addEventListener(type: string, listener: (event: Event) => void): void {
        this.#events.addEventListener(type, listener);
    }

    opens(): void {
        this.#events.dispatchEvent(new Event("open"));
    }

    closes(): void {
        this.#events.dispatchEvent(new Event("close"));
    }

    says(data: unknown): void {
        this.#events.dispatchEvent(Object.assign(new Event("message"), { data }));
    }
}

/** A transport and the sockets that it opens. */
function begin(options: { timeout?: number; idle?: number } = {}): { transport: TggTransport; sockets: Socket[] } {
    const sockets: Socket[] = [];
    const open = (url: string): Socket => {
        assert.equal(url, "wss://gateway.example.com/");
        const socket = new Socket();
        sockets.push(socket);
        return socket;
    };
    return { transport: new TggTransport("wss://gateway.example.com/", { open, ...options }), sockets };
}

function framed(text: string): ArrayBuffer {
    return concat(uint32(text.length), utf8(text)).buffer;
}

/** The one socket of a transport that has been asked for something, open. */
function only(sockets: readonly Socket[]): Socket {
    const [socket] = sockets;
    assert.ok(socket && sockets.length === 1);
    assert.equal(socket.binaryType, "arraybuffer");
    socket.opens();
    return socket;
}

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);

test("messages wait until the socket is open, and answers come in the order of the questions", async () => {
    const { transport, sockets } = begin();
    const first = transport.exchange("R", utf8("one"));
    const second = transport.exchange("R", utf8("two"));
    const socket = only(sockets);
    assert.deepEqual(socket.sent.map(text), ["\0\0\0\x03one", "\0\0\0\x03two"]);
    socket.says(framed("first"));
    socket.says(framed("second"));
    assert.deepEqual([text(await first), text(await second)], ["first", "second"]);
    transport.close();
    assert.equal(socket.closed, 1000);
});

test("answers may come in pieces, and together", async () => {
    const { transport, sockets } = begin();
    const answers = ["one", "two", "three"].map((question) => transport.exchange("R", utf8(question)));
    const socket = only(sockets);
    const stream = new Uint8Array(concat(...["alpha", "", "gamma"].map((answer) => new Uint8Array(framed(answer)))));
    for (const cut of [
        [0, 2],
        [2, 7],
        [7, 15],
        [15, stream.length],
    ] as const) {
        socket.says(stream.slice(...cut).buffer);
    }
    assert.deepEqual((await Promise.all(answers)).map(text), ["alpha", "", "gamma"]);
    transport.close();
});

test("a gateway that cannot be reached is told apart from one that closes", async () => {
    const { transport, sockets } = begin();
    const never = transport.exchange("R", utf8("one"));
    sockets[0]?.closes();
    await assert.rejects(never, { name: "UNREACHABLE" });
    const later = transport.exchange("R", utf8("two"));
    sockets[1]?.opens();
    sockets[1]?.closes();
    await assert.rejects(later, { name: "CLOSED" });
    assert.equal(sockets.length, 2);
    const bad = new TggTransport("no url", {
        open: () => {
            throw new SyntaxError("no url");
        },
    });
    await assert.rejects(bad.exchange("R", utf8("x")), { name: "UNREACHABLE" });
});

test("a socket is used again, and a new one is opened behind one that has ended", async () => {
    const { transport, sockets } = begin();
    const first = transport.exchange("R", utf8("one"));
    const socket = only(sockets);
    socket.says(framed("1"));
    await first;
    const second = transport.exchange("R", utf8("two"));
    socket.says(framed("2"));
    await second;
    socket.closes();
    const third = transport.exchange("R", utf8("three"));
    sockets[1]?.opens();
    sockets[1]?.says(framed("3"));
    assert.equal(text(await third), "3");
    assert.equal(sockets.length, 2);
    transport.close();
});

test("what is no answer ends the socket, and nobody who waits is left", async () => {
    const hostile: readonly (readonly [string, unknown])[] = [
        ["UNEXPECTED_MESSAGE", "text"],
        ["UNEXPECTED_MESSAGE", undefined],
        ["MESSAGE_TOO_LONG", uint32(MAX_LENGTH + 1).buffer],
        ["MESSAGE_TOO_LONG", uint32(0xffff_ffff).buffer],
    ];
    for (const [name, data] of hostile) {
        const { transport, sockets } = begin();
        const waiting = [transport.exchange("R", utf8("one")), transport.exchange("R", utf8("two"))];
        const socket = only(sockets);
        socket.says(data);
        for (const one of waiting) {
            await assert.rejects(one, { name });
        }
        assert.equal(socket.closed, 1000);
    }
});

test("an answer that nobody asked for ends the socket", async () => {
    const { transport, sockets } = begin();
    const waiting = transport.exchange("R", utf8("one"));
    const socket = only(sockets);
    socket.says(framed("1"));
    await waiting;
    socket.says(framed("2"));
    assert.equal(socket.closed, 1000);
});

test("a gateway that does not answer, or open, is waited for only so long", async () => {
    for (const opens of [true, false]) {
        const { transport, sockets } = begin({ timeout: 5 });
        const waiting = transport.exchange("R", utf8("one"));
        if (opens) {
            sockets[0]?.opens();
        }
        await assert.rejects(waiting, { name: "TIMED_OUT" });
        assert.equal(sockets[0]?.closed, 1000);
    }
});

test("a socket that nobody uses is closed", async () => {
    const { transport, sockets } = begin({ idle: 1 });
    const waiting = transport.exchange("R", utf8("one"));
    const socket = only(sockets);
    const closing = new Promise((resolve) => (socket.close = resolve));
    socket.says(framed("1"));
    await waiting;
    assert.equal(await closing, 1000);
});

test("who does not want an answer any more leaves those of others in place", async () => {
    const { transport, sockets } = begin();
    const ending = new AbortController();
    const first = transport.exchange("R", utf8("one"), ending.signal);
    const second = transport.exchange("R", utf8("two"));
    const socket = only(sockets);
    ending.abort(new Error("enough"));
    await assert.rejects(first, /enough/);
    await assert.rejects(transport.exchange("R", utf8("three"), ending.signal), /enough/);
    socket.says(framed("1"));
    socket.says(framed("2"));
    assert.equal(text(await second), "2");
    assert.equal(socket.sent.length, 2);
    transport.close();
});

test("a message that is longer than Kerberos allows is not sent", async () => {
    const { transport, sockets } = begin();
    await assert.rejects(transport.exchange("R", new Uint8Array(MAX_LENGTH + 1)), { name: "MESSAGE_TOO_LONG" });
    assert.equal(sockets.length, 0);
});

test("a gateway that asks for a login first is reached through the socket that answers challenges", () => {
    const open = (url: string): WebSocketLike => new GatewayWebSocket(url);
    const transport = new TggTransport("wss://gateway.example.com/", { open });
    transport.close();
});
