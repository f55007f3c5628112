//! Where randomness comes from: nonces, confounders and subkeys are drawn by
//! the caller.

use krb::crypto::{CryptoError, Key};
use zeroize::Zeroizing;

/// A source of random octets that nobody can predict.
///
/// Any `FnMut(&mut [u8])` is one. Use the operating system's generator; the
/// secrecy of subkeys rests on it. A source that fails must not return.
pub trait Dice {
    /// Overwrites `octets`, all of them, with random ones.
    fn fill(&mut self, octets: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Dice for F {
    fn fill(&mut self, octets: &mut [u8]) {
        self(octets);
    }
}

/// So many random octets.
pub(crate) fn roll<const N: usize>(dice: &mut dyn Dice) -> [u8; N] {
    let mut octets = [0; N];
    dice.fill(&mut octets);
    octets
}

/// A nonce for a request to the KDC.
///
/// 31 bits: RFC 4120 section 5.4.1 allows 32, but some KDCs read a signed
/// number.
pub(crate) fn nonce(dice: &mut dyn Dice) -> i64 {
    (u32::from_be_bytes(roll(dice)) & 0x7FFF_FFFF).into()
}

/// A random key of the same enctype as `model`.
pub(crate) fn key(model: &Key, dice: &mut dyn Dice) -> Result<Key, CryptoError> {
    let mut octets = Zeroizing::new(vec![0; model.enctype().key_length()]);
    dice.fill(&mut octets);
    Key::new(model.enctype(), &octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_never_negative_for_a_kdc_that_reads_32_bits() {
        assert_eq!(nonce(&mut |octets: &mut [u8]| octets.fill(0xFF)), i64::from(i32::MAX));
        assert_eq!(nonce(&mut |octets: &mut [u8]| octets.fill(0x80)), 0x0080_8080);
    }
}
