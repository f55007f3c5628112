//! GSS-API tokens around Kerberos messages: which mechanism, which message (RFC 2743 section 3.1, RFC 4121
//! section 4.1).
//!
//! A first token names its mechanism by OID; the mechanism's own octets follow. Those of Kerberos start with two
//! octets that say which message comes. Nothing here copies, and nothing but the whole token is a token: lengths
//! are definite and minimal, and no octet may follow.

#[cfg(feature = "crypto")]
pub mod bindings;
pub mod checksum;
mod error;
mod mech;
#[cfg(feature = "crypto")]
pub mod mic;

use std::fmt;

use crate::der::{self, Reader};

pub use error::GssError;
pub use mech::Mech;

/// Tag of a first token.
const FIRST: u8 = der::application(0);
/// Tag of a naked AP-REQ.
const AP_REQ: u8 = der::application(14);
/// Tag of a SPNEGO NegTokenInit and of a NegTokenResp.
const NEG_TOKEN: [u8; 2] = [der::context(0), der::context(1)];
/// How every message of NTLM starts (MS-NLMP section 2.2.1).
const NTLM: &[u8] = b"NTLMSSP\0";

/// A first token, opened: for which mechanism, and what the mechanism is to read.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Framed<'a> {
    /// The contents octets of the OID, without tag and length; [`Mech::of`] says whose it is.
    pub oid: &'a [u8],
    /// The mechanism's own octets.
    pub inner: &'a [u8],
}

/// Opens a first token.
///
/// # Errors
///
/// One for each thing that clients send in its place: [`GssError::Empty`], [`GssError::Ntlm`],
/// [`GssError::Unframed`], [`GssError::NotFirst`], [`GssError::NakedApReq`], [`GssError::NoToken`]; and
/// [`GssError::Encoding`] for what starts like a token and is none. All are the peer's fault and final.
pub fn unframe(token: &[u8]) -> Result<Framed<'_>, GssError> {
    let [init, resp] = NEG_TOKEN;
    match token.first() {
        None => return Err(GssError::Empty),
        Some(&FIRST) => {}
        Some(&found) if found == init => return Err(GssError::Unframed),
        Some(&found) if found == resp => return Err(GssError::NotFirst),
        Some(&AP_REQ) => return Err(GssError::NakedApReq),
        Some(_) if token.starts_with(NTLM) => return Err(GssError::Ntlm),
        Some(&found) => return Err(GssError::NoToken { found }),
    }
    let mut outer = Reader::new(token);
    let mut inside = outer.enter(FIRST)?;
    outer.end()?;
    let oid = inside.enter(der::OBJECT_IDENTIFIER)?.rest();
    Ok(Framed { oid, inner: inside.rest() })
}

/// Makes a first token for `mech` of the mechanism's own octets.
#[must_use]
pub fn frame(mech: Mech, inner: &[u8]) -> Vec<u8> {
    let oid = mech.oid();
    let contents = der::header_len(oid.len()) + oid.len() + inner.len();
    let mut token = Vec::with_capacity(der::header_len(contents) + contents);
    der::push_header(&mut token, FIRST, contents);
    der::push_header(&mut token, der::OBJECT_IDENTIFIER, oid.len());
    token.extend_from_slice(oid);
    token.extend_from_slice(inner);
    token
}

/// What follows in a token of the Kerberos mechanism (RFC 4121 sections 4.1 and 4.2.6).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TokenId {
    /// An AP-REP.
    ApRep,
    /// An AP-REQ.
    ApReq,
    /// A KRB-ERROR.
    Error,
    /// A message integrity code.
    Mic,
    /// A wrapped message.
    Wrap,
}

impl TokenId {
    const ALL: [Self; 5] = [Self::ApRep, Self::ApReq, Self::Error, Self::Mic, Self::Wrap];

    /// The two octets on the wire.
    #[must_use]
    pub const fn octets(self) -> [u8; 2] {
        match self {
            Self::ApRep => [0x02, 0x00],
            Self::ApReq => [0x01, 0x00],
            Self::Error => [0x03, 0x00],
            Self::Mic => [0x04, 0x04],
            Self::Wrap => [0x05, 0x04],
        }
    }
}

/// Splits the mechanism's own octets into what follows and the message itself.
///
/// # Errors
///
/// [`GssError::CutShort`] if the two octets are not there, [`GssError::TokenId`] if they mean nothing known.
pub fn split_id(inner: &[u8]) -> Result<(TokenId, &[u8]), GssError> {
    let (&found, message) = inner.split_first_chunk::<2>().ok_or(GssError::CutShort)?;
    let id = TokenId::ALL.into_iter().find(|id| id.octets() == found);
    Ok((id.ok_or(GssError::TokenId { found })?, message))
}

/// The mechanism's own octets for a message.
#[must_use]
pub fn with_id(id: TokenId, message: &[u8]) -> Vec<u8> {
    [&id.octets(), message].concat()
}

/// A token is worth stealing while it is fresh: its length is shown.
impl fmt::Debug for Framed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed").field("mech", &Mech::of(self.oid)).field("inner", &self.inner.len()).finish()
    }
}

#[cfg(test)]
mod tests;
