/** What is sealed, with which kind of key, and the keys and sums inside (RFC 4120 section 5.2.9). */

import { consume, context, field, integer, octetString, type Reader, sequence, TAG } from "../der.js";
import type { Octets } from "../octets.js";

/** The only protocol version, `pvno`, `tkt-vno` and `authenticator-vno`. */
export const PVNO = 5;

/** EncryptedData. */
export interface EncryptedData {
    /** The number of the enctype. */
    readonly etype: number;
    /** Which of the owner's keys, if it has versions. */
    readonly kvno?: number | undefined;
    /** The sealed octets. */
    readonly cipher: Octets;
}

/** Reads an EncryptedData. */
export function readEncryptedData(reader: Reader): EncryptedData {
    return reader.sequence((fields) => ({
        etype: fields.field(0, (field) => field.integer()),
        kvno: fields.optional(1, (field) => field.integer()),
        cipher: fields.field(2, (field) => field.octetString()),
    }));
}

/** The octets of an EncryptedData. */
export function writeEncryptedData(data: EncryptedData): Octets {
    return sequence(
        field(0, integer(data.etype)),
        field(1, data.kvno === undefined ? undefined : integer(data.kvno)),
        field(2, octetString(data.cipher)),
    );
}

/** EncryptionKey: a secret. */
export interface EncryptionKey {
    /** The number of the enctype. */
    readonly type: number;
    /** The key itself. */
    readonly value: Octets;
}

/** Reads an EncryptionKey. */
export function readEncryptionKey(reader: Reader): EncryptionKey {
    return reader.sequence((fields) => ({
        type: fields.field(0, (field) => field.integer()),
        value: fields.field(1, (field) => field.octetString()),
    }));
}

/** The octets of an EncryptionKey, to be wiped. */
export function writeEncryptionKey(key: EncryptionKey): Octets {
    return consume(TAG.SEQUENCE, field(0, integer(key.type)), consume(context(1), octetString(key.value)));
}

/** Checksum. */
export interface Checksum {
    /** How it was made. */
    readonly type: number;
    /** The sum. */
    readonly value: Octets;
}

/** Reads a Checksum. */
export function readChecksum(reader: Reader): Checksum {
    return reader.sequence((fields) => ({
        type: fields.field(0, (field) => field.integer()),
        value: fields.field(1, (field) => field.octetString()),
    }));
}

/** The octets of a Checksum. */
export function writeChecksum(checksum: Checksum): Octets {
    return sequence(field(0, integer(checksum.type)), field(1, octetString(checksum.value)));
}
