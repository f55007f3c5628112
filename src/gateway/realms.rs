//! Realms: who can be told apart, built from settings.

use std::{sync::Arc, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::StartError;
use crate::realm::{
    COOKIE_PREFIX, Lease, Realm,
    attempts::Attempts,
    chain::{Chain, Link, Success},
    credentials::Sources,
    gss,
    kept::Kept,
    module,
    roles::Grants,
    scheme::Scheme,
    session::{Lasts, Sessions},
};

/// What a realm is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name; empty for the one that needs none.
    pub name: String,
    /// How clients are asked.
    pub scheme: Scheme,
    /// Where credentials are looked for beside the Authorization field.
    pub sources: Sources,
    /// Who judges them, in this order.
    pub modules: Vec<Judge>,
    /// Who has which roles.
    pub grants: Grants,
    /// How long a cookie spares further logins, if one does.
    pub session: Option<Lasts>,
    /// Failed logins of one peer in five minutes; 0 allows any number.
    pub failed_logins: u32,
    /// What bounds a login.
    pub lease: Lease,
    /// In which a login must be judged.
    pub patience: Duration,
}

/// A login module in its chain.
#[derive(Clone, Debug)]
pub struct Judge {
    /// What it is made of.
    pub module: module::Settings,
    /// What its judgement means for the others.
    pub success: Success,
    /// Whether the log always says how it judged.
    pub debug: bool,
}

impl Settings {
    /// Reads what the realm needs. Sessions of the realm that it was `before` stay good, and failed logins count.
    pub(super) fn open(self, kept: &Kept, before: Option<&Realm>) -> Result<Realm, StartError> {
        let Self { name, scheme, sources, modules, grants, session, failed_logins, lease, patience } = self;
        let cookie = cookie(&name);
        let known = before.and_then(|before| before.sessions.clone());
        let sessions = session.and_then(|lasts| {
            let now = gss::utc().seconds();
            known
                .filter(|known| known.name() == cookie && known.lasts() == lasts)
                .or_else(|| Sessions::new(cookie, lasts, now).map(Arc::new))
        });
        let attempts = before.map(|before| Arc::clone(&before.attempts));
        let attempts = attempts
            .filter(|attempts| attempts.allowed() == failed_logins)
            .unwrap_or_else(|| Arc::new(Attempts::new(failed_logins)));
        let mut links = Vec::new();
        for Judge { module, success, debug } in modules {
            links.push(Link { module: module.open(kept)?, success, debug });
        }
        let chain = Chain::new(links).with_patience(patience);
        let name = name.into();
        Ok(Realm { name, scheme, sources, chain, grants, sessions, attempts, lease })
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
