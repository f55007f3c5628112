/** What is asked of a KDC, and what must be true of its answer (RFC 4120 sections 3.1.5 and 3.3.4). */

import { type Enctype, enctype } from "../crypto/enctype.js";
import { Key } from "../crypto/key.js";
import { KerberosError } from "../error.js";
import { CANONICALIZE, type KdcRep, writeKdcReqBody } from "../message/kdc.js";
import type { EncKdcRepPart } from "../message/opened.js";
import { PVNO } from "../message/sealed.js";
import { grantedRealm, type Principal, sameName } from "../name.js";
import { type Octets, random } from "../octets.js";

/** How far clocks may differ, in milliseconds: what realms allow (RFC 4120 section 8.2). */
export const SKEW = 5 * 60 * 1000;

/** Asks a KDC of a realm, and gives its answer. */
export type Ask = (realm: string, message: Octets) => Promise<Octets>;

/** A ticket, and what is needed to use it. */
export interface Credential {
    /** Whose it is. */
    readonly client: Principal;
    /** What it is for. */
    readonly server: Principal;
    /** The ticket as it came. */
    readonly ticket: Octets;
    /** Its session key. */
    readonly key: Key;
    /** When it starts to be valid, in milliseconds since 1970. */
    readonly startTime: number;
    /** When it ends. */
    readonly endTime: number;
}

/** What is asked for. */
export interface Wishes {
    /** Whose ticket. */
    readonly client: Principal;
    /** For what, in which realm. */
    readonly server: Principal;
    /** Enctypes that can be used, best first. */
    readonly enctypes: readonly Enctype[];
    /** How long it should be valid, in milliseconds. */
    readonly lifetime: number;
    /** Whether the KDC may give the names that it knows them by (RFC 6806). */
    readonly canonicalize: boolean;
}

/** One request, to hold the answer against. */
export class Asked {
    /** The octets of the KDC-REQ-BODY. */
    readonly body: Octets;
    readonly #wishes: Wishes;
    readonly #till: number;
    readonly #nonce: number;

    /** Asks at `now`; an AS-REQ names the client. */
    constructor(wishes: Wishes, now: number, named: boolean) {
        this.#wishes = wishes;
        this.#till = Math.floor((now + wishes.lifetime) / 1000) * 1000;
        // 31 bits, since some KDCs read a signed number.
        this.#nonce = new DataView(random(4).buffer).getUint32(0) >>> 1;
        this.body = writeKdcReqBody({
            options: wishes.canonicalize ? CANONICALIZE : 0,
            client: named ? wishes.client.name : undefined,
            realm: wishes.server.realm,
            server: wishes.server.name,
            till: this.#till,
            nonce: this.#nonce,
            etypes: wishes.enctypes.map((enctype) => enctype.number),
        });
    }

    /** Checks what stands in the clear, before the work of opening the rest. */
    checkEnvelope(answer: KdcRep, type: number): void {
        if (answer.version !== PVNO || answer.type !== type) {
            throw new KerberosError("UNEXPECTED_MESSAGE");
        }
        if (!this.#wishes.canonicalize && !this.isClient(answer)) {
            throw new KerberosError("CLIENT_MISMATCH");
        }
    }

    /** Whether the answer is for the client as it was asked for. */
    isClient(answer: KdcRep): boolean {
        const { name, realm } = this.#wishes.client;
        return answer.clientRealm === realm && sameName(answer.client, name);
    }

    /** Checks that the answer is not an old one, which nothing but the nonce shows. */
    checkNonce(part: EncKdcRepPart): void {
        if (part.nonce >>> 0 !== this.#nonce) {
            throw new KerberosError("NONCE_MISMATCH");
        }
    }

    /**
     * Checks the sealed part against the request and the ticket, and makes the credential of both; nothing but the
     * names in it shows what its key is for. `now` is the KDC's time.
     */
    async accept(answer: KdcRep, part: EncKdcRepPart, now: number): Promise<Credential> {
        this.checkNonce(part);
        const { ticket } = answer;
        if (part.realm !== ticket.realm || !sameName(part.server, ticket.server) || !this.#isServer(part)) {
            throw new KerberosError("SERVER_MISMATCH");
        }
        const startTime = part.startTime ?? part.authTime;
        const never = part.endTime <= startTime || part.endTime <= now;
        if (never || part.endTime > this.#till || startTime > now + SKEW) {
            throw new KerberosError("TICKET_TIMES");
        }
        return {
            client: { name: answer.client, realm: answer.clientRealm },
            server: { name: part.server, realm: part.realm },
            ticket: ticket.octets,
            key: await Key.import(this.offered(part.key.type), part.key.value),
            startTime,
            endTime: part.endTime,
        };
    }

    /** The enctype with this number; throws `UNOFFERED_ENCTYPE` if the request did not offer it. */
    offered(number: number): Enctype {
        const known = enctype(number);
        if (known === undefined || !this.#wishes.enctypes.includes(known)) {
            throw new KerberosError("UNOFFERED_ENCTYPE");
        }
        return known;
    }

    /**
     * Whether the KDC gave what was asked for. With canonicalization it may know a service by another name, or refer
     * to another realm; a ticket-granting ticket it may not exchange for something else.
     */
    #isServer(part: EncKdcRepPart): boolean {
        const { name, realm } = this.#wishes.server;
        if (sameName(part.server, name) && part.realm === realm) {
            return true;
        }
        const granting = grantedRealm(name) !== undefined;
        return this.#wishes.canonicalize && (!granting || grantedRealm(part.server) !== undefined);
    }
}
