//! Which formats of stores there are, and how each starts.

use std::fmt;

use super::{super::x509::Facts, jks, pem};

/// What a store of JCEKS, Java's encrypted one, starts with.
pub(super) const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// The formats of stores that are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StoreKind {
    /// Java's encrypted one. It is known, but not read.
    Jceks,
    /// Java's own.
    Jks,
    /// Text, with keys and certificates one after the other.
    Pem,
    /// RFC 7292.
    Pkcs12,
}

impl StoreKind {
    /// Reads a name as `<type>` has it. Case does not matter.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "JCEKS" => Some(Self::Jceks),
            "JKS" => Some(Self::Jks),
            "PEM" => Some(Self::Pem),
            "PKCS12" | "PKCS#12" | "P12" | "PFX" => Some(Self::Pkcs12),
            _ => None,
        }
    }

    /// The kind that octets are of, by their first.
    pub(super) fn of(octets: &[u8]) -> Option<Self> {
        match octets.first_chunk() {
            Some(&JCEKS) => Some(Self::Jceks),
            Some(&jks::MAGIC) => Some(Self::Jks),
            // A SEQUENCE that is longer than 127 octets. A certificate without a store around it is one too.
            Some([0x30, 0x80..=0x84, ..]) => Facts::of(octets).is_none().then_some(Self::Pkcs12),
            _ => pem::is_pem(octets).then_some(Self::Pem),
        }
    }

    /// Whether a store of the other kind may stand where this one is said to: Java takes JKS and PKCS#12 for each other
    /// too (`keystore.type.compat`).
    pub(super) fn takes(self, found: Self) -> bool {
        let either = [Self::Jks, Self::Pkcs12];
        self == found || either.contains(&self) && either.contains(&found)
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jceks => "JCEKS",
            Self::Jks => "JKS",
            Self::Pem => "PEM",
            Self::Pkcs12 => "PKCS12",
        })
    }
}
