//! Pre-authentication data: its types, and the forms that a password client and the KDC exchange in the clear
//! (RFC 4120 sections 5.2.7 and 7.5.2).

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use crate::codec::whole_message;
use crate::name::KerberosString;
use crate::octets::Octets;
use crate::time::KerberosTime;

/// An AP-REQ with the ticket-granting ticket.
pub const PA_TGS_REQ: i32 = 1;
/// A [`PaEncTsEnc`] sealed with the client's key.
pub const PA_ENC_TIMESTAMP: i32 = 2;
/// The salt of the client's key, as plain octets.
pub const PA_PW_SALT: i32 = 3;
/// The predecessor of [`PA_ETYPE_INFO2`].
pub const PA_ETYPE_INFO: i32 = 11;
/// A request with a public key (RFC 4556).
pub const PA_PK_AS_REQ: i32 = 16;
/// The answer to [`PA_PK_AS_REQ`].
pub const PA_PK_AS_REP: i32 = 17;
/// An [`EtypeInfo2`].
pub const PA_ETYPE_INFO2: i32 = 19;
/// Whether a PAC is wanted (MS-KILE section 2.2.3).
pub const PA_PAC_REQUEST: i32 = 128;
/// The user that a service asks a ticket for, by name (MS-SFU section 2.2.1).
pub const PA_FOR_USER: i32 = 129;
/// The same, by certificate (MS-SFU section 2.2.2).
pub const PA_FOR_X509_USER: i32 = 130;
/// A checksum over the AS-REQ (the number that MIT krb5 has for it).
pub const PA_AS_CHECKSUM: i32 = 132;
/// The KDC's state, which the client returns (RFC 6113 section 5.2).
pub const PA_FX_COOKIE: i32 = 133;
/// A FAST request or answer (RFC 6113 section 5.4).
pub const PA_FX_FAST: i32 = 136;
/// A KRB-ERROR inside FAST (RFC 6113 section 5.4.4).
pub const PA_FX_ERROR: i32 = 137;
/// An encrypted challenge (RFC 6113 section 5.4.6).
pub const PA_ENCRYPTED_CHALLENGE: i32 = 138;
/// A key agreement with the KDC's contribution (RFC 8062 section 4.1).
pub const PA_PKINIT_KX: i32 = 147;
/// Says that the client understands encrypted padata (RFC 6806 section 11).
pub const PA_REQ_ENC_PA_REP: i32 = 149;
/// A token of the KDC that proves a recent exchange (RFC 8070).
pub const PA_AS_FRESHNESS: i32 = 150;
/// SPAKE, a password exchange that cannot be guessed offline (RFC 9588).
pub const PA_SPAKE: i32 = 151;
/// Options for the PAC (MS-KILE section 2.2.10).
pub const PA_PAC_OPTIONS: i32 = 167;

/// One piece of pre-authentication data.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq, Hash)]
pub struct PaData {
    /// What it is, such as [`PA_ENC_TIMESTAMP`].
    #[rasn(tag(explicit(1)))]
    pub padata_type: i32,
    /// The data, in a form that the type decides.
    #[rasn(tag(explicit(2)))]
    pub padata_value: Octets,
}

/// METHOD-DATA: what the KDC would take as pre-authentication, in the e-data of error 25.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(delegate)]
pub struct MethodData(pub Vec<PaData>);

/// ETYPE-INFO2: how the client's key is made from its password (RFC 4120 section 5.2.7.5).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(delegate)]
pub struct EtypeInfo2(pub Vec<EtypeInfo2Entry>);

/// How the client's key of one encryption type is made from its password.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct EtypeInfo2Entry {
    /// The encryption type, see [`etype`](crate::etype).
    #[rasn(tag(explicit(0)))]
    pub etype: i64,
    /// The salt; absent means the usual one, realm and name components without separators.
    #[rasn(tag(explicit(1)))]
    pub salt: Option<KerberosString>,
    /// Parameters in a form that the encryption type decides; for AES, four octets with the iteration count.
    #[rasn(tag(explicit(2)))]
    pub s2kparams: Option<Octets>,
}

/// PA-ENC-TS-ENC: the client's time, which it seals to show that it knows its key.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct PaEncTsEnc {
    /// The client's time.
    #[rasn(tag(explicit(0)))]
    pub patimestamp: KerberosTime,
    /// Its microseconds; 0 to 999,999 if the client keeps to the standard.
    #[rasn(tag(explicit(1)))]
    pub pausec: Option<i64>,
}

whole_message!(EtypeInfo2, MethodData, PaData, PaEncTsEnc);
