//! SPNEGO: how client and server agree on a mechanism, and how both prove afterwards that nobody changed the list
//! (RFC 4178 section 4.2, MS-SPNG section 2.2.1).
//!
//! Everything is borrowed from the token. The list of mechanisms stays the octets that arrived, for the integrity
//! code is over those.

mod error;
mod mechs;

use std::fmt;

use crate::der::{self, Reader};
use crate::gss::Mech;

pub use error::SpnegoError;
pub use mechs::{MAX_MECHS, MechTypes, mech_list};

const INIT: u8 = der::context(0);
const RESP: u8 = der::context(1);

/// What a client begins with. `Debug` shows the lengths of tokens, which are worth stealing.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct NegTokenInit<'a> {
    /// The mechanisms it can use, the one it likes best first.
    pub mech_types: MechTypes<'a>,
    /// A first token of the first mechanism, sent in the hope that the server takes it.
    pub mech_token: Option<&'a [u8]>,
    /// The integrity code over [`MechTypes::der`].
    pub mech_list_mic: Option<&'a [u8]>,
}

/// What both sides send after that. `Debug` shows the lengths of tokens.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct NegTokenResp<'a> {
    /// How far the negotiation is; always there in the server's first answer.
    pub neg_state: Option<NegState>,
    /// The mechanism that the server chose, as an OID; only in its first answer.
    pub supported_mech: Option<&'a [u8]>,
    /// The next token of the chosen mechanism.
    pub response_token: Option<&'a [u8]>,
    /// The integrity code over [`MechTypes::der`].
    pub mech_list_mic: Option<&'a [u8]>,
}

/// How far a negotiation is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum NegState {
    /// The sender is done; the other side may or may not be.
    AcceptCompleted,
    /// At least one more token is due.
    AcceptIncomplete,
    /// There is no agreement, or the mechanism failed.
    Reject,
    /// As [`NegState::AcceptIncomplete`], and both must send an integrity code: the choice is not what the
    /// client liked best. Only in the server's first answer.
    RequestMic,
}

/// Either of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NegToken<'a> {
    /// A first token, as it stands in the frame of GSS-API.
    Init(NegTokenInit<'a>),
    /// Any later token, which has no frame.
    Resp(NegTokenResp<'a>),
}

/// Reads a first token, without the frame that [`gss::unframe`](crate::gss::unframe) takes off.
///
/// The flags that a client asks for in here are passed over, for nothing protects them; so are the hints that
/// Windows servers put where a client has its integrity code (MS-SPNG section 2.2.1).
///
/// # Errors
///
/// [`SpnegoError::NotInit`] for another token, [`SpnegoError::NoMechs`], [`SpnegoError::TooManyMechs`] and
/// [`SpnegoError::Oid`] for the list, [`SpnegoError::Encoding`] for the rest. All are final.
pub fn read_init(token: &[u8]) -> Result<NegTokenInit<'_>, SpnegoError> {
    if token.first() != Some(&INIT) {
        return Err(SpnegoError::NotInit { found: token.first().copied() });
    }
    let mut fields = open(token, INIT)?;
    let mech_types = MechTypes::read(fields.enter(der::context(0))?.rest())?;
    if let Some(flags) = fields.enter_if(der::context(1))? {
        flags.only(der::BIT_STRING)?;
    }
    let mech_token = octets(&mut fields, der::context(2))?;
    let mut mech_list_mic = None;
    if let Some(field) = fields.enter_if(der::context(3))? {
        if field.rest().first() == Some(&der::SEQUENCE) {
            field.only(der::SEQUENCE)?;
            mech_list_mic = octets(&mut fields, der::context(4))?;
        } else {
            mech_list_mic = Some(field.only(der::OCTET_STRING)?);
        }
    }
    fields.end()?;
    Ok(NegTokenInit { mech_types, mech_token, mech_list_mic })
}

/// Reads a later token.
///
/// # Errors
///
/// [`SpnegoError::NotResp`] for another token, [`SpnegoError::NegState`] for a state that does not exist,
/// [`SpnegoError::Oid`] and [`SpnegoError::Encoding`]. All are final.
pub fn read_resp(token: &[u8]) -> Result<NegTokenResp<'_>, SpnegoError> {
    if token.first() != Some(&RESP) {
        return Err(SpnegoError::NotResp { found: token.first().copied() });
    }
    let mut fields = open(token, RESP)?;
    let neg_state = match fields.enter_if(der::context(0))? {
        Some(field) => Some(NegState::read(field.only(der::ENUMERATED)?)?),
        None => None,
    };
    let supported_mech = match fields.enter_if(der::context(1))? {
        Some(field) => Some(mechs::oid(field.only(der::OBJECT_IDENTIFIER)?)?),
        None => None,
    };
    let response_token = octets(&mut fields, der::context(2))?;
    let mech_list_mic = octets(&mut fields, der::context(3))?;
    fields.end()?;
    Ok(NegTokenResp { neg_state, supported_mech, response_token, mech_list_mic })
}

/// The fields of a whole token.
fn open(token: &[u8], tag: u8) -> Result<Reader<'_>, SpnegoError> {
    let sequence = Reader::new(Reader::new(token).only(tag)?);
    Ok(Reader::new(sequence.only(der::SEQUENCE)?))
}

/// The OCTET STRING of an optional field.
fn octets<'a>(fields: &mut Reader<'a>, tag: u8) -> Result<Option<&'a [u8]>, SpnegoError> {
    match fields.enter_if(tag)? {
        Some(field) => Ok(Some(field.only(der::OCTET_STRING)?)),
        None => Ok(None),
    }
}

impl NegState {
    const fn number(self) -> u8 {
        match self {
            Self::AcceptCompleted => 0,
            Self::AcceptIncomplete => 1,
            Self::Reject => 2,
            Self::RequestMic => 3,
        }
    }

    const fn read(contents: &[u8]) -> Result<Self, SpnegoError> {
        match contents {
            [0] => Ok(Self::AcceptCompleted),
            [1] => Ok(Self::AcceptIncomplete),
            [2] => Ok(Self::Reject),
            [3] => Ok(Self::RequestMic),
            _ => Err(SpnegoError::NegState),
        }
    }
}

impl NegTokenInit<'_> {
    /// The octets of the token, which [`gss::frame`](crate::gss::frame) with
    /// [`Mech::Spnego`] makes ready to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = element(der::context(0), self.mech_types.der());
        push_octets(&mut fields, der::context(2), self.mech_token);
        push_octets(&mut fields, der::context(3), self.mech_list_mic);
        element(INIT, &element(der::SEQUENCE, &fields))
    }
}

impl NegTokenResp<'_> {
    /// The octets of the token, ready to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        if let Some(state) = self.neg_state {
            let state = element(der::ENUMERATED, &[state.number()]);
            fields.extend_from_slice(&element(der::context(0), &state));
        }
        if let Some(oid) = self.supported_mech {
            fields.extend_from_slice(&element(der::context(1), &element(der::OBJECT_IDENTIFIER, oid)));
        }
        push_octets(&mut fields, der::context(2), self.response_token);
        push_octets(&mut fields, der::context(3), self.mech_list_mic);
        element(RESP, &element(der::SEQUENCE, &fields))
    }
}

impl<'a> NegToken<'a> {
    /// Reads whichever it is, without a frame.
    ///
    /// # Errors
    ///
    /// Those of [`read_init`] and [`read_resp`].
    pub fn read(token: &'a [u8]) -> Result<Self, SpnegoError> {
        match token.first() {
            Some(&RESP) => read_resp(token).map(Self::Resp),
            _ => read_init(token).map(Self::Init),
        }
    }

    /// The octets of the token, without a frame.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Init(token) => token.encode(),
            Self::Resp(token) => token.encode(),
        }
    }
}

impl fmt::Debug for NegTokenInit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NegTokenInit")
            .field("mech_types", &self.mech_types)
            .field("mech_token", &self.mech_token.map(<[u8]>::len))
            .field("mech_list_mic", &self.mech_list_mic.map(<[u8]>::len))
            .finish()
    }
}

impl fmt::Debug for NegTokenResp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NegTokenResp")
            .field("neg_state", &self.neg_state)
            .field("supported_mech", &self.supported_mech.map(Mech::of))
            .field("response_token", &self.response_token.map(<[u8]>::len))
            .field("mech_list_mic", &self.mech_list_mic.map(<[u8]>::len))
            .finish()
    }
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(der::header_len(contents.len()) + contents.len());
    der::push_header(&mut out, tag, contents.len());
    out.extend_from_slice(contents);
    out
}

fn push_octets(out: &mut Vec<u8>, tag: u8, octets: Option<&[u8]>) {
    if let Some(octets) = octets {
        der::push_header(out, tag, der::header_len(octets.len()) + octets.len());
        der::push_header(out, der::OCTET_STRING, octets.len());
        out.extend_from_slice(octets);
    }
}

#[cfg(test)]
mod tests;
