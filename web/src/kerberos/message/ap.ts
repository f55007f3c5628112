/** What a client and a service say to each other: AP-REQ, AP-REP and what they seal (RFC 4120 section 5.5). */

import type { Stamp } from "../clock.js";
import {
    application,
    consume,
    context,
    element,
    field,
    flags,
    integer,
    Reader,
    sequence,
    string,
    TAG,
    time,
} from "../der.js";
import { type Principal, readName, writeName } from "../name.js";
import type { Octets } from "../octets.js";
import { MESSAGE, readTicket, type Ticket } from "./kdc.js";
import {
    type Checksum,
    type EncryptedData,
    type EncryptionKey,
    PVNO,
    readChecksum,
    readEncryptedData,
    readEncryptionKey,
    writeChecksum,
    writeEncryptedData,
    writeEncryptionKey,
} from "./sealed.js";

/** The flag of an AP-REQ that asks the service for its proof. */
export const MUTUAL_REQUIRED = 0x2000_0000;

/** An AP-REQ. */
export interface ApReq {
    /** What the client asks for. */
    readonly options: number;
    /** The ticket. */
    readonly ticket: Ticket;
    /** The Authenticator, sealed with the ticket's session key. */
    readonly authenticator: EncryptedData;
}

/** Reads an AP-REQ. */
export function readApReq(octets: Octets): ApReq {
    return Reader.message(octets, application(MESSAGE.AP_REQ), (fields) => {
        fields.field(0, (field) => field.integer());
        fields.field(1, (field) => field.integer());
        return {
            options: fields.field(2, (field) => field.flags()),
            ticket: fields.field(3, readTicket),
            authenticator: fields.field(4, readEncryptedData),
        };
    });
}

/** The octets of an AP-REQ around a ticket that stays as it came. */
export function writeApReq(options: number, ticket: Octets, authenticator: EncryptedData): Octets {
    return element(
        application(MESSAGE.AP_REQ),
        sequence(
            field(0, integer(PVNO)),
            field(1, integer(MESSAGE.AP_REQ)),
            field(2, flags(options)),
            field(3, ticket),
            field(4, writeEncryptedData(authenticator)),
        ),
    );
}

/** Authenticator: the proof that the client knows the session key now. */
export interface Authenticator {
    /** The client. */
    readonly client: Principal;
    /** A checksum over what the request accompanies, or what GSS-API puts in its place. */
    readonly checksum?: Checksum | undefined;
    /** The client's time. */
    readonly time: Stamp;
    /** A key that the client proposes. */
    readonly subkey?: EncryptionKey | undefined;
    /** Where its sequence numbers start. */
    readonly sequence?: number | undefined;
}

/** The octets of an Authenticator, to be wiped if there is a key in it. */
export function writeAuthenticator(authenticator: Authenticator): Octets {
    const { subkey } = authenticator;
    return consume(
        application(2),
        consume(
            TAG.SEQUENCE,
            field(0, integer(PVNO)),
            field(1, string(authenticator.client.realm)),
            field(2, writeName(authenticator.client.name)),
            field(3, authenticator.checksum && writeChecksum(authenticator.checksum)),
            field(4, integer(authenticator.time.micros)),
            field(5, time(authenticator.time.time)),
            subkey && consume(context(6), writeEncryptionKey(subkey)),
            field(7, authenticator.sequence === undefined ? undefined : integer(authenticator.sequence)),
        ),
    );
}

/** Reads an Authenticator. */
export function readAuthenticator(octets: Octets): Authenticator {
    return Reader.message(octets, application(2), (fields) => {
        fields.field(0, (field) => field.integer());
        const realm = fields.field(1, (field) => field.string());
        const name = fields.field(2, readName);
        const checksum = fields.optional(3, readChecksum);
        const micros = fields.field(4, (field) => field.integer());
        const read = {
            client: { name, realm },
            checksum,
            time: { time: fields.field(5, (field) => field.time()), micros },
            subkey: fields.optional(6, readEncryptionKey),
            sequence: fields.optional(7, (field) => field.integer()),
        };
        fields.optional(8, (field) => field.element());
        return read;
    });
}

/** Reads an AP-REP: the EncAPRepPart, sealed with the ticket's session key. */
export function readApRep(octets: Octets): EncryptedData {
    return Reader.message(octets, application(MESSAGE.AP_REP), (fields) => {
        fields.field(0, (field) => field.integer());
        fields.field(1, (field) => field.integer());
        return fields.field(2, readEncryptedData);
    });
}

/** EncAPRepPart: the proof that the service opened the ticket. */
export interface EncApRepPart {
    /** The client's time, which the proof must repeat. */
    readonly time: Stamp;
    /** A key that the service proposes. */
    readonly subkey?: EncryptionKey | undefined;
    /** Where its sequence numbers start. */
    readonly sequence?: number | undefined;
}

/** Reads an EncAPRepPart. */
export function readEncApRepPart(octets: Octets): EncApRepPart {
    return Reader.message(octets, application(27), (fields) => ({
        time: {
            time: fields.field(0, (field) => field.time()),
            micros: fields.field(1, (field) => field.integer()),
        },
        subkey: fields.optional(2, readEncryptionKey),
        sequence: fields.optional(3, (field) => field.integer()),
    }));
}
