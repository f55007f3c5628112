//! Numbers and names of the error codes that a KRB-ERROR carries.
//!
//! RFC 4120 section 7.5.9 unless a line names another.

/// No error.
pub const KDC_ERR_NONE: i32 = 0;
/// The client's entry has expired.
pub const KDC_ERR_NAME_EXP: i32 = 1;
/// The service's entry has expired.
pub const KDC_ERR_SERVICE_EXP: i32 = 2;
/// The protocol version is not supported.
pub const KDC_ERR_BAD_PVNO: i32 = 3;
/// The client's key is sealed with an old master key.
pub const KDC_ERR_C_OLD_MAST_KVNO: i32 = 4;
/// The service's key is sealed with an old master key.
pub const KDC_ERR_S_OLD_MAST_KVNO: i32 = 5;
/// The client is not in the database.
pub const KDC_ERR_C_PRINCIPAL_UNKNOWN: i32 = 6;
/// The service is not in the database.
pub const KDC_ERR_S_PRINCIPAL_UNKNOWN: i32 = 7;
/// Several entries in the database.
pub const KDC_ERR_PRINCIPAL_NOT_UNIQUE: i32 = 8;
/// Client or service has no key.
pub const KDC_ERR_NULL_KEY: i32 = 9;
/// The ticket may not be postdated.
pub const KDC_ERR_CANNOT_POSTDATE: i32 = 10;
/// The start is after the end.
pub const KDC_ERR_NEVER_VALID: i32 = 11;
/// Policy rejects the request.
pub const KDC_ERR_POLICY: i32 = 12;
/// A requested option cannot be granted.
pub const KDC_ERR_BADOPTION: i32 = 13;
/// No common encryption type.
pub const KDC_ERR_ETYPE_NOSUPP: i32 = 14;
/// The checksum type is not supported.
pub const KDC_ERR_SUMTYPE_NOSUPP: i32 = 15;
/// The pre-authentication type is not supported.
pub const KDC_ERR_PADATA_TYPE_NOSUPP: i32 = 16;
/// The transited encoding is not supported.
pub const KDC_ERR_TRTYPE_NOSUPP: i32 = 17;
/// The client is locked out.
pub const KDC_ERR_CLIENT_REVOKED: i32 = 18;
/// The service is locked out.
pub const KDC_ERR_SERVICE_REVOKED: i32 = 19;
/// The ticket-granting ticket was revoked.
pub const KDC_ERR_TGT_REVOKED: i32 = 20;
/// The client is not valid yet.
pub const KDC_ERR_CLIENT_NOTYET: i32 = 21;
/// The service is not valid yet.
pub const KDC_ERR_SERVICE_NOTYET: i32 = 22;
/// The password has expired.
pub const KDC_ERR_KEY_EXPIRED: i32 = 23;
/// Pre-authentication was wrong.
pub const KDC_ERR_PREAUTH_FAILED: i32 = 24;
/// Pre-authentication is needed; the methods are in e-data.
pub const KDC_ERR_PREAUTH_REQUIRED: i32 = 25;
/// The additional ticket is of another service.
pub const KDC_ERR_SERVER_NOMATCH: i32 = 26;
/// The service takes user-to-user tickets only.
pub const KDC_ERR_MUST_USE_USER2USER: i32 = 27;
/// The realms crossed are not accepted.
pub const KDC_ERR_PATH_NOT_ACCEPTED: i32 = 28;
/// A service is not available.
pub const KDC_ERR_SVC_UNAVAILABLE: i32 = 29;
/// Decryption failed its integrity check.
pub const KRB_AP_ERR_BAD_INTEGRITY: i32 = 31;
/// The ticket has expired.
pub const KRB_AP_ERR_TKT_EXPIRED: i32 = 32;
/// The ticket is not valid yet.
pub const KRB_AP_ERR_TKT_NYV: i32 = 33;
/// The request is a replay.
pub const KRB_AP_ERR_REPEAT: i32 = 34;
/// The ticket is for another service.
pub const KRB_AP_ERR_NOT_US: i32 = 35;
/// Ticket and authenticator name different clients.
pub const KRB_AP_ERR_BADMATCH: i32 = 36;
/// The clocks are too far apart.
pub const KRB_AP_ERR_SKEW: i32 = 37;
/// The network address does not match.
pub const KRB_AP_ERR_BADADDR: i32 = 38;
/// The protocol version does not match.
pub const KRB_AP_ERR_BADVERSION: i32 = 39;
/// The message type is not the expected one.
pub const KRB_AP_ERR_MSG_TYPE: i32 = 40;
/// The message was changed on its way.
pub const KRB_AP_ERR_MODIFIED: i32 = 41;
/// The message is out of order.
pub const KRB_AP_ERR_BADORDER: i32 = 42;
/// The ticket came by realms that are not trusted; MIT krb5's number, RFC 4120 leaves it out.
pub const KRB_AP_ERR_ILL_CR_TKT: i32 = 43;
/// The key version is not available.
pub const KRB_AP_ERR_BADKEYVER: i32 = 44;
/// The service's key is not available.
pub const KRB_AP_ERR_NOKEY: i32 = 45;
/// Mutual authentication failed.
pub const KRB_AP_ERR_MUT_FAIL: i32 = 46;
/// The message goes the wrong way.
pub const KRB_AP_ERR_BADDIRECTION: i32 = 47;
/// Another authentication method is needed.
pub const KRB_AP_ERR_METHOD: i32 = 48;
/// The sequence number is wrong.
pub const KRB_AP_ERR_BADSEQ: i32 = 49;
/// The checksum type is not fit for this message.
pub const KRB_AP_ERR_INAPP_CKSUM: i32 = 50;
/// The realms crossed are not accepted.
pub const KRB_AP_PATH_NOT_ACCEPTED: i32 = 51;
/// The answer does not fit UDP; ask again over TCP.
pub const KRB_ERR_RESPONSE_TOO_BIG: i32 = 52;
/// Generic error; e-text says more.
pub const KRB_ERR_GENERIC: i32 = 60;
/// A field, or the message, is longer than this peer takes.
pub const KRB_ERR_FIELD_TOOLONG: i32 = 61;
/// The client's certificate is not trusted (RFC 4556).
pub const KDC_ERR_CLIENT_NOT_TRUSTED: i32 = 62;
/// No trusted certificate of the KDC (RFC 4556).
pub const KDC_ERR_KDC_NOT_TRUSTED: i32 = 63;
/// The signature is not valid (RFC 4556).
pub const KDC_ERR_INVALID_SIG: i32 = 64;
/// The Diffie-Hellman parameters are not accepted (RFC 4556).
pub const KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED: i32 = 65;
/// The certificate is of another client (reserved for PKINIT).
pub const KDC_ERR_CERTIFICATE_MISMATCH: i32 = 66;
/// No ticket-granting ticket for user-to-user.
pub const KRB_AP_ERR_NO_TGT: i32 = 67;
/// The client belongs to another realm, which the error names.
pub const KDC_ERR_WRONG_REALM: i32 = 68;
/// User-to-user is needed.
pub const KRB_AP_ERR_USER_TO_USER_REQUIRED: i32 = 69;
/// No path to a trusted certificate (RFC 4556).
pub const KDC_ERR_CANT_VERIFY_CERTIFICATE: i32 = 70;
/// A certificate is not valid (RFC 4556).
pub const KDC_ERR_INVALID_CERTIFICATE: i32 = 71;
/// A certificate was revoked (RFC 4556).
pub const KDC_ERR_REVOKED_CERTIFICATE: i32 = 72;
/// Revocation cannot be told (RFC 4556).
pub const KDC_ERR_REVOCATION_STATUS_UNKNOWN: i32 = 73;
/// Revocation cannot be looked up (RFC 4556).
pub const KDC_ERR_REVOCATION_STATUS_UNAVAILABLE: i32 = 74;
/// The certificate names another client (RFC 4556).
pub const KDC_ERR_CLIENT_NAME_MISMATCH: i32 = 75;
/// The certificate names another KDC (RFC 4556).
pub const KDC_ERR_KDC_NAME_MISMATCH: i32 = 76;
/// The certificate is not for this purpose (RFC 4556).
pub const KDC_ERR_INCONSISTENT_KEY_PURPOSE: i32 = 77;
/// The certificate's digest is not accepted (RFC 4556).
pub const KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED: i32 = 78;
/// The request lacks its checksum (RFC 4556).
pub const KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED: i32 = 79;
/// The signature's digest is not accepted (RFC 4556).
pub const KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED: i32 = 80;
/// Encryption to a public key is not supported (RFC 4556).
pub const KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED: i32 = 81;
/// The IAKERB proxy found no KDC (the IAKERB draft).
pub const KRB_AP_ERR_IAKERB_KDC_NOT_FOUND: i32 = 85;
/// The KDC did not answer the IAKERB proxy (the IAKERB draft).
pub const KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE: i32 = 86;
/// The pre-authentication exchange took too long (RFC 6113).
pub const KDC_ERR_PREAUTH_EXPIRED: i32 = 90;
/// Another round of pre-authentication is needed (RFC 6113).
pub const KDC_ERR_MORE_PREAUTH_DATA_REQUIRED: i32 = 91;
/// The authentication set is not supported (RFC 6113).
pub const KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET: i32 = 92;
/// A critical FAST option is not known (RFC 6113).
pub const KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS: i32 = 93;
/// No common key derivation (RFC 8636).
pub const KDC_ERR_NO_ACCEPTABLE_KDF: i32 = 100;

/// What the error is called in its standard, `None` if it has no number there.
#[must_use]
pub const fn name(code: i32) -> Option<&'static str> {
    Some(match code {
        KDC_ERR_NONE => "KDC_ERR_NONE",
        KDC_ERR_NAME_EXP => "KDC_ERR_NAME_EXP",
        KDC_ERR_SERVICE_EXP => "KDC_ERR_SERVICE_EXP",
        KDC_ERR_BAD_PVNO => "KDC_ERR_BAD_PVNO",
        KDC_ERR_C_OLD_MAST_KVNO => "KDC_ERR_C_OLD_MAST_KVNO",
        KDC_ERR_S_OLD_MAST_KVNO => "KDC_ERR_S_OLD_MAST_KVNO",
        KDC_ERR_C_PRINCIPAL_UNKNOWN => "KDC_ERR_C_PRINCIPAL_UNKNOWN",
        KDC_ERR_S_PRINCIPAL_UNKNOWN => "KDC_ERR_S_PRINCIPAL_UNKNOWN",
        KDC_ERR_PRINCIPAL_NOT_UNIQUE => "KDC_ERR_PRINCIPAL_NOT_UNIQUE",
        KDC_ERR_NULL_KEY => "KDC_ERR_NULL_KEY",
        KDC_ERR_CANNOT_POSTDATE => "KDC_ERR_CANNOT_POSTDATE",
        KDC_ERR_NEVER_VALID => "KDC_ERR_NEVER_VALID",
        KDC_ERR_POLICY => "KDC_ERR_POLICY",
        KDC_ERR_BADOPTION => "KDC_ERR_BADOPTION",
        KDC_ERR_ETYPE_NOSUPP => "KDC_ERR_ETYPE_NOSUPP",
        KDC_ERR_SUMTYPE_NOSUPP => "KDC_ERR_SUMTYPE_NOSUPP",
        KDC_ERR_PADATA_TYPE_NOSUPP => "KDC_ERR_PADATA_TYPE_NOSUPP",
        KDC_ERR_TRTYPE_NOSUPP => "KDC_ERR_TRTYPE_NOSUPP",
        KDC_ERR_CLIENT_REVOKED => "KDC_ERR_CLIENT_REVOKED",
        KDC_ERR_SERVICE_REVOKED => "KDC_ERR_SERVICE_REVOKED",
        KDC_ERR_TGT_REVOKED => "KDC_ERR_TGT_REVOKED",
        KDC_ERR_CLIENT_NOTYET => "KDC_ERR_CLIENT_NOTYET",
        KDC_ERR_SERVICE_NOTYET => "KDC_ERR_SERVICE_NOTYET",
        KDC_ERR_KEY_EXPIRED => "KDC_ERR_KEY_EXPIRED",
        KDC_ERR_PREAUTH_FAILED => "KDC_ERR_PREAUTH_FAILED",
        KDC_ERR_PREAUTH_REQUIRED => "KDC_ERR_PREAUTH_REQUIRED",
        KDC_ERR_SERVER_NOMATCH => "KDC_ERR_SERVER_NOMATCH",
        KDC_ERR_MUST_USE_USER2USER => "KDC_ERR_MUST_USE_USER2USER",
        KDC_ERR_PATH_NOT_ACCEPTED => "KDC_ERR_PATH_NOT_ACCEPTED",
        KDC_ERR_SVC_UNAVAILABLE => "KDC_ERR_SVC_UNAVAILABLE",
        KRB_AP_ERR_BAD_INTEGRITY => "KRB_AP_ERR_BAD_INTEGRITY",
        KRB_AP_ERR_TKT_EXPIRED => "KRB_AP_ERR_TKT_EXPIRED",
        KRB_AP_ERR_TKT_NYV => "KRB_AP_ERR_TKT_NYV",
        KRB_AP_ERR_REPEAT => "KRB_AP_ERR_REPEAT",
        KRB_AP_ERR_NOT_US => "KRB_AP_ERR_NOT_US",
        KRB_AP_ERR_BADMATCH => "KRB_AP_ERR_BADMATCH",
        KRB_AP_ERR_SKEW => "KRB_AP_ERR_SKEW",
        KRB_AP_ERR_BADADDR => "KRB_AP_ERR_BADADDR",
        KRB_AP_ERR_BADVERSION => "KRB_AP_ERR_BADVERSION",
        KRB_AP_ERR_MSG_TYPE => "KRB_AP_ERR_MSG_TYPE",
        KRB_AP_ERR_MODIFIED => "KRB_AP_ERR_MODIFIED",
        KRB_AP_ERR_BADORDER => "KRB_AP_ERR_BADORDER",
        KRB_AP_ERR_ILL_CR_TKT => "KRB_AP_ERR_ILL_CR_TKT",
        KRB_AP_ERR_BADKEYVER => "KRB_AP_ERR_BADKEYVER",
        KRB_AP_ERR_NOKEY => "KRB_AP_ERR_NOKEY",
        KRB_AP_ERR_MUT_FAIL => "KRB_AP_ERR_MUT_FAIL",
        KRB_AP_ERR_BADDIRECTION => "KRB_AP_ERR_BADDIRECTION",
        KRB_AP_ERR_METHOD => "KRB_AP_ERR_METHOD",
        KRB_AP_ERR_BADSEQ => "KRB_AP_ERR_BADSEQ",
        KRB_AP_ERR_INAPP_CKSUM => "KRB_AP_ERR_INAPP_CKSUM",
        KRB_AP_PATH_NOT_ACCEPTED => "KRB_AP_PATH_NOT_ACCEPTED",
        KRB_ERR_RESPONSE_TOO_BIG => "KRB_ERR_RESPONSE_TOO_BIG",
        KRB_ERR_GENERIC => "KRB_ERR_GENERIC",
        KRB_ERR_FIELD_TOOLONG => "KRB_ERR_FIELD_TOOLONG",
        KDC_ERR_CLIENT_NOT_TRUSTED => "KDC_ERR_CLIENT_NOT_TRUSTED",
        KDC_ERR_KDC_NOT_TRUSTED => "KDC_ERR_KDC_NOT_TRUSTED",
        KDC_ERR_INVALID_SIG => "KDC_ERR_INVALID_SIG",
        KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED => "KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED",
        KDC_ERR_CERTIFICATE_MISMATCH => "KDC_ERR_CERTIFICATE_MISMATCH",
        KRB_AP_ERR_NO_TGT => "KRB_AP_ERR_NO_TGT",
        KDC_ERR_WRONG_REALM => "KDC_ERR_WRONG_REALM",
        KRB_AP_ERR_USER_TO_USER_REQUIRED => "KRB_AP_ERR_USER_TO_USER_REQUIRED",
        KDC_ERR_CANT_VERIFY_CERTIFICATE => "KDC_ERR_CANT_VERIFY_CERTIFICATE",
        KDC_ERR_INVALID_CERTIFICATE => "KDC_ERR_INVALID_CERTIFICATE",
        KDC_ERR_REVOKED_CERTIFICATE => "KDC_ERR_REVOKED_CERTIFICATE",
        KDC_ERR_REVOCATION_STATUS_UNKNOWN => "KDC_ERR_REVOCATION_STATUS_UNKNOWN",
        KDC_ERR_REVOCATION_STATUS_UNAVAILABLE => "KDC_ERR_REVOCATION_STATUS_UNAVAILABLE",
        KDC_ERR_CLIENT_NAME_MISMATCH => "KDC_ERR_CLIENT_NAME_MISMATCH",
        KDC_ERR_KDC_NAME_MISMATCH => "KDC_ERR_KDC_NAME_MISMATCH",
        KDC_ERR_INCONSISTENT_KEY_PURPOSE => "KDC_ERR_INCONSISTENT_KEY_PURPOSE",
        KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED => "KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED",
        KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED => "KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED",
        KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED => "KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED",
        KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED => "KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED",
        KRB_AP_ERR_IAKERB_KDC_NOT_FOUND => "KRB_AP_ERR_IAKERB_KDC_NOT_FOUND",
        KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE => "KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE",
        KDC_ERR_PREAUTH_EXPIRED => "KDC_ERR_PREAUTH_EXPIRED",
        KDC_ERR_MORE_PREAUTH_DATA_REQUIRED => "KDC_ERR_MORE_PREAUTH_DATA_REQUIRED",
        KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET => "KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET",
        KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS => "KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS",
        KDC_ERR_NO_ACCEPTABLE_KDF => "KDC_ERR_NO_ACCEPTABLE_KDF",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_name_of_its_standard() {
        assert_eq!(name(25), Some("KDC_ERR_PREAUTH_REQUIRED"));
        assert_eq!(name(37), Some("KRB_AP_ERR_SKEW"));
        assert_eq!(name(68), Some("KDC_ERR_WRONG_REALM"));
        assert_eq!(name(91), Some("KDC_ERR_MORE_PREAUTH_DATA_REQUIRED"));
    }

    #[test]
    fn a_code_outside_the_standards_has_no_name() {
        for code in [i32::MIN, -1, 30, 53, 59, 82, 101, i32::MAX] {
            assert_eq!(name(code), None, "{code}");
        }
    }
}
