/** Names of principals, written so that none can pass for another (RFC 4120 sections 5.2.2 and 6.2). */

import { field, integer, type Reader, sequence, string } from "./der.js";
import { KerberosError } from "./error.js";
import { type Octets, utf8 } from "./octets.js";

/** Kinds of names (RFC 4120 section 6.2; 10 from RFC 6806). They are hints. */
export const NAME_TYPE = {
    PRINCIPAL: 1,
    SRV_INST: 2,
    SRV_HST: 3,
    ENTERPRISE: 10,
} as const;

/** A name within its realm. */
export interface PrincipalName {
    /** What kind of name it claims to be. */
    readonly type: number;
    /** The components, such as `HTTP` and `www.example.com`. */
    readonly parts: readonly string[];
}

/** A name and its realm. */
export interface Principal {
    /** The name within the realm. */
    readonly name: PrincipalName;
    /** The realm. */
    readonly realm: string;
}

/** Whether both have the same components, whatever their types. */
export function sameName(a: PrincipalName, b: PrincipalName): boolean {
    return a.parts.length === b.parts.length && a.parts.every((part, place) => part === b.parts[place]);
}

/** The service that grants tickets for `realm`. */
export function krbtgt(realm: string): PrincipalName {
    return { type: NAME_TYPE.SRV_INST, parts: ["krbtgt", realm] };
}

/** The realm whose tickets `krbtgt/REALM` grants, if that is what it is. */
export function grantedRealm(name: PrincipalName): string | undefined {
    const [service, realm, ...more] = name.parts;
    return service === "krbtgt" && more.length === 0 ? realm : undefined;
}

/**
 * Reads a name as people write it: components with `/` between them, then perhaps `@` and the realm. A backslash takes
 * the next character as it is; `\n`, `\t`, `\b` and `\0` are what C has them for (krb5_parse_name).
 *
 * Throws `BAD_NAME` for a name that is empty, has an empty part, or ends in a backslash.
 */
export function parsePrincipal(text: string, type: number): { readonly name: PrincipalName; readonly realm?: string } {
    const parts = [""];
    let realm: string | undefined;
    const append = (character: string): void => {
        if (realm === undefined) {
            parts.push((parts.pop() ?? "") + character);
        } else {
            realm += character;
        }
    };
    const characters = Array.from(text);
    for (let at = 0; at < characters.length; at += 1) {
        const character = characters[at] ?? "";
        if (character === "\\") {
            at += 1;
            const escaped = characters[at];
            if (escaped === undefined) {
                throw new KerberosError("BAD_NAME");
            }
            append(ESCAPES.get(escaped) ?? escaped);
        } else if (character === "/" && realm === undefined) {
            parts.push("");
        } else if (character === "@") {
            if (realm !== undefined) {
                throw new KerberosError("BAD_NAME");
            }
            realm = "";
        } else {
            append(character);
        }
    }
    if (realm === "" || parts.includes("")) {
        throw new KerberosError("BAD_NAME");
    }
    return { name: { type, parts }, ...(realm !== undefined && { realm }) };
}

/** The components with `/` between them, each told from every other. */
export function formatName(name: PrincipalName): string {
    return name.parts.map(escape).join("/");
}

/** The name, `@` and the realm. */
export function formatPrincipal(principal: Principal): string {
    return `${formatName(principal.name)}@${escape(principal.realm)}`;
}

const ESCAPES = new Map([
    ["n", "\n"],
    ["t", "\t"],
    ["b", "\b"],
    ["0", "\0"],
]);

const ESCAPED = new Map([
    ["\n", "\\n"],
    ["\t", "\\t"],
    ["\b", "\\b"],
    ["\0", "\\0"],
]);

/** One part, or a realm: {@link visible}, and separators in it do not separate. */
export function escape(part: string): string {
    return visible(part.replace(/[/@\\]/g, "\\$&"));
}

/** A text in which what has no shape of its own, or steers the layout of text, is shown as octets. */
export function visible(text: string): string {
    return text.replace(/[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028-\u202e\ufff9-\ufffb]/gu, (character) => {
        const octets = Array.from(utf8(character), (octet) => `\\x${octet.toString(16).padStart(2, "0")}`);
        return ESCAPED.get(character) ?? octets.join("");
    });
}

/** Reads a PrincipalName. */
export function readName(reader: Reader): PrincipalName {
    return reader.sequence((fields) => ({
        type: fields.field(0, (field) => field.integer()),
        parts: fields.field(1, (field) => field.list((part) => part.string())),
    }));
}

/** The octets of a PrincipalName. */
export function writeName(name: PrincipalName): Octets {
    return sequence(field(0, integer(name.type)), field(1, sequence(...name.parts.map(string))));
}
