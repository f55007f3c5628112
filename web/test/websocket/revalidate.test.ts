/** What becomes of an open socket whose gateway asks for the user once more. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ChallengeResponse, WebSocket, type ChallengeHandler } from "../../src/index.js";
import { Gateway, type Peer } from "../peer.js";
import { END, STAY, switching } from "./traces.js";

const PATH = "/echo/;a/0123456789?.kl=Y";

let gateway: Gateway | undefined;

afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
});

/** A gateway that asks at a path as soon as the socket is open, and there for a token until it is `good`. */
async function asking(path: string, asked: string[]): Promise<Gateway> {
    const script = async (peer: Peer): Promise<void> => {
        peer.handshake().send(STAY);
        await peer.text();
        peer.send(switching("Sec-WebSocket-Extensions: x-kaazing-http-revalidate; 56414C49"), END, STAY);
        peer.send(`VALI ${path}`, "VALI", "VALID data");
        await peer.next();
    };
    return Gateway.start([script], (request, response) => {
        const { authorization } = request.headers;
        asked.push(`${request.url?.replace(/krn=[0-9]+$/, "krn=")} ${authorization ?? "-"}`);
        const status = authorization === undefined ? 401 : authorization === "Token good" ? 200 : 403;
        response.writeHead(status, { "WWW-Authenticate": 'Application Token again="1"' }).end();
    });
}

const token = (credentials: string | null): ChallengeHandler => ({
    canHandle: () => true,
    handle: () => (credentials === null ? null : new ChallengeResponse(credentials)),
});

test("the challenge is answered beside the socket, which goes on", async () => {
    const asked: string[] = [];
    gateway = await asking(PATH, asked);
    const socket = new WebSocket(gateway.url("/echo"), [], { challengeHandler: token("Token good") });
    const data = await new Promise((resolve) => (socket.onmessage = (event) => resolve(event.data)));
    assert.equal(data, "VALID data");
    while (asked.length < 2) {
        await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(asked, [`${PATH}&.krn= -`, `${PATH}&.krn= Token good`]);
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.close();
    await new Promise((resolve) => (socket.onclose = resolve));
});

test("a user who is not authorized any more has no socket", async () => {
    for (const [credentials, count] of [["Token bad", 2], [null, 1]] as const) {
        const asked: string[] = [];
        gateway = await asking(PATH, asked);
        const socket = new WebSocket(gateway.url("/echo"), [], { challengeHandler: token(credentials) });
        const { code } = await new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
        assert.equal(code, 3000);
        assert.equal(asked.length, count);
        await gateway.stop();
        gateway = undefined;
    }
});

test("no gateway has credentials sent to another place", async () => {
    for (const [path, code] of [["//evil.example/a", 3000], ["https://evil.example/", 1002], ["/a b", 1002]] as const) {
        const asked: string[] = [];
        gateway = await asking(path, asked);
        const socket = new WebSocket(gateway.url("/echo"), [], { challengeHandler: token("Token good") });
        const closed = await new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
        assert.equal(closed.code, code);
        assert.deepEqual(asked, []);
        await gateway.stop();
        gateway = undefined;
    }
});
