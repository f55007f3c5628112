/** How exchanges and handshakes are shown: step by step in the picture, and written down beside it. */

import { describe, type KerberosEvent, type HandshakeEvent } from "ticketgate-client";
import type { Diagram } from "./diagram.js";
import { make } from "./dom.js";
import type { Exchange } from "./exchanges.js";
import type { KdcEvent } from "./feed.js";
import { entryOf } from "./handshake.js";
import { Journal, type Chapter, type Entry } from "./journal.js";
import type { Pace } from "./pace.js";
import { DOOR, STEPS } from "./plan.js";

/** The parts of the page that show what happens. */
export interface Stage {
    readonly diagram: Diagram;
    /** Where the picture is on the page. */
    readonly picture: HTMLElement;
    /** What happens in the picture right now, in words. */
    readonly caption: HTMLElement;
    /** The eight steps. */
    readonly exchanges: Journal;
    /** What is said at the TPG. */
    readonly doors: Journal;
    readonly pace: Pace;
}

const AS_STEPS = STEPS.slice(0, 4).map(({ id }) => id);
const TGS_STEPS = STEPS.slice(4).map(({ id }) => id);
const HANDSHAKE_STEPS = DOOR.filter(({ id }) => id !== "socket").map(({ id }) => id);

/** The step in which the page shows something to the gateway. */
const SHOWING = "c";

/** Shows what happens. */
export class Theatre {
    readonly #stage: Stage;
    /** How many sockets are open behind doors. */
    #sockets = 0;

    constructor(stage: Stage) {
        this.#stage = stage;
    }

    /** Begins anew, with nothing lit and nothing written. */
    clear(): void {
        const { pace, diagram, exchanges, doors, caption } = this.#stage;
        pace.show(() => {
            diagram.dim([...AS_STEPS, ...TGS_STEPS, ...HANDSHAKE_STEPS]);
            exchanges.clear();
            doors.clear();
            caption.textContent = "";
        });
    }

    /** Until all that happened is shown. */
    settled(): Promise<void> {
        return this.#stage.pace.settled();
    }

    /** Has the visitor look at the picture, where it is slow enough to be watched, and at the outcome in the end. */
    async watch(outcome: HTMLElement, act: () => Promise<void>): Promise<void> {
        this.#lookAt(this.#stage.picture);
        await act();
        this.#lookAt(outcome);
    }

    #lookAt(element: HTMLElement): void {
        if (this.#stage.pace.isSlow) {
            element.scrollIntoView({ block: "nearest", behavior: "smooth" });
        }
    }

    /** Shows an exchange with the KDC, as it goes on. */
    exchange(exchange: Exchange): void {
        this.#stage.pace.show(() => this.#play(exchange));
    }

    /** Begins a conversation at a door, which the page means to open for this. */
    door(title: string): Conversation {
        const { pace, diagram, doors } = this.#stage;
        let chapter: Chapter | undefined;
        let hasShown = false;
        let isOpen = false;
        pace.show(() => {
            diagram.dim(HANDSHAKE_STEPS);
            chapter = doors.chapter(title);
        });
        return {
            observe: (event) =>
                pace.show(async () => {
                    const entry = entryOf(event, hasShown);
                    if (entry !== undefined && chapter !== undefined) {
                        hasShown ||= entry.mark === SHOWING;
                        await this.#step(chapter, entry);
                    }
                }),
            ended: (opened, words) => {
                pace.show(() => {
                    chapter?.end(opened ? "good" : "bad", words);
                    isOpen = opened;
                    this.#count(opened ? 1 : 0);
                });
                return pace.settled();
            },
            closed: () =>
                pace.show(() => {
                    this.#count(isOpen ? -1 : 0);
                    isOpen = false;
                }),
        };
    }

    /** The way to the services is lit as long as there is a socket. */
    #count(more: number): void {
        this.#sockets += more;
        if (this.#sockets > 0) {
            this.#stage.diagram.light("socket");
        } else {
            this.#stage.diagram.dim(["socket"]);
        }
    }

    async #play({ kind, asked, told, answered }: Exchange): Promise<void> {
        const isStep = kind !== "password change";
        const marks = kind === "TGS" ? TGS_STEPS : AS_STEPS;
        // The picture of the TGG has no password changes in it.
        const [first = "", second = "", third = "", fourth = ""] = isStep ? marks : [];
        this.#stage.diagram.dim(marks);
        const chapter = this.#stage.exchanges.chapter(TITLES[kind]);
        await this.#step(chapter, { ...read(asked), mark: first, from: "browser", to: "tgg" });
        const event = await told;
        if (event !== undefined) {
            for (const entry of recorded(asked, event, second, third)) {
                await this.#step(chapter, entry);
            }
        }
        const answer = await answered;
        if (answer === undefined) {
            chapter.end("bad", "no answer");
            return;
        }
        const entry = { ...read(answer), mark: fourth, label: answer.kind, from: "tgg", to: "browser" } as const;
        await this.#step(chapter, entry);
        const isProofWanted = event?.code === PREAUTH_REQUIRED;
        const isRefused = answer.kind === "KRB-ERROR";
        const mood = isProofWanted ? "wait" : isRefused ? "bad" : "good";
        const isForChange = event?.server?.startsWith("kadmin/changepw@") ?? false;
        const granted = isForChange && kind === "AS" ? "a ticket to change the password with" : GRANTED[kind];
        chapter.end(mood, isProofWanted ? "asked to prove it" : isRefused ? "refused" : granted);
    }

    /** Lights a step, writes it down, and gives people the time to see it. */
    async #step(chapter: Chapter, entry: Entry): Promise<void> {
        const { diagram, caption, pace } = this.#stage;
        if (entry.mark !== "") {
            diagram.light(entry.mark, entry.label);
        }
        chapter.add(entry);
        caption.replaceChildren(make("strong", {}, entry.mark), ` ${entry.words}.`);
        await pace.beat();
    }
}

/** What is said at one door. */
export interface Conversation {
    /** Shows a text of the handshake. */
    readonly observe: (event: HandshakeEvent) => void;
    /** Says how it ended; the promise is kept when all of it is shown. */
    readonly ended: (isOpen: boolean, words: string) => Promise<void>;
    /** The socket that was opened is closed. */
    readonly closed: () => void;
}

/** KDC_ERR_PREAUTH_REQUIRED (RFC 4120 section 7.5.9). */
const PREAUTH_REQUIRED = 25;

const TITLES = {
    AS: "Who are you? (AS exchange)",
    TGS: "What do you want to visit? (TGS exchange)",
    "password change": "Another password",
} as const;

const GRANTED = {
    AS: "a ticket to get tickets with",
    TGS: "a ticket for the service",
    "password change": "answered",
} as const;

function read({ at, kind, message }: KerberosEvent): Pick<Entry, "at" | "kind" | "words" | "fields" | "octets"> {
    const { summary, fields } = describe(message);
    return { at, kind, words: summary, fields, octets: message };
}

/** What passed behind the wall, as the KDC tells it. */
function recorded({ kind }: KerberosEvent, event: KdcEvent, there: string, back: string): readonly [Entry, Entry] {
    const { at, client, server, code, says } = event;
    const told = Object.entries({ client, server, code, says });
    const fields = told.map(([name, value]) => ({ name: `the KDC's record, ${name}`, value: String(value ?? "none") }));
    const who = client === null ? "" : ` for ${client}`;
    const outcome = code === 0 ? says : `${says} (error ${code})`;
    return [
        {
            mark: there,
            from: "tgg",
            to: "kdc",
            at,
            kind,
            fields,
            words: `The TGG passes it on unopened; the KDC has it${who}`,
        },
        {
            mark: back,
            from: "kdc",
            to: "tgg",
            at,
            kind: code === 0 ? kind.replace("REQ", "REP") : "KRB-ERROR",
            fields,
            words: `The KDC says: ${outcome}`,
        },
    ];
}
