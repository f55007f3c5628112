//! What an authenticator must say: that the owner of the ticket speaks, now, to this service, on this connection
//! (RFC 4120 sections 3.2.3 and 5.5.1, RFC 4121 section 4.1.1, MS-KILE section 3.2.5.8).

use krb::{
    crypto::{ChecksumKey, Key, Usage},
    gss::checksum::{CHECKSUM_TYPE, GssChecksum, GssFlags},
    msg::opened::{AUTHENTICATOR_VNO, Authenticator, Checksum, EncTicketPart},
    name::Principal,
    time::KerberosTime,
};
use zeroize::Zeroizing;

use crate::{
    authdata::InAuthenticator,
    policy::{Demand, Policy},
    refusal::{Part, Refusal},
    services::Services,
    ticket,
    utc::Utc,
};

/// What a good authenticator says.
pub(crate) struct Presence {
    /// The client's time as it wrote it, for the AP-REP to repeat.
    pub ctime: KerberosTime,
    pub cusec: i64,
    /// The same, read.
    pub made: Utc,
    pub subkey: Option<Key>,
    pub sequence: Option<i64>,
    /// What the client asks of the context.
    pub flags: GssFlags,
    /// Whether it is bound to the TLS connection.
    pub bound: bool,
    /// Whether it says that it is for this service.
    pub targeted: bool,
}

/// The client's time; cusec is 0 to 999,999 (RFC 4120 section 5.2.4).
pub(crate) fn made(authenticator: &Authenticator) -> Result<Utc, Refusal> {
    let refused = |value| Refusal::MalformedValue { part: Part::Authenticator, value };
    let micros = u32::try_from(authenticator.cusec).ok().filter(|micros| *micros < 1_000_000);
    let micros = micros.ok_or_else(|| refused("cusec"))?;
    let seconds = authenticator.ctime.seconds().ok_or_else(|| refused("ctime"))?;
    Ok(Utc::new(seconds, micros))
}

/// Judges version and names. Realms count as much as names do; the type of a name is a hint (RFC 4120 section 6.2).
pub(crate) fn is_of(authenticator: &Authenticator, ticket: &EncTicketPart) -> Result<(), Refusal> {
    if authenticator.authenticator_vno != AUTHENTICATOR_VNO {
        let found = authenticator.authenticator_vno;
        return Err(Refusal::Version { part: Part::Authenticator, wanted: AUTHENTICATOR_VNO, found });
    }
    if authenticator.cname.same_name(&ticket.cname) && authenticator.crealm == ticket.crealm {
        return Ok(());
    }
    let said = Principal { name: authenticator.cname.clone(), krb_realm: authenticator.crealm.clone() };
    Err(Refusal::BadMatch { ticket: ticket::client(ticket), authenticator: said })
}

/// Judges how far apart the clocks are.
pub(crate) fn is_now(made: Utc, policy: &Policy, now: Utc) -> Result<(), Refusal> {
    let apart = made.since(now);
    if apart.unsigned_abs() > policy.skew.unsigned_abs().saturating_mul(1_000_000) {
        return Err(Refusal::Skew { apart, allowed: policy.skew });
    }
    Ok(())
}

/// The service that the client meant, where it says so. It is sealed with the session key, unlike the name in the
/// ticket, so nobody who relays a token can change it.
pub(crate) fn is_for(said: &InAuthenticator, demand: Demand, services: &Services) -> Result<bool, Refusal> {
    match (demand, &said.target) {
        (Demand::Off, _) | (Demand::IfPresent, None) => Ok(false),
        (Demand::Require, None) => Err(Refusal::TargetNameMissing),
        (_, Some(target)) if !services.accepts_text(target) => {
            Err(Refusal::TargetName { named: target.clone() })
        }
        (Demand::Require, Some(target)) if said.untrusted_target => {
            Err(Refusal::TargetName { named: target.clone() })
        }
        (_, Some(_)) => Ok(true),
    }
}

/// What the checksum says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Said {
    /// What the client asks of the context.
    pub flags: GssFlags,
    /// Its channel binding; zero is none.
    pub bindings: [u8; 16],
}

/// Reads the checksum of RFC 4121 section 4.1.1. Delegated credentials in it are not read, and wiped.
pub(crate) fn checksum(cksum: Option<Checksum>, session: &Key, policy: &Policy) -> Result<Said, Refusal> {
    match cksum {
        Some(Checksum { cksumtype: CHECKSUM_TYPE, checksum }) => {
            let checksum = Zeroizing::new(Vec::from(checksum));
            let read = GssChecksum::read(&checksum).map_err(Refusal::Checksum)?;
            // RFC 4121 leaves DCE style out; its third leg has no place in HTTP.
            if read.flags.contains(GssFlags::DCE) {
                return Err(Refusal::DceStyle);
            }
            Ok(Said { flags: read.flags, bindings: read.bindings })
        }
        None if policy.allow_no_checksum => Ok(Said::default()),
        // Samba's clients sum up nothing, with the session key and usage 10; MIT krb5 accepts that.
        Some(plain) if policy.allow_no_checksum => ChecksumKey::derive(session, Usage::AP_REQ_CHECKSUM)
            .and_then(|key| key.verify_checksum(b"", &plain))
            .map(|()| Said::default())
            .map_err(Refusal::PlainChecksum),
        other => Err(Refusal::ChecksumMissing { found: other.map(|checksum| checksum.cksumtype) }),
    }
}

/// Judges the channel binding against those of the connection, `ours`; true says that the token is bound to it.
///
/// Without TLS there is nothing to bind to, so a client that binds wherever it can is not held to it there.
pub(crate) fn binding(
    presented: [u8; 16],
    asserted: bool,
    ours: &[[u8; 16]],
    demand: Demand,
) -> Result<bool, Refusal> {
    match demand {
        Demand::Off => Ok(false),
        _ if presented != [0; 16] => {
            if ours.contains(&presented) {
                Ok(true)
            } else {
                Err(Refusal::BindingMismatch)
            }
        }
        Demand::Require => Err(Refusal::BindingMissing),
        Demand::IfPresent if asserted && !ours.is_empty() => Err(Refusal::BindingWithheld),
        Demand::IfPresent => Ok(false),
    }
}
