//! Realms: who can be told apart, built from settings.

use std::{path::PathBuf, sync::Arc};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tpg::{local_name::Rules, roles::Grants};

use super::StartError;
use crate::{
    realm::{
        COOKIE_PREFIX, Realm,
        gss::{self, Gss, Replays},
        session::Sessions,
    },
    tls::front::FrontCertificates,
};

/// What a realm is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name; empty for the one that needs none.
    pub name: String,
    /// How tickets are judged.
    pub gss: gss::Settings,
    /// How local names are made.
    pub rules: Rules,
    /// Who has which roles.
    pub grants: Grants,
    /// Seconds that a session spares further tickets, if it does.
    pub session: Option<i64>,
    /// Whether sockets end with their tickets.
    pub ends_with_ticket: bool,
    /// Certificates that proxies in front of the gateway show.
    pub binding_certificates: Vec<PathBuf>,
}

impl Settings {
    /// Reads what the realm needs. Sessions and past certificates of the realm that it was `before` stay good.
    pub(super) fn open(self, replays: &Replays, before: Option<&Realm>) -> Result<Realm, StartError> {
        let Self { name, gss, rules, grants, session, ends_with_ticket, binding_certificates } = self;
        let front = match before.filter(|before| before.front.files() == binding_certificates) {
            Some(before) => before.front.renewed()?,
            None => FrontCertificates::load(binding_certificates)?,
        };
        let cookie = cookie(&name);
        let kept = before.and_then(|before| before.sessions.clone());
        let sessions = session.and_then(|life| {
            kept.filter(|kept| kept.name() == cookie && kept.life() == life)
                .or_else(|| Sessions::new(cookie, life).map(Arc::new))
        });
        let gss = Gss::open(gss, replays)?;
        Ok(Realm {
            name: name.into(),
            gss,
            rules,
            grants,
            sessions,
            ends_with_ticket,
            front: Arc::new(front),
        })
    }
}

/// The cookie of a realm's sessions. What of its name cannot stand in a cookie's (RFC 6265 section 4.1.1) is
/// percent-encoded, so that no two realms share one.
fn cookie(realm: &str) -> String {
    if realm.is_empty() {
        return COOKIE_PREFIX.to_owned();
    }
    format!("{COOKIE_PREFIX}-{}", utf8_percent_encode(realm, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_realm_has_a_cookie_of_its_own_with_a_name_that_browsers_take() {
        assert_eq!(cookie(""), "__Host-ticketgate");
        assert_eq!(cookie("demo"), "__Host-ticketgate-demo");
        assert_eq!(cookie("a b;c=d"), "__Host-ticketgate-a%20b%3Bc%3Dd");
    }
}
