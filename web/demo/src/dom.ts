/** Small parts that a page is made of. All texts go in as texts: names are chosen by strangers. */

/** The element of this kind that `index.html` has under this name. */
export function byId<T extends Element>(id: string, kind: abstract new () => T): T {
    const element = document.getElementById(id);
    if (!(element instanceof kind)) {
        throw new Error(`the page has no ${id}`);
    }
    return element;
}

/** A new element with these attributes and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Readonly<Record<string, string>> = {},
    ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    fill(element, attributes, children);
    return element;
}

/** The same for a drawing. */
export function draw<K extends keyof SVGElementTagNameMap>(
    tag: K,
    attributes: Readonly<Record<string, string | number>> = {},
    ...children: readonly (Node | string)[]
): SVGElementTagNameMap[K] {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    fill(element, attributes, children);
    return element;
}

function fill(
    element: Element,
    attributes: Readonly<Record<string, string | number>>,
    children: readonly (Node | string)[],
): void {
    for (const [name, value] of Object.entries(attributes)) {
        element.setAttribute(name, String(value));
    }
    element.append(...children);
}

/** How something ended. */
export type Mood = "good" | "bad" | "wait" | "";

/** Writes how something ended into a line that is read aloud. */
export function tell(line: HTMLElement, mood: Mood, words: string): void {
    line.dataset["mood"] = mood;
    line.textContent = words;
}

/** Has a form do this instead of being sent. While that lasts its buttons rest. */
export function onSubmit(form: HTMLFormElement, act: () => Promise<void> | void): void {
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        void resting(form.querySelectorAll("button"), act);
    });
}

/** Has a button do this. While that lasts it rests. */
export function onClick(button: HTMLButtonElement, act: () => Promise<void> | void): void {
    button.addEventListener("click", () => void resting([button], act));
}

/**
 * Buttons that rest are not disabled: a disabled one would lose the focus.
 */
async function resting(buttons: Iterable<HTMLButtonElement>, act: () => Promise<void> | void): Promise<void> {
    const all = [...buttons];
    if (all.some((button) => button.getAttribute("aria-disabled") === "true")) {
        return;
    }
    for (const button of all) {
        button.setAttribute("aria-disabled", "true");
    }
    try {
        await act();
    } finally {
        for (const button of all) {
            button.removeAttribute("aria-disabled");
        }
    }
}

/** What an error says to a person. */
export function wordsOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
});

/** The time of day, to the millisecond. */
export function timeOfDay(at: number): string {
    return CLOCK.format(at);
}

/** An address of this gateway for sockets. */
export function socketAt(path: string): string {
    const url = new URL(path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    return url.href;
}
