//! The keyed checksum of each enctype (RFC 3961 section 5.4, RFC 8009 section
//! 6).

use std::fmt;

use super::mac::Mac;
use super::usage_keys::{Purpose, derive_mac};
use super::{CryptoError, Enctype, Key, Usage};

/// The checksum key of one base key for one usage.
///
/// Its checksum type is [`Enctype::checksum_number`]. A checksum of another
/// type is not made with this key: compare the type before the octets.
pub struct ChecksumKey {
    enctype: Enctype,
    mac: Mac,
}

impl ChecksumKey {
    /// Derives it from `base`.
    ///
    /// # Errors
    ///
    /// [`CryptoError::KeyLength`], which a [`Key`] that exists cannot cause.
    pub fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        Ok(Self { enctype: base.enctype(), mac: derive_mac(base, usage, Purpose::Checksum)? })
    }

    /// The enctype of the base key.
    pub const fn enctype(&self) -> Enctype {
        self.enctype
    }

    /// The checksum over `message`, [`Enctype::checksum_length`] octets.
    pub fn make(&self, message: &[u8]) -> Vec<u8> {
        self.mac.sum(&[message], self.enctype.checksum_length()).to_vec()
    }

    /// Says whether `checksum` is the one over `message`, in a time that does
    /// not depend on where it differs.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Integrity`] if it is not, or has another length.
    pub fn verify(&self, message: &[u8], checksum: &[u8]) -> Result<(), CryptoError> {
        self.mac.verify(&[message], checksum, self.enctype.checksum_length())
    }
}

impl fmt::Debug for ChecksumKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChecksumKey({})", self.enctype.name())
    }
}
