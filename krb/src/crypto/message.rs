//! How keys, sealed parts and checksums stand in messages (RFC 4120 section
//! 5.2.9).

use crate::der;
use crate::msg::opened::{Checksum, EncryptionKey};
use crate::sealed::EncryptedData;

use super::{CONFOUNDER_LENGTH, ChecksumKey, CryptoError, Enctype, Key, UsageKeys, des3};

impl TryFrom<&EncryptionKey> for Key {
    type Error = CryptoError;

    /// The key that a message carries, if it is for a strong enctype.
    ///
    /// [`CryptoError::UnknownEnctype`] and [`CryptoError::KeyLength`] say why it
    /// is none.
    fn try_from(carried: &EncryptionKey) -> Result<Self, CryptoError> {
        Self::new(Enctype::try_from(carried.keytype)?, carried.keyvalue.as_octets())
    }
}

impl Key {
    /// The key that a message carries, be it for a weak enctype.
    ///
    /// The conversion by [`TryFrom`] is the one to use unless the operator
    /// allows what is weak.
    ///
    /// # Errors
    ///
    /// [`CryptoError::UnknownEnctype`] and [`CryptoError::KeyLength`] say why it
    /// is none.
    pub fn allowing_weak(carried: &EncryptionKey) -> Result<Self, CryptoError> {
        Self::new(Enctype::allowing_weak(carried.keytype)?, carried.keyvalue.as_octets())
    }
}

impl From<&Key> for EncryptionKey {
    /// The key as a message carries it; what is encoded of it is secret.
    fn from(key: &Key) -> Self {
        Self::new(key.enctype().number(), key.octets())
    }
}

impl UsageKeys {
    /// Opens a sealed part of a message: the plaintext, without the confounder.
    ///
    /// Every such part is one DER value, so the zeros that 3DES leaves behind
    /// it are taken off.
    ///
    /// # Errors
    ///
    /// [`CryptoError::EnctypeMismatch`] unless it names exactly the enctype of
    /// the key, and those of [`UsageKeys::open`].
    pub fn open_data(&self, sealed: &EncryptedData) -> Result<Vec<u8>, CryptoError> {
        if sealed.etype != i64::from(self.enctype().number()) {
            return Err(CryptoError::EnctypeMismatch { found: sealed.etype, expected: self.enctype() });
        }
        let mut plaintext = self.open(&sealed.cipher)?;
        if self.enctype() == Enctype::Des3CbcSha1Kd {
            take_off_padding(&mut plaintext);
        }
        Ok(plaintext)
    }

    /// Seals `plaintext` as a part of a message, without a key version: add
    /// `kvno` where the key is a long-term one.
    pub fn seal_data(&self, confounder: &[u8; CONFOUNDER_LENGTH], plaintext: &[u8]) -> EncryptedData {
        EncryptedData {
            etype: self.enctype().number().into(),
            kvno: None,
            cipher: self.seal(confounder, plaintext).into(),
        }
    }
}

/// Takes off zeros, fewer than a block of 3DES, that follow a DER value.
fn take_off_padding(plaintext: &mut Vec<u8>) {
    if let Ok(Some(length)) = der::announced(plaintext)
        && let Some(padding) = plaintext.get(length..)
        && padding.len() < des3::BLOCK
        && padding.iter().all(|octet| *octet == 0)
    {
        plaintext.truncate(length);
    }
}

impl ChecksumKey {
    /// The checksum over `message`, as a message carries it.
    pub fn make_checksum(&self, message: &[u8]) -> Checksum {
        Checksum { cksumtype: self.enctype().checksum_number(), checksum: self.make(message).into() }
    }

    /// Says whether `presented` is the checksum over `message`.
    ///
    /// # Errors
    ///
    /// [`CryptoError::ChecksumType`] if it has another type than this key
    /// makes, and those of [`ChecksumKey::verify`].
    pub fn verify_checksum(&self, message: &[u8], presented: &Checksum) -> Result<(), CryptoError> {
        let expected = self.enctype().checksum_number();
        if presented.cksumtype != expected {
            return Err(CryptoError::ChecksumType { found: presented.cksumtype, expected });
        }
        self.verify(message, &presented.checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Usage;
    use crate::crypto::tests::hex;

    fn keys() -> impl Iterator<Item = Key> {
        let enctypes = Enctype::ALL.into_iter().chain(Enctype::WEAK);
        enctypes.map(|enctype| Key::new(enctype, &vec![7; enctype.key_length()]).unwrap())
    }

    #[test]
    fn a_key_comes_back_from_a_message() {
        for key in keys() {
            assert_eq!(Key::allowing_weak(&EncryptionKey::from(&key)), Ok(key));
        }
    }

    #[test]
    fn a_weak_key_comes_back_only_where_weak_ones_are_allowed() {
        for key in keys() {
            let number = i64::from(key.enctype().number());
            let weak = key.enctype().is_weak();
            let expected = if weak { Err(CryptoError::UnknownEnctype { number }) } else { Ok(key.clone()) };
            assert_eq!(Key::try_from(&EncryptionKey::from(&key)), expected);
        }
    }

    #[test]
    fn the_zeros_behind_a_value_are_taken_off_where_the_cipher_left_them() {
        for key in keys() {
            let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
            for length in 0..20 {
                let value = [&[0x04, length], &vec![0; length.into()][..]].concat();
                assert_eq!(keys.open_data(&keys.seal_data(&[1; 16], &value)).unwrap(), value);
            }
        }
    }

    #[test]
    fn octets_that_no_cipher_left_are_not_taken_off() {
        let key = Key::new(Enctype::Des3CbcSha1Kd, &[7; 24]).unwrap();
        let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
        // Another octet among the zeros, more zeros than a block has, and a value that is cut.
        for text in ["0400000000000001", "04000000000000000000000000000000", "0430000000000000"] {
            let text = hex(text);
            assert_eq!(keys.open_data(&keys.seal_data(&[1; 16], &text)).unwrap(), text);
        }
    }

    #[test]
    fn a_sealed_part_opens_under_its_own_enctype_only() {
        for key in keys() {
            let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
            let value = hex("0403616263");
            let mut sealed = keys.seal_data(&[1; 16], &value);
            assert_eq!(keys.open_data(&sealed).unwrap(), value);
            sealed.etype += 1;
            let refused = CryptoError::EnctypeMismatch { found: sealed.etype, expected: key.enctype() };
            assert_eq!(keys.open_data(&sealed), Err(refused));
        }
    }

    #[test]
    fn a_checksum_of_another_type_is_not_compared() {
        for key in keys() {
            let checksums = ChecksumKey::derive(&key, Usage::TGS_REQ_CHECKSUM).unwrap();
            let mut checksum = checksums.make_checksum(b"message");
            assert_eq!(checksums.verify_checksum(b"message", &checksum), Ok(()));
            let expected = checksum.cksumtype;
            checksum.cksumtype = 7;
            let refused = CryptoError::ChecksumType { found: 7, expected };
            assert_eq!(checksums.verify_checksum(b"message", &checksum), Err(refused));
        }
    }
}
