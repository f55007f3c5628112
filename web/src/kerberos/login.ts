/** A user who has logged in, and the tickets that this gives. */

import type { Clock } from "./clock.js";
import type { Enctype } from "./crypto/enctype.js";
import { KerberosError } from "./error.js";
import type { Ask, Credential } from "./exchange/asked.js";
import { type Grants, grant } from "./exchange/tgs.js";
import { type ContextOptions, SecurityContext } from "./gss/context.js";
import { formatPrincipal, NAME_TYPE, parsePrincipal } from "./name.js";

/** A ticket that ends in less than this is asked for anew, in milliseconds: a context takes time to agree on. */
const NEAR = 2 * 60 * 1000;

/** Most tickets that a login keeps. */
const MAX_TICKETS = 64;

/** What a {@link Login} is made of. */
export interface Foundation {
    /** The ticket-granting ticket. */
    readonly credential: Credential;
    /** What the time is for the KDC. */
    readonly clock: Clock;
    /** Enctypes to offer, best first. */
    readonly enctypes: readonly Enctype[];
    /** Asks KDCs, until a signal says not to. */
    readonly ask: (signal: AbortSignal) => Ask;
}

/** A ticket that was asked for. */
interface Kept {
    readonly asked: Promise<ServiceTicket>;
    /** Once it is there. */
    ticket: ServiceTicket | undefined;
}

/** A user who has logged in. */
export class Login {
    /** The user, as the KDC knows it: `user@REALM`. */
    readonly principal: string;
    /** The user's realm. */
    readonly realm: string;
    /** When the login ends, and all its tickets with it. */
    readonly expires: Date;
    /** `undefined` once the user has logged out. */
    #foundation: Foundation | undefined;
    readonly #ended = new AbortController();
    readonly #grants: Grants = new Map();
    /** By the name they were asked for, in the order in which they were. */
    readonly #tickets = new Map<string, Kept>();

    /** Made by `Kerberos.login`. */
    constructor(foundation: Foundation) {
        const { client, endTime } = foundation.credential;
        this.#foundation = foundation;
        this.principal = formatPrincipal(client);
        this.realm = client.realm;
        this.expires = new Date(endTime);
    }

    /**
     * A ticket for a service such as `HTTP/www.example.com`, with its realm behind `@` if KDCs cannot be asked for it.
     * It is kept until near its end.
     *
     * Throws a {@link KerberosError}: what a KDC says, such as code 7 for a service that it does not know; what keeps
     * its answer from being believed; `TICKET_EXPIRED` and `LOGGED_OUT` if there is no login any more.
     */
    async ticket(spn: string): Promise<ServiceTicket> {
        const foundation = this.#foundation;
        if (foundation === undefined) {
            throw new KerberosError("LOGGED_OUT");
        }
        const kept = this.#tickets.get(spn);
        if (kept !== undefined && kept.ticket?.isNearEnd !== true) {
            return kept.asked;
        }
        return this.#keep(spn, this.#ask(foundation, spn));
    }

    /** Keeps what is asked for, so that nobody asks for it a second time. */
    #keep(spn: string, asked: Promise<ServiceTicket>): Promise<ServiceTicket> {
        const kept: Kept = { asked, ticket: undefined };
        this.#tickets.delete(spn);
        this.#tickets.set(spn, kept);
        const [oldest] = this.#tickets.keys();
        if (this.#tickets.size > MAX_TICKETS && oldest !== undefined) {
            this.#tickets.delete(oldest);
        }
        asked.then(
            (ticket) => {
                kept.ticket = ticket;
            },
            () => {
                if (this.#tickets.get(spn) === kept) {
                    this.#tickets.delete(spn);
                }
            },
        );
        return asked;
    }

    /** Forgets the tickets and their keys. Contexts that exist stay. */
    logout(): void {
        this.#foundation = undefined;
        this.#grants.clear();
        this.#tickets.clear();
        this.#ended.abort(new KerberosError("LOGGED_OUT"));
    }

    async #ask(foundation: Foundation, spn: string): Promise<ServiceTicket> {
        const { ask, clock, credential, enctypes } = foundation;
        const { name, realm } = parsePrincipal(spn, NAME_TYPE.SRV_HST);
        const lifetime = Math.max(credential.endTime - clock.now(), 0);
        const ticket = await grant(ask(this.#ended.signal), clock, credential, this.#grants, {
            service: name,
            realm,
            enctypes,
            lifetime,
        });
        return new ServiceTicket(ticket, clock);
    }
}

/** A ticket for a service. */
export class ServiceTicket {
    /** The service, as the KDC knows it: `HTTP/www.example.com@REALM`. */
    readonly server: string;
    /** When it ends. */
    readonly expires: Date;
    readonly #credential: Credential;
    readonly #clock: Clock;

    /** Made by {@link Login.ticket}. */
    constructor(credential: Credential, clock: Clock) {
        this.#credential = credential;
        this.#clock = clock;
        this.server = formatPrincipal(credential.server);
        this.expires = new Date(credential.endTime);
    }

    /** Whether it is about to end, or to lose a tenth of a short life. */
    get isNearEnd(): boolean {
        const { startTime, endTime } = this.#credential;
        return endTime - this.#clock.now() < Math.min(NEAR, (endTime - startTime) / 10);
    }

    /** Presents it: one context for each connection or request. */
    context(options: ContextOptions = {}): Promise<SecurityContext> {
        return SecurityContext.begin(this.#credential, this.#clock, options);
    }
}
