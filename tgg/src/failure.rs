//! Why an exchange had no reply: what is wrong, whose fault it is, and what the peer may know of it.
//!
//! The KRB-ERROR that tells the peer is made here; statuses and close codes are the shell's to choose.

use bytes::Bytes;
use krb::{error_code, kpasswd::KpasswdError, msg::krb_error::KrbError, peek::PeekError, time::KerberosTime};

use crate::envelope::Malformed;

/// Who has to act for the next exchange to go better.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blame {
    /// The KDC or the way to it.
    Kdc,
    /// The peer that asked.
    Peer,
}

impl Blame {
    /// The word for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kdc => "kdc",
            Self::Peer => "peer",
        }
    }
}

/// Why a message is not relayed. All are the peer's fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Another kind of message than a gateway to a KDC has to carry, such as an AP-REQ.
    #[error("neither an AS-REQ, a TGS-REQ nor a password change")]
    Kind,
    /// A password change for a realm without a password server.
    #[error("no password server is configured for the realm; add --kpasswd")]
    KpasswdNotServed,
    /// The message is of a kind that is relayed, but not well-formed.
    #[error("the message is not well-formed: {0}")]
    Message(PeekError),
    /// A password change that is not well-formed.
    #[error("the password change is not well-formed: {0}")]
    PasswordChange(KpasswdError),
    /// A password change with a ticket for another service than kadmin/changepw.
    #[error("the ticket of the password change is not for kadmin/changepw")]
    PasswordService,
    /// The envelope names another realm than the message.
    #[error("the envelope names another realm than the message")]
    RealmDiffers,
    /// A realm that is not configured.
    #[error("the realm is not configured; add --kdc if it is to be served")]
    RealmUnknown,
    /// More requests for one principal than are allowed.
    #[error("the principal is over its rate")]
    TooManyForPrincipal,
    /// More requests from one peer than are allowed.
    #[error("the peer is over its rate")]
    TooManyFromPeer,
    /// The wrapping cannot be opened.
    #[error("the wrapping cannot be opened: {0}")]
    Wrapping(#[from] Malformed),
}

/// Why a request that may be relayed got no reply that may be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Every KDC that was asked broke the exchange off or answered what cannot be believed.
    #[error("no KDC gave a reply that can be believed; look at the KDC's log")]
    Broken,
    /// Every KDC of the realm refuses connections, or is known to be down.
    #[error("no KDC of the realm can be reached; is krb5kdc running and the address right?")]
    NoKdc,
    /// No KDC answered in time.
    #[error("no KDC answered in time; is a firewall in between?")]
    Silent,
}

/// Any reason for not returning a KDC's reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unanswered {
    /// The request was relayed in vain.
    #[error("{0}")]
    Failed(#[from] Failure),
    /// The request was not relayed.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

impl From<Malformed> for Unanswered {
    fn from(malformed: Malformed) -> Self {
        Self::Refused(Refusal::Wrapping(malformed))
    }
}

impl Unanswered {
    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Failed(_) => Blame::Kdc,
            Self::Refused(_) => Blame::Peer,
        }
    }

    /// One word for logs and counters.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Failed(Failure::Broken) => "kdc_broken",
            Self::Failed(Failure::NoKdc) => "no_kdc",
            Self::Failed(Failure::Silent) => "kdc_silent",
            Self::Refused(Refusal::Kind) => "kind",
            Self::Refused(Refusal::KpasswdNotServed) => "kpasswd_not_served",
            Self::Refused(Refusal::Message(_) | Refusal::PasswordChange(_)) => "malformed",
            Self::Refused(Refusal::PasswordService) => "password_service",
            Self::Refused(Refusal::RealmDiffers) => "realm_differs",
            Self::Refused(Refusal::RealmUnknown) => "realm_unknown",
            Self::Refused(Refusal::TooManyForPrincipal) => "principal_rate",
            Self::Refused(Refusal::TooManyFromPeer) => "peer_rate",
            Self::Refused(Refusal::Wrapping(_)) => "wrapping",
        }
    }

    /// The error code of RFC 4120 section 7.5.9 that the peer is told.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::Failed(_) | Self::Refused(Refusal::TooManyFromPeer) => error_code::KDC_ERR_SVC_UNAVAILABLE,
            Self::Refused(Refusal::RealmUnknown) => error_code::KDC_ERR_WRONG_REALM,
            Self::Refused(Refusal::Wrapping(malformed)) if malformed.is_too_long() => {
                error_code::KRB_ERR_FIELD_TOOLONG
            }
            Self::Refused(_) => error_code::KDC_ERR_POLICY,
        }
    }
}

/// Longest realm that an error repeats, in octets: that of a domain name (RFC 1035 section 2.3.4). An answer must not be
/// longer than its question because the peer made up a name.
const MAX_REALM: usize = 255;

/// A KRB-ERROR of the gateway's own (RFC 4120 section 5.9.1).
///
/// `krb_realm` is what the peer asked for, `now` seconds and microseconds since 1970, UTC. It says nothing
/// that the peer did not say first; a realm above 255 octets is left empty.
#[must_use]
pub fn krb_error(code: i32, krb_realm: &[u8], now: (i64, u32)) -> Bytes {
    let krb_realm = if krb_realm.len() > MAX_REALM { &[] } else { krb_realm };
    let epoch = || KerberosTime::from(b"19700101000000Z".to_vec());
    let stime = KerberosTime::from_seconds(now.0).unwrap_or_else(epoch);
    let sname = [&b"krbtgt"[..], krb_realm];
    let error = KrbError::new(code, krb_realm.into(), sname, stime, now.1.min(999_999), None);
    error.encode().map(Bytes::from).unwrap_or_default()
}
