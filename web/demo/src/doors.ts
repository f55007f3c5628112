/** Two doors that take something else than tickets: a password, and a code that is good once. */

import {
    BasicChallengeHandler,
    ChallengeResponse,
    PasswordAuthentication,
    type ChallengeHandler,
} from "ticketgate-client";
import { byId, onClick, onSubmit, tell, wordsOf } from "./dom.js";
import { refusalOf } from "./refusal.js";
import type { Theatre } from "./theatre.js";
import { echoed, visit, type Visit } from "./visit.js";

/** Brings both cards to life. */
export function doors(theatre: Theatre): void {
    passwords(theatre);
    codes(theatre);
}

function passwords(theatre: Theatre): void {
    const form = byId("basic-form", HTMLFormElement);
    const open = byId("basic-open", HTMLButtonElement);
    const name = byId("basic-user", HTMLInputElement);
    const password = byId("basic-password", HTMLInputElement);
    const question = byId("basic-question", HTMLElement);
    const said = byId("basic-said", HTMLElement);
    let answer: ((login: PasswordAuthentication | null) => void) | undefined;

    const handler = new BasicChallengeHandler(({ attempt, parameters }) => {
        const realm = parameters.get("realm") ?? "this service";
        question.textContent = `${attempt > 1 ? "That was wrong. " : ""}The gateway asks for a password: “${realm}”.`;
        password.value = "";
        form.dataset["attempt"] = String(attempt);
        return new Promise((resolve) => {
            answer = (login) => {
                answer = undefined;
                form.hidden = true;
                resolve(login);
            };
            // The question stands in the picture before it stands in the form.
            void theatre.settled().then(() => {
                form.hidden = false;
                (attempt > 1 ? password : name).focus();
            });
        });
    });
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        answer?.(new PasswordAuthentication(name.value, password.value));
    });
    byId("basic-cancel", HTMLButtonElement).addEventListener("click", () => answer?.(null));
    onClick(open, async () => {
        tell(said, "wait", "Knocking …");
        await conclude(await visit(theatre, { path: "/basic", title: "Echo behind a password", handler }), said);
        open.focus();
    });
}

function codes(theatre: Theatre): void {
    const form = byId("token-form", HTMLFormElement);
    const code = byId("code", HTMLInputElement);
    const said = byId("token-said", HTMLElement);
    onClick(byId("code-get", HTMLButtonElement), async () => {
        try {
            const answer = await fetch("/desk/code", { cache: "no-store" });
            const given = (await answer.json()) as { readonly code: string; readonly seconds: number };
            code.value = given.code;
            tell(said, "", `Good once, and for ${given.seconds} seconds.`);
        } catch (error) {
            tell(said, "bad", `The desk gives no code: ${wordsOf(error)}.`);
        }
    });
    onSubmit(form, async () => {
        tell(said, "wait", "Knocking …");
        const handler: ChallengeHandler = {
            canHandle: ({ authenticationScheme, attempt }) => authenticationScheme === "Token" && attempt === 1,
            handle: () => new ChallengeResponse(`Token ${code.value.trim()}`),
        };
        await conclude(await visit(theatre, { path: "/token", title: "Echo behind a code", handler }), said);
    });
}

/** Tries a socket that opened, and closes it. */
async function conclude({ socket, error }: Visit, said: HTMLElement): Promise<void> {
    if (error !== undefined) {
        tell(said, "bad", refusalOf(error));
        return;
    }
    try {
        tell(said, "good", `Open. The echo says “${await echoed(socket, "hello")}”.`);
    } catch (closed) {
        tell(said, "bad", `It opened, and then: ${wordsOf(closed)}.`);
    }
    socket.close(1000);
}
