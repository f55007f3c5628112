//! `kerberos5` where passwords are asked for: the KDC judges the password, and the keytab judges the KDC.
//!
//! A KDC that agrees to a password proves nothing: whoever can answer in its place agrees to any. So the user is logged in
//! to the gateway's own service, and the ticket for it is presented to the gateway's own acceptor, which makes all its
//! checks. Only who has the keytab's key can have made that ticket, and only who knows what is sealed with the user's key
//! can present it. That holds as well where a KDC wants no proof before it answers: it is the answer that takes the
//! password to open. The token never leaves the process, so it is bound to no channel and cannot be replayed.
//!
//! Unknown users take one round trip to the KDC and wrong passwords two. No KDC makes them alike, so the gateway cannot.
//! Nor does it keep the KDC's own count of failures: `<failed-logins>` does, so that strangers do not lock accounts.

mod failure;
mod proof;
mod user;

use std::{sync::Arc, time::Duration};

use client::negotiate::{Negotiate, NegotiateOptions};
use krb::{
    flags::ticket::INITIAL,
    name::{Principal, RealmName},
};
use tgg::routes::{Host, KrbRealm, Routes};
use tokio::{
    join,
    sync::{Semaphore, SetOnce},
    time::{timeout, timeout_at},
};
use tpg::{
    acceptor::{Judgement, Seen, Verdict as Acceptance},
    local_name::Rules,
    permit::Permit,
};
use tracing::error;

use super::{Attempt, Doing, Failure, LoginModule, Shared, Verdict, gss::brought};
use crate::{
    ambient,
    kdc::{
        Kdcs, keep_probed,
        resolve::{Lookup, Resolver, keep_fresh},
    },
    realm::{
        credentials::Password,
        gss::{self, Gss, GssError},
        hashing::Hashing,
        kept::Kept,
    },
};
use failure::{Disbelief, PasswordError};
use proof::{Asking, Proof};
use user::User;

/// Octets of a password. What is longer is hashed by no KDC, and costs time here.
const MAX_PASSWORD: usize = 1024;

/// Passwords that are judged at the same time. Those beyond wait, no longer than a login may take.
const PLACES: usize = 64;

/// How long the first look-up of KDCs may take before whatever it found is used.
const FIRST_LOOKUP: Duration = Duration::from_secs(2);

/// What the module is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the tickets are judged.
    pub gss: gss::Settings,
    /// Realms whose KDCs are named. Those of others are looked up in the DNS.
    pub krb_realms: Vec<KrbRealm>,
    /// The realm of users who write none; that of the keytab's first service without.
    pub default_realm: Option<String>,
    /// In which a password must be judged.
    pub timeout: Duration,
}

/// The module.
#[derive(Debug)]
pub struct Kerberos5 {
    gss: Arc<Gss>,
    kdcs: Arc<Kdcs>,
    hashing: Hashing,
    settings: Settings,
    places: Semaphore,
    /// Set once the names of KDCs were looked up, if there are any.
    resolved: SetOnce<()>,
    needs_lookup: bool,
}

/// Why passwords cannot be judged. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Kerberos5Error {
    /// Users without a realm would be of one whose users are not let in.
    #[error(
        "<defaultRealm> is {default}, whose users are not let in; add <acceptRealm>{default}</acceptRealm>, or take it out"
    )]
    DefaultRealm {
        /// What it is.
        default: String,
    },
    /// The acceptor cannot be made.
    #[error(transparent)]
    Gss(#[from] GssError),
}

impl Kerberos5 {
    /// Reads the keytab.
    ///
    /// # Errors
    ///
    /// Any [`Kerberos5Error`].
    pub fn open(settings: Settings, kept: &Kept) -> Result<Self, Kerberos5Error> {
        let gss = Gss::open(settings.gss.clone(), &kept.replays)?;
        let accepted = accepted(&gss.services(), &settings);
        if let Some(default) = &settings.default_realm
            && user::find(default, &accepted).is_none()
        {
            return Err(Kerberos5Error::DefaultRealm { default: default.clone() });
        }
        let routes = routes(&settings.krb_realms, &accepted);
        let is_looked_up = |realm: &KrbRealm| {
            realm.discover || realm.kdcs.iter().any(|server| matches!(server.host, Host::Name(_)))
        };
        let needs_lookup = routes.realms().iter().any(is_looked_up);
        let kdcs = kept.kdcs(routes, settings.timeout);
        let (hashing, places) = (kept.hashing.clone(), Semaphore::new(PLACES));
        Ok(Self { gss, kdcs, hashing, settings, places, resolved: SetOnce::new(), needs_lookup })
    }

    /// Judges a password.
    async fn judge(&self, password: &Password) -> Result<Permit, PasswordError> {
        let until = ambient::instant(ambient::now() + self.settings.timeout);
        let place = timeout_at(until, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(PasswordError::Crowded) };
        timeout_at(until, self.proved(password)).await.unwrap_or(Err(PasswordError::Late))
    }

    async fn proved(&self, password: &Password) -> Result<Permit, PasswordError> {
        // Some directories take a login without a password for one of nobody in particular.
        if password.password.is_empty() {
            return Err(PasswordError::Empty);
        }
        if password.password.len() > MAX_PASSWORD {
            return Err(PasswordError::Long { most: MAX_PASSWORD });
        }
        let services = self.gss.services();
        let client = self.client(&password.name, &services)?;
        let own = services.iter().find(|service| service.krb_realm == client.krb_realm);
        let service = own.or(services.first()).ok_or(PasswordError::NoService)?;
        if self.needs_lookup {
            // If it takes too long, that shows where nobody can be asked.
            let _ = timeout(FIRST_LOOKUP, self.resolved.wait()).await;
        }
        let (kdcs, hashing) = (&self.kdcs, &self.hashing);
        let asking = Asking { kdcs, hashing, client: &client, password: &password.password, service };
        self.believed(&client, asking.prove().await?).await.map_err(PasswordError::NotBelieved)
    }

    /// Whom the name means.
    fn client(&self, name: &str, services: &[Principal]) -> Result<Principal, PasswordError> {
        let User { name, krb_realm } = User::read(name)?;
        let accepted = accepted(services, &self.settings);
        let krb_realm = match krb_realm.as_ref().or(self.settings.default_realm.as_ref()) {
            Some(krb_realm) => user::find(krb_realm, &accepted)
                .ok_or_else(|| PasswordError::Realm { krb_realm: krb_realm.clone() })?,
            None => accepted.first().ok_or(PasswordError::NoService)?,
        };
        Ok(Principal { name, krb_realm: krb_realm.clone() })
    }

    /// Presents the ticket to the gateway's own acceptor. What the KDC said counts for nothing but for what is in it.
    async fn believed(&self, client: &Principal, proof: Proof) -> Result<Permit, Disbelief> {
        let options = NegotiateOptions { mechs: Vec::new(), mutual: false, ..NegotiateOptions::default() };
        let token = Negotiate::new(&proof.credential, &options, proof::now(), &mut proof::dice)?;
        let Judgement { verdict, .. } = self.gss.accept(token.token(), None, &Seen::default()).await;
        let permit = match verdict {
            Acceptance::Granted { permit, .. } => permit,
            Acceptance::More { .. } => return Err(Disbelief::Unfinished),
            Acceptance::Refused { refusal, .. } => return Err(refusal.into()),
        };
        let found = &permit.identity().client;
        if found.krb_realm != client.krb_realm || !found.name.same_name(&client.name) {
            return Err(Disbelief::Client(found.clone()));
        }
        // An old ticket, whose owner could play the KDC with it, says nothing about the account as it is now.
        let facts = permit.facts();
        let age = gss::utc().since(facts.times.authtime).saturating_abs();
        let skew = self.settings.gss.policy.skew.saturating_mul(1_000_000);
        let is_initial = facts.flags & (0x8000_0000 >> INITIAL) != 0;
        if age > skew || (proof.is_initial && !is_initial) {
            return Err(Disbelief::Old);
        }
        Ok(permit)
    }
}

impl LoginModule for Kerberos5 {
    fn kind(&self) -> &'static str {
        "kerberos5"
    }

    fn spelled(&self, name: &str) -> Option<String> {
        // Active Directory's names have no case. Where two users differ in it alone they are counted together.
        self.client(name, &self.gss.services()).ok().map(|client| client.to_string().to_lowercase())
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, _shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(async move {
            let Some(password) = attempt.credentials.password() else { return Verdict::Ignored };
            match self.judge(password).await {
                Ok(permit) => Verdict::Success(Box::new(brought(permit, &Rules::default()))),
                Err(why) => {
                    if let PasswordError::NotBelieved(_) = why {
                        error!(id = %attempt.id, realm = attempt.realm, "A KDC is not believed: {why}");
                    }
                    Failure::from(why).into()
                }
            }
        })
    }

    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(async move {
            join!(Arc::clone(&self.gss).watch(), keep_probed(Arc::clone(&self.kdcs)), self.keep_found());
        })
    }
}

impl Kerberos5 {
    /// Looks the KDCs up, again and again, if they are not all named by address.
    async fn keep_found(&self) {
        if !self.needs_lookup {
            return;
        }
        let resolver = Resolver::new(Lookup::default());
        let first = timeout(FIRST_LOOKUP, resolver.refresh(&self.kdcs)).await;
        // It is set already where this module is watched a second time.
        let _ = self.resolved.set(());
        keep_fresh(Arc::clone(&self.kdcs), resolver, first.unwrap_or_default()).await;
    }
}

/// The realms whose users are let in: first those of the keytab's services, in their order.
fn accepted(services: &[Principal], settings: &Settings) -> Vec<RealmName> {
    let own = services.iter().map(|service| &service.krb_realm);
    user::distinct(own.chain(&settings.gss.policy.accept_realms))
}

/// The KDCs that are named, and for all other realms those that the DNS knows.
fn routes(named: &[KrbRealm], accepted: &[RealmName]) -> Routes {
    let is_named = |realm: &str| named.iter().any(|known| known.name.eq_ignore_ascii_case(realm));
    let discovered = accepted
        .iter()
        .filter_map(RealmName::as_str)
        .filter(|realm| !is_named(realm))
        .map(|realm| KrbRealm { name: realm.to_owned(), discover: true, ..KrbRealm::default() });
    Routes::new(named.iter().cloned().chain(discovered))
}

#[cfg(test)]
mod tests;
