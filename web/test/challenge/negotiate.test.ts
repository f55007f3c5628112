/** Kerberos tickets in the scheme Negotiate, leg by leg, without Kerberos. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Dialogue } from "../../src/challenge/dialogue.js";
import { HandshakeError, NegotiateChallengeHandler, type TicketContext, type TicketSource } from "../../src/index.js";
import { request } from "./request.js";

const CHALLENGE = ["Application Negotiate"];

/** Tokens in base64, as tests write them: the tags are those of SPNEGO. */
const [FIRST, SECOND, REPLY, PROOF] = ["YAE=", "oQI=", "oQM=", "oQQ="];

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

/** A user with tickets for everything. Each context says what it was replied. */
class Tickets implements TicketSource {
    readonly services: string[] = [];
    readonly replies: string[] = [];

    /** @param answers what follows the replies; `null` is a reply that is not the service's */
    constructor(readonly answers: readonly (string | undefined | null)[] = []) {}

    async ticket(spn: string): Promise<{ context: () => Promise<TicketContext> }> {
        this.services.push(spn);
        const { answers, replies } = this;
        return {
            context: async () => ({
                token: octets(FIRST ?? ""),
                get isMutual() {
                    return replies.includes(PROOF ?? "");
                },
                reply: async (token) => {
                    replies.push(Buffer.from(token).toString("base64"));
                    const answer = answers[replies.length - 1];
                    if (answer === null) {
                        throw new Error("not the service's");
                    }
                    return answer === undefined ? undefined : octets(answer);
                },
            }),
        };
    }
}

function dialogue(handler: NegotiateChallengeHandler, location = "wss://www.example.com:8443/echo"): Dialogue {
    return new Dialogue(location, handler, new AbortController().signal);
}

test("a ticket is made for the host that asks", async () => {
    const tickets = new Tickets();
    const handler = new NegotiateChallengeHandler(() => tickets);
    assert.equal(await dialogue(handler).answer(CHALLENGE, ""), `Negotiate ${FIRST}`);
    handler.setServiceName("HTTP/cluster.example.com");
    await dialogue(handler).answer(CHALLENGE, "");
    handler.setServiceName(null);
    await dialogue(handler, "ws://other/").answer(CHALLENGE, "");
    const named = new NegotiateChallengeHandler(() => tickets, { serviceName: "HTTP/named" });
    await dialogue(named).answer(CHALLENGE, "");
    assert.deepEqual(tickets.services, ["HTTP/www.example.com", "HTTP/cluster.example.com", "HTTP/other", "HTTP/named"]);
});

test("legs follow one another, and the last proves the gateway", async () => {
    const tickets = new Tickets([SECOND]);
    const talk = dialogue(new NegotiateChallengeHandler(() => tickets));
    await talk.answer(CHALLENGE, "");
    assert.equal(await talk.answer([`Application Negotiate ${REPLY}`], ""), `Negotiate ${SECOND}`);
    await talk.established([`Negotiate ${PROOF}`]);
    assert.deepEqual(tickets.replies, [REPLY, PROOF]);
});

test("a gateway that does not prove itself is refused, unless that is allowed", async () => {
    const refuses = (promise: Promise<void>): Promise<void> =>
        assert.rejects(promise, (error) => error instanceof HandshakeError && error.failure === "unproven");
    for (const proofs of [[], ["Negotiate"], ["Basic realm=x"], [`Negotiate ${REPLY}`]]) {
        const talk = dialogue(new NegotiateChallengeHandler(() => new Tickets()));
        await talk.answer(CHALLENGE, "");
        await refuses(talk.established(proofs));
    }
    for (const proofs of [[], [`Negotiate ${REPLY}`]]) {
        const lenient = new NegotiateChallengeHandler(() => new Tickets(), { mutualAuthentication: "optional" });
        const talk = dialogue(lenient);
        await talk.answer(CHALLENGE, "");
        await talk.established(proofs);
    }
    const forged = new NegotiateChallengeHandler(() => new Tickets([null]), { mutualAuthentication: "optional" });
    const talk = dialogue(forged);
    await talk.answer(CHALLENGE, "");
    await refuses(talk.established([`Negotiate ${PROOF}`]));
});

test("a ticket that was refused is not sent again", async () => {
    const tickets = new Tickets();
    const talk = dialogue(new NegotiateChallengeHandler(() => tickets));
    await talk.answer(CHALLENGE, "");
    assert.equal(await talk.answer(CHALLENGE, ""), null);
    assert.equal(tickets.services.length, 1);
});

test("a user who does not log in has no ticket", async () => {
    assert.equal(await dialogue(new NegotiateChallengeHandler(() => null)).answer(CHALLENGE, ""), null);
});

test("what KAAZING Gateway says of a TGG is no token", () => {
    const handler = new NegotiateChallengeHandler(() => null);
    for (const words of ["", " wss://tgg.example.com/kerberos5", " joe1", " wss://tgg/ joe@EXAMPLE.COM"]) {
        assert.equal(handler.canHandle(request(`Application Negotiate${words}`)), true, words);
    }
    assert.equal(handler.canHandle(request(`Negotiate ${REPLY}`)), false);
    assert.equal(handler.canHandle(request("Basic")), false);
});
