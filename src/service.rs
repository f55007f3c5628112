//! The kinds of service: what happens to a request once it is known which service it is for.

pub mod broadcast;
pub mod directory;
pub mod echo;
pub mod kerberos5_proxy;
pub mod kkdcp;
pub mod management;
pub mod proxy;
pub mod raw;
pub mod redirect;
pub mod relay;
pub mod socket;
pub mod upstream;
pub mod ways;

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use self::{
    broadcast::Broadcast,
    directory::Directory,
    echo::Echo,
    kerberos5_proxy::Kerberos5Proxy,
    management::Management,
    proxy::{Joined, Proxy},
    redirect::Redirect,
    relay::{Bounds, Protocol},
    socket::Ended,
};
use crate::{
    limits::{Peer, Timeouts},
    notice::Notice,
    record::{Via, visit::Visit},
    sessions::Octets,
    term::Term,
};

/// What a service does.
#[derive(Clone, Debug)]
pub enum Service {
    /// Hands what a publisher sends to all clients.
    Broadcast(Broadcast),
    /// Serves files.
    Directory(Arc<Directory>),
    /// Sends messages back.
    Echo(Echo),
    /// Relays Kerberos to KDCs.
    Kerberos5Proxy(Arc<Kerberos5Proxy>),
    /// Shows operators what happens.
    Management(Arc<Management>),
    /// Passes on to back ends.
    Proxy(Arc<Proxy>),
    /// Sends clients elsewhere.
    Redirect(Arc<Redirect>),
}

impl Service {
    /// Whether it has sockets in which clients may play the handshake before they are let in.
    #[must_use]
    pub fn takes_handshake(&self) -> bool {
        match self {
            Self::Broadcast(_) | Self::Echo(_) | Self::Kerberos5Proxy(_) => true,
            Self::Proxy(proxy) => proxy.ends_sockets(),
            Self::Directory(_) | Self::Management(_) | Self::Redirect(_) => false,
        }
    }
}

/// A socket that ends in the gateway.
#[derive(Debug)]
pub struct Own {
    /// What happens on it.
    pub service: Kept,
    /// Octets of its longest message.
    pub max_message: usize,
    /// How long nothing may come.
    pub inactivity: Option<Duration>,
    /// When the pass ends that it was opened with.
    pub ends: Term,
    /// Its record.
    pub visit: Visit,
}

/// What happens on a socket that ends in the gateway.
#[derive(Clone, Debug)]
pub enum Kept {
    /// What a publisher sends comes.
    Broadcast(Broadcast),
    /// Messages come back.
    Echo(Echo),
}

impl Own {
    fn serve<I>(self, io: I, early: Bytes, message: Duration, notice: Notice, octets: Arc<Octets>) -> Served
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { service, max_message, inactivity, ends, visit } = self;
        let bounds = socket::Bounds { ends, inactivity, message, max_message, notice, octets };
        match service {
            Kept::Broadcast(broadcast) => {
                Box::pin(async move { ended(broadcast.serve(io, early, &bounds).await, visit) })
            }
            Kept::Echo(echo) => Box::pin(async move { ended(echo.serve(io, early, &bounds).await, visit) }),
        }
    }
}

/// Takes note of the end of a socket, and says why in a word.
fn ended(ended: Ended, mut visit: Visit) -> &'static str {
    visit.octets_in.store(ended.octets_in, Ordering::Relaxed);
    visit.octets_out = ended.octets_out;
    visit.parted(ended.why.word());
    ended.why.word()
}

/// A socket while it is served. It ends with the reason why, in a word.
///
/// Boxed for each kind of its own: no socket keeps room for what others need.
pub type Served = Pin<Box<dyn Future<Output = &'static str> + Send>>;

/// A socket whose answer 101 is on its way, and what happens on it then.
#[derive(Debug)]
pub enum Socket {
    /// It ends in the gateway.
    Own(Box<Own>),
    /// It is joined with a back end.
    Joined(Box<Joined>),
    /// It carries Kerberos.
    Relay {
        /// Who relays.
        service: Arc<Kerberos5Proxy>,
        /// In which form.
        protocol: Protocol,
        /// For the record.
        via: Via,
        /// When the pass ends that it was opened with.
        ends: Term,
        /// Octets of its longest message.
        max_message: usize,
        /// How long nothing may come, if that is another time than between two requests.
        inactivity: Option<Duration>,
    },
}

impl Socket {
    /// Serves the socket until it ends. `early` is what the client sent behind its request; `octets` are told what
    /// passes.
    #[must_use]
    pub fn serve<I>(
        self,
        io: I,
        early: Bytes,
        peer: Arc<Peer>,
        timeouts: Timeouts,
        notice: Notice,
        octets: Arc<Octets>,
    ) -> Served
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self {
            Self::Own(own) => own.serve(io, early, timeouts.message, notice, octets),
            Self::Joined(joined) => Box::pin(joined.serve(io, early, timeouts.message, notice, octets)),
            Self::Relay { service, protocol, via, ends, max_message, inactivity } => {
                let timeouts = Timeouts { idle: inactivity.unwrap_or(timeouts.idle), ..timeouts };
                let bounds = Bounds { peer, via, timeouts, max_message, ends, notice, octets };
                Box::pin(relay::serve(service, io, early, protocol, bounds))
            }
        }
    }
}
