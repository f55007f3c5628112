//! An address of this host that answers as a KDC does, for programs that know no other way: all they ask passes through
//! a WebSocket to a gateway that relays it.
//!
//! UDP and TCP (RFC 4120 section 7.2), AS and TGS exchanges and changes of passwords. What is no request is not
//! relayed, and nothing is opened: there is no key here.

mod line;
mod local;
mod request;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, UdpSocket},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use self::{
    line::{Line, Uplink},
    local::Local,
};
use super::dial::Dialler;

/// Requests that are waited for at a time. Beyond it datagrams are dropped, and TCP clients wait.
const MAX_PENDING: usize = 256;
/// How long requests may go on once the end was asked for.
const DRAIN: Duration = Duration::from_secs(2);
/// Tries to find a port that is free for TCP and UDP alike.
const PORT_TRIES: usize = 32;

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// The address cannot be taken.
    #[error("cannot listen at {address}: {source}; choose another address, or end what listens there")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The gateway is not to be reached by WebSocket.
    #[error(
        "a tunnel goes through a WebSocket; write its URL as ws://HOST[:PORT]/PATH or wss://HOST[:PORT]/PATH"
    )]
    Scheme,
}

/// A tunnel whose address is taken, and that is not served yet.
#[derive(Debug)]
pub struct Tunnel {
    tcp: TcpListener,
    udp: UdpSocket,
    address: SocketAddr,
    line: Line,
}

impl Tunnel {
    /// Takes `listen` for TCP and UDP; port 0 takes one that is free for both. Nothing is asked yet of the gateways at
    /// `urls`, the first of which is used that grants a socket.
    ///
    /// # Errors
    ///
    /// [`TunnelError::Bind`], [`TunnelError::Scheme`].
    pub async fn bind(urls: Vec<Url>, listen: SocketAddr, dialler: Dialler) -> Result<Self, TunnelError> {
        if !urls.iter().all(|url| matches!(url.scheme(), "ws" | "wss")) {
            return Err(TunnelError::Scheme);
        }
        let line = Line::new(urls, dialler).map_err(|_| TunnelError::Scheme)?;
        let (tcp, udp) =
            bind_both(listen).await.map_err(|source| TunnelError::Bind { address: listen, source })?;
        let address = tcp.local_addr().map_err(|source| TunnelError::Bind { address: listen, source })?;
        Ok(Self { tcp, udp, address, line })
    }

    /// Where clients find it, over TCP and UDP.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the end is asked for, and then until what was asked is answered, or two seconds longer.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let (uplink, questions) = Uplink::new();
        let line = tokio::spawn(self.line.run(questions));
        let tasks = TaskTracker::new();
        let ending = CancellationToken::new();
        let local = Arc::new(Local::new(uplink, self.udp, MAX_PENDING, tasks.clone(), ending.clone()));
        tokio::select! {
            () = local.datagrams() => {}
            () = local.connections(&self.tcp) => {}
            () = end => {}
        }
        ending.cancel();
        // Once the last of them is gone the line has nobody to serve, and ends too.
        drop(local);
        tasks.close();
        if timeout(DRAIN, async { (tasks.wait().await, line.await) }).await.is_err() {
            tracing::debug!("Ended with requests that were not answered");
        }
    }
}

/// Binds TCP and UDP to the same port.
async fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut tries = 0;
    loop {
        let tcp = TcpListener::bind(address).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(_) if address.port() == 0 && tries < PORT_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}
