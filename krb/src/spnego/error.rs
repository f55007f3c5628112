//! Why octets are not the SPNEGO token that they should be.

use super::MAX_MECHS;
use crate::der::DerError;

/// What can be wrong with what a peer sent. All are its fault and final.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpnegoError {
    /// Starts like the token, but is not the encoding.
    #[error("not a SPNEGO token: {0}")]
    Encoding(#[from] DerError),
    /// A state that RFC 4178 does not have.
    #[error("the state of the negotiation is none of the four")]
    NegState,
    /// The client lists no mechanism.
    #[error("the list of mechanisms is empty")]
    NoMechs,
    /// Another token than the one that begins a negotiation.
    #[error("no SPNEGO negotiation begins with {found:02x?}")]
    NotInit {
        /// The first octet, if there is one.
        found: Option<u8>,
    },
    /// Another token than one that goes on with a negotiation.
    #[error("no SPNEGO negotiation goes on with {found:02x?}")]
    NotResp {
        /// The first octet, if there is one.
        found: Option<u8>,
    },
    /// An OID is empty or ends in the middle of a number.
    #[error("a mechanism is no object identifier, or one of an unheard-of length")]
    Oid,
    /// The client lists more mechanisms than exist.
    #[error("the list has more than {MAX_MECHS} mechanisms")]
    TooManyMechs,
}
