//! `ticketgate tgg`: from flags to settings.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::Args as ClapArgs;
use tgg::{
    network::{Network, Networks},
    routes::{Host, KDC_PORT, KPASSWD_PORT, KrbRealm, Server},
};

use super::web::{self, address, seconds};
use crate::{
    gateway::{Kind, Serves, Settings, granting::Granting},
    hall::Carriers,
    kdc::resolve::Lookup,
    pages::OriginError,
};

/// The flags of `tgg`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    web: web::Args,
    /// Address for Kerberos over TCP and UDP, under the same policy
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen_raw: Option<SocketAddr>,
    /// A realm and its KDCs, in the order to ask them, such as TGG.TEST=kdc1,kdc2:1088
    #[arg(long, value_name = "REALM=HOST[:PORT],...")]
    kdc: Vec<RealmServers>,
    /// A realm and its password servers, such as TGG.TEST=kdc1
    #[arg(long, value_name = "REALM=HOST[:PORT],...")]
    kpasswd: Vec<RealmServers>,
    /// A realm whose KDCs and password servers are looked up in the DNS (URI and SRV records)
    #[arg(long, value_name = "REALM")]
    discover: Vec<String>,
    /// Network where looked-up servers may be; without any: everywhere but this host and its link
    #[arg(long, value_name = "CIDR")]
    kdc_network: Vec<Network>,
    /// Port that discovered servers may have beside 88 and 464
    #[arg(long, value_name = "PORT")]
    kdc_port: Vec<u16>,
    /// DNS server to ask instead of the system's
    #[arg(long, value_name = "ADDR", value_parser = address)]
    dns_server: Option<SocketAddr>,
    /// Seconds until an exchange with a realm's KDCs is given up; MIT clients go elsewhere after 10
    #[arg(long, value_name = "SECONDS", default_value = "9", value_parser = seconds)]
    deadline: Duration,
    /// AS requests for one principal a second, ten times as many at once; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 5)]
    principal_rate: u32,
}

/// Why flags that are each sound cannot be used together. The operator's fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A password server without a KDC.
    #[error("--kpasswd names a realm that no --kdc or --discover names")]
    KpasswdAlone,
    /// No realm at all.
    #[error("no realm is served; name one with --kdc REALM=HOST or --discover REALM")]
    NoRealm,
    /// An origin that is none.
    #[error("--allow-origin: {0}")]
    Origin(#[from] OriginError),
}

impl Args {
    /// The configuration that is served in place of flags.
    #[must_use]
    pub const fn config(&self) -> Option<&PathBuf> {
        self.web.config()
    }

    /// How many threads serve.
    #[must_use]
    pub fn threads(&self) -> NonZeroUsize {
        self.web.threads()
    }

    /// The settings that the flags come to.
    ///
    /// # Errors
    ///
    /// Any [`SettingsError`].
    pub fn settings(self) -> Result<Settings, SettingsError> {
        let mut realms: Vec<KrbRealm> = Vec::new();
        for RealmServers { krb_realm, servers } in self.kdc {
            realms.push(KrbRealm {
                name: krb_realm,
                kdcs: with_port(servers, KDC_PORT),
                ..KrbRealm::default()
            });
        }
        for name in self.discover {
            realms.push(KrbRealm { name, discover: true, ..KrbRealm::default() });
        }
        if realms.is_empty() {
            return Err(SettingsError::NoRealm);
        }
        for RealmServers { krb_realm, servers } in self.kpasswd {
            let realm = realms
                .iter_mut()
                .find(|realm| realm.name.eq_ignore_ascii_case(&krb_realm))
                .ok_or(SettingsError::KpasswdAlone)?;
            realm.kpasswds.extend(with_port(servers, KPASSWD_PORT));
        }
        let granting = Granting {
            realms,
            principal_rate: self.principal_rate,
            lookup: Lookup {
                dns_server: self.dns_server,
                networks: Networks { named: self.kdc_network },
                ports: self.kdc_port,
            },
            deadline: self.deadline,
        };
        let mut settings = self.web.settings("tgg", Kind::Granting(granting), None)?;
        settings
            .halls
            .extend(self.listen_raw.map(|listen| self.web.hall(listen, Serves::Raw(0, Carriers::Both))));
        Ok(settings)
    }
}

fn with_port(servers: Vec<(Host, Option<u16>)>, default: u16) -> Vec<Server> {
    servers.into_iter().map(|(host, port)| Server { host, port: port.unwrap_or(default) }).collect()
}

/// A realm and its servers, as [`RealmServersError`] says how to write them.
#[derive(Clone, Debug, Eq, PartialEq)]
struct RealmServers {
    krb_realm: String,
    servers: Vec<(Host, Option<u16>)>,
}

/// Why text is not a realm and its servers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write it as REALM=HOST[:PORT][,HOST...], with IPv6 addresses in brackets")]
struct RealmServersError;

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
