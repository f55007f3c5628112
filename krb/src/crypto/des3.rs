//! Triple DES in CBC mode with a zero initial vector, and its keys
//! (RFC 3961 section 6.3).
//!
//! It authenticates nothing; who calls it must.

use cbc::cipher::array::Array;
use cbc::cipher::consts::U8;
use cbc::cipher::{BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use des::TdesEde3;
use zeroize::Zeroizing;

use super::{CryptoError, Key};

/// Octets in a cipher block.
pub(super) const BLOCK: usize = 8;

/// Octets of a key.
const KEY_LENGTH: usize = 24;

/// Octets of each of its three parts without the parity bits.
const PART: usize = 7;

/// A key schedule, ready for use. It is wiped when dropped.
pub(super) struct Des3Cbc(TdesEde3);

impl Des3Cbc {
    /// A schedule for `key`, whose parity bits do not matter.
    pub(super) fn new(key: &Key) -> Result<Self, CryptoError> {
        let octets = key.octets();
        let short = CryptoError::KeyLength { enctype: key.enctype(), length: octets.len() };
        TdesEde3::new_from_slice(octets).map(Self).map_err(|_| short)
    }

    /// Encrypts one block on its own.
    pub(super) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        self.0.encrypt_block(block.into());
    }

    /// Encrypts `text`, whole blocks, in place. Octets beyond them are left
    /// alone.
    pub(super) fn encrypt(&self, text: &mut [u8]) {
        let (blocks, _) = Array::<u8, U8>::slice_as_chunks_mut(text);
        cbc::Encryptor::inner_iv_init(&self.0, &Array::default()).encrypt_blocks(blocks);
    }

    /// Decrypts `text`, whole blocks, in place. Octets beyond them are left
    /// alone.
    pub(super) fn decrypt(&self, text: &mut [u8]) {
        let (blocks, _) = Array::<u8, U8>::slice_as_chunks_mut(text);
        cbc::Decryptor::inner_iv_init(&self.0, &Array::default()).decrypt_blocks(blocks);
    }
}

/// The key that 168 random bits make (RFC 3961 section 6.3.1).
///
/// Seven octets at a time become eight: the low bits of the seven make the
/// high bits of the eighth, and each low bit becomes odd parity.
pub(super) fn random_to_key(seed: &[u8]) -> Zeroizing<[u8; KEY_LENGTH]> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    for (part, random) in key.chunks_exact_mut(BLOCK).zip(seed.chunks_exact(PART)) {
        let low = random.iter().rev().fold(0, |low, octet| low << 1 | (octet & 1));
        for (octet, bits) in part.iter_mut().zip(random.iter().copied().chain([low << 1])) {
            let bits = bits & 0xFE;
            *octet = bits | u8::from(bits.count_ones().is_multiple_of(2));
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tests::hex;

    /// RFC 3961 appendix A.3, its first vector: what DR gives and what DK makes of it.
    #[test]
    fn the_published_random_octets_make_the_published_key() {
        let seed = hex("935079d14490a75c3093c4a6e8c3b049c71e6ee705");
        assert_eq!(*random_to_key(&seed), *hex("925179d04591a79b5d3192c4a7e9c289b049c71f6ee604cd"));
    }

    #[test]
    fn parity_is_odd_in_every_octet() {
        for value in 0..=u8::MAX {
            let key = random_to_key(&[value; 21]);
            assert!(key.iter().all(|octet| octet.count_ones() % 2 == 1));
        }
    }
}
