//! `ticketgate tgg`: from flags to settings.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _},
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

use crate::{
    gateway::Settings,
    kdc::resolve::Lookup,
    limits::{Allowed, Timeouts},
    router::{OriginError, Origins},
    tls,
};

/// The flags of `tgg`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Address for HTTP and WebSocket; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: SocketAddr,
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
    /// PEM file of certificates, the server's own first; read again on SIGHUP
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the private key
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Origin of pages that may use the gateway beside its own; * allows all
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
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
    /// Seconds that a connection may idle
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    idle_timeout: Duration,
    /// Seconds from the first octet of a message to its last
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    message_timeout: Duration,
    /// Seconds that open connections may go on after SIGTERM
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    drain_timeout: Duration,
    /// Threads that serve; without it one for each processor with TLS, and one without
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Connections in all
    #[arg(long, value_name = "N", default_value = "20000")]
    max_connections: NonZeroUsize,
    /// Connections of one peer; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    peer_connections: usize,
    /// Requests of one peer in flight; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 500)]
    peer_requests: usize,
    /// Requests of one peer a second, twice as many at once; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 500)]
    peer_rate: u32,
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
    /// How many threads serve.
    ///
    /// One relays more than any KDC answers, and with a second one each exchange pays for waking it. TLS
    /// handshakes are what more processors are good for.
    #[must_use]
    pub fn threads(&self) -> NonZeroUsize {
        let default = || match self.tls_cert {
            Some(_) => std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            None => NonZeroUsize::MIN,
        };
        self.threads.unwrap_or_else(default)
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
        let tls = self.tls_cert.zip(self.tls_key).map(|(certificate, key)| tls::Files { certificate, key });
        Ok(Settings {
            listen: self.listen,
            listen_raw: self.listen_raw,
            tls,
            realms,
            lookup: Lookup {
                dns_server: self.dns_server,
                networks: Networks { named: self.kdc_network },
                ports: self.kdc_port,
            },
            origins: Origins::new(self.allow_origin)?,
            allowed: Allowed {
                connections: self.max_connections.get(),
                connections_per_peer: self.peer_connections,
                in_flight_per_peer: self.peer_requests,
                peer_rate: self.peer_rate,
                principal_rate: self.principal_rate,
            },
            timeouts: Timeouts { idle: self.idle_timeout, message: self.message_timeout },
            deadline: self.deadline,
            drain: self.drain_timeout,
        })
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

fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| "write it as HOST:PORT, with IPv6 addresses in brackets".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|seconds| !seconds.is_zero() && *seconds <= Duration::from_secs(86_400))
        .ok_or_else(|| "write it as seconds above 0 and up to 86400, such as 9 or 0.5".to_owned())
}
