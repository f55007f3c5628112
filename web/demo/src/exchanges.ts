/** Which message belongs to which, and what the KDC itself told of it. */

import type { KerberosEvent } from "ticketgate-client";
import type { KdcEvent } from "./feed.js";

/** What is asked of a KDC. */
export type ExchangeKind = KdcEvent["kind"];

/** A question to the KDC, and all that becomes of it. */
export interface Exchange {
    readonly kind: ExchangeKind;
    readonly asked: KerberosEvent;
    /** What the KDC told; `undefined` if that is not heard in time. */
    readonly told: Promise<KdcEvent | undefined>;
    /** The answer as it came through the gateway; `undefined` if none came. */
    readonly answered: Promise<KerberosEvent | undefined>;
}

interface Open extends Exchange {
    readonly tell: (event: KdcEvent | undefined) => void;
    readonly answer: (event: KerberosEvent | undefined) => void;
    isTold: boolean;
    reply: KerberosEvent | undefined;
    /** What ends the wait for the KDC's word. */
    timer: ReturnType<typeof setTimeout> | undefined;
}

/** How far two readings of one clock may be apart, in milliseconds: browsers make theirs coarse. */
const COARSE = 100;

/** Finds out what belongs together. A page asks one question after the other. */
export class Exchanges {
    readonly #begun: (exchange: Exchange) => void;
    readonly #patience: number;
    #open: Open[] = [];
    /** Who asks. */
    client = "";

    /**
     * @param begun is shown each exchange as soon as its question is sent
     * @param patience milliseconds in which the KDC's word is awaited, once its answer is here
     */
    constructor(begun: (exchange: Exchange) => void, patience = 2000) {
        this.#begun = begun;
        this.#patience = patience;
    }

    /** A message passed between the page and the gateway. */
    message(event: KerberosEvent): void {
        if (event.direction === "sent") {
            this.#asked(event);
            return;
        }
        const open = this.#open.find(({ reply }) => reply === undefined);
        if (open !== undefined) {
            open.reply = event;
            open.answer(event);
            if (open.isTold) {
                this.#drop(open);
            } else {
                open.timer = setTimeout(() => this.#close(open, undefined), this.#patience);
            }
        }
    }

    /** The KDC told of an exchange, of this page or of another. */
    told(event: KdcEvent): void {
        const open = this.#open.find(
            ({ kind, asked, reply, isTold }) =>
                !isTold &&
                kind === event.kind &&
                (event.client === null || event.client === this.client) &&
                event.at >= asked.at - COARSE &&
                (reply === undefined || event.at <= reply.at + COARSE) &&
                (reply === undefined || (reply.kind === "KRB-ERROR") === (event.code !== 0)),
        );
        if (open !== undefined) {
            this.#close(open, event);
        }
    }

    /** No answer will come to what has none: the gateway is gone, or the user. */
    ended(): void {
        for (const open of this.#open.filter(({ reply }) => reply === undefined)) {
            open.answer(undefined);
            open.tell(undefined);
        }
        this.#open = this.#open.filter(({ reply }) => reply !== undefined);
    }

    #asked(asked: KerberosEvent): void {
        let tell: Open["tell"] = () => {};
        let answer: Open["answer"] = () => {};
        const told = new Promise<KdcEvent | undefined>((resolve) => (tell = resolve));
        const answered = new Promise<KerberosEvent | undefined>((resolve) => (answer = resolve));
        const kind = asked.kind === "AS-REQ" ? "AS" : asked.kind === "TGS-REQ" ? "TGS" : "password change";
        const fresh = { isTold: false, reply: undefined, timer: undefined };
        const open: Open = { kind, asked, told, answered, tell, answer, ...fresh };
        this.#open.push(open);
        this.#begun(open);
    }

    #close(open: Open, event: KdcEvent | undefined): void {
        clearTimeout(open.timer);
        open.isTold = true;
        open.tell(event);
        if (open.reply !== undefined) {
            this.#drop(open);
        }
    }

    #drop(open: Open): void {
        this.#open = this.#open.filter((other) => other !== open);
    }
}
