//! The flags that every mode has in common: where it listens, with which certificate, for whom, how long.

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

use bytes::Bytes;
use clap::Args as ClapArgs;

use crate::{
    gateway::{Access, Door, HallSettings, Kind, Serves, ServiceSettings, Settings, realms},
    hall::Offloaders,
    limits::{Allowed, Timeouts},
    pages::{OriginError, Pages, Visitors},
    router::{Manner, Place, Takes},
    tls,
};

/// Octets of a request head: Heimdal's holds a whole Kerberos message in base64.
const MAX_HEAD: usize = 200 * 1024;
/// TLS handshakes in progress. Each takes the processor for about a millisecond, so that more would only be late.
const MAX_HANDSHAKES: usize = 1000;

/// Flags for the front of a gateway.
#[derive(ClapArgs, Clone, Debug)]
// Its name would be that of the flags that it is a part of.
#[group(skip)]
pub struct Args {
    /// Address for HTTP and WebSocket; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = address, required = true)]
    listen: Option<SocketAddr>,
    /// Serve what this gateway-config.xml says, as `run` does, instead of what flags say
    #[arg(long, value_name = "FILE", exclusive = true)]
    config: Option<PathBuf>,
    /// PEM file of certificates, the server's own first; read again on SIGHUP
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the private key
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Origin of pages that may use the gateway beside its own; * allows all
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Seconds that a connection may idle, or take nothing of an answer
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
}

impl Args {
    /// The configuration that is served in place of flags.
    #[must_use]
    pub const fn config(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    /// Without a configuration it is there.
    fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

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

    /// Whether what passes on the way to a peer can be read there: no TLS, and an address that others reach.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.tls_cert.is_none() && !self.listen().ip().is_loopback()
    }

    /// The settings that the flags come to: one service at every host and path of one address.
    ///
    /// # Errors
    ///
    /// [`OriginError`].
    pub fn settings(
        &self,
        name: &str,
        kind: Kind,
        realm: Option<(realms::Settings, Vec<String>)>,
    ) -> Result<Settings, OriginError> {
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        let tls = tls.map(|(certificate, key)| tls::Settings::from(tls::Files { certificate, key }));
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        let door = Door { scheme, place: Place::everywhere(), takes: Takes::All, service: 0 };
        let (realms, access) = match realm {
            Some((realm, required)) => (vec![realm], Access::Of(0, required)),
            None => (Vec::new(), Access::Everybody),
        };
        let visitors = if realms.is_empty() { Visitors::Strangers } else { Visitors::Known };
        let service = ServiceSettings {
            name: name.to_owned(),
            access,
            pages: Pages::listed(self.allow_origin.clone(), visitors)?,
            authorities: Vec::new(),
            manner: Manner::default(),
            tickets_from: Vec::new(),
            kind,
        };
        let hall = HallSettings {
            is_secure: tls.is_some(),
            tls,
            ..self.hall(self.listen(), Serves::Web(vec![door]))
        };
        let allowed = Allowed {
            connections: self.max_connections.get(),
            connections_per_peer: self.peer_connections,
            handshakes: MAX_HANDSHAKES,
            in_flight_per_peer: self.peer_requests,
            peer_rate: self.peer_rate,
        };
        Ok(Settings {
            halls: vec![hall],
            allowed: vec![allowed],
            room: usize::MAX,
            realms,
            services: vec![service],
            drain: self.drain_timeout,
            files: Vec::new(),
            shown: Bytes::new(),
        })
    }

    /// An address without TLS, under the limits of the flags.
    #[must_use]
    pub fn hall(&self, listen: SocketAddr, serves: Serves) -> HallSettings {
        HallSettings {
            listen,
            serves,
            tls: None,
            is_secure: false,
            allowed: 0,
            timeouts: Timeouts { idle: self.idle_timeout, message: self.message_timeout },
            max_head: MAX_HEAD,
            rate: None,
            offloaders: Offloaders::default(),
        }
    }
}

/// Reads an address as `--listen` takes it.
///
/// # Errors
///
/// How to write one.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| "write it as HOST:PORT, with IPv6 addresses in brackets".to_owned())
}

/// Reads seconds as `--idle-timeout` takes them.
///
/// # Errors
///
/// How to write them.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|seconds| !seconds.is_zero() && *seconds <= Duration::from_secs(86_400))
        .ok_or_else(|| "write it as seconds above 0 and up to 86400, such as 9 or 0.5".to_owned())
}
