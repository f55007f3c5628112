/**
 * A KDC and a service that can be told to lie, for what true ones never say.
 *
 * It answers as RFC 4120 says; a test changes the parts of an answer before they are sealed.
 */

import { type Enctype, enctype } from "../../src/kerberos/crypto/enctype.js";
import { Key } from "../../src/kerberos/crypto/key.js";
import { Password } from "../../src/kerberos/crypto/password.js";
import { USAGE } from "../../src/kerberos/crypto/usage.js";
import {
    application,
    element,
    field,
    flags,
    integer,
    octetString,
    sequence,
    string,
    time,
} from "../../src/kerberos/der.js";
import { KRB_AP_ERR_BAD_INTEGRITY } from "../../src/kerberos/error_code.js";
import { readApReq, readAuthenticator } from "../../src/kerberos/message/ap.js";
import { type KdcReq, type KdcReqBody, MESSAGE, readKdcReq } from "../../src/kerberos/message/kdc.js";
import { PA, type PaData, writePaData } from "../../src/kerberos/message/padata.js";
import { writeChecksum, writeEncryptedData, writeEncryptionKey } from "../../src/kerberos/message/sealed.js";
import { NAME_TYPE, type PrincipalName, writeName } from "../../src/kerberos/name.js";
import { type Octets, random, utf8 } from "../../src/kerberos/octets.js";
import type { KdcTransport } from "../../src/kerberos/transport.js";

/** The clock of the forger, and of those who ask it. */
export const NOW = Date.UTC(2026, 0, 1);

/** The password of everybody. */
export const PASSWORD = "of everybody";

const HOUR = 60 * 60 * 1000;

/** What an answer is made of. */
export interface Parts {
    tag: number;
    type: number;
    version: number;
    padata: PaData[];
    client: PrincipalName;
    clientRealm: string;
    ticketServer: PrincipalName;
    ticketRealm: string;
    server: PrincipalName;
    realm: string;
    nonce: number;
    sessionEtype: number;
    sessionKey: Octets;
    flags: number;
    authTime: number;
    startTime: number | undefined;
    endTime: number;
    sealedPadata: PaData[];
    /** The etype that the answer says it is sealed with. */
    sealedEtype: number;
}

/** Changes the parts of an answer, knowing what was asked. */
export type Lie = (parts: Parts, asked: KdcReqBody) => void;

/** What a forger says. */
export interface Story {
    /** Changes the answers to AS-REQs. */
    readonly as?: Lie;
    /** Changes the answers to TGS-REQs. */
    readonly tgs?: Lie;
    /** Answers instead, if it gives an answer. */
    readonly instead?: (asked: KdcReq, realm: string) => Octets | undefined;
    /** Whether the answer vouches for the request, with a checksum that fits or one that does not. */
    readonly vouches?: "rightly" | "wrongly";
}

/** A KDC for every realm, which remembers the session keys of its tickets. */
export class Forger implements KdcTransport {
    readonly #story: Story;
    /** The realms that were asked. */
    readonly asked: string[] = [];
    readonly #sessions = new Map<string, Octets>();

    constructor(story: Story = {}) {
        this.#story = story;
    }

    async exchange(realm: string, message: Uint8Array): Promise<Uint8Array> {
        const octets = new Uint8Array(message);
        this.asked.push(realm);
        const type = octets[0] === application(MESSAGE.AS_REQ) ? MESSAGE.AS_REQ : MESSAGE.TGS_REQ;
        const request = readKdcReq(octets, type);
        const instead = this.#story.instead?.(request, realm);
        if (instead !== undefined) {
            return instead;
        }
        return type === MESSAGE.AS_REQ ? this.#first(request, octets) : this.#further(request);
    }

    async #first(request: KdcReq, octets: Octets): Promise<Octets> {
        const { body } = request;
        const kind = enctypeOf(body.etypes[0]);
        const client = body.client ?? { type: NAME_TYPE.PRINCIPAL, parts: [] };
        const salt = utf8(body.realm + client.parts.join(""));
        const key = await (await Password.import(PASSWORD)).key(kind, salt);
        const parts = this.#parts(MESSAGE.AS_REP, body, client, body.realm, kind);
        const { vouches } = this.#story;
        if (vouches !== undefined) {
            parts.flags |= 0x0001_0000;
            const checksum = await key.checksum(USAGE.AS_REQ, octets);
            checksum[0] = (checksum[0] ?? 0) ^ (vouches === "rightly" ? 0 : 1);
            const value = writeChecksum({ type: kind.checksumType, value: checksum });
            parts.sealedPadata.push({ type: PA.REQ_ENC_PA_REP, value });
        }
        this.#story.as?.(parts, body);
        return this.#write(parts, key, USAGE.AS_REP, 25);
    }

    async #further({ padata, body }: KdcReq): Promise<Octets> {
        const { ticket, authenticator } = readApReq(padata[0]?.value ?? new Uint8Array(0));
        const kind = enctypeOf(authenticator.etype);
        const known = this.#sessions.get(ticket.octets.join());
        if (known === undefined) {
            return krbError(KRB_AP_ERR_BAD_INTEGRITY);
        }
        const session = await Key.import(kind, known.slice());
        const { client, subkey } = readAuthenticator(
            await session.open(USAGE.TGS_REQ_AUTHENTICATOR, authenticator.cipher),
        );
        if (subkey === undefined) {
            throw new Error("no subkey");
        }
        const parts = this.#parts(MESSAGE.TGS_REP, body, client.name, client.realm, kind);
        this.#story.tgs?.(parts, body);
        return this.#write(parts, await Key.import(kind, subkey.value.slice()), USAGE.TGS_REP_SUBKEY, 26);
    }

    #parts(type: number, body: KdcReqBody, client: PrincipalName, clientRealm: string, kind: Enctype): Parts {
        const server = body.server ?? { type: NAME_TYPE.SRV_INST, parts: [] };
        return {
            tag: type,
            type,
            version: 5,
            padata: [],
            client,
            clientRealm,
            ticketServer: server,
            ticketRealm: body.realm,
            server,
            realm: body.realm,
            nonce: body.nonce,
            sessionEtype: kind.number,
            sessionKey: random(kind.keyLength),
            flags: 0,
            authTime: NOW,
            startTime: undefined,
            endTime: Math.min(body.till, NOW + HOUR),
            sealedPadata: [],
            sealedEtype: kind.number,
        };
    }

    async #write(parts: Parts, key: Key, usage: number, tag: number): Promise<Octets> {
        const ticket = element(
            application(1),
            sequence(
                field(0, integer(5)),
                field(1, string(parts.ticketRealm)),
                field(2, writeName(parts.ticketServer)),
                field(3, writeEncryptedData({ etype: parts.sessionEtype, kvno: 1, cipher: random(32) })),
            ),
        );
        this.#sessions.set(ticket.join(), parts.sessionKey);
        const session = writeEncryptionKey({ type: parts.sessionEtype, value: parts.sessionKey });
        const sealedPadata = parts.sealedPadata.map(writePaData);
        const part = element(
            application(tag),
            sequence(
                field(0, session),
                field(1, sequence(sequence(field(0, integer(0)), field(1, time(NOW))))),
                field(2, integer(parts.nonce)),
                field(4, flags(parts.flags)),
                field(5, time(parts.authTime)),
                field(6, parts.startTime === undefined ? undefined : time(parts.startTime)),
                field(7, time(parts.endTime)),
                field(9, string(parts.realm)),
                field(10, writeName(parts.server)),
                field(12, sealedPadata.length === 0 ? undefined : sequence(...sealedPadata)),
            ),
        );
        const cipher = await key.seal(usage, part);
        return element(
            application(parts.tag),
            sequence(
                field(0, integer(parts.version)),
                field(1, integer(parts.type)),
                parts.padata.length === 0 ? undefined : field(2, sequence(...parts.padata.map(writePaData))),
                field(3, string(parts.clientRealm)),
                field(4, writeName(parts.client)),
                field(5, ticket),
                field(6, writeEncryptedData({ etype: parts.sealedEtype, cipher })),
            ),
        );
    }
}

function enctypeOf(number: number | undefined): Enctype {
    const kind = enctype(number ?? 0);
    if (kind === undefined) {
        throw new Error(`enctype ${number}`);
    }
    return kind;
}

/** What a KRB-ERROR says beside its code. */
export interface ErrorParts {
    readonly clientRealm?: string;
    readonly text?: string;
    readonly time?: number;
    readonly data?: Octets;
}

/** A KRB-ERROR. */
export function krbError(code: number, parts: ErrorParts = {}): Octets {
    const { clientRealm, text, data } = parts;
    return element(
        application(MESSAGE.KRB_ERROR),
        sequence(
            field(0, integer(5)),
            field(1, integer(MESSAGE.KRB_ERROR)),
            field(4, time(parts.time ?? NOW)),
            field(5, integer(0)),
            field(6, integer(code)),
            field(7, clientRealm === undefined ? undefined : string(clientRealm)),
            field(9, string("A.TEST")),
            field(10, writeName({ type: NAME_TYPE.SRV_INST, parts: ["krbtgt", "A.TEST"] })),
            field(11, text === undefined ? undefined : string(text)),
            field(12, data && octetString(data)),
        ),
    );
}
