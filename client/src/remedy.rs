//! What helps where a KDC says no, for people who get a ticket.

use krb::error_code::{
    KDC_ERR_C_PRINCIPAL_UNKNOWN, KDC_ERR_CANNOT_POSTDATE, KDC_ERR_CLIENT_NOTYET, KDC_ERR_CLIENT_REVOKED,
    KDC_ERR_ETYPE_NOSUPP, KDC_ERR_KEY_EXPIRED, KDC_ERR_NAME_EXP, KDC_ERR_NEVER_VALID, KDC_ERR_NULL_KEY,
    KDC_ERR_POLICY, KDC_ERR_PREAUTH_FAILED, KDC_ERR_S_PRINCIPAL_UNKNOWN, KDC_ERR_SERVICE_EXP,
    KDC_ERR_SVC_UNAVAILABLE, KDC_ERR_TGT_REVOKED, KDC_ERR_WRONG_REALM, KRB_AP_ERR_SKEW,
    KRB_AP_ERR_TKT_EXPIRED, KRB_AP_ERR_TKT_NYV, KRB_ERR_RESPONSE_TOO_BIG,
};

use crate::error::Refusal;

impl Refusal {
    /// What to do about a refusal with this code (RFC 4120 section 7.5.9).
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self.code {
            KDC_ERR_C_PRINCIPAL_UNKNOWN => "see that name and realm are spelt right, in the right case",
            KDC_ERR_S_PRINCIPAL_UNKNOWN => {
                "see that service and host are spelt as the KDC knows them, and that the realm is the right one"
            }
            KDC_ERR_NAME_EXP => {
                "the account has expired; have it renewed at the KDC (kadmin modprinc -expire)"
            }
            KDC_ERR_SERVICE_EXP => "the service's account has expired; have it renewed at the KDC",
            KDC_ERR_CLIENT_REVOKED => {
                "the account is locked or disabled; have it unlocked at the KDC (kadmin modprinc -unlock)"
            }
            KDC_ERR_CLIENT_NOTYET => "the account is not valid yet; look at its dates at the KDC",
            KDC_ERR_KEY_EXPIRED => "the password has expired; change it (kpasswd)",
            KDC_ERR_PREAUTH_FAILED => "the password is wrong, or the clocks are apart",
            KDC_ERR_ETYPE_NOSUPP | KDC_ERR_NULL_KEY => {
                "the KDC has no key of an enctype that is permitted here; look at permitted_enctypes in krb5.conf"
            }
            KDC_ERR_POLICY => "a policy of the KDC forbids it; look at the KDC's log",
            KDC_ERR_CANNOT_POSTDATE | KDC_ERR_NEVER_VALID => {
                "look at the lifetimes asked for, and at the clock"
            }
            KDC_ERR_WRONG_REALM => {
                "the account is in another realm, or a gateway does not relay to this one; write the realm behind an @, or ask with -C"
            }
            KRB_AP_ERR_SKEW => "the clocks of this host and the KDC are apart; have both keep time by NTP",
            KRB_AP_ERR_TKT_EXPIRED | KDC_ERR_TGT_REVOKED => "get a new ticket with kinit",
            KRB_AP_ERR_TKT_NYV => "the ticket is not valid yet; look at the clock",
            KRB_ERR_RESPONSE_TOO_BIG => "the answer fits no datagram; see that TCP to the KDC is open",
            KDC_ERR_SVC_UNAVAILABLE => "the KDC cannot answer now; try again",
            _ => "look at the KDC's log",
        }
    }
}
