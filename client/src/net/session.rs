//! Tickets of one user: got with a password, kept in a credential cache, and used to get further ones.
//!
//! ```no_run
//! use client::{
//!     Credential, TicketOptions,
//!     net::{ccache_file::CcacheFile, configuration, dial::Trust, kdcs::Kdcs, session::Session},
//!     principal::Named,
//! };
//!
//! /// A ticket for a web server, of whoever has logged in with `kinit`.
//! async fn ticket(host: &str) -> Result<Credential, Box<dyn std::error::Error>> {
//!     let conf = configuration::load()?;
//!     let file = CcacheFile::choose(None, &conf)?;
//!     let mut session = Session::new(conf, Kdcs::new(None, Trust::default()), Some(file));
//!     Ok(session.service_ticket(&Named::read(&format!("HTTP/{host}"))?).await?)
//! }
//! ```

mod error;

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use krb::{
    ccache::{Ccache, Credential as Entry},
    error_code::KDC_ERR_KEY_EXPIRED,
    msg::{HostAddress, addr_type, padata::PA_ENC_TIMESTAMP},
    name::{Principal, PrincipalName, RealmName},
};

use super::{
    ambient,
    ccache_file::CcacheFile,
    kdcs::{Kdcs, Purpose},
};
use crate::{
    as_exchange::{AsExchange, AsStep},
    ccache,
    clock::ClockOffset,
    credential::Credential,
    error::ClientError,
    krb5_conf::Krb5Conf,
    options::TicketOptions,
    password_change::PasswordChange,
    principal::Named,
    service_exchange::{ServiceExchange, ServiceStep},
    tgs_exchange::TgsExchange,
};

pub use error::SessionError;

/// A user, with tickets or about to get some.
#[derive(Debug)]
pub struct Session {
    conf: Krb5Conf,
    kdcs: Kdcs,
    file: Option<CcacheFile>,
    /// What the file had when it was read; or all there is, without a file.
    ccache: Option<Ccache>,
}

impl Session {
    /// Tickets are in `file`, or only in memory where that is `None`.
    #[must_use]
    pub const fn new(conf: Krb5Conf, kdcs: Kdcs, file: Option<CcacheFile>) -> Self {
        Self { conf, kdcs, file, ccache: None }
    }

    /// The settings.
    #[must_use]
    pub const fn conf(&self) -> &Krb5Conf {
        &self.conf
    }

    /// Where the tickets are, if that is a file.
    #[must_use]
    pub const fn file(&self) -> Option<&CcacheFile> {
        self.file.as_ref()
    }

    /// Whose tickets there are.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ccache`] if there are none, or the file cannot be used.
    pub fn client(&mut self) -> Result<&Principal, SessionError> {
        Ok(&self.loaded()?.principal)
    }

    /// The time on the KDC's clock, as far as its difference to this host's was learnt. Proofs carry this time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock().apply(ambient::now())
    }

    /// What tickets of a realm's clients should be like, as krb5.conf says.
    #[must_use]
    pub fn options(&self, krb_realm: &RealmName) -> TicketOptions {
        let krb_realm = krb_realm.as_str().unwrap_or_default();
        let defaults = TicketOptions::default();
        TicketOptions {
            canonicalize: self.conf.canonicalize(krb_realm),
            enctypes: self.conf.tkt_enctypes(),
            forwardable: self.conf.forwardable(krb_realm),
            kdc_timesync: self.conf.kdc_timesync(),
            lifetime: self.conf.ticket_lifetime(krb_realm).unwrap_or(defaults.lifetime),
            proxiable: self.conf.proxiable(krb_realm),
            protects_request: true,
            renewable_ok: true,
            renew_lifetime: self.conf.renew_lifetime(krb_realm),
            ..defaults
        }
    }

    /// Gets a ticket with a password and begins the credential cache anew with it. It is a ticket-granting ticket, or
    /// one for `service`.
    ///
    /// # Errors
    ///
    /// [`SessionError::WrongPassword`], [`SessionError::PasswordExpired`], and others that say who refuses and why.
    pub async fn login(
        &mut self,
        client: &Principal,
        password: &str,
        service: Option<&PrincipalName>,
        options: &TicketOptions,
    ) -> Result<Credential, SessionError> {
        let initial = self.initial(client, password, service, options, Purpose::Ticket).await;
        let Initial { credential, clock, proved, speaks_fast } = match initial {
            // The KDC that was asked may not know of a change yet.
            Err(SessionError::WrongPassword { .. } | SessionError::PasswordExpired { .. })
                if self.kdcs.has_primary(&self.conf, &client.krb_realm) =>
            {
                self.initial(client, password, service, options, Purpose::TicketFromPrimary).await?
            }
            other => other?,
        };
        let mut credentials = Vec::new();
        if is_granting(&credential.server) {
            let kind = PA_ENC_TIMESTAMP.to_string();
            let told = [
                (speaks_fast, ccache::FAST_AVAIL, b"yes".as_slice()),
                (proved, ccache::PA_TYPE, kind.as_bytes()),
            ];
            let (client, server) = (&credential.client, Some(&credential.server));
            credentials.extend(
                told.into_iter()
                    .filter(|(is_known, ..)| *is_known)
                    .map(|(_, key, value)| Entry::for_config(client.clone(), key, server, value)),
            );
        }
        let principal = credential.client.clone();
        let time_offset = (clock != ClockOffset::default()).then(|| clock.into());
        let mut ccache = Ccache { time_offset, principal, credentials };
        ccache::store(&mut ccache, &credential).map_err(|source| unusable(source, &credential))?;
        self.write(ccache)?;
        Ok(credential)
    }

    /// The AS exchange.
    async fn initial(
        &self,
        client: &Principal,
        password: &str,
        service: Option<&PrincipalName>,
        options: &TicketOptions,
        purpose: Purpose,
    ) -> Result<Initial, SessionError> {
        let service = service.cloned().unwrap_or_else(|| PrincipalName::krbtgt(&client.krb_realm));
        let failed = |error, krb_realm: &RealmName| match error {
            ClientError::Refused(refusal) if refusal.code == KDC_ERR_KEY_EXPIRED => {
                SessionError::PasswordExpired { client: client.clone() }
            }
            other => SessionError::of_client(other, client, krb_realm),
        };
        let (now, dice) = (ambient::now(), &mut ambient::fill);
        let made = AsExchange::for_service(client.clone(), service, password, options, now, dice);
        let mut exchange = made.map_err(|error| failed(error, &client.krb_realm))?;
        loop {
            let krb_realm = exchange.krb_realm().clone();
            let answer = self.kdcs.ask(&self.conf, &krb_realm, purpose, exchange.request()).await?;
            // The password becomes a key there, which may take a second.
            let reading = tokio::task::spawn_blocking(move || {
                let step = exchange.reply(&answer, ambient::now(), &mut ambient::fill);
                (exchange, step)
            });
            let (back, step) = reading.await.map_err(|_| SessionError::Interrupted)?;
            exchange = back;
            if let AsStep::Done(credential) = step.map_err(|error| failed(error, &krb_realm))? {
                let (clock, proved) = (exchange.clock(), exchange.has_proved());
                let speaks_fast = exchange.speaks_fast();
                return Ok(Initial { credential, clock, proved, speaks_fast });
            }
        }
    }

    /// Changes a password, be it one that has expired. No ticket is kept.
    ///
    /// # Errors
    ///
    /// [`SessionError::WrongPassword`] for the old one, [`SessionError::Rejected`] for the new one, and others that say
    /// who refuses and why.
    pub async fn change_password(
        &self,
        client: &Principal,
        old: &str,
        new: &str,
    ) -> Result<(), SessionError> {
        let options = TicketOptions {
            enctypes: self.conf.tkt_enctypes(),
            kdc_timesync: self.conf.kdc_timesync(),
            // For one request.
            lifetime: Duration::from_secs(300),
            ..TicketOptions::default()
        };
        let service = PasswordChange::service();
        let initial = self.initial(client, old, Some(&service), &options, Purpose::Ticket).await?;
        let failed = |error| SessionError::of_change(error, client);
        let sender = host_address(self.kdcs.own_address(&self.conf, &client.krb_realm).await);
        let now = initial.clock.apply(ambient::now());
        let change = PasswordChange::new(&initial.credential, new, sender, now, &mut ambient::fill);
        let change = change.map_err(failed)?;
        let krb_realm = &client.krb_realm;
        let answer = self.kdcs.ask(&self.conf, krb_realm, Purpose::Password, change.request()).await?;
        change.reply(&answer).map_err(failed)
    }

    /// Renews the ticket-granting ticket, or the ticket for `service`, and begins the credential cache anew with it.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unable`] if it is not renewable, and others that say who refuses and why.
    pub async fn renew(
        &mut self,
        service: Option<&PrincipalName>,
        options: &TicketOptions,
    ) -> Result<Credential, SessionError> {
        let old = self.loaded()?.clone();
        let client = old.principal.clone();
        let krb_realm = &client.krb_realm;
        let server = service.cloned().unwrap_or_else(|| PrincipalName::krbtgt(krb_realm));
        let now = self.now();
        let ticket = ccache::find(&old, &server, Some(krb_realm), now);
        let ticket = ticket.ok_or_else(|| SessionError::NoTgt { client: client.clone() })?;
        let failed = |error| SessionError::of_service(error, &server, krb_realm);
        let exchange = TgsExchange::renew(&ticket, options, now, &mut ambient::fill).map_err(failed)?;
        let answer = self.kdcs.ask(&self.conf, krb_realm, Purpose::Ticket, exchange.request()).await?;
        let renewed = exchange.reply(&answer).map_err(failed)?;
        let mut ccache = Ccache { credentials: Vec::new(), ..old.clone() };
        ccache.credentials.extend(old.credentials.into_iter().filter(Entry::is_config));
        ccache::store(&mut ccache, &renewed).map_err(|source| unusable(source, &renewed))?;
        self.write(ccache)?;
        Ok(renewed)
    }

    /// A ticket for a service: from the credential cache, or else from the KDCs, and then it is in the cache.
    ///
    /// Where no realm is written, `[domain_realm]` or the KDCs say which one has the service.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoTgt`] if there is nothing to ask with, and others that say who refuses and why.
    pub async fn service_ticket(&mut self, service: &Named) -> Result<Credential, SessionError> {
        let mapped = || service.host().and_then(|host| self.conf.realm_of_host(host)).map(RealmName::from);
        let home = service.krb_realm.clone().or_else(mapped);
        let ccache = self.loaded()?.clone();
        let now = self.now();
        if let Some(credential) = ccache::find(&ccache, &service.name, home.as_ref(), now) {
            return Ok(credential);
        }
        let client = &ccache.principal;
        let granting =
            |krb_realm: &RealmName| ccache::find(&ccache, &PrincipalName::krbtgt(krb_realm), None, now);
        // One for the service's own realm saves the way there.
        let tgt = home.as_ref().and_then(granting).or_else(|| granting(&client.krb_realm));
        let tgt = tgt.ok_or_else(|| SessionError::NoTgt { client: client.clone() })?;
        let options = TicketOptions {
            enctypes: self.conf.tgs_enctypes(),
            kdc_timesync: self.conf.kdc_timesync(),
            ..TicketOptions::default()
        };
        let failed = |error, krb_realm: &RealmName| SessionError::of_service(error, &service.name, krb_realm);
        let (wall, dice) = (ambient::now(), &mut ambient::fill);
        let name = service.name.clone();
        let made = ServiceExchange::new(tgt, name, home, &options, self.clock(), wall, dice);
        let mut exchange = made.map_err(|error| failed(error, &client.krb_realm))?;
        let found = loop {
            let krb_realm = exchange.krb_realm().clone();
            let request = exchange.request();
            let answer = self.kdcs.ask(&self.conf, &krb_realm, Purpose::Ticket, request).await?;
            let step = exchange.reply(&answer, ambient::now(), &mut ambient::fill);
            if let ServiceStep::Done(found) = step.map_err(|error| failed(error, &krb_realm))? {
                break found;
            }
        };
        // Another program may have put tickets there in the meantime.
        self.ccache = self.ccache.take().filter(|_| self.file.is_none());
        let mut now_there = self.loaded().cloned().unwrap_or_else(|_| ccache.clone());
        if now_there.principal != ccache.principal {
            // Somebody else has logged in, whose cache it is now.
            self.ccache = Some(ccache);
            return Ok(found.ticket);
        }
        for credential in found.granting.iter().chain([&found.ticket]) {
            ccache::store(&mut now_there, credential).map_err(|source| unusable(source, credential))?;
        }
        if exchange.clock() != ClockOffset::default() {
            now_there.time_offset = Some(exchange.clock().into());
        }
        self.write(now_there)?;
        Ok(found.ticket)
    }

    /// Says goodbye to the gateway, if there is one.
    pub async fn close(&self) {
        self.kdcs.close(Duration::from_secs(1)).await;
    }

    fn clock(&self) -> ClockOffset {
        let offset = self.ccache.as_ref().and_then(|ccache| ccache.time_offset);
        offset.filter(|_| self.conf.kdc_timesync()).map_or_else(ClockOffset::default, ClockOffset::from)
    }

    /// The tickets, from the file if they were not read yet.
    fn loaded(&mut self) -> Result<&Ccache, SessionError> {
        let ccache = match (self.ccache.take(), &self.file) {
            (Some(ccache), _) => ccache,
            (None, Some(file)) => file.read()?,
            (None, None) => return Err(SessionError::NoTickets),
        };
        Ok(self.ccache.insert(ccache))
    }

    fn write(&mut self, ccache: Ccache) -> Result<(), SessionError> {
        let written = self.file.as_ref().map_or(Ok(()), |file| file.write(&ccache));
        self.ccache = Some(ccache);
        Ok(written?)
    }
}

/// What an AS exchange gives.
struct Initial {
    credential: Credential,
    clock: ClockOffset,
    /// Whether the KDC wanted proof before.
    proved: bool,
    /// Whether the KDC speaks FAST.
    speaks_fast: bool,
}

/// An address as messages have it.
fn host_address(address: IpAddr) -> HostAddress {
    match address {
        IpAddr::V4(address) => {
            HostAddress { addr_type: addr_type::IPV4, address: address.octets().to_vec().into() }
        }
        IpAddr::V6(address) => {
            HostAddress { addr_type: addr_type::IPV6, address: address.octets().to_vec().into() }
        }
    }
}

fn is_granting(server: &Principal) -> bool {
    server.name.name_string.first().is_some_and(|service| service.as_octets() == b"krbtgt")
}

/// A ticket that no file can hold.
fn unusable(source: ClientError, credential: &Credential) -> SessionError {
    SessionError::of_service(source, &credential.server.name, &credential.server.krb_realm)
}
