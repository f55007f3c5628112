/** Messages that MIT's KDC, clients and acceptors sent, from tests/data/mit-1.20.1 and tests/data/client. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { enctype } from "../../src/kerberos/crypto/enctype.js";
import { Key } from "../../src/kerberos/crypto/key.js";
import { Password } from "../../src/kerberos/crypto/password.js";
import { USAGE } from "../../src/kerberos/crypto/usage.js";
import { application, Reader } from "../../src/kerberos/der.js";
import { describe } from "../../src/kerberos/describe.js";
import { replyKey } from "../../src/kerberos/exchange/reply_key.js";
import { readInit, readResp } from "../../src/kerberos/gss/spnego.js";
import { readKerberosToken, TOKEN_ID, unframe } from "../../src/kerberos/gss/token.js";
import { kindOf } from "../../src/kerberos/kind.js";
import {
    readApRep,
    readApReq,
    readAuthenticator,
    readEncApRepPart,
    writeAuthenticator,
} from "../../src/kerberos/message/ap.js";
import { MESSAGE, readKdcRep, readKdcReq, writeKdcReq, writeKdcReqBody } from "../../src/kerberos/message/kdc.js";
import { readKrbError } from "../../src/kerberos/message/krb_error.js";
import { readEncKdcRepPart } from "../../src/kerberos/message/opened.js";
import { PA, readMethodData } from "../../src/kerberos/message/padata.js";
import { readEncryptedData, readEncryptionKey } from "../../src/kerberos/message/sealed.js";
import { formatName, NAME_TYPE } from "../../src/kerberos/name.js";
import { hex, type Octets, unhex } from "../../src/kerberos/octets.js";
import { file, names } from "./vectors.js";

const MIT = "tests/data/mit-1.20.1";
const CLIENT = "tests/data/client";

/** The keys of HTTP/etN.client.test, from the README beside the messages. */
const SERVICE_KEYS = new Map([
    [17, "447113049dc484264f98d9e6c9ad12e4"],
    [18, "390948b06bf5610d1f3f72b314ec5fb8d1d3c0eeaf29a5be9d415ab540595a1c"],
    [19, "142dd75ff333b9d0dd5e571956212798"],
    [20, "9d042162826de5837fa3616fe431392c1ae83a661e15c67413f7cd52516cef24"],
]);

function keyOf({ type, value }: { type: number; value: Octets }): Promise<Key> {
    const kind = enctype(type);
    assert.ok(kind);
    return Key.import(kind, value.slice());
}

/** The session key in an EncTicketPart (RFC 4120 section 5.3). */
function sessionKey(part: Octets): Promise<Key> {
    const inside = new Reader(part).enter(application(3)).enter(0x30);
    inside.field(0, (field) => field.flags());
    return keyOf(inside.field(1, readEncryptionKey));
}

test("every recorded message has a name and a sentence", () => {
    const wire = names(`${MIT}/wire`);
    assert.ok(wire.length >= 107, `${wire.length}`);
    const kinds = new Map([
        ["10", "AS-REQ"],
        ["11", "AS-REP"],
        ["12", "TGS-REQ"],
        ["13", "TGS-REP"],
        ["30", "KRB-ERROR"],
    ]);
    for (const name of wire) {
        const message = file(`${MIT}/wire/${name}`);
        const { kind, summary, fields } = describe(message);
        assert.notEqual(kind, "unknown", name);
        assert.ok(summary !== "" && fields.length > 0, name);
        const tag = /app(\d+)/.exec(name)?.[1];
        if (tag !== undefined) {
            assert.equal(kind, kinds.get(tag), name);
            assert.equal(kindOf(message), kind);
        }
    }
});

test("a body that is read and written again is the same octets", () => {
    let same = 0;
    for (const folder of [
        `${MIT}/wire`,
        ...names(CLIENT)
            .filter((name) => name !== "README.md")
            .map((name) => `${CLIENT}/${name}`),
    ]) {
        for (const name of names(folder).filter((name) => /app1[02]|-req\.bin$/.test(name))) {
            const octets = file(`${folder}/${name}`);
            const type = octets[0] === application(MESSAGE.AS_REQ) ? MESSAGE.AS_REQ : MESSAGE.TGS_REQ;
            const { padata, body } = readKdcReq(octets, type);
            const again = writeKdcReq(type, padata, writeKdcReqBody(body));
            // Requests with addresses, sealed restrictions or further tickets have more than is written here.
            if (again.length === octets.length) {
                assert.equal(hex(again), hex(octets), name);
                same += 1;
            }
        }
    }
    assert.ok(same >= 40, `${same}`);
});

for (const [number, serviceKey] of SERVICE_KEYS) {
    test(`the recorded exchange with enctype ${number} opens from the password to the service's ticket`, async () => {
        const folder = `${CLIENT}/enctype-${number}`;
        const kind = enctype(number);
        assert.ok(kind);
        const wanted = readKrbError(file(`${folder}/1-as-rep.bin`));
        assert.equal(wanted.code, 25);
        const client = { name: { type: NAME_TYPE.PRINCIPAL, parts: [`user${number}`] }, realm: "CLIENT.TEST" };
        const password = await Password.import(`pw${number}`);
        const key = await replyKey(password, readMethodData(wanted.data ?? new Uint8Array(0)), [kind], client);

        const asked = readKdcReq(file(`${folder}/2-as-req.bin`), MESSAGE.AS_REQ);
        const proof = asked.padata.find(({ type }) => type === PA.ENC_TIMESTAMP);
        assert.ok(proof);
        await key.open(USAGE.PA_ENC_TIMESTAMP, readEncryptedData(new Reader(proof.value)).cipher);

        const first = readKdcRep(file(`${folder}/2-as-rep.bin`), MESSAGE.AS_REP);
        const part = readEncKdcRepPart(await key.open(USAGE.AS_REP, first.sealed.cipher));
        assert.equal(part.nonce, asked.body.nonce);
        assert.equal(formatName(part.server), "krbtgt/CLIENT.TEST");
        const session = await keyOf(part.key);

        const presented = readKdcReq(file(`${folder}/3-tgs-req.bin`), MESSAGE.TGS_REQ).padata[0];
        assert.ok(presented);
        const { authenticator, ticket } = readApReq(presented.value);
        assert.equal(hex(ticket.octets), hex(first.ticket.octets));
        const opened = await session.open(USAGE.TGS_REQ_AUTHENTICATOR, authenticator.cipher);
        const { subkey } = readAuthenticator(opened);
        assert.ok(subkey);
        assert.equal(hex(writeAuthenticator(readAuthenticator(opened))), hex(opened));

        const second = readKdcRep(file(`${folder}/3-tgs-rep.bin`), MESSAGE.TGS_REP);
        const granted = await (await keyOf(subkey)).open(USAGE.TGS_REP_SUBKEY, second.sealed.cipher);
        const shared = readEncKdcRepPart(granted);
        const service = await Key.import(kind, unhex(serviceKey));
        const inTicket = await sessionKey(await service.open(USAGE.TICKET, second.ticket.sealed.cipher));
        const derived = async (key: Key): Promise<string> => hex(await key.derive(unhex("00"), 16));
        assert.equal(await derived(inTicket), await derived(await keyOf(shared.key)));
    });
}

test("a salt that is no text makes the right key", async () => {
    const folder = `${CLIENT}/special-salt`;
    const wanted = readKrbError(file(`${folder}/1-as-rep.bin`));
    const client = { name: { type: NAME_TYPE.PRINCIPAL, parts: ["special"] }, realm: "CLIENT.TEST" };
    const kind = enctype(18);
    assert.ok(kind);
    const methods = readMethodData(wanted.data ?? new Uint8Array(0));
    const key = await replyKey(await Password.import("pwspecial"), methods, [kind], client);
    const answer = readKdcRep(file(`${folder}/2-as-rep.bin`), MESSAGE.AS_REP);
    assert.equal(readEncKdcRepPart(await key.open(USAGE.AS_REP, answer.sealed.cipher)).key.type, 20);
});

test("every authenticator that MIT sealed with AES opens, and is the same when written again", async () => {
    let opened = 0;
    let same = 0;
    for (const name of names(`${MIT}/decrypted`).filter((name) => name.endsWith("-Authenticator.bin"))) {
        const stem = name.replace("-Authenticator.bin", "");
        const part = names(`${MIT}/decrypted`).find(
            (other) => other.startsWith(`${stem}-et`) && other.includes("EncTicketPart"),
        );
        assert.ok(part, stem);
        const request = readApReq(file(`${MIT}/decrypted/${stem}-ApReq.bin`));
        if (enctype(request.authenticator.etype) === undefined) {
            continue;
        }
        const session = await sessionKey(file(`${MIT}/decrypted/${part}`));
        const usage = stem.startsWith("gss") ? USAGE.AP_REQ_AUTHENTICATOR : USAGE.TGS_REQ_AUTHENTICATOR;
        const octets = await session.open(usage, request.authenticator.cipher);
        assert.equal(hex(octets), hex(file(`${MIT}/decrypted/${name}`)), stem);
        const again = writeAuthenticator(readAuthenticator(octets));
        // Those of newer clients have authorization data, which is not written here.
        if (again.length === octets.length) {
            assert.equal(hex(again), hex(octets), stem);
            same += 1;
        }
        opened += 1;
    }
    assert.ok(opened >= 18 && same >= 10, `${opened}, ${same}`);
});

for (const name of ["gss-spnegomut", "gss-spnegosha2"]) {
    test(`what MIT's acceptor answered in ${name} repeats the time of the authenticator`, async () => {
        const init = readInit(unframe(file(`${MIT}/wire/${name}-0-init.bin`)).inner);
        const { id, message } = readKerberosToken(init.mechToken ?? new Uint8Array(0));
        assert.equal(id, TOKEN_ID.AP_REQ);
        const part = names(`${MIT}/decrypted`).find((other) => other.startsWith(`${name}-0-init-et`));
        const session = await sessionKey(file(`${MIT}/decrypted/${part ?? ""}`));
        const request = readApReq(message);
        const authenticator = readAuthenticator(
            await session.open(USAGE.AP_REQ_AUTHENTICATOR, request.authenticator.cipher),
        );
        const answer = readResp(file(`${MIT}/wire/${name}-0-acc.bin`));
        const proof = readKerberosToken(answer.responseToken ?? new Uint8Array(0));
        assert.equal(proof.id, TOKEN_ID.AP_REP);
        const proved = readEncApRepPart(await session.open(USAGE.AP_REP, readApRep(proof.message).cipher));
        assert.deepEqual(proved.time, authenticator.time);
    });
}
