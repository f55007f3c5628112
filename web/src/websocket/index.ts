/** What opens sockets. */

export { HandshakeError, type HandshakeFailure } from "./error.js";
export { WebSocketFactory } from "./factory.js";
export type { HandshakeEvent, WebSocketOptions } from "./options.js";
export type { RedirectPolicy } from "./redirect.js";
export { HandshakeErrorEvent, WebSocket } from "./websocket.js";
