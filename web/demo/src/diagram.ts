/** The picture: who talks to whom, and which of it has happened. */

import { draw } from "./dom.js";
import { DOOR, LABELS, STEPS, TALL, WIDE, type Arrow, type Box, type Place, type Plan } from "./plan.js";

/** Half the length of an arrow's head. */
const HEAD = 7;

/** How wide a slot in the wall is. */
const SLOT = 14;

/** The radius of an arrow's number. */
const RADIUS = 10;

/** The picture, in the shape that fits the screen. It keeps what is lit when the shape changes. */
export class Diagram {
    readonly #frame: HTMLElement;
    readonly #narrow = matchMedia("(max-width: 44rem)");
    readonly #lit = new Set<string>();
    /** What passes on an arrow, where it is not what usually does. */
    readonly #words = new Map<string, string>();
    #user = "nobody yet";
    #tickets: readonly string[] = [];
    #latest = "";

    constructor(frame: HTMLElement) {
        this.#frame = frame;
        this.#narrow.addEventListener("change", () => this.#redraw());
        this.#redraw();
    }

    /** Lights an arrow, and says what passes. */
    light(id: string, words?: string): void {
        this.#lit.add(id);
        this.#latest = id;
        if (words !== undefined) {
            this.#words.set(id, words);
        }
        this.#show();
    }

    /** Puts out these arrows. */
    dim(ids: Iterable<string>): void {
        for (const id of ids) {
            this.#lit.delete(id);
            this.#words.delete(id);
        }
        this.#show();
    }

    /** Says who is in the browser, and which tickets that user has. */
    own(user: string | undefined, tickets: readonly string[]): void {
        this.#user = user ?? "nobody yet";
        this.#tickets = tickets;
        this.#redraw();
    }

    #redraw(): void {
        this.#frame.replaceChildren(picture(this.#narrow.matches ? TALL : WIDE, this.#user, this.#tickets));
        this.#show();
    }

    #show(): void {
        for (const { id, words } of [...STEPS, ...DOOR]) {
            const arrow = this.#frame.querySelector(`[data-arrow="${id}"]`);
            arrow?.setAttribute("data-state", this.#lit.has(id) ? "lit" : "idle");
            arrow?.toggleAttribute("data-latest", id === this.#latest && this.#lit.has(id));
            const label = arrow?.querySelector(".words");
            if (label) {
                label.textContent = this.#words.get(id) ?? words;
            }
        }
    }
}

function picture(plan: Plan, user: string, tickets: readonly string[]): SVGSVGElement {
    const words =
        "A browser on the internet talks to two gateways at the edge. The ticket-granting gateway passes its requests " +
        "through a wall to the KDC; the ticket-protected gateway opens sockets through the wall to services.";
    const places: readonly Place[] = ["browser", "tgg", "kdc", "tpg", "services"];
    return draw(
        "svg",
        {
            viewBox: `0 0 ${plan.width} ${plan.height}`,
            class: plan.isWide ? "wide" : "tall",
            role: "img",
            "aria-label": words,
        },
        draw(
            "defs",
            {},
            draw(
                "pattern",
                { id: "bricks", width: 28, height: 20, patternUnits: "userSpaceOnUse" },
                draw("rect", { class: "mortar", width: 28, height: 20 }),
                ...[
                    [1, 1],
                    [-13, 11],
                    [15, 11],
                ].map(([x = 0, y = 0]) => draw("rect", { class: "brick", x, y, width: 26, height: 8, rx: 1 })),
            ),
        ),
        ...plan.zones.map(({ x, y, words }) => draw("text", { class: "zone", x, y }, words)),
        ...wall(plan),
        ...places.map((place) => box(plan, place, user, tickets)),
        ...[...STEPS, ...DOOR].map((arrow) => drawn(plan, arrow)),
    );
}

/** The wall, with a slot for each arrow that passes it. */
function wall(plan: Plan): SVGRectElement[] {
    const { wall, boxes, isWide } = plan;
    const slots = [...STEPS, ...DOOR].flatMap(({ from, to, lane }) => {
        const gateway = [from, to].find((place) => place === "tgg" || place === "tpg") ?? "tgg";
        const at = beside(plan, boxes[gateway], lane) - SLOT / 2;
        const place = isWide
            ? { x: wall.x - 1, y: at, width: wall.width + 2, height: SLOT }
            : { x: at, y: wall.y - 1, width: SLOT, height: wall.height + 2 };
        return from === "browser" || to === "browser" ? [] : [draw("rect", { class: "slot", ...place })];
    });
    return [draw("rect", { class: "wall", rx: 2, ...wall }), ...slots];
}

/** Where an arrow of a gateway is, across its way. */
function beside({ isWide }: Plan, { x, y, width, height }: Box, lane: number): number {
    const [begin, room] = isWide ? [y, height] : [x, width];
    return begin + (room * (lane + 0.5)) / 4;
}

function box(plan: Plan, place: Place, user: string, tickets: readonly string[]): SVGGElement {
    const { x, y, width, height } = plan.boxes[place];
    const [title = "", ...more] = LABELS[place];
    const isBrowser = place === "browser";
    const isGateway = place === "tgg" || place === "tpg";
    const top = isBrowser ? y + (plan.isWide ? 62 : 50) : y + height / 2 - (more.length * 17) / 2 + 5;
    const left = isBrowser ? x + 16 : x + width / 2;
    const lines = isBrowser ? [user] : more;
    return draw(
        "g",
        { class: `box ${isBrowser ? "browser" : ""} ${isGateway ? "gateway" : ""}` },
        draw("rect", { x, y, width, height, rx: 12 }),
        ...(isBrowser ? bar(plan.boxes.browser) : []),
        draw("text", { class: "title", x: left, y: top }, title),
        ...lines.map((line, at) => draw("text", { class: "line", x: left, y: top + 19 + at * 17 }, line)),
        ...(isBrowser ? tickets.map((name, at) => ticket(plan, name, at)) : []),
    );
}

/** The bar on top of a browser. */
function bar({ x, y, width }: Box): SVGElement[] {
    const dots = [0, 1, 2].map((at) => draw("circle", { class: "dot", cx: x + 18 + at * 14, cy: y + 14, r: 4 }));
    return [draw("path", { class: "bar", d: `M${x} ${y + 28}h${width}` }), ...dots];
}

/** A ticket that the browser holds. */
function ticket({ boxes, isWide }: Plan, name: string, at: number): SVGGElement {
    const { x, y, width } = boxes.browser;
    const [wide, high, notch] = [isWide ? width - 32 : 136, isWide ? 54 : 30, 6];
    const [left, top] = isWide ? [x + 16, y + 112 + at * 72] : [x + 16 + at * 148, y + 78];
    const middle = (high - 2 * notch) / 2;
    const side = (sweep: number): string =>
        `v${sweep * middle}a${notch} ${notch} 0 0 0 0 ${sweep * 2 * notch}v${sweep * middle}`;
    return draw(
        "g",
        { class: "ticket" },
        draw("path", { d: `M${left} ${top}h${wide}${side(1)}h${-wide}${side(-1)}z` }),
        draw("text", { x: left + wide / 2, y: top + high / 2 + 4 }, name),
    );
}

function drawn(plan: Plan, { id, from, to, lane, words }: Arrow): SVGGElement {
    const [begin, end] = [plan.boxes[from], plan.boxes[to]];
    const gateway = from === "tgg" || from === "tpg" ? begin : end;
    // Both ends, as they lie along the way that messages take.
    const ends = plan.isWide ? ([begin, end] as const) : ([begin, end].map(turned) as [Box, Box]);
    const isForward = ends[0].x < ends[1].x;
    const start = isForward ? ends[0].x + ends[0].width + 4 : ends[0].x - 4;
    const stop = isForward ? ends[1].x - 4 : ends[1].x + ends[1].width + 4;
    const at = beside(plan, gateway, lane);
    const way = isForward ? 1 : -1;
    const point = (along: number, beside: number): string =>
        plan.isWide ? `${along} ${beside}` : `${beside} ${along}`;
    const tip = (end: number, ahead: number): string => {
        const [back, half] = [end - ahead * HEAD, HEAD * 0.7];
        return `M${point(back, at - half)}L${point(end, at)}L${point(back, at + half)}`;
    };
    const [head, tail] = [tip(stop, way), tip(start, -way)];
    const isStep = /^[1-8]$/.test(id);
    // Numbers stand where messages set out, so that those of both directions are told apart.
    const badge = start + way * (plan.isWide ? 24 : 22);
    const [cx, cy] = plan.isWide ? [badge, at] : [at, badge];
    const room = { x: (start + stop) / 2 + way * RADIUS, y: at + 4 };
    return draw(
        "g",
        { class: "arrow", "data-arrow": id, "data-state": "idle", ...(isStep && { "data-step": id }) },
        draw("path", { class: "shaft", d: `M${point(start, at)}L${point(stop, at)}`, pathLength: 1 }),
        draw("path", { class: "head", d: id === "socket" ? head + tail : head }),
        ...(id === "socket"
            ? []
            : [draw("circle", { cx, cy, r: RADIUS }), draw("text", { class: "number", x: cx, y: cy + 4 }, id)]),
        ...(plan.isWide && words !== "" ? [draw("text", { class: "words", ...room }, words)] : []),
    );
}

/** A box in a picture that is turned on its side. */
function turned({ x, y, width, height }: Box): Box {
    return { x: y, y: x, width: height, height: width };
}
