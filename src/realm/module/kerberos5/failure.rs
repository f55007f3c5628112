//! Why a password is not agreed to: in which words the log says it, whose fault it is, and what helps.

use client::{ClientError, NegotiateError, Refusal};
use krb::{
    crypto::CryptoError,
    error_code::{
        KDC_ERR_C_PRINCIPAL_UNKNOWN, KDC_ERR_CLIENT_NOTYET, KDC_ERR_CLIENT_REVOKED, KDC_ERR_ETYPE_NOSUPP,
        KDC_ERR_KEY_EXPIRED, KDC_ERR_NAME_EXP, KDC_ERR_NEVER_VALID, KDC_ERR_NULL_KEY,
        KDC_ERR_PADATA_TYPE_NOSUPP, KDC_ERR_POLICY, KDC_ERR_PREAUTH_FAILED, KDC_ERR_PREAUTH_REQUIRED,
        KDC_ERR_S_PRINCIPAL_UNKNOWN, KDC_ERR_WRONG_REALM, KRB_AP_ERR_SKEW,
    },
    name::Principal,
};
use tgg::failure::{Failure as Unreached, Refusal as Unsent};

use super::user::NameError;
use crate::realm::module::{Failure, Fault};

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The account has expired.
    #[error("the account has expired at the KDC; renew it there (kadmin modprinc -expire)")]
    AccountExpired,
    /// The account is not valid yet.
    #[error("the account is not valid yet at the KDC; look at its dates there")]
    AccountNotYet,
    /// The KDC refuses the account, for now or for good.
    #[error(
        "the KDC has locked or disabled the account; unlock it there (kadmin modprinc -unlock, +allow_tix)"
    )]
    AccountLocked,
    /// A policy of the KDC.
    #[error("a policy of the KDC does not let the account log in here or now ({0}); look at the KDC's log")]
    AccountPolicy(Box<Refusal>),
    /// As many passwords are judged as may be.
    #[error("too many passwords are judged at once; look at how fast the KDC answers")]
    Crowded,
    /// The clocks.
    #[error("the clocks of gateway and KDC are too far apart; have both keep time by NTP")]
    ClockSkew,
    /// No password.
    #[error("the password is empty; no KDC is asked about that")]
    Empty,
    /// The KDC refuses for a reason that lies with nobody who logs in.
    #[error("the KDC refuses: {0}; look at its log")]
    Kdc(Box<Refusal>),
    /// The thread that made the key is gone.
    #[error("the password was not made a key to the end; please report it with the lines above")]
    Interrupted,
    /// The account has no key that the gateway can use.
    #[error(
        "the KDC has no key of the account that can be used here; a change of its password makes AES keys"
    )]
    KeyMissing,
    /// The time is over.
    #[error("the KDC did not answer in time; look at it, or raise <timeout>")]
    Late,
    /// The password or name is too long.
    #[error("the password is longer than {most} octets; no KDC is asked about that")]
    Long {
        /// How long it may be.
        most: usize,
    },
    /// The name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A ticket of the account would never be valid.
    #[error(
        "the KDC has no time at which a ticket of the account is valid; look at the dates of account and service there"
    )]
    NeverValid,
    /// The gateway has no key of its own any more.
    #[error("the keytab has no usable key of a service; export one")]
    NoService,
    /// Whoever answered is not the KDC, or does not share the keytab's keys.
    #[error(
        "whoever answers as the KDC agreed to the password and cannot show the ticket that the keytab opens ({0}); \
         somebody may answer in the KDC's place, so nobody is let in; if the service got a new key, export the keytab again (ktadd)"
    )]
    NotBelieved(#[source] Disbelief),
    /// The account cannot log in by a password alone.
    #[error(
        "the KDC takes no encrypted timestamp from the account: it wants a smart card, a one-time password or FAST, \
         or it has no AES key of it; a change of its password makes one"
    )]
    OtherProof,
    /// The password has expired.
    #[error("the password has expired; the user has to change it (kpasswd)")]
    PasswordExpired,
    /// Users of this realm are not let in.
    #[error(
        "users of the Kerberos realm {krb_realm:?} are not let in; <acceptRealm> of kerberos5 lets them in"
    )]
    Realm {
        /// What the user wrote.
        krb_realm: String,
    },
    /// The KDC does not know the gateway's service.
    #[error(
        "the KDC does not know the gateway's own service {0}; add it there, or name another one of the keytab in <principal>"
    )]
    ServiceUnknown(Principal),
    /// No such user.
    #[error("the KDC does not know the user; is the realm the right one?")]
    UserUnknown,
    /// No KDC answered.
    #[error(transparent)]
    Unreached(#[from] Unreached),
    /// No KDC may be asked.
    #[error("no KDC could be asked: {0}; name one in <kdc>")]
    Unsent(#[from] Unsent),
    /// The gateway cannot ask.
    #[error("the gateway could not ask the KDC: {0}; please report it")]
    Unasked(#[source] ClientError),
    /// The password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
}

/// What speaks against whoever answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Disbelief {
    /// The answer is none to what was asked.
    #[error("{0}")]
    Answer(#[from] ClientError),
    /// The ticket is another client's.
    #[error("the ticket is {0}'s")]
    Client(Principal),
    /// A token cannot be made of the ticket.
    #[error("{0}")]
    Negotiate(#[from] NegotiateError),
    /// The ticket is not new.
    #[error("the ticket was not made for this login")]
    Old,
    /// The gateway's own acceptor refuses the ticket.
    #[error("{0}")]
    Ticket(#[from] tpg::refusal::Refusal),
    /// It asks for a further token, which is never due.
    #[error("the ticket is not enough")]
    Unfinished,
}

impl PasswordError {
    /// What the client core says.
    pub(super) fn of(error: ClientError, service: &Principal) -> Self {
        match error {
            ClientError::NoEnctypeInCommon => Self::KeyMissing,
            ClientError::NoEncryptedTimestamp => Self::OtherProof,
            ClientError::Refused(refusal) => Self::refused(refusal, service),
            ClientError::TimeOutOfRange | ClientError::NotTicketGranting => Self::Unasked(error),
            ClientError::WrongPassword => Self::WrongPassword,
            ClientError::Crypto(CryptoError::PasswordText) => Self::WrongPassword,
            _ => Self::NotBelieved(Disbelief::Answer(error)),
        }
    }

    fn refused(refusal: Box<Refusal>, service: &Principal) -> Self {
        match refusal.code {
            KDC_ERR_C_PRINCIPAL_UNKNOWN | KDC_ERR_WRONG_REALM => Self::UserUnknown,
            KDC_ERR_CLIENT_NOTYET => Self::AccountNotYet,
            KDC_ERR_CLIENT_REVOKED => Self::AccountLocked,
            KDC_ERR_ETYPE_NOSUPP | KDC_ERR_NULL_KEY => Self::KeyMissing,
            // After a proof: the account wants another one beside it.
            KDC_ERR_PADATA_TYPE_NOSUPP | KDC_ERR_PREAUTH_REQUIRED => Self::OtherProof,
            KDC_ERR_KEY_EXPIRED => Self::PasswordExpired,
            KDC_ERR_NAME_EXP => Self::AccountExpired,
            KDC_ERR_NEVER_VALID => Self::NeverValid,
            KDC_ERR_POLICY => Self::AccountPolicy(refusal),
            KDC_ERR_PREAUTH_FAILED => Self::WrongPassword,
            KDC_ERR_S_PRINCIPAL_UNKNOWN => Self::ServiceUnknown(service.clone()),
            KRB_AP_ERR_SKEW => Self::ClockSkew,
            _ => Self::Kdc(refusal),
        }
    }

    /// The word for logs and counters, and whose fault it is.
    const fn told(&self) -> (&'static str, Fault) {
        match self {
            Self::AccountExpired => ("account_expired", Fault::Peer),
            Self::AccountLocked => ("account_locked", Fault::Peer),
            Self::AccountNotYet => ("account_not_yet", Fault::Peer),
            Self::AccountPolicy(_) => ("account_policy", Fault::Peer),
            Self::Empty => ("empty_password", Fault::Peer),
            Self::KeyMissing => ("no_key", Fault::Peer),
            Self::Long { .. } => ("password_too_long", Fault::Peer),
            Self::Name(_) => ("bad_name", Fault::Peer),
            Self::NeverValid => ("never_valid", Fault::Peer),
            Self::OtherProof => ("other_proof", Fault::Peer),
            Self::PasswordExpired => ("password_expired", Fault::Peer),
            Self::Realm { .. } => ("realm_not_accepted", Fault::Peer),
            Self::UserUnknown => ("unknown_user", Fault::Peer),
            Self::WrongPassword => ("wrong_password", Fault::Peer),
            Self::ClockSkew => ("clock_skew", Fault::Unavailable),
            Self::Crowded => ("crowded", Fault::Unavailable),
            Self::Kdc(_) => ("kdc_refuses", Fault::Unavailable),
            Self::Late => ("late", Fault::Unavailable),
            Self::NoService => ("no_service_key", Fault::Unavailable),
            Self::NotBelieved(_) => ("kdc_not_believed", Fault::Unavailable),
            Self::ServiceUnknown(_) => ("service_unknown", Fault::Unavailable),
            Self::Interrupted => ("interrupted", Fault::Module),
            Self::Unasked(_) => ("not_asked", Fault::Module),
            Self::Unreached(Unreached::Broken) => ("kdc_broken", Fault::Unavailable),
            Self::Unreached(Unreached::NoKdc) => ("no_kdc", Fault::Unavailable),
            Self::Unreached(_) => ("kdc_silent", Fault::Unavailable),
            Self::Unsent(_) => ("not_asked", Fault::Unavailable),
        }
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        let (word, fault) = error.told();
        Self { fault, ..Self::peer(word, error) }
    }
}
