/** How a gateway that asks for it has the user of an open socket authorized anew, beside the socket. */

import { Dialogue } from "../challenge/dialogue.js";
import type { ChallengeHandler } from "../challenge/challenge.js";

/**
 * Answers the challenges at this path of the socket's own host, until the gateway is content.
 *
 * `false` says that it will not be. Where it cannot be reached nothing is known, and `true` leaves it
 * to the gateway what becomes of the socket.
 */
export async function revalidate(
    path: string,
    location: URL,
    handler: ChallengeHandler | null,
    signal: AbortSignal,
): Promise<boolean> {
    const url = new URL(path, location);
    if (url.host !== location.host || url.username !== "") {
        return false;
    }
    url.protocol = location.protocol.replace("ws", "http");
    // No cache has an answer to a question that was never asked.
    const unique = crypto.getRandomValues(new Uint32Array(2)).join("");
    url.search = `${url.search}${url.search === "" ? "?" : "&"}.krn=${unique}`;
    const dialogue = new Dialogue(location.href, handler, signal);
    let credentials: string | null = null;
    for (;;) {
        const headers: Record<string, string> = credentials === null ? {} : { Authorization: credentials };
        let response: Response;
        try {
            response = await fetch(url, { headers, credentials: "include", cache: "no-store", redirect: "error", signal });
            await response.body?.cancel();
        } catch {
            return true;
        }
        const challenge = response.headers.get("www-authenticate");
        if (response.status !== 401 || challenge === null) {
            return response.ok;
        }
        credentials = await dialogue.answer([challenge], response.statusText).catch(() => null);
        if (credentials === null) {
            return false;
        }
    }
}
