/** The browser's own WebSocket and close event, as they were before a page put others in their place. */

/** The browser's own WebSocket. */
export const NativeWebSocket: typeof globalThis.WebSocket | undefined = globalThis.WebSocket;

/** Close events; where there are none, as in Node before version 23, one of the same shape. */
export const NativeCloseEvent: typeof globalThis.CloseEvent =
    globalThis.CloseEvent ??
    class extends Event {
        readonly code: number;
        readonly reason: string;
        readonly wasClean: boolean;

        constructor(type: string, { code = 0, reason = "", wasClean = false }: CloseEventInit = {}) {
            super(type);
            this.code = code;
            this.reason = reason;
            this.wasClean = wasClean;
        }
    };
