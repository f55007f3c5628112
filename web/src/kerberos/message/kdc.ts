/** What a client and the KDC say to each other: AS-REQ, AS-REP, TGS-REQ and TGS-REP (RFC 4120 section 5.4). */

import { application, element, field, flags, integer, Reader, sequence, string, time } from "../der.js";
import { type PrincipalName, readName, writeName } from "../name.js";
import type { Octets } from "../octets.js";
import { type PaData, readPaData, writePaData } from "./padata.js";
import { type EncryptedData, PVNO, readEncryptedData } from "./sealed.js";

/** Message types, which are the numbers of the application tags too (RFC 4120 section 7.5.7). */
export const MESSAGE = {
    AS_REQ: 10,
    AS_REP: 11,
    TGS_REQ: 12,
    TGS_REP: 13,
    AP_REQ: 14,
    AP_REP: 15,
    KRB_PRIV: 21,
    KRB_ERROR: 30,
} as const;

/** The flag of a request that lets the KDC use the names that it knows (RFC 6806 section 7). */
export const CANONICALIZE = 0x0001_0000;

/** A Ticket: what can be read of it without the service's key, and the octets as they came. */
export interface Ticket {
    /** The service's realm. */
    readonly realm: string;
    /** The service. */
    readonly server: PrincipalName;
    /** The EncTicketPart, sealed with the service's key. */
    readonly sealed: EncryptedData;
    /** All of it, to be presented just as it came. */
    readonly octets: Octets;
}

/** Reads a Ticket (RFC 4120 section 5.3). */
export function readTicket(reader: Reader): Ticket {
    const { whole } = reader.element();
    return Reader.message(whole, application(1), (fields) => {
        fields.field(0, (field) => field.integer());
        return {
            realm: fields.field(1, (field) => field.string()),
            server: fields.field(2, readName),
            sealed: fields.field(3, readEncryptedData),
            octets: whole,
        };
    });
}

/** KDC-REQ-BODY: the request proper, the part that checksums cover. */
export interface KdcReqBody {
    /** What the client asks for: KDCOptions, flag 0 in the highest bit. */
    readonly options: number;
    /** The client; only in an AS-REQ. */
    readonly client?: PrincipalName | undefined;
    /** The realm that is asked. */
    readonly realm: string;
    /** The service. */
    readonly server?: PrincipalName | undefined;
    /** When the ticket should start, in milliseconds since 1970. */
    readonly from?: number | undefined;
    /** When it should end. */
    readonly till: number;
    /** Until when it should be renewable. */
    readonly renewTill?: number | undefined;
    /** A number that the answer must repeat. */
    readonly nonce: number;
    /** Numbers of enctypes, best first. */
    readonly etypes: readonly number[];
}

/** The octets of a KDC-REQ-BODY. */
export function writeKdcReqBody(body: KdcReqBody): Octets {
    return sequence(
        field(0, flags(body.options)),
        field(1, body.client && writeName(body.client)),
        field(2, string(body.realm)),
        field(3, body.server && writeName(body.server)),
        field(4, body.from === undefined ? undefined : time(body.from)),
        field(5, time(body.till)),
        field(6, body.renewTill === undefined ? undefined : time(body.renewTill)),
        field(7, integer(body.nonce)),
        field(8, sequence(...body.etypes.map((etype) => integer(etype)))),
    );
}

/** The octets of an AS-REQ or TGS-REQ around the octets of its body. */
export function writeKdcReq(type: 10 | 12, padata: readonly PaData[], body: Octets): Octets {
    return element(
        application(type),
        sequence(
            field(1, integer(PVNO)),
            field(2, integer(type)),
            padata.length === 0 ? undefined : field(3, sequence(...padata.map(writePaData))),
            field(4, body),
        ),
    );
}

/** A KDC-REQ. */
export interface KdcReq {
    /** The message type. */
    readonly type: number;
    /** Pre-authentication data. */
    readonly padata: readonly PaData[];
    /** The request proper. */
    readonly body: KdcReqBody;
}

/** Reads an AS-REQ or TGS-REQ, whichever `type` says. */
export function readKdcReq(octets: Octets, type: 10 | 12): KdcReq {
    return Reader.message(octets, application(type), (fields) => {
        fields.field(1, (field) => field.integer());
        return {
            type: fields.field(2, (field) => field.integer()),
            padata: fields.optional(3, (field) => field.list(readPaData)) ?? [],
            body: fields.field(4, readKdcReqBody),
        };
    });
}

function readKdcReqBody(reader: Reader): KdcReqBody {
    return reader.sequence((fields) => {
        const body = {
            options: fields.field(0, (field) => field.flags()),
            client: fields.optional(1, readName),
            realm: fields.field(2, (field) => field.string()),
            server: fields.optional(3, readName),
            from: fields.optional(4, (field) => field.time()),
            till: fields.field(5, (field) => field.time()),
            renewTill: fields.optional(6, (field) => field.time()),
            nonce: fields.field(7, (field) => field.integer()),
            etypes: fields.field(8, (field) => field.list((etype) => etype.integer())),
        };
        // Addresses, sealed authorization data and further tickets, which are never asked for here.
        for (const n of [9, 10, 11]) {
            fields.optional(n, (field) => field.element());
        }
        return body;
    });
}

/** A KDC-REP. */
export interface KdcRep {
    /** The protocol version. */
    readonly version: number;
    /** The message type. */
    readonly type: number;
    /** Pre-authentication data, such as the salt of the reply key. */
    readonly padata: readonly PaData[];
    /** The client's realm. */
    readonly clientRealm: string;
    /** The client. */
    readonly client: PrincipalName;
    /** The ticket. */
    readonly ticket: Ticket;
    /** The EncKDCRepPart, sealed with the client's key or the session key of the ticket-granting ticket. */
    readonly sealed: EncryptedData;
}

/** Reads an AS-REP or TGS-REP, whichever `type` says. */
export function readKdcRep(octets: Octets, type: 11 | 13): KdcRep {
    return Reader.message(octets, application(type), (fields) => {
        return {
            version: fields.field(0, (field) => field.integer()),
            type: fields.field(1, (field) => field.integer()),
            padata: fields.optional(2, (field) => field.list(readPaData)) ?? [],
            clientRealm: fields.field(3, (field) => field.string()),
            client: fields.field(4, readName),
            ticket: fields.field(5, readTicket),
            sealed: fields.field(6, readEncryptedData),
        };
    });
}
