//! Why a service is not let believe, or does not let in.

use krb::crypto::CryptoError;
use krb::gss::{self, GssError, Mech, TokenId};
use krb::msg::MsgError;
use krb::msg::krb_error::KrbError;
use krb::spnego::SpnegoError;

use crate::error::Refusal;

/// What can go wrong between the first token and the service's proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiateError {
    /// A key could not be made or did not open what it should: the service does not have the ticket's key.
    #[error("the service's proof cannot be opened")]
    Crypto(#[from] CryptoError),
    /// The service's token, or its integrity code, cannot be read or does not fit.
    #[error("the service's token cannot be read")]
    Gss(#[from] GssError),
    /// A message could not be read or written.
    #[error("the service's message cannot be read")]
    Message(#[from] MsgError),
    /// The list of mechanisms to offer is without Kerberos.
    #[error("Kerberos is not among the mechanisms to offer")]
    NoKerberos,
    /// The service did not vouch for the list of mechanisms though it had to: somebody may have changed it.
    #[error("the service does not vouch for the list of mechanisms")]
    NoMechListMic,
    /// The service lets in, but did not prove itself though it had to.
    #[error("the service does not prove who it is")]
    NoProof,
    /// The service chose a mechanism that is not Kerberos, or was not offered.
    #[error("the service chose {}", mech.map_or("an unknown mechanism", Mech::name))]
    OtherMech {
        /// What it chose, if that has a name.
        mech: Option<Mech>,
    },
    /// The service's proof is of another request.
    #[error("the service's proof belongs to another request")]
    OtherRequest,
    /// The service says why it does not let in. See [`Refusal::code`]: with `KRB_AP_ERR_SKEW` (37),
    /// [`Refusal::time`] tells what its clock shows.
    #[error("the service refuses: {0}")]
    Refused(Box<Refusal>),
    /// The service does not let in, and does not say why.
    #[error("the service refuses without a reason")]
    Rejected,
    /// The service's answer is no SPNEGO token.
    #[error("the service's negotiation cannot be read")]
    Spnego(#[from] SpnegoError),
    /// The service proposes a key of an enctype that the client did not use.
    #[error("the service chose enctype {number} for its key")]
    SubkeyEnctype {
        /// The number on the wire.
        number: i64,
    },
    /// The clock shows what messages cannot express.
    #[error("the time is out of range; check the clock")]
    TimeOutOfRange,
    /// The service sent what is not due.
    #[error("the service's answer is not of the expected type")]
    Unexpected,
}

impl NegotiateError {
    /// What a token that comes with a refusal says.
    pub(super) fn refused(token: &[u8]) -> Self {
        let reason = || {
            let (id, message) = gss::split_id(gss::unframe(token).ok()?.inner).ok()?;
            (id == TokenId::Error).then(|| KrbError::decode(message).ok())?
        };
        reason().map_or(Self::Rejected, |error| Self::Refused(Box::new(error.into())))
    }
}
