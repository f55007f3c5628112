//! Where randomness comes from: session keys, confounders and the keys of services are drawn by the caller.

use krb::crypto::{CONFOUNDER_LENGTH, CryptoError, Enctype, Key};
use zeroize::Zeroizing;

/// Fills octets with random ones that nobody can predict; one that fails must not return.
pub type Dice<'a> = &'a mut dyn FnMut(&mut [u8]);

/// What goes in front of a text that is sealed.
pub(super) fn confounder(dice: Dice<'_>) -> [u8; CONFOUNDER_LENGTH] {
    let mut octets = [0; CONFOUNDER_LENGTH];
    dice(&mut octets);
    octets
}

/// A sequence number. 30 bits: MIT krb5 draws so many, since some peers read a signed number.
pub(super) fn sequence(dice: Dice<'_>) -> i64 {
    let mut octets = [0; 4];
    dice(&mut octets);
    (u32::from_be_bytes(octets) & 0x3FFF_FFFF).into()
}

/// A random key.
pub(super) fn key(enctype: Enctype, dice: Dice<'_>) -> Result<Key, CryptoError> {
    let mut seed = Zeroizing::new(vec![0; enctype.seed_length()]);
    dice(&mut seed);
    Key::from_random(enctype, &seed)
}
