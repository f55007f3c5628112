/** Message integrity codes, which prove that nobody changed a list of mechanisms (RFC 4121 section 4.2.6.1). */

import type { Key } from "../crypto/key.js";
import { KerberosError } from "../error.js";
import { concat, equal, type Octets, uint32 } from "../octets.js";
import { TOKEN_ID } from "./token.js";

/** Octets in front of the checksum. */
const HEADER = 16;

/** Who made a code, and with which key (RFC 4121 section 4.2.2). */
export const MIC_FLAG = { SENT_BY_ACCEPTOR: 1, SEALED: 2, ACCEPTOR_SUBKEY: 4 } as const;

/** All that have a meaning; a receiver passes over the others. */
const KNOWN = MIC_FLAG.SENT_BY_ACCEPTOR | MIC_FLAG.SEALED | MIC_FLAG.ACCEPTOR_SUBKEY;

/** The code over `message` with the number `sequence`. */
export async function makeMic(
    key: Key,
    usage: number,
    flags: number,
    sequence: number,
    message: Octets,
): Promise<Octets> {
    const filler = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff);
    const header = concat(uint32(TOKEN_ID.MIC).subarray(2), Uint8Array.of(flags), filler, uint32(0), uint32(sequence));
    // The header comes last in what is summed and first in what is sent (RFC 4121 section 4.2.4).
    return concat(header, await key.checksum(usage, concat(message, header)));
}

/** Says that `token` is the code over `message`, made by whom `flags` say; throws `INTEGRITY` if not. */
export async function verifyMic(key: Key, usage: number, flags: number, message: Octets, token: Octets): Promise<void> {
    const header = token.slice(0, HEADER);
    const [first, second, found = 0, ...rest] = header;
    const isMic = header.length === HEADER && (first ?? 0) * 256 + (second ?? 0) === TOKEN_ID.MIC;
    const filled = equal(Uint8Array.from(rest.slice(0, 5)), new Uint8Array(5).fill(0xff));
    if (!isMic || !filled || (found & KNOWN) !== flags) {
        throw new KerberosError("INTEGRITY");
    }
    await key.verify(usage, concat(message, header), token.subarray(HEADER));
}
