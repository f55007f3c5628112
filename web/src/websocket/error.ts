/** Why a handshake inside a WebSocket came to nothing, in words for a person. */

/** What went wrong, in one word that programs can compare. */
export type HandshakeFailure =
    | "aborted"
    | "closed"
    | "extension"
    | "handler"
    | "malformed"
    | "protocol"
    | "redirect"
    | "status"
    | "time"
    | "too-long"
    | "unanswered"
    | "unavailable"
    | "unproven"
    | "unreachable";

/**
 * Says why a socket did not open. It never holds credentials.
 *
 * The `error` event of the socket carries one as `event.error`.
 */
export class HandshakeError extends Error {
    override readonly name = "HandshakeError";

    /** The status of the gateway's last answer, if there was one. */
    readonly status: number | undefined;

    /** The code with which the gateway closed the socket, if it did. */
    readonly closeCode: number | undefined;

    /**
     * @param failure what went wrong
     * @param message the same for a person, in lower case
     */
    constructor(
        readonly failure: HandshakeFailure,
        message: string,
        known: { status?: number; closeCode?: number; cause?: unknown } = {},
    ) {
        super(message, "cause" in known ? { cause: known.cause } : undefined);
        this.status = known.status;
        this.closeCode = known.closeCode;
    }
}

/** The error for an answer of the gateway that lets nobody in. */
export function refused(status: number, reason: string): HandshakeError {
    const said = `${status} ${reason}`.trim();
    switch (status) {
        case 401:
            return new HandshakeError("unanswered", `nobody answered the gateway's challenge (${said})`, { status });
        case 403:
            return new HandshakeError("status", `the gateway lets this user or page not in (${said})`, { status });
        case 404:
            return new HandshakeError("status", `the gateway has no such service (${said})`, { status });
        case 429:
            return new HandshakeError("status", `the gateway was asked too often, try again later (${said})`, { status });
        case 503:
            return new HandshakeError("status", `the gateway cannot tell who may pass, try again later (${said})`, { status });
        default:
            return new HandshakeError("status", `the gateway answered ${said}`, { status });
    }
}
