/** The card where users log in, change a password that has expired, and see their tickets. */

import { KerberosError } from "ticketgate-client";
import type { Account } from "./account.js";
import type { Diagram } from "./diagram.js";
import { byId, make, onClick, onSubmit, tell, wordsOf } from "./dom.js";
import type { Setup, User } from "./setup.js";
import type { Theatre } from "./theatre.js";

/** KDC_ERR_KEY_EXPIRED (RFC 4120 section 7.5.9). */
const EXPIRED = 23;

/** KDC_ERR_PREAUTH_FAILED, which says that the password is wrong. */
const WRONG = 24;

const EXPIRY = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });

/** What the card needs of the rest of the page. */
export interface Surroundings {
    readonly setup: Setup;
    readonly account: Account;
    readonly theatre: Theatre;
    readonly diagram: Diagram;
    /** Is told whenever somebody else is there, or nobody. */
    readonly changed: () => void;
}

/** The card. */
export class Entrance {
    readonly #page: Surroundings;
    readonly #name = byId("user", HTMLInputElement);
    readonly #password = byId("password", HTMLInputElement);
    readonly #fresh = byId("fresh", HTMLInputElement);
    readonly #change = byId("change-form", HTMLFormElement);
    readonly #said = byId("login-said", HTMLElement);
    readonly #chips: readonly HTMLButtonElement[];
    /** Passwords that were changed on this page, by the user's name. */
    readonly #changed = new Map<string, string>();

    /** Brings it to life, with the first user chosen. */
    constructor(page: Surroundings) {
        this.#page = page;
        const { theatre, setup } = page;
        this.#chips = setup.users.map((user) => this.#chip(user));
        byId("users", HTMLElement).append(...this.#chips);
        byId("realm", HTMLElement).textContent = `@${setup.realm}`;
        for (const user of setup.users.slice(0, 1)) {
            this.#choose(user);
        }
        this.#name.addEventListener("input", () => this.#named());
        onSubmit(byId("login-form", HTMLFormElement), () => {
            theatre.clear();
            return theatre.watch(this.#said, () => this.#enter());
        });
        onSubmit(this.#change, () => {
            theatre.clear();
            return theatre.watch(this.#said, () => this.#renew());
        });
        onClick(byId("forget", HTMLButtonElement), () => this.#forget());
    }

    /** The user's name, as it is typed. */
    get #user(): string {
        return this.#name.value.trim();
    }

    #chip(user: User): HTMLButtonElement {
        const { name } = user;
        const chip = make("button", { type: "button", class: "chip", value: name, "data-user": name }, name);
        onClick(chip, () => this.#choose(user));
        return chip;
    }

    #choose({ name, password }: User): void {
        this.#name.value = name;
        this.#password.value = this.#changed.get(name) ?? password;
        this.#named();
        tell(this.#said, "", "");
    }

    /** Another name stands in the form. */
    #named(): void {
        this.#change.hidden = true;
        for (const chip of this.#chips) {
            chip.setAttribute("aria-pressed", String(chip.value === this.#user));
        }
        const known = this.#page.setup.users.find(({ name }) => name === this.#user);
        byId("about-user", HTMLElement).textContent = known === undefined ? "" : `${known.name} ${known.about}.`;
    }

    async #enter(): Promise<void> {
        const { account, theatre } = this.#page;
        this.#change.hidden = true;
        account.forget();
        this.#show();
        tell(this.#said, "wait", "Asking the KDC, through the gateway …");
        try {
            await account.enter(this.#user, this.#password.value);
            await theatre.settled();
            this.#show();
            tell(this.#said, "good", `You are ${account.principal ?? "nobody"}. The password never left this page.`);
        } catch (error) {
            await theatre.settled();
            this.#refused(error);
        }
    }

    #refused(error: unknown): void {
        const code = error instanceof KerberosError ? error.code : undefined;
        if (code === EXPIRED) {
            tell(this.#said, "wait", `${wordsOf(error)}.`);
            this.#change.hidden = false;
            this.#fresh.value = "";
            this.#fresh.focus();
            return;
        }
        const known = this.#page.setup.users.find(({ name }) => name === this.#user);
        const isOld = code === WRONG && known?.password === this.#password.value;
        tell(this.#said, "bad", `${wordsOf(error)}${isOld ? ": it was changed since the demo began" : ""}.`);
    }

    /** Changes the password that has expired, and logs in with the new one. */
    async #renew(): Promise<void> {
        const { account, theatre } = this.#page;
        const fresh = this.#fresh.value;
        tell(this.#said, "wait", "Changing the password, through the gateway …");
        try {
            await account.change(this.#user, this.#password.value, fresh);
        } catch (error) {
            await theatre.settled();
            const kdcText = error instanceof KerberosError ? error.kdcText : undefined;
            tell(this.#said, "bad", `${wordsOf(error)}${kdcText === undefined ? "" : `: ${kdcText}`}.`);
            return;
        }
        this.#changed.set(this.#user, fresh);
        this.#password.value = fresh;
        await this.#enter();
        this.#password.focus({ preventScroll: true });
    }

    #forget(): void {
        const { account, theatre } = this.#page;
        account.forget();
        theatre.clear();
        this.#show();
        tell(this.#said, "", "The tickets are gone. What they opened is closed.");
        this.#name.focus();
    }

    /** Shows who is there, and the tickets. */
    #show(): void {
        const { account, diagram, changed } = this.#page;
        const { tickets, principal } = account;
        diagram.own(
            principal,
            tickets.map(({ server }) => server.replace(/@.*/, "")),
        );
        const items = tickets.map(({ server, expires }) => {
            const until = make("span", {}, `until ${EXPIRY.format(expires)}`);
            return make("li", {}, make("strong", {}, ...breakable(server)), until);
        });
        byId("tickets", HTMLElement).replaceChildren(...items);
        byId("own", HTMLElement).hidden = tickets.length === 0;
        changed();
    }
}

/** A principal that may be broken before its realm. */
function breakable(principal: string): (Node | string)[] {
    const at = principal.lastIndexOf("@");
    return at === -1 ? [principal] : [principal.slice(0, at), make("wbr"), principal.slice(at)];
}
