//! What a client takes from krb5.conf: its realm, where the realm's servers are,
//! and what its tickets should be like.
//!
//! Files are read elsewhere; this takes their text. Settings that are not asked
//! for here are passed over, as all programs do that share the file.

mod duration;
mod enctypes;
pub mod profile;
mod server;

use std::time::Duration;

use krb::crypto::Enctype;

use profile::{Fault, Item, MAX_RELATIONS, Relation};

pub use duration::duration;
pub use enctypes::enctypes;
pub use server::{KDC_PORT, KPASSWD_PORT, Server};

/// The settings of all files, in the order in which they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Krb5Conf {
    relations: Vec<Relation>,
    /// Paths below which nothing is taken from the files that follow.
    finals: Vec<Vec<String>>,
}

/// Why a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Krb5ConfError {
    /// A line is none of the format.
    #[error("line {line}: {fault}")]
    Syntax {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// There is more than anybody writes.
    #[error(
        "it is longer than {} octets, or has more than {MAX_RELATIONS} settings; is it a krb5.conf?",
        profile::MAX_LENGTH
    )]
    TooLong,
}

/// Where a realm's servers are, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RealmServers {
    /// Those that give tickets.
    pub kdcs: Vec<Server>,
    /// Of those the ones that know new passwords first (`primary_kdc`,
    /// `master_kdc`).
    pub primaries: Vec<Server>,
    /// Those that change passwords. Where none is named they run beside the
    /// administration server, on [`KPASSWD_PORT`].
    pub kpasswd: Vec<Server>,
    /// Files or directories with the authorities to trust for URLs, as they are
    /// written: `FILE:/etc/x.pem`, `DIR:/etc/x`.
    pub http_anchors: Vec<String>,
}

impl Krb5Conf {
    /// Appends what a file says; [`Item::Include`] and [`Item::IncludeDir`] are for
    /// whoever can read files.
    ///
    /// # Errors
    ///
    /// [`Krb5ConfError::TooLong`] if all files together have too many settings.
    pub fn append(&mut self, items: Vec<Item>) -> Result<(), Krb5ConfError> {
        // What a file calls final it may still add to itself.
        let mut finals = Vec::new();
        for item in items {
            match item {
                Item::Relation(relation) if self.takes(&relation) => self.relations.push(relation),
                Item::Final(path) => finals.push(path),
                _ => {}
            }
        }
        self.finals.append(&mut finals);
        if self.relations.len() > MAX_RELATIONS || self.finals.len() > MAX_RELATIONS {
            return Err(Krb5ConfError::TooLong);
        }
        Ok(())
    }

    fn takes(&self, relation: &Relation) -> bool {
        let is_closed = self.finals.iter().any(|path| relation.path.starts_with(path));
        let is_said = || self.relations.iter().any(|known| known.is_final && known.path == relation.path);
        !is_closed && !is_said()
    }

    /// The realm of who names none.
    #[must_use]
    pub fn default_realm(&self) -> Option<&str> {
        self.value(&["libdefaults", "default_realm"])
    }

    /// The realm of a host, by its name and then by the domains it is in
    /// (`[domain_realm]`); `None` where the KDCs are to know it.
    #[must_use]
    pub fn realm_of_host(&self, host: &str) -> Option<&str> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut name = host.as_str();
        loop {
            if let Some(krb_realm) = self.value(&["domain_realm", name]) {
                return Some(krb_realm);
            }
            name = match name.strip_prefix('.') {
                // `.example.com` is for what is below it, `example.com` for both.
                Some(bare) => bare,
                None => name.get(name.find('.')?..)?,
            };
        }
    }

    /// Where the servers of a realm are.
    #[must_use]
    pub fn servers(&self, krb_realm: &str) -> RealmServers {
        let named = |tag: &str| {
            let path = ["realms", krb_realm, tag];
            self.values(&path).flat_map(str::split_whitespace).filter_map(Server::read).collect::<Vec<_>>()
        };
        let mut kpasswd = named("kpasswd_server");
        if kpasswd.is_empty() {
            kpasswd = named("admin_server");
            for server in &mut kpasswd {
                if let Server::Direct { port, .. } = server {
                    *port = None;
                }
            }
        }
        let mut primaries = named("primary_kdc");
        if primaries.is_empty() {
            primaries = named("master_kdc");
        }
        RealmServers {
            kdcs: named("kdc"),
            primaries,
            kpasswd,
            http_anchors: self.values(&["realms", krb_realm, "http_anchors"]).map(str::to_owned).collect(),
        }
    }

    /// Whether the DNS may be asked where a realm's servers are. By default it may.
    #[must_use]
    pub fn dns_lookup_kdc(&self) -> bool {
        let own = self.boolean(&["libdefaults", "dns_lookup_kdc"]);
        own.or_else(|| self.boolean(&["libdefaults", "dns_fallback"])).unwrap_or(true)
    }

    /// Whether the KDC's clock is followed where this host's is another. By default
    /// it is.
    #[must_use]
    pub fn kdc_timesync(&self) -> bool {
        let path = ["libdefaults", "kdc_timesync"];
        let number = self.value(&path).and_then(|value| value.parse::<i64>().ok());
        number.map_or_else(|| self.boolean(&path).unwrap_or(true), |number| number != 0)
    }

    /// Requests of more octets go over TCP at once, 1465 by default.
    #[must_use]
    pub fn udp_preference_limit(&self) -> usize {
        let value = self.value(&["libdefaults", "udp_preference_limit"]);
        // The greatest that MIT's library takes.
        value.and_then(|value| value.parse().ok()).unwrap_or(1465).min(32_700)
    }

    /// The name of the credential cache, as it is written: with `FILE:` or another
    /// kind in front and with `%{uid}` and its like.
    #[must_use]
    pub fn default_ccache_name(&self) -> Option<&str> {
        self.value(&["libdefaults", "default_ccache_name"])
    }

    /// The enctypes to ask ticket-granting tickets with, best first.
    #[must_use]
    pub fn tkt_enctypes(&self) -> Vec<Enctype> {
        self.enctypes("default_tkt_enctypes")
    }

    /// The enctypes to ask service tickets with, best first.
    #[must_use]
    pub fn tgs_enctypes(&self) -> Vec<Enctype> {
        self.enctypes("default_tgs_enctypes")
    }

    fn enctypes(&self, tag: &str) -> Vec<Enctype> {
        let list = |tag: &str| self.value(&["libdefaults", tag]).map(enctypes);
        let permitted = list("permitted_enctypes").unwrap_or_else(|| Enctype::ALL.to_vec());
        match list(tag) {
            Some(wanted) => wanted.into_iter().filter(|enctype| permitted.contains(enctype)).collect(),
            None => permitted,
        }
    }

    /// Whether tickets of a realm's clients should be forwardable. Not by default.
    #[must_use]
    pub fn forwardable(&self, krb_realm: &str) -> bool {
        self.libdefault(krb_realm, "forwardable").and_then(boolean).unwrap_or(false)
    }

    /// Whether tickets of a realm's clients should be proxiable. Not by default.
    #[must_use]
    pub fn proxiable(&self, krb_realm: &str) -> bool {
        self.libdefault(krb_realm, "proxiable").and_then(boolean).unwrap_or(false)
    }

    /// Whether the KDC may answer with other names than were asked for. Not by
    /// default.
    #[must_use]
    pub fn canonicalize(&self, krb_realm: &str) -> bool {
        self.libdefault(krb_realm, "canonicalize").and_then(boolean).unwrap_or(false)
    }

    /// How long tickets of a realm's clients should live, if that is set.
    #[must_use]
    pub fn ticket_lifetime(&self, krb_realm: &str) -> Option<Duration> {
        self.libdefault(krb_realm, "ticket_lifetime").and_then(duration)
    }

    /// How long tickets of a realm's clients should be renewable, if that is set and
    /// is not 0.
    #[must_use]
    pub fn renew_lifetime(&self, krb_realm: &str) -> Option<Duration> {
        self.libdefault(krb_realm, "renew_lifetime").and_then(duration).filter(|lifetime| !lifetime.is_zero())
    }

    /// A setting of `[libdefaults]`, first one that stands there for this realm.
    fn libdefault(&self, krb_realm: &str, tag: &str) -> Option<&str> {
        self.value(&["libdefaults", krb_realm, tag]).or_else(|| self.value(&["libdefaults", tag]))
    }

    fn boolean(&self, path: &[&str]) -> Option<bool> {
        self.value(path).and_then(boolean)
    }

    /// The first value of a path.
    fn value(&self, path: &[&str]) -> Option<&str> {
        self.values(path).next()
    }

    fn values(&self, path: &[&str]) -> impl Iterator<Item = &str> {
        let found = self.relations.iter().filter(move |relation| relation.path == *path);
        found.map(|relation| relation.value.as_str())
    }
}

/// As the profile library has it.
fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "t" | "1" | "on" => Some(true),
        "n" | "no" | "false" | "nil" | "0" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
