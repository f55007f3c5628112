/** What a message says, in words and fields, for who shows it to people. Nothing is opened, so no key can be shown. */

import { ENCTYPES } from "./crypto/enctype.js";
import { application, context, MAX_LENGTH } from "./der.js";
import { KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, KDC_ERR_PREAUTH_REQUIRED } from "./error_code.js";
import { isFramed, isKerberosToken, mechName, readKerberosToken, TOKEN_ID, unframe } from "./gss/token.js";
import { isResp, NEG_STATE, readInit, readResp } from "./gss/spnego.js";
import { kindOf } from "./kind.js";
import { MUTUAL_REQUIRED, readApRep, readApReq } from "./message/ap.js";
import { type KdcReqBody, MESSAGE, readKdcRep, readKdcReq, type Ticket } from "./message/kdc.js";
import { readKpasswd, readKrbPriv } from "./message/kpasswd.js";
import { isKrbError, readKrbError, refusal } from "./message/krb_error.js";
import { type EtypeInfo2Entry, PA, type PaData, readEtypeInfo2, readMethodData } from "./message/padata.js";
import type { EncryptedData } from "./message/sealed.js";
import { escape, formatName, formatPrincipal, type PrincipalName, visible } from "./name.js";
import { hex, type Octets } from "./octets.js";

/** One thing that a message says. */
export interface Field {
    /** What it is, in a word or two. */
    readonly name: string;
    /** What it says, as text without characters that hide or turn others around, but not escaped for HTML. */
    readonly value: string;
    /** What it is made of. */
    readonly fields?: readonly Field[];
}

/** What a message says. */
export interface Description {
    /** The name of the message in its standard, such as `AS-REQ`; `unknown` if it cannot be read. */
    readonly kind: string;
    /** All of it in one sentence. */
    readonly summary: string;
    /** All of it. */
    readonly fields: readonly Field[];
}

/** Deepest nesting of messages in messages: a token has a negotiation in it, and that a message. */
const MAX_DEPTH = 4;

/** Says what a message of Kerberos or SPNEGO says. It does not throw: what cannot be read is `unknown`. */
export function describe(message: Uint8Array): Description {
    return describeAt(new Uint8Array(message.subarray(0, MAX_LENGTH + 1)), 0);
}

function describeAt(message: Octets, depth: number): Description {
    try {
        const read = depth < MAX_DEPTH ? reader(message) : undefined;
        if (read !== undefined) {
            return read(message, depth);
        }
    } catch {
        // What cannot be read is described as that.
    }
    const fields = [{ name: "octets", value: String(message.length) }];
    return { kind: "unknown", summary: "This is no message of Kerberos that can be read", fields };
}

type Describe = (message: Octets, depth: number) => Description;

const READERS = new Map<number, Describe>([
    [application(MESSAGE.AS_REQ), (message) => request(message, MESSAGE.AS_REQ)],
    [application(MESSAGE.AS_REP), (message) => answer(message, MESSAGE.AS_REP)],
    [application(MESSAGE.TGS_REQ), (message) => request(message, MESSAGE.TGS_REQ)],
    [application(MESSAGE.TGS_REP), (message) => answer(message, MESSAGE.TGS_REP)],
    [application(MESSAGE.AP_REQ), presentation],
    [application(MESSAGE.AP_REP), proof],
    [application(MESSAGE.KRB_PRIV), sealedMessage],
    [application(MESSAGE.KRB_ERROR), refusalOf],
]);

function reader(message: Octets): Describe | undefined {
    if (isFramed(message)) {
        return isKerberosToken(message) ? kerberosToken : negotiation;
    }
    if (isResp(message)) {
        return negotiationAnswer;
    }
    return kindOf(message) === "password change" ? passwordChange : READERS.get(message[0] ?? 0);
}

function request(message: Octets, type: 10 | 12): Description {
    const { padata, body } = readKdcReq(message, type);
    const service = body.server === undefined ? "a service" : formatPrincipal({ name: body.server, realm: body.realm });
    const proves = padata.some(({ type, value }) => PROOFS.has(type) || (type === PA.SPAKE && value[0] === ANSWER));
    let summary = `The user asks for a ticket for ${service}`;
    if (body.client !== undefined) {
        const client = formatPrincipal({ name: body.client, realm: body.realm });
        summary = `${client} asks for a ticket for ${service}${proves ? ", and proves the password" : ""}`;
    }
    return { kind: kindOf(message), summary, fields: [...padata.map(padataField), ...bodyFields(body)] };
}

function bodyFields(body: KdcReqBody): Field[] {
    return [
        ...nameField("user", body.client),
        { name: "realm", value: escape(body.realm) },
        ...nameField("service", body.server),
        { name: "options", value: optionNames(body.options) },
        ...timeField("from", body.from),
        ...timeField("until", body.till),
        ...timeField("renewable until", body.renewTill),
        { name: "nonce", value: String(body.nonce >>> 0) },
        { name: "enctypes", value: body.etypes.map(enctypeName).join(", ") },
    ];
}

/** KDCOptions by the number of their flag (RFC 4120 section 5.4.1; canonicalize is of RFC 6806). */
const OPTIONS: readonly (readonly [flag: number, name: string])[] = [
    [1, "forwardable"],
    [2, "forwarded"],
    [3, "proxiable"],
    [4, "proxy"],
    [5, "allow-postdate"],
    [6, "postdated"],
    [8, "renewable"],
    [15, "canonicalize"],
    [26, "disable-transited-check"],
    [27, "renewable-ok"],
    [28, "enc-tkt-in-skey"],
    [30, "renew"],
    [31, "validate"],
];

function optionNames(word: number): string {
    const set = OPTIONS.filter(([flag]) => ((word << flag) & 0x8000_0000) !== 0);
    return set.length === 0 ? "none" : set.map(([, name]) => name).join(", ");
}

function answer(message: Octets, type: 11 | 13): Description {
    const { padata, client, clientRealm, ticket, sealed } = readKdcRep(message, type);
    const user = formatPrincipal({ name: client, realm: clientRealm });
    return {
        kind: kindOf(message),
        summary: `The KDC gives ${user} a ticket for ${formatPrincipal({ name: ticket.server, realm: ticket.realm })}`,
        fields: [
            { name: "user", value: user },
            ticketField(ticket),
            sealedField("session key", "only the user can open it", sealed),
            ...padata.map(padataField),
        ],
    };
}

function presentation(message: Octets): Description {
    const { options, ticket, authenticator } = readApReq(message);
    const server = formatPrincipal({ name: ticket.server, realm: ticket.realm });
    const mutual = (options & MUTUAL_REQUIRED) !== 0;
    return {
        kind: "AP-REQ",
        summary: `The user presents a ticket to ${server}${mutual ? ", which must prove itself" : ""}`,
        fields: [
            ticketField(ticket),
            sealedField("authenticator", "proves that the user has the ticket's session key", authenticator),
        ],
    };
}

function proof(message: Octets): Description {
    const fields = [sealedField("proof", "repeats the time that was sealed for it", readApRep(message))];
    return { kind: "AP-REP", summary: "The service proves that it could open the ticket", fields };
}

function sealedMessage(message: Octets): Description {
    const fields = [sealedField("message", "only the two sides can open it", readKrbPriv(message))];
    return { kind: "KRB-PRIV", summary: "A message that is sealed", fields };
}

function refusalOf(message: Octets): Description {
    const error = readKrbError(message);
    const { name, message: words } = refusal(error);
    const { code, data } = error;
    const wanting = code === KDC_ERR_PREAUTH_REQUIRED || code === KDC_ERR_MORE_PREAUTH_DATA_REQUIRED;
    const methods = wanting && data !== undefined ? attempt(() => readMethodData(data)) : [];
    return {
        kind: "KRB-ERROR",
        summary: words,
        fields: [
            { name: "error", value: `${name} (${error.code})` },
            ...(error.text === undefined ? [] : [{ name: "in its own words", value: visible(error.text) }]),
            ...timeField("its clock", error.time),
            { name: "service", value: formatPrincipal({ name: error.server, realm: error.realm }) },
            ...nameField("user", error.client),
            ...(error.clientRealm === undefined ? [] : [{ name: "user's realm", value: escape(error.clientRealm) }]),
            ...methods.map(padataField),
        ],
    };
}

function passwordChange(message: Octets, depth: number): Description {
    const { ap, rest } = readKpasswd(message);
    const parts = [ap, rest].filter((part) => part.length > 0).map((part) => describeAt(part, depth + 1));
    const asks = ap[0] === application(MESSAGE.AP_REQ);
    const says = isKrbError(rest) ? "The password is not changed" : "The KDC says whether the password is changed";
    return {
        kind: "password change",
        summary: asks ? "The user asks for another password, which is sealed" : says,
        fields: parts.map(nested),
    };
}

function kerberosToken(message: Octets, depth: number): Description {
    const { id, message: inner } = readKerberosToken(message);
    if (id === TOKEN_ID.AP_REQ || id === TOKEN_ID.AP_REP || id === TOKEN_ID.ERROR) {
        const description = describeAt(inner, depth + 1);
        return { ...description, kind: `Kerberos token with ${description.kind}` };
    }
    return { kind: "Kerberos token", summary: "A token of Kerberos", fields: [{ name: "id", value: id.toString(16) }] };
}

function negotiation(message: Octets, depth: number): Description {
    const { mechs, mechToken } = readInit(unframe(message).inner);
    const names = mechs.map(mechName).join(", ");
    return {
        kind: "NegTokenInit",
        summary: `The client offers ${names}`,
        fields: [{ name: "mechanisms", value: names }, ...innerField(mechToken, depth)],
    };
}

function negotiationAnswer(message: Octets, depth: number): Description {
    const { state, mech, responseToken, mechListMic } = readResp(message);
    const words = STATES.get(state) ?? "The negotiation goes on";
    return {
        kind: "NegTokenResp",
        summary: words,
        fields: [
            { name: "state", value: words },
            ...(mech === undefined ? [] : [{ name: "mechanism", value: mechName(mech) }]),
            ...innerField(responseToken, depth),
            ...(mechListMic === undefined ? [] : [{ name: "integrity code", value: `${mechListMic.length} octets` }]),
        ],
    };
}

const STATES = new Map<number | undefined, string>([
    [NEG_STATE.ACCEPT_COMPLETED, "The service accepts"],
    [NEG_STATE.ACCEPT_INCOMPLETE, "The service waits for another token"],
    [NEG_STATE.REJECT, "The service refuses"],
    [NEG_STATE.REQUEST_MIC, "The service waits for another token and an integrity code"],
]);

function innerField(token: Octets | undefined, depth: number): Field[] {
    return token === undefined ? [] : [nested(describeAt(token, depth + 1))];
}

function nested({ kind, summary, fields }: Description): Field {
    return { name: kind, value: summary, fields };
}

function ticketField(ticket: Ticket): Field {
    const value = formatPrincipal({ name: ticket.server, realm: ticket.realm });
    const sealed = sealedField("sealed part", "only the service can open it", ticket.sealed);
    return { name: "ticket", value: `for ${value}`, fields: [sealed] };
}

function sealedField(name: string, words: string, { etype, kvno, cipher }: EncryptedData): Field {
    return {
        name,
        value: `sealed, ${cipher.length} octets: ${words}`,
        fields: [
            { name: "enctype", value: enctypeName(etype) },
            ...(kvno === undefined ? [] : [{ name: "key version", value: String(kvno) }]),
        ],
    };
}

function nameField(name: string, principal: PrincipalName | undefined): Field[] {
    return principal === undefined ? [] : [{ name, value: formatName(principal) }];
}

function timeField(name: string, time: number | undefined): Field[] {
    return time === undefined ? [] : [{ name, value: new Date(time).toISOString() }];
}

function enctypeName(number: number): string {
    return ENCTYPES.find((enctype) => enctype.number === number)?.name ?? OTHERS.get(number) ?? `enctype ${number}`;
}

/** Enctypes that are not spoken here, but offered by others (RFC 3961, RFC 4757, RFC 6803). */
const OTHERS = new Map([
    [16, "des3-cbc-sha1-kd"],
    [23, "arcfour-hmac"],
    [25, "camellia128-cts-cmac"],
    [26, "camellia256-cts-cmac"],
]);

/** The first octet of an answer to a challenge of SPAKE, which proves the password too. */
const ANSWER = context(2);

/** What proves the password. */
const PROOFS: ReadonlySet<number> = new Set([PA.ENC_TIMESTAMP, PA.ENCRYPTED_CHALLENGE]);

/** What pre-authentication data is (RFC 4120 section 7.5.2 unless a line names another). */
const PADATA_NAMES = new Map<number, string>([
    [PA.TGS_REQ, "ticket-granting ticket"],
    [PA.ENC_TIMESTAMP, "encrypted timestamp"],
    [3, "salt"],
    [11, "enctypes, in the old form"],
    [16, "public key request (RFC 4556)"],
    [17, "public key answer (RFC 4556)"],
    [PA.ETYPE_INFO2, "how the key is made"],
    [128, "whether a PAC is wanted (MS-KILE)"],
    [PA.FX_COOKIE, "cookie of the KDC (RFC 6113)"],
    [136, "FAST (RFC 6113)"],
    [PA.ENCRYPTED_CHALLENGE, "encrypted challenge (RFC 6113)"],
    [PA.REQ_ENC_PA_REP, "asks the KDC to vouch for the request (RFC 6806)"],
    [150, "freshness token (RFC 8070)"],
    [PA.SPAKE, "SPAKE (RFC 9588)"],
]);

function padataField({ type, value }: PaData): Field {
    const name = PADATA_NAMES.get(type) ?? `pre-authentication data ${type}`;
    const octets = `${value.length} octets`;
    if (type === PA.ETYPE_INFO2) {
        return { name, value: octets, fields: attempt(() => readEtypeInfo2(value)).map(etypeField) };
    }
    return { name, value: octets, fields: type === PA.TGS_REQ ? attempt(() => presentation(value).fields) : [] };
}

/** What is read of a part that need not be readable. */
function attempt<T>(read: () => readonly T[]): readonly T[] {
    try {
        return read();
    } catch {
        return [];
    }
}

function etypeField({ etype, salt, parameters }: EtypeInfo2Entry): Field {
    const words = salt === undefined ? "the usual salt" : `salt ${saltText(salt)}`;
    const more = parameters === undefined ? "" : `, parameters ${hex(parameters)}`;
    return { name: enctypeName(etype), value: words + more };
}

/** A salt as text if it is one. */
function saltText(salt: Octets): string {
    const text = new TextDecoder().decode(salt);
    return /^[^\p{C}\ufffd]*$/u.test(text) ? text : hex(salt);
}
