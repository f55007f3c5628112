/** Changing a password: a ticket for kadmin/changepw, and the new password under a key of its own (RFC 3244). */

import type { Clock } from "../clock.js";
import type { Key } from "../crypto/key.js";
import { USAGE } from "../crypto/usage.js";
import { KerberosError } from "../error.js";
import { readApRep, readEncApRepPart } from "../message/ap.js";
import {
    readEncKrbPrivPart,
    readKpasswd,
    readKrbPriv,
    writeEncKrbPrivPart,
    writeKpasswd,
    writeKrbPriv,
} from "../message/kpasswd.js";
import { isKrbError, type KrbError, readKrbError, refusal } from "../message/krb_error.js";
import { NAME_TYPE, type PrincipalName } from "../name.js";
import { type Octets, random, utf8, wipe } from "../octets.js";
import type { Ask, Credential } from "./asked.js";
import { type Presented, present } from "./present.js";

/** The service that changes passwords. It wants a ticket that was got with the password itself. */
export const CHANGEPW: PrincipalName = { type: NAME_TYPE.SRV_INST, parts: ["kadmin", "changepw"] };

/** The result code of a change that was made. */
const SUCCESS = 0;

/**
 * Changes the password of the credential's client.
 *
 * Throws `PASSWORD_NOT_CHANGED` with the server's sentence as `kdcText` if the new one is not accepted.
 */
export async function changePassword(ask: Ask, clock: Clock, credential: Credential, fresh: string): Promise<void> {
    const sequence = new DataView(random(4).buffer).getUint32(0) >>> 2;
    const presented = await present(credential, clock, { options: 0, usage: USAGE.AP_REQ_AUTHENTICATOR, sequence });
    const { subkey } = presented;
    const data = utf8(fresh);
    const plaintext = writeEncKrbPrivPart({ data, sequence });
    const cipher = await subkey.seal(USAGE.KRB_PRIV, plaintext);
    wipe(data, plaintext);
    const rest = writeKrbPriv({ etype: subkey.enctype.number, cipher });
    const answer = await ask(credential.server.realm, writeKpasswd({ ap: presented.message, rest }));
    judge(await result(answer, credential.key, presented));
}

/** The sealed result: two octets of a code, and a sentence. */
async function result(answer: Octets, session: Key, { subkey, time }: Presented): Promise<Octets> {
    // Some servers send an error without the header.
    if (isKrbError(answer)) {
        return refused(readKrbError(answer));
    }
    const { ap, rest } = readKpasswd(answer);
    if (ap.length === 0) {
        return refused(readKrbError(rest));
    }
    const proof = readEncApRepPart(await session.open(USAGE.AP_REP, readApRep(ap).cipher));
    if (proof.time.time !== time.time || proof.time.micros !== time.micros) {
        throw new KerberosError("OTHER_REQUEST");
    }
    const { cipher } = readKrbPriv(rest);
    // MIT's server seals with the subkey; others do with the session key.
    const part = await subkey.open(USAGE.KRB_PRIV, cipher).catch(() => session.open(USAGE.KRB_PRIV, cipher));
    return readEncKrbPrivPart(part).data;
}

/** An error may carry the result, which nothing then protects; never that it was a success. */
function refused(error: KrbError): never {
    if (error.data !== undefined && error.data.length > 2) {
        throw new KerberosError("PASSWORD_NOT_CHANGED", { kdcText: sentence(error.data) });
    }
    throw refusal(error);
}

function judge(result: Octets): void {
    const [high, low] = result;
    if (high === undefined || low === undefined) {
        throw new KerberosError("MALFORMED_MESSAGE");
    }
    if (high * 256 + low !== SUCCESS) {
        throw new KerberosError("PASSWORD_NOT_CHANGED", { kdcText: sentence(result) });
    }
}

/** What stands behind the code; Active Directory puts numbers of its policy there, which are no text. */
function sentence(result: Octets): string | undefined {
    try {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(result.subarray(2));
        return /[\0-\x08]/.test(text) || text === "" ? undefined : text;
    } catch {
        return undefined;
    }
}
