//! The profile of enctypes 17 and 18: AES with HMAC-SHA1 over the plaintext
//! (RFC 3961 section 5, RFC 3962).

use zeroize::Zeroizing;

use super::cts::{AesCts, BLOCK};
use super::mac::Mac;
use super::nfold::nfold_block;
use super::{CryptoError, Key};

/// DK of RFC 3961 section 5.1: the key that `constant` draws from `base`.
pub(super) fn derive(base: &Key, constant: &[u8]) -> Result<Key, CryptoError> {
    let aes = AesCts::new(base)?;
    let mut block = Zeroizing::new(nfold_block(constant));
    let mut octets = Zeroizing::new(Vec::with_capacity(base.octets().len()));
    // Both key lengths are whole blocks, so the last one needs no cutting.
    while octets.len() < base.octets().len() {
        aes.encrypt_block(&mut block);
        octets.extend_from_slice(block.as_slice());
    }
    Key::new(base.enctype(), &octets)
}

/// Opens `sealed` into confounder and plaintext; `tag` is the checksum that
/// came with it.
///
/// The checksum is over the plaintext, so decryption has to come first; what
/// it gave is wiped if the checksum does not fit.
pub(super) fn open(cipher: &AesCts, mac: &Mac, sealed: &[u8], tag: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut text = Zeroizing::new(Vec::with_capacity(sealed.len().next_multiple_of(BLOCK)));
    text.extend_from_slice(sealed);
    cipher.decrypt(&mut text);
    mac.verify(&[&text], tag, tag.len())?;
    Ok(std::mem::take(&mut *text))
}

/// Seals confounder and plaintext; the checksum, `tag_length` octets, ends it.
pub(super) fn seal(cipher: &AesCts, mac: &Mac, mut text: Vec<u8>, tag_length: usize) -> Vec<u8> {
    let tag = mac.sum(&[&text], tag_length);
    cipher.encrypt(&mut text);
    text.extend_from_slice(&tag);
    text
}
