//! KRB-PRIV: data that only the two parties of a session can read (RFC 4120 section 5.7).

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::number::{PVNO, msg_type};
use crate::codec::whole_message;
use crate::sealed::EncryptedData;

/// Sealed data, such as a new password and the answer to it.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 21)))]
pub struct KrbPriv {
    /// The protocol version, [`PVNO`].
    #[rasn(tag(explicit(0)))]
    pub pvno: i64,
    /// The message type, [`msg_type::KRB_PRIV`].
    #[rasn(tag(explicit(1)))]
    pub msg_type: i64,
    /// The EncKrbPrivPart, sealed with the session key or a subkey. There is no field with the tag 2.
    #[rasn(tag(explicit(3)))]
    pub enc_part: EncryptedData,
}

whole_message!(KrbPriv);

impl KrbPriv {
    /// The message with this sealed part.
    #[must_use]
    pub const fn new(enc_part: EncryptedData) -> Self {
        Self { pvno: PVNO, msg_type: msg_type::KRB_PRIV, enc_part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_third_field_has_the_tag_3() {
        let sealed = EncryptedData { etype: 20, kvno: None, cipher: vec![7, 7].into() };
        let message = KrbPriv::new(sealed);
        let octets = message.encode().unwrap();
        assert_eq!(octets[..14], [0x75, 0x1b, 0x30, 0x19, 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 21]);
        assert_eq!(octets[14], 0xa3);
        assert_eq!(KrbPriv::decode(&octets).unwrap(), message);
        for end in 0..octets.len() {
            assert!(KrbPriv::decode(&octets[..end]).is_err());
        }
    }
}
