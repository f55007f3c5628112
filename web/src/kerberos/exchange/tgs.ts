/**
 * The TGS exchange: a ticket-granting ticket becomes a ticket for a service, in this realm or, by referrals, in another
 * (RFC 4120 section 3.3, RFC 6806 section 8).
 */

import type { Clock } from "../clock.js";
import type { Enctype } from "../crypto/enctype.js";
import { USAGE } from "../crypto/usage.js";
import { KerberosError } from "../error.js";
import { KRB_AP_ERR_SKEW } from "../error_code.js";
import { MESSAGE, readKdcRep, writeKdcReq } from "../message/kdc.js";
import { isKrbError, readKrbError, refusal } from "../message/krb_error.js";
import { readEncKdcRepPart } from "../message/opened.js";
import { PA } from "../message/padata.js";
import { grantedRealm, krbtgt, type PrincipalName, sameName } from "../name.js";
import { type Octets, wipe } from "../octets.js";
import { type Ask, Asked, type Credential } from "./asked.js";
import { type Presented, present } from "./present.js";

/** Most realms on the way to a service. */
const MAX_REALMS = 10;

/** What is asked of ticket-granting servers. */
export interface TgsWishes {
    /** The service. */
    readonly service: PrincipalName;
    /** Its realm; if it is not known the KDCs refer to it, beginning with the user's. */
    readonly realm?: string | undefined;
    /** Enctypes that can be used, best first. */
    readonly enctypes: readonly Enctype[];
    /** How long the ticket should be valid, in milliseconds. */
    readonly lifetime: number;
}

/** Ticket-granting tickets by the realm that grants for them, the user's own among them. */
export type Grants = Map<string, Credential>;

/**
 * Gets a ticket for a service. Ticket-granting tickets of realms on the way are kept in `grants`, and found there.
 *
 * Throws what a KDC says, and our own errors if it is not to be believed; `REFERRAL_LOOP` if the way does not end.
 */
export async function grant(
    ask: Ask,
    clock: Clock,
    home: Credential,
    grants: Grants,
    wishes: TgsWishes,
): Promise<Credential> {
    const seen = new Set<string>();
    const kept = wishes.realm === undefined ? undefined : grants.get(wishes.realm);
    let tgt = kept !== undefined && kept.endTime > clock.now() ? kept : home;
    for (;;) {
        const here = grantedRealm(tgt.server.name);
        if (here === undefined) {
            throw new KerberosError("SERVER_MISMATCH");
        }
        if (seen.has(here) || seen.size === MAX_REALMS) {
            throw new KerberosError("REFERRAL_LOOP");
        }
        seen.add(here);
        const isThere = wishes.realm === undefined || wishes.realm === here;
        const name = isThere ? wishes.service : krbtgt(wishes.realm ?? here);
        const credential = await exchange(ask, clock, tgt, { ...wishes, service: name, realm: here });
        const next = grantedRealm(credential.server.name);
        if (next === undefined || (isThere && sameName(credential.server.name, name))) {
            return credential;
        }
        grants.set(next, credential);
        tgt = credential;
    }
}

/** One exchange with the KDC of the realm that `tgt` is for; once more if the clock is wrong. */
async function exchange(
    ask: Ask,
    clock: Clock,
    tgt: Credential,
    wishes: TgsWishes & { readonly realm: string },
): Promise<Credential> {
    if (tgt.endTime <= clock.now()) {
        throw new KerberosError("TICKET_EXPIRED");
    }
    const { enctypes, lifetime, service, realm } = wishes;
    const server = { name: service, realm };
    let guess = clock;
    for (;;) {
        const asked = new Asked(
            { client: tgt.client, server, enctypes, lifetime, canonicalize: true },
            guess.now(),
            false,
        );
        const presented = await present(tgt, guess, {
            options: 0,
            usage: USAGE.TGS_REQ_AUTHENTICATOR,
            checksum: {
                type: tgt.key.enctype.checksumType,
                value: await tgt.key.checksum(USAGE.TGS_REQ_CHECKSUM, asked.body),
            },
        });
        const padata = [{ type: PA.TGS_REQ, value: presented.message }];
        const answer = await ask(realm, writeKdcReq(MESSAGE.TGS_REQ, padata, asked.body));
        if (!isKrbError(answer)) {
            const credential = await open(answer, asked, tgt, presented, guess.now());
            if (guess !== clock) {
                // The time that was guessed came back under a seal.
                clock.correct(credential.startTime);
            }
            return credential;
        }
        const error = readKrbError(answer);
        if (error.code !== KRB_AP_ERR_SKEW || guess !== clock) {
            throw refusal(error);
        }
        guess = clock.copy();
        guess.correct(error.time);
    }
}

async function open(
    octets: Octets,
    asked: Asked,
    tgt: Credential,
    presented: Presented,
    now: number,
): Promise<Credential> {
    const answer = readKdcRep(octets, MESSAGE.TGS_REP);
    asked.checkEnvelope(answer, MESSAGE.TGS_REP);
    if (!asked.isClient(answer)) {
        throw new KerberosError("CLIENT_MISMATCH");
    }
    const { cipher } = answer.sealed;
    // Some KDCs pass the subkey over and seal with the session key.
    const plaintext = await presented.subkey
        .open(USAGE.TGS_REP_SUBKEY, cipher)
        .catch(() => tgt.key.open(USAGE.TGS_REP, cipher));
    try {
        return await asked.accept(answer, readEncKdcRepPart(plaintext), now);
    } finally {
        wipe(plaintext);
    }
}
