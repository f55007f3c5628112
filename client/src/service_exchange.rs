//! A ticket for a service, wherever it lives: ticket-granting tickets lead from
//! realm to realm until one of them has the service (RFC 4120 section 3.3.1,
//! RFC 6806 section 8).
//!
//! No map of realms is needed (`[capaths]`): the client asks its own KDC, which
//! gives the ticket, or a ticket-granting ticket for a realm that is nearer.

use std::fmt;
use std::time::{Duration, SystemTime};

use krb::error_code::{KDC_ERR_NEVER_VALID, KRB_AP_ERR_SKEW};
use krb::flags::ticket;
use krb::name::{Principal, PrincipalName, RealmName};

use crate::clock::ClockOffset;
use crate::credential::Credential;
use crate::dice::Dice;
use crate::error::ClientError;
use crate::options::TicketOptions;
use crate::tgs_exchange::{TgsExchange, granted_realm};

/// Most realms that are asked, the first one among them; MIT's library draws the
/// same line.
const MAX_REALMS: usize = 10;

/// TGS exchanges in a row, from a ticket-granting ticket to the ticket for a
/// service.
///
/// Send [`request`](Self::request) to a KDC of [`krb_realm`](Self::krb_realm),
/// over any transport; give what comes back to [`reply`](Self::reply).
pub struct ServiceExchange {
    wanted: PrincipalName,
    /// The service's realm, where it is known.
    home: Option<RealmName>,
    options: TicketOptions,
    /// What the realm is asked with that is asked now.
    tgt: Credential,
    current: TgsExchange,
    clock: ClockOffset,
    corrected: bool,
    /// Realms that were asked, and the one that is asked now.
    asked: Vec<RealmName>,
    /// Ticket-granting tickets that were found on the way.
    found: Vec<Credential>,
}

/// What an answer of a KDC leads to.
#[derive(Debug)]
#[must_use = "either there is a request to send or a ticket to keep"]
#[expect(clippy::large_enum_variant, reason = "one is made for an exchange and taken apart at once")]
pub enum ServiceStep {
    /// Another request is due: send the new [`ServiceExchange::request`] to a KDC
    /// of the new [`ServiceExchange::krb_realm`].
    Ask,
    /// The exchange is over.
    Done(Found),
}

/// What the KDCs gave.
#[derive(Clone, Debug)]
pub struct Found {
    /// The ticket. Its `server` is the name that was asked for, in the realm that
    /// has it; the ticket itself may name the service as the KDC prefers.
    pub ticket: Credential,
    /// Ticket-granting tickets for other realms, in the order in which they came.
    /// They are worth keeping: the next service may be there too.
    pub granting: Vec<Credential>,
}

impl ServiceExchange {
    /// Starts to ask for a ticket to `wanted`. `home` is its realm where that is
    /// known; else the KDCs are to know it.
    ///
    /// Of `options` the enctypes, the authorization data and the handling of
    /// clocks matter: the ticket lives as long as `tgt` does, and may be
    /// forwarded where that may.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotTicketGranting`] if `tgt` is for another service than
    /// `krbtgt`, [`ClientError::TicketExpired`] if it has ended.
    pub fn new(
        tgt: Credential,
        wanted: PrincipalName,
        home: Option<RealmName>,
        options: &TicketOptions,
        clock: ClockOffset,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, ClientError> {
        let here = granted_realm(&tgt.server)?.clone();
        let next = next(&wanted, home.as_ref(), &here);
        let current = ask(&tgt, next, options, clock.apply(now), dice)?;
        Ok(Self {
            wanted,
            home,
            options: options.clone(),
            tgt,
            current,
            clock,
            corrected: false,
            asked: vec![here],
            found: Vec::new(),
        })
    }

    /// The octets to send now, one whole TGS-REQ. They may be sent again, to the
    /// same KDC or another.
    pub fn request(&self) -> &[u8] {
        self.current.request()
    }

    /// The realm whose KDC is asked now.
    pub const fn krb_realm(&self) -> &RealmName {
        self.current.krb_realm()
    }

    /// How far the KDC's clock is from the caller's, as far as that was learnt.
    pub const fn clock(&self) -> ClockOffset {
        self.clock
    }

    /// Reads what the KDC answered, one whole message.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the KDC's own reason,
    /// [`ClientError::ReferralLoop`] if realms send the client to each other; all
    /// others if the octets are not a true answer to the request.
    pub fn reply(
        &mut self,
        octets: &[u8],
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<ServiceStep, ClientError> {
        let credential = match self.current.reply(octets) {
            Ok(credential) => credential,
            Err(ClientError::Refused(refusal))
                if matches!(refusal.code, KRB_AP_ERR_SKEW | KDC_ERR_NEVER_VALID)
                    && self.options.kdc_timesync
                    && !self.corrected =>
            {
                let clock = ClockOffset::between(now, &refusal.time)?;
                let next = next(&self.wanted, self.home.as_ref(), self.krb_realm());
                self.current = ask(&self.tgt, next, &self.options, clock.apply(now), dice)?;
                self.clock = clock;
                self.corrected = true;
                return Ok(ServiceStep::Ask);
            }
            Err(error) => return Err(error),
        };
        // Whoever asks for a ticket-granting ticket has what was asked for, not a referral.
        let is_wanted = credential.server.name.same_name(&self.wanted);
        match granted_realm(&credential.server) {
            Ok(there) if !is_wanted => {
                let there = there.clone();
                self.go_on(credential, there, now, dice)
            }
            _ if self.is_home() || is_wanted => {
                let server = Principal { name: self.wanted.clone(), krb_realm: self.krb_realm().clone() };
                let ticket = Credential { server, ..credential };
                Ok(ServiceStep::Done(Found { ticket, granting: self.found.clone() }))
            }
            // Where the way to a realm was asked for, no other service will do.
            _ => Err(ClientError::ServerMismatch),
        }
    }

    /// Goes on in the realm that a ticket-granting ticket is for.
    fn go_on(
        &mut self,
        tgt: Credential,
        there: RealmName,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<ServiceStep, ClientError> {
        if self.asked.contains(&there) || self.asked.len() >= MAX_REALMS {
            return Err(ClientError::ReferralLoop { krb_realm: there });
        }
        // The realm that was thought to have the service knows better.
        let home = if self.is_home() { None } else { self.home.clone() };
        let next = next(&self.wanted, home.as_ref(), &there);
        self.current = ask(&tgt, next, &self.options, self.clock.apply(now), dice)?;
        self.home = home;
        self.asked.push(there);
        self.found.push(tgt.clone());
        self.tgt = tgt;
        Ok(ServiceStep::Ask)
    }

    /// Whether the service itself is asked for, not the way to its realm.
    fn is_home(&self) -> bool {
        self.home.as_ref().is_none_or(|home| home == self.current.krb_realm())
    }
}

/// What to ask for in the realm `here`: the service, or the way to its realm.
fn next(wanted: &PrincipalName, home: Option<&RealmName>, here: &RealmName) -> PrincipalName {
    match home {
        Some(home) if home != here => PrincipalName::krbtgt(home),
        _ => wanted.clone(),
    }
}

fn ask(
    tgt: &Credential,
    service: PrincipalName,
    options: &TicketOptions,
    now: SystemTime,
    dice: &mut dyn Dice,
) -> Result<TgsExchange, ClientError> {
    let lifetime = tgt.times.end.duration_since(now).map_err(|_| ClientError::TicketExpired)?;
    if lifetime < Duration::from_secs(1) {
        return Err(ClientError::TicketExpired);
    }
    let options = TicketOptions {
        canonicalize: true,
        forwardable: tgt.flags.bit(ticket::FORWARDABLE),
        lifetime,
        proxiable: tgt.flags.bit(ticket::PROXIABLE),
        renew_lifetime: None,
        ..options.clone()
    };
    TgsExchange::new(tgt, service, &options, now, dice)
}

impl fmt::Debug for ServiceExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceExchange")
            .field("wanted", &self.wanted)
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
