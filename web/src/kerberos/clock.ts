/** What the time is for the KDC, and how messages write it (RFC 4120 section 5.2.3). */

/** A moment as messages have it: whole seconds, and the microseconds apart from them. */
export interface Stamp {
    /** The second, in milliseconds since 1970. */
    readonly time: number;
    /** Microseconds beyond it, 0 to 999,999. */
    readonly micros: number;
}

/** The computer's clock, and how far the KDC's is from it. */
export class Clock {
    readonly #now: () => number;
    #offset = 0;
    /** The last stamp, in microseconds. */
    #last = 0;

    /** Takes what tells the milliseconds since 1970. */
    constructor(now: () => number) {
        this.#now = now;
    }

    /** What the KDC's clock shows, in milliseconds since 1970. */
    now(): number {
        return this.#now() + this.#offset;
    }

    /** The same for a message. No two are alike, for a service takes two equal ones as a replay. */
    stamp(): Stamp {
        this.#last = Math.max(Math.floor(this.now() * 1000), this.#last + 1);
        const micros = this.#last % 1_000_000;
        return { time: (this.#last - micros) / 1000, micros };
    }

    /** Takes over what the KDC's clock shows now, in milliseconds since 1970. */
    correct(theirs: number): void {
        this.#offset = theirs - this.#now();
        this.#last = 0;
    }

    /** A clock that is corrected on its own, for as long as nobody vouches for what the KDC says. */
    copy(): Clock {
        const copy = new Clock(this.#now);
        copy.#offset = this.#offset;
        copy.#last = this.#last;
        return copy;
    }
}
