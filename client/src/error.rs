//! Why an exchange gives no ticket.

use std::fmt;

use krb::crypto::CryptoError;
use krb::error_code;
use krb::msg::MsgError;
use krb::msg::krb_error::KrbError;
use krb::name::{KerberosString, PrincipalName, RealmName};
use krb::time::KerberosTime;

/// What can go wrong between the request and the ticket.
///
/// An exchange that returns one of these is as it was before: where the octets
/// came over a path that others can write to, another answer may still be the
/// true one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The answer is for another client than asked.
    #[error("the KDC's answer is for another client")]
    ClientMismatch,
    /// A key could not be made or did not open what it should.
    #[error("the KDC's answer cannot be opened")]
    Crypto(#[from] CryptoError),
    /// A message could not be read or written.
    #[error("the KDC's answer cannot be read")]
    Message(#[from] MsgError),
    /// The KDC wants a proof of identity, but not an encrypted timestamp. MIT's
    /// says so too if the client has no key of an enctype that was offered.
    #[error(
        "the KDC takes no encrypted timestamp; it may have no key of the enctypes offered, or want a smart card or FAST"
    )]
    NoEncryptedTimestamp,
    /// The KDC has no key of the client with an enctype that was offered.
    #[error("the KDC has no key of an enctype that was offered; a change of the password may make one")]
    NoEnctypeInCommon,
    /// The answer belongs to another request.
    #[error("the KDC's answer belongs to another request")]
    NonceMismatch,
    /// The ticket cannot be renewed.
    #[error("the ticket is not renewable; get one with a password, and ask for a renewable one")]
    NotRenewable,
    /// The credential to ask with is not for a ticket-granting service.
    #[error("the credential is not a ticket-granting ticket")]
    NotTicketGranting,
    /// Realms send the client to each other, or through too many.
    #[error("the way to {krb_realm} leads in a circle or through too many realms; name the realm yourself")]
    ReferralLoop {
        /// The realm that was named last.
        krb_realm: RealmName,
    },
    /// The KDC says no. See [`Refusal::code`] for whether to try again.
    #[error("the KDC refuses: {0}")]
    Refused(Box<Refusal>),
    /// The KDC read another request than was sent: somebody altered it on its
    /// way.
    #[error("the KDC answered a request that was altered on its way")]
    RequestAltered,
    /// The ticket is for another service than asked.
    #[error("the KDC's answer is for another service")]
    ServerMismatch,
    /// The ticket to ask with has ended.
    #[error("the ticket-granting ticket has expired; get a new one with a password")]
    TicketExpired,
    /// A time is one that messages or the system cannot express.
    #[error("a time is out of range; check the clock and the lifetimes asked for")]
    TimeOutOfRange,
    /// The answer is sealed, or its ticket to be used, with an enctype that was
    /// not offered.
    #[error("the KDC chose enctype {number}, which was not offered")]
    UnofferedEnctype {
        /// The number on the wire.
        number: i64,
    },
    /// The octets are no answer to this request: another message or version.
    #[error("the KDC's answer is not of the expected type")]
    UnexpectedMessage,
    /// The password is not the client's.
    #[error("the password is wrong")]
    WrongPassword,
}

/// What a KRB-ERROR says. Nothing protects it: whoever is on the path can write
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error code, see [`krb::error_code`].
    ///
    /// With `KRB_ERR_RESPONSE_TOO_BIG` (52) the same request can be sent again
    /// over TCP, with `KDC_ERR_SVC_UNAVAILABLE` (29) to another KDC; with
    /// `KRB_AP_ERR_SKEW` (37) [`Refusal::time`] tells what the KDC's clock
    /// shows. The others are final.
    pub code: i32,
    /// The KDC's sentence for people. Display escapes what would harm a
    /// terminal.
    pub text: Option<KerberosString>,
    /// The KDC's clock.
    pub time: KerberosTime,
    /// The service that the request was for.
    pub server: PrincipalName,
    /// The realm of the KDC.
    pub krb_realm: RealmName,
}

impl From<KrbError> for Refusal {
    fn from(error: KrbError) -> Self {
        Self {
            code: error.error_code,
            text: error.e_text,
            time: error.stime,
            server: error.sname,
            krb_realm: error.realm,
        }
    }
}

impl From<KrbError> for ClientError {
    fn from(error: KrbError) -> Self {
        Self::Refused(Box::new(error.into()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", error_code::name(self.code).unwrap_or("unknown error"), self.code)?;
        match &self.text {
            // MIT counts the NUL that ends the string in C.
            Some(text) => {
                let octets = text.as_octets();
                let sentence = octets.strip_suffix(&[0]).unwrap_or(octets);
                write!(f, ": {}", KerberosString::from(sentence))
            }
            None => Ok(()),
        }
    }
}
