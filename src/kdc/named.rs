//! A realm and its servers as operators write them in one word, on the command line and in the configuration.

use std::{
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use tgg::routes::{Host, Server};

/// A realm and its servers, as [`RealmServersError`] says how to write them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RealmServers {
    /// The realm.
    pub krb_realm: String,
    servers: Vec<(Host, Option<u16>)>,
}

/// Why text is not a realm and its servers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write it as REALM=HOST[:PORT][,HOST...], with IPv6 addresses in brackets")]
pub struct RealmServersError;

impl RealmServers {
    /// The servers in their order, at this port where none is written.
    #[must_use]
    pub fn at(&self, port: u16) -> Vec<Server> {
        let server =
            |(host, own): &(Host, Option<u16>)| Server { host: host.clone(), port: own.unwrap_or(port) };
        self.servers.iter().map(server).collect()
    }
}

impl FromStr for RealmServers {
    type Err = RealmServersError;

    fn from_str(text: &str) -> Result<Self, RealmServersError> {
        let (krb_realm, servers) = text.split_once('=').ok_or(RealmServersError)?;
        if krb_realm.is_empty() {
            return Err(RealmServersError);
        }
        let servers = servers.split(',').map(server).collect::<Option<_>>().ok_or(RealmServersError)?;
        Ok(Self { krb_realm: krb_realm.to_owned(), servers })
    }
}

fn server(text: &str) -> Option<(Host, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']')?;
            let address: IpAddr = address.parse().ok()?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
            (Host::Address(address), port)
        }
        None => {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            (host_of(host)?, port)
        }
    };
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
        None => None,
    };
    Some((host, port))
}

fn host_of(text: &str) -> Option<Host> {
    if let Ok(address) = text.parse() {
        return Some(Host::Address(address));
    }
    // Who writes localhost names this host, so its addresses need no permission.
    if text.eq_ignore_ascii_case("localhost") {
        return Some(Host::Address(Ipv4Addr::LOCALHOST.into()));
    }
    let sound = !text.is_empty()
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_'));
    sound.then(|| Host::Name(text.to_owned()))
}
