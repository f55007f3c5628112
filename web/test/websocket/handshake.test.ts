/** The handshake inside a WebSocket, replayed message for message without one. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Handshake, type Step, type Terms } from "../../src/websocket/handshake.js";
import { IDLE_TIMEOUT, PING_PONG } from "../../src/websocket/extensions.js";
import { END, FORBIDDEN, STAY, elsewhere, response, switching, unauthorized } from "./traces.js";

const EXTENSIONS = [IDLE_TIMEOUT, PING_PONG];
const REQUEST = "GET /echo HTTP/1.1\r\nSec-WebSocket-Extensions: x-kaazing-idle-timeout,x-kaazing-ping-pong\r\n";

/** A handshake of `/echo`. */
function handshake(terms: Partial<Terms> = {}): Handshake {
    const echo = { target: "/echo", protocols: [], extensions: EXTENSIONS, isBalanced: true, maxResponse: 4096 };
    return new Handshake({ ...echo, ...terms });
}

/** The same in the plain form, without `.kl=Y`. */
function plain(terms: Partial<Terms> = {}): Handshake {
    return handshake({ isBalanced: false, ...terms });
}

/** What all these messages lead to, one after another; `begin` comes first. */
function replay(machine: Handshake, ...messages: readonly (string | Uint8Array)[]): Step[] {
    return [machine.begin(), ...messages.map((message) => machine.receive(message))];
}

function last(steps: readonly Step[]): Step {
    const step = steps.at(-1);
    assert.ok(step);
    return step;
}

function opened(step: Step): Extract<Step, { kind: "opened" }> {
    assert.equal(step.kind, "opened");
    return step as Extract<Step, { kind: "opened" }>;
}

function failed(step: Step): Extract<Step, { kind: "failed" }>["error"] {
    assert.equal(step.kind, "failed");
    return (step as Extract<Step, { kind: "failed" }>).error;
}

const kinds = (steps: readonly Step[]): string[] => steps.map((step) => step.kind);

test("the replayed responses have the lengths that the gateway's frames announce", () => {
    const lengths = [
        [switching(), 0xc9],
        [switching("Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102"), 0x102],
        [switching("Sec-WebSocket-Extensions: x-kaazing-idle-timeout; timeout=2000"), 0x109],
        [switching("Sec-WebSocket-Protocol: foo"), 0xe6],
        [unauthorized('Application Basic realm="demo"'), 0xbc],
        [unauthorized("Application Token"), 0xaf],
        [unauthorized('Application Token foo="bar"'), 0xb9],
        [unauthorized("Application Negotiate"), 0xb3],
        [FORBIDDEN, 0x84],
    ] as const;
    for (const [octets, length] of lengths) {
        assert.equal(octets.length, length);
    }
});

describe("in the balanced form", () => {
    test("a request waits for the balancer, and data for the balancer's second word", () => {
        const ping = switching("Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102");
        const steps = replay(handshake(), STAY, ping, END, STAY);
        assert.deepEqual(kinds(steps), ["wait", "send", "wait", "wait", "opened"]);
        assert.deepEqual(steps[1], { kind: "send", text: `${REQUEST}\r\n` });
        const { protocol, agreed } = opened(last(steps));
        assert.equal(protocol, "");
        assert.deepEqual(agreed.pingPong, Uint8Array.of(1, 1, 1, 2));
        assert.equal(agreed.words, "x-kaazing-ping-pong; 01010102");
    });

    test("a challenge is answered with the same request and credentials", () => {
        const machine = handshake();
        const steps = replay(machine, STAY, unauthorized('Application Basic realm="demo"'), END);
        assert.deepEqual(last(steps), {
            kind: "challenged",
            challenges: ['Application Basic realm="demo"'],
            reason: "Unauthorized",
        });
        const text = `${REQUEST}Authorization: Basic am9lOndlbGNvbWU=\r\n\r\n`;
        assert.deepEqual(machine.answer("Basic am9lOndlbGNvbWU="), { kind: "send", text });
        machine.receive(switching());
        machine.receive(END);
        opened(machine.receive(STAY));
    });

    test("a wrong password is asked for again and again", () => {
        const machine = handshake();
        replay(machine, STAY, unauthorized('Application Basic realm="demo"'), END);
        for (let round = 0; round < 5; round += 1) {
            assert.equal(machine.answer("Basic am9lOmJhZA==").kind, "send");
            assert.equal(machine.receive(unauthorized('Application Basic realm="demo"')).kind, "wait");
            assert.equal(machine.receive(END).kind, "challenged");
        }
    });

    test("nobody's credentials end it with the 401", () => {
        const machine = handshake();
        replay(machine, STAY, unauthorized('Application Basic realm="demo"'), END);
        const error = failed(machine.answer(null));
        assert.equal(error.failure, "unanswered");
        assert.equal(error.status, 401);
    });

    test("a token without parameters has no carriage return in its scheme", () => {
        const steps = replay(handshake(), STAY, unauthorized("Application Token"), END);
        assert.deepEqual(last(steps), {
            kind: "challenged",
            challenges: ["Application Token"],
            reason: "Unauthorized",
        });
    });

    test("each of two rounds of challenges is shown", () => {
        const machine = handshake();
        const first = replay(machine, STAY, unauthorized('Application Token step="1"'), END);
        assert.equal(last(first).kind, "challenged");
        machine.answer("Token 1");
        machine.receive(unauthorized('Application Token step="2"'));
        const second = machine.receive(END);
        assert.deepEqual(second.kind === "challenged" && second.challenges, ['Application Token step="2"']);
        machine.answer("Token 2");
        machine.receive(switching());
        machine.receive(END);
        opened(machine.receive(STAY));
    });

    test("all challenges of a 401 are shown, in their order", () => {
        const steps = replay(handshake(), STAY, unauthorized("Application Negotiate", 'Application Basic realm="d"'), END);
        const step = last(steps);
        assert.deepEqual(step.kind === "challenged" && step.challenges, [
            "Application Negotiate",
            'Application Basic realm="d"',
        ]);
    });

    test("a 401 without a body or its length is a challenge", () => {
        const bare = response(["HTTP/1.1 401 Unauthorized", "WWW-Authenticate: Application Token"]);
        assert.equal(last(replay(handshake(), STAY, bare, END)).kind, "challenged");
    });

    test("names of fields in lower case are read", () => {
        const lower = response(["HTTP/1.1 401 Unauthorized", 'www-authenticate: Application Basic realm="demo"']);
        assert.equal(last(replay(handshake(), STAY, lower, END)).kind, "challenged");
    });

    test("a 403 after a 401 is the end", () => {
        const machine = handshake();
        replay(machine, STAY, unauthorized("Application Token"), END);
        machine.answer("Token 1:joe:welcome");
        machine.receive(FORBIDDEN);
        const error = failed(machine.receive(END));
        assert.equal(error.status, 403);
        assert.match(error.message, /403 Forbidden/);
    });

    test("a 403 as the first answer is the end at once", () => {
        assert.equal(failed(last(replay(handshake(), STAY, FORBIDDEN, END))).status, 403);
    });

    test("a 302 leads elsewhere", () => {
        const found = response([
            "HTTP/1.1 302 Found",
            "Location: http://127.0.0.1:18602/echo",
            "Content-Length: 0",
        ]);
        assert.equal(found.length, 0x50);
        const step = last(replay(handshake(), STAY, found, END));
        assert.deepEqual(step, { kind: "redirected", location: "http://127.0.0.1:18602/echo" });
    });

    test("the balancer leads elsewhere before the request and after the 101", () => {
        const there = elsewhere("ws://127.0.0.1:18602/echo?.kl=Y");
        assert.equal(there.length, 0x23);
        const redirected = { kind: "redirected", location: "ws://127.0.0.1:18602/echo?.kl=Y" };
        assert.deepEqual(last(replay(handshake(), there)), redirected);
        assert.deepEqual(last(replay(handshake(), STAY, switching(), END, there)), redirected);
    });

    test("a place that ends in N is no word to stay", () => {
        const step = last(replay(handshake(), elsewhere("ws://127.0.0.1/N")));
        assert.deepEqual(step, { kind: "redirected", location: "ws://127.0.0.1/N" });
    });

    test("a balancer without a member says that it has none", () => {
        assert.equal(failed(last(replay(handshake(), elsewhere("")))).failure, "unavailable");
    });

    test("without the balancer's first word nothing is asked", () => {
        assert.deepEqual(kinds(replay(handshake())), ["wait"]);
    });

    test("a 101 without its end is read when the balancer speaks", () => {
        const { protocol } = opened(
            last(replay(handshake({ protocols: ["foo"] }), STAY, switching("Sec-WebSocket-Protocol: foo"), STAY)),
        );
        assert.equal(protocol, "foo");
    });

    test("messages of text say the same as binary ones", () => {
        const foo = new TextDecoder().decode(switching("Sec-WebSocket-Protocol: foo"));
        const steps = replay(handshake({ protocols: ["foo", "bar"] }), "\uf0ffN", foo, "", "\uf0ffN");
        assert.equal(opened(last(steps)).protocol, "foo");
    });

    test("an empty message too many changes nothing", () => {
        const machine = handshake();
        assert.equal(last(replay(machine, STAY, unauthorized("Application Token"), END, END)).kind, "wait");
        assert.equal(machine.answer("Token 1").kind, "send");
        machine.receive(switching());
        machine.receive(END);
        assert.equal(machine.receive(END).kind, "wait");
        opened(machine.receive(STAY));
    });

    test("a response may come in pieces", () => {
        const octets = unauthorized('Application Basic realm="demo"');
        const pieces = [octets.subarray(0, 7), octets.subarray(7, 100), octets.subarray(100)];
        const steps = replay(handshake(), STAY, ...pieces, END);
        assert.deepEqual(kinds(steps), ["wait", "send", "wait", "wait", "wait", "challenged"]);
    });

    test("the page's sub-protocols are offered inside, and the gateway's choice is exact", () => {
        const steps = replay(
            handshake({ protocols: ["foo", "bar"] }),
            STAY,
            switching("Sec-WebSocket-Protocol: foo"),
            END,
            STAY,
        );
        const [, request] = steps;
        assert.ok(request?.kind === "send");
        assert.match(request.text, /^Sec-WebSocket-Protocol: foo,bar\r$/m);
        assert.equal(opened(last(steps)).protocol, "foo");
    });

    test("both extensions are agreed to", () => {
        const both = switching(
            "Sec-WebSocket-Extensions: x-kaazing-idle-timeout; timeout=2000",
            "Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102",
        );
        assert.equal(both.length, 0x142);
        const { agreed } = opened(last(replay(handshake(), STAY, both, END, STAY)));
        assert.equal(agreed.idleTimeout, 2000);
        assert.deepEqual(agreed.pingPong, Uint8Array.of(1, 1, 1, 2));
    });

    test("data before the balancer's second word is refused", () => {
        const steps = replay(handshake(), STAY, switching(), END, "early");
        assert.equal(failed(last(steps)).failure, "malformed");
    });
});

describe("in the plain form", () => {
    test("the request is sent at once, and data flows after the 101", () => {
        const steps = replay(plain({ extensions: [] }), switching());
        assert.deepEqual(steps[0], { kind: "send", text: "GET /echo HTTP/1.1\r\n\r\n" });
        opened(last(steps));
    });

    test("a challenge is a message", () => {
        const machine = plain({ extensions: [] });
        const steps = replay(machine, unauthorized("Application Token"));
        assert.deepEqual(kinds(steps), ["send", "challenged"]);
        const text = "GET /echo HTTP/1.1\r\nAuthorization: Token 1:joe:welcome\r\n\r\n";
        assert.equal(text.length, 0x3a);
        assert.deepEqual(machine.answer("Token 1:joe:welcome"), { kind: "send", text });
        opened(machine.receive(switching()));
    });

    test("an empty message after a 401, which the specification has and gateways do not send, is passed over", () => {
        const machine = plain();
        assert.deepEqual(kinds(replay(machine, unauthorized("Application Token"), END)), ["send", "challenged", "wait"]);
        assert.equal(machine.answer("Token 1").kind, "send");
    });

    test("a body that is announced is waited for", () => {
        const octets = unauthorized("Application Token");
        const steps = replay(plain(), octets.subarray(0, 60), octets.subarray(60, 150), octets.subarray(150));
        assert.deepEqual(kinds(steps), ["send", "wait", "wait", "challenged"]);
    });

    test("a 302 leads elsewhere", () => {
        const found = response(["HTTP/1.1 302 Found", "location: http://127.0.0.1:18602/echo"]);
        assert.deepEqual(last(replay(plain(), found)), {
            kind: "redirected",
            location: "http://127.0.0.1:18602/echo",
        });
    });
});

describe("a gateway is not believed", () => {
    const cases: [string, Uint8Array, string, number | undefined][] = [
        ["no HTTP", new TextEncoder().encode("hello\r\n\r\n"), "malformed", undefined],
        ["noise", Uint8Array.of(0xff, 0xfe, 0, 10, 10), "malformed", undefined],
        ["a field without a colon", response(["HTTP/1.1 200 OK", "oops"]), "malformed", undefined],
        ["a folded field", response(["HTTP/1.1 101 OK", "A: b", " c"]), "malformed", undefined],
        ["too many fields", response(["HTTP/1.1 101 OK", ...Array<string>(200).fill("A: b")]), "malformed", undefined],
        ["a length of words", response(["HTTP/1.1 401 No", "Content-Length: ten"]), "malformed", undefined],
        ["a 401 that asks nothing", response(["HTTP/1.1 401 Unauthorized"]), "malformed", 401],
        ["a redirect to nowhere", response(["HTTP/1.1 302 Found"]), "redirect", 302],
        ["200", response(["HTTP/1.1 200 OK"]), "status", 200],
        ["201", response(["HTTP/1.1 201 Created"]), "status", 201],
        ["400", response(["HTTP/1.1 400 Bad Request"]), "status", 400],
        ["404", response(["HTTP/1.1 404 Not Found"]), "status", 404],
        ["429", response(["HTTP/1.1 429 Too Many Requests"]), "status", 429],
        ["503", response(["HTTP/1.1 503 Service Unavailable"]), "status", 503],
        ["a protocol that nobody offered", switching("Sec-WebSocket-Protocol: baz"), "protocol", 101],
        ["an extension that nobody offered", switching("Sec-WebSocket-Extensions: x-other"), "extension", undefined],
        [
            "an extension twice",
            switching("Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102, x-kaazing-ping-pong; 01010103"),
            "extension",
            undefined,
        ],
        ["control octets of letters", switching("Sec-WebSocket-Extensions: x-kaazing-ping-pong; zzzzzzzz"), "extension", undefined],
        ["no timeout", switching("Sec-WebSocket-Extensions: x-kaazing-idle-timeout"), "extension", undefined],
        ["a timeout of nothing", switching("Sec-WebSocket-Extensions: x-kaazing-idle-timeout; timeout=0"), "extension", undefined],
    ];
    for (const [name, octets, failure, status] of cases) {
        test(`${name} ends it`, () => {
            for (const machine of [plain(), handshake()]) {
                const steps = replay(machine, STAY, octets, END);
                const error = steps.find((step) => step.kind === "failed")?.error;
                assert.equal(error?.failure, failure);
                assert.equal(error?.status, status);
                assert.equal(machine.receive(switching()).kind, "wait", "nothing follows an end");
            }
        });
    }

    test("a response without an end is given up", () => {
        const machine = plain({ maxResponse: 1000 });
        machine.begin();
        machine.receive(new TextEncoder().encode(`HTTP/1.1 401 No\r\nA: ${"a".repeat(500)}`));
        assert.equal(failed(machine.receive(new Uint8Array(600))).failure, "too-long");
    });

    test("a reason is shown without what a terminal would obey", () => {
        const error = failed(last(replay(plain(), response([`HTTP/1.1 403 \u001b[2J${"x".repeat(500)}`]))));
        assert.doesNotMatch(error.message, /\u001b/);
        assert.ok(error.message.length < 200);
    });

    test("any octets lead to a step, never to another error", () => {
        let seed = 1;
        const random = (below: number): number => {
            seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
            return seed % below;
        };
        const sources = [STAY, unauthorized('Application Basic realm="demo"'), switching(), FORBIDDEN, elsewhere("ws://h/")];
        for (let round = 0; round < 5000; round += 1) {
            const machine = handshake({ isBalanced: round % 2 === 0 });
            machine.begin();
            for (let message = 0; message < 4; message += 1) {
                const octets = Uint8Array.from(sources[random(sources.length)] ?? END);
                for (let change = random(4); change > 0; change -= 1) {
                    octets[random(octets.length)] = random(256);
                }
                const step = machine.receive(octets.subarray(0, random(octets.length + 1)));
                if (step.kind === "challenged") {
                    machine.answer("Token 1");
                }
            }
        }
    });
});

test("credentials cannot write fields of their own", () => {
    const machine = plain();
    replay(machine, unauthorized("Application Token"));
    const error = failed(machine.answer("Token 1\r\nX-Evil: 1"));
    assert.equal(error.failure, "handler");
    assert.doesNotMatch(error.message, /Evil/);
});

test("nothing is answered that was not asked", () => {
    const machine = plain();
    machine.begin();
    assert.equal(failed(machine.answer("Token 1")).failure, "malformed");
});
