/** GSS-API tokens around messages: which mechanism, which message (RFC 2743 section 3.1, RFC 4121 section 4.1). */

import { application, element, Reader, TAG } from "../der.js";
import { KerberosError } from "../error.js";
import { concat, equal, hex, type Octets, uint32 } from "../octets.js";

/** Mechanisms, by the contents of their OIDs. */
export const MECH = {
    /** Kerberos, 1.2.840.113554.1.2.2 (RFC 4121). */
    KRB5: Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02),
    /** Kerberos as Windows 2000 wrote it, 1.2.840.48018.1.2.2 (MS-SPNG section 1.9). */
    MS_KRB5: Uint8Array.of(0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02),
    /** The negotiation itself, 1.3.6.1.5.5.2 (RFC 4178). */
    SPNEGO: Uint8Array.of(0x2b, 0x06, 0x01, 0x05, 0x05, 0x02),
    /** NTLM, 1.3.6.1.4.1.311.2.2.10 (MS-NLMP). */
    NTLM: Uint8Array.of(0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a),
} as const;

/** What people call a mechanism, or the digits of its OID. */
export function mechName(oid: Uint8Array): string {
    const known = [
        [MECH.KRB5, "Kerberos"],
        [MECH.MS_KRB5, "Kerberos (Microsoft OID)"],
        [MECH.SPNEGO, "SPNEGO"],
        [MECH.NTLM, "NTLM"],
    ] as const;
    return known.find(([octets]) => equal(octets, oid))?.[1] ?? hex(oid);
}

/** Which message of Kerberos follows (RFC 4121 sections 4.1 and 4.2.6). */
export const TOKEN_ID = { AP_REQ: 0x0100, AP_REP: 0x0200, ERROR: 0x0300, MIC: 0x0404 } as const;

const FIRST = application(0);

/** A first token, opened. */
export interface Framed {
    /** The contents of the OID of its mechanism. */
    readonly oid: Octets;
    /** The mechanism's own octets. */
    readonly inner: Octets;
}

/** Whether octets start as a first token does. */
export function isFramed(token: Uint8Array): boolean {
    return token[0] === FIRST;
}

/** Opens a first token. */
export function unframe(token: Octets): Framed {
    const outer = new Reader(token);
    const inside = outer.enter(FIRST);
    outer.end();
    const oid = inside.contents(TAG.OID);
    return { oid, inner: inside.rest };
}

/** Makes a first token of the mechanism's own octets. */
export function frame(oid: Octets, inner: Octets): Octets {
    return element(FIRST, element(TAG.OID, oid), inner);
}

/** A message of Kerberos with what says which it is. */
export interface Identified {
    /** See {@link TOKEN_ID}. */
    readonly id: number;
    /** The message itself. */
    readonly message: Octets;
}

/** Whether a first token is one of the Kerberos mechanism. */
export function isKerberosToken(token: Octets): boolean {
    return isKerberos(unframe(token).oid);
}

function isKerberos(oid: Octets): boolean {
    return equal(oid, MECH.KRB5) || equal(oid, MECH.MS_KRB5);
}

/** Opens a token of the Kerberos mechanism. Throws `OTHER_MECH` for another's. */
export function readKerberosToken(token: Octets): Identified {
    const { oid, inner } = unframe(token);
    if (!isKerberos(oid)) {
        throw new KerberosError("OTHER_MECH");
    }
    const [high, low] = inner;
    if (high === undefined || low === undefined) {
        throw new KerberosError("UNEXPECTED_MESSAGE");
    }
    return { id: high * 256 + low, message: inner.subarray(2) };
}

/** Makes a token of the Kerberos mechanism. */
export function writeKerberosToken(id: number, message: Octets): Octets {
    return frame(MECH.KRB5, concat(Uint8Array.of(id >> 8, id & 0xff), message));
}

/** Asks for the service's proof. */
const MUTUAL = 0x02;
/** Messages can be signed. */
const INTEG = 0x20;

/** The type under which the checksum of GSS-API stands in the authenticator. */
export const CHECKSUM_TYPE = 0x8003;

/**
 * The "checksum" of GSS-API: what the initiator wants, without channel bindings, which no page can know (RFC 4121
 * section 4.1.1). Its numbers are little-endian.
 */
export function gssChecksum(mutual: boolean): Octets {
    const flags = INTEG | (mutual ? MUTUAL : 0);
    return concat(Uint8Array.of(16, 0, 0, 0), new Uint8Array(16), uint32(flags).reverse());
}
