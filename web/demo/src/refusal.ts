/** Why a door stays shut, in words for visitors. */

import type { HandshakeError } from "ticketgate-client";

/** Why the socket did not open. */
export function refusalOf({ failure, status, message }: HandshakeError): string {
    if (status === 401) {
        return "Refused: 401. The gateway wants proof, and there was none that it takes.";
    }
    if (status === 403) {
        return "Refused: 403. The gateway knows who this is, or what was shown, and does not open.";
    }
    return failure === "unreachable" ? "Nobody answers there." : `Not opened: ${message}.`;
}
