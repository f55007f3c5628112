/** Which handler answers for which places. */

import type { ChallengeHandler, ChallengeRequest, ChallengeResponse } from "./challenge.js";

/** A place, or a pattern of places, in pieces. `*` in a pattern is for anything. */
interface Place {
    /** Labels of the host from the right, in lower case. */
    readonly labels: readonly string[];
    readonly port: string;
    readonly user: string | undefined;
    readonly password: string | undefined;
    /** Segments of the path; `undefined` in a pattern is for all. */
    readonly path: readonly string[] | undefined;
}

interface Registration {
    readonly pattern: string;
    readonly place: Place;
    readonly handler: ChallengeHandler;
}

const PORTS: Readonly<Record<string, string>> = { http: "80", https: "443", ws: "80", wss: "443" };

/**
 * Hands each challenge to the handler that was registered for its place.
 *
 * A pattern is `scheme://user:password@host:port/path`, and only the host must be there:
 *
 * - The scheme says only which port is meant where none is written: 443 for `https` and `wss`, 80
 *   for the others and for none.
 * - `*` as the first label of a host stands for one or more labels: `*.example.com` is every host
 *   below `example.com`, and not `example.com` itself. `*` alone is every host.
 * - `*` as the port is every port.
 * - A path is exact; one that ends in `/*` is all below it too. Without a path, all paths are meant.
 * - Places with a user's name in them are meant only where the pattern has one, or `*`.
 * - `*`, `*` and a slash, and `*` with `/*` behind it are every place, whatever its port.
 *
 * Where several patterns fit, the one that says most decides: labels of the host first, then the
 * port, the user, and segments of the path. Of equals, the first that can handle the challenge.
 */
export class DispatchChallengeHandler implements ChallengeHandler {
    #registrations: Registration[] = [];

    /**
     * Has challenges from these places answered by this handler.
     *
     * @throws TypeError if the pattern cannot be read
     */
    register(pattern: string, handler: ChallengeHandler): this {
        const place = parsePlace(pattern);
        this.#registrations.push({ pattern, place, handler });
        this.#registrations.sort((a, b) => compare(weight(b.place), weight(a.place)));
        return this;
    }

    /** Takes back what was registered with just these words. Where nothing was, nothing happens. */
    unregister(pattern: string, handler: ChallengeHandler): this {
        this.#registrations = this.#registrations.filter(
            (registration) => registration.pattern !== pattern || registration.handler !== handler,
        );
        return this;
    }

    /** Takes back everything. */
    clear(): this {
        this.#registrations = [];
        return this;
    }

    canHandle(request: ChallengeRequest): boolean {
        return this.#handlerOf(request) !== undefined;
    }

    async handle(request: ChallengeRequest): Promise<ChallengeResponse | null> {
        return (await this.#handlerOf(request)?.handle(request)) ?? null;
    }

    #handlerOf(request: ChallengeRequest): ChallengeHandler | undefined {
        const location = parsePlace(request.location);
        return this.#registrations.find(
            ({ place, handler }) => fits(place, location) && handler.canHandle(request),
        )?.handler;
    }
}

function parsePlace(text: string): Place {
    const parts = /^(?:([A-Za-z][A-Za-z0-9+.\-]*):\/\/)?(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#[\]]+)(?::([0-9]+|\*))?(\/[^?#]*)?(?:[?#].*)?$/.exec(text);
    if (parts === null) {
        throw new TypeError(`${JSON.stringify(text)} is no place: scheme://host:port/path, of which only the host must be there`);
    }
    const [, scheme, userInfo, host = "", port, path] = parts;
    const isEverywhere = host === "*" && scheme === undefined && userInfo === undefined && port === undefined;
    if (isEverywhere && (path === undefined || path === "/" || path === "/*")) {
        return { labels: ["*"], port: "*", user: "*", password: "*", path: undefined };
    }
    // The whole of an address in brackets is one label.
    const labels = host.startsWith("[") ? [host] : host.split(".").reverse();
    if (labels.includes("") || labels.slice(0, -1).includes("*")) {
        throw new TypeError(`${JSON.stringify(host)} is no host: * may stand only as its first label`);
    }
    const colon = userInfo?.indexOf(":") ?? -1;
    const user = colon === -1 ? userInfo : userInfo?.slice(0, colon);
    const password = colon === -1 ? (user === "*" ? "*" : "") : userInfo?.slice(colon + 1);
    return {
        labels: labels.map((label) => label.toLowerCase()),
        port: port ?? PORTS[scheme?.toLowerCase() ?? "ws"] ?? "80",
        user,
        password: user === undefined ? undefined : password,
        path: path?.split("/").slice(1),
    };
}

function fits(pattern: Place, place: Place): boolean {
    const is = (wanted: string | undefined, there: string | undefined): boolean => wanted === "*" || wanted === there;
    return (
        fitsHost(pattern.labels, place.labels) &&
        is(pattern.port, place.port) &&
        is(pattern.user, place.user) &&
        is(pattern.password, place.password) &&
        (pattern.path === undefined || fitsPath(pattern.path, place.path ?? [""]))
    );
}

function fitsHost(pattern: readonly string[], labels: readonly string[]): boolean {
    const isOpen = pattern.at(-1) === "*";
    const known = isOpen ? pattern.slice(0, -1) : pattern;
    const isLong = isOpen ? labels.length > known.length : labels.length === known.length;
    return isLong && known.every((label, at) => label === labels[at]);
}

function fitsPath(pattern: readonly string[], path: readonly string[]): boolean {
    const isOpen = pattern.at(-1) === "*";
    const known = isOpen ? pattern.slice(0, -1) : pattern;
    const isLong = isOpen ? path.length >= known.length : path.length === known.length;
    return isLong && known.every((segment, at) => segment === path[at]);
}

/** How much a pattern says: what weighs most stands first. */
function weight(place: Place): readonly number[] {
    const says = (word: string | undefined): number => (word === undefined || word === "*" ? 0 : 1);
    const path = place.path ?? [];
    return [
        place.labels.filter((label) => label !== "*").length,
        place.labels.includes("*") ? 0 : 1,
        says(place.port),
        says(place.user) + says(place.password),
        path.length,
        place.path === undefined || path.at(-1) === "*" ? 0 : 1,
    ];
}

function compare(first: readonly number[], second: readonly number[]): number {
    const at = first.findIndex((weight, at) => weight !== second[at]);
    return at === -1 ? 0 : (first[at] ?? 0) - (second[at] ?? 0);
}
