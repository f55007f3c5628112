/** What pages get of Kerberos. */

export { DerError, type DerFault } from "./der.js";
export { type Description, describe, type Field } from "./describe.js";
export { KerberosError, type OwnErrorName } from "./error.js";
export { type ContextOptions, SecurityContext } from "./gss/context.js";
export {
    type ChangeOptions,
    Kerberos,
    type KerberosEvent,
    type KerberosOptions,
    type LoginOptions,
} from "./kerberos.js";
export { Login, ServiceTicket } from "./login.js";
export { type KdcTransport, type TggOptions, TggTransport, type WebSocketLike } from "./transport.js";
