/** What was said, in its order: a line each, and behind it all fields and octets for who wants to know. */

import type { Field } from "ticketgate-client";
import { make, timeOfDay, type Mood } from "./dom.js";
import { NAMES, type Place } from "./plan.js";

/** Octets in one line of a dump. */
const ROW = 16;

/** Most chapters that stay on the page. */
const CHAPTERS = 24;

/** Something that was said. */
export interface Entry {
    /** The number or letter that it has in the picture. */
    readonly mark: string;
    readonly from: Place;
    readonly to: Place;
    /** Milliseconds since 1970. */
    readonly at: number;
    /** What it is, such as `AS-REQ`. */
    readonly kind: string;
    /** The same for the picture, where that is to say something else than usual. */
    readonly label?: string;
    /** What it says, in a sentence. */
    readonly words: string;
    readonly fields?: readonly Field[];
    readonly octets?: Uint8Array;
    /** What it is, where it is a text. */
    readonly text?: string;
}

/** A list of chapters with entries. */
export class Journal {
    readonly #list: HTMLOListElement;
    /** Whether a new chapter closes those before it. */
    readonly #isBrief: boolean;

    constructor(list: HTMLOListElement, isBrief: boolean) {
        this.#list = list;
        this.#isBrief = isBrief;
    }

    /** Begins anew. */
    clear(): void {
        this.#list.replaceChildren();
    }

    /** Opens a chapter. */
    chapter(title: string): Chapter {
        const chapter = new Chapter(title);
        if (this.#isBrief) {
            for (const earlier of this.#list.querySelectorAll(".chapter > details")) {
                earlier.removeAttribute("open");
            }
        }
        this.#list.append(chapter.element);
        while (this.#list.children.length > CHAPTERS) {
            this.#list.firstElementChild?.remove();
        }
        return chapter;
    }
}

/** Entries that belong together. */
export class Chapter {
    readonly element: HTMLLIElement;
    readonly #entries = make("ol", { class: "entries" });
    readonly #outcome = make("span", { class: "pill", hidden: "" });
    #began: number | undefined;

    constructor(title: string) {
        const head = make("summary", {}, make("h4", {}, title), this.#outcome);
        this.element = make("li", { class: "chapter" }, make("details", { open: "" }, head, this.#entries));
    }

    /** Writes down what was said. */
    add(entry: Entry): void {
        this.#began ??= entry.at;
        const after = Math.round(entry.at - this.#began);
        const way = make("span", { class: "way" }, `${NAMES[entry.from]} → ${NAMES[entry.to]}`);
        const head = [
            make("span", { class: "mark" }, entry.mark),
            make("span", { class: "what" }, make("strong", {}, entry.kind), " ", way),
            make("time", { datetime: new Date(entry.at).toISOString() }, `+${after} ms`),
            make("span", { class: "words" }, entry.words),
        ];
        const details = make("details", {}, make("summary", {}, ...head));
        details.addEventListener("toggle", () => details.append(...inside(entry)), { once: true });
        this.#entries.append(make("li", { "data-entry": entry.mark }, details));
    }

    /** Says how it ended. */
    end(mood: Mood, words: string): void {
        this.#outcome.hidden = false;
        this.#outcome.dataset["mood"] = mood;
        this.#outcome.textContent = words;
    }
}

function inside({ at, fields = [], octets, text }: Entry): HTMLElement[] {
    const parts = [make("p", { class: "faint" }, `At ${timeOfDay(at)}.`), fieldList(fields)];
    if (text !== undefined) {
        parts.push(make("pre", { tabindex: "0", "aria-label": "As it was sent" }, text));
    }
    if (octets !== undefined) {
        parts.push(make("pre", { class: "octets", tabindex: "0", "aria-label": "Octets" }, dump(octets)));
    }
    return parts;
}

function fieldList(fields: readonly Field[]): HTMLElement {
    const items = fields.map(({ name, value, fields: inner = [] }) => {
        const line = [make("span", { class: "name" }, name), " ", make("span", {}, value)];
        return make("li", {}, ...line, ...(inner.length > 0 ? [fieldList(inner)] : []));
    });
    return make("ul", { class: "fields" }, ...items);
}

/** Octets in rows: where they are, their digits, and the letters among them. */
export function dump(octets: Uint8Array): string {
    const rows = [];
    for (let at = 0; at < octets.length; at += ROW) {
        const row = [...octets.subarray(at, at + ROW)];
        const digits = row.map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
        const letters = row.map((octet) => (octet > 0x20 && octet < 0x7f ? String.fromCharCode(octet) : "·")).join("");
        rows.push(`${at.toString(16).padStart(4, "0")}  ${digits.padEnd(ROW * 3 - 1)}  ${letters}`);
    }
    return rows.join("\n");
}
