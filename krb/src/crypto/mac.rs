//! The HMAC of each enctype, keyed once and used often (RFC 2104).

use std::ops::Deref;

use hmac::{Hmac, KeyInit};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

use super::{CryptoError, Enctype};

/// Octets of the longest HMAC in use, that of SHA-384.
const LONGEST: usize = 48;

/// A keyed HMAC whose key is already absorbed. It is wiped when dropped.
pub(super) enum Mac {
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
}

/// An HMAC, or its first octets. It is wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub(super) struct Sum {
    octets: [u8; LONGEST],
    #[zeroize(skip)]
    length: usize,
}

impl Deref for Sum {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&self.octets)
    }
}

impl Mac {
    /// The HMAC of `enctype` under `key`, which may have any length: RFC 8009
    /// has integrity keys of 24 octets.
    pub(super) fn new(enctype: Enctype, key: &[u8]) -> Result<Self, CryptoError> {
        match enctype {
            Enctype::ArcfourHmac => Hmac::new_from_slice(key).map(Self::Md5),
            Enctype::Des3CbcSha1Kd | Enctype::Aes128CtsHmacSha1_96 | Enctype::Aes256CtsHmacSha1_96 => {
                Hmac::new_from_slice(key).map(Self::Sha1)
            }
            Enctype::Aes128CtsHmacSha256_128 => Hmac::new_from_slice(key).map(Self::Sha256),
            Enctype::Aes256CtsHmacSha384_192 => Hmac::new_from_slice(key).map(Self::Sha384),
        }
        .map_err(|_| CryptoError::KeyLength { enctype, length: key.len() })
    }

    /// The first `length` octets of the HMAC over `parts`, one after the other.
    pub(super) fn sum(&self, parts: &[&[u8]], length: usize) -> Sum {
        match self {
            Self::Md5(keyed) => sum(keyed, parts, length),
            Self::Sha1(keyed) => sum(keyed, parts, length),
            Self::Sha256(keyed) => sum(keyed, parts, length),
            Self::Sha384(keyed) => sum(keyed, parts, length),
        }
    }

    /// Compares the HMAC over `parts` with `presented`, in a time that does
    /// not depend on where they differ.
    pub(super) fn verify(&self, parts: &[&[u8]], presented: &[u8], length: usize) -> Result<(), CryptoError> {
        if bool::from(self.sum(parts, length).ct_eq(presented)) {
            Ok(())
        } else {
            Err(CryptoError::Integrity)
        }
    }
}

fn sum<M: hmac::Mac + Clone>(keyed: &M, parts: &[&[u8]], length: usize) -> Sum {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    let full = mac.finalize();
    let mut sum = Sum { octets: [0; LONGEST], length: length.min(full.as_bytes().len()) };
    for (octet, made) in sum.octets.iter_mut().zip(full.as_bytes()) {
        *octet = *made;
    }
    sum
}
