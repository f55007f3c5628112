/** The card where users log in, change a password that has expired, and see their tickets. */

import { KerberosError } from "ticketgate-client";
import type { Account } from "./account.js";
import type { Diagram } from "./diagram.js";
import { byId, make, onClick, onSubmit, tell, wordsOf } from "./dom.js";
import type { Setup, User } from "./setup.js";
import type { Theatre } from "./theatre.js";

/** KDC_ERR_KEY_EXPIRED (RFC 4120 section 7.5.9). */
const EXPIRED = 23;

const EXPIRY = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });

/** Brings the card to life. `changed` is told whenever somebody else is there, or nobody. */
export function entering(setup: Setup, account: Account, theatre: Theatre, diagram: Diagram, changed: () => void): void {
    const name = byId("user", HTMLInputElement);
    const password = byId("password", HTMLInputElement);
    const fresh = byId("fresh", HTMLInputElement);
    const change = byId("change-form", HTMLFormElement);
    const said = byId("login-said", HTMLElement);
    const about = byId("about-user", HTMLElement);
    /** Passwords that were changed here. */
    const passwords = new Map(setup.users.map((user) => [user.name, user.password]));

    const choose = ({ name: chosen, about: words }: User): void => {
        name.value = chosen;
        password.value = passwords.get(chosen) ?? "";
        change.hidden = true;
        about.textContent = `${chosen} ${words}.`;
        tell(said, "", "");
        for (const chip of chips) {
            chip.setAttribute("aria-pressed", String(chip.value === chosen));
        }
    };
    const chips = setup.users.map((user) => {
        const chip = make("button", { type: "button", class: "chip", value: user.name, "data-user": user.name }, user.name);
        onClick(chip, () => choose(user));
        return chip;
    });
    byId("users", HTMLElement).append(...chips);
    byId("realm", HTMLElement).textContent = `@${setup.realm}`;
    const [first] = setup.users;
    if (first !== undefined) {
        choose(first);
    }

    const show = (): void => {
        const { tickets, principal } = account;
        diagram.own(principal, tickets.map(({ server }) => server.replace(/@.*/, "")));
        byId("tickets", HTMLElement).replaceChildren(
            ...tickets.map(({ server, expires }) =>
                make("li", {}, make("strong", {}, ...breakable(server)), make("span", {}, `until ${EXPIRY.format(expires)}`)),
            ),
        );
        byId("own", HTMLElement).hidden = tickets.length === 0;
        changed();
    };

    const enter = async (): Promise<void> => {
        change.hidden = true;
        account.forget();
        show();
        tell(said, "wait", "Asking the KDC, through the gateway …");
        try {
            await account.enter(name.value.trim(), password.value);
            await theatre.settled();
            show();
            tell(said, "good", `You are ${account.principal ?? "nobody"}. The password never left this page.`);
        } catch (error) {
            await theatre.settled();
            const isExpired = error instanceof KerberosError && error.code === EXPIRED;
            tell(said, isExpired ? "wait" : "bad", `${wordsOf(error)}.`);
            if (isExpired) {
                change.hidden = false;
                fresh.value = "";
                fresh.focus();
            }
        }
    };
    onSubmit(byId("login-form", HTMLFormElement), () => {
        theatre.clear();
        return enter();
    });

    onSubmit(change, async () => {
        tell(said, "wait", "Changing the password, through the gateway …");
        theatre.clear();
        try {
            await account.change(name.value.trim(), password.value, fresh.value);
            await theatre.settled();
        } catch (error) {
            await theatre.settled();
            const kdcText = error instanceof KerberosError ? error.kdcText : undefined;
            tell(said, "bad", `${wordsOf(error)}${kdcText === undefined ? "" : `: ${kdcText}`}.`);
            return;
        }
        passwords.set(name.value.trim(), fresh.value);
        password.value = fresh.value;
        await enter();
        password.focus();
    });

    onClick(byId("forget", HTMLButtonElement), () => {
        account.forget();
        theatre.clear();
        show();
        tell(said, "", "The tickets are gone. What they opened is closed.");
        name.focus();
    });
}

/** A principal that may be broken before its realm. */
function breakable(principal: string): (Node | string)[] {
    const at = principal.lastIndexOf("@");
    return at === -1 ? [principal] : [principal.slice(0, at), make("wbr"), principal.slice(at)];
}
