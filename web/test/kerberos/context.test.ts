/** The initiator of Negotiate against an acceptor that does as it is told. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Stamp } from "../../src/kerberos/clock.js";
import { Clock } from "../../src/kerberos/clock.js";
import { enctype } from "../../src/kerberos/crypto/enctype.js";
import { Key } from "../../src/kerberos/crypto/key.js";
import { USAGE } from "../../src/kerberos/crypto/usage.js";
import { application, element, field, integer, sequence, string, time } from "../../src/kerberos/der.js";
import { describe } from "../../src/kerberos/describe.js";
import { KerberosError } from "../../src/kerberos/error.js";
import type { Credential } from "../../src/kerberos/exchange/asked.js";
import { type ContextOptions, SecurityContext } from "../../src/kerberos/gss/context.js";
import { MIC_FLAG, makeMic, verifyMic } from "../../src/kerberos/gss/mic.js";
import { mechList, NEG_STATE, readInit, readResp, writeResp } from "../../src/kerberos/gss/spnego.js";
import {
    CHECKSUM_TYPE,
    MECH,
    readKerberosToken,
    TOKEN_ID,
    unframe,
    writeKerberosToken,
} from "../../src/kerberos/gss/token.js";
import { type Authenticator, readApReq, readAuthenticator } from "../../src/kerberos/message/ap.js";
import { writeEncryptedData, type EncryptionKey, writeEncryptionKey } from "../../src/kerberos/message/sealed.js";
import { NAME_TYPE, writeName } from "../../src/kerberos/name.js";
import { hex, type Octets, random } from "../../src/kerberos/octets.js";
import { krbError, NOW } from "./forger.js";

const { ACCEPT_COMPLETED, ACCEPT_INCOMPLETE, REJECT, REQUEST_MIC } = NEG_STATE;
const LIST = mechList([MECH.KRB5]);

/** A service that has opened a ticket. */
class Acceptor {
    readonly session: Key;
    readonly authenticator: Authenticator;
    readonly apOptions: number;
    /** The initiator's subkey. */
    readonly subkey: Key;

    private constructor(session: Key, authenticator: Authenticator, apOptions: number, subkey: Key) {
        this.session = session;
        this.authenticator = authenticator;
        this.apOptions = apOptions;
        this.subkey = subkey;
    }

    static async open(session: Key, token: Uint8Array): Promise<Acceptor> {
        const init = readInit(unframe(new Uint8Array(token)).inner);
        assert.deepEqual(init.mechs.map(hex), [hex(MECH.KRB5)]);
        const { id, message } = readKerberosToken(init.mechToken ?? new Uint8Array(0));
        assert.equal(id, TOKEN_ID.AP_REQ);
        const request = readApReq(message);
        const authenticator = readAuthenticator(
            await session.open(USAGE.AP_REQ_AUTHENTICATOR, request.authenticator.cipher),
        );
        const { subkey } = authenticator;
        assert.ok(subkey);
        return new Acceptor(
            session,
            authenticator,
            request.options,
            await Key.import(session.enctype, subkey.value.slice()),
        );
    }

    /** An AP-REP, ready to go into an answer. */
    async proof(how: { time?: Stamp; subkey?: EncryptionKey; key?: Key } = {}): Promise<Octets> {
        const { time: stamp = this.authenticator.time, subkey, key = this.session } = how;
        const part = element(
            application(27),
            sequence(
                field(0, time(stamp.time)),
                field(1, integer(stamp.micros)),
                field(2, subkey && writeEncryptionKey(subkey)),
                field(3, integer(7)),
            ),
        );
        const cipher = await key.seal(USAGE.AP_REP, part);
        const sealed = writeEncryptedData({ etype: key.enctype.number, cipher });
        const message = element(
            application(15),
            sequence(field(0, integer(5)), field(1, integer(15)), field(2, sealed)),
        );
        return writeKerberosToken(TOKEN_ID.AP_REP, message);
    }

    /** The code over the list of mechanisms. */
    code(key = this.subkey, flags: number = MIC_FLAG.SENT_BY_ACCEPTOR): Promise<Octets> {
        return makeMic(key, USAGE.GSS_ACCEPTOR_SIGN, flags, 7, LIST);
    }
}

async function meet(options: ContextOptions = {}): Promise<{ context: SecurityContext; acceptor: Acceptor }> {
    const kind = enctype(18);
    assert.ok(kind);
    const octets = random(32);
    const session = await Key.import(kind, octets.slice());
    const server = { name: { type: NAME_TYPE.SRV_HST, parts: ["HTTP", "www.a.test"] }, realm: "A.TEST" };
    const credential: Credential = {
        client: { name: { type: NAME_TYPE.PRINCIPAL, parts: ["alice"] }, realm: "A.TEST" },
        server,
        ticket: element(
            application(1),
            sequence(
                field(0, integer(5)),
                field(1, string(server.realm)),
                field(2, writeName(server.name)),
                field(3, writeEncryptedData({ etype: 18, cipher: random(40) })),
            ),
        ),
        key: session,
        startTime: NOW,
        endTime: NOW + 1000,
    };
    const context = await SecurityContext.begin(credential, new Clock(() => NOW), options);
    return { context, acceptor: await Acceptor.open(await Key.import(kind, octets), context.token) };
}

async function fails(name: string, promise: Promise<unknown>): Promise<void> {
    const error = await promise.then(
        () => assert.fail(`${name} went well`),
        (error: unknown) => error,
    );
    assert.ok(error instanceof KerberosError, String(error));
    assert.equal(error.name, name, error.message);
}

test("the first token asks for the proof in both places, and binds no channel", async () => {
    const { acceptor } = await meet();
    assert.equal(acceptor.apOptions, 0x2000_0000);
    assert.equal(acceptor.authenticator.checksum?.type, CHECKSUM_TYPE);
    assert.equal(
        hex(acceptor.authenticator.checksum?.value ?? new Uint8Array(0)),
        `10000000${"00".repeat(16)}22000000`,
    );
    const { acceptor: other } = await meet({ mutual: false });
    assert.equal(other.apOptions, 0);
    assert.equal(hex(other.authenticator.checksum?.value.slice(-4) ?? new Uint8Array(0)), "20000000");
});

test("the proof of the service is believed", async () => {
    const { context, acceptor } = await meet();
    assert.throws(() => context.finish(), { name: "NO_PROOF" });
    const responseToken = await acceptor.proof();
    const answer = writeResp({ state: ACCEPT_COMPLETED, mech: MECH.KRB5, responseToken });
    assert.equal(describe(answer).summary, "The service accepts");
    assert.equal(await context.reply(answer), undefined);
    assert.equal(context.isMutual, true);
    context.finish();
});

test("a service that lets in without its proof is not believed", async () => {
    const { context } = await meet();
    await fails("NO_PROOF", context.reply(writeResp({ state: ACCEPT_COMPLETED, mech: MECH.KRB5 })));
    assert.equal(context.isMutual, false);
});

test("a proof of another time, or under another key, is not believed", async () => {
    const { context, acceptor } = await meet();
    const { time: stamp } = acceptor.authenticator;
    for (const time of [
        { ...stamp, micros: stamp.micros + 1 },
        { ...stamp, time: stamp.time + 1000 },
    ]) {
        const responseToken = await acceptor.proof({ time });
        await fails("OTHER_REQUEST", context.reply(writeResp({ state: ACCEPT_COMPLETED, responseToken })));
    }
    const responseToken = await acceptor.proof({ key: acceptor.subkey });
    await fails("INTEGRITY", context.reply(writeResp({ state: ACCEPT_COMPLETED, responseToken })));
    assert.equal(context.isMutual, false);
});

test("a subkey of the service is used, one of another kind is not", async () => {
    const { context, acceptor } = await meet();
    const value = random(32);
    const key = await Key.import(acceptor.session.enctype, value.slice());
    const odd = await acceptor.proof({ subkey: { type: 17, value: random(16) } });
    await fails("SUBKEY_ENCTYPE", context.reply(writeResp({ state: ACCEPT_COMPLETED, responseToken: odd })));
    const responseToken = await acceptor.proof({ subkey: { type: 18, value } });
    const mechListMic = await acceptor.code(key, MIC_FLAG.SENT_BY_ACCEPTOR | MIC_FLAG.ACCEPTOR_SUBKEY);
    await context.reply(writeResp({ state: ACCEPT_COMPLETED, responseToken, mechListMic }));
    assert.equal(context.isMutual, true);
});

test("where the service wants the list vouched for, both do", async () => {
    const { context, acceptor } = await meet();
    const first = writeResp({ state: REQUEST_MIC, mech: MECH.KRB5, responseToken: await acceptor.proof() });
    const next = readResp(new Uint8Array((await context.reply(first)) ?? []));
    assert.equal(next.state, ACCEPT_INCOMPLETE);
    await verifyMic(acceptor.subkey, USAGE.GSS_INITIATOR_SIGN, 0, LIST, next.mechListMic ?? new Uint8Array(0));
    assert.throws(() => context.finish(), { name: "NO_MECH_LIST_MIC" });
    await context.reply(writeResp({ state: ACCEPT_COMPLETED, mechListMic: await acceptor.code() }));
    context.finish();
});

test("a service that wanted the list vouched for and then does not is not believed", async () => {
    const { context, acceptor } = await meet();
    await context.reply(writeResp({ state: REQUEST_MIC, responseToken: await acceptor.proof() }));
    await fails("NO_MECH_LIST_MIC", context.reply(writeResp({ state: ACCEPT_COMPLETED })));
});

test("an integrity code that does not fit is not believed, also where none was due", async () => {
    const { context, acceptor } = await meet();
    const responseToken = await acceptor.proof();
    const right = await acceptor.code();
    const wrong = right.slice();
    wrong[20] = (wrong[20] ?? 0) ^ 1;
    const made = await makeMic(acceptor.subkey, USAGE.GSS_INITIATOR_SIGN, 0, 7, LIST);
    for (const mechListMic of [wrong, right.slice(0, -1), right.slice(0, 8), made, new Uint8Array(0)]) {
        const { context, acceptor } = await meet();
        const proof = await acceptor.proof();
        await fails(
            "INTEGRITY",
            context.reply(writeResp({ state: ACCEPT_COMPLETED, responseToken: proof, mechListMic })),
        );
    }
    // Windows 2000 repeats the token where the code belongs.
    await context.reply(writeResp({ state: ACCEPT_COMPLETED, responseToken, mechListMic: responseToken }));
});

test("a service that did not read the token that came with the list gets it again", async () => {
    const { context, acceptor } = await meet();
    const again = await context.reply(writeResp({ state: ACCEPT_INCOMPLETE, mech: MECH.KRB5 }));
    const sent = readInit(unframe(new Uint8Array(context.token)).inner);
    assert.equal(
        hex(readResp(new Uint8Array(again ?? [])).responseToken ?? new Uint8Array(0)),
        hex(sent.mechToken ?? new Uint8Array(0)),
    );
    await context.reply(writeResp({ state: ACCEPT_COMPLETED, responseToken: await acceptor.proof() }));
    assert.equal(context.isMutual, true);
    const { context: other } = await meet();
    await other.reply(writeResp({ state: ACCEPT_INCOMPLETE }));
    await fails("UNEXPECTED_MESSAGE", other.reply(writeResp({ state: ACCEPT_INCOMPLETE })));
});

test("another mechanism is not agreed to", async () => {
    for (const mech of [MECH.NTLM, MECH.MS_KRB5, MECH.SPNEGO]) {
        const { context } = await meet();
        await fails("OTHER_MECH", context.reply(writeResp({ state: ACCEPT_INCOMPLETE, mech })));
    }
});

test("a rejection is told with the service's reason, if it gives one", async () => {
    const reason = writeKerberosToken(TOKEN_ID.ERROR, krbError(37, { time: NOW + 1 }));
    const { context } = await meet();
    await fails("KRB_AP_ERR_SKEW", context.reply(writeResp({ state: REJECT, responseToken: reason })));
    const { context: silent } = await meet();
    await fails("REJECTED", silent.reply(writeResp({ state: REJECT })));
    await fails("REJECTED", silent.reply(writeResp({ state: REJECT, responseToken: Uint8Array.of(1, 2, 3) })));
});

test("a proof that comes twice, or was not asked for, is out of turn", async () => {
    const { context, acceptor } = await meet();
    const answer = writeResp({ state: ACCEPT_COMPLETED, responseToken: await acceptor.proof() });
    await context.reply(answer);
    await fails("UNEXPECTED_MESSAGE", context.reply(answer));
    const { context: other, acceptor: service } = await meet({ mutual: false });
    const unasked = writeResp({ state: ACCEPT_COMPLETED, responseToken: await service.proof() });
    await fails("UNEXPECTED_MESSAGE", other.reply(unasked));
});

test("no two authenticators have the same time, though the clock stands still", () => {
    const clock = new Clock(() => NOW);
    const seen = new Set(Array.from({ length: 2000 }, () => JSON.stringify(clock.stamp())));
    assert.equal(seen.size, 2000);
    assert.deepEqual(clock.stamp(), { time: NOW, micros: 2000 });
});
