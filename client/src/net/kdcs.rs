//! The way to a realm's servers: straight to those that krb5.conf or the DNS names, or through a gateway.

mod direct;
mod discovery;
mod gateway;
mod proxy;
mod socket;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use krb::name::RealmName;
use url::Url;

use super::dial::{DialError, Dialler, Trust};
use crate::krb5_conf::{KDC_PORT, KPASSWD_PORT, Krb5Conf, Server};

pub use gateway::Gateway;
pub use proxy::ProxyError;
pub use socket::SocketError;

/// How long one server is waited for after all were asked.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A request for a ticket.
    Ticket,
    /// The same, where a password may have been changed a moment ago: only servers that know it are asked.
    TicketFromPrimary,
    /// A change of a password.
    Password,
}

/// Why nobody answered. Another attempt may succeed unless the settings are at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The server of a URL cannot be reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// Neither krb5.conf nor the DNS names a server of the realm.
    #[error(
        "no {what} of the realm {krb_realm} is known, nor does the DNS name one; name one in [realms] of krb5.conf, or a gateway with --tgg"
    )]
    NoServer {
        /// The realm.
        krb_realm: RealmName,
        /// What was looked for: `KDC` or `kpasswd server`.
        what: &'static str,
    },
    /// A server that stands in front of KDCs answered otherwise than with a message.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// None of the servers answered.
    #[error(
        "no {what} of the realm {krb_realm} answers ({tried}); see that they run, and that [realms] of krb5.conf names the right ones"
    )]
    Silent {
        /// The realm.
        krb_realm: RealmName,
        /// What was asked: `KDC` or `kpasswd server`.
        what: &'static str,
        /// Which servers were asked, and what came of it.
        tried: String,
    },
    /// A gateway's socket did not carry the message.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// What is written as a URL is none.
    #[error("{text} is no URL of a gateway; write https://HOST/KdcProxy, or ws://HOST/ for --tgg")]
    Url {
        /// What is written.
        text: String,
    },
}

/// Asks the servers of realms.
#[derive(Debug)]
pub struct Kdcs {
    gateway: Option<Gateway>,
    dialler: Dialler,
    trust: Trust,
    dns: Option<SocketAddr>,
    patience: Duration,
}

impl Kdcs {
    /// Asks those that krb5.conf names, or the DNS, or a gateway for all realms if there is one.
    ///
    /// `trust` is who may sign the certificates of gateways and proxies.
    #[must_use]
    pub fn new(gateway: Option<Gateway>, trust: Trust) -> Self {
        Self { gateway, dialler: Dialler::new(trust.clone()), trust, dns: None, patience: PATIENCE }
    }

    /// Asks this DNS server in the place of the system's where krb5.conf names no servers and lets the DNS be asked.
    #[must_use]
    pub const fn with_dns(mut self, server: Option<SocketAddr>) -> Self {
        self.dns = server;
        self
    }

    /// Waits so long for a server after all were asked.
    #[must_use]
    pub const fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends one whole message and returns the whole answer.
    ///
    /// # Errors
    ///
    /// Any [`AskError`].
    pub async fn ask(
        &self,
        conf: &Krb5Conf,
        krb_realm: &RealmName,
        purpose: Purpose,
        message: &[u8],
    ) -> Result<Vec<u8>, AskError> {
        if let Some(gateway) = &self.gateway {
            return gateway.ask(&self.dialler, krb_realm, message, self.patience).await;
        }
        let known = self.found(conf, krb_realm, purpose).await?;
        let mut urls = known.servers.iter().filter_map(|server| match server {
            Server::Proxy { url } => Some(url),
            _ => None,
        });
        let hosts: Vec<(&str, u16)> =
            known.servers.iter().filter_map(|server| host(server, purpose)).collect();
        let mut refused = None;
        if !hosts.is_empty() {
            let limit = conf.udp_preference_limit();
            match direct::ask(&hosts, message, purpose, limit, self.patience).await {
                Ok(answer) => return Ok(answer),
                Err(tried) => {
                    let (krb_realm, what) = (krb_realm.clone(), purpose.what());
                    refused = Some(AskError::Silent { krb_realm, what, tried });
                }
            }
        }
        let dialler = match known.anchors.as_slice() {
            [] => None,
            anchors => {
                let trust = anchors.iter().try_fold(self.trust.clone(), |trust, path| trust.also(path))?;
                Some(Dialler::new(trust))
            }
        };
        let dialler = dialler.as_ref().unwrap_or(&self.dialler);
        loop {
            let Some(text) = urls.next() else {
                return Err(refused.unwrap_or_else(|| AskError::NoServer {
                    krb_realm: krb_realm.clone(),
                    what: purpose.what(),
                }));
            };
            let url = Url::parse(text).map_err(|_| AskError::Url { text: text.clone() })?;
            match proxy::ask(dialler, &url, krb_realm, message, self.patience).await {
                Ok(answer) => return Ok(answer),
                Err(error) => refused = Some(error),
            }
        }
    }

    /// The address from which a password change reaches its server, which the message says; any address where a
    /// gateway is in between.
    pub async fn own_address(&self, conf: &Krb5Conf, krb_realm: &RealmName) -> IpAddr {
        let unknown = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        if self.gateway.is_some() {
            return unknown;
        }
        let Ok(known) = self.found(conf, krb_realm, Purpose::Password).await else { return unknown };
        match known.servers.iter().find_map(|server| host(server, Purpose::Password)) {
            Some((name, port)) => direct::own_address(name, port).await.unwrap_or(unknown),
            None => unknown,
        }
    }

    /// Whether krb5.conf names servers that know new passwords before others do.
    #[must_use]
    pub fn has_primary(&self, conf: &Krb5Conf, krb_realm: &RealmName) -> bool {
        self.gateway.is_none() && Self::named(conf, krb_realm, Purpose::TicketFromPrimary).is_ok()
    }

    /// Says goodbye to the gateway, if there is one and it listens so long.
    pub async fn close(&self, patience: Duration) {
        if let Some(gateway) = &self.gateway {
            gateway.close(patience).await;
        }
    }

    /// The servers that krb5.conf names, or else those that the DNS does.
    async fn found(
        &self,
        conf: &Krb5Conf,
        krb_realm: &RealmName,
        purpose: Purpose,
    ) -> Result<Known, AskError> {
        let named = Self::named(conf, krb_realm, purpose);
        if named.is_ok() || !conf.dns_lookup_kdc() {
            return named;
        }
        match discovery::servers(self.dns, krb_realm, purpose).await {
            servers if servers.is_empty() => named,
            servers => Ok(Known { servers, anchors: Vec::new() }),
        }
    }

    fn named(conf: &Krb5Conf, krb_realm: &RealmName, purpose: Purpose) -> Result<Known, AskError> {
        let named = conf.servers(krb_realm.as_str().unwrap_or_default());
        let servers = match purpose {
            Purpose::Ticket => named.kdcs,
            Purpose::TicketFromPrimary => named.primaries,
            Purpose::Password => named.kpasswd,
        };
        if servers.is_empty() {
            return Err(AskError::NoServer { krb_realm: krb_realm.clone(), what: purpose.what() });
        }
        let file = |anchor: &String| PathBuf::from(anchor.strip_prefix("FILE:").unwrap_or(anchor));
        Ok(Known { servers, anchors: named.http_anchors.iter().map(file).collect() })
    }
}

/// What krb5.conf knows of a realm.
struct Known {
    servers: Vec<Server>,
    anchors: Vec<PathBuf>,
}

impl Purpose {
    const fn what(self) -> &'static str {
        match self {
            Self::Ticket | Self::TicketFromPrimary => "KDC",
            Self::Password => "kpasswd server",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Ticket | Self::TicketFromPrimary => KDC_PORT,
            Self::Password => KPASSWD_PORT,
        }
    }
}

fn host(server: &Server, purpose: Purpose) -> Option<(&str, u16)> {
    match server {
        Server::Direct { host, port } => Some((host, port.unwrap_or(purpose.port()))),
        Server::Proxy { .. } => None,
    }
}
