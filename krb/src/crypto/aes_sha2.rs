//! The profile of enctypes 19 and 20: AES with HMAC-SHA2 over the ciphertext
//! (RFC 8009).

use super::cts::{AesCts, BLOCK};
use super::mac::{Mac, Sum};
use super::usage::Purpose;
use super::{CryptoError, Key, Usage};

/// The cipher state before the first message, which the checksum covers
/// (RFC 8009 section 5).
const INITIAL_STATE: [u8; BLOCK] = [0; BLOCK];

/// The label of the pseudo-random function (RFC 8009 section 5).
const PRF: &[u8] = b"prf";

/// The keys of one base key for one usage.
pub(super) struct Keys {
    cipher: AesCts,
    mac: Mac,
}

/// KDF-HMAC-SHA2 of RFC 8009 section 3: `length` octets that `label` and
/// `context` draw from the key of `base`.
///
/// One round of HMAC is enough for every length in use, at most 48 octets.
fn draw(base: &Mac, label: &[u8], context: &[u8], length: usize) -> Sum {
    let bits = u32::try_from(length * 8).unwrap_or(u32::MAX);
    base.sum(&[&1u32.to_be_bytes(), label, &[0], context, &bits.to_be_bytes()], length)
}

/// `length` octets that `label` draws from `base`.
pub(super) fn derive(base: &Key, label: &[u8], length: usize) -> Result<Sum, CryptoError> {
    Ok(draw(&Mac::new(base.enctype(), base.octets())?, label, &[], length))
}

/// The HMAC for checksums under `base`.
///
/// Its key is as long as the checksum (RFC 8009 section 5).
pub(super) fn checksum(base: &Key, usage: Usage) -> Result<Mac, CryptoError> {
    let enctype = base.enctype();
    Mac::new(enctype, &derive(base, &Purpose::Checksum.constant(usage), enctype.checksum_length())?)
}

/// The pseudo-random function: twice as many octets as a checksum has.
pub(super) fn prf(base: &Key, input: &[u8]) -> Result<Sum, CryptoError> {
    let enctype = base.enctype();
    Ok(draw(&Mac::new(enctype, base.octets())?, PRF, input, enctype.checksum_length() * 2))
}

impl Keys {
    /// Derives them from `base`.
    pub(super) fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        let enctype = base.enctype();
        let hmac = Mac::new(enctype, base.octets())?;
        let draw = |purpose: Purpose, length| draw(&hmac, &purpose.constant(usage), &[], length);
        Ok(Self {
            cipher: AesCts::new(&Key::new(enctype, &draw(Purpose::Encryption, enctype.key_length()))?)?,
            // As long as the checksum (RFC 8009 section 5).
            mac: Mac::new(enctype, &draw(Purpose::Integrity, enctype.checksum_length()))?,
        })
    }

    /// Opens `sealed` into confounder and plaintext; `tag` is the checksum
    /// that came with it.
    ///
    /// The checksum is over the ciphertext: nothing is decrypted that does not
    /// fit.
    pub(super) fn open(&self, sealed: &[u8], tag: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.mac.verify(&[&INITIAL_STATE, sealed], tag, tag.len())?;
        let mut text = Vec::with_capacity(sealed.len().next_multiple_of(BLOCK));
        text.extend_from_slice(sealed);
        self.cipher.decrypt(&mut text);
        Ok(text)
    }

    /// Seals confounder and plaintext; the checksum, `tag_length` octets,
    /// ends it.
    pub(super) fn seal(&self, mut text: Vec<u8>, tag_length: usize) -> Vec<u8> {
        self.cipher.encrypt(&mut text);
        let tag = self.mac.sum(&[&INITIAL_STATE, &text], tag_length);
        text.extend_from_slice(&tag);
        text
    }
}
