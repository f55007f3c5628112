/** How the demo's page puts the texts of a handshake into words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandshakeEvent } from "../../src/index.js";
import { entryOf } from "../../demo/src/handshake.js";
import { dump } from "../../demo/src/journal.js";

function event(direction: "sent" | "received", text: string): HandshakeEvent {
    const kind = direction === "sent" ? "request" : "response";
    return { at: 0, direction, kind, text: `${text}\r\n\r\n`, location: "ws://localhost/echo" };
}

/** SPNEGO's answer "accept-completed" (RFC 4178 section 4.2.2). */
const ACCEPTED = "oQcwBaADCgEA";

test("each text has its place in the picture", () => {
    const request = "GET /echo HTTP/1.1";
    const marks = [
        entryOf(event("sent", request), false),
        entryOf(
            event("received", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Application Negotiate ws://g/tgg A.TEST"),
            false,
        ),
        entryOf(event("sent", `${request}\r\nAuthorization: Token 123456`), false),
        entryOf(event("received", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Application Token"), true),
        entryOf(
            event("received", `HTTP/1.1 101 Web Socket\r\nWWW-Authenticate: Application Negotiate ${ACCEPTED}`),
            true,
        ),
    ];
    assert.deepEqual(
        marks.map((entry) => entry?.mark),
        ["a", "b", "c", "d", "d"],
    );
    assert.deepEqual(
        marks.map((entry) => entry?.label),
        ["GET", "401", "GET, code", "401", "101, proof"],
    );
    assert.match(marks[1]?.words ?? "", /A\.TEST at ws:\/\/g\/tgg/);
});

test("a token is decoded, and its octets are kept", () => {
    const entry = entryOf(
        event("received", `HTTP/1.1 101 Web Socket\r\nWWW-Authenticate: Application Negotiate ${ACCEPTED}`),
        true,
    );
    assert.equal(entry?.fields?.at(-1)?.name, "NegTokenResp");
    assert.equal(entry?.octets?.length, 9);
});

test("the balancer's words are no part of the story", () => {
    assert.equal(entryOf({ ...event("received", "N"), kind: "balancer" }, false), undefined);
});

test("a dump has sixteen octets a row, and no letter that is none", () => {
    const octets = Uint8Array.from({ length: 17 }, (_, at) => at + 0x1f);
    assert.equal(
        dump(octets),
        "0000  1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e  ··!\"#$%&'()*+,-.\n" + `0010  2f${" ".repeat(45)}  /`,
    );
});
