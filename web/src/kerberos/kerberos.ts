/** Kerberos V5 for a page: a password becomes a login, a login gives tickets for services. */

import { Clock } from "./clock.js";
import { type Enctype, ENCTYPES, enctype } from "./crypto/enctype.js";
import { Password } from "./crypto/password.js";
import { KerberosError } from "./error.js";
import { authenticate } from "./exchange/as.js";
import type { Ask } from "./exchange/asked.js";
import { CHANGEPW, changePassword } from "./exchange/kpasswd.js";
import { kindOf } from "./kind.js";
import { Login } from "./login.js";
import { NAME_TYPE, parsePrincipal, type Principal } from "./name.js";
import type { Octets } from "./octets.js";
import type { KdcTransport } from "./transport.js";

/** How long a ticket should be valid unless said otherwise, in milliseconds: a day, as with MIT's kinit. */
const LIFETIME = 24 * 60 * 60 * 1000;

/** How long a ticket to change a password with should be valid, in milliseconds: as with MIT's kpasswd. */
const CHANGE_LIFETIME = 5 * 60 * 1000;

/** A message on its way, for who shows what happens. */
export interface KerberosEvent {
    /** When, in milliseconds since 1970. */
    readonly at: number;
    /** Which way. */
    readonly direction: "sent" | "received";
    /** What it is, such as `AS-REQ`. */
    readonly kind: string;
    /** A copy of the message. */
    readonly message: Uint8Array;
    /** The realm whose KDC is asked. */
    readonly realm: string;
}

/** What a {@link Kerberos} needs. */
export interface KerberosOptions {
    /** How KDCs are reached. */
    readonly transport: KdcTransport;
    /** Numbers of enctypes to offer, best first; by default 20, 19, 18, 17. Others are not spoken. */
    readonly enctypes?: readonly number[];
    /** Tells the time, in milliseconds since 1970. `Date.now` by default. */
    readonly now?: () => number;
    /** Is shown every message. */
    readonly observe?: (event: KerberosEvent) => void;
}

/** How a login should be. */
export interface LoginOptions {
    /** How long it should be valid, in milliseconds. The KDC may give less. A day by default. */
    readonly lifetime?: number;
    /**
     * Whether the KDC may know the user by another name, and refer to another realm (RFC 6806). Not by default.
     */
    readonly canonicalize?: boolean;
    /** Ends it. */
    readonly signal?: AbortSignal;
}

/** How a password should be changed. */
export interface ChangeOptions {
    /** Ends it. */
    readonly signal?: AbortSignal;
}

/** Logs users in at their KDCs. */
export class Kerberos {
    readonly #transport: KdcTransport;
    readonly #enctypes: readonly Enctype[];
    readonly #now: () => number;
    readonly #clock: Clock;
    readonly #observe: ((event: KerberosEvent) => void) | undefined;

    /** Nothing is asked before somebody logs in. */
    constructor(options: KerberosOptions) {
        this.#transport = options.transport;
        this.#enctypes = options.enctypes?.flatMap((number) => enctype(number) ?? []) ?? ENCTYPES;
        this.#now = options.now ?? Date.now;
        this.#clock = new Clock(this.#now);
        this.#observe = options.observe;
    }

    /**
     * Logs in as `user@REALM`.
     *
     * Throws a {@link KerberosError}: what the KDC says, such as code 24 for a wrong password and 23 for one that has
     * expired; what keeps its answer from being believed; or why it cannot be reached.
     */
    async login(principal: string, password: string, options: LoginOptions = {}): Promise<Login> {
        const client = withRealm(principal);
        const credential = await authenticate(this.#ask(options.signal), this.#clock, await Password.import(password), {
            client,
            enctypes: this.#enctypes,
            lifetime: options.lifetime ?? LIFETIME,
            canonicalize: options.canonicalize ?? false,
        });
        const ask = (signal: AbortSignal): Ask => this.#ask(signal);
        return new Login({ credential, clock: this.#clock, enctypes: this.#enctypes, ask });
    }

    /**
     * Changes the password of `user@REALM`, also one that has expired.
     *
     * Throws a {@link KerberosError}: those of {@link login} for the old password, and `PASSWORD_NOT_CHANGED` with the
     * server's sentence as `kdcText` for a new one that is not accepted.
     */
    async changePassword(principal: string, old: string, fresh: string, options: ChangeOptions = {}): Promise<void> {
        if (fresh === "") {
            throw new KerberosError("BAD_PASSWORD");
        }
        const ask = this.#ask(options.signal);
        const credential = await authenticate(ask, this.#clock, await Password.import(old), {
            client: withRealm(principal),
            service: CHANGEPW,
            enctypes: this.#enctypes,
            lifetime: CHANGE_LIFETIME,
            canonicalize: false,
        });
        await changePassword(ask, this.#clock, credential, fresh);
    }

    #ask(signal: AbortSignal | undefined): Ask {
        return async (realm, message) => {
            this.#show("sent", realm, message);
            const answer = new Uint8Array(await this.#transport.exchange(realm, message, signal));
            this.#show("received", realm, answer);
            return answer;
        };
    }

    #show(direction: "sent" | "received", realm: string, message: Octets): void {
        this.#observe?.({ at: this.#now(), direction, kind: kindOf(message), message: message.slice(), realm });
    }
}

function withRealm(text: string): Principal {
    const { name, realm } = parsePrincipal(text, NAME_TYPE.PRINCIPAL);
    if (realm === undefined) {
        throw new KerberosError("BAD_NAME");
    }
    return { name, realm };
}
