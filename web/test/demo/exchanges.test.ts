/** What the demo's page believes of the KDC's own record, and to which message it belongs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerberosEvent } from "../../src/index.js";
import { Exchanges, type Exchange } from "../../demo/src/exchanges.js";
import { Lines, type KdcEvent } from "../../demo/src/feed.js";

const NOBODY_WAITS = 0;

function message(direction: "sent" | "received", kind: string, at: number): KerberosEvent {
    return { at, direction, kind, message: new Uint8Array(0), realm: "DEMO.TEST" };
}

function told(more: Partial<KdcEvent>): KdcEvent {
    const usual = {
        kind: "AS",
        client: "joe@DEMO.TEST",
        server: "krbtgt/DEMO.TEST@DEMO.TEST",
        code: 0,
        says: "granted",
        at: 1000,
    };
    return { ...usual, ...more } as KdcEvent;
}

function asking(patience: number): { readonly exchanges: Exchanges; readonly begun: Exchange[] } {
    const begun: Exchange[] = [];
    const exchanges = new Exchanges((exchange) => begun.push(exchange), patience);
    exchanges.client = "joe@DEMO.TEST";
    return { exchanges, begun };
}

test("the KDC's word belongs to the question, whether it comes before the answer or after", async () => {
    for (const isLate of [false, true]) {
        const { exchanges, begun } = asking(60_000);
        exchanges.message(message("sent", "AS-REQ", 1000));
        const steps = [
            () => exchanges.told(told({ at: 1003 })),
            () => exchanges.message(message("received", "AS-REP", 1005)),
        ];
        for (const step of isLate ? steps.reverse() : steps) {
            step();
        }
        assert.equal(begun.length, 1);
        assert.equal(begun[0]?.kind, "AS");
        assert.equal((await begun[0]?.told)?.at, 1003);
        assert.equal((await begun[0]?.answered)?.kind, "AS-REP");
    }
});

test("a late word is given to the question that it fits, by what became of it", async () => {
    const { exchanges, begun } = asking(60_000);
    exchanges.message(message("sent", "AS-REQ", 1000));
    exchanges.message(message("received", "KRB-ERROR", 1005));
    exchanges.message(message("sent", "AS-REQ", 1010));
    exchanges.told(told({ code: 25, at: 1004 }));
    exchanges.told(told({ at: 1012 }));
    exchanges.message(message("received", "AS-REP", 1015));
    assert.deepEqual(await Promise.all(begun.map(async (exchange) => (await exchange.told)?.code)), [25, 0]);
});

test("what the KDC tells of others, of another time, or of nothing that was asked is left out", async () => {
    const { exchanges, begun } = asking(NOBODY_WAITS);
    exchanges.told(told({}));
    exchanges.message(message("sent", "AS-REQ", 5000));
    exchanges.told(told({ client: "ann@DEMO.TEST", at: 5001 }));
    exchanges.told(told({ kind: "TGS", at: 5001 }));
    exchanges.told(told({ at: 4000 }));
    exchanges.message(message("received", "AS-REP", 5005));
    exchanges.told(told({ code: 24, at: 5002 }));
    exchanges.told(told({ at: 9000 }));
    assert.equal(await begun[0]?.told, undefined);
});

test("a question without an answer ends, and one that has its answer still waits for the KDC's word", async () => {
    const { exchanges, begun } = asking(60_000);
    exchanges.message(message("sent", "AS-REQ", 1000));
    exchanges.ended();
    assert.deepEqual(await Promise.all([begun[0]?.told, begun[0]?.answered]), [undefined, undefined]);
    exchanges.message(message("sent", "AS-REQ", 2000));
    exchanges.message(message("received", "KRB-ERROR", 2005));
    exchanges.ended();
    exchanges.told(told({ code: 23, at: 2002 }));
    assert.equal((await begun[1]?.told)?.code, 23);
});

test("lines are whole, however the feed cuts them", () => {
    const octets = new TextEncoder().encode('{"says":"grüß"}\n\n{"says":"b"}\n{"sa');
    for (const size of [1, 2, 3, 7, octets.length]) {
        const lines = new Lines();
        const heard: string[] = [];
        for (let at = 0; at < octets.length; at += size) {
            heard.push(...lines.take(octets.slice(at, at + size).buffer));
        }
        assert.deepEqual(heard, ['{"says":"grüß"}', '{"says":"b"}']);
    }
});
