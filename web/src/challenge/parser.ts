/**
 * The grammar of `WWW-Authenticate` (RFC 9110 section 11.6.1), with what gateways send beyond it:
 * the prefix `Application ` of schemes for scripts, and parameters of any form behind a scheme.
 *
 * Whatever text comes is read in one pass; nothing is an error.
 */

/** Most challenges that are read. More than a handful never helped anybody. */
const MAX_CHALLENGES = 16;

/** Most parameters of one challenge. */
const MAX_PARAMETERS = 64;

/** A challenge. */
export interface Challenge {
    /** Without the prefix `Application `. */
    readonly scheme: string;
    /** All that follows the scheme, as it came; `null` if nothing does. */
    readonly rest: string | null;
    /** The parameters of the form `name=value`, by their names in lower case. Of a name that stands twice the first counts. */
    readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";

/** A scheme, and `Application ` before it, which is none itself if another scheme follows. */
const SCHEME = new RegExp(`(?:Application[ \\t]+(?=${TOKEN}(?:[ \\t,]|$)))?(${TOKEN})(?=[ \\t,]|$)`, "iy");

/** What begins a new challenge behind a comma: a token that no `=` follows. */
const NEXT = new RegExp(`[ \\t]*(?:${TOKEN})(?:$|,|[ \\t]+(?![ \\t=]))`, "y");

const PARAMETER = new RegExp(`(${TOKEN})[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")`, "y");

/** The challenges of the values of one field, in their order. */
export function parseChallenges(values: readonly string[]): Challenge[] {
    const challenges: Challenge[] = [];
    for (const value of values) {
        let at = 0;
        while (challenges.length < MAX_CHALLENGES) {
            at = skip(value, at, " \t,");
            SCHEME.lastIndex = at;
            const scheme = SCHEME.exec(value)?.[1];
            if (scheme === undefined) {
                break;
            }
            const begin = SCHEME.lastIndex;
            at = endOfChallenge(value, begin);
            const rest = value.slice(begin, at).trim();
            challenges.push({ scheme, rest: rest === "" ? null : rest, parameters: parametersOf(rest) });
        }
    }
    return challenges;
}

/** Where the challenge ends whose scheme ends at `at`: at a comma outside quotes that a new one follows, or at the end. */
function endOfChallenge(value: string, at: number): number {
    let isQuoted = false;
    for (; at < value.length; at += 1) {
        const sign = value[at];
        if (isQuoted && sign === "\\") {
            at += 1;
        } else if (sign === '"') {
            isQuoted = !isQuoted;
        } else if (sign === "," && !isQuoted) {
            NEXT.lastIndex = at + 1;
            if (NEXT.test(value)) {
                return at;
            }
        }
    }
    return value.length;
}

function parametersOf(rest: string): Map<string, string> {
    const parameters = new Map<string, string>();
    let at = 0;
    while (at < rest.length && parameters.size < MAX_PARAMETERS) {
        PARAMETER.lastIndex = at;
        const parameter = PARAMETER.exec(rest);
        if (parameter === null) {
            break;
        }
        const [, name = "", token, quoted = ""] = parameter;
        const key = name.toLowerCase();
        if (!parameters.has(key)) {
            parameters.set(key, token ?? quoted.replace(/\\(.)/g, "$1"));
        }
        // Modules of gateways write blanks where the grammar has commas.
        at = skip(rest, PARAMETER.lastIndex, " \t,");
    }
    return parameters;
}

function skip(text: string, at: number, signs: string): number {
    while (at < text.length && signs.includes(text[at] ?? "")) {
        at += 1;
    }
    return at;
}
