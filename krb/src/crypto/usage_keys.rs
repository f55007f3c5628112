//! The keys that a base key yields for one usage, and sealing and opening
//! under them (RFC 3961 section 5.3, RFC 8009 section 5).

use std::fmt;

use super::cts::{AesCts, BLOCK};
use super::mac::Mac;
use super::{CryptoError, Enctype, Key, Usage, aes_sha1, aes_sha2};

/// Random octets that go in front of every plaintext.
pub const CONFOUNDER_LENGTH: usize = BLOCK;

/// What the derived key is for: the octet after the usage number (RFC 3961
/// section 5.3, RFC 8009 section 5).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Checksum,
    Encryption,
    Integrity,
}

impl Purpose {
    /// The constant that draws the key for this purpose and `usage`.
    pub(super) const fn constant(self, usage: Usage) -> [u8; 5] {
        let [a, b, c, d] = usage.0.to_be_bytes();
        let purpose = match self {
            Self::Checksum => 0x99,
            Self::Encryption => 0xAA,
            Self::Integrity => 0x55,
        };
        [a, b, c, d, purpose]
    }
}

/// The HMAC under the key that `purpose` and `usage` draw from `base`.
pub(super) fn derive_mac(base: &Key, usage: Usage, purpose: Purpose) -> Result<Mac, CryptoError> {
    let constant = purpose.constant(usage);
    let enctype = base.enctype();
    match enctype {
        Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
            Mac::new(enctype, aes_sha1::derive(base, &constant)?.octets())
        }
        // The key is as long as the checksum (RFC 8009 section 5).
        Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
            Mac::new(enctype, &aes_sha2::derive(base, &constant, enctype.checksum_length())?)
        }
    }
}

/// The cipher under the key that `usage` draws from `base`.
fn derive_cipher(base: &Key, usage: Usage) -> Result<AesCts, CryptoError> {
    let constant = Purpose::Encryption.constant(usage);
    let enctype = base.enctype();
    match enctype {
        Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
            AesCts::new(&aes_sha1::derive(base, &constant)?)
        }
        Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
            AesCts::new(&Key::new(enctype, &aes_sha2::derive(base, &constant, enctype.key_length())?)?)
        }
    }
}

/// The keys of one base key for one usage, ready to seal and open.
///
/// Deriving costs more than opening a ticket does: keep one of these for each
/// pair of keytab entry and usage.
pub struct UsageKeys {
    enctype: Enctype,
    cipher: AesCts,
    mac: Mac,
}

impl UsageKeys {
    /// Derives them from `base`.
    ///
    /// # Errors
    ///
    /// [`CryptoError::KeyLength`], which a [`Key`] that exists cannot cause.
    pub fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        Ok(Self {
            enctype: base.enctype(),
            cipher: derive_cipher(base, usage)?,
            mac: derive_mac(base, usage, Purpose::Integrity)?,
        })
    }

    /// The enctype of the base key.
    pub const fn enctype(&self) -> Enctype {
        self.enctype
    }

    /// Seals `plaintext` behind `confounder`, which must be fresh random
    /// octets for each message.
    ///
    /// The result is longer than the plaintext by [`CONFOUNDER_LENGTH`] and
    /// [`Enctype::checksum_length`].
    pub fn seal(&self, confounder: &[u8; CONFOUNDER_LENGTH], plaintext: &[u8]) -> Vec<u8> {
        let tag_length = self.enctype.checksum_length();
        // Room for the padding and the checksum too, so that the plaintext is
        // not left behind in an outgrown buffer.
        let mut text = Vec::with_capacity(CONFOUNDER_LENGTH + plaintext.len() + BLOCK + tag_length);
        text.extend_from_slice(confounder);
        text.extend_from_slice(plaintext);
        match self.enctype {
            Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
                aes_sha1::seal(&self.cipher, &self.mac, text, tag_length)
            }
            Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
                aes_sha2::seal(&self.cipher, &self.mac, text, tag_length)
            }
        }
    }

    /// Opens `ciphertext`: the plaintext, without the confounder.
    ///
    /// # Errors
    ///
    /// [`CryptoError::TooShort`] if confounder and checksum do not fit into it,
    /// [`CryptoError::Integrity`] if it was not sealed under these keys.
    pub fn open(&self, ciphertext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let length = ciphertext.len();
        let least = CONFOUNDER_LENGTH + self.enctype.checksum_length();
        let short = CryptoError::TooShort { length, least };
        if length < least {
            return Err(short);
        }
        let (sealed, tag) =
            ciphertext.split_at_checked(length - self.enctype.checksum_length()).ok_or(short)?;
        let mut text = match self.enctype {
            Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
                aes_sha1::open(&self.cipher, &self.mac, sealed, tag)
            }
            Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
                aes_sha2::open(&self.cipher, &self.mac, sealed, tag)
            }
        }?;
        text.drain(..CONFOUNDER_LENGTH);
        Ok(text)
    }
}

impl fmt::Debug for UsageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UsageKeys({})", self.enctype.name())
    }
}
