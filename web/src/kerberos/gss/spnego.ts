/** SPNEGO: how client and service agree on a mechanism (RFC 4178 section 4.2, MS-SPNG section 2.2.1). */

import { context, element, field, integer, octetString, Reader, sequence, TAG } from "../der.js";
import type { Octets } from "../octets.js";
import { frame, MECH } from "./token.js";

const INIT = context(0);
const RESP = context(1);

/** How far a negotiation is. */
export const NEG_STATE = {
    /** The sender is done. */
    ACCEPT_COMPLETED: 0,
    /** At least one more token is due. */
    ACCEPT_INCOMPLETE: 1,
    /** There is no agreement, or the mechanism failed. */
    REJECT: 2,
    /** More is due, and both must vouch for the list of mechanisms. */
    REQUEST_MIC: 3,
} as const;

/** What a client begins with. */
export interface NegTokenInit {
    /** The OIDs of the mechanisms it can use, best first. */
    readonly mechs: readonly Octets[];
    /** A first token of the first mechanism. */
    readonly mechToken?: Octets | undefined;
    /** The integrity code over the list of mechanisms. */
    readonly mechListMic?: Octets | undefined;
}

/** What both send after that. */
export interface NegTokenResp {
    /** See {@link NEG_STATE}. */
    readonly state?: number | undefined;
    /** The OID of the mechanism that the service chose. */
    readonly mech?: Octets | undefined;
    /** The next token of that mechanism. */
    readonly responseToken?: Octets | undefined;
    /** The integrity code over the list of mechanisms. */
    readonly mechListMic?: Octets | undefined;
}

/** The list of mechanisms, as integrity codes are over it. */
export function mechList(mechs: readonly Octets[]): Octets {
    return sequence(...mechs.map((oid) => element(TAG.OID, oid)));
}

/** A first token with its frame, ready to send. */
export function writeInit(mechs: readonly Octets[], mechToken: Octets): Octets {
    const fields = sequence(field(0, mechList(mechs)), field(2, octetString(mechToken)));
    return frame(MECH.SPNEGO, element(INIT, fields));
}

/** Reads a first token, out of its frame. What Windows servers put where the integrity code stands is passed over. */
export function readInit(token: Octets): NegTokenInit {
    return Reader.message(token, INIT, (fields) => {
        const mechs = fields.field(0, (field) => field.list((oid) => oid.contents(TAG.OID)));
        fields.optional(1, (field) => field.contents(TAG.BIT_STRING));
        const mechToken = fields.optional(2, (field) => field.octetString());
        let mechListMic = fields.optional(3, (field) => {
            const { tag, contents } = field.element();
            return tag === TAG.OCTET_STRING ? contents : undefined;
        });
        mechListMic = fields.optional(4, (field) => field.octetString()) ?? mechListMic;
        return { mechs, mechToken, mechListMic };
    });
}

/** Whether octets start as a later token does. */
export function isResp(token: Uint8Array): boolean {
    return token[0] === RESP;
}

/** Reads a later token. */
export function readResp(token: Octets): NegTokenResp {
    return Reader.message(token, RESP, (fields) => ({
        state: fields.optional(0, (field) => field.integer(TAG.ENUMERATED)),
        mech: fields.optional(1, (field) => field.contents(TAG.OID)),
        responseToken: fields.optional(2, (field) => field.octetString()),
        mechListMic: fields.optional(3, (field) => field.octetString()),
    }));
}

/** A later token, ready to send. */
export function writeResp(resp: NegTokenResp): Octets {
    const { state, mech, responseToken, mechListMic } = resp;
    const fields = sequence(
        field(0, state === undefined ? undefined : integer(state, TAG.ENUMERATED)),
        field(1, mech && element(TAG.OID, mech)),
        field(2, responseToken && octetString(responseToken)),
        field(3, mechListMic && octetString(mechListMic)),
    );
    return element(RESP, fields);
}
