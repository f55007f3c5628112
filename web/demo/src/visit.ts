/** One visit at a door of the TPG, from the first request to the last message. */

import { HandshakeErrorEvent, WebSocket, type ChallengeHandler, type HandshakeError } from "ticketgate-client";
import { socketAt } from "./dom.js";
import type { Theatre } from "./theatre.js";

/** What a visit needs. */
export interface Wishes {
    /** Such as `/echo`. */
    readonly path: string;
    /** What it is called. */
    readonly title: string;
    /** Who answers the gateway. */
    readonly handler: ChallengeHandler;
    /** Is told every message. */
    readonly heard?: (text: string) => void;
    /** Is told when the socket, which was open, is closed. */
    readonly closed?: () => void;
    /** Is shown the credentials that are sent. */
    readonly shown?: (credentials: string) => void;
}

/** What becomes of a visit: a socket that is open, or why there is none. */
export type Visit =
    | { readonly socket: WebSocket; readonly error?: never }
    | { readonly socket?: never; readonly error: HandshakeError };

/** Knocks. The promise is kept when the outcome is shown. */
export async function visit(theatre: Theatre, wishes: Wishes): Promise<Visit> {
    const { path, title, handler, heard, closed, shown } = wishes;
    const conversation = theatre.door(title);
    let isProved = false;
    const socket = new WebSocket(socketAt(path), [], {
        challengeHandler: handler,
        observe: (event) => {
            conversation.observe(event);
            // The handler lets nobody open who sends a proof that is wrong.
            isProved ||= /^HTTP\/1\.1 101 [^]*^WWW-Authenticate: .*Negotiate /m.test(event.text);
            const credentials = /^Authorization: (.*)$/m.exec(event.text)?.[1];
            if (credentials !== undefined) {
                shown?.(credentials.trim());
            }
        },
    });
    socket.onmessage = ({ data }: MessageEvent<unknown>) => heard?.(String(data));
    const error = await new Promise<HandshakeError | undefined>((resolve) => {
        socket.onopen = () => resolve(undefined);
        socket.onerror = (event) => {
            if (event instanceof HandshakeErrorEvent) {
                resolve(event.error);
            }
        };
    });
    if (error !== undefined) {
        await conversation.ended(false, error.status === undefined ? "not opened" : `refused: ${error.status}`);
        return { error };
    }
    await conversation.ended(true, isProved ? "open, proof verified" : "open");
    const over = (): void => {
        conversation.closed();
        closed?.();
    };
    if (socket.readyState === WebSocket.CLOSED) {
        // It was closed while all that was shown. Whoever asked for it hears of that once it is theirs.
        setTimeout(over);
    } else {
        socket.onclose = over;
    }
    return { socket };
}

/** The next message that a socket hears after sending this one. */
export function echoed(socket: WebSocket, text: string): Promise<string> {
    return new Promise((resolve, reject) => {
        socket.onmessage = ({ data }: MessageEvent<unknown>) => resolve(String(data));
        socket.addEventListener("close", () => reject(new Error("the socket was closed")));
        socket.send(text);
    });
}
