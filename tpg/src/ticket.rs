//! What the sealed part of a ticket must say (RFC 4120 sections 3.2.3 and 5.3).

use core::net::IpAddr;

use krb::{
    flags::ticket as flag,
    msg::{HostAddress, addr_type, opened::EncTicketPart},
    name::{Principal, RealmName},
};

use crate::{
    policy::Policy,
    refusal::{Part, Refusal},
    transited,
    utc::Utc,
};

/// When a ticket is valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Times {
    /// When the client first proved its identity.
    pub authtime: Utc,
    /// When the ticket starts.
    pub starts: Utc,
    /// When it ends.
    pub ends: Utc,
}

/// Reads the times; a ticket without a start starts when the client proved its identity, not now.
pub(crate) fn times(ticket: &EncTicketPart) -> Result<Times, Refusal> {
    let of = |time, value| Utc::of(time).ok_or(Refusal::MalformedValue { part: Part::Ticket, value });
    let authtime = of(&ticket.authtime, "authtime")?;
    let starts = ticket.starttime.as_ref().map_or(Ok(authtime), |start| of(start, "starttime"))?;
    Ok(Times { authtime, starts, ends: of(&ticket.endtime, "endtime")? })
}

/// Judges flags, times, the client's realm and the addresses. `service` is the realm of the key that opened it.
pub(crate) fn judge(
    ticket: &EncTicketPart,
    times: &Times,
    service: &RealmName,
    peer: Option<IpAddr>,
    policy: &Policy,
    now: Utc,
) -> Result<(), Refusal> {
    // RFC 4120 section 3.2.3: "if the INVALID flag is set in the ticket, the KRB_AP_ERR_TKT_NYV error is returned".
    if ticket.flags.bit(flag::INVALID) {
        return Err(Refusal::Invalid);
    }
    // RFC 8062 section 3: the flag, and the name that goes with it.
    let anonymous = ticket.flags.bit(flag::ANONYMOUS) || is_anonymous(ticket);
    if anonymous && !policy.allow_anonymous {
        return Err(Refusal::Anonymous { client: client(ticket) });
    }
    // RFC 4120 section 3.2.3: later than the start by no more than the skew, and before the end by the same.
    if times.starts > now.plus(policy.skew) {
        return Err(Refusal::NotYetValid { starts: times.starts, now });
    }
    if now > times.ends.plus(policy.skew) {
        return Err(Refusal::Expired { ended: times.ends, now });
    }
    // Another realm vouches for its clients, and only the operator can say whose word is good here.
    if ticket.crealm != *service && !policy.accept_realms.contains(&ticket.crealm) {
        return Err(Refusal::ClientRealm { krb_realm: ticket.crealm.clone() });
    }
    // RFC 4120 section 2.7: a service that is not told that the path was checked checks it, or refuses. A client of
    // the service's own realm may have come by others too.
    if !ticket.flags.bit(flag::TRANSITED_POLICY_CHECKED) {
        transited::judge(&ticket.transited, &ticket.crealm, service, &policy.capaths)?;
    }
    // Section 3.2.3: KRB_AP_ERR_BADADDR. Proxies and address translation make this a matter of policy.
    if policy.check_addresses
        && let (Some(addresses), Some(peer)) = (&ticket.caddr, peer)
        && !addresses.is_empty()
        && !addresses.iter().any(|address| is_peer(address, peer))
    {
        return Err(Refusal::Address);
    }
    Ok(())
}

/// Whose ticket it is.
pub(crate) fn client(ticket: &EncTicketPart) -> Principal {
    Principal { name: ticket.cname.clone(), krb_realm: ticket.crealm.clone() }
}

/// `WELLKNOWN/ANONYMOUS` in any realm, or anybody in the anonymous realm (RFC 8062 section 3).
fn is_anonymous(ticket: &EncTicketPart) -> bool {
    let components: Vec<&[u8]> = ticket.cname.name_string.iter().map(|part| part.as_octets()).collect();
    components == [&b"WELLKNOWN"[..], b"ANONYMOUS"] || ticket.crealm.as_octets() == b"WELLKNOWN:ANONYMOUS"
}

fn is_peer(address: &HostAddress, peer: IpAddr) -> bool {
    match (address.addr_type, peer.to_canonical()) {
        (addr_type::IPV4, IpAddr::V4(peer)) => address.address.as_octets() == peer.octets(),
        (addr_type::IPV6, IpAddr::V6(peer)) => address.address.as_octets() == peer.octets(),
        _ => false,
    }
}
