/** What the KDC tells of its exchanges: lines of JSON, cut into messages wherever it happens. */

import { socketAt } from "./dom.js";

/** One exchange, as the KDC saw it. */
export interface KdcEvent {
    readonly kind: "AS" | "TGS" | "password change";
    readonly client: string | null;
    readonly server: string | null;
    /** 0, or the error code of RFC 4120 section 7.5.9. */
    readonly code: number;
    readonly says: string;
    /** Milliseconds since 1970, UTC. */
    readonly at: number;
}

/** Milliseconds until a feed that ended is asked for again. */
const AGAIN = 2000;

/** Milliseconds after which the page goes on without a feed: then only what the KDC tells is missing. */
const PATIENCE = 2000;

/** Cuts text into lines, however it arrives. */
export class Lines {
    readonly #decoder = new TextDecoder();
    #rest = "";

    /** The lines that these octets end. */
    take(octets: ArrayBuffer): string[] {
        const lines = (this.#rest + this.#decoder.decode(octets, { stream: true })).split("\n");
        this.#rest = lines.pop() ?? "";
        return lines.filter((line) => line !== "");
    }
}

/** Follows the feed, again and again. The promise is kept when that has begun, or seems not to come. */
export function follow(heard: (event: KdcEvent) => void): Promise<void> {
    return new Promise((resolve) => {
        setTimeout(resolve, PATIENCE);
        const connect = (): void => {
            const lines = new Lines();
            const socket = new globalThis.WebSocket(socketAt("/events"));
            socket.binaryType = "arraybuffer";
            socket.onopen = () => resolve();
            socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
                for (const line of lines.take(data)) {
                    heard(JSON.parse(line) as KdcEvent);
                }
            };
            socket.onclose = () => setTimeout(connect, AGAIN);
        };
        connect();
    });
}
