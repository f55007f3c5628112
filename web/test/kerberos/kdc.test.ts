/**
 * Logins at MIT's KDC, through a ticket-granting gateway, and tickets at a ticket-protected one.
 *
 * Where they are stands in the environment: TICKETGATE_TGG and TICKETGATE_TPG are the URLs of the gateways,
 * TICKETGATE_REALM is the realm of testkdc, TICKETGATE_STRICT a user there whose passwords must have twelve letters.
 * TICKETGATE_FAR is a service of another realm, which trusts this one.
 *
 * TICKETGATE_SPAKE says how the KDC offers SPAKE: `asked` where it waits for a client to ask for its challenge, `first`
 * where it does not, `refused` where it speaks no group of ours.
 *
 * tests/gateway/web/node.rs starts all that and runs this.
 */

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, test } from "node:test";

import { describe } from "../../src/kerberos/describe.js";
import {
    Kerberos,
    KerberosError,
    type KerberosEvent,
    type KerberosOptions,
    TggTransport,
} from "../../src/kerberos/index.js";
import { MESSAGE, readKdcReq } from "../../src/kerberos/message/kdc.js";
import { PA } from "../../src/kerberos/message/padata.js";

const { TICKETGATE_TGG: tgg, TICKETGATE_TPG: tpg, TICKETGATE_REALM: realm = "TGG.TEST" } = process.env;
const { TICKETGATE_STRICT: strict, TICKETGATE_SPAKE: spake = "", TICKETGATE_FAR: far } = process.env;
const skip = tgg === undefined || tpg === undefined ? "TICKETGATE_TGG and TICKETGATE_TPG are not set" : false;

const DAY = 24 * 60 * 60 * 1000;

const transport = new TggTransport(tgg ?? "");
after(() => transport.close());

function kerberos(options: Partial<KerberosOptions> = {}): Kerberos {
    return new Kerberos({ transport, ...options });
}

async function refusedWith(code: number, promise: Promise<unknown>): Promise<KerberosError> {
    const error = await promise.then(
        () => assert.fail("it went well"),
        (error: unknown) => error,
    );
    assert.ok(error instanceof KerberosError, String(error));
    assert.equal(error.code, code, `${error.name}: ${error.message}`);
    return error;
}

test("alice's password becomes a ticket-granting ticket", { skip }, async () => {
    const events: KerberosEvent[] = [];
    const login = await kerberos({ observe: (event) => events.push(event) }).login(`alice@${realm}`, "alicepw");
    assert.equal(login.principal, `alice@${realm}`);
    assert.equal(login.realm, realm);
    const left = login.expires.getTime() - Date.now();
    assert.ok(left > 0 && left <= DAY, `${left}`);
    const refused = ["sent AS-REQ", "received KRB-ERROR"];
    const asks = spake === "asked" || spake === "refused";
    assert.deepEqual(
        events.map(({ direction, kind }) => `${direction} ${kind}`),
        [...refused, ...(asks ? refused : []), "sent AS-REQ", "received AS-REP"],
    );
    for (const { message, kind } of events) {
        assert.equal(describe(message).kind, kind);
    }
    const requests = events.filter(({ direction }) => direction === "sent").map(({ message }) => padata(message));
    const isTimestamp = requests.map((types) => types.includes(PA.ENC_TIMESTAMP));
    const isSpake = requests.map((types) => types.includes(PA.SPAKE));
    const sentTime = spake === "" || spake === "refused";
    assert.deepEqual(isTimestamp, [...requests.slice(1).map(() => false), sentTime]);
    assert.deepEqual(isSpake, [false, ...(asks ? [true] : []), !sentTime]);
});

for (const number of [17, 18, 19, 20]) {
    test(`a ticket of enctype ${number} opens a service's door, and the service proves itself`, { skip }, async () => {
        const login = await kerberos({ enctypes: [number] }).login(`bob@${realm}`, "bobpw");
        const ticket = await login.ticket("HTTP/localhost");
        assert.equal(ticket.server, `HTTP/localhost@${realm}`);
        const context = await ticket.context();
        assert.equal(context.isMutual, false);
        const { status, token } = await knock(context.token);
        assert.equal(status, 200);
        assert.ok(token);
        assert.equal(await context.reply(token), undefined);
        assert.equal(context.isMutual, true);
    });
}

test("a service that need not prove itself lets in without an answer", { skip }, async () => {
    const login = await kerberos().login(`alice@${realm}`, "alicepw");
    const context = await (await login.ticket("HTTP/localhost")).context({ mutual: false });
    const { status, token } = await knock(context.token);
    assert.equal(status, 200);
    if (token !== undefined) {
        await context.reply(token);
    }
    context.finish();
    assert.equal(context.isMutual, false);
});

test("a token opens once", { skip }, async () => {
    const login = await kerberos().login(`alice@${realm}`, "alicepw");
    const ticket = await login.ticket("HTTP/localhost");
    const context = await ticket.context();
    assert.equal((await knock(context.token)).status, 200);
    assert.notEqual((await knock(context.token)).status, 200);
    assert.equal((await knock((await ticket.context()).token)).status, 200);
});

test("a service's proof is of one context and no other", { skip }, async () => {
    const login = await kerberos().login(`alice@${realm}`, "alicepw");
    const ticket = await login.ticket("HTTP/localhost");
    const { token } = await knock((await ticket.context()).token);
    const other = await ticket.context();
    await assert.rejects(other.reply(token ?? new Uint8Array(0)), { name: "OTHER_REQUEST" });
    assert.equal(other.isMutual, false);
});

test("a service is asked for once while its ticket lasts", { skip }, async () => {
    const asked: string[] = [];
    const observe = ({ direction, kind }: KerberosEvent): void => void (direction === "sent" && asked.push(kind));
    const login = await kerberos({ observe }).login(`alice@${realm}`, "alicepw");
    asked.length = 0;
    const [first, second] = await Promise.all([login.ticket("HTTP/localhost"), login.ticket("HTTP/localhost")]);
    assert.equal(first, second);
    assert.equal(await login.ticket("HTTP/localhost"), first);
    assert.equal(await login.ticket(`HTTP/localhost@${realm}`).then(({ server }) => server), first.server);
    assert.deepEqual(asked, ["TGS-REQ", "TGS-REQ"]);
});

test("a service of another realm is reached by the trust between both", { skip: skip || !far }, async () => {
    const asked: string[] = [];
    const observe = ({ direction, kind, realm }: KerberosEvent): void => {
        if (direction === "sent") {
            asked.push(`${kind} to ${realm}`);
        }
    };
    const login = await kerberos({ observe }).login(`alice@${realm}`, "alicepw");
    asked.length = 0;
    const spn = far ?? "";
    const there = spn.split("@")[1] ?? "";
    assert.equal((await login.ticket(spn)).server, spn);
    assert.deepEqual(asked, [`TGS-REQ to ${realm}`, `TGS-REQ to ${there}`]);
    // The way is known from now on.
    await assert.rejects(login.ticket(`HTTP/nowhere.tgg.test@${there}`), { code: 7 });
    assert.deepEqual(asked.slice(2), [`TGS-REQ to ${there}`]);
});

test("whoever has logged out gets no tickets, nor who waits for one", { skip }, async () => {
    const login = await kerberos().login(`alice@${realm}`, "alicepw");
    const waiting = login.ticket("HTTP/localhost");
    login.logout();
    await assert.rejects(waiting, { name: "LOGGED_OUT" });
    await assert.rejects(login.ticket("HTTP/localhost"), { name: "LOGGED_OUT" });
});

test("a wrong password is told as that", { skip }, async () => {
    const error = await refusedWith(24, kerberos().login(`alice@${realm}`, "wrong"));
    assert.equal(error.message, "The password is wrong");
    assert.equal(error.name, "KDC_ERR_PREAUTH_FAILED");
    assert.doesNotMatch(JSON.stringify(error), /wrong"/);
});

test("a wrong password of who need not prove it shows when the answer does not open", { skip }, async () => {
    const error = await refusedWith(24, kerberos().login(`nopreauth@${realm}`, "wrong"));
    assert.equal(error.message, "The password is wrong");
    const login = await kerberos().login(`nopreauth@${realm}`, "nopreauthpw");
    assert.equal(login.principal, `nopreauth@${realm}`);
});

test("names and passwords need not be ASCII", { skip }, async () => {
    const login = await kerberos().login(`müller@${realm}`, "müllerpw");
    assert.equal(login.principal, `müller@${realm}`);
});

test("what the KDC says is told in words", { skip }, async () => {
    assert.equal((await refusedWith(6, kerberos().login(`nobody@${realm}`, "pw"))).message, "The user is not known");
    assert.equal(
        (await refusedWith(1, kerberos().login(`expired@${realm}`, "expiredpw"))).message,
        "The account has expired",
    );
    const login = await kerberos().login(`alice@${realm}`, "alicepw");
    const unknown = await refusedWith(7, login.ticket("HTTP/nowhere.tgg.test"));
    assert.equal(unknown.message, "The service is not known");
    assert.ok(unknown.kdcText);
    // A realm that the gateway does not serve is its own to refuse.
    await assert.rejects(kerberos().login("alice@ELSEWHERE.TEST", "alicepw"), KerberosError);
});

test("a password that has expired is changed, and logs in again", { skip }, async () => {
    const user = `pwexpired@${realm}`;
    await refusedWith(23, kerberos().login(user, "pwexpiredpw"));
    await assert.rejects(kerberos().changePassword(user, "not it", "fresh-password-1"), { code: 24 });
    await kerberos().changePassword(user, "pwexpiredpw", "fresh-password-1");
    assert.equal((await kerberos().login(user, "fresh-password-1")).principal, user);
    await refusedWith(24, kerberos().login(user, "pwexpiredpw"));
});

test("a new password that is too short is told in the server's words", { skip: skip || !strict }, async () => {
    const user = `${strict}@${realm}`;
    const change = kerberos().changePassword(user, `${strict}pw`, "short");
    const error = await change.then(
        () => assert.fail("it went well"),
        (error: unknown) => error,
    );
    assert.ok(error instanceof KerberosError);
    assert.equal(error.name, "PASSWORD_NOT_CHANGED");
    assert.match(error.kdcText ?? "", /12 characters/);
    await kerberos().changePassword(user, `${strict}pw`, "long enough for it");
    await kerberos().login(user, "long enough for it");
});

for (const [words, shift] of [
    ["ahead", 3 * DAY],
    ["behind", -3 * DAY],
] as const) {
    test(`a clock that is days ${words} is put right by the KDC's`, { skip }, async () => {
        const now = (): number => Date.now() + shift;
        for (const user of ["alice", "nopreauth"]) {
            const login = await kerberos({ now }).login(`${user}@${realm}`, `${user}pw`);
            const context = await (await login.ticket("HTTP/localhost")).context();
            assert.equal((await knock(context.token)).status, 200);
        }
    });
}

test("a ticket that has ended is not used", { skip }, async () => {
    let shift = 0;
    const login = await kerberos({ now: () => Date.now() + shift }).login(`alice@${realm}`, "alicepw");
    shift = 2 * DAY;
    await assert.rejects(login.ticket("HTTP/localhost"), { name: "TICKET_EXPIRED" });
});

test("a lifetime that is asked for is kept", { skip }, async () => {
    const login = await kerberos().login(`alice@${realm}`, "alicepw", { lifetime: 600_000 });
    assert.ok(login.expires.getTime() <= Date.now() + 600_000);
});

test("a login that nobody waits for any more leaves the socket to others", { skip }, async () => {
    const ending = new AbortController();
    const login = kerberos().login(`alice@${realm}`, "alicepw", { signal: ending.signal });
    ending.abort(new Error("enough"));
    await assert.rejects(login, /enough/);
    await kerberos().login(`alice@${realm}`, "alicepw");
});

test("many logins at once share one socket, each with its own answers", { skip }, async () => {
    const users = ["alice", "bob", "müller", "nopreauth"];
    const logins = await Promise.all(users.map((user) => kerberos().login(`${user}@${realm}`, `${user}pw`)));
    assert.deepEqual(
        logins.map(({ principal }) => principal),
        users.map((user) => `${user}@${realm}`),
    );
});

/** The types of the pre-authentication data of an AS-REQ. */
function padata(message: Uint8Array): number[] {
    return readKdcReq(new Uint8Array(message), MESSAGE.AS_REQ).padata.map(({ type }) => type);
}

/** Knocks at the protected service with a token, and gives the answer's. */
function knock(token: Uint8Array): Promise<{ status: number | undefined; token: Uint8Array | undefined }> {
    const authorization = `Negotiate ${Buffer.from(token).toString("base64")}`;
    return new Promise((resolve, reject) => {
        const asked = request(
            tpg ?? "",
            { headers: { authorization, host: "localhost" }, agent: false },
            (response) => {
                response.resume();
                const answer = /^Negotiate (\S+)$/.exec(response.headers["www-authenticate"] ?? "")?.[1];
                const token = answer === undefined ? undefined : new Uint8Array(Buffer.from(answer, "base64"));
                resolve({ status: response.statusCode, token });
            },
        );
        asked.on("error", reject);
        asked.end();
    });
}
