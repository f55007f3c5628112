/** The messages inside PA-SPAKE (RFC 9588 section 4 and appendix A). */

import { context, element, field, integer, octetString, Reader, sequence } from "../der.js";
import { type EncryptedData, writeEncryptedData } from "../message/sealed.js";
import type { Octets } from "../octets.js";

const SUPPORT = 0;
const CHALLENGE = 1;
const RESPONSE = 2;

/** The second factor that is none. */
export const SF_NONE = 1;

/** What the KDC begins with. */
export interface Challenge {
    /** The number of the group. */
    readonly group: number;
    /** Its public value. */
    readonly pubkey: Octets;
    /** The types of second factors that it takes. */
    readonly factors: readonly number[];
}

/** Says which groups are spoken. */
export function writeSupport(groups: readonly number[]): Octets {
    return element(context(SUPPORT), sequence(field(0, sequence(...groups.map((group) => integer(group))))));
}

/** Reads what the KDC begins with. */
export function readChallenge(octets: Octets): Challenge {
    return Reader.message(octets, context(CHALLENGE), (fields) => ({
        group: fields.field(0, (field) => field.integer()),
        pubkey: fields.field(1, (field) => field.octetString()),
        factors: fields.field(2, (field) => field.list(readFactor)),
    }));
}

function readFactor(reader: Reader): number {
    return reader.sequence((fields) => {
        const type = fields.field(0, (field) => field.integer());
        fields.optional(1, (field) => field.octetString());
        return type;
    });
}

/** The octets of a second factor without data, to be sealed. */
export function writeFactor(type: number): Octets {
    return sequence(field(0, integer(type)));
}

/** The answer to a challenge. */
export function writeResponse(pubkey: Octets, factor: EncryptedData): Octets {
    const fields = sequence(field(0, octetString(pubkey)), field(1, writeEncryptedData(factor)));
    return element(context(RESPONSE), fields);
}
