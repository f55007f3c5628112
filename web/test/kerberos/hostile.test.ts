/** Octets that were changed at random: reading them ends soon, in what was meant or in a typed error. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { application, Reader } from "../../src/kerberos/der.js";
import { describe } from "../../src/kerberos/describe.js";
import { SecurityContext } from "../../src/kerberos/gss/context.js";
import { readInit, readResp } from "../../src/kerberos/gss/spnego.js";
import { readKerberosToken, unframe } from "../../src/kerberos/gss/token.js";
import { Kerberos, KerberosError } from "../../src/kerberos/index.js";
import { readApRep, readApReq, readAuthenticator, readEncApRepPart } from "../../src/kerberos/message/ap.js";
import { MESSAGE, readKdcRep, readKdcReq } from "../../src/kerberos/message/kdc.js";
import { readEncKrbPrivPart, readKpasswd, readKrbPriv } from "../../src/kerberos/message/kpasswd.js";
import { readKrbError } from "../../src/kerberos/message/krb_error.js";
import { readEncKdcRepPart } from "../../src/kerberos/message/opened.js";
import { readEtypeInfo2, readMethodData } from "../../src/kerberos/message/padata.js";
import type { Octets } from "../../src/kerberos/octets.js";
import { Forger, NOW, PASSWORD } from "./forger.js";
import { file, names } from "./vectors.js";

/** Everything that reads what a stranger sent. */
const READERS: readonly ((octets: Octets) => unknown)[] = [
    (octets) => readKdcReq(octets, MESSAGE.AS_REQ),
    (octets) => readKdcReq(octets, MESSAGE.TGS_REQ),
    (octets) => readKdcRep(octets, MESSAGE.AS_REP),
    (octets) => readKdcRep(octets, MESSAGE.TGS_REP),
    readKrbError,
    readApReq,
    readApRep,
    readAuthenticator,
    readEncApRepPart,
    readEncKdcRepPart,
    readEncKrbPrivPart,
    readEtypeInfo2,
    readMethodData,
    readKpasswd,
    readKrbPriv,
    readKerberosToken,
    readResp,
    (octets) => readInit(unframe(octets).inner),
    (octets) => new Reader(octets).list((element) => element.element()),
];

/** Numbers that look random and are the same in every run (xorshift32). */
function dice(seed: number): (below: number) => number {
    let state = seed >>> 0 || 1;
    return (below) => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) % below;
    };
}

/** `octets` with something changed: bits, lengths, a piece cut out or put in twice. */
function mutated(octets: Octets, roll: (below: number) => number): Octets {
    const changed = Array.from(octets);
    for (let times = roll(4); times >= 0; times -= 1) {
        const place = roll(changed.length || 1);
        const kind = roll(6);
        if (kind === 0) {
            changed.splice(place, roll(8));
        } else if (kind === 1) {
            changed.splice(place, 0, ...changed.slice(place, place + roll(16)));
        } else if (kind === 2) {
            changed[place] = [0x00, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0xa0][roll(8)] ?? 0;
        } else if (kind === 3) {
            changed.length = place;
        } else {
            changed[place] = (changed[place] ?? 0) ^ (1 << roll(8));
        }
    }
    return Uint8Array.from(changed);
}

function reads(read: () => unknown): void {
    try {
        read();
    } catch (error) {
        assert.ok(error instanceof KerberosError, String(error));
    }
}

test("messages that were changed at random are read or refused, and always described", () => {
    const folder = "tests/data/mit-1.20.1";
    const paths = ["wire", "decrypted"].flatMap((part) =>
        names(`${folder}/${part}`).map((name) => `${folder}/${part}/${name}`),
    );
    assert.ok(paths.length > 150);
    const roll = dice(4120);
    let refused = 0;
    for (const path of paths) {
        const octets = file(path);
        for (let times = 0; times < 60; times += 1) {
            const hostile = mutated(octets, roll);
            for (const read of READERS) {
                reads(() => read(hostile));
            }
            refused += describe(hostile).kind === "unknown" ? 1 : 0;
        }
    }
    assert.ok(refused > 1000, `${refused}`);
});

test("octets that are no message at all are read or refused", () => {
    const roll = dice(6113);
    for (let times = 0; times < 5000; times += 1) {
        const octets = Uint8Array.from({ length: roll(64) }, () => roll(256));
        if (octets.length > 0 && roll(2) === 0) {
            octets[0] = application([0, 10, 11, 12, 13, 14, 15, 21, 25, 26, 27, 30][roll(12)] ?? 0);
        }
        for (const read of [...READERS, describe]) {
            reads(() => read(octets));
        }
    }
});

test("nesting without a bottom ends at once", () => {
    for (const tag of [0x30, 0xa0, 0x60, 0x7e, 0x6b, 0xa1]) {
        const bomb = new Uint8Array(100_000);
        for (let at = 0; at < bomb.length; at += 4) {
            bomb.set([tag, 0x82, 0xff, 0xff], at);
        }
        for (const read of [...READERS, describe]) {
            reads(() => read(bomb));
        }
    }
});

test("a login at a KDC whose answers are changed at random ends in an error, or is as it was", async () => {
    const roll = dice(9588);
    let believed = 0;
    for (let times = 0; times < 150; times += 1) {
        const forger = new Forger();
        const spoilt = 1 + roll(2);
        let answers = 0;
        const transport = {
            async exchange(realm: string, message: Uint8Array): Promise<Uint8Array> {
                const answer = new Uint8Array(await forger.exchange(realm, message));
                answers += 1;
                return answers === spoilt ? mutated(answer, roll) : answer;
            },
        };
        const kerberos = new Kerberos({ transport, now: () => NOW, enctypes: [17] });
        try {
            const login = await kerberos.login("alice@A.TEST", PASSWORD);
            assert.equal(login.principal, "alice@A.TEST");
            const ticket = await login.ticket("HTTP/www.a.test");
            assert.equal(ticket.server, "HTTP/www.a.test@A.TEST");
            believed += 1;
        } catch (error) {
            assert.ok(error instanceof KerberosError, String(error));
        }
    }
    // What is not sealed, such as the type of a name or the cipher of the ticket, may change.
    assert.ok(believed < 75, `${believed}`);
});

test("no octet of what a KDC sealed can be changed", async () => {
    const forger = new Forger();
    let place = 1;
    const transport = {
        async exchange(realm: string, message: Uint8Array): Promise<Uint8Array> {
            const answer = (await forger.exchange(realm, message)).slice();
            answer[answer.length - place] = (answer[answer.length - place] ?? 0) ^ 0x40;
            return answer;
        },
    };
    for (; place <= 120; place += 7) {
        const kerberos = new Kerberos({ transport, now: () => NOW, enctypes: [18] });
        await assert.rejects(kerberos.login("alice@A.TEST", PASSWORD), KerberosError);
    }
});

test("a service whose answers are changed at random is never believed to have proved itself", async () => {
    const roll = dice(4178);
    const kerberos = new Kerberos({ transport: new Forger(), now: () => NOW, enctypes: [18] });
    const ticket = await (await kerberos.login("alice@A.TEST", PASSWORD)).ticket("HTTP/www.a.test");
    const recorded = file("tests/data/mit-1.20.1/wire/gss-spnegomut-0-acc.bin");
    const context: SecurityContext = await ticket.context();
    for (let times = 0; times < 500; times += 1) {
        await context.reply(mutated(recorded, roll)).catch((error: unknown) => {
            assert.ok(error instanceof KerberosError, String(error));
        });
        assert.equal(context.isMutual, false);
    }
});
