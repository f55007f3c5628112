/**
 * What a KAAZING gateway sends inside a WebSocket, octet for octet, as its own scripts and runs of
 * its JavaScript client against it have it.
 */

/** The balancer's word to stay: frame 82 04. */
export const STAY = Uint8Array.of(0xef, 0x83, 0xbf, 0x4e);

/** The end of a response in the balanced form: frame 82 00. */
export const END = new Uint8Array(0);

const utf8 = new TextEncoder();

/** The balancer's word to go elsewhere. */
export function elsewhere(url: string): Uint8Array {
    return utf8.encode(`\uf0ffR${url}`);
}

const BODY_401 = "<html><head></head><body><h1>401 Unauthorized</h1></body></html>";
const BODY_403 = "<html><head></head><body><h1>403 Forbidden</h1></body></html>";

/** A response of these lines and this body. */
export function response(lines: readonly string[], body = ""): Uint8Array {
    return utf8.encode(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** A 401 with these challenges. */
export function unauthorized(...challenges: readonly string[]): Uint8Array {
    const fields = challenges.map((challenge) => `WWW-Authenticate: ${challenge}`);
    const lines = ["HTTP/1.1 401 Unauthorized", "Content-Type: text/html", ...fields, "Content-Length: 64"];
    return response(lines, BODY_401);
}

/** A 403. */
export const FORBIDDEN = response(
    ["HTTP/1.1 403 Forbidden", "Content-Type: text/html", "Content-Length: 61"],
    BODY_403,
);

/** A 101 with these fields, where they stand between the others. */
export function switching(...fields: readonly string[]): Uint8Array {
    return response([
        "HTTP/1.1 101 Web Socket Protocol Handshake",
        "Connection: Upgrade",
        "Date: Tue, 13 Feb 2018 20:02:57 GMT",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ...fields,
        "Server: Kaazing Gateway",
        "Upgrade: websocket",
    ]);
}
