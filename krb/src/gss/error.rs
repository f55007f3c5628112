//! Why octets are not the GSS-API token, checksum or integrity code that they should be.

use super::TokenId;
use crate::der::DerError;

/// What can be wrong with what a peer sent. All are its fault and final.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GssError {
    /// The checksum of the authenticator announces channel bindings of another length than an MD5 has.
    #[error("the length of the channel bindings is {found}, not 16")]
    BindingsLength {
        /// The length announced.
        found: u32,
    },
    /// There are fewer octets than there must be.
    #[error("the token ends too early")]
    CutShort,
    /// The delegation option is not 1, the only one (RFC 4121 section 4.1.1).
    #[error("the delegation option is {found}, not 1")]
    DelegationOption {
        /// The option found.
        found: u16,
    },
    /// There is no token at all.
    #[error("the token is empty")]
    Empty,
    /// Starts like a token, but is not the encoding.
    #[error("not a GSS-API token: {0}")]
    Encoding(#[from] DerError),
    /// The integrity code does not fit: another key, other octets, or another direction.
    #[error("the integrity code does not fit what it is over")]
    Mic,
    /// The integrity code says that it is from the other side, under another key, or of something sealed.
    #[error("the integrity code has the flags {found:#04x} where {wanted:#04x} are due")]
    MicFlags {
        /// The flags that must be.
        wanted: u8,
        /// The flags found.
        found: u8,
    },
    /// An AP-REQ without anything around it, as DCE sends it (MS-KILE section 3.4.5.1).
    #[error("an AP-REQ without its GSS-API frame")]
    NakedApReq,
    /// The first octet starts nothing that is known.
    #[error("no GSS-API token starts with {found:#04x}")]
    NoToken {
        /// The first octet.
        found: u8,
    },
    /// A SPNEGO answer where a negotiation must begin.
    #[error("a SPNEGO answer, but no negotiation is under way")]
    NotFirst,
    /// A message of NTLM: the client had no ticket.
    #[error("an NTLM message: the client found no ticket for this service")]
    Ntlm,
    /// The two octets in front of the message mean another thing than is due.
    #[error("the token has a {found:?} where a {wanted:?} is due")]
    OtherTokenId {
        /// What is due.
        wanted: TokenId,
        /// What was found.
        found: TokenId,
    },
    /// The two octets in front of the message mean nothing known.
    #[error("the token id {:02x}{:02x} is unknown", found[0], found[1])]
    TokenId {
        /// The octets found.
        found: [u8; 2],
    },
    /// A SPNEGO negotiation without the frame that names SPNEGO.
    #[error("a SPNEGO negotiation without its GSS-API frame")]
    Unframed,
}
