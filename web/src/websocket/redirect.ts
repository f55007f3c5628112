/** Where a gateway may send a socket. */

import { HandshakeError } from "./error.js";

/**
 * Which redirects are followed, by their hosts:
 *
 * - `always`: all of them
 * - `never`: none
 * - `same-origin`: the same scheme, host and port
 * - `same-domain`: the same host, on any port
 * - `peer-domain`: hosts that differ in their first label alone: `a.example.com` and `b.example.com`
 * - `sub-domain`: the same host, or one below it
 * - a function of the page's own: whether to go from here to there
 *
 * No policy leads from `wss` to `ws`: what was to be secret would be sent in clear text.
 */
export type RedirectPolicy =
    | "always"
    | "never"
    | "same-origin"
    | "same-domain"
    | "peer-domain"
    | "sub-domain"
    | ((from: URL, to: URL) => boolean);

/**
 * The URL of a socket that a redirect leads to from here, without what only the balancer reads.
 *
 * @throws HandshakeError if the place is no URL of a WebSocket, or the policy does not allow it
 */
export function follow(location: string, from: URL, policy: RedirectPolicy): URL {
    const to = socketUrl(location, from);
    if (to === undefined) {
        throw new HandshakeError("redirect", "the gateway's redirect leads to no URL of a WebSocket");
    }
    // Names and passwords are not the gateway's to give.
    to.username = "";
    to.password = "";
    to.hash = "";
    to.search = unbalanced(to.search);
    const isDowngrade = from.protocol === "wss:" && to.protocol === "ws:";
    if (isDowngrade || !allows(policy, from, to)) {
        throw new HandshakeError("redirect", `the redirect policy does not allow to go to ${to.origin}`);
    }
    return to;
}

/** A URL of a WebSocket, also where it is written with `http` or `https`. `undefined` if it is none. */
export function socketUrl(text: string | URL, base?: string | URL): URL | undefined {
    let url: URL;
    try {
        url = new URL(text, base);
    } catch {
        return undefined;
    }
    if (url.protocol === "http:" || url.protocol === "https:") {
        url.protocol = url.protocol.replace("http", "ws");
    }
    return url.protocol === "ws:" || url.protocol === "wss:" ? url : undefined;
}

/** The query with what asks for the balanced form. */
export function balanced(search: string): string {
    return `${unbalanced(search)}${unbalanced(search) === "" ? "?" : "&"}.kl=Y`;
}

/** The query without what asks for the balanced form. All else stays as it is written. */
export function unbalanced(search: string): string {
    const rest = search.slice(1).split("&").filter((pair) => pair !== ".kl=Y" && pair !== "");
    return rest.length === 0 ? "" : `?${rest.join("&")}`;
}

function allows(policy: RedirectPolicy, from: URL, to: URL): boolean {
    const isSameDomain = from.hostname === to.hostname;
    switch (policy) {
        case "always":
            return true;
        case "never":
            return false;
        case "same-origin":
            return from.protocol === to.protocol && from.host === to.host;
        case "same-domain":
            return isSameDomain;
        case "peer-domain":
            return isSameDomain || arePeers(from.hostname, to.hostname);
        case "sub-domain":
            return isSameDomain || (isName(from.hostname) && to.hostname.endsWith(`.${from.hostname}`));
        default:
            return policy(new URL(from), new URL(to));
    }
}

/** Whether hosts are below the same domain, which has two labels at least, or everything below `com` were peers. */
function arePeers(first: string, second: string): boolean {
    const domain = (host: string): string => host.split(".").slice(1).join(".");
    return isName(first) && isName(second) && domain(first).includes(".") && domain(first) === domain(second);
}

/** Whether a host is a name, and no address, whose parts have no order of this kind. */
function isName(host: string): boolean {
    return !host.startsWith("[") && !/^[0-9.]+$/.test(host);
}
