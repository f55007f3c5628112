/** Numbers and names of the error codes of a KRB-ERROR, and what they mean to people (RFC 4120 section 7.5.9). */

/** The end is before the start. */
export const KDC_ERR_NEVER_VALID = 11;
/** Pre-authentication was wrong. */
export const KDC_ERR_PREAUTH_FAILED = 24;
/** Pre-authentication is needed; the methods are in e-data. */
export const KDC_ERR_PREAUTH_REQUIRED = 25;
/** Decryption failed its integrity check. */
export const KRB_AP_ERR_BAD_INTEGRITY = 31;
/** The clocks are too far apart. */
export const KRB_AP_ERR_SKEW = 37;
/** The user belongs to another realm, which the error names. */
export const KDC_ERR_WRONG_REALM = 68;
/** Another round of pre-authentication is needed (RFC 6113). */
export const KDC_ERR_MORE_PREAUTH_DATA_REQUIRED = 91;

/** Names, and sentences for the codes that people come across; the others are told by name. */
export const KDC_ERRORS: ReadonlyMap<number, readonly [name: string, message?: string]> = new Map<
    number,
    readonly [string, string?]
>([
    [1, ["KDC_ERR_NAME_EXP", "The account has expired"]],
    [2, ["KDC_ERR_SERVICE_EXP", "The account of the service has expired"]],
    [3, ["KDC_ERR_BAD_PVNO"]],
    [4, ["KDC_ERR_C_OLD_MAST_KVNO"]],
    [5, ["KDC_ERR_S_OLD_MAST_KVNO"]],
    [6, ["KDC_ERR_C_PRINCIPAL_UNKNOWN", "The user is not known"]],
    [7, ["KDC_ERR_S_PRINCIPAL_UNKNOWN", "The service is not known"]],
    [8, ["KDC_ERR_PRINCIPAL_NOT_UNIQUE"]],
    [9, ["KDC_ERR_NULL_KEY", "The user or the service has no key"]],
    [10, ["KDC_ERR_CANNOT_POSTDATE"]],
    [11, ["KDC_ERR_NEVER_VALID", "The ticket would end before it starts"]],
    [12, ["KDC_ERR_POLICY", "The policy of the realm does not allow it"]],
    [13, ["KDC_ERR_BADOPTION", "The KDC cannot give the ticket that was asked for"]],
    [14, ["KDC_ERR_ETYPE_NOSUPP", "The KDC has no key of a kind that is safe; a change of the password may make one"]],
    [15, ["KDC_ERR_SUMTYPE_NOSUPP"]],
    [16, ["KDC_ERR_PADATA_TYPE_NOSUPP"]],
    [17, ["KDC_ERR_TRTYPE_NOSUPP"]],
    [18, ["KDC_ERR_CLIENT_REVOKED", "The account is locked"]],
    [19, ["KDC_ERR_SERVICE_REVOKED", "The account of the service is locked"]],
    [20, ["KDC_ERR_TGT_REVOKED", "The login was revoked; log in again"]],
    [21, ["KDC_ERR_CLIENT_NOTYET", "The account is not valid yet"]],
    [22, ["KDC_ERR_SERVICE_NOTYET", "The account of the service is not valid yet"]],
    [23, ["KDC_ERR_KEY_EXPIRED", "The password has expired and must be changed"]],
    [24, ["KDC_ERR_PREAUTH_FAILED", "The password is wrong"]],
    [25, ["KDC_ERR_PREAUTH_REQUIRED", "The KDC wants a proof of the password"]],
    [26, ["KDC_ERR_SERVER_NOMATCH"]],
    [27, ["KDC_ERR_MUST_USE_USER2USER"]],
    [28, ["KDC_ERR_PATH_NOT_ACCEPTED"]],
    [29, ["KDC_ERR_SVC_UNAVAILABLE", "The KDC is not available; try again"]],
    [31, ["KRB_AP_ERR_BAD_INTEGRITY", "What was sent does not open with the right key"]],
    [32, ["KRB_AP_ERR_TKT_EXPIRED", "The ticket has expired; log in again"]],
    [33, ["KRB_AP_ERR_TKT_NYV", "The ticket is not valid yet; check the clock"]],
    [34, ["KRB_AP_ERR_REPEAT", "The request was seen before"]],
    [35, ["KRB_AP_ERR_NOT_US", "The ticket is for another service"]],
    [36, ["KRB_AP_ERR_BADMATCH"]],
    [37, ["KRB_AP_ERR_SKEW", "The clocks of this computer and the KDC are too far apart; check the clock"]],
    [38, ["KRB_AP_ERR_BADADDR", "The ticket is for another address"]],
    [39, ["KRB_AP_ERR_BADVERSION"]],
    [40, ["KRB_AP_ERR_MSG_TYPE"]],
    [41, ["KRB_AP_ERR_MODIFIED", "The message was changed on its way"]],
    [42, ["KRB_AP_ERR_BADORDER"]],
    [43, ["KRB_AP_ERR_ILL_CR_TKT"]],
    [44, ["KRB_AP_ERR_BADKEYVER", "The service has another version of its key; its keytab must be exported again"]],
    [45, ["KRB_AP_ERR_NOKEY", "The service does not have its key"]],
    [46, ["KRB_AP_ERR_MUT_FAIL"]],
    [47, ["KRB_AP_ERR_BADDIRECTION"]],
    [48, ["KRB_AP_ERR_METHOD"]],
    [49, ["KRB_AP_ERR_BADSEQ"]],
    [50, ["KRB_AP_ERR_INAPP_CKSUM"]],
    [51, ["KRB_AP_PATH_NOT_ACCEPTED"]],
    [52, ["KRB_ERR_RESPONSE_TOO_BIG", "The answer is too long for the way it was asked"]],
    [60, ["KRB_ERR_GENERIC", "The KDC could not do it"]],
    [61, ["KRB_ERR_FIELD_TOOLONG", "The message is longer than the KDC takes"]],
    [62, ["KDC_ERR_CLIENT_NOT_TRUSTED"]],
    [63, ["KDC_ERR_KDC_NOT_TRUSTED"]],
    [64, ["KDC_ERR_INVALID_SIG"]],
    [65, ["KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED"]],
    [66, ["KDC_ERR_CERTIFICATE_MISMATCH"]],
    [67, ["KRB_AP_ERR_NO_TGT"]],
    [68, ["KDC_ERR_WRONG_REALM", "The user belongs to another realm"]],
    [69, ["KRB_AP_ERR_USER_TO_USER_REQUIRED"]],
    [70, ["KDC_ERR_CANT_VERIFY_CERTIFICATE"]],
    [71, ["KDC_ERR_INVALID_CERTIFICATE"]],
    [72, ["KDC_ERR_REVOKED_CERTIFICATE"]],
    [73, ["KDC_ERR_REVOCATION_STATUS_UNKNOWN"]],
    [74, ["KDC_ERR_REVOCATION_STATUS_UNAVAILABLE"]],
    [75, ["KDC_ERR_CLIENT_NAME_MISMATCH"]],
    [76, ["KDC_ERR_KDC_NAME_MISMATCH"]],
    [77, ["KDC_ERR_INCONSISTENT_KEY_PURPOSE"]],
    [78, ["KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED"]],
    [79, ["KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED"]],
    [80, ["KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED"]],
    [81, ["KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED"]],
    [85, ["KRB_AP_ERR_IAKERB_KDC_NOT_FOUND"]],
    [86, ["KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE"]],
    [90, ["KDC_ERR_PREAUTH_EXPIRED", "The login took too long; try again"]],
    [91, ["KDC_ERR_MORE_PREAUTH_DATA_REQUIRED", "The KDC wants another message before it believes the password"]],
    [92, ["KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET"]],
    [93, ["KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS"]],
    [100, ["KDC_ERR_NO_ACCEPTABLE_KDF"]],
]);
