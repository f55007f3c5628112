/** Where everything stands in the picture, for wide screens and for narrow ones, and who says what to whom. */

/** Who takes part. */
export type Place = "browser" | "tgg" | "kdc" | "tpg" | "services";

/** Where something stands, in units of the picture. */
export interface Box {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
}

/** A picture of one shape. */
export interface Plan {
    readonly width: number;
    readonly height: number;
    /** Messages pass from left to right and back, or else from top to bottom and back. */
    readonly isWide: boolean;
    readonly boxes: Readonly<Record<Place, Box>>;
    readonly wall: Box;
    /** Words for the parts of the picture, and where they begin. */
    readonly zones: readonly { readonly x: number; readonly y: number; readonly words: string }[];
}

/** For screens that have the room. */
export const WIDE: Plan = {
    width: 1120,
    height: 356,
    isWide: true,
    boxes: {
        browser: { x: 8, y: 34, width: 214, height: 312 },
        tgg: { x: 430, y: 34, width: 196, height: 140 },
        kdc: { x: 906, y: 34, width: 206, height: 140 },
        tpg: { x: 430, y: 206, width: 196, height: 140 },
        services: { x: 906, y: 206, width: 206, height: 140 },
    },
    wall: { x: 745, y: 34, width: 42, height: 312 },
    zones: [
        { x: 8, y: 18, words: "the internet" },
        { x: 430, y: 18, words: "the edge: ticketgate" },
        { x: 906, y: 18, words: "inside" },
    ],
};

/** For telephones. */
export const TALL: Plan = {
    width: 320,
    height: 534,
    isWide: false,
    boxes: {
        browser: { x: 2, y: 20, width: 316, height: 118 },
        tgg: { x: 2, y: 222, width: 150, height: 78 },
        kdc: { x: 2, y: 438, width: 150, height: 78 },
        tpg: { x: 168, y: 222, width: 150, height: 78 },
        services: { x: 168, y: 438, width: 150, height: 78 },
    },
    wall: { x: 2, y: 354, width: 316, height: 28 },
    zones: [
        { x: 2, y: 12, words: "the internet" },
        { x: 2, y: 531, words: "inside" },
    ],
};

/** One arrow. */
export interface Arrow {
    /** `1` to `8` as in the picture of the TGG, `a` to `d` at the TPG, and `socket` behind it. */
    readonly id: string;
    readonly from: Place;
    readonly to: Place;
    /** Which of the four places beside each other. */
    readonly lane: number;
    /** What passes, where there is room to say so. */
    readonly words: string;
}

/** The eight steps by which a browser gets a ticket. */
export const STEPS: readonly Arrow[] = [
    { id: "1", from: "browser", to: "tgg", lane: 0, words: "AS-REQ" },
    { id: "2", from: "tgg", to: "kdc", lane: 0, words: "" },
    { id: "3", from: "kdc", to: "tgg", lane: 1, words: "" },
    { id: "4", from: "tgg", to: "browser", lane: 1, words: "AS-REP" },
    { id: "5", from: "browser", to: "tgg", lane: 2, words: "TGS-REQ" },
    { id: "6", from: "tgg", to: "kdc", lane: 2, words: "" },
    { id: "7", from: "kdc", to: "tgg", lane: 3, words: "" },
    { id: "8", from: "tgg", to: "browser", lane: 3, words: "TGS-REP" },
];

/** How it is used. */
export const DOOR: readonly Arrow[] = [
    { id: "a", from: "browser", to: "tpg", lane: 0, words: "GET" },
    { id: "b", from: "tpg", to: "browser", lane: 1, words: "401" },
    { id: "c", from: "browser", to: "tpg", lane: 2, words: "GET, ticket" },
    { id: "d", from: "tpg", to: "browser", lane: 3, words: "101, proof" },
    { id: "socket", from: "tpg", to: "services", lane: 1.5, words: "" },
];

/** What people call them. */
export const NAMES: Readonly<Record<Place, string>> = {
    browser: "browser",
    tgg: "TGG",
    kdc: "KDC",
    tpg: "TPG",
    services: "service",
};

/** What is written on them. */
export const LABELS: Readonly<Record<Place, readonly string[]>> = {
    browser: ["Your browser"],
    tgg: ["TGG", "ticket-granting gateway", "relays, holds no key"],
    kdc: ["KDC", "makes tickets,", "is never exposed"],
    tpg: ["TPG", "ticket-protected gateway", "opens to tickets alone"],
    services: ["Services", "echo and chat, which", "see no ticket at all"],
};
