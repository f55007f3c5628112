/** Who is logged in on this page, and the tickets that this gives. */

import { Kerberos, NegotiateChallengeHandler, TggTransport, type Login, type ServiceTicket } from "ticketgate-client";
import { socketAt } from "./dom.js";
import { Exchanges, type Exchange } from "./exchanges.js";
import type { KdcEvent } from "./feed.js";

/** A ticket that the page holds. */
export interface Held {
    readonly server: string;
    readonly expires: Date;
}

/** The one user of the page. */
export class Account {
    readonly #realm: string;
    readonly #spn: string;
    readonly #kerberos: Kerberos;
    readonly #exchanges: Exchanges;
    #login: Login | undefined;
    #ticket: ServiceTicket | undefined;

    /** Nobody yet. `begun` is shown every exchange with the KDC. */
    constructor(realm: string, spn: string, begun: (exchange: Exchange) => void) {
        this.#realm = realm;
        this.#spn = spn;
        this.#exchanges = new Exchanges(begun);
        this.#kerberos = new Kerberos({
            transport: new TggTransport(socketAt("/tgg")),
            observe: (event) => this.#exchanges.message(event),
        });
    }

    /** The user, with the realm. */
    get principal(): string | undefined {
        return this.#login?.principal;
    }

    /** What tickets there are, the one that gets the others first. */
    get tickets(): readonly Held[] {
        const login = this.#login;
        if (login === undefined) {
            return [];
        }
        const granting = { server: `krbtgt/${login.realm}@${login.realm}`, expires: login.expires };
        return [granting, ...(this.#ticket === undefined ? [] : [this.#ticket])];
    }

    /** The login that tickets come from; `null` while there is none. */
    get login(): Login | null {
        return this.#login ?? null;
    }

    /** Answers gateways that want a ticket, as long as somebody is logged in. */
    readonly handler = new NegotiateChallengeHandler(() => this.login);

    /** The KDC told of an exchange. */
    told(event: KdcEvent): void {
        this.#exchanges.told(event);
    }

    /** Logs in, and gets the ticket for the services of this page. Whoever was logged in is not any more. */
    async enter(name: string, password: string): Promise<void> {
        this.forget();
        await this.#asking(name, async (principal) => {
            const login = await this.#kerberos.login(principal, password);
            this.#ticket = await login.ticket(this.#spn);
            this.#login = login;
        });
    }

    /** Changes a password. */
    async change(name: string, old: string, fresh: string): Promise<void> {
        await this.#asking(name, (principal) => this.#kerberos.changePassword(principal, old, fresh));
    }

    /** Throws away all tickets. */
    forget(): void {
        this.#login?.logout();
        this.#login = undefined;
        this.#ticket = undefined;
    }

    async #asking(name: string, ask: (principal: string) => Promise<void>): Promise<void> {
        const principal = `${name}@${this.#realm}`;
        this.#exchanges.client = principal;
        try {
            await ask(principal);
        } catch (error) {
            this.#exchanges.ended();
            throw error;
        }
    }
}
