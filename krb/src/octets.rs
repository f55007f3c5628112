//! An OCTET STRING: content that this level carries and does not read.

use std::fmt;
use std::ops::Deref;

use rasn::types::{Identifier, Tag};

use crate::codec::raw_string;

/// The content of an OCTET STRING: ciphertext, a checksum, pre-authentication data.
///
/// `Debug` prints the length alone, for the content may be worth stealing and is never worth reading.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Octets(pub Vec<u8>);

impl Octets {
    /// The content.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

raw_string!(Octets, Tag::OCTET_STRING, Identifier::OCTET_STRING);

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} octets]", self.0.len())
    }
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl From<Octets> for Vec<u8> {
    fn from(octets: Octets) -> Self {
        octets.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_and_no_octet() {
        assert_eq!(format!("{:?}", Octets(b"secret".to_vec())), "[6 octets]");
    }
}
