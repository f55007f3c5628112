//! The keys that a base key yields for one usage, and sealing and opening
//! under them (RFC 3961 section 5.3, RFC 8009 section 5, RFC 4757 section 5).

use std::fmt;

use super::{CryptoError, Enctype, Key, Usage, aes_sha2, arcfour, simplified};

/// Random octets to give for each sealed message: as many as the enctype with
/// the most puts in front of the plaintext.
pub const CONFOUNDER_LENGTH: usize = 16;

/// Most octets that sealing appends before the checksum: what fills up the
/// last block.
const PADDING: usize = 16;

/// The keys of one base key for one usage, ready to seal and open.
///
/// Deriving costs more than opening a ticket does: keep one of these for each
/// pair of keytab entry and usage.
pub struct UsageKeys {
    enctype: Enctype,
    profile: Profile,
}

/// The keys, in the form that the enctype's way of sealing needs.
enum Profile {
    AesSha2(aes_sha2::Keys),
    Arcfour(arcfour::Keys),
    Simplified(simplified::Keys),
}

impl UsageKeys {
    /// Derives them from `base`.
    ///
    /// # Errors
    ///
    /// [`CryptoError::KeyLength`], which a [`Key`] that exists cannot cause.
    pub fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        let enctype = base.enctype();
        let profile = match enctype {
            Enctype::ArcfourHmac => Profile::Arcfour(arcfour::Keys::derive(base, usage)?),
            Enctype::Des3CbcSha1Kd | Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
                Profile::Simplified(simplified::Keys::derive(base, usage)?)
            }
            Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
                Profile::AesSha2(aes_sha2::Keys::derive(base, usage)?)
            }
        };
        Ok(Self { enctype, profile })
    }

    /// The enctype of the base key.
    pub const fn enctype(&self) -> Enctype {
        self.enctype
    }

    /// Seals `plaintext` behind `confounder`, which must be fresh random
    /// octets for each message.
    ///
    /// The result is longer than the plaintext by
    /// [`Enctype::confounder_length`], for which the first octets of
    /// `confounder` are taken, and by [`Enctype::checksum_length`]; with 3DES
    /// also by the zeros that fill up the last block.
    pub fn seal(&self, confounder: &[u8; CONFOUNDER_LENGTH], plaintext: &[u8]) -> Vec<u8> {
        let tag_length = self.enctype.checksum_length();
        // Room for the padding and the checksum too, so that the plaintext is
        // not left behind in an outgrown buffer.
        let mut text = Vec::with_capacity(CONFOUNDER_LENGTH + plaintext.len() + PADDING + tag_length);
        text.extend(confounder.iter().take(self.enctype.confounder_length()));
        text.extend_from_slice(plaintext);
        match &self.profile {
            Profile::AesSha2(keys) => keys.seal(text, tag_length),
            Profile::Arcfour(keys) => keys.seal(text),
            Profile::Simplified(keys) => keys.seal(text, tag_length),
        }
    }

    /// Opens `ciphertext`: the plaintext, without the confounder.
    ///
    /// With 3DES up to seven zeros follow the plaintext: nothing in the
    /// message says how many. [`UsageKeys::open_data`] takes them off.
    ///
    /// # Errors
    ///
    /// [`CryptoError::TooShort`] if confounder and checksum do not fit into it,
    /// [`CryptoError::Integrity`] if it was not sealed under these keys.
    pub fn open(&self, ciphertext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let length = ciphertext.len();
        let tag_length = self.enctype.checksum_length();
        let confounder_length = self.enctype.confounder_length();
        let least = confounder_length + tag_length;
        let short = CryptoError::TooShort { length, least };
        let rest = length.checked_sub(tag_length).filter(|_| length >= least).ok_or(short)?;
        let mut text = match &self.profile {
            Profile::AesSha2(keys) => {
                let (sealed, tag) = ciphertext.split_at_checked(rest).ok_or(short)?;
                keys.open(sealed, tag)
            }
            Profile::Arcfour(keys) => {
                let (tag, sealed) = ciphertext.split_at_checked(tag_length).ok_or(short)?;
                keys.open(sealed, tag)
            }
            Profile::Simplified(keys) => {
                let (sealed, tag) = ciphertext.split_at_checked(rest).ok_or(short)?;
                keys.open(sealed, tag)
            }
        }?;
        text.drain(..confounder_length);
        Ok(text)
    }
}

impl fmt::Debug for UsageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UsageKeys({})", self.enctype.name())
    }
}
