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
    /// A UInt32 that read-only domain controllers and old clients send as a negative Int32; the low 32 bits
    /// are the same either way.
    #[rasn(tag(explicit(1)))]
    pub kvno: Option<i64>,
    /// The ciphertext, with whatever confounder and checksum the encryption type adds.
    #[rasn(tag(explicit(2)))]
    pub cipher: Octets,
}

whole_message!(EncryptedData);
