//! The list of mechanisms, kept as the octets that the integrity code is over.

use std::fmt;

use super::SpnegoError;
use crate::der::{self, Reader};
use crate::gss::Mech;

/// How many mechanisms a client may list. Windows lists four at most, macOS six.
pub const MAX_MECHS: usize = 16;

/// Octets of the longest OID. Those of real mechanisms have ten; an acceptor keeps the list between two tokens.
const MAX_OID: usize = 64;

/// A list of mechanisms: at least one, at most [`MAX_MECHS`].
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct MechTypes<'a>(&'a [u8]);

impl<'a> MechTypes<'a> {
    /// Takes the DER form of a list, see [`mech_list`].
    ///
    /// # Errors
    ///
    /// [`SpnegoError::NoMechs`], [`SpnegoError::TooManyMechs`], [`SpnegoError::Oid`], or
    /// [`SpnegoError::Encoding`] for what is no SEQUENCE OF OBJECT IDENTIFIER.
    pub fn read(der: &'a [u8]) -> Result<Self, SpnegoError> {
        let mut list = Reader::new(Reader::new(der).only(der::SEQUENCE)?);
        if list.is_empty() {
            return Err(SpnegoError::NoMechs);
        }
        let mut count = 0;
        while !list.is_empty() {
            if count == MAX_MECHS {
                return Err(SpnegoError::TooManyMechs);
            }
            oid(list.enter(der::OBJECT_IDENTIFIER)?.rest())?;
            count += 1;
        }
        Ok(Self(der))
    }

    /// The SEQUENCE OF OBJECT IDENTIFIER to the octet, without the `[0]` around it: what the integrity code is
    /// over (RFC 4178 section 5).
    #[must_use]
    pub const fn der(self) -> &'a [u8] {
        self.0
    }

    /// The OIDs in the client's order, as contents octets.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = Reader::new(Reader::new(self.0).only(der::SEQUENCE).unwrap_or_default());
        std::iter::from_fn(move || rest.enter(der::OBJECT_IDENTIFIER).ok().map(|oid| oid.rest()))
    }
}

/// The names of the mechanisms that have one.
impl fmt::Debug for MechTypes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Mech::of)).finish()
    }
}

/// The DER form of a list of mechanisms, for [`MechTypes::read`].
#[must_use]
pub fn mech_list(mechs: &[Mech]) -> Vec<u8> {
    let oids = mechs.iter().map(|mech| mech.oid());
    let contents = oids.clone().map(|oid| der::header_len(oid.len()) + oid.len()).sum();
    let mut out = Vec::with_capacity(der::header_len(contents) + contents);
    der::push_header(&mut out, der::SEQUENCE, contents);
    for oid in oids {
        der::push_header(&mut out, der::OBJECT_IDENTIFIER, oid.len());
        out.extend_from_slice(oid);
    }
    out
}

/// Says that `contents` can be those of an OBJECT IDENTIFIER: whole numbers, at least one (X.690 section 8.19).
pub(super) fn oid(contents: &[u8]) -> Result<&[u8], SpnegoError> {
    match contents.last() {
        Some(last) if last & 0x80 == 0 && contents.len() <= MAX_OID => Ok(contents),
        _ => Err(SpnegoError::Oid),
    }
}
