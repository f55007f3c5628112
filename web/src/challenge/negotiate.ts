/** Kerberos tickets in the scheme `Negotiate` (RFC 4559), leg by leg. */

import { decodeBase64, encodeBase64 } from "./base64.js";
import { ChallengeResponse, isOfScheme, type ChallengeHandler, type ChallengeRequest } from "./challenge.js";

/** A user who is logged in to a KDC. */
export interface TicketSource {
    /** A ticket for the service of this name, such as `HTTP/www.example.com`. */
    ticket(spn: string): Promise<TicketForService>;
}

/** A ticket for one service. */
export interface TicketForService {
    context(): Promise<TicketContext>;
}

/** One use of a ticket: a conversation with its service. */
export interface TicketContext {
    /** What is sent first. */
    readonly token: Uint8Array;
    /** Takes the service's answer, and gives what is sent next, if anything. Throws if it is not the service's. */
    reply(token: Uint8Array): Promise<Uint8Array | undefined>;
    /** Whether the service has proved that it is who the ticket is for. */
    readonly isMutual: boolean;
}

/** Logs the user in, or finds who is logged in. `null` says that the user does not want to. */
export type TicketLogin = (request: ChallengeRequest) => Promise<TicketSource | null> | TicketSource | null;

/** What a {@link NegotiateChallengeHandler} may be told. */
export interface NegotiateOptions {
    /** The service that tickets are for. By default `HTTP/` and the host of the socket's URL. */
    readonly serviceName?: string;
    /**
     * Whether a gateway that does not prove that it is the service is refused: `required`, the
     * default, or `optional`. A wrong proof is refused in any case.
     */
    readonly mutualAuthentication?: "required" | "optional";
}

/** Answers `Negotiate` with a Kerberos ticket, and has the gateway prove that the ticket is its own. */
export class NegotiateChallengeHandler implements ChallengeHandler {
    readonly #login: TicketLogin;
    #serviceName: string | undefined;
    readonly #isMutual: boolean;

    constructor(login: TicketLogin, options: NegotiateOptions = {}) {
        this.#login = login;
        this.#serviceName = options.serviceName;
        this.#isMutual = options.mutualAuthentication !== "optional";
    }

    /** Has tickets made for this service, whatever host is asked; `null` goes back to the host's name. */
    setServiceName(serviceName: string | null): this {
        this.#serviceName = serviceName ?? undefined;
        return this;
    }

    canHandle(request: ChallengeRequest): boolean {
        // A token stands in the midst of a conversation, and this one has not begun.
        return isOfScheme(request, "Negotiate") && tokenOf(request) === undefined;
    }

    async handle(request: ChallengeRequest): Promise<ChallengeResponse | null> {
        const source = await this.#login(request);
        if (source === null) {
            return null;
        }
        const ticket = await source.ticket(this.#serviceName ?? `HTTP/${new URL(request.location).hostname}`);
        const context = await ticket.context();
        return responseOf(context.token, new Conversation(context, this.#isMutual));
    }
}

/** What follows the first token. */
class Conversation implements ChallengeHandler {
    constructor(
        readonly context: TicketContext,
        readonly isMutual: boolean,
    ) {}

    canHandle(request: ChallengeRequest): boolean {
        return isOfScheme(request, "Negotiate");
    }

    async handle(request: ChallengeRequest): Promise<ChallengeResponse | null> {
        const token = tokenOf(request);
        // A challenge without a token refuses the ticket; the same again would be refused too.
        const next = token === undefined ? undefined : await this.context.reply(token);
        return next === undefined ? null : responseOf(next, this);
    }

    async established(proof: ChallengeRequest | null): Promise<void> {
        const token = proof === null ? undefined : tokenOf(proof);
        if (token !== undefined) {
            await this.context.reply(token);
        }
        if (this.isMutual && !this.context.isMutual) {
            throw new Error("the gateway did not prove that the ticket is for it");
        }
    }
}

function responseOf(token: Uint8Array, next: ChallengeHandler): ChallengeResponse {
    return new ChallengeResponse(`Negotiate ${encodeBase64(token)}`, next);
}

/**
 * The token of a challenge.
 *
 * KAAZING Gateway may name a TGG and a user there, which could pass for base64. A token is an element of
 * GSS-API (RFC 2743 section 3.1) or of SPNEGO (RFC 4178 section 4.2), and these have tags of their own.
 */
function tokenOf(request: ChallengeRequest): Uint8Array | undefined {
    const token = decodeBase64(request.authenticationParameters ?? "");
    return token?.[0] === 0x60 || token?.[0] === 0xa1 ? token : undefined;
}
