/** What tests have a page do with the client: open a socket, answer its challenges, talk, and tell what happened. */

import {
    BasicChallengeHandler,
    ChallengeResponse,
    HandshakeErrorEvent,
    Kerberos,
    NegotiateChallengeHandler,
    PasswordAuthentication,
    TggTransport,
    WebSocket,
} from "./ticketgate.js";

/** A handler that gives these answers in turn, and then gives up. It notes what it is asked. */
function answering({ passwords = [], tokens = [], ticket }, asked) {
    const note = ({ authenticationScheme, authenticationParameters, attempt }) =>
        asked.push([authenticationScheme, authenticationParameters, attempt]);
    if (ticket !== undefined) {
        const kerberos = new Kerberos({ transport: new TggTransport(ticket.tgg) });
        return new NegotiateChallengeHandler((request) => {
            note(request);
            return kerberos.login(ticket.principal, ticket.password);
        });
    }
    if (tokens.length > 0) {
        return {
            canHandle: ({ authenticationScheme }) => authenticationScheme === "Token",
            handle: (request) => {
                note(request);
                const token = tokens.shift();
                return token === undefined ? null : new ChallengeResponse(`Token ${token}`);
            },
        };
    }
    return new BasicChallengeHandler((request) => {
        note(request);
        const password = passwords.shift();
        return password === undefined ? null : new PasswordAuthentication(...password);
    });
}

/**
 * Opens args.url, sends each of args.messages after the answer to the one before, and closes with args.close.
 *
 * A message that is a list is sent as octets, and an answer in octets is told as one.
 */
async function talk(args) {
    const told = { opened: false, asked: [], received: [], said: [] };
    const messages = args.messages ?? [];
    const socket = new WebSocket(args.url, args.protocols ?? [], {
        challengeHandler: args.answers === undefined ? null : answering(args.answers, told.asked),
        observe: ({ direction, kind }) => told.said.push(`${direction} ${kind}`),
        ...args.options,
    });
    socket.binaryType = "arraybuffer";
    const next = () => {
        const message = messages[told.received.length];
        if (message !== undefined) {
            socket.send(typeof message === "string" ? message : Uint8Array.from(message));
        } else if (args.close !== null) {
            socket.close(...(args.close ?? [1000]));
        }
    };
    return new Promise((resolve) => {
        socket.onopen = async () => {
            told.opened = true;
            told.protocol = socket.protocol;
            told.extensions = socket.extensions;
            await new Promise((rested) => setTimeout(rested, args.rest ?? 0));
            next();
        };
        socket.onmessage = ({ data }) => {
            told.received.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
            next();
        };
        socket.onerror = (event) => {
            if (event instanceof HandshakeErrorEvent) {
                const { failure, status, cause } = event.error;
                Object.assign(told, { failure, status, cause: cause?.message });
            }
        };
        socket.onclose = ({ code, reason, wasClean }) => resolve({ ...told, code, reason, clean: wasClean });
    });
}

// Drivers see scripts of pages through a glass that text alone goes through unchanged.
window.talk = async (args) => JSON.stringify(await talk(JSON.parse(args)));
