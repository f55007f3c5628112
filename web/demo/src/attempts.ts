/** What does not open the door: nothing, a ticket that was changed, and a request that was used already. */

import {
    ChallengeResponse,
    NegotiateChallengeHandler,
    type ChallengeHandler,
    type Login,
    type TicketSource,
} from "ticketgate-client";
import type { Account } from "./account.js";
import { byId, onClick, socketAt, tell } from "./dom.js";
import type { Theatre } from "./theatre.js";
import { visit, type Visit } from "./visit.js";

/** Brings the card to life. */
export function attempts(account: Account, theatre: Theatre): void {
    attempt("plain", async () => {
        const code = await plain();
        return code === undefined
            ? undefined
            : `the socket is closed before it was open, with the code ${code}. Browsers tell a page no more`;
    });
    attempt("silent", async () => {
        const outcome = await visit(theatre, { path: "/echo", title: "Echo, with nothing to show", handler: SILENT });
        return outcomeOf(outcome);
    });
    attempt("tampered", async () => {
        const { login } = account;
        if (login === null) {
            return null;
        }
        const handler = new NegotiateChallengeHandler(() => tampered(login));
        return outcomeOf(await visit(theatre, { path: "/echo", title: "Echo, with a changed ticket", handler }));
    });
    attempt("replayed", async () => {
        if (account.login === null) {
            return null;
        }
        let used = "";
        const first = { path: "/echo", title: "Echo, listened to", handler: account.handler };
        const { socket } = await visit(theatre, { ...first, shown: (credentials) => (used = credentials) });
        socket?.close(1000);
        const again = { path: "/echo", title: "Echo, with the same request", handler: showing(used) };
        return outcomeOf(await visit(theatre, again));
    });
}

/** What became of an attempt: words if it was refused, `undefined` if not, `null` if nobody is logged in. */
type Outcome = string | undefined | null;

function attempt(id: string, make: () => Promise<Outcome>): void {
    const said = byId(`${id}-said`, HTMLElement);
    onClick(byId(id, HTMLButtonElement), async () => {
        tell(said, "wait", "Trying …");
        const outcome = await make();
        if (outcome === null) {
            tell(said, "wait", "Log in first: this needs a ticket.");
        } else if (outcome === undefined) {
            tell(said, "bad", "It opened, and should not have.");
        } else {
            tell(said, "good", `Refused, as it should be: ${outcome}.`);
        }
    });
}

function outcomeOf({ socket, error }: Visit): Outcome {
    socket?.close(1000);
    return (
        error && (error.status === undefined ? error.message : `the gateway answers ${error.status}, and nothing else`)
    );
}

/** The code with which the browser's own WebSocket is closed; `undefined` if it opens. */
function plain(): Promise<number | undefined> {
    return new Promise((resolve) => {
        const socket = new globalThis.WebSocket(socketAt("/echo"));
        socket.onopen = () => {
            resolve(undefined);
            socket.close();
        };
        socket.onclose = ({ code }) => resolve(code);
    });
}

/** Hears what is wanted, and has nothing to show. */
const SILENT: ChallengeHandler = { canHandle: () => true, handle: () => null };

/** Shows these credentials once. */
function showing(credentials: string): ChallengeHandler {
    return {
        canHandle: ({ attempt }) => attempt === 1,
        handle: () => new ChallengeResponse(credentials),
    };
}

/** Tickets in which one bit is not what the KDC wrote. */
function tampered(login: Login): TicketSource {
    return {
        async ticket(spn) {
            const ticket = await login.ticket(spn);
            return {
                async context() {
                    const context = await ticket.context();
                    const token = context.token.slice();
                    // The ticket is by far the longest part of the token.
                    const middle = token.length >> 1;
                    token[middle] = (token[middle] ?? 0) ^ 1;
                    return {
                        token,
                        reply: (answer) => context.reply(answer),
                        get isMutual() {
                            return context.isMutual;
                        },
                    };
                },
            };
        },
    };
}
