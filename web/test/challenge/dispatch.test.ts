/** Which places patterns are for, as the documents of KAAZING's clients have it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChallengeResponse, DispatchChallengeHandler, type ChallengeHandler } from "../../src/index.js";
import { request } from "./request.js";

function handler(name: string, can = true): ChallengeHandler {
    return { canHandle: () => can, handle: () => new ChallengeResponse(name) };
}

const at = (location: string): ReturnType<typeof request> => request("Application Token", location);

function fits(pattern: string, location: string): boolean {
    return new DispatchChallengeHandler().register(pattern, handler("it")).canHandle(at(location));
}

describe("a pattern is for a place", () => {
    const rows: [string, string[], string[]][] = [
        ["*/", ["ws://h/", "wss://h/echo", "ws://a.b.c:8001/x/y", "ws://u:p@h/"], []],
        ["*/*", ["ws://h/", "wss://h/echo", "ws://a.b.c:8001/x/y"], []],
        ["*", ["ws://h/", "wss://h:8443/echo"], []],
        ["ws://h:8001/echo", ["ws://h:8001/echo", "wss://h:8001/echo"], ["ws://h:8001/", "ws://h/echo", "ws://h:8001/echo/a"]],
        ["h:8001/*", ["ws://h:8001/", "ws://h:8001/a/b"], ["ws://h:8002/", "ws://i:8001/"]],
        [
            "*.hostname.com:8000",
            ["ws://a.hostname.com:8000/", "ws://a.b.hostname.com:8000/path"],
            ["ws://hostname.com:8000/", "ws://a.hostname.com/", "ws://ahostname.com:8000/"],
        ],
        ["ws://h/echo", ["ws://h/echo", "ws://h:80/echo"], ["wss://h/echo", "ws://h:8001/echo", "ws://h/"]],
        ["wss://h/echo", ["wss://h/echo", "wss://h:443/echo", "ws://h:443/echo"], ["ws://h/echo"]],
        ["https://h", ["wss://h/", "wss://h/any/path"], ["ws://h/"]],
        ["h", ["ws://h/", "ws://h/any"], ["wss://h/"]],
        ["server.hostname.com:*/*", ["ws://server.hostname.com:1/a", "wss://server.hostname.com/"], ["ws://hostname.com:1/a"]],
        ["*:443", ["wss://foo.example.com/"], ["ws://foo.example.com/"]],
        ["h:8001/", ["ws://h:8001/"], ["ws://h:8001/a"]],
        ["h/a/b/*", ["ws://h/a/b", "ws://h/a/b/", "ws://h/a/b/c/d"], ["ws://h/a/bc", "ws://h/a"]],
        ["h:*/*", ["ws://h/"], ["ws://user:pass@h/"]],
        ["*@h", ["ws://user:pass@h/", "ws://h/"], []],
        ["admin:*@h", ["ws://admin:pass@h/"], ["ws://h/", "ws://joe:pass@h/"]],
        ["admin:admin@h", ["ws://admin:admin@h/"], ["ws://admin:pass@h/"]],
        ["EXAMPLE.com", ["ws://example.COM/"], []],
        ["[::1]:8001", ["ws://[::1]:8001/"], ["ws://[::2]:8001/"]],
    ];
    for (const [pattern, fitting, others] of rows) {
        test(pattern, () => {
            fitting.forEach((location) => assert.ok(fits(pattern, location), `${location} fits`));
            others.forEach((location) => assert.ok(!fits(pattern, location), `${location} does not fit`));
        });
    }
});

test("the pattern that says most decides, in whatever order they came", async () => {
    const patterns = [
        "*/*",
        "*:8001",
        "*.example.com:*",
        "*.example.com:8001",
        "*.a.example.com:*",
        "b.a.example.com:*",
        "b.a.example.com:8001",
        "b.a.example.com:8001/x/*",
        "b.a.example.com:8001/x/y",
    ];
    const expected: [string, string][] = [
        ["ws://other/", "*/*"],
        ["ws://other:8001/", "*:8001"],
        ["ws://z.example.com/", "*.example.com:*"],
        ["ws://z.example.com:8001/", "*.example.com:8001"],
        ["ws://z.a.example.com:8001/", "*.a.example.com:*"],
        ["ws://b.a.example.com/", "b.a.example.com:*"],
        ["ws://b.a.example.com:8001/", "b.a.example.com:8001"],
        ["ws://b.a.example.com:8001/x/z", "b.a.example.com:8001/x/*"],
        ["ws://b.a.example.com:8001/x/y", "b.a.example.com:8001/x/y"],
    ];
    for (const order of [patterns, [...patterns].reverse()]) {
        const dispatch = new DispatchChallengeHandler();
        order.forEach((pattern) => dispatch.register(pattern, handler(pattern)));
        for (const [location, pattern] of expected) {
            assert.equal((await dispatch.handle(at(location)))?.credentials, pattern, location);
        }
    }
});

test("a handler that knows the scheme is found behind one that does not", async () => {
    const dispatch = new DispatchChallengeHandler()
        .register("h", handler("first", false))
        .register("h", handler("second"))
        .register("h", handler("third"))
        .register("*/", handler("any"));
    assert.equal((await dispatch.handle(at("ws://h/")))?.credentials, "second");
});

test("what was registered is taken back by the same words", async () => {
    const one = handler("one");
    const dispatch = new DispatchChallengeHandler().register("h", one).register("*/", one);
    dispatch.unregister("ws://h", one).unregister("h", handler("one"));
    assert.equal(dispatch.canHandle(at("ws://h/")), true);
    dispatch.unregister("*/", one);
    assert.equal(dispatch.canHandle(at("ws://h/")), true);
    assert.equal(dispatch.canHandle(at("ws://i/")), false);
    dispatch.clear();
    assert.equal(dispatch.canHandle(at("ws://h/")), false);
    assert.equal(await dispatch.handle(at("ws://h/")), null);
});

test("what is no pattern is refused", () => {
    for (const pattern of ["", "http://", "http:///foo", "a..b", "a.*.b", "a.*", "h:x", "h:80:80", "[::1", "h path:1:2"]) {
        assert.throws(() => new DispatchChallengeHandler().register(pattern, handler("x")), TypeError, pattern);
    }
});
