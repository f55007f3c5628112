/**
 * The HTTP that is spoken inside a WebSocket before it opens: requests written, responses read
 * (RFC 9112 sections 3 to 5, as far as `x-kaazing-handshake` has it).
 */

import { HandshakeError } from "./error.js";

/** Most header fields of one response. A gateway sends about ten. */
const MAX_FIELDS = 128;

/** What a response says before its body. */
export interface InnerResponse {
    readonly status: number;
    /** The reason phrase, in printable ASCII and at most 64 characters. */
    readonly reason: string;
    /** All values of a field, in their order; its name in lower case. */
    values(name: string): readonly string[];
}

/** What a request says. */
export interface InnerRequest {
    /** Path and query. */
    readonly target: string;
    readonly protocols: readonly string[];
    readonly extensions: readonly string[];
    /** The whole value of `Authorization`. */
    readonly credentials: string | null;
}

/**
 * The text of a request. There is no `Host`: that of the outer request counts.
 *
 * @throws HandshakeError if the credentials cannot stand in a header field
 */
export function write(request: InnerRequest): string {
    let text = `GET ${request.target} HTTP/1.1\r\n`;
    if (request.protocols.length > 0) {
        text += `Sec-WebSocket-Protocol: ${request.protocols.join(",")}\r\n`;
    }
    if (request.extensions.length > 0) {
        text += `Sec-WebSocket-Extensions: ${request.extensions.join(",")}\r\n`;
    }
    if (request.credentials !== null) {
        // A line break would let credentials write fields of their own (RFC 9110 section 5.5).
        if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(request.credentials)) {
            throw new HandshakeError("handler", "the challenge handler's credentials have control characters");
        }
        text += `Authorization: ${request.credentials}\r\n`;
    }
    return `${text}\r\n`;
}

/**
 * Reads a response from its first octet.
 *
 * `undefined` means that octets are still missing: a head without its end, or less of a body than
 * `Content-Length` announces. With `isWhole` there are no more to come, and what is there is read.
 *
 * Lines end in CR LF or in LF alone; names of fields are compared without case, and values have no
 * white space at their ends.
 *
 * @throws HandshakeError if this is no response
 */
export function read(octets: Uint8Array, isWhole: boolean): InnerResponse | undefined {
    const end = endOfHead(octets);
    if (end === undefined && !isWhole) {
        return undefined;
    }
    const head = new TextDecoder().decode(octets.subarray(0, end));
    const [first = "", ...lines] = head.split("\n").map((line) => line.replace(/\r$/, ""));
    const status = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: (.*))?$/.exec(first);
    if (status === null) {
        throw new HandshakeError("malformed", "the gateway's answer has no status line");
    }
    const fields = readFields(lines);
    const response: InnerResponse = {
        status: Number(status[1]),
        reason: (status[2] ?? "").replace(/[^\x20-\x7e]/g, "").trim().slice(0, 64),
        values: (name) => fields.get(name) ?? [],
    };
    const missing = announced(response) - (octets.length - (end ?? octets.length));
    return isWhole || missing <= 0 ? response : undefined;
}

/** Where the body begins. */
function endOfHead(octets: Uint8Array): number | undefined {
    const [LF, CR] = [10, 13];
    for (let at = octets.indexOf(LF); at !== -1; at = octets.indexOf(LF, at + 1)) {
        if (octets[at + 1] === LF) {
            return at + 2;
        }
        if (octets[at + 1] === CR && octets[at + 2] === LF) {
            return at + 3;
        }
    }
    return undefined;
}

function readFields(lines: readonly string[]): Map<string, string[]> {
    const fields = new Map<string, string[]>();
    let count = 0;
    for (const line of lines) {
        if (line === "") {
            break;
        }
        const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(.*)$/.exec(line);
        count += 1;
        if (field === null || count > MAX_FIELDS) {
            throw new HandshakeError("malformed", "the gateway's answer has a line that is no header field");
        }
        const [, name = "", value = ""] = field;
        const key = name.toLowerCase();
        fields.set(key, [...(fields.get(key) ?? []), value.trim()]);
    }
    return fields;
}

/** Octets of the body. A response to an upgrade has none (RFC 9110 section 6.4.1). */
function announced(response: InnerResponse): number {
    const [length] = response.values("content-length");
    if (response.status === 101 || length === undefined) {
        return 0;
    }
    if (!/^[0-9]{1,9}$/.test(length)) {
        throw new HandshakeError("malformed", "the gateway's answer has a length that is no number");
    }
    return Number(length);
}
