/**
 * Logins at MIT's KDC, through a ticket-granting gateway.
 *
 * Where they are stands in the environment: TICKETGATE_TGG is the gateway's URL, TICKETGATE_REALM the realm of testkdc.
 * tests/gateway/web.rs starts both and runs this.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Kerberos, type KerberosEvent } from "../../src/kerberos/kerberos.js";
import { TggTransport } from "../../src/kerberos/transport.js";

const { TICKETGATE_TGG: tgg, TICKETGATE_REALM: realm = "TGG.TEST" } = process.env;
const skip = tgg === undefined ? "no gateway: TICKETGATE_TGG is not set" : false;

function at(gateway: string): TggTransport {
    return new TggTransport(gateway);
}

test("alice's password becomes a ticket-granting ticket", { skip }, async () => {
    const transport = at(tgg ?? "");
    const events: KerberosEvent[] = [];
    const kerberos = new Kerberos({ transport, observe: (event) => events.push(event) });
    const login = await kerberos.login(`alice@${realm}`, "alicepw");
    assert.equal(login.principal, `alice@${realm}`);
    assert.equal(login.realm, realm);
    assert.ok(login.expires.getTime() > Date.now());
    assert.deepEqual(
        events.map(({ direction, kind }) => `${direction} ${kind}`),
        ["sent AS-REQ", "received KRB-ERROR", "sent AS-REQ", "received AS-REP"],
    );
    transport.close();
});
