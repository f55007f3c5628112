//! The simplified profile, in which a message is sealed with a block cipher
//! and an HMAC over the plaintext (RFC 3961 section 5): enctypes 17 and 18
//! (RFC 3962), and 16 (RFC 3961 section 6.3).

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::cts::{self, AesCts};
use super::des3::{self, Des3Cbc};
use super::mac::Mac;
use super::nfold::nfold;
use super::usage::Purpose;
use super::{CryptoError, Enctype, Key, Usage};

/// The constant that makes a key for the pseudo-random function (RFC 3961
/// section 5.3).
const PRF: &[u8] = b"prf";

/// The keys of one base key for one usage.
pub(super) struct Keys {
    cipher: Cipher,
    mac: Mac,
}

/// A block cipher in the mode of its enctype.
enum Cipher {
    Aes(AesCts),
    Des3(Des3Cbc),
}

/// DK of RFC 3961 section 5.1: the key that `constant` draws from `base`.
pub(super) fn derive(base: &Key, constant: &[u8]) -> Result<Key, CryptoError> {
    Cipher::new(base)?.derive(base.enctype(), constant)
}

/// The HMAC for checksums under `base`.
pub(super) fn checksum(base: &Key, usage: Usage) -> Result<Mac, CryptoError> {
    Mac::new(base.enctype(), derive(base, &Purpose::Checksum.constant(usage))?.octets())
}

/// The pseudo-random function of RFC 3961 section 5.3: 16 octets.
pub(super) fn prf(base: &Key, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let cipher = Cipher::new(&derive(base, PRF)?)?;
    let mut text = Zeroizing::new(Sha1::digest(input).to_vec());
    // As many octets of the hash as make whole blocks, of either size.
    text.truncate(16);
    cipher.encrypt(&mut text);
    Ok(text)
}

impl Keys {
    /// Derives them from `base`.
    pub(super) fn derive(base: &Key, usage: Usage) -> Result<Self, CryptoError> {
        let enctype = base.enctype();
        let cipher = Cipher::new(base)?;
        let draw = |purpose: Purpose| cipher.derive(enctype, &purpose.constant(usage));
        Ok(Self {
            cipher: Cipher::new(&draw(Purpose::Encryption)?)?,
            mac: Mac::new(enctype, draw(Purpose::Integrity)?.octets())?,
        })
    }

    /// Opens `sealed` into confounder and plaintext; `tag` is the checksum
    /// that came with it.
    ///
    /// The checksum is over the plaintext, so decryption has to come first;
    /// what it gave is wiped if the checksum does not fit.
    pub(super) fn open(&self, sealed: &[u8], tag: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.cipher.check_length(sealed.len())?;
        // Room for what stealing needs, so that nothing is left behind in an outgrown buffer.
        let mut text = Zeroizing::new(Vec::with_capacity(sealed.len().next_multiple_of(cts::BLOCK)));
        text.extend_from_slice(sealed);
        self.cipher.decrypt(&mut text);
        self.mac.verify(&[&text], tag, tag.len())?;
        Ok(std::mem::take(&mut *text))
    }

    /// Seals confounder and plaintext; the checksum, `tag_length` octets,
    /// ends it.
    pub(super) fn seal(&self, mut text: Vec<u8>, tag_length: usize) -> Vec<u8> {
        self.cipher.pad(&mut text);
        let tag = self.mac.sum(&[&text], tag_length);
        self.cipher.encrypt(&mut text);
        text.extend_from_slice(&tag);
        text
    }
}

impl Cipher {
    fn new(key: &Key) -> Result<Self, CryptoError> {
        match key.enctype() {
            Enctype::Des3CbcSha1Kd => Des3Cbc::new(key).map(Self::Des3),
            _ => AesCts::new(key).map(Self::Aes),
        }
    }

    /// DK under this cipher.
    fn derive(&self, enctype: Enctype, constant: &[u8]) -> Result<Key, CryptoError> {
        let mut seed = Zeroizing::new([0; 32]);
        match self {
            Self::Aes(aes) => {
                let mut block = [0; cts::BLOCK];
                nfold(constant, &mut block);
                chain(&mut *seed, block, |block| aes.encrypt_block(block));
            }
            Self::Des3(des) => {
                let mut block = [0; des3::BLOCK];
                nfold(constant, &mut block);
                chain(&mut *seed, block, |block| des.encrypt_block(block));
            }
        }
        // Every seed is shorter than three blocks of DES or two of AES.
        Key::from_random(enctype, seed.get(..enctype.seed_length()).unwrap_or_default())
    }

    /// Fills up the last block where the mode needs whole ones.
    fn pad(&self, text: &mut Vec<u8>) {
        if let Self::Des3(_) = self {
            text.resize(text.len().next_multiple_of(des3::BLOCK), 0);
        }
    }

    /// Refuses a length that no message can have.
    fn check_length(&self, length: usize) -> Result<(), CryptoError> {
        match self {
            Self::Des3(_) if !length.is_multiple_of(des3::BLOCK) => Err(CryptoError::Integrity),
            _ => Ok(()),
        }
    }

    fn encrypt(&self, text: &mut Vec<u8>) {
        match self {
            Self::Aes(aes) => aes.encrypt(text),
            Self::Des3(des) => des.encrypt(text),
        }
    }

    fn decrypt(&self, text: &mut Vec<u8>) {
        match self {
            Self::Aes(aes) => aes.decrypt(text),
            Self::Des3(des) => des.decrypt(text),
        }
    }
}

/// DR of RFC 3961 section 5.1: fills `seed` with `block`, encrypted once,
/// twice, and so on.
fn chain<const N: usize>(seed: &mut [u8], block: [u8; N], encrypt: impl Fn(&mut [u8; N])) {
    let mut block = Zeroizing::new(block);
    for part in seed.as_chunks_mut().0 {
        encrypt(&mut block);
        *part = *block;
    }
}
