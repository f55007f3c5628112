/** The chat: nobody types a name, for the gateway has it from the ticket. */

import type { WebSocket } from "ticketgate-client";
import type { Account } from "./account.js";
import { byId, make, onClick, onSubmit, tell, timeOfDay } from "./dom.js";
import { refusalOf } from "./refusal.js";
import type { Theatre } from "./theatre.js";
import { visit } from "./visit.js";

/** Most lines that stay on the page. */
const KEPT = 100;

/** What the service behind the gateway says. */
type Told =
    | { readonly kind: "said"; readonly who: string; readonly at: number; readonly text: string }
    | { readonly kind: "came" | "went"; readonly who: string; readonly at: number; readonly here: readonly string[] };

/** Brings the card to life; returns what begins it anew, without a socket. */
export function chat(account: Account, theatre: Theatre): () => void {
    const join = byId("chat-join", HTMLButtonElement);
    const form = byId("chat-form", HTMLFormElement);
    const text = byId("chat-text", HTMLInputElement);
    const said = byId("chat-said", HTMLElement);
    const here = byId("chat-here", HTMLElement);
    const log = byId("chat-log", HTMLElement);
    let socket: WebSocket | undefined;

    const show = (): void => {
        join.hidden = socket !== undefined;
        form.hidden = socket === undefined;
        here.hidden = socket === undefined;
    };
    const heard = (message: string): void => {
        const told = JSON.parse(message) as Told;
        log.append(line(told, account.principal));
        log.tabIndex = 0;
        while (log.children.length > KEPT) {
            log.firstElementChild?.remove();
        }
        log.scrollTop = log.scrollHeight;
        if (told.kind !== "said") {
            here.textContent = `Here: ${told.here.join(", ")}`;
        }
    };
    const closed = (): void => {
        socket = undefined;
        show();
        tell(said, "", "You have left.");
    };
    onClick(join, async () => {
        tell(said, "wait", "Knocking …");
        const wishes = { path: "/chat", title: "Chat", handler: account.handler, heard, closed };
        const { socket: opened, error } = await visit(theatre, wishes);
        if (error !== undefined) {
            const who = account.principal;
            const isKnown = error.status === 403 && who !== undefined;
            tell(
                said,
                "bad",
                isKnown ? `Refused: 403. The gateway knows you as ${who}, who is not of the staff.` : refusalOf(error),
            );
            return;
        }
        socket = opened;
        show();
        tell(said, "good", "You are in. The gateway told the chat who you are.");
        text.focus();
    });
    onSubmit(form, () => {
        if (text.value.trim() !== "") {
            socket?.send(JSON.stringify({ text: text.value }));
            text.value = "";
        }
    });
    const leave = (): void => {
        tell(said, "", "");
        socket?.close(1000);
    };
    onClick(byId("chat-leave", HTMLButtonElement), () => {
        leave();
        join.hidden = false;
        join.focus();
    });
    return leave;
}

function line(told: Told, own: string | undefined): HTMLElement {
    const time = make("time", { datetime: new Date(told.at).toISOString() }, timeOfDay(told.at).slice(0, 5));
    if (told.kind !== "said") {
        return make("p", { class: "moved" }, `${told.who} ${told.kind} `, time);
    }
    const kind = told.who === own ? "spoken own" : "spoken";
    return make("div", { class: kind }, make("strong", {}, told.who), " ", time, make("p", {}, told.text));
}
