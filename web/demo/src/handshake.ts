/** What is said inside a socket before it opens, in words. */

import { describe, type Field, type HandshakeEvent } from "ticketgate-client";
import type { Entry } from "./journal.js";

/** The lines of a request or response. */
interface Head {
    readonly first: string;
    readonly fields: readonly Field[];
}

/** Longest value that is shown whole, in characters. */
const LONG = 72;

/** What is shown at a door, by the scheme. */
const SHOWN = new Map([
    ["Negotiate", "ticket"],
    ["Basic", "password"],
    ["Token", "code"],
]);

/**
 * What one text of the handshake says; `undefined` for the balancer's words, which say nothing of tickets.
 *
 * `hasShown` says whether the page has shown anything to the gateway before.
 */
export function entryOf({ at, direction, kind, text }: HandshakeEvent, hasShown: boolean): Entry | undefined {
    if (kind === "balancer") {
        return undefined;
    }
    const head = headOf(text);
    const value = (name: string): string => head.fields.find((field) => field.name.toLowerCase() === name)?.value ?? "";
    const credentials = direction === "sent" ? value("authorization") : value("www-authenticate");
    const token = tokenOf(credentials);
    const described = token === undefined ? undefined : describe(token);
    const inner: Field[] =
        described === undefined ? [] : [{ name: described.kind, value: described.summary, fields: described.fields }];
    const said = {
        at,
        kind: direction === "sent" ? head.first.replace(/ HTTP\/.*/, "") : head.first.replace(/^HTTP\/\S+ /, ""),
        fields: [...head.fields.map(shortened), ...inner],
        text: text.split("\r\n").map(cut).join("\n").trimEnd(),
        ...(token !== undefined && { octets: token }),
    };
    if (direction === "sent") {
        const shown = SHOWN.get(credentials.split(" ")[0] ?? "");
        const mark = shown === undefined ? "a" : "c";
        const label = shown === undefined ? "GET" : `GET, ${shown}`;
        return { ...said, mark, label, from: "browser", to: "tpg", words: asked(credentials) };
    }
    const status = Number(said.kind.slice(0, 3));
    const mark = hasShown ? "d" : "b";
    // With a 401 the token goes on with the negotiation, or ends it.
    const isProved = token !== undefined && status !== 401;
    const label = isProved ? `${status}, proof` : String(status);
    const words = answered(status, credentials, isProved, hasShown);
    return { ...said, mark, label, from: "tpg", to: "browser", words };
}

function asked(credentials: string): string {
    switch (credentials.split(" ")[0]) {
        case "":
            return "The page asks for the service, with nothing to show";
        case "Negotiate":
            return "The same, with the ticket: SPNEGO, in it an AP-REQ, in it the ticket, which the page cannot open";
        default:
            return "The same, with what the gateway asked for";
    }
}

function answered(status: number, challenge: string, isProved: boolean, hasShown: boolean): string {
    const [scheme = "", where, realm] = challenge.replace(/^Application /, "").split(" ");
    switch (status) {
        case 101:
            return scheme === "Negotiate"
                ? "Come in. The AP-REP proves that the gateway could open the ticket"
                : "Come in";
        case 401:
            if (hasShown) {
                return "The gateway does not take what was shown, and asks again";
            }
            return scheme === "Negotiate" && where !== undefined && realm !== undefined
                ? `Show a ticket. There is one for users of ${realm} at ${where}`
                : `Not without credentials, of the scheme ${scheme}`;
        case 403:
            return isProved
                ? "The gateway knows who this is, proves itself, and does not let this user in"
                : "What was shown does not open this";
        default:
            return "The gateway does not open";
    }
}

function headOf(text: string): Head {
    const [first = "", ...lines] = (text.split("\r\n\r\n")[0] ?? "").split("\r\n");
    const fields = lines.map((line) => {
        const colon = line.indexOf(":");
        return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
    });
    return { first, fields };
}

/** The token of credentials or of a challenge, if it is one of GSS-API or SPNEGO. */
function tokenOf(value: string): Uint8Array | undefined {
    const digits = /(?:^|\s)Negotiate ([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
    return digits === undefined ? undefined : Uint8Array.from(atob(digits), (sign) => sign.charCodeAt(0));
}

function shortened({ name, value }: Field): Field {
    return { name, value: cut(value) };
}

function cut(text: string): string {
    return text.length > LONG + 20 ? `${text.slice(0, LONG)}… (${text.length} characters)` : text;
}
