//! EncryptedData: a sealed part as it travels, with what to look up to open it (RFC 4120 section 5.2.9).
//!
//! Nothing here knows a key; opening and sealing are the business of the `crypto` feature.

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use crate::codec::whole_message;
use crate::octets::Octets;

/// Something sealed.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq, Hash)]
pub struct EncryptedData {
    /// The encryption type, see [`etype`](crate::etype).
    #[rasn(tag(explicit(0)))]
    pub etype: i64,
    /// Which version of a long-term key; absent for session keys.
    ///
    /// A UInt32 that read-only domain controllers and old clients send as a negative Int32, see
    /// [`Self::key_version`].
    #[rasn(tag(explicit(1)))]
    pub kvno: Option<i64>,
    /// The ciphertext, with whatever confounder and checksum the encryption type adds.
    #[rasn(tag(explicit(2)))]
    pub cipher: Octets,
}

whole_message!(EncryptedData);

impl EncryptedData {
    /// The version of the key as keytabs have it, whichever way the peer wrote it; `None` if it is absent or
    /// no 32-bit number.
    #[must_use]
    pub fn key_version(&self) -> Option<u32> {
        let kvno = self.kvno?;
        u32::try_from(kvno).or_else(|_| i32::try_from(kvno).map(i32::cast_unsigned)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_version_is_the_same_number_signed_or_not() {
        for (kvno, version) in [
            (None, None),
            (Some(3), Some(3)),
            (Some(0x8001_0002), Some(0x8001_0002)),
            (Some(0x8001_0002 - 0x1_0000_0000), Some(0x8001_0002)),
            (Some(-1), Some(u32::MAX)),
            (Some(0x1_0000_0000), None),
            (Some(i64::MIN), None),
        ] {
            let sealed = EncryptedData { etype: 18, kvno, cipher: Octets::default() };
            assert_eq!(sealed.key_version(), version, "{kvno:?}");
        }
    }
}
