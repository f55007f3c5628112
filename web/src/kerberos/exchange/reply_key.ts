/** How the client's long-term key is made from its password, as the KDC says (RFC 4120 section 5.2.7.5). */

import type { Enctype } from "../crypto/enctype.js";
import type { Key } from "../crypto/key.js";
import type { Password } from "../crypto/password.js";
import { KerberosError } from "../error.js";
import { PA, type PaData, readEtypeInfo2 } from "../message/padata.js";
import type { Principal } from "../name.js";
import { type Octets, utf8 } from "../octets.js";

/**
 * The key of the first entry of PA-ETYPE-INFO2 whose enctype is accepted: the KDC lists them in the order it prefers.
 * Without any it is the first that is accepted, with the usual salt.
 */
export function replyKey(
    password: Password,
    padata: readonly PaData[],
    accepted: readonly Enctype[],
    client: Principal,
): Promise<Key> {
    const info = padata.find((data) => data.type === PA.ETYPE_INFO2);
    const entries = info === undefined ? accepted.map(({ number }) => ({ etype: number })) : readEtypeInfo2(info.value);
    for (const entry of entries) {
        const enctype = accepted.find(({ number }) => number === entry.etype);
        if (enctype !== undefined) {
            const { salt, parameters } = { salt: undefined, parameters: undefined, ...entry };
            return password.key(enctype, salt ?? usualSalt(client), parameters);
        }
    }
    throw new KerberosError("NO_ENCTYPE_IN_COMMON");
}

/** The salt if the KDC names none: the realm and the components of the name, without separators. */
function usualSalt(client: Principal): Octets {
    return utf8(client.realm + client.name.parts.join(""));
}
