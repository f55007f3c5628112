/** What stands inside the sealed parts of a KDC's answers, keys among it (RFC 4120 section 5.4.2). */

import { application, Reader } from "../der.js";
import { type PrincipalName, readName } from "../name.js";
import type { Octets } from "../octets.js";
import { type PaData, readPaData } from "./padata.js";
import { type EncryptionKey, readEncryptionKey } from "./sealed.js";

/** The flag of a ticket which says that the KDC vouches for the request (RFC 6806 section 11). */
export const ENC_PA_REP = 0x0001_0000;

/** EncKDCRepPart. Times are in milliseconds since 1970. */
export interface EncKdcRepPart {
    /** The session key of the new ticket. */
    readonly key: EncryptionKey;
    /** The nonce of the request. */
    readonly nonce: number;
    /** When the client's password expires. */
    readonly keyExpiration?: number | undefined;
    /** The ticket's TicketFlags, flag 0 in the highest bit. */
    readonly flags: number;
    /** When the client first proved its identity. */
    readonly authTime: number;
    /** When the ticket starts to be valid; absent means at `authTime`. */
    readonly startTime?: number | undefined;
    /** When it ends. */
    readonly endTime: number;
    /** Until when it can be renewed. */
    readonly renewTill?: number | undefined;
    /** The service's realm. */
    readonly realm: string;
    /** The service. */
    readonly server: PrincipalName;
    /** Padata that the seal protects (RFC 6806 section 11). */
    readonly padata: readonly PaData[];
}

const ENC_AS_REP_PART = application(25);
const ENC_TGS_REP_PART = application(26);

/** Reads the part under either tag: some KDCs seal an EncTGSRepPart into an AS-REP, which clients may accept. */
export function readEncKdcRepPart(octets: Octets): EncKdcRepPart {
    const tag = octets[0] === ENC_TGS_REP_PART ? ENC_TGS_REP_PART : ENC_AS_REP_PART;
    return Reader.message(octets, tag, (fields) => {
        const key = fields.field(0, readEncryptionKey);
        fields.field(1, (field) => field.list((entry) => entry.element()));
        const read = {
            key,
            nonce: fields.field(2, (field) => field.integer()),
            keyExpiration: fields.optional(3, (field) => field.time()),
            flags: fields.field(4, (field) => field.flags()),
            authTime: fields.field(5, (field) => field.time()),
            startTime: fields.optional(6, (field) => field.time()),
            endTime: fields.field(7, (field) => field.time()),
            renewTill: fields.optional(8, (field) => field.time()),
            realm: fields.field(9, (field) => field.string()),
            server: fields.field(10, readName),
        };
        fields.optional(11, (field) => field.list((address) => address.element()));
        const padata = fields.optional(12, (field) => field.list(readPaData)) ?? [];
        return { ...read, padata };
    });
}
