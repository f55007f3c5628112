/** Sockets as pages use them, against a gateway that says what it is told to. */

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import {
    BasicChallengeHandler,
    ChallengeResponse,
    HandshakeErrorEvent,
    PasswordAuthentication,
    WebSocket,
    WebSocketFactory,
    type ChallengeHandler,
    type ChallengeRequest,
    type HandshakeEvent,
    type WebSocketOptions,
} from "../../src/index.js";
import { Gateway, type Peer } from "../peer.js";
import { END, FORBIDDEN, STAY, elsewhere, response, switching, unauthorized } from "./traces.js";

const BASIC = unauthorized('Application Basic realm="demo"');
const JOE = new PasswordAuthentication("joe", "welcome");

const gateways: Gateway[] = [];

async function gateway(...scripts: ((peer: Peer) => unknown)[]): Promise<Gateway> {
    const started = await Gateway.start(scripts);
    gateways.push(started);
    return started;
}

afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

/** What happened to a socket until it was closed. */
interface Course {
    readonly events: string[];
    readonly messages: unknown[];
    error: HandshakeErrorEvent | undefined;
    readonly closed: Promise<CloseEvent>;
    readonly opened: Promise<void>;
    /** The next message. */
    next(): Promise<unknown>;
}

function watch(socket: WebSocket): Course {
    const events: string[] = [];
    const messages: unknown[] = [];
    const waiting: ((data: unknown) => void)[] = [];
    let error: HandshakeErrorEvent | undefined;
    const opened = new Promise<void>((resolve, reject) => {
        socket.addEventListener("open", () => resolve());
        socket.addEventListener("close", ({ reason }) => reject(new Error(`did not open: ${reason}`)));
    });
    opened.catch(() => {});
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
    for (const kind of ["open", "message", "error", "close"] as const) {
        socket.addEventListener(kind, () => events.push(kind));
    }
    socket.addEventListener("message", ({ data }) => {
        const hand = waiting.shift();
        if (hand === undefined) {
            messages.push(data);
        } else {
            hand(data);
        }
    });
    socket.addEventListener("error", (event) => {
        if (event instanceof HandshakeErrorEvent) {
            error = event;
        }
    });
    return {
        events,
        messages,
        get error() {
            return error;
        },
        closed,
        opened,
        next: async () => messages.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    };
}

/** Takes the handshake, lets anybody in, and sends back what comes. */
async function echo(peer: Peer): Promise<void> {
    peer.handshake().send(STAY);
    await peer.text();
    peer.send(switching(), END, STAY);
    await reflect(peer);
}

async function reflect(peer: Peer): Promise<void> {
    for (let frame = await peer.next(); frame !== undefined && frame.opcode !== 8; frame = await peer.next()) {
        peer.send(frame.opcode === 1 ? frame.data.toString() : frame.data);
    }
}

/** Challenges until these credentials come, with these words. */
function guarded(credentials: string, challenge = BASIC): (peer: Peer) => Promise<void> {
    return async (peer) => {
        peer.handshake().send(STAY);
        for (;;) {
            const frame = await peer.next();
            if (frame === undefined || frame.opcode === 8) {
                return;
            }
            if (frame.data.toString().includes(`Authorization: ${credentials}\r\n`)) {
                break;
            }
            peer.send(challenge, END);
        }
        peer.send(switching(), END, STAY);
        await reflect(peer);
    };
}

/** A handler that gives these answers in turn, and keeps the requests. */
function answering(...answers: (string | null)[]): ChallengeHandler & { readonly requests: ChallengeRequest[] } {
    const requests: ChallengeRequest[] = [];
    return {
        requests,
        canHandle: () => true,
        handle: (request) => {
            requests.push(request);
            const answer = answers[requests.length - 1] ?? null;
            return answer === null ? null : new ChallengeResponse(answer);
        },
    };
}

describe("a socket has the shape of the browser's own", () => {
    test("it can stand wherever a WebSocket is asked for", async () => {
        const { url } = { url: (await gateway(echo)).url("/echo") };
        const socket: globalThis.WebSocket = new WebSocket(url);
        assert.equal(socket.url, url);
        assert.equal(socket.readyState, WebSocket.CONNECTING);
        assert.deepEqual([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED], [0, 1, 2, 3]);
        assert.equal(socket.binaryType, "blob");
        assert.equal(socket.bufferedAmount, 0);
        socket.close();
        assert.equal(socket.readyState, WebSocket.CLOSING);
        await new Promise((resolve) => (socket.onclose = resolve));
        assert.equal(socket.readyState, WebSocket.CLOSED);
    });

    test("it refuses what the browser's own refuses", async () => {
        const throws = (act: () => unknown, name: string): void => {
            assert.throws(act, (error) => error instanceof DOMException && error.name === name);
        };
        throws(() => new WebSocket("ftp://localhost/"), "SyntaxError");
        throws(() => new WebSocket("ws://localhost/#there"), "SyntaxError");
        throws(() => new WebSocket("ws:// bad/"), "SyntaxError");
        throws(() => new WebSocket("ws://localhost/", ["a", "a"]), "SyntaxError");
        throws(() => new WebSocket("ws://localhost/", ["a b"]), "SyntaxError");
        throws(() => new WebSocket("ws://localhost/", "x-kaazing-handshake"), "SyntaxError");
        const socket = new WebSocket((await gateway(echo)).url("/echo"));
        throws(() => socket.send("early"), "InvalidStateError");
        throws(() => socket.close(1001), "InvalidAccessError");
        throws(() => socket.close(5000), "InvalidAccessError");
        throws(() => socket.close(3000, "ü".repeat(62)), "SyntaxError");
        socket.close();
        await watch(socket).closed;
    });

    test("http and https mean ws and wss", () => {
        const socket = new WebSocket("http://127.0.0.1:1/echo?a=b");
        assert.equal(socket.url, "ws://127.0.0.1:1/echo?a=b");
        socket.close();
    });

    test("handlers and listeners are told in the order in which they were set", async () => {
        const socket = new WebSocket((await gateway(echo)).url("/echo"));
        const told: string[] = [];
        socket.addEventListener("open", () => told.push("first"));
        socket.onopen = () => told.push("replaced");
        socket.addEventListener("open", () => told.push("second"));
        const handler = (): unknown => told.push("third");
        socket.onopen = handler;
        assert.equal(socket.onopen, handler);
        await watch(socket).opened;
        assert.deepEqual(told, ["first", "second", "third"]);
        socket.onopen = null;
        assert.equal(socket.onopen, null);
        socket.close();
        await watch(socket).closed;
    });

    test("text and binary messages come back as they are", async () => {
        const socket = new WebSocket((await gateway(echo)).url("/echo"));
        const course = watch(socket);
        await course.opened;
        socket.send("grüß dich");
        assert.equal(await course.next(), "grüß dich");
        socket.send(Uint8Array.of(1, 2, 3).subarray(1));
        const blob = await course.next();
        assert.ok(blob instanceof Blob);
        assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), Uint8Array.of(2, 3));
        socket.binaryType = "arraybuffer";
        socket.send(new Blob([Uint8Array.of(4)]));
        assert.deepEqual(await course.next(), Uint8Array.of(4).buffer);
        socket.send("");
        assert.equal(await course.next(), "");
        socket.close(3001, "done");
        const { code, reason, wasClean } = await course.closed;
        assert.deepEqual([code, reason, wasClean], [3001, "done", true]);
        assert.deepEqual(course.events.slice(-1), ["close"]);
        socket.send("late");
        assert.equal(socket.bufferedAmount, 4);
    });

    test("codes and reasons of the gateway are the page's", async () => {
        for (const [code, reason] of [[1000, ""], [1001, "bye"], [1008, "no"], [4001, "ours"]] as const) {
            const peer = await gateway(async (peer) => {
                peer.handshake().send(STAY);
                await peer.text();
                peer.send(switching(), END, STAY);
                peer.close(code, reason);
            });
            const closed = await watch(new WebSocket(peer.url("/echo"))).closed;
            assert.deepEqual([closed.code, closed.reason, closed.wasClean], [code, reason, true]);
        }
        const silent = await gateway(async (peer) => {
            peer.handshake().send(STAY);
            await peer.text();
            peer.send(switching("Set-Cookie: KSSOID=1"), END, STAY);
            peer.close();
        });
        const closed = await watch(new WebSocket(silent.url("/echo"))).closed;
        assert.deepEqual([closed.code, closed.wasClean], [1005, true]);
    });

    test("a connection that breaks is 1006", async () => {
        const peer = await gateway(async (peer) => {
            peer.handshake().send(STAY);
            await peer.text();
            peer.send(switching(), END, STAY, "last");
            await peer.text();
            peer.drop();
        });
        const socket = new WebSocket(peer.url("/echo"));
        const course = watch(socket);
        assert.equal(await course.next(), "last");
        socket.send("go");
        const closed = await course.closed;
        assert.deepEqual([closed.code, closed.wasClean], [1006, false]);
    });
});

describe("the handshake on the wire", () => {
    test("the outer request asks for the balanced form, the inner one does not", async () => {
        const peer = await gateway(echo);
        const socket = new WebSocket(peer.url("/echo?room=1"), ["foo", "bar"]);
        await watch(socket).opened;
        const [client] = peer.peers;
        assert.equal(client?.request.url, "/echo?room=1&.kl=Y");
        assert.deepEqual(client?.offered, ["x-kaazing-handshake", "foo", "bar"]);
        assert.equal(socket.url, peer.url("/echo?room=1"));
        socket.close();
        await watch(socket).closed;
    });

    test("a text says what is asked", async () => {
        const texts: HandshakeEvent[] = [];
        const socket = new WebSocket((await gateway(guarded("Token abc"))).url("/echo?a"), ["foo"], {
            challengeHandler: answering("Token abc"),
            observe: (event) => texts.push(event),
        });
        await watch(socket).opened;
        assert.deepEqual(
            texts.map(({ direction, kind }) => `${direction} ${kind}`),
            [
                "received balancer",
                "sent request",
                "received response",
                "sent request",
                "received response",
                "received balancer",
            ],
        );
        assert.equal(
            texts[3]?.text,
            "GET /echo?a HTTP/1.1\r\nSec-WebSocket-Protocol: foo\r\nSec-WebSocket-Extensions: " +
                "x-kaazing-idle-timeout,x-kaazing-ping-pong,x-kaazing-http-revalidate\r\nAuthorization: Token abc\r\n\r\n",
        );
        assert.match(texts[2]?.text ?? "", /^HTTP\/1\.1 401 /);
        socket.close();
        await watch(socket).closed;
    });

    test("the plain form has neither .kl nor a balancer", async () => {
        const peer = await gateway(async (peer) => {
            peer.handshake();
            await peer.text();
            peer.send(BASIC);
            await peer.text();
            peer.send(switching("Sec-WebSocket-Protocol: foo"), "hello");
        });
        const socket = new WebSocket(peer.url("/echo"), "foo", { balanced: false, challengeHandler: answering("Basic x") });
        const course = watch(socket);
        assert.equal(await course.next(), "hello");
        assert.equal(socket.protocol, "foo");
        assert.equal(peer.peers[0]?.request.url, "/echo");
        socket.close();
        await course.closed;
    });

    test("a server that takes an app's sub-protocol instead is an ordinary one", async () => {
        const peer = await gateway(async (peer) => reflect(peer.accept("bar")));
        const socket = new WebSocket(peer.url("/echo"), ["foo", "bar"]);
        const course = watch(socket);
        await course.opened;
        assert.equal(socket.protocol, "bar");
        socket.send("\u0001\u0001\u0001\u0002");
        assert.equal(await course.next(), "\u0001\u0001\u0001\u0002");
        socket.close();
        await course.closed;
    });

    test("a server that refuses the handshake is asked for an ordinary socket", async () => {
        const refuse = (peer: Peer): unknown => peer.refuse();
        const peer = await gateway(refuse, async (peer) => reflect(peer.accept("foo")));
        const socket = new WebSocket(peer.url("/echo?a=b"), "foo");
        const course = watch(socket);
        await course.opened;
        assert.equal(peer.peers[1]?.request.url, "/echo?a=b");
        assert.deepEqual(peer.peers[1]?.offered, ["foo"]);
        socket.close();
        await course.closed;

        const strict = await gateway(refuse);
        const refused = watch(new WebSocket(strict.url("/echo"), [], { nativeFallback: false }));
        await refused.closed;
        assert.equal(refused.error?.error.failure, "unreachable");
        assert.equal(strict.peers.length, 1);
    });
});

describe("challenges", () => {
    test("a password opens the socket, and nothing is sent before it is open", async () => {
        const peer = await gateway(guarded("Basic am9lOndlbGNvbWU="));
        const socket = new WebSocket(peer.url("/echo"), [], { challengeHandler: new BasicChallengeHandler(() => JOE) });
        const course = watch(socket);
        await course.opened;
        socket.send("data");
        assert.equal(await course.next(), "data");
        socket.close();
        await course.closed;
        assert.deepEqual(course.events, ["open", "message", "close"]);
    });

    test("a wrong password is asked for again, and the handler is told", async () => {
        const peer = await gateway(guarded("Basic am9lOndlbGNvbWU="));
        const handler = answering("Basic am9lOmJhZA==", "Basic am9lOmJhZA==", "Basic am9lOndlbGNvbWU=");
        const socket = new WebSocket(peer.url("/echo"), [], { challengeHandler: handler });
        await watch(socket).opened;
        assert.deepEqual(handler.requests.map(({ attempt }) => attempt), [1, 2, 3]);
        assert.equal(handler.requests[0]?.location, peer.url("/echo"));
        assert.equal(handler.requests[0]?.authenticationScheme, "Basic");
        assert.equal(handler.requests[0]?.authenticationParameters, 'realm="demo"');
        socket.close();
        await watch(socket).closed;
    });

    for (const [name, options, failure] of [
        ["nobody to answer", {}, "unanswered"],
        ["a user who does not want to", { challengeHandler: new BasicChallengeHandler(() => null) }, "unanswered"],
        ["a handler for other schemes", { challengeHandler: new BasicChallengeHandler() }, "unanswered"],
        [
            "a handler that throws",
            { challengeHandler: new BasicChallengeHandler(() => Promise.reject(new Error("s3cret"))) },
            "handler",
        ],
    ] as [string, WebSocketOptions, string][]) {
        test(`${name} ends the socket, here and at the gateway`, async () => {
            const ended: (number | undefined)[] = [];
            const peer = await gateway(async (peer) => {
                peer.handshake().send(STAY);
                await peer.text();
                peer.send(BASIC, END);
                ended.push((await peer.next())?.opcode);
            });
            const course = watch(new WebSocket(peer.url("/echo"), [], options));
            const closed = await course.closed;
            assert.deepEqual([closed.code, closed.wasClean], [1006, false]);
            assert.equal(course.error?.error.failure, failure);
            assert.equal(course.error?.error.status, 401);
            assert.doesNotMatch(closed.reason, /s3cret/);
            assert.deepEqual(course.events, ["error", "close"]);
            await until(() => ended.length === 1);
            assert.deepEqual(ended, [8]);
        });
    }

    test("a 403 says so, first or later, and the socket does not stay behind", async () => {
        for (const isFirst of [true, false]) {
            const ended: (number | undefined)[] = [];
            const peer = await gateway(async (peer) => {
                peer.handshake().send(STAY);
                await peer.text();
                if (!isFirst) {
                    peer.send(BASIC, END);
                    await peer.text();
                }
                peer.send(FORBIDDEN, END);
                ended.push((await peer.next())?.opcode);
            });
            const course = watch(new WebSocket(peer.url("/echo"), [], { challengeHandler: answering("Basic x") }));
            await course.closed;
            assert.equal(course.error?.error.status, 403);
            assert.match(course.error?.message ?? "", /403 Forbidden/);
            await until(() => ended.length === 1);
            assert.deepEqual(ended, [8]);
            assert.equal(peer.peers.length, 1, "nothing is tried again");
        }
    });

    test("a handler that answers by itself does not go round for ever", async () => {
        const peer = await gateway(guarded("nobody's"));
        const handler: ChallengeHandler = { canHandle: () => true, handle: () => new ChallengeResponse("Basic x") };
        const course = watch(new WebSocket(peer.url("/echo"), [], { challengeHandler: handler }));
        await course.closed;
        assert.equal(course.error?.error.failure, "unanswered");
    });

    test("an answer names who is asked next, and is forgotten once it is sent", async () => {
        const second = answering("Token 2");
        const sent = new ChallengeResponse("Token 1", second);
        const peer = await gateway(guarded("Token 2", unauthorized("Application Token")));
        const socket = new WebSocket(peer.url("/echo"), [], {
            challengeHandler: { canHandle: () => true, handle: () => sent },
        });
        await watch(socket).opened;
        assert.equal(second.requests.length, 1);
        assert.equal(second.requests[0]?.authenticationScheme, "Token");
        assert.equal(second.requests[0]?.authenticationParameters, null);
        assert.equal(sent.credentials, null);
        socket.close();
        await watch(socket).closed;
    });

    test("a page that closes the socket takes the question back", async () => {
        const peer = await gateway(guarded("Basic x"));
        let signal: AbortSignal | undefined;
        const socket = new WebSocket(peer.url("/echo"), [], {
            challengeHandler: {
                canHandle: () => true,
                handle: async (request) => {
                    signal = request.signal;
                    socket.close();
                    return new Promise(() => {});
                },
            },
        });
        const course = watch(socket);
        const closed = await course.closed;
        assert.equal(closed.code, 1006);
        assert.equal(course.error?.error.failure, "aborted");
        assert.equal(signal?.aborted, true);
    });

    test("the gateway's proof of itself is checked before anything is handed out", async () => {
        for (const isGood of [true, false]) {
            const peer = await gateway(async (peer) => {
                peer.handshake().send(STAY);
                await peer.text();
                peer.send(unauthorized("Application Negotiate"), END);
                await peer.text();
                peer.send(switching("WWW-Authenticate: Negotiate oQ=="), END, STAY, "early");
                await reflect(peer);
            });
            const proofs: (string | null | undefined)[] = [];
            const next: ChallengeHandler = {
                canHandle: () => true,
                handle: () => null,
                established: async (proof) => {
                    await new Promise((resolve) => setImmediate(resolve));
                    proofs.push(proof?.authenticationParameters);
                    if (!isGood) {
                        throw new Error("not it");
                    }
                },
            };
            const handle = (): ChallengeResponse => new ChallengeResponse("Negotiate YA==", next);
            const socket = new WebSocket(peer.url("/echo"), [], { challengeHandler: { canHandle: () => true, handle } });
            const course = watch(socket);
            if (isGood) {
                assert.equal(await course.next(), "early");
                socket.close();
            }
            await course.closed;
            assert.deepEqual(proofs, ["oQ=="]);
            assert.deepEqual(course.events, isGood ? ["open", "message", "close"] : ["error", "close"]);
            assert.equal(course.error?.error.failure, isGood ? undefined : "unproven");
        }
    });
});

describe("time", () => {
    test("a silent gateway is given up", async () => {
        const peer = await gateway((peer) => peer.handshake());
        const course = watch(new WebSocket(peer.url("/echo"), [], { connectTimeout: 50 }));
        await course.closed;
        assert.equal(course.error?.error.failure, "time");
        assert.match(course.error?.message ?? "", /50 ms/);
    });

    test("users may think for longer than that", async () => {
        const peer = await gateway(guarded("Basic am9lOndlbGNvbWU="));
        const slow = new BasicChallengeHandler(async () => {
            await new Promise((resolve) => setTimeout(resolve, 400));
            return JOE;
        });
        const socket = new WebSocket(peer.url("/echo"), [], { connectTimeout: 300, challengeHandler: slow });
        await watch(socket).opened;
        socket.close();
        await watch(socket).closed;
    });

    test("an open socket on which nothing is heard is over", async () => {
        const peer = await gateway(async (peer) => {
            peer.handshake().send(STAY);
            await peer.text();
            peer.send(switching("Sec-WebSocket-Extensions: x-kaazing-idle-timeout; timeout=100"), END, STAY);
        });
        const closed = await watch(new WebSocket(peer.url("/echo"))).closed;
        assert.deepEqual([closed.code, closed.wasClean], [1006, false]);
        assert.match(closed.reason, /silent/);
    });
});

describe("redirects", () => {
    const found = (url: string): Uint8Array => response(["HTTP/1.1 302 Found", `Location: ${url}`]);

    test("the balancer's word and a 302 lead to another member, with a request for its path", async () => {
        for (const isInner of [false, true]) {
            const requests: string[] = [];
            const member = await gateway(async (peer) => {
                peer.handshake().send(STAY);
                requests.push((await peer.text()).split("\r\n")[0] ?? "");
                peer.send(switching(), END, STAY);
                await reflect(peer);
            });
            const there = member.url("/member?.kl=Y");
            const peer = await gateway(async (peer) => {
                if (isInner) {
                    peer.handshake().send(STAY);
                    await peer.text();
                    peer.send(found(there.replace("ws:", "http:")), END);
                } else {
                    peer.handshake().send(elsewhere(there));
                }
            });
            const socket = new WebSocket(peer.url("/echo"));
            const course = watch(socket);
            await course.opened;
            assert.deepEqual(requests, ["GET /member HTTP/1.1"]);
            assert.equal(member.peers[0]?.request.url, "/member?.kl=Y");
            assert.equal(socket.url, peer.url("/echo"));
            socket.close();
            await course.closed;
        }
    });

    test("a challenge names the place that it comes from", async () => {
        const member = await gateway(guarded("Token 1", unauthorized("Application Token")));
        const peer = await gateway((peer) => peer.handshake().send(elsewhere(member.url("/echo"))));
        const handler = answering("Token 1");
        const socket = new WebSocket(peer.url("/echo"), [], { challengeHandler: handler });
        await watch(socket).opened;
        assert.equal(handler.requests[0]?.location, member.url("/echo"));
        socket.close();
        await watch(socket).closed;
    });

    test("what the policy does not allow is not asked", async () => {
        const member = await gateway(echo);
        const peer = await gateway((peer) => peer.handshake().send(elsewhere(member.url("/echo"))));
        const course = watch(new WebSocket(peer.url("/echo"), [], { redirectPolicy: "same-origin" }));
        await course.closed;
        assert.equal(course.error?.error.failure, "redirect");
        assert.equal(member.peers.length, 0);
    });

    test("a circle ends", async () => {
        const peer: Gateway = await gateway((client) => client.handshake().send(elsewhere(peer.url("/echo"))));
        const course = watch(new WebSocket(peer.url("/echo")));
        await course.closed;
        assert.equal(course.error?.error.failure, "redirect");
        assert.equal(peer.peers.length, 6);
    });

    test("a balancer without members is no reason to try again", async () => {
        const peer = await gateway((peer) => peer.handshake().send(elsewhere("")));
        const course = watch(new WebSocket(peer.url("/echo")));
        await course.closed;
        assert.equal(course.error?.error.failure, "unavailable");
        assert.equal(peer.peers.length, 1);
    });
});

describe("extensions", () => {
    const PING_PONG = "Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102";

    test("pings are answered in kind and are no messages", async () => {
        const frames: string[] = [];
        const peer = await gateway(async (peer) => {
            peer.handshake().send(STAY);
            await peer.text();
            peer.send(switching(PING_PONG), END, STAY);
            peer.send("\u0001\u0001\u0001\u0002\t\u0000", Uint8Array.of(1, 1, 1, 2, 9, 0), Uint8Array.of(1, 1, 1, 2, 10, 0));
            for (let count = 0; count < 2; count += 1) {
                const frame = await peer.next();
                frames.push(`${frame?.opcode} ${frame?.data.toString("hex")}`);
            }
            peer.send("end");
        });
        const socket = new WebSocket(peer.url("/echo"));
        const course = watch(socket);
        assert.equal(await course.next(), "end");
        assert.deepEqual(frames, ["1 010101020a00", "2 010101020a00"]);
        assert.equal(socket.extensions, "x-kaazing-ping-pong; 01010102");
        socket.close();
        await course.closed;
    });

    test("data that looks like a ping is told apart, in both directions and in its order", async () => {
        const frames: string[] = [];
        const peer = await gateway(async (peer) => {
            peer.handshake().send(STAY);
            await peer.text();
            peer.send(switching(PING_PONG), END, STAY);
            const ping = Uint8Array.of(1, 1, 1, 2);
            peer.send("\u0001\u0001\u0001\u0002", "\u0001\u0001\u0001\u0002data", ping, ping, "plain");
            for (let count = 0; count < 6; count += 1) {
                const frame = await peer.next();
                frames.push(`${frame?.opcode} ${frame?.data.toString("hex")}`);
            }
            peer.send("end");
        });
        const socket = new WebSocket(peer.url("/echo"));
        socket.binaryType = "arraybuffer";
        const course = watch(socket);
        assert.equal(await course.next(), "\u0001\u0001\u0001\u0002data");
        assert.deepEqual(await course.next(), Uint8Array.of(1, 1, 1, 2).buffer);
        assert.equal(await course.next(), "plain");
        socket.send("\u0001\u0001\u0001\u0002x");
        socket.send(new Blob([Uint8Array.of(1, 1, 1, 2, 3)]));
        const octets = Uint8Array.of(7, 8);
        socket.send(octets);
        octets.fill(0);
        assert.equal(socket.bufferedAmount >= 7, true);
        // A program without types; browsers send the text of what is no data.
        socket.send(42 as unknown as string);
        assert.equal(await course.next(), "end");
        assert.deepEqual(frames, ["1 01010102", "1 0101010278", "2 01010102", "2 0101010203", "2 0708", "1 3432"]);
        socket.close();
        await course.closed;
    });

    test("what waits behind a blob is sent before the socket closes", async () => {
        const frames: (number | undefined)[] = [];
        const peer = await gateway(async (peer) => {
            peer.handshake().send(STAY);
            await peer.text();
            peer.send(switching(PING_PONG), END, STAY);
            for (let count = 0; count < 3; count += 1) {
                frames.push((await peer.next())?.opcode);
            }
        });
        const socket = new WebSocket(peer.url("/echo"));
        const course = watch(socket);
        await course.opened;
        socket.send(new Blob(["a"]));
        socket.send("b");
        socket.close(1000);
        assert.equal((await course.closed).code, 1000);
        assert.deepEqual(frames, [2, 1, 8]);
    });

    test("a ping that cannot be read ends the socket", async () => {
        const peer = await gateway(async (peer) => {
            peer.handshake().send(STAY);
            await peer.text();
            peer.send(switching(PING_PONG), END, STAY, Uint8Array.of(1, 1, 1, 2, 99));
        });
        const closed = await watch(new WebSocket(peer.url("/echo"))).closed;
        assert.deepEqual([closed.code, closed.wasClean], [1002, false]);
    });
});

test("a factory's sockets share its handler, and may have their own", async () => {
    const factory = new WebSocketFactory().setChallengeHandler(answering("Token 1", "Token 1")).setConnectTimeout(10_000);
    const peer = await gateway(guarded("Token 1", unauthorized("Application Token")));
    const shared = factory.setRedirectPolicy("never").createWebSocket(peer.url("/echo"));
    await watch(shared).opened;
    const own = factory.createWebSocket(peer.url("/echo"), [], { challengeHandler: null });
    const course = watch(own);
    await course.closed;
    assert.equal(course.error?.error.failure, "unanswered");
    shared.close();
    await watch(shared).closed;
});

test("a gateway that closes in the midst of it is heard", async () => {
    const peer = await gateway(async (peer) => {
        peer.handshake().send(STAY);
        await peer.text();
        peer.close(1008, "go away");
    });
    const course = watch(new WebSocket(peer.url("/echo")));
    const closed = await course.closed;
    assert.equal(closed.code, 1008);
    assert.equal(course.error?.error.failure, "closed");
    assert.match(closed.reason, /1008 go away/);
});

/** Waits until this holds. */
async function until(holds: () => boolean): Promise<void> {
    while (!holds()) {
        await new Promise((resolve) => setImmediate(resolve));
    }
}
