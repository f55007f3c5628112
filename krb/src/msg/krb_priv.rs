//! KRB-PRIV: octets that two parties of a session keep to themselves, and the new password among them (RFC 4120
//! section 5.7, RFC 3244 section 2).

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::address::HostAddress;
use super::number::{PVNO, msg_type};
use super::opened::KeyOctets;
use crate::codec::whole_message;
use crate::name::{PrincipalName, RealmName};
use crate::sealed::EncryptedData;
use crate::time::KerberosTime;

/// A sealed message of a session.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 21)))]
pub struct KrbPriv {
    /// The protocol version, [`PVNO`].
    #[rasn(tag(explicit(0)))]
    pub pvno: i64,
    /// The message type, [`msg_type::KRB_PRIV`].
    #[rasn(tag(explicit(1)))]
    pub msg_type: i64,
    /// The [`EncKrbPrivPart`], sealed with the subkey of the session, or with its key where there is none.
    #[rasn(tag(explicit(3)))]
    pub enc_part: EncryptedData,
}

/// What is sealed in a KRB-PRIV.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 28)))]
pub struct EncKrbPrivPart {
    /// What one tells the other: wiped when dropped, and printed as a length.
    #[rasn(tag(explicit(0)))]
    pub user_data: KeyOctets,
    /// The sender's time.
    #[rasn(tag(explicit(1)))]
    pub timestamp: Option<KerberosTime>,
    /// Its microseconds; 0 to 999,999 if the sender keeps to the standard.
    #[rasn(tag(explicit(2)))]
    pub usec: Option<i64>,
    /// The sender's number of this message; a UInt32 that some send as a negative Int32.
    #[rasn(tag(explicit(3)))]
    pub seq_number: Option<i64>,
    /// The sender's address.
    #[rasn(tag(explicit(4)))]
    pub s_address: HostAddress,
    /// The receiver's address.
    #[rasn(tag(explicit(5)))]
    pub r_address: Option<HostAddress>,
}

/// What a client asks for with version 0xff80 of a password change; with version 1 the password stands alone.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct ChangePasswdData {
    /// The new password: wiped when dropped, and printed as a length.
    #[rasn(tag(explicit(0)))]
    pub newpasswd: KeyOctets,
    /// Whose password; absent means the client's own.
    #[rasn(tag(explicit(1)))]
    pub targname: Option<PrincipalName>,
    /// Of which realm.
    #[rasn(tag(explicit(2)))]
    pub targrealm: Option<RealmName>,
}

whole_message!(ChangePasswdData, EncKrbPrivPart, KrbPriv);

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

    #[test]
    fn a_private_part_comes_back_as_it_was_written_and_shows_no_data() {
        let address = HostAddress { addr_type: 2, address: vec![127, 0, 0, 1].into() };
        let part = EncKrbPrivPart {
            user_data: b"secret".to_vec().into(),
            timestamp: None,
            usec: None,
            seq_number: Some(7),
            s_address: address,
            r_address: None,
        };
        let octets = part.encode().unwrap();
        assert_eq!(octets.first(), Some(&0x7c));
        assert_eq!(EncKrbPrivPart::decode(&octets).unwrap(), part);
        assert!(format!("{part:?}").contains("user_data: [6 octets]"));
    }
}
