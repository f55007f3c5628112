//! AES in CBC mode with ciphertext stealing and a zero initial vector: as many
//! octets out as in (RFC 3962 section 5, RFC 8009 section 3).
//!
//! The last two blocks always change places (the variant CS3 of NIST SP
//! 800-38A's addendum), also when the last one is full. It authenticates
//! nothing; who calls it must.

use aes::cipher::array::Array;
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, InnerIvInit,
    KeyInit,
};
use aes::{Aes128, Aes256};

use super::{CryptoError, Key};

/// Octets in a cipher block.
pub(super) const BLOCK: usize = 16;

/// An AES key schedule, ready for use. It is wiped when dropped.
pub(super) enum AesCts {
    Aes128(Aes128),
    Aes256(Aes256),
}

impl AesCts {
    /// A schedule for `key`, whose length the enctype has settled.
    pub(super) fn new(key: &Key) -> Result<Self, CryptoError> {
        let octets = key.octets();
        match octets.len() {
            16 => Aes128::new_from_slice(octets).map(Self::Aes128),
            _ => Aes256::new_from_slice(octets).map(Self::Aes256),
        }
        .map_err(|_| CryptoError::KeyLength { enctype: key.enctype(), length: octets.len() })
    }

    /// Encrypts one block on its own.
    pub(super) fn encrypt_block(&self, block: &mut [u8; BLOCK]) {
        match self {
            Self::Aes128(aes) => aes.encrypt_block(block.into()),
            Self::Aes256(aes) => aes.encrypt_block(block.into()),
        }
    }

    /// Encrypts `text` in place. Shorter than one block it is left alone: the
    /// confounder rules that out.
    pub(super) fn encrypt(&self, text: &mut Vec<u8>) {
        match self {
            Self::Aes128(aes) => encrypt(aes, text),
            Self::Aes256(aes) => encrypt(aes, text),
        }
    }

    /// Decrypts `text` in place. Shorter than one block it is left alone.
    pub(super) fn decrypt(&self, text: &mut Vec<u8>) {
        match self {
            Self::Aes128(aes) => decrypt(aes, text),
            Self::Aes256(aes) => decrypt(aes, text),
        }
    }
}

fn encrypt<C>(aes: &C, text: &mut Vec<u8>)
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let length = text.len();
    if length < BLOCK {
        return;
    }
    text.resize(length.next_multiple_of(BLOCK), 0);
    let (blocks, _) = Array::<u8, U16>::slice_as_chunks_mut(text);
    cbc::Encryptor::inner_iv_init(aes, &Array::default()).encrypt_blocks(blocks);
    if let [.., before, last] = blocks {
        std::mem::swap(before, last);
    }
    text.truncate(length);
}

fn decrypt<C>(aes: &C, text: &mut Vec<u8>)
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let length = text.len();
    if length < BLOCK {
        return;
    }
    text.resize(length.next_multiple_of(BLOCK), 0);
    let (blocks, _) = Array::<u8, U16>::slice_as_chunks_mut(text);
    if let [.., last, before] = blocks {
        // The octets that were cut off the block before the last stand at the
        // end of the last block's decryption, because its plaintext was padded
        // with zeros. With them put back it is plain CBC.
        let mut stolen = *last;
        aes.decrypt_block(&mut stolen);
        let kept = BLOCK - (length.next_multiple_of(BLOCK) - length);
        for (octet, stolen) in before.iter_mut().zip(stolen).skip(kept) {
            *octet = stolen;
        }
        std::mem::swap(before, last);
    }
    cbc::Decryptor::inner_iv_init(aes, &Array::default()).decrypt_blocks(blocks);
    text.truncate(length);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::Enctype;

    proptest! {
        #[test]
        fn what_was_encrypted_decrypts_at_every_length(text in prop::collection::vec(any::<u8>(), 0..200)) {
            for enctype in [Enctype::Aes128CtsHmacSha1_96, Enctype::Aes256CtsHmacSha1_96] {
                let key = Key::new(enctype, &vec![9; enctype.key_length()]).unwrap();
                let aes = AesCts::new(&key).unwrap();
                let mut octets = text.clone();
                aes.encrypt(&mut octets);
                prop_assert_eq!(octets.len(), text.len());
                aes.decrypt(&mut octets);
                prop_assert_eq!(&octets, &text);
            }
        }
    }
}
