//! What stands inside the sealed parts, session keys among it; built only with the `crypto` feature.
//!
//! RFC 4120 sections 5.3 (tickets), 5.4.2 (KDC answers) and 5.5 (authenticators). A relay is compiled without
//! this file, so it has no type that could hold a key. What `encode` returns holds the key in the clear: whoever
//! seals it wipes it afterwards.

use std::fmt;

use rasn::types::{Identifier, Tag};
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};
use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

use super::address::HostAddress;
use super::number::PVNO;
use super::padata::PaData;
use crate::codec::{MsgError, decode, raw_string, whole_message};
use crate::flags::Flags;
use crate::name::{PrincipalName, RealmName};
use crate::octets::Octets;
use crate::time::KerberosTime;

/// The only version of the Authenticator, `authenticator-vno`.
pub const AUTHENTICATOR_VNO: i64 = PVNO;

/// The octets of a key: wiped when dropped, compared in constant time, printed as a length.
#[derive(Clone, ZeroizeOnDrop)]
pub struct KeyOctets(Vec<u8>);

/// A key and the encryption type it is for (RFC 4120 section 5.2.9).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct EncryptionKey {
    /// The encryption type, see [`etype`](crate::etype).
    #[rasn(tag(explicit(0)))]
    pub keytype: i64,
    /// The key itself.
    #[rasn(tag(explicit(1)))]
    pub keyvalue: KeyOctets,
}

/// A checksum and how it was made (RFC 4120 section 5.2.9).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct Checksum {
    /// The checksum type. GSS-API uses 0x8003 for what is no checksum at all (RFC 4121 section 4.1.1).
    #[rasn(tag(explicit(0)))]
    pub cksumtype: i32,
    /// The checksum itself.
    #[rasn(tag(explicit(1)))]
    pub checksum: Octets,
}

/// Types of authorization data (RFC 4120 section 7.5.4).
pub mod ad_type {
    /// An [`AuthorizationData`](super::AuthorizationData) that may be ignored when not understood.
    pub const IF_RELEVANT: i32 = 1;
    /// Data that the KDC vouches for.
    pub const KDC_ISSUED: i32 = 4;
    /// Data of which some part must be understood.
    pub const AND_OR: i32 = 5;
    /// Data that the KDC must understand.
    pub const MANDATORY_FOR_KDC: i32 = 8;
    /// Data that the KDC vouches for to the service and to itself (RFC 7751).
    pub const CAMMAC: i32 = 96;
    /// How the client proved its identity (RFC 8129).
    pub const AUTHENTICATION_INDICATOR: i32 = 97;
    /// A PAC (MS-PAC section 2.2).
    pub const WIN2K_PAC: i32 = 128;
    /// Encryption types the client can use, an [`EtypeList`](super::EtypeList) (RFC 4537).
    pub const ETYPE_NEGOTIATION: i32 = 129;
    /// What the client says of itself in its authenticator (MS-KILE section 3.2.5.8, KERB_AP_OPTIONS).
    pub const AP_OPTIONS: i32 = 143;
    /// The service that the client meant (MS-KILE section 3.2.5.8, KERB_AUTH_DATA_CLIENT_TARGET).
    pub const CLIENT_TARGET: i32 = 144;
}

/// Restrictions on the use of a ticket, and statements about its owner (RFC 4120 section 5.2.6).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(delegate)]
pub struct AuthorizationData(pub Vec<AuthorizationDataElement>);

/// One piece of authorization data.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct AuthorizationDataElement {
    /// What it is, see [`ad_type`].
    #[rasn(tag(explicit(0)))]
    pub ad_type: i32,
    /// The data, in a form that the type decides.
    #[rasn(tag(explicit(1)))]
    pub ad_data: Octets,
}

/// The enctypes that a client can use beyond those of its keys, best first (RFC 4537).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(delegate)]
pub struct EtypeList(pub Vec<i64>);

/// Which realms took part in a ticket (RFC 4120 section 5.3).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct TransitedEncoding {
    /// How the list is written; 1 is DOMAIN-X500-COMPRESS, the only one.
    #[rasn(tag(explicit(0)))]
    pub tr_type: i32,
    /// The list, without the realms of the client and of the service.
    #[rasn(tag(explicit(1)))]
    pub contents: Octets,
}

/// What only the service and the KDC can read of a ticket.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 3)))]
pub struct EncTicketPart {
    /// What the ticket may be used for, see [`flags::ticket`](crate::flags::ticket).
    #[rasn(tag(explicit(0)))]
    pub flags: Flags,
    /// The session key.
    #[rasn(tag(explicit(1)))]
    pub key: EncryptionKey,
    /// The client's realm.
    #[rasn(tag(explicit(2)))]
    pub crealm: RealmName,
    /// The client.
    #[rasn(tag(explicit(3)))]
    pub cname: PrincipalName,
    /// The realms crossed.
    #[rasn(tag(explicit(4)))]
    pub transited: TransitedEncoding,
    /// When the client first proved its identity.
    #[rasn(tag(explicit(5)))]
    pub authtime: KerberosTime,
    /// When the ticket starts to be valid; absent means at `authtime`.
    #[rasn(tag(explicit(6)))]
    pub starttime: Option<KerberosTime>,
    /// When the ticket ends.
    #[rasn(tag(explicit(7)))]
    pub endtime: KerberosTime,
    /// Until when it can be renewed.
    #[rasn(tag(explicit(8)))]
    pub renew_till: Option<KerberosTime>,
    /// Addresses that may present it; absent means any.
    #[rasn(tag(explicit(9)))]
    pub caddr: Option<Vec<HostAddress>>,
    /// Restrictions and statements, the PAC among them.
    #[rasn(tag(explicit(10)))]
    pub authorization_data: Option<AuthorizationData>,
}

/// What only the client can read of a KDC's answer.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct EncKdcRepPart {
    /// The session key of the new ticket.
    #[rasn(tag(explicit(0)))]
    pub key: EncryptionKey,
    /// Earlier requests and expirations.
    #[rasn(tag(explicit(1)))]
    pub last_req: Vec<LastReqEntry>,
    /// The nonce of the request.
    #[rasn(tag(explicit(2)))]
    pub nonce: i64,
    /// When the client's key expires.
    #[rasn(tag(explicit(3)))]
    pub key_expiration: Option<KerberosTime>,
    /// The ticket's flags, see [`flags::ticket`](crate::flags::ticket).
    #[rasn(tag(explicit(4)))]
    pub flags: Flags,
    /// When the client first proved its identity.
    #[rasn(tag(explicit(5)))]
    pub authtime: KerberosTime,
    /// When the ticket starts to be valid; absent means at `authtime`.
    #[rasn(tag(explicit(6)))]
    pub starttime: Option<KerberosTime>,
    /// When the ticket ends.
    #[rasn(tag(explicit(7)))]
    pub endtime: KerberosTime,
    /// Until when it can be renewed.
    #[rasn(tag(explicit(8)))]
    pub renew_till: Option<KerberosTime>,
    /// The service's realm.
    #[rasn(tag(explicit(9)))]
    pub srealm: RealmName,
    /// The service.
    #[rasn(tag(explicit(10)))]
    pub sname: PrincipalName,
    /// Addresses that may present the ticket; absent means any.
    #[rasn(tag(explicit(11)))]
    pub caddr: Option<Vec<HostAddress>>,
    /// Padata that the session protects (RFC 6806 section 11).
    #[rasn(tag(explicit(12)))]
    pub encrypted_pa_data: Option<Vec<PaData>>,
}

/// The [`EncKdcRepPart`] of an AS-REP.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 25)), delegate)]
pub struct EncAsRepPart(pub EncKdcRepPart);

/// The [`EncKdcRepPart`] of a TGS-REP.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 26)), delegate)]
pub struct EncTgsRepPart(pub EncKdcRepPart);

/// One entry of LastReq (RFC 4120 section 5.4.2).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct LastReqEntry {
    /// What the time means; negative if it is this KDC's knowledge alone.
    #[rasn(tag(explicit(0)))]
    pub lr_type: i32,
    /// The time.
    #[rasn(tag(explicit(1)))]
    pub lr_value: KerberosTime,
}

/// The proof that the client knows the session key now (RFC 4120 section 5.5.1).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 2)))]
pub struct Authenticator {
    /// The version of its form, [`AUTHENTICATOR_VNO`].
    #[rasn(tag(explicit(0)))]
    pub authenticator_vno: i64,
    /// The client's realm.
    #[rasn(tag(explicit(1)))]
    pub crealm: RealmName,
    /// The client.
    #[rasn(tag(explicit(2)))]
    pub cname: PrincipalName,
    /// A checksum over what the request accompanies.
    #[rasn(tag(explicit(3)))]
    pub cksum: Option<Checksum>,
    /// Microseconds of the client's time; 0 to 999,999 if the client keeps to the standard.
    #[rasn(tag(explicit(4)))]
    pub cusec: i64,
    /// The client's time.
    #[rasn(tag(explicit(5)))]
    pub ctime: KerberosTime,
    /// A key the client proposes for this session alone.
    #[rasn(tag(explicit(6)))]
    pub subkey: Option<EncryptionKey>,
    /// Where the client's sequence numbers start; a UInt32 that some send as a negative Int32.
    #[rasn(tag(explicit(7)))]
    pub seq_number: Option<i64>,
    /// Further restrictions by the client.
    #[rasn(tag(explicit(8)))]
    pub authorization_data: Option<AuthorizationData>,
}

/// The proof that the service opened the ticket (RFC 4120 section 5.5.2).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 27)))]
pub struct EncApRepPart {
    /// The client's time, as the authenticator has it.
    #[rasn(tag(explicit(0)))]
    pub ctime: KerberosTime,
    /// Its microseconds.
    #[rasn(tag(explicit(1)))]
    pub cusec: i64,
    /// A key the service proposes for this session alone.
    #[rasn(tag(explicit(2)))]
    pub subkey: Option<EncryptionKey>,
    /// Where the service's sequence numbers start; a UInt32 that some send as a negative Int32.
    #[rasn(tag(explicit(3)))]
    pub seq_number: Option<i64>,
}

whole_message!(
    AuthorizationData,
    Authenticator,
    Checksum,
    EncApRepPart,
    EncAsRepPart,
    EncTgsRepPart,
    EncTicketPart,
    EncryptionKey,
    EtypeList,
);

impl EncKdcRepPart {
    /// Reads the part under either tag.
    ///
    /// Some KDCs seal an EncTGSRepPart into an AS-REP, and RFC 4120 section 5.4.2 lets clients accept that.
    ///
    /// # Errors
    ///
    /// As for [`EncAsRepPart::decode`].
    pub fn decode(octets: &[u8]) -> Result<Self, MsgError> {
        match octets.first() {
            Some(0x7A) => decode::<EncTgsRepPart>(octets).map(|part| part.0),
            _ => decode::<EncAsRepPart>(octets).map(|part| part.0),
        }
    }
}

impl EncryptionKey {
    /// The key `keyvalue` for the encryption type `keytype`.
    pub fn new(keytype: i32, keyvalue: impl Into<KeyOctets>) -> Self {
        Self { keytype: keytype.into(), keyvalue: keyvalue.into() }
    }
}

impl KeyOctets {
    /// The key itself.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

raw_string!(KeyOctets, Tag::OCTET_STRING, Identifier::OCTET_STRING);

impl fmt::Debug for KeyOctets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} octets]", self.0.len())
    }
}

impl From<Vec<u8>> for KeyOctets {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl From<&[u8]> for KeyOctets {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl PartialEq for KeyOctets {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyOctets {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_octet_of_a_key() {
        let key = EncryptionKey::new(17, vec![0x41; 16]);
        assert_eq!(format!("{key:?}"), "EncryptionKey { keytype: 17, keyvalue: [16 octets] }");
    }
}
