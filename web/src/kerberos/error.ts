/** What goes wrong, with a name for programs and a sentence for people. */

import { KDC_ERRORS } from "./error_code.js";

/** What goes wrong on this side, and what people are told. */
const OWN = {
    BAD_NAME: "The name cannot be read; write it as user@REALM",
    BAD_PASSWORD: "A password is needed",
    CLIENT_MISMATCH: "The answer of the KDC is for another user",
    CLOSED: "The gateway closed the connection; try again",
    ENCTYPE_LENGTH: "A key does not have the length of its kind",
    INTEGRITY: "What was received was changed on its way, or is sealed with another key",
    ITERATION_COUNT: "The KDC asks for a key that is too weak, or takes too long to make",
    LOGGED_OUT: "The user has logged out; log in again",
    MALFORMED_MESSAGE: "What was received cannot be read",
    MESSAGE_TOO_LONG: "The message is longer than Kerberos allows",
    NO_ENCTYPE_IN_COMMON: "The KDC has no key of a kind that is safe; a change of the password may make one",
    NO_MECH_LIST_MIC: "The service does not vouch for the list of mechanisms",
    NO_PASSWORD_PREAUTH: "The KDC does not take a password from this user; it may want a smart card",
    NO_CIPHERS: "The browser gives ciphers to secure pages only; open this one over https",
    NO_PROOF: "The service does not prove who it is",
    NONCE_MISMATCH: "The answer of the KDC belongs to another request",
    OTHER_MECH: "The service chose another mechanism than Kerberos",
    OTHER_REQUEST: "The proof of the service belongs to another request",
    PASSWORD_NOT_CHANGED: "The new password is not accepted",
    REFERRAL_LOOP: "The KDCs refer to each other without an end",
    REJECTED: "The service refuses without a reason",
    SERVER_MISMATCH: "The answer of the KDC is for another service",
    SUBKEY_ENCTYPE: "The service chose a kind of key that was not offered",
    TICKET_EXPIRED: "The ticket has expired; log in again",
    TICKET_TIMES: "The KDC gave a ticket with times that were not asked for",
    TIMED_OUT: "The gateway does not answer in time; try again",
    UNEXPECTED_MESSAGE: "What was received is not what was asked for",
    UNOFFERED_ENCTYPE: "The KDC chose a kind of key that was not offered",
    UNREACHABLE: "The gateway cannot be reached",
} as const;

/** The name of what went wrong on this side. */
export type OwnErrorName = keyof typeof OWN;

/** What a KDC or service says beside its code. */
export interface Refusal {
    /** Its own sentence. Nothing protects it: whoever is on the path can write one. */
    readonly kdcText?: string | undefined;
    /** What its clock shows. */
    readonly time?: Date | undefined;
    /** The realm that it names as the user's. */
    readonly clientRealm?: string | undefined;
    /** More for the program, see RFC 4120 section 5.9.1. */
    readonly data?: Uint8Array | undefined;
}

/** Why there is no ticket, or why a service is not believed. It never has a secret in it. */
export class KerberosError extends Error {
    /** The name in its standard, such as `KDC_ERR_PREAUTH_FAILED`, or one of ours. */
    override readonly name: string;
    /** The error code of RFC 4120 section 7.5.9, if a KDC or service said so. */
    readonly code: number | undefined;
    /** The KDC's own sentence, which nothing protects. */
    readonly kdcText: string | undefined;
    /** What the other side's clock shows, which nothing protects. */
    readonly time: Date | undefined;
    /** The realm that the KDC names as the user's, which nothing protects. */
    readonly clientRealm: string | undefined;
    /** The e-data of a KRB-ERROR. */
    readonly data: Uint8Array | undefined;

    /** What goes wrong here, by its name, or what a KDC says, by its code. */
    constructor(what: OwnErrorName | number, refusal: Refusal = {}) {
        const [name, message] = typeof what === "number" ? said(what) : [what, OWN[what]];
        super(message);
        this.name = name;
        this.code = typeof what === "number" ? what : undefined;
        this.kdcText = refusal.kdcText;
        this.time = refusal.time;
        this.clientRealm = refusal.clientRealm;
        this.data = refusal.data;
    }
}

function said(code: number): readonly [string, string] {
    const known = KDC_ERRORS.get(code);
    const name = known?.[0] ?? `KRB_ERR_${code}`;
    return [name, known?.[1] ?? `The KDC refuses: ${name}`];
}
