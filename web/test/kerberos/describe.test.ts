/** What people are shown of messages. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Description, describe, type Field, Kerberos, type KerberosEvent } from "../../src/kerberos/index.js";
import { Forger, krbError, NOW, PASSWORD } from "./forger.js";
import { file } from "./vectors.js";

const WIRE = "tests/data/mit-1.20.1/wire";

function recorded(name: string): Description {
    return describe(file(`${WIRE}/${name}.bin`));
}

/** The value of a field at any depth. */
function value(fields: readonly Field[], name: string): string | undefined {
    for (const field of fields) {
        const found = field.name === name ? field.value : value(field.fields ?? [], name);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

test("an exchange is told in sentences", () => {
    const told = ["004-encts-req-app10", "005-encts-rep-app30", "006-encts-req-app10", "007-encts-rep-app11"].map(
        recorded,
    );
    assert.deepEqual(
        told.map(({ kind, summary }) => `${kind}: ${summary}`),
        [
            "AS-REQ: alice@H4.TEST asks for a ticket for krbtgt/H4.TEST@H4.TEST",
            "KRB-ERROR: The KDC wants a proof of the password",
            "AS-REQ: alice@H4.TEST asks for a ticket for krbtgt/H4.TEST@H4.TEST, and proves the password",
            "AS-REP: The KDC gives alice@H4.TEST a ticket for krbtgt/H4.TEST@H4.TEST",
        ],
    );
});

test("what is asked for has names", () => {
    assert.equal(value(recorded("036-canon-req-app10").fields, "options"), "canonicalize, renewable-ok");
    const { fields } = recorded("004-encts-req-app10");
    assert.match(value(fields, "enctypes") ?? "", /^aes256-cts-hmac-sha384-192, .* arcfour-hmac, /);
});

test("the last message of SPAKE proves the password, the first does not", () => {
    const proves = (name: string): boolean => recorded(name).summary.endsWith("proves the password");
    assert.deepEqual(["000-spake-req-app10", "002-spake-req-app10"].map(proves), [false, true]);
});

test("a wrong password and an unknown user are told in words, the KDC's own beside them", () => {
    assert.equal(recorded("011-badpw-rep-app30").summary, "The password is wrong");
    const unknown = recorded("013-unknown-rep-app30");
    assert.equal(unknown.summary, "The user is not known");
    assert.equal(value(unknown.fields, "in its own words"), "CLIENT_NOT_FOUND");
});

test("a token is told down to the ticket in it", () => {
    const { kind, summary, fields } = recorded("gss-spnegomut-0-init");
    assert.equal(kind, "NegTokenInit");
    assert.equal(summary, "The client offers Kerberos");
    assert.match(value(fields, "ticket") ?? "", /^for HTTP\/gw\.h4\.test@/);
    assert.match(value(fields, "authenticator") ?? "", /^sealed, \d+ octets/);
    assert.equal(recorded("gss-spnegomut-0-acc").summary, "The service accepts");
});

test("nothing that is shown has a secret of the exchange in it", async () => {
    const events: KerberosEvent[] = [];
    const observe = (event: KerberosEvent): void => void events.push(event);
    const kerberos = new Kerberos({ transport: new Forger(), now: () => NOW, enctypes: [18], observe });
    const ticket = await (await kerberos.login("alice@A.TEST", PASSWORD)).ticket("HTTP/www.a.test");
    const shown = events.map(({ message }) => describe(message));
    shown.push(describe((await ticket.context()).token));
    assert.deepEqual(
        shown.map(({ kind }) => kind),
        ["AS-REQ", "AS-REP", "TGS-REQ", "TGS-REP", "NegTokenInit"],
    );
    assert.ok(!JSON.stringify(shown).includes(PASSWORD));
});

test("hostile names and sentences stay text", () => {
    const { fields, summary } = describe(krbError(60, { text: "<b>no</b>\u202e\n", clientRealm: "A\u202eB\n" }));
    assert.equal(summary, "The KDC could not do it");
    assert.equal(value(fields, "in its own words"), "<b>no</b>\\xe2\\x80\\xae\\n");
    assert.equal(value(fields, "user's realm"), "A\\xe2\\x80\\xaeB\\n");
});

test("what is no message is unknown, and never thrown at who asks", () => {
    for (const octets of [new Uint8Array(0), Uint8Array.of(0x6a), new Uint8Array(300_000).fill(0x30)]) {
        assert.equal(describe(octets).kind, "unknown");
    }
});
