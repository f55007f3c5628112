/** Pre-authentication data, as a client with a password needs it (RFC 4120 sections 5.2.7 and 7.5.2). */

import type { Stamp } from "../clock.js";
import { field, integer, octetString, Reader, sequence, TAG, time } from "../der.js";
import type { Octets } from "../octets.js";

/** Types of pre-authentication data. */
export const PA = {
    /** An AP-REQ with the ticket-granting ticket. */
    TGS_REQ: 1,
    /** The time, sealed with the client's key. */
    ENC_TIMESTAMP: 2,
    /** How the client's key is made. */
    ETYPE_INFO2: 19,
    /** The KDC's state, which the client returns (RFC 6113 section 5.2). */
    FX_COOKIE: 133,
    /** The time under the FAST armor (RFC 6113 section 5.4.6). */
    ENCRYPTED_CHALLENGE: 138,
    /** Says that the client understands encrypted padata (RFC 6806 section 11). */
    REQ_ENC_PA_REP: 149,
    /** SPAKE (RFC 9588). */
    SPAKE: 151,
} as const;

/** PA-DATA. */
export interface PaData {
    /** What it is. */
    readonly type: number;
    /** The data, in a form that the type decides. */
    readonly value: Octets;
}

/** Reads a PA-DATA. */
export function readPaData(reader: Reader): PaData {
    return reader.sequence((fields) => ({
        type: fields.field(1, (field) => field.integer()),
        value: fields.field(2, (field) => field.octetString()),
    }));
}

/** The octets of a PA-DATA. */
export function writePaData(data: PaData): Octets {
    return sequence(field(1, integer(data.type)), field(2, octetString(data.value)));
}

/** METHOD-DATA: what the KDC takes as pre-authentication, in the e-data of an error. */
export function readMethodData(octets: Octets): PaData[] {
    const reader = new Reader(octets);
    const methods = reader.list(readPaData);
    reader.end();
    return methods;
}

/** One entry of ETYPE-INFO2: how the client's key of one enctype is made. */
export interface EtypeInfo2Entry {
    /** The number of the enctype. */
    readonly etype: number;
    /** The salt; absent means the usual one. It need not be text. */
    readonly salt?: Octets | undefined;
    /** For AES, four octets with the number of rounds. */
    readonly parameters?: Octets | undefined;
}

/** Reads an ETYPE-INFO2 (RFC 4120 section 5.2.7.5). */
export function readEtypeInfo2(octets: Octets): EtypeInfo2Entry[] {
    const reader = new Reader(octets);
    const entries = reader.list((entry) =>
        entry.sequence((fields) => ({
            etype: fields.field(0, (field) => field.integer()),
            salt: fields.optional(1, (field) => field.contents(TAG.GENERAL_STRING)),
            parameters: fields.optional(2, (field) => field.octetString()),
        })),
    );
    reader.end();
    return entries;
}

/** PA-ENC-TS-ENC: the client's time. */
export function writeTimestamp(now: Stamp): Octets {
    return sequence(field(0, time(now.time)), field(1, integer(now.micros)));
}
