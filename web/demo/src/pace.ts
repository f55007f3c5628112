/** What happens within milliseconds, shown so slowly that people can follow. The times beside it stay the real ones. */

/** Shows scenes one after the other. */
export class Pace {
    /** Milliseconds between two beats. */
    readonly #beat: number;
    #isSlow: boolean;
    #hurry: (() => void) | undefined;
    #shown: Promise<void> = Promise.resolve();

    constructor(beat: number, isSlow: boolean) {
        this.#beat = beat;
        this.#isSlow = isSlow;
    }

    /** Whether there are beats at all. */
    get isSlow(): boolean {
        return this.#isSlow;
    }

    set isSlow(isSlow: boolean) {
        this.#isSlow = isSlow;
        if (!isSlow) {
            this.#hurry?.();
        }
    }

    /** Shows this after all that was to be shown before. Where a scene fails, the next one goes on. */
    show(scene: () => Promise<void> | void): void {
        this.#shown = this.#shown.then(scene).catch((error: unknown) => reportError(error));
    }

    /** Until all is shown. */
    settled(): Promise<void> {
        return this.#shown;
    }

    /** Waits between two parts of a scene. */
    async beat(): Promise<void> {
        if (!this.#isSlow) {
            return;
        }
        await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, this.#beat);
            this.#hurry = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }
}
