//! What can be read of a KDC exchange without a key (RFC 4120 sections 5.4 and 5.9.1), borrowed from
//! the octets as they arrived.
//!
//! A relay forwards the peer's own octets, so it reads and never rebuilds them. The views hold only what
//! is in clear; the nonce of a reply is not.

use std::fmt;

use crate::{
    der::{self, DerError, Reader},
    name::write_component,
};

/// Tag of an AS-REQ.
pub const AS_REQ: u8 = der::application(10);
/// Tag of an AS-REP.
pub const AS_REP: u8 = der::application(11);
/// Tag of a TGS-REQ.
pub const TGS_REQ: u8 = der::application(12);
/// Tag of a TGS-REP.
pub const TGS_REP: u8 = der::application(13);
/// Tag of an AP-REQ.
pub const AP_REQ: u8 = der::application(14);
/// Tag of an AP-REP.
pub const AP_REP: u8 = der::application(15);
/// Tag of a KRB-ERROR.
pub const KRB_ERROR: u8 = der::application(30);

const TICKET: u8 = der::application(1);

/// Why octets are not the message that was looked for. All are final.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeekError {
    /// Not the encoding, or not well-formed to the end.
    #[error("not a well-formed message: {0}")]
    Encoding(#[from] DerError),
    /// The message type inside is not the one of the tag.
    #[error("message type {inside} stands in a message of type {outside}")]
    Kind {
        /// The number of the application tag.
        outside: u8,
        /// The field msg-type.
        inside: i64,
    },
    /// Not Kerberos version 5.
    #[error("protocol version {0} is not 5")]
    Version(i64),
}

/// A principal name, borrowed: its type and its components as they arrived.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// RFC 4120 section 6.2.
    pub name_type: i64,
    components: Reader<'a>,
}

impl<'a> Name<'a> {
    fn read(field: Reader<'a>) -> Result<Self, DerError> {
        let mut field = field;
        let mut fields = field.enter(der::SEQUENCE)?;
        field.end()?;
        let name_type = fields.enter(der::context(0))?.only_integer()?;
        let components = Reader::new(fields.enter(der::context(1))?.only(der::SEQUENCE)?);
        fields.end()?;
        let mut check = components;
        while !check.is_empty() {
            check.enter(der::GENERAL_STRING)?;
        }
        Ok(Self { name_type, components })
    }

    /// The components, in order.
    pub fn components(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.components;
        std::iter::from_fn(move || rest.enter(der::GENERAL_STRING).ok().map(|component| component.rest()))
    }

    /// Whether the components are these, octet by octet.
    #[must_use]
    pub fn is(&self, components: &[&[u8]]) -> bool {
        self.components().eq(components.iter().copied())
    }

    /// Whether both have the same components. ASCII case is ignored, as Active Directory ignores it; the
    /// type is, as RFC 4120 section 6.2 asks.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let mut theirs = other.components();
        self.components().all(|ours| theirs.next().is_some_and(|their| ours.eq_ignore_ascii_case(their)))
            && theirs.next().is_none()
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, component) in self.components().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            write_component(component, f)?;
        }
        Ok(())
    }
}

/// Which of the two exchanges with a KDC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exchange {
    /// Authentication service: the client's first ticket.
    As,
    /// Ticket-granting service: a ticket for a service.
    Tgs,
}

/// An AS-REQ or TGS-REQ.
#[derive(Clone, Copy, Debug)]
pub struct KdcReq<'a> {
    /// Which exchange it asks for.
    pub exchange: Exchange,
    /// The realm that is asked.
    pub realm: &'a [u8],
    /// The client; a TGS-REQ does not name it in clear.
    pub cname: Option<Name<'a>>,
    /// The service the ticket is for.
    pub sname: Option<Name<'a>>,
    /// The first 32 KDC options, bit 0 the highest.
    pub options: u32,
    /// The field nonce, of either sign.
    pub nonce: i64,
    padata: Reader<'a>,
    etypes: Reader<'a>,
}

/// KDC option `canonicalize` (RFC 6806 section 3).
const OPTION_CANONICALIZE: u32 = 0x8000_0000 >> 15;
/// KDC option `request-anonymous` (RFC 8062 section 3); bit 14 before RFC 8062 gave it 16.
const OPTION_ANONYMOUS: u32 = (0x8000_0000 >> 16) | (0x8000_0000 >> 14);

impl<'a> KdcReq<'a> {
    /// The types of the pre-authentication data, in order.
    pub fn padata_types(&self) -> impl Iterator<Item = i64> + use<'a> {
        let mut rest = self.padata;
        std::iter::from_fn(move || {
            let mut entry = rest.enter(der::SEQUENCE).ok()?;
            entry.enter(der::context(1)).ok()?.only_integer().ok()
        })
    }

    /// The encryption types the client can use, in its order of preference.
    pub fn etypes(&self) -> impl Iterator<Item = i64> + use<'a> {
        let mut rest = self.etypes;
        std::iter::from_fn(move || {
            let element = rest.element().ok()?;
            Some(element.contents.iter().fold(
                if element.contents.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 },
                |value: i64, octet| (value << 8) | i64::from(*octet),
            ))
        })
    }

    /// Whether the KDC may answer with other names than those asked for.
    #[must_use]
    pub const fn canonicalize(&self) -> bool {
        self.options & OPTION_CANONICALIZE != 0
    }

    /// Whether the client asks not to be named in the ticket.
    #[must_use]
    pub const fn anonymous(&self) -> bool {
        self.options & OPTION_ANONYMOUS != 0
    }
}

/// An AS-REP or TGS-REP.
#[derive(Clone, Copy, Debug)]
pub struct KdcRep<'a> {
    /// Which exchange it ends.
    pub exchange: Exchange,
    /// The client's realm.
    pub crealm: &'a [u8],
    /// The client.
    pub cname: Name<'a>,
    /// The realm that issued the ticket.
    pub ticket_realm: &'a [u8],
    /// The service the ticket is for.
    pub ticket_sname: Name<'a>,
    /// Encryption type of the ticket.
    pub ticket_etype: i64,
    /// Encryption type of the part for the client.
    pub reply_etype: i64,
}

/// A KRB-ERROR.
#[derive(Clone, Copy, Debug)]
pub struct KrbError<'a> {
    /// RFC 4120 section 7.5.9.
    pub code: i64,
    /// The KDC's clock: a KerberosTime, as it arrived.
    pub stime: &'a [u8],
    /// Microseconds of that clock.
    pub susec: i64,
    /// The client's realm, where the KDC repeats it.
    pub crealm: Option<&'a [u8]>,
    /// The client, where the KDC repeats it.
    pub cname: Option<Name<'a>>,
    /// The realm of the service, which is the realm that was asked.
    pub realm: &'a [u8],
}

/// The kind of message that the first octet announces, if it has an application tag.
#[must_use]
pub fn application_tag(octets: &[u8]) -> Option<u8> {
    octets.first().copied().filter(|tag| tag & 0xe0 == 0x60)
}

/// Reads an AS-REQ or TGS-REQ, well-formed to its last octet.
///
/// # Errors
///
/// Any [`PeekError`]; [`DerError::Tag`] inside if it is another message.
pub fn kdc_req(octets: &[u8]) -> Result<KdcReq<'_>, PeekError> {
    der::well_formed(octets)?;
    let (exchange, tag) = match application_tag(octets) {
        Some(TGS_REQ) => (Exchange::Tgs, TGS_REQ),
        _ => (Exchange::As, AS_REQ),
    };
    let mut fields = message(octets, tag, 1, 2)?;
    let padata = match fields.enter_if(der::context(3))? {
        Some(field) => Reader::new(field.only(der::SEQUENCE)?),
        None => Reader::new(&[]),
    };
    let mut each = padata;
    while !each.is_empty() {
        let mut entry = each.enter(der::SEQUENCE)?;
        entry.enter(der::context(1))?.only_integer()?;
        entry.enter(der::context(2))?.only(der::OCTET_STRING)?;
        entry.end()?;
    }
    let mut body = Reader::new(fields.enter(der::context(4))?.only(der::SEQUENCE)?);
    fields.end()?;

    let options = bits(body.enter(der::context(0))?.only(der::BIT_STRING)?);
    let cname = body.enter_if(der::context(1))?.map(Name::read).transpose()?;
    let realm = body.enter(der::context(2))?.only(der::GENERAL_STRING)?;
    let sname = body.enter_if(der::context(3))?.map(Name::read).transpose()?;
    if let Some(from) = body.enter_if(der::context(4))? {
        from.only(der::GENERALIZED_TIME)?;
    }
    body.enter(der::context(5))?.only(der::GENERALIZED_TIME)?;
    if let Some(rtime) = body.enter_if(der::context(6))? {
        rtime.only(der::GENERALIZED_TIME)?;
    }
    let nonce = body.enter(der::context(7))?.only_integer()?;
    let etypes = Reader::new(body.enter(der::context(8))?.only(der::SEQUENCE)?);
    let mut each = etypes;
    while !each.is_empty() {
        let etype = each.element()?;
        if etype.tag != der::INTEGER {
            return Err(DerError::Tag { wanted: der::INTEGER, found: etype.tag }.into());
        }
        if etype.contents.is_empty() || etype.contents.len() > 8 {
            return Err(DerError::Integer.into());
        }
    }
    // addresses, enc-authorization-data and additional-tickets, which nobody on the way needs.
    for number in 9..=11 {
        body.enter_if(der::context(number))?;
    }
    body.end()?;
    Ok(KdcReq { exchange, realm, cname, sname, options, nonce, padata, etypes })
}

/// Reads an AS-REP or TGS-REP, well-formed to its last octet.
///
/// # Errors
///
/// As [`kdc_req`].
pub fn kdc_rep(octets: &[u8]) -> Result<KdcRep<'_>, PeekError> {
    der::well_formed(octets)?;
    let (exchange, tag) = match application_tag(octets) {
        Some(TGS_REP) => (Exchange::Tgs, TGS_REP),
        _ => (Exchange::As, AS_REP),
    };
    let mut fields = message(octets, tag, 0, 1)?;
    fields.enter_if(der::context(2))?;
    let crealm = fields.enter(der::context(3))?.only(der::GENERAL_STRING)?;
    let cname = Name::read(fields.enter(der::context(4))?)?;
    let ticket = ticket(fields.enter(der::context(5))?)?;
    let reply_etype = encrypted(fields.enter(der::context(6))?)?;
    fields.end()?;
    Ok(KdcRep {
        exchange,
        crealm,
        cname,
        ticket_realm: ticket.realm,
        ticket_sname: ticket.sname,
        ticket_etype: ticket.etype,
        reply_etype,
    })
}

/// Reads a KRB-ERROR, well-formed to its last octet.
///
/// # Errors
///
/// As [`kdc_req`].
pub fn krb_error(octets: &[u8]) -> Result<KrbError<'_>, PeekError> {
    der::well_formed(octets)?;
    let mut fields = message(octets, KRB_ERROR, 0, 1)?;
    if let Some(ctime) = fields.enter_if(der::context(2))? {
        ctime.only(der::GENERALIZED_TIME)?;
    }
    if let Some(cusec) = fields.enter_if(der::context(3))? {
        cusec.only_integer()?;
    }
    let stime = fields.enter(der::context(4))?.only(der::GENERALIZED_TIME)?;
    let susec = fields.enter(der::context(5))?.only_integer()?;
    let code = fields.enter(der::context(6))?.only_integer()?;
    let crealm =
        fields.enter_if(der::context(7))?.map(|field| field.only(der::GENERAL_STRING)).transpose()?;
    let cname = fields.enter_if(der::context(8))?.map(Name::read).transpose()?;
    let realm = fields.enter(der::context(9))?.only(der::GENERAL_STRING)?;
    Name::read(fields.enter(der::context(10))?)?;
    fields.enter_if(der::context(11))?;
    fields.enter_if(der::context(12))?;
    fields.end()?;
    Ok(KrbError { code, stime, susec, crealm, cname, realm })
}

/// The ticket that an AP-REQ carries.
#[derive(Clone, Copy, Debug)]
pub struct ApReq<'a> {
    /// The realm that issued the ticket.
    pub ticket_realm: &'a [u8],
    /// The service the ticket is for.
    pub ticket_sname: Name<'a>,
    /// Encryption type of the ticket.
    pub ticket_etype: i64,
}

/// Reads the clear part of an AP-REQ (RFC 4120 section 5.5.1), well-formed to its last octet.
///
/// # Errors
///
/// As [`kdc_req`].
pub fn ap_req(octets: &[u8]) -> Result<ApReq<'_>, PeekError> {
    der::well_formed(octets)?;
    let mut fields = message(octets, AP_REQ, 0, 1)?;
    fields.enter(der::context(2))?.only(der::BIT_STRING)?;
    let ticket = ticket(fields.enter(der::context(3))?)?;
    encrypted(fields.enter(der::context(4))?)?;
    fields.end()?;
    Ok(ApReq { ticket_realm: ticket.realm, ticket_sname: ticket.sname, ticket_etype: ticket.etype })
}

/// Enters a message and takes its version and type, which stand in the fields `pvno` and `msg_type`.
fn message(octets: &[u8], tag: u8, pvno: u8, msg_type: u8) -> Result<Reader<'_>, PeekError> {
    let mut outer = Reader::new(octets);
    let mut fields = Reader::new(outer.enter(tag)?.only(der::SEQUENCE)?);
    let version = fields.enter(der::context(pvno))?.only_integer()?;
    if version != 5 {
        return Err(PeekError::Version(version));
    }
    let inside = fields.enter(der::context(msg_type))?.only_integer()?;
    let outside = tag & 0x1f;
    if inside != i64::from(outside) {
        return Err(PeekError::Kind { outside, inside });
    }
    Ok(fields)
}

struct Ticket<'a> {
    realm: &'a [u8],
    sname: Name<'a>,
    etype: i64,
}

fn ticket(field: Reader<'_>) -> Result<Ticket<'_>, PeekError> {
    let mut fields = Reader::new(Reader::new(field.only(TICKET)?).only(der::SEQUENCE)?);
    let version = fields.enter(der::context(0))?.only_integer()?;
    if version != 5 {
        return Err(PeekError::Version(version));
    }
    let realm = fields.enter(der::context(1))?.only(der::GENERAL_STRING)?;
    let sname = Name::read(fields.enter(der::context(2))?)?;
    let etype = encrypted(fields.enter(der::context(3))?)?;
    fields.end()?;
    Ok(Ticket { realm, sname, etype })
}

/// The encryption type of an EncryptedData.
fn encrypted(field: Reader<'_>) -> Result<i64, DerError> {
    let mut fields = Reader::new(field.only(der::SEQUENCE)?);
    let etype = fields.enter(der::context(0))?.only_integer()?;
    if let Some(kvno) = fields.enter_if(der::context(1))? {
        kvno.only_integer()?;
    }
    fields.enter(der::context(2))?.only(der::OCTET_STRING)?;
    fields.end()?;
    Ok(etype)
}

/// The first 32 bits of a BIT STRING; those that are not there count as zero.
fn bits(contents: &[u8]) -> u32 {
    let mut first = [0; 4];
    for (to, from) in first.iter_mut().zip(contents.iter().skip(1)) {
        *to = *from;
    }
    u32::from_be_bytes(first)
}
