/** What a message is, by its first octets (RFC 4120 section 7.5.7, RFC 3244 section 2). */

import { application } from "./der.js";

const KINDS = new Map([
    [application(1), "Ticket"],
    [application(10), "AS-REQ"],
    [application(11), "AS-REP"],
    [application(12), "TGS-REQ"],
    [application(13), "TGS-REP"],
    [application(14), "AP-REQ"],
    [application(15), "AP-REP"],
    [application(21), "KRB-PRIV"],
    [application(30), "KRB-ERROR"],
]);

/** The name of the message that octets start as: that of its standard, `password change`, or `unknown`. */
export function kindOf(octets: Uint8Array): string {
    const kind = KINDS.get(octets[0] ?? 0);
    if (kind !== undefined) {
        return kind;
    }
    // Its own length stands in front of a password change, where no tag of Kerberos is.
    const [high = 0, low = 0] = octets;
    return octets.length >= 6 && high * 256 + low === octets.length ? "password change" : "unknown";
}
