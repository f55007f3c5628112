/** What is not believed of a KDC: each test changes one thing of an answer that is true otherwise. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { element, field, integer, octetString, sequence, TAG } from "../../src/kerberos/der.js";
import {
    Kerberos,
    KerberosError,
    type KerberosOptions,
    type Login,
    type LoginOptions,
} from "../../src/kerberos/index.js";
import { PA } from "../../src/kerberos/message/padata.js";
import { krbtgt, NAME_TYPE } from "../../src/kerberos/name.js";
import { uint32, utf8 } from "../../src/kerberos/octets.js";
import { Forger, krbError, type Lie, NOW, PASSWORD, type Story } from "./forger.js";

const MINUTE = 60_000;

function kerberos(transport: Forger, options: Partial<KerberosOptions> = {}): Kerberos {
    return new Kerberos({ transport, now: () => NOW, enctypes: [18], ...options });
}

function login(story: Story = {}, options: LoginOptions = {}, more: Partial<KerberosOptions> = {}): Promise<Login> {
    return kerberos(new Forger(story), more).login("alice@A.TEST", PASSWORD, options);
}

async function fails(name: string, promise: Promise<unknown>): Promise<void> {
    const error = await promise.then(
        () => assert.fail(`${name} went well`),
        (error: unknown) => error,
    );
    assert.ok(error instanceof KerberosError, String(error));
    assert.equal(error.name, name, error.message);
}

test("a true answer is believed", async () => {
    const user = await login();
    assert.equal(user.principal, "alice@A.TEST");
    assert.equal((await user.ticket("HTTP/www.a.test")).server, "HTTP/www.a.test@A.TEST");
});

const other = krbtgt("B.TEST");
const mallory = { type: NAME_TYPE.PRINCIPAL, parts: ["mallory"] };

/** What is changed, what for, and what people are told. */
const lies: readonly (readonly [string, string, Lie])[] = [
    ["of another nonce", "NONCE_MISMATCH", (parts) => (parts.nonce = (parts.nonce + 1) % 0x7fff_ffff)],
    ["of another version", "UNEXPECTED_MESSAGE", (parts) => (parts.version = 4)],
    ["of the other kind by its tag", "MALFORMED_MESSAGE", (parts) => (parts.tag = 24 - parts.tag)],
    ["of the other kind by its number", "UNEXPECTED_MESSAGE", (parts) => (parts.type = 24 - parts.type)],
    ["for another client", "CLIENT_MISMATCH", (parts) => (parts.client = mallory)],
    ["for a client of another realm", "CLIENT_MISMATCH", (parts) => (parts.clientRealm = "B.TEST")],
    ["whose ticket is for another service", "SERVER_MISMATCH", (parts) => (parts.ticketServer = other)],
    ["whose sealed part is for another service", "SERVER_MISMATCH", (parts) => (parts.server = other)],
    ["whose ticket is of another realm", "SERVER_MISMATCH", (parts) => (parts.ticketRealm = "B.TEST")],
    ["with a session key that was not offered", "UNOFFERED_ENCTYPE", (parts) => (parts.sessionEtype = 20)],
    ["with a session key that nobody speaks", "UNOFFERED_ENCTYPE", (parts) => (parts.sessionEtype = 23)],
    ["with a session key of another length", "ENCTYPE_LENGTH", (parts) => (parts.sessionKey = new Uint8Array(16))],
    ["that ends before it starts", "TICKET_TIMES", (parts) => (parts.endTime = NOW - 2000)],
    ["that ends as it starts", "TICKET_TIMES", (parts) => (parts.startTime = parts.endTime)],
    ["that lasts longer than was asked for", "TICKET_TIMES", (parts, asked) => (parts.endTime = asked.till + 1000)],
    ["that starts later", "TICKET_TIMES", (parts) => (parts.startTime = NOW + 6 * MINUTE)],
];

for (const [words, name, lie] of lies) {
    test(`a login ${words} is not believed`, () => fails(name, login({ as: lie })));
    test(`a service ticket ${words} is not believed`, async () => {
        await fails(name, (await login({ tgs: lie })).ticket("HTTP/www.a.test"));
    });
}

test("a login for another service, which its ticket is for too, is not believed", () =>
    fails("SERVER_MISMATCH", login({ as: (parts) => (parts.server = parts.ticketServer = other) })));

test("an answer that is sealed with what was not offered is not opened", () =>
    fails("UNOFFERED_ENCTYPE", login({ as: (parts) => (parts.sealedEtype = 23) })));

test("a KDC that vouches for the request is believed, one that read another is not", async () => {
    await login({ vouches: "rightly" });
    await fails("INTEGRITY", login({ vouches: "wrongly" }));
    await fails("INTEGRITY", login({ as: (parts) => (parts.flags = 0x0001_0000) }));
});

test("another name for the user is believed if it was wanted and the KDC vouches for it", async () => {
    const as: Lie = (parts) => (parts.client = mallory);
    const renamed = await login({ as, vouches: "rightly" }, { canonicalize: true });
    assert.equal(renamed.principal, "mallory@A.TEST");
    await fails("CLIENT_MISMATCH", login({ as }, { canonicalize: true }));
    await fails("CLIENT_MISMATCH", login({ as, vouches: "rightly" }));
});

test("a user is referred to the own realm if that was wanted, and not in circles", async () => {
    const wrong = (realms: Record<string, string>): Story => ({
        instead: (_, realm) => {
            const next = realms[realm];
            return next === undefined ? undefined : krbError(68, { clientRealm: next });
        },
    });
    const referred = await login(wrong({ "A.TEST": "B.TEST", "B.TEST": "C.TEST" }), { canonicalize: true });
    assert.equal(referred.principal, "alice@C.TEST");
    await fails("KDC_ERR_WRONG_REALM", login(wrong({ "A.TEST": "B.TEST" })));
    await fails("REFERRAL_LOOP", login(wrong({ "A.TEST": "B.TEST", "B.TEST": "A.TEST" }), { canonicalize: true }));
    await fails("REFERRAL_LOOP", login(wrong({ "A.TEST": "A.TEST" }), { canonicalize: true }));
    const endless: Story = { instead: (_, realm) => krbError(68, { clientRealm: `${realm}X` }) };
    await fails("REFERRAL_LOOP", login(endless, { canonicalize: true }));
});

test("referrals lead to a service in another realm, and the way is kept", async () => {
    // The service is in C; A knows only B, and B knows C.
    const next = new Map([
        ["A.TEST", "B.TEST"],
        ["B.TEST", "C.TEST"],
    ]);
    const forger = new Forger({
        tgs: (parts, asked) => {
            const to = next.get(asked.realm);
            if (to !== undefined) {
                parts.server = parts.ticketServer = krbtgt(to);
            }
        },
    });
    const user = await kerberos(forger).login("alice@A.TEST", PASSWORD);
    assert.equal((await user.ticket("HTTP/www.c.test")).server, "HTTP/www.c.test@C.TEST");
    assert.deepEqual(forger.asked, ["A.TEST", "A.TEST", "B.TEST", "C.TEST"]);
    forger.asked.length = 0;
    assert.equal((await user.ticket("HTTP/other.c.test@C.TEST")).server, "HTTP/other.c.test@C.TEST");
    assert.deepEqual(forger.asked, ["C.TEST"]);
});

test("a way to another realm that has ended is found anew", async () => {
    let now = NOW;
    const forger = new Forger({
        as: (parts, asked) => (parts.endTime = asked.till),
        tgs: (parts, asked) => {
            parts.endTime = asked.realm === "A.TEST" ? now + MINUTE : parts.endTime;
        },
    });
    const user = await kerberos(forger, { now: () => now }).login("alice@A.TEST", PASSWORD);
    const asks = async (spn: string): Promise<string[]> => {
        forger.asked.length = 0;
        await user.ticket(spn);
        return [...forger.asked];
    };
    assert.deepEqual(await asks("HTTP/one.b.test@B.TEST"), ["A.TEST", "B.TEST"]);
    assert.deepEqual(await asks("HTTP/two.b.test@B.TEST"), ["B.TEST"]);
    now += 2 * MINUTE;
    assert.deepEqual(await asks("HTTP/three.b.test@B.TEST"), ["A.TEST", "B.TEST"]);
});

test("referrals that do not end are not followed", async () => {
    const circle: Lie = (parts, asked) => {
        parts.server = parts.ticketServer = krbtgt(asked.realm === "A.TEST" ? "B.TEST" : "A.TEST");
    };
    await fails("REFERRAL_LOOP", (await login({ tgs: circle })).ticket("HTTP/www.c.test"));
    const endless: Lie = (parts, asked) => {
        parts.server = parts.ticketServer = krbtgt(`${asked.realm}X`);
    };
    await fails("REFERRAL_LOOP", (await login({ tgs: endless })).ticket("HTTP/www.c.test"));
    await fails("REFERRAL_LOOP", (await login({ tgs: endless })).ticket("HTTP/www.c.test@C.TEST"));
});

test("a ticket for a service is not taken where a way to its realm was asked for", async () => {
    const wrong: Lie = (parts) => {
        parts.server = parts.ticketServer = { type: NAME_TYPE.SRV_HST, parts: ["HTTP", "www.c.test"] };
    };
    await fails("SERVER_MISMATCH", (await login({ tgs: wrong })).ticket("HTTP/www.c.test@C.TEST"));
});

test("a KDC cannot have the password made a key that is cheap to guess, nor one that takes hours", async () => {
    await fails("ITERATION_COUNT", login(wants(18, 1)));
    await fails("ITERATION_COUNT", login(wants(18, 0xffff_ffff)));
    // The same KDC wants the proof again and again: it is given once.
    await fails("KDC_ERR_PREAUTH_REQUIRED", login(wants(18, 4096)));
});

test("a KDC that takes no password, or has no key that is safe, is told as that", async () => {
    await fails("NO_PASSWORD_PREAUTH", login({ instead: () => krbError(25, { data: sequence() }) }));
    await fails("NO_ENCTYPE_IN_COMMON", login(wants(23, 4096)));
    await fails("NO_ENCTYPE_IN_COMMON", login(wants(20, 32768)));
});

/** A KDC that wants a proof with a key of this enctype, made in so many rounds. */
function wants(etype: number, rounds: number): Story {
    const salt = field(1, element(TAG.GENERAL_STRING, utf8("salt")));
    const entry = sequence(field(0, integer(etype)), salt, field(2, octetString(uint32(rounds))));
    const info = sequence(field(1, integer(PA.ETYPE_INFO2)), field(2, octetString(sequence(entry))));
    const timestamp = sequence(field(1, integer(PA.ENC_TIMESTAMP)), field(2, octetString(new Uint8Array(0))));
    return { instead: () => krbError(25, { data: sequence(info, timestamp) }) };
}

test("a clock is set by an error once, and not for ever", async () => {
    let asked = 0;
    const story: Story = {
        instead: () => {
            asked += 1;
            return krbError(37, { time: NOW + asked * 1000 * MINUTE });
        },
    };
    await fails("KRB_AP_ERR_SKEW", login(story));
    assert.equal(asked, 2);
});

test("an error's words are kept apart from ours, and its NUL is dropped", async () => {
    const story: Story = { instead: () => krbError(60, { text: "<b>database</b> is locked\0" }) };
    const error = await login(story).catch((error: unknown) => error);
    assert.ok(error instanceof KerberosError);
    assert.equal(error.code, 60);
    assert.equal(error.kdcText, "<b>database</b> is locked");
    assert.doesNotMatch(error.message, /database/);
    assert.equal(error.time?.getTime(), NOW);
    await fails("KRB_ERR_9999", login({ instead: () => krbError(9999) }));
});

test("an empty password, or a name without a realm, is not sent anywhere", async () => {
    const forger = new Forger();
    await fails("BAD_PASSWORD", kerberos(forger).login("alice@A.TEST", ""));
    await fails("BAD_PASSWORD", kerberos(forger).changePassword("alice@A.TEST", "old", ""));
    await fails("BAD_NAME", kerberos(forger).login("alice", PASSWORD));
    assert.deepEqual(forger.asked, []);
});
