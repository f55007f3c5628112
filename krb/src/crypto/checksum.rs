//! The keyed checksum of each enctype (RFC 3961 section 5.4, RFC 8009 section
//! 6, RFC 4757 section 4).

use std::fmt;

use super::mac::Mac;
use super::{CryptoError, Enctype, Key, Usage, aes_sha2, arcfour, simplified};

/// The checksum key of one base key for one usage.
///
/// Its checksum type is [`Enctype::checksum_number`]. A checksum of another
/// type is not made with this key: compare the type before the octets.
pub struct ChecksumKey {
    enctype: Enctype,
    profile: Profile,
}

/// How the message gets to the HMAC.
enum Profile {
    Arcfour(arcfour::Checksum),
    Direct(Mac),
}

impl ChecksumKey {
    /// Derives it from `base`.
    ///
    /// # Errors
    ///
    /// [`CryptoError::KeyLength`], which a [`Key`] that exists cannot cause.
    pub fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        let enctype = base.enctype();
        let profile = match enctype {
            Enctype::ArcfourHmac => Profile::Arcfour(arcfour::Checksum::derive(base, usage)?),
            Enctype::Des3CbcSha1Kd | Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
                Profile::Direct(simplified::checksum(base, usage)?)
            }
            Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
                Profile::Direct(aes_sha2::checksum(base, usage)?)
            }
        };
        Ok(Self { enctype, profile })
    }

    /// The enctype of the base key.
    pub const fn enctype(&self) -> Enctype {
        self.enctype
    }

    /// The checksum over `message`, [`Enctype::checksum_length`] octets.
    pub fn make(&self, message: &[u8]) -> Vec<u8> {
        match &self.profile {
            Profile::Arcfour(checksum) => checksum.make(message),
            Profile::Direct(mac) => mac.sum(&[message], self.enctype.checksum_length()).to_vec(),
        }
    }

    /// Says whether `checksum` is the one over `message`, in a time that does
    /// not depend on where it differs.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Integrity`] if it is not, or has another length.
    pub fn verify(&self, message: &[u8], checksum: &[u8]) -> Result<(), CryptoError> {
        match &self.profile {
            Profile::Arcfour(key) => key.verify(message, checksum),
            Profile::Direct(mac) => mac.verify(&[message], checksum, self.enctype.checksum_length()),
        }
    }
}

impl fmt::Debug for ChecksumKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChecksumKey({})", self.enctype.name())
    }
}
