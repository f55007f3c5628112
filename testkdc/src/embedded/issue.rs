//! A ticket and the reply around it: signed, sealed, and each step shown to the forge.

use krb::crypto::{Key, Usage, UsageKeys};
use krb::flags::{Flags, kdc, ticket};
use krb::msg::HostAddress;
use krb::msg::kdc::{AsRep, KdcRep, KdcReqBody, TgsRep};
use krb::msg::opened::{
    AuthorizationData, AuthorizationDataElement, EncAsRepPart, EncKdcRepPart, EncTgsRepPart, EncTicketPart,
    EncryptionKey, LastReqEntry, TransitedEncoding,
};
use krb::msg::padata::PaData;
use krb::msg::ticket::Ticket;
use krb::msg::{PVNO, msg_type};
use krb::name::Principal;
use krb::octets::Octets;
use krb::sealed::EncryptedData;
use zeroize::Zeroizing;

use super::case::Case;
use super::dice;
use super::exchange::Kind;
use super::forge::PacDraft;
use super::moment::stamp;
use super::pac;
use super::records::Record;
use super::refusal::Refusal;
use super::terms::Terms;

/// Alone in its list: RFC 4120 section 5.4.2 has no other for a KDC that keeps no times.
const LR_NONE: i32 = 0;

/// A key and its version, which long-term keys have.
#[derive(Clone, Copy)]
pub(super) struct Sealing<'a> {
    pub(super) key: &'a Key,
    pub(super) kvno: Option<u32>,
}

/// All that a reply is made of.
pub(super) struct Order<'a> {
    pub(super) client: Principal,
    pub(super) server: Principal,
    /// Seals the ticket.
    pub(super) ticket_key: Sealing<'a>,
    /// Seals the part for the client.
    pub(super) reply_key: Sealing<'a>,
    pub(super) reply_usage: Usage,
    pub(super) session: Key,
    /// Of the ticket, beside what `terms` says.
    pub(super) flags: Vec<u8>,
    /// When the client proved who it is, in seconds since 1970.
    pub(super) authtime: i64,
    pub(super) terms: Terms,
    pub(super) addresses: Option<Vec<HostAddress>>,
    pub(super) transited: Octets,
    /// What stands behind the PAC.
    pub(super) authorization_data: Vec<AuthorizationDataElement>,
    pub(super) pac: Option<PacDraft>,
    /// Whether the PAC has the signatures for services, see [`Record::is_service`].
    pub(super) for_service: bool,
    pub(super) nonce: i64,
    pub(super) key_expiration: Option<i64>,
    pub(super) padata: Option<Vec<PaData>>,
    pub(super) encrypted_pa_data: Option<Vec<PaData>>,
}

impl<'a> Sealing<'a> {
    /// The best key of a principal.
    pub(super) fn best(record: &'a Record) -> Result<Self, Refusal> {
        let key = record.keys.first().ok_or(Refusal::Enctype)?;
        Ok(Self { key, kvno: Some(record.kvno) })
    }
}

/// A session key of the first enctype that the client asks for and the server has a key of.
pub(super) fn session(case: &mut Case<'_>, body: &KdcReqBody, server: &Record) -> Result<Key, Refusal> {
    let keys = server.keys_for(&body.etype);
    let model = keys.first().ok_or(Refusal::Enctype)?;
    Ok(dice::key(model.enctype(), case.dice)?)
}

/// The flags of a ticket that a client has by asking for them.
pub(super) fn asked_flags(options: &Flags) -> impl Iterator<Item = u8> {
    [(kdc::FORWARDABLE, ticket::FORWARDABLE), (kdc::PROXIABLE, ticket::PROXIABLE)]
        .into_iter()
        .filter_map(|(option, flag)| options.bit(option).then_some(flag))
}

/// The octets of the reply.
pub(super) fn reply(case: &mut Case<'_>, order: Order<'_>) -> Result<Vec<u8>, Refusal> {
    let flags: Vec<_> = order.flags.into_iter().chain(order.terms.flags()).collect();
    let mut part = EncTicketPart {
        flags: Flags::with(&flags),
        key: EncryptionKey::from(&order.session),
        crealm: order.client.krb_realm.clone(),
        cname: order.client.name.clone(),
        transited: TransitedEncoding { tr_type: 1, contents: order.transited },
        authtime: stamp(order.authtime),
        starttime: Some(stamp(order.terms.start)),
        endtime: stamp(order.terms.end),
        renew_till: order.terms.renew_till.map(stamp),
        caddr: order.addresses,
        authorization_data: Some(order.authorization_data)
            .filter(|data| !data.is_empty())
            .map(AuthorizationData),
    };
    let mut for_client = EncKdcRepPart {
        key: part.key.clone(),
        last_req: vec![LastReqEntry { lr_type: LR_NONE, lr_value: case.now.stamp() }],
        nonce: order.nonce,
        key_expiration: order.key_expiration.map(stamp),
        flags: part.flags.clone(),
        authtime: part.authtime.clone(),
        starttime: part.starttime.clone(),
        endtime: part.endtime.clone(),
        renew_till: part.renew_till.clone(),
        srealm: order.server.krb_realm.clone(),
        sname: order.server.name.clone(),
        caddr: part.caddr.clone(),
        encrypted_pa_data: order.encrypted_pa_data,
    };
    if let Some(mut draft) = order.pac {
        if let Some(forge) = case.forge {
            forge.pac(case.kind, &mut draft);
        }
        let kdc = Sealing::best(case.records.granting().ok_or(Refusal::Internal)?)?.key;
        pac::put(&mut part, draft, order.ticket_key.key, kdc, order.for_service)?;
    }
    if let Some(forge) = case.forge {
        forge.ticket(case.kind, &mut part);
        forge.reply_part(case.kind, &mut for_client);
    }
    let sealed = seal(case, order.ticket_key, Usage::TICKET, part.encode()?)?;
    let ticket = Ticket::new(order.server.krb_realm, order.server.name, sealed);
    let (msg_type, octets) = match case.kind {
        Kind::As => (msg_type::AS_REP, EncAsRepPart(for_client).encode()?),
        _ => (msg_type::TGS_REP, EncTgsRepPart(for_client).encode()?),
    };
    let enc_part = seal(case, order.reply_key, order.reply_usage, octets)?;
    let Principal { name: cname, krb_realm: crealm } = order.client;
    let mut reply = KdcRep { pvno: PVNO, msg_type, padata: order.padata, crealm, cname, ticket, enc_part };
    if let Some(forge) = case.forge {
        forge.reply(case.kind, &mut reply);
    }
    Ok(match case.kind {
        Kind::As => AsRep(reply).encode()?,
        _ => TgsRep(reply).encode()?,
    })
}

/// Seals what has a key in it.
pub(super) fn seal(
    case: &mut Case<'_>,
    sealing: Sealing<'_>,
    usage: Usage,
    octets: Vec<u8>,
) -> Result<EncryptedData, Refusal> {
    let octets = Zeroizing::new(octets);
    let keys = UsageKeys::derive(sealing.key, usage)?;
    let mut sealed = keys.seal_data(&dice::confounder(case.dice), &octets);
    sealed.kvno = sealing.kvno.map(i64::from);
    Ok(sealed)
}
