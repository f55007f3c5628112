//! One bound address while it is served: what stands behind it can be exchanged, and open connections go on.

use std::{net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    forwarded::Trusted,
    instruments::Instruments,
    limits::{Limits, Timeouts},
    metrics::ListenerMetrics,
    router::{Hosted, Routes},
    service::kerberos5_proxy::Kerberos5Proxy,
    sessions::Sessions,
    throttle::Rate,
    tls::ServerTls,
};

/// An address, and what is to stand behind it.
#[derive(Debug)]
pub struct Post {
    /// The address as it is configured; its port may be 0.
    pub listen: SocketAddr,
    /// What stands behind it.
    pub front: Front,
}

/// What stands behind an address.
#[derive(Debug)]
pub struct Front {
    /// What is served.
    pub serves: Serves,
    /// With TLS, if it is.
    pub tls: Option<Arc<ServerTls>>,
    /// `http` or `https`, as clients see it.
    pub scheme: &'static str,
    /// Counts peers.
    pub limits: Arc<Limits>,
    /// How long peers are waited for.
    pub timeouts: Timeouts,
    /// Octets of a request head.
    pub max_head: usize,
    /// Octets a second to one client.
    pub rate: Option<Rate>,
    /// Proxies in front of the gateway.
    pub offloaders: Offloaders,
    /// How it is announced.
    pub lines: Vec<Line>,
}

/// The proxies that stand in front of an address, and what is believed of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Offloaders {
    /// Where they are.
    pub trusted: Trusted,
    /// Whether they say whom they speak for in a PROXY protocol header, and nobody else connects.
    pub proxy_protocol: bool,
    /// Whether they say it in `Forwarded` and its like.
    pub forwarded: bool,
}

/// What is served at an address.
#[derive(Debug)]
pub enum Serves {
    /// Kerberos without the web.
    Raw {
        /// Who relays.
        service: Arc<Kerberos5Proxy>,
        /// Over what.
        over: Carriers,
    },
    /// A stream of octets, that a proxy passes on.
    Octets(Arc<Hosted>),
    /// HTTP and WebSocket.
    Web(Routes),
}

/// What carries octets to an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carriers {
    /// Connections and datagrams.
    Both,
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Serves {
    /// What carries it.
    #[must_use]
    pub const fn carried_by(&self) -> Carriers {
        match self {
            Self::Raw { over, .. } => *over,
            Self::Octets(_) | Self::Web(_) => Carriers::Tcp,
        }
    }
}

/// How a way in is announced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// The service.
    pub name: Arc<str>,
    /// What it is spoken with.
    pub scheme: &'static str,
    /// Its path; none where there are no paths.
    pub path: String,
}

impl Line {
    /// The announcement at a bound address.
    #[must_use]
    pub fn at(&self, bound: SocketAddr) -> String {
        format!("listening {} {}://{bound}{}", self.name, self.scheme, self.path)
    }
}

/// A bound address.
#[derive(Debug)]
pub struct Hall {
    /// Where it is bound.
    pub bound: SocketAddr,
    /// Where it is counted.
    pub metrics: Arc<ListenerMetrics>,
    /// What is open in the whole gateway.
    pub sessions: Arc<Sessions>,
    /// What stands behind it now.
    pub front: ArcSwap<Front>,
    /// Says that this address is no longer served, or that the gateway goes down.
    pub closing: CancellationToken,
    /// Says that the gateway goes down.
    pub draining: CancellationToken,
    /// Counts what still runs.
    pub tasks: TaskTracker,
}

impl Hall {
    /// One that is about to be served.
    #[must_use]
    pub fn new(
        bound: SocketAddr,
        front: Front,
        instruments: &Instruments,
        tasks: TaskTracker,
        draining: CancellationToken,
    ) -> Self {
        let closing = draining.child_token();
        let metrics = instruments.metrics.listener(&bound.to_string());
        let sessions = Arc::clone(&instruments.sessions);
        Self { bound, metrics, sessions, front: ArcSwap::from_pointee(front), closing, draining, tasks }
    }

    /// What stands behind it now.
    #[must_use]
    pub fn front(&self) -> arc_swap::Guard<Arc<Front>> {
        self.front.load()
    }

    /// Has something else stand behind it from now on.
    pub fn replace(&self, front: Front) {
        self.front.store(Arc::new(front));
    }

    /// How it is announced.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.front.load().lines.iter().map(|line| line.at(self.bound)).collect()
    }
}
