/** The key usage numbers: what a key is used for changes what it derives (RFC 4120 section 7.5.1). */

/** Key usage numbers, by what they are for. */
export const USAGE = {
    /** PA-ENC-TIMESTAMP, under the client's key. */
    PA_ENC_TIMESTAMP: 1,
    /** The sealed part of a ticket, under the service's key. */
    TICKET: 2,
    /** The sealed part of an AS-REP, under the client's key. */
    AS_REP: 3,
    /** The checksum over the body of a TGS-REQ, under the session key. */
    TGS_REQ_CHECKSUM: 6,
    /** The authenticator of a TGS-REQ, under the session key. */
    TGS_REQ_AUTHENTICATOR: 7,
    /** The sealed part of a TGS-REP, under the session key. */
    TGS_REP: 8,
    /** The sealed part of a TGS-REP, under the authenticator's subkey. */
    TGS_REP_SUBKEY: 9,
    /** The authenticator of an AP-REQ, under the session key. */
    AP_REQ_AUTHENTICATOR: 11,
    /** The sealed part of an AP-REP, under the session key. */
    AP_REP: 12,
    /** The sealed part of a KRB-PRIV. */
    KRB_PRIV: 13,
    /** What a GSS acceptor signs (RFC 4121 section 2). */
    GSS_ACCEPTOR_SIGN: 23,
    /** What a GSS initiator signs (RFC 4121 section 2). */
    GSS_INITIATOR_SIGN: 25,
    /** The checksum over an AS-REQ, under the reply key (RFC 6806 section 11). */
    AS_REQ: 56,
    /** The second factor of SPAKE (RFC 9588 section 7). */
    SPAKE: 65,
} as const;

/** What a derived key is for: the octet behind the usage (RFC 3961 section 5.3, RFC 8009 section 5). */
export const PURPOSE = { CHECKSUM: 0x99, ENCRYPTION: 0xaa, INTEGRITY: 0x55 } as const;
