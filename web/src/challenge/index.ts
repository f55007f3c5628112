/** What answers challenges. */

export { BasicChallengeHandler } from "./basic.js";
export { ChallengeResponse, type ChallengeHandler, type ChallengeRequest } from "./challenge.js";
export { DispatchChallengeHandler } from "./dispatch.js";
export { PasswordAuthentication, type LoginHandler } from "./login.js";
export {
    NegotiateChallengeHandler,
    type NegotiateOptions,
    type TicketContext,
    type TicketForService,
    type TicketLogin,
    type TicketSource,
} from "./negotiate.js";
