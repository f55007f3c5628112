/** What a challenge asks, who answers it, and what an answer is. */

/**
 * A gateway asks who is there.
 *
 * `signal` is aborted when the answer is not wanted any more: the socket was closed.
 */
export interface ChallengeRequest {
    /** The URL of the socket that asks, after redirects. Credentials are for this place and no other. */
    readonly location: string;
    /** The scheme, without the prefix `Application `: `Basic`, `Negotiate`, `Token` or another. */
    readonly authenticationScheme: string;
    /** All that follows the scheme, as it came; `null` if nothing does. */
    readonly authenticationParameters: string | null;
    /** The parameters of the form `name="value"`, by their names in lower case. */
    readonly parameters: ReadonlyMap<string, string>;
    /** How often this socket was challenged, with this one: above 1 what was answered was not enough. */
    readonly attempt: number;
    readonly signal: AbortSignal;
}

/** What is sent in answer to a challenge. */
export class ChallengeResponse {
    /**
     * @param credentials the whole value of `Authorization`, such as `Token abc`
     * @param nextChallengeHandler who is asked first if the gateway challenges this socket again
     */
    constructor(
        public credentials: string | null,
        public nextChallengeHandler: ChallengeHandler | null = null,
    ) {}

    /** Forgets the credentials. Sockets do so as soon as they are sent. */
    clearCredentials(): void {
        this.credentials = null;
    }

    /** What a log may show. */
    toJSON(): object {
        return { credentials: this.credentials === null ? null : `${this.credentials.length} characters` };
    }
}

/** Answers challenges. One handler may serve any number of sockets at the same time. */
export interface ChallengeHandler {
    /** Whether this is a challenge that {@link handle} knows. */
    canHandle(request: ChallengeRequest): boolean;

    /** The answer; `null` gives up, and the socket does not open. */
    handle(request: ChallengeRequest): Promise<ChallengeResponse | null> | ChallengeResponse | null;

    /**
     * The gateway let the socket in: the last word of the handler that an answer named as the next.
     *
     * `proof` is the challenge in the gateway's 101, by which it proves who it is (RFC 4559
     * section 5), or `null` if it has none. Who throws refuses the gateway.
     */
    established?(proof: ChallengeRequest | null): Promise<void> | void;
}

/** Whether a request is of this scheme. Schemes are compared without case (RFC 9110 section 11.1). */
export function isOfScheme(request: ChallengeRequest, scheme: string): boolean {
    return request.authenticationScheme.toLowerCase() === scheme.toLowerCase();
}
