/** The card with the echo, behind the first door. */

import type { WebSocket } from "ticketgate-client";
import type { Account } from "./account.js";
import { byId, make, onClick, onSubmit, tell } from "./dom.js";
import { refusalOf } from "./refusal.js";
import type { Setup } from "./setup.js";
import type { Theatre } from "./theatre.js";
import { visit } from "./visit.js";

/** Most messages that stay on the page. */
const KEPT = 20;

/** Brings the card to life; returns what begins it anew, without a socket. */
export function echo(setup: Setup, account: Account, theatre: Theatre): () => void {
    const open = byId("echo-open", HTMLButtonElement);
    const form = byId("echo-form", HTMLFormElement);
    const text = byId("echo-text", HTMLInputElement);
    const said = byId("echo-said", HTMLElement);
    const log = byId("echo-log", HTMLElement);
    let socket: WebSocket | undefined;

    const show = (): void => {
        open.hidden = socket !== undefined;
        form.hidden = socket === undefined;
    };
    const closed = (): void => {
        socket = undefined;
        show();
        tell(said, "", "The socket is closed.");
    };
    const heard = (message: string): void => {
        log.append(make("p", {}, message));
        // Who scrolls with the keyboard comes there as soon as there is something to scroll.
        log.tabIndex = 0;
        while (log.children.length > KEPT) {
            log.firstElementChild?.remove();
        }
    };
    const knock = async (): Promise<void> => {
        tell(said, "wait", "Knocking …");
        log.replaceChildren();
        const wishes = { path: "/echo", title: "Echo", handler: account.handler, heard, closed };
        const { socket: opened, error } = await visit(theatre, wishes);
        if (error !== undefined) {
            tell(said, "bad", refusalOf(error));
            return;
        }
        socket = opened;
        show();
        tell(said, "good", `Open. The gateway has proved that it holds the key of ${setup.spn}.`);
        text.focus({ preventScroll: true });
    };
    onClick(open, () => theatre.watch(said, knock));
    onSubmit(form, () => {
        socket?.send(text.value);
        text.select();
    });
    const leave = (): void => {
        tell(said, "", "");
        socket?.close(1000);
    };
    onClick(byId("echo-close", HTMLButtonElement), () => {
        leave();
        open.hidden = false;
        open.focus();
    });
    return leave;
}
