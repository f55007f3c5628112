//! The profile of enctypes 19 and 20: AES with HMAC-SHA2 over the ciphertext
//! (RFC 8009).

use zeroize::Zeroizing;

use super::cts::{AesCts, BLOCK};
use super::mac::Mac;
use super::{CryptoError, Key};

/// The cipher state before the first message, which the checksum covers
/// (RFC 8009 section 5).
const INITIAL_STATE: [u8; BLOCK] = [0; BLOCK];

/// KDF-HMAC-SHA2 of RFC 8009 section 3: `length` octets that `label` draws
/// from `base`.
///
/// One round of HMAC is enough for every length in use, at most 32 octets.
pub(super) fn derive(base: &Key, label: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let bits = u32::try_from(length * 8).unwrap_or(u32::MAX);
    let mac = Mac::new(base.enctype(), base.octets())?;
    Ok(mac.sum(&[&1u32.to_be_bytes(), label, &[0], &bits.to_be_bytes()], length))
}

/// Opens `sealed` into confounder and plaintext; `tag` is the checksum that
/// came with it.
///
/// The checksum is over the ciphertext: nothing is decrypted that does not
/// fit.
pub(super) fn open(cipher: &AesCts, mac: &Mac, sealed: &[u8], tag: &[u8]) -> Result<Vec<u8>, CryptoError> {
    mac.verify(&[&INITIAL_STATE, sealed], tag, tag.len())?;
    let mut text = Vec::with_capacity(sealed.len().next_multiple_of(BLOCK));
    text.extend_from_slice(sealed);
    cipher.decrypt(&mut text);
    Ok(text)
}

/// Seals confounder and plaintext; the checksum, `tag_length` octets, ends it.
pub(super) fn seal(cipher: &AesCts, mac: &Mac, mut text: Vec<u8>, tag_length: usize) -> Vec<u8> {
    cipher.encrypt(&mut text);
    let tag = mac.sum(&[&INITIAL_STATE, &text], tag_length);
    text.extend_from_slice(&tag);
    text
}
