//! What a client and the KDC say to each other: AS-REQ, AS-REP, TGS-REQ and TGS-REP (RFC 4120 section 5.4).

use std::ops::Deref;

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::address::HostAddress;
use super::number::{PVNO, msg_type};
use super::padata::PaData;
use super::ticket::Ticket;
use crate::codec::whole_message;
use crate::flags::Flags;
use crate::name::{PrincipalName, RealmName};
use crate::sealed::EncryptedData;
use crate::time::KerberosTime;

/// A request for a first ticket.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 10)), delegate)]
pub struct AsReq(pub KdcReq);

/// A request for a further ticket; the ticket-granting ticket is in its padata.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 12)), delegate)]
pub struct TgsReq(pub KdcReq);

/// The answer to an AS-REQ.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 11)), delegate)]
pub struct AsRep(pub KdcRep);

/// The answer to a TGS-REQ.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(tag(explicit(application, 13)), delegate)]
pub struct TgsRep(pub KdcRep);

/// What both requests have in common: all but the tag.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct KdcReq {
    /// The protocol version, [`PVNO`].
    #[rasn(tag(explicit(1)))]
    pub pvno: i64,
    /// The message type, [`msg_type::AS_REQ`] or [`msg_type::TGS_REQ`].
    #[rasn(tag(explicit(2)))]
    pub msg_type: i64,
    /// Pre-authentication data.
    #[rasn(tag(explicit(3)))]
    pub padata: Option<Vec<PaData>>,
    /// The request proper.
    #[rasn(tag(explicit(4)))]
    pub req_body: KdcReqBody,
}

/// The request proper: the part that checksums cover.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct KdcReqBody {
    /// What the client asks for, see [`flags::kdc`](crate::flags::kdc).
    #[rasn(tag(explicit(0)))]
    pub kdc_options: Flags,
    /// The client; only in an AS-REQ.
    #[rasn(tag(explicit(1)))]
    pub cname: Option<PrincipalName>,
    /// The realm that is asked: the service's, and in an AS-REQ the client's too.
    #[rasn(tag(explicit(2)))]
    pub realm: RealmName,
    /// The service. A TGS-REQ for user-to-user may leave it to the additional ticket.
    #[rasn(tag(explicit(3)))]
    pub sname: Option<PrincipalName>,
    /// When the ticket should start to be valid.
    #[rasn(tag(explicit(4)))]
    pub from: Option<KerberosTime>,
    /// When the ticket should end; 19700101000000Z asks for as long as possible.
    #[rasn(tag(explicit(5)))]
    pub till: KerberosTime,
    /// Until when the ticket should be renewable.
    #[rasn(tag(explicit(6)))]
    pub rtime: Option<KerberosTime>,
    /// A number that the answer must repeat; a UInt32 that some clients send as a negative Int32.
    #[rasn(tag(explicit(7)))]
    pub nonce: i64,
    /// Encryption types the client can use, best first.
    #[rasn(tag(explicit(8)))]
    pub etype: Vec<i64>,
    /// Addresses the ticket should be valid from.
    #[rasn(tag(explicit(9)))]
    pub addresses: Option<Vec<HostAddress>>,
    /// The AuthorizationData that restricts the ticket, sealed.
    #[rasn(tag(explicit(10)))]
    pub enc_authorization_data: Option<EncryptedData>,
    /// Tickets for user-to-user or delegation.
    #[rasn(tag(explicit(11)))]
    pub additional_tickets: Option<Vec<Ticket>>,
}

/// What both answers have in common: all but the tag.
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct KdcRep {
    /// The protocol version, [`PVNO`].
    #[rasn(tag(explicit(0)))]
    pub pvno: i64,
    /// The message type, [`msg_type::AS_REP`] or [`msg_type::TGS_REP`].
    #[rasn(tag(explicit(1)))]
    pub msg_type: i64,
    /// Pre-authentication data, such as the salt of the reply key.
    #[rasn(tag(explicit(2)))]
    pub padata: Option<Vec<PaData>>,
    /// The client's realm.
    #[rasn(tag(explicit(3)))]
    pub crealm: RealmName,
    /// The client.
    #[rasn(tag(explicit(4)))]
    pub cname: PrincipalName,
    /// The ticket.
    #[rasn(tag(explicit(5)))]
    pub ticket: Ticket,
    /// The EncKDCRepPart, sealed with the client's key or the session key of the ticket-granting ticket.
    #[rasn(tag(explicit(6)))]
    pub enc_part: EncryptedData,
}

whole_message!(AsReq, AsRep, KdcReqBody, TgsReq, TgsRep);

/// Lets the message be read as the part it has in common with its sibling.
macro_rules! reads_as {
    ($tagged:ty, $common:ty) => {
        impl Deref for $tagged {
            type Target = $common;

            fn deref(&self) -> &$common {
                &self.0
            }
        }
    };
}

reads_as!(AsReq, KdcReq);
reads_as!(AsRep, KdcRep);
reads_as!(TgsReq, KdcReq);
reads_as!(TgsRep, KdcRep);

impl AsReq {
    /// A request with this pre-authentication data and body.
    #[must_use]
    pub const fn new(padata: Option<Vec<PaData>>, req_body: KdcReqBody) -> Self {
        Self(KdcReq { pvno: PVNO, msg_type: msg_type::AS_REQ, padata, req_body })
    }
}

impl TgsReq {
    /// A request with this pre-authentication data and body.
    #[must_use]
    pub const fn new(padata: Option<Vec<PaData>>, req_body: KdcReqBody) -> Self {
        Self(KdcReq { pvno: PVNO, msg_type: msg_type::TGS_REQ, padata, req_body })
    }
}

impl AsRep {
    /// The answer that gives `ticket` to `cname`.
    #[must_use]
    pub const fn new(
        padata: Option<Vec<PaData>>,
        crealm: RealmName,
        cname: PrincipalName,
        ticket: Ticket,
        enc_part: EncryptedData,
    ) -> Self {
        Self(KdcRep { pvno: PVNO, msg_type: msg_type::AS_REP, padata, crealm, cname, ticket, enc_part })
    }
}

impl TgsRep {
    /// The answer that gives `ticket` to `cname`.
    #[must_use]
    pub const fn new(
        padata: Option<Vec<PaData>>,
        crealm: RealmName,
        cname: PrincipalName,
        ticket: Ticket,
        enc_part: EncryptedData,
    ) -> Self {
        Self(KdcRep { pvno: PVNO, msg_type: msg_type::TGS_REP, padata, crealm, cname, ticket, enc_part })
    }
}
