/** How a ticket is presented: an AP-REQ with a fresh authenticator (RFC 4120 section 3.2.2). */

import type { Clock, Stamp } from "../clock.js";
import { Key } from "../crypto/key.js";
import { writeApReq, writeAuthenticator } from "../message/ap.js";
import type { Checksum } from "../message/sealed.js";
import { type Octets, random, wipe } from "../octets.js";
import type { Credential } from "./asked.js";

/** How to present it. */
export interface Presentation {
    /** What the AP-REQ asks for. */
    readonly options: number;
    /** What the authenticator seals for, see {@link USAGE}. */
    readonly usage: number;
    /** What is bound to the request. */
    readonly checksum?: Checksum | undefined;
    /** Where the client's sequence numbers start. */
    readonly sequence?: number | undefined;
}

/** A ticket presented. */
export interface Presented {
    /** The octets of the AP-REQ. */
    readonly message: Octets;
    /** A new key of the session key's kind, which only who opens the ticket can read. */
    readonly subkey: Key;
    /** The time of the authenticator, which a proof must repeat. */
    readonly time: Stamp;
}

/** Presents a ticket, with a subkey. */
export async function present(credential: Credential, clock: Clock, how: Presentation): Promise<Presented> {
    const { key, client, ticket } = credential;
    const time = clock.stamp();
    const octets = random(key.enctype.keyLength);
    const authenticator = writeAuthenticator({
        client,
        time,
        checksum: how.checksum,
        sequence: how.sequence,
        subkey: { type: key.enctype.number, value: octets },
    });
    try {
        const cipher = await key.seal(how.usage, authenticator);
        const message = writeApReq(how.options, ticket, { etype: key.enctype.number, cipher });
        return { message, subkey: await Key.import(key.enctype, octets), time };
    } finally {
        wipe(authenticator, octets);
    }
}
