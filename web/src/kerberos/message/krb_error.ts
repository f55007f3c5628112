/** KRB-ERROR: why a KDC or a service says no (RFC 4120 section 5.9). */

import { application, Reader, TAG } from "../der.js";
import { KerberosError } from "../error.js";
import { type PrincipalName, readName } from "../name.js";
import type { Octets } from "../octets.js";
import { MESSAGE } from "./kdc.js";

/** A refusal. Nothing protects it: whoever is on the path can write one. */
export interface KrbError {
    /** The other side's clock, in milliseconds since 1970. */
    readonly time: number;
    /** What is wrong, see RFC 4120 section 7.5.9. */
    readonly code: number;
    /** The client's realm. */
    readonly clientRealm?: string | undefined;
    /** The client. */
    readonly client?: PrincipalName | undefined;
    /** The service's realm. */
    readonly realm: string;
    /** The service. */
    readonly server: PrincipalName;
    /** A sentence for people. */
    readonly text?: string | undefined;
    /** More for the program. */
    readonly data?: Octets | undefined;
}

/** Whether octets start as a KRB-ERROR does. */
export function isKrbError(octets: Octets): boolean {
    return octets[0] === application(MESSAGE.KRB_ERROR);
}

/** Reads a KRB-ERROR. */
export function readKrbError(octets: Octets): KrbError {
    return Reader.message(octets, application(MESSAGE.KRB_ERROR), (fields) => {
        fields.field(0, (field) => field.integer());
        fields.field(1, (field) => field.integer());
        fields.optional(2, (field) => field.time());
        fields.optional(3, (field) => field.integer());
        const seconds = fields.field(4, (field) => field.time());
        const micros = fields.field(5, (field) => field.integer());
        return {
            time: seconds + Math.floor(micros / 1000),
            code: fields.field(6, (field) => field.integer()),
            clientRealm: fields.optional(7, (field) => field.string()),
            client: fields.optional(8, readName),
            realm: fields.field(9, (field) => field.string()),
            server: fields.field(10, readName),
            text: fields.optional(11, readText),
            data: fields.optional(12, (field) => field.octetString()),
        };
    });
}

/** A sentence in whatever language the peer has, without the NUL that MIT's counts at its end. */
function readText(reader: Reader): string {
    const text = new TextDecoder("utf-8").decode(reader.contents(TAG.GENERAL_STRING));
    return text.replace(/\0$/, "");
}

/** What a KRB-ERROR says, to be thrown. */
export function refusal(error: KrbError): KerberosError {
    return new KerberosError(error.code, {
        kdcText: error.text,
        time: new Date(error.time),
        clientRealm: error.clientRealm,
        data: error.data,
    });
}
