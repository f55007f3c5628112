//! An AP-REQ as its receiver opens it: the ticket, the authenticator, and what proves that they belong together
//! (RFC 4120 section 3.2.3).

use krb::crypto::{Key, Usage, UsageKeys};
use krb::flags;
use krb::msg::ap::ApReq;
use krb::msg::opened::{AUTHENTICATOR_VNO, Authenticator, EncTicketPart};
use krb::msg::ticket::Ticket;
use krb::msg::{PVNO, msg_type};
use krb::name::{Principal, PrincipalName, RealmName};
use zeroize::Zeroizing;

use super::case::Case;
use super::records::Record;
use super::refusal::Refusal;
use super::terms::seconds;

/// A ticket that was opened.
pub(super) struct Opened<'a> {
    pub(super) part: EncTicketPart,
    pub(super) session: Key,
    /// What it is for.
    pub(super) server: &'a Record,
    /// The key that opened it.
    pub(super) key: &'a Key,
    /// Who sealed it.
    pub(super) issuer: RealmName,
}

/// A ticket whose owner was shown to present it.
pub(super) struct Presented<'a> {
    pub(super) ticket: Opened<'a>,
    pub(super) authenticator: Authenticator,
    pub(super) subkey: Option<Key>,
}

impl Opened<'_> {
    /// Whether it is for the ticket-granting service of this realm, whoever issued it.
    ///
    /// The key of `krbtgt/OTHER` is known to the other realm too, which could write tickets with it for anybody.
    pub(super) fn is_granting(&self, case: &Case<'_>) -> bool {
        self.server.account.name.same_name(&PrincipalName::krbtgt(&case.records.krb_realm))
    }

    /// The ticket's client.
    pub(super) fn client(&self) -> Principal {
        Principal { name: self.part.cname.clone(), krb_realm: self.part.crealm.clone() }
    }
}

/// Opens a ticket of this realm, or one of a realm that is trusted for this one.
pub(super) fn ticket<'a>(case: &Case<'a>, ticket: &Ticket) -> Result<Opened<'a>, Refusal> {
    if ticket.tkt_vno != PVNO {
        return Err(Refusal::Version);
    }
    let records = case.records;
    let server = if ticket.realm == records.krb_realm {
        records.exact(&ticket.sname)
    } else {
        records.inbound(&ticket.realm).filter(|record| record.account.name.same_name(&ticket.sname))
    };
    let server = server.ok_or(Refusal::NotUs)?;
    if ticket.enc_part.key_version().is_some_and(|kvno| kvno != server.kvno) {
        return Err(Refusal::KeyVersion);
    }
    let key = server.key(ticket.enc_part.etype).ok_or(Refusal::Enctype)?;
    let octets = UsageKeys::derive(key, Usage::TICKET)?.open_data(&ticket.enc_part);
    let octets = Zeroizing::new(octets.map_err(|_| Refusal::TicketIntegrity)?);
    let part = EncTicketPart::decode(&octets)?;
    let session = Key::allowing_weak(&part.key).map_err(|_| Refusal::Enctype)?;
    Ok(Opened { part, session, server, key, issuer: ticket.realm.clone() })
}

/// Opens a whole AP-REQ. `usage` is that of the authenticator.
///
/// Addresses in tickets are not compared with anybody's: what asks is octets.
pub(super) fn ap_req<'a>(case: &Case<'a>, request: &ApReq, usage: Usage) -> Result<Presented<'a>, Refusal> {
    if request.pvno != PVNO {
        return Err(Refusal::Version);
    }
    if request.msg_type != msg_type::AP_REQ {
        return Err(Refusal::MessageType);
    }
    let ticket = ticket(case, &request.ticket)?;
    let octets = UsageKeys::derive(&ticket.session, usage)?.open_data(&request.authenticator);
    let octets = Zeroizing::new(octets.map_err(|_| Refusal::Authenticator)?);
    let authenticator = Authenticator::decode(&octets).map_err(|_| Refusal::Authenticator)?;
    if authenticator.authenticator_vno != AUTHENTICATOR_VNO {
        return Err(Refusal::Version);
    }
    let part = &ticket.part;
    if authenticator.crealm != part.crealm || !authenticator.cname.same_name(&part.cname) {
        return Err(Refusal::BadMatch);
    }
    if case.now.is_off(seconds(&authenticator.ctime)?, case.records.skew) {
        return Err(Refusal::Skew);
    }
    let subkey = authenticator.subkey.as_ref().map(Key::allowing_weak).transpose();
    let subkey = subkey.map_err(|_| Refusal::Enctype)?;
    Ok(Presented { ticket, authenticator, subkey })
}

/// Whether a ticket is valid now, or as nearly as clocks can tell.
pub(super) fn is_current(case: &Case<'_>, part: &EncTicketPart) -> Result<(), Refusal> {
    let (now, skew) = (case.now.seconds, case.records.skew);
    let start = seconds(part.starttime.as_ref().unwrap_or(&part.authtime))?;
    if part.flags.bit(flags::ticket::INVALID) || start > now.saturating_add(skew) {
        return Err(Refusal::NotYetValid);
    }
    if seconds(&part.endtime)? < now.saturating_sub(skew) {
        return Err(Refusal::TicketExpired);
    }
    Ok(())
}
