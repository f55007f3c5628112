//! The profile of enctype 23: RC4 with HMAC-MD5 over the plaintext, as Windows
//! has it (RFC 4757).

use hmac::{Hmac, KeyInit, Mac as _};
use md4::Md4;
use md5::{Digest, Md5};
use rc4::{Rc4, StreamCipher};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::mac::Mac;
use super::{CryptoError, Enctype, Key, Usage};

/// Octets of a key and of the checksum in front of what is sealed.
const LENGTH: usize = 16;

/// What the key for checksums is drawn with, its last octet included (RFC
/// 4757 section 4).
const SIGNATURE_KEY: &[u8] = b"signaturekey\0";

/// The keys of one base key for one usage.
pub(super) struct Keys {
    /// For sealing, and tried first when opening.
    mac: Mac,
    /// What else a peer may have sealed with.
    other: Option<Mac>,
}

/// The keyed checksum of one base key for one usage (RFC 4757 section 4).
pub(super) struct Checksum {
    mac: Mac,
    message_type: [u8; 4],
}

/// The number that Windows has for `usage` (RFC 4757 section 3), which are
/// the same but for two.
///
/// RFC 4757 has 8 for 9 too, but Windows does not: see [`Keys::derive`].
const fn message_type(usage: Usage) -> [u8; 4] {
    match usage {
        Usage::AS_REP => Usage::TGS_REP,
        Usage::GSS_ACCEPTOR_SIGN => Usage(13),
        other => other,
    }
    .0
    .to_le_bytes()
}

/// The key that a password makes: the hash that Windows keeps of it. It has
/// no salt.
pub(super) fn string_to_key(password: &[u8]) -> Result<Key, CryptoError> {
    let password = str::from_utf8(password).map_err(|_| CryptoError::PasswordText)?;
    // Two octets a unit, and no more units than octets in UTF-8.
    let mut text = Zeroizing::new(Vec::with_capacity(2 * password.len()));
    password.encode_utf16().for_each(|unit| text.extend_from_slice(&unit.to_le_bytes()));
    let hash: Zeroizing<[u8; LENGTH]> = Zeroizing::new(Md4::digest(&*text).into());
    Key::new(Enctype::ArcfourHmac, &*hash)
}

/// The pseudo-random function, HMAC-SHA1 under the key itself: 20 octets.
pub(super) fn prf(base: &Key, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let short = CryptoError::KeyLength { enctype: base.enctype(), length: base.octets().len() };
    let mut mac = Hmac::<Sha1>::new_from_slice(base.octets()).map_err(|_| short)?;
    mac.update(input);
    Ok(Zeroizing::new(mac.finalize().as_bytes().to_vec()))
}

impl Keys {
    /// Derives them from `base`.
    pub(super) fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        let enctype = base.enctype();
        let hmac = Mac::new(enctype, base.octets())?;
        let under = |usage| Mac::new(enctype, &hmac.sum(&[&message_type(usage)], LENGTH));
        Ok(Self {
            mac: under(usage)?,
            // Windows seals under 9 what RFC 4757 says to seal under 8; MIT krb5 takes both, so some KDC
            // keeps to the standard.
            other: (usage == Usage::TGS_REP_SUBKEY).then(|| under(Usage::TGS_REP)).transpose()?,
        })
    }

    /// Opens `sealed` into confounder and plaintext; `tag` is the checksum
    /// that came in front of it.
    ///
    /// The checksum is over the plaintext, so decryption has to come first;
    /// what it gave is wiped if the checksum does not fit.
    pub(super) fn open(&self, sealed: &[u8], tag: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let first = open(&self.mac, sealed, tag);
        match &self.other {
            Some(other) if first.is_err() => open(other, sealed, tag),
            _ => first,
        }
    }

    /// Seals confounder and plaintext; the checksum is in front.
    pub(super) fn seal(&self, mut text: Vec<u8>) -> Vec<u8> {
        let tag = self.mac.sum(&[&text], LENGTH);
        crypt(&self.mac, &tag, &mut text);
        text.splice(..0, tag.iter().copied());
        text
    }
}

fn open(mac: &Mac, sealed: &[u8], tag: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut text = Zeroizing::new(sealed.to_vec());
    crypt(mac, tag, &mut text);
    mac.verify(&[&text], tag, LENGTH)?;
    Ok(std::mem::take(&mut *text))
}

/// Encrypts or decrypts `text` under the key that `tag` draws.
fn crypt(mac: &Mac, tag: &[u8], text: &mut [u8]) {
    // RC4 repeats its key until it has 256 octets, so the key twice is the same key.
    let mut key = Zeroizing::new([0; 2 * LENGTH]);
    for (octet, made) in key.iter_mut().zip(mac.sum(&[tag], LENGTH).iter().cycle()) {
        *octet = *made;
    }
    Rc4::new((&*key).into()).apply_keystream(text);
}

impl Checksum {
    /// Derives the key from `base`.
    pub(super) fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        let enctype = base.enctype();
        let key = Mac::new(enctype, base.octets())?.sum(&[SIGNATURE_KEY], LENGTH);
        Ok(Self { mac: Mac::new(enctype, &key)?, message_type: message_type(usage) })
    }

    fn hash(&self, message: &[u8]) -> [u8; LENGTH] {
        Md5::new().chain_update(self.message_type).chain_update(message).finalize().into()
    }

    pub(super) fn make(&self, message: &[u8]) -> Vec<u8> {
        self.mac.sum(&[&self.hash(message)], LENGTH).to_vec()
    }

    pub(super) fn verify(&self, message: &[u8], presented: &[u8]) -> Result<(), CryptoError> {
        self.mac.verify(&[&self.hash(message)], presented, LENGTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether what is sealed for usage `sealed` opens for usage `opened`.
    fn opens(sealed: u32, opened: u32) -> bool {
        let base = Key::new(Enctype::ArcfourHmac, &[7; LENGTH]).unwrap();
        let message = Keys::derive(&base, Usage(sealed)).unwrap().seal(b"confoundtext".to_vec());
        let (tag, sealed) = message.split_at(LENGTH);
        Keys::derive(&base, Usage(opened)).unwrap().open(sealed, tag).is_ok()
    }

    #[test]
    fn usages_open_what_windows_seals_for_them() {
        let same = [(3, 8), (8, 3), (23, 13), (13, 23), (9, 8), (9, 3)];
        for sealed in 0..30 {
            for opened in 0..30 {
                let expected = sealed == opened || same.contains(&(opened, sealed));
                assert_eq!(opens(sealed, opened), expected, "sealed for {sealed}, opened for {opened}");
            }
        }
    }
}
