//! How keys, sealed parts and checksums stand in messages (RFC 4120 section
//! 5.2.9).

use crate::msg::opened::{Checksum, EncryptionKey};
use crate::sealed::EncryptedData;

use super::{CONFOUNDER_LENGTH, ChecksumKey, CryptoError, Enctype, Key, UsageKeys};

impl TryFrom<&EncryptionKey> for Key {
    type Error = CryptoError;

    /// The key that a message carries.
    ///
    /// [`CryptoError::UnknownEnctype`] and [`CryptoError::KeyLength`] say why it
    /// is none.
    fn try_from(carried: &EncryptionKey) -> Result<Self, CryptoError> {
        Self::new(Enctype::try_from(carried.keytype)?, carried.keyvalue.as_octets())
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
    /// # Errors
    ///
    /// [`CryptoError::EnctypeMismatch`] unless it names exactly the enctype of
    /// the key, and those of [`UsageKeys::open`].
    pub fn open_data(&self, sealed: &EncryptedData) -> Result<Vec<u8>, CryptoError> {
        if sealed.etype != i64::from(self.enctype().number()) {
            return Err(CryptoError::EnctypeMismatch { found: sealed.etype, expected: self.enctype() });
        }
        self.open(&sealed.cipher)
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

    fn keys() -> impl Iterator<Item = Key> {
        Enctype::ALL.into_iter().map(|enctype| Key::new(enctype, &vec![7; enctype.key_length()]).unwrap())
    }

    #[test]
    fn a_key_comes_back_from_a_message() {
        for key in keys() {
            assert_eq!(Key::try_from(&EncryptionKey::from(&key)), Ok(key));
        }
        let unknown = EncryptionKey::new(23, vec![0; 16]);
        assert_eq!(Key::try_from(&unknown), Err(CryptoError::UnknownEnctype { number: 23 }));
    }

    #[test]
    fn a_sealed_part_opens_under_its_own_enctype_only() {
        for key in keys() {
            let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
            let mut sealed = keys.seal_data(&[1; 16], b"plaintext");
            assert_eq!(keys.open_data(&sealed).unwrap(), b"plaintext");
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
