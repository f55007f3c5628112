//! A Kerberos key: octets that belong to an enctype (RFC 4120 section 5.2.9).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{CryptoError, Enctype, des3};

/// Octets of the longest key.
const LONGEST: usize = 32;

/// A key of the right length for its enctype.
///
/// The octets are overwritten when it is dropped, compared in constant time,
/// and never printed.
#[derive(Clone)]
pub struct Key {
    enctype: Enctype,
    /// As many of them as the enctype says.
    octets: Zeroizing<[u8; LONGEST]>,
}

impl Key {
    /// A key from octets of any origin: a keytab, a ticket, randomness.
    ///
    /// Every string of the right length is a key. For the strong enctypes
    /// random octets are one as they are; for all see [`Key::from_random`].
    ///
    /// # Errors
    ///
    /// [`CryptoError::KeyLength`] if `octets` is not [`Enctype::key_length`]
    /// long.
    pub fn new(enctype: Enctype, octets: &[u8]) -> Result<Self, CryptoError> {
        if octets.len() != enctype.key_length() {
            return Err(CryptoError::KeyLength { enctype, length: octets.len() });
        }
        let mut key = Zeroizing::new([0; LONGEST]);
        for (place, octet) in key.iter_mut().zip(octets) {
            *place = *octet;
        }
        Ok(Self { enctype, octets: key })
    }

    /// The key that random octets make (random-to-key of RFC 3961 section 3).
    ///
    /// # Errors
    ///
    /// [`CryptoError::KeyLength`] if `seed` is not [`Enctype::seed_length`]
    /// long.
    pub fn from_random(enctype: Enctype, seed: &[u8]) -> Result<Self, CryptoError> {
        match enctype {
            Enctype::Des3CbcSha1Kd if seed.len() == enctype.seed_length() => {
                Self::new(enctype, &*des3::random_to_key(seed))
            }
            Enctype::Des3CbcSha1Kd => Err(CryptoError::KeyLength { enctype, length: seed.len() }),
            _ => Self::new(enctype, seed),
        }
    }

    /// What the key is for.
    pub const fn enctype(&self) -> Enctype {
        self.enctype
    }

    /// The secret itself, for a message or a file that carries it.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.enctype.key_length()).unwrap_or_default()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.enctype == other.enctype && bool::from(self.octets().ct_eq(other.octets()))
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {} octets)", self.enctype.name(), self.octets().len())
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
        for enctype in Enctype::ALL.into_iter().chain(Enctype::WEAK) {
            for length in [0, 1, 15, 17, 20, 22, 23, 25, 31, 33, 64] {
                let refused = Err(CryptoError::KeyLength { enctype, length });
                assert_eq!(Key::new(enctype, &vec![0; length]), refused);
                assert_eq!(Key::from_random(enctype, &vec![0; length]), refused);
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
