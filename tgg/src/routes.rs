//! Which Kerberos realms are served, and by which servers.
//!
//! What a peer names chooses among these and never adds to them: a realm that is not listed is not looked
//! up anywhere (CVE-2025-59088 was the opposite).

use core::net::IpAddr;

/// Where the KDC listens unless configured otherwise (RFC 4120 section 7.2.1).
pub const KDC_PORT: u16 = 88;
/// Where the password server listens unless configured otherwise (RFC 3244 section 2).
pub const KPASSWD_PORT: u16 = 464;

/// The name of a realm that stands for all that are not named: a KDC is asked about whatever its clients name, as
/// where a gateway has one KDC behind one path and no realm is configured. Nothing is ever looked up for it.
pub const ANY_REALM: &str = "*";

/// A server as the operator named it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Host {
    /// An address, which is thereby allowed.
    Address(IpAddr),
    /// A name, whose addresses are judged when it is resolved.
    Name(String),
}

/// One KDC or password server of the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// Its host.
    pub host: Host,
    /// Its port, for UDP and TCP.
    pub port: u16,
}

/// What a server is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Tickets.
    Kdc,
    /// Password changes.
    Kpasswd,
}

impl Purpose {
    /// The port that needs no naming.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Kdc => KDC_PORT,
            Self::Kpasswd => KPASSWD_PORT,
        }
    }
}

/// A Kerberos realm and its servers, in the operator's order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KrbRealm {
    /// Its name, as the operator wrote it.
    pub name: String,
    /// Its KDCs.
    pub kdcs: Vec<Server>,
    /// Its password servers. None: password changes are refused, unless they are discovered.
    pub kpasswds: Vec<Server>,
    /// Whether its servers are also looked up in the DNS.
    pub discover: bool,
}

impl KrbRealm {
    /// Its servers for one purpose.
    #[must_use]
    pub fn servers(&self, purpose: Purpose) -> &[Server] {
        match purpose {
            Purpose::Kdc => &self.kdcs,
            Purpose::Kpasswd => &self.kpasswds,
        }
    }
}

/// All realms that are served.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Routes {
    realms: Vec<KrbRealm>,
}

impl Routes {
    /// These realms. Names that differ only in case are one realm: their servers are put together.
    #[must_use]
    pub fn new(realms: impl IntoIterator<Item = KrbRealm>) -> Self {
        let mut routes = Self::default();
        for realm in realms {
            match routes.realms.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&realm.name)) {
                Some(known) => {
                    known.kdcs.extend(realm.kdcs);
                    known.kpasswds.extend(realm.kpasswds);
                    known.discover |= realm.discover;
                }
                None => routes.realms.push(realm),
            }
        }
        routes
    }

    /// All realms, each at its place.
    #[must_use]
    pub fn realms(&self) -> &[KrbRealm] {
        &self.realms
    }

    /// The place of the realm of this name, or else of [`ANY_REALM`]. Case does not matter: Windows clients send
    /// either.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        let place = |name: &[u8]| {
            self.realms.iter().position(|realm| realm.name.as_bytes().eq_ignore_ascii_case(name))
        };
        place(name).or_else(|| place(ANY_REALM.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(name: &str, port: u16) -> KrbRealm {
        KrbRealm {
            name: name.into(),
            kdcs: vec![Server { host: Host::Name("kdc".into()), port }],
            ..KrbRealm::default()
        }
    }

    #[test]
    fn a_realm_is_found_in_any_case_and_only_whole() {
        let routes = Routes::new([realm("TGG.TEST", 88)]);
        assert_eq!(routes.find(b"tgg.test"), Some(0));
        for other in [&b""[..], b"TGG", b"TGG.TEST.", b"A.TGG.TEST", b"TGG.TEST\0"] {
            assert_eq!(routes.find(other), None);
        }
    }

    #[test]
    fn a_realm_that_is_not_named_is_found_only_where_any_is_served() {
        let routes = Routes::new([realm("*", 1), realm("A.TEST", 2)]);
        assert_eq!((routes.find(b"a.test"), routes.find(b"B.TEST")), (Some(1), Some(0)));
        assert_eq!(Routes::new([realm("A.TEST", 2)]).find(b"*"), None);
    }

    #[test]
    fn a_realm_named_twice_has_the_servers_of_both_in_order() {
        let routes = Routes::new([realm("A.TEST", 1), realm("B.TEST", 2), realm("a.test", 3)]);
        assert_eq!(routes.realms().len(), 2);
        let ports: Vec<_> = routes.realms()[0].kdcs.iter().map(|server| server.port).collect();
        assert_eq!(ports, [1, 3]);
    }
}
