/** The messages of a password change: header, AP-REQ or AP-REP, KRB-PRIV (RFC 3244 section 2, RFC 4120 section 5.7). */

import { application, consume, context, element, field, integer, octetString, Reader, sequence, TAG } from "../der.js";
import { KerberosError } from "../error.js";
import { concat, type Octets } from "../octets.js";
import { MESSAGE } from "./kdc.js";
import { type EncryptedData, PVNO, readEncryptedData, writeEncryptedData } from "./sealed.js";

/** The version that changes the client's own password. */
const CHANGE = 1;
/** The version that RFC 3244 gives to setting a password; servers may answer with it. */
const SET = 0xff80;
/** Octets in front of the AP-REQ: length, version, length of the AP-REQ. */
const HEADER = 6;

/** The two messages inside a password change or its answer. */
export interface KpasswdParts {
    /** The AP-REQ or AP-REP; empty in front of a KRB-ERROR. */
    readonly ap: Octets;
    /** The KRB-PRIV or KRB-ERROR. */
    readonly rest: Octets;
}

/** A request to change the client's own password. */
export function writeKpasswd({ ap, rest }: KpasswdParts): Octets {
    const header = new Uint8Array(HEADER);
    const view = new DataView(header.buffer);
    view.setUint16(0, HEADER + ap.length + rest.length);
    view.setUint16(2, CHANGE);
    view.setUint16(4, ap.length);
    return concat(header, ap, rest);
}

/** Takes a request or an answer apart. */
export function readKpasswd(octets: Octets): KpasswdParts {
    if (octets.length < HEADER) {
        throw new KerberosError("MALFORMED_MESSAGE");
    }
    const view = new DataView(octets.buffer, octets.byteOffset);
    const version = view.getUint16(2);
    const end = HEADER + view.getUint16(4);
    if (view.getUint16(0) !== octets.length || end > octets.length || (version !== CHANGE && version !== SET)) {
        throw new KerberosError("MALFORMED_MESSAGE");
    }
    return { ap: octets.subarray(HEADER, end), rest: octets.subarray(end) };
}

/** Reads a KRB-PRIV: the EncKrbPrivPart, sealed. */
export function readKrbPriv(octets: Octets): EncryptedData {
    return Reader.message(octets, application(MESSAGE.KRB_PRIV), (fields) => {
        fields.field(0, (field) => field.integer());
        fields.field(1, (field) => field.integer());
        return fields.field(3, readEncryptedData);
    });
}

/** The octets of a KRB-PRIV. */
export function writeKrbPriv(sealed: EncryptedData): Octets {
    const type = MESSAGE.KRB_PRIV;
    const fields = [field(0, integer(PVNO)), field(1, integer(type)), field(3, writeEncryptedData(sealed))];
    return element(application(type), sequence(...fields));
}

/** EncKrbPrivPart, as far as a password change needs it. */
export interface EncKrbPrivPart {
    /** What is said. */
    readonly data: Octets;
    /** The sender's sequence number. */
    readonly sequence?: number | undefined;
}

/** Reads an EncKrbPrivPart. */
export function readEncKrbPrivPart(octets: Octets): EncKrbPrivPart {
    return Reader.message(octets, application(28), (fields) => {
        const data = fields.field(0, (field) => field.octetString());
        fields.optional(1, (field) => field.time());
        fields.optional(2, (field) => field.integer());
        const sequence = fields.optional(3, (field) => field.integer());
        fields.field(4, (field) => field.element());
        fields.optional(5, (field) => field.element());
        return { data, sequence };
    });
}

/**
 * The octets of an EncKrbPrivPart, to be wiped. A page does not know its address, and behind a gateway it would mean
 * nothing: the one that must be there is 0.0.0.0.
 */
export function writeEncKrbPrivPart({ data, sequence: number }: EncKrbPrivPart): Octets {
    const address = sequence(field(0, integer(2)), field(1, octetString(new Uint8Array(4))));
    const numbered = number === undefined ? undefined : integer(number);
    const said = consume(context(0), octetString(data));
    return consume(application(28), consume(TAG.SEQUENCE, said, field(3, numbered), field(4, address)));
}
