//! A Kerberos key: octets that belong to an enctype (RFC 4120 section 5.2.9).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{CryptoError, Enctype};

/// A key of the right length for its enctype.
///
/// The octets are overwritten when it is dropped, compared in constant time,
/// and never printed.
#[derive(Clone)]
pub struct Key {
    enctype: Enctype,
    octets: Zeroizing<Vec<u8>>,
}

impl Key {
    /// A key from octets of any origin: a keytab, a ticket, randomness.
    ///
    /// Every string of the right length is a key for these enctypes
    /// (random-to-key is the identity).
    ///
    /// # Errors
    ///
    /// [`CryptoError::KeyLength`] if `octets` is not [`Enctype::key_length`]
    /// long.
    pub fn new(enctype: Enctype, octets: &[u8]) -> Result<Self, CryptoError> {
        if octets.len() != enctype.key_length() {
            return Err(CryptoError::KeyLength { enctype, length: octets.len() });
        }
        Ok(Self { enctype, octets: Zeroizing::new(octets.to_vec()) })
    }

    /// What the key is for.
    pub const fn enctype(&self) -> Enctype {
        self.enctype
    }

    /// The secret itself, for a message or a file that carries it.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.enctype == other.enctype && bool::from(self.octets.ct_eq(&other.octets))
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {} octets)", self.enctype.name(), self.octets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_the_length_only() {
        let key = Key::new(Enctype::Aes128CtsHmacSha1_96, &[0xAB; 16]).unwrap();
        assert_eq!(format!("{key:?}"), "Key(aes128-cts-hmac-sha1-96, 16 octets)");
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for enctype in Enctype::ALL {
            for length in [0, 1, 15, 17, 31, 33, 64] {
                let refused = Key::new(enctype, &vec![0; length]);
                assert_eq!(refused, Err(CryptoError::KeyLength { enctype, length }));
            }
        }
    }

    #[test]
    fn keys_differ_by_enctype_and_by_every_octet() {
        let key = Key::new(Enctype::Aes128CtsHmacSha1_96, &[1; 16]).unwrap();
        assert_ne!(key, Key::new(Enctype::Aes128CtsHmacSha256_128, &[1; 16]).unwrap());
        for place in 0..16 {
            let mut octets = [1; 16];
            octets[place] = 0;
            assert_ne!(key, Key::new(Enctype::Aes128CtsHmacSha1_96, &octets).unwrap());
        }
    }
}
