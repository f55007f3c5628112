/** The page of the demo: what stands in `index.html` is brought to life here. */

import { Account } from "./account.js";
import { attempts } from "./attempts.js";
import { chat } from "./chat.js";
import { Diagram } from "./diagram.js";
import { doors } from "./doors.js";
import { byId, onClick, tell, wordsOf } from "./dom.js";
import { echo } from "./echo.js";
import { Entrance } from "./entrance.js";
import { follow } from "./feed.js";
import { Journal } from "./journal.js";
import { Pace } from "./pace.js";
import { setUp, type Setup } from "./setup.js";
import { Theatre } from "./theatre.js";
import { theme } from "./theme.js";

/** Milliseconds that a step is shown alone. */
const BEAT = 420;

async function begin(): Promise<void> {
    theme();
    const diagram = new Diagram(byId("picture", HTMLElement));
    const setup = await setUp();
    const theatre = new Theatre({
        diagram,
        picture: byId("figure", HTMLElement),
        caption: byId("caption", HTMLElement),
        exchanges: new Journal(byId("exchanges", HTMLOListElement), false),
        doors: new Journal(byId("doors", HTMLOListElement), true),
        pace: paced(),
    });
    const account = new Account(setup.realm, setup.spn, (exchange) => theatre.exchange(exchange));
    // Before anybody can log in: what the KDC tells is told once.
    await follow((event) => account.told(event));
    const leave = [echo(setup, account, theatre), chat(account, theatre)];
    new Entrance({ setup, account, theatre, diagram, changed: () => leave.forEach((close) => close()) });
    attempts(account, theatre);
    doors(theatre);
    tools(setup);
    document.documentElement.dataset["ready"] = "true";
}

/** The pace at which steps are shown, by the visitor's choice. */
function paced(): Pace {
    const slow = byId("slow", HTMLInputElement);
    slow.checked = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    const pace = new Pace(BEAT, slow.checked);
    slow.addEventListener("change", () => (pace.isSlow = slow.checked));
    return pace;
}

function tools(setup: Setup): void {
    const commands = byId("commands", HTMLElement);
    const copy = byId("copy", HTMLButtonElement);
    const said = byId("copy-said", HTMLElement);
    commands.textContent = setup.type.join("\n");
    byId("manage", HTMLAnchorElement).href = setup.manage;
    onClick(copy, async () => {
        try {
            await navigator.clipboard.writeText(`${setup.type.join("\n")}\n`);
            tell(said, "good", "Copied.");
        } catch {
            getSelection()?.selectAllChildren(commands);
            tell(said, "wait", "Selected: copy it with the keyboard.");
        }
    });
}

begin().catch((error: unknown) => {
    tell(byId("login-said", HTMLElement), "bad", `The demo does not answer: ${wordsOf(error)}. Is it running?`);
});
