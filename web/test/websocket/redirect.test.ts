/** Where the policies of redirects lead. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HandshakeError, type RedirectPolicy } from "../../src/index.js";
import { balanced, follow, unbalanced } from "../../src/websocket/redirect.js";

function allows(policy: RedirectPolicy, from: string, to: string): boolean {
    try {
        follow(to, new URL(from), policy);
        return true;
    } catch (error) {
        assert.ok(error instanceof HandshakeError && error.failure === "redirect");
        return false;
    }
}

describe("from ws://a.example.com:8001/ may be gone", () => {
    const places = [
        "ws://a.example.com:8001/x",
        "wss://a.example.com:8001/",
        "ws://a.example.com:8002/",
        "ws://b.example.com/",
        "ws://c.a.example.com/",
        "ws://aa.example.com/",
        "ws://example.com/",
        "ws://other.com/",
    ];
    const rows: [RedirectPolicy, number][] = [
        ["always", 8],
        ["never", 0],
        ["same-origin", 1],
        ["same-domain", 3],
    ];
    for (const [policy, count] of rows) {
        test(`by ${String(policy)} to the first ${count}`, () => {
            const allowed = places.map((place) => allows(policy, "ws://a.example.com:8001/", place));
            assert.deepEqual(allowed, places.map((_, at) => at < count));
        });
    }

    test("by peer-domain to a.example.com and those beside it, by sub-domain to those below it", () => {
        const allowed = (policy: RedirectPolicy): string[] =>
            places.slice(3).filter((place) => allows(policy, "ws://a.example.com:8001/", place));
        assert.deepEqual(allowed("peer-domain"), ["ws://b.example.com/", "ws://aa.example.com/"]);
        assert.deepEqual(allowed("sub-domain"), ["ws://c.a.example.com/"]);
    });

    test("by the page's own policy to where it says", () => {
        assert.equal(allows((from, to) => to.port === "9" && from.port === "8001", "ws://h:8001/", "ws://i:9/"), true);
        assert.equal(allows(() => false, "ws://h/", "ws://h/"), false);
    });
});

test("addresses and top-level domains have no peers", () => {
    assert.equal(allows("peer-domain", "ws://10.0.0.1/", "ws://11.0.0.1/"), false);
    assert.equal(allows("sub-domain", "ws://0.0.1.1/", "ws://0.1.1.1/"), false);
    assert.equal(allows("peer-domain", "ws://a.com/", "ws://b.com/"), false);
    assert.equal(allows("peer-domain", "ws://localhost/", "ws://localhost:1/"), true);
});

test("nothing leads out of TLS, or out of WebSockets", () => {
    assert.equal(allows("always", "wss://h/", "ws://h/"), false);
    assert.equal(allows("always", "wss://h/", "http://h/"), false);
    assert.equal(allows("always", "ws://h/", "https://h/"), true);
    assert.equal(allows("always", "ws://h/", "javascript:alert(1)"), false);
    assert.equal(allows("always", "ws://h/", "ws://"), false);
});

test("a redirect is read against where it came from, and brings no name, no fragment and no .kl", () => {
    const to = follow("/b?x=%20y&.kl=Y#c", new URL("wss://joe@h:1/a"), "always");
    assert.equal(to.href, "wss://h:1/b?x=%20y");
    assert.equal(follow("https://u:p@i/", new URL("wss://h/"), "always").href, "wss://i/");
});

test("only .kl is added to a query and taken out of it", () => {
    for (const [plain, form] of [["", "?.kl=Y"], ["?a", "?a&.kl=Y"], ["?a=%41&b+c", "?a=%41&b+c&.kl=Y"]] as const) {
        assert.equal(balanced(plain), form);
        assert.equal(balanced(form), form);
        assert.equal(unbalanced(form), plain);
        assert.equal(unbalanced(plain), plain);
    }
});
