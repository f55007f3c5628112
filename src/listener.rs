//! Sockets that peers connect to: bound, limited, with TLS where it is asked for.

pub mod proxy_protocol;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use rustls_pki_types::CertificateDer;
use socket2::{Domain, Protocol, Socket, Type};
use tgg::envelope::Opened;
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Semaphore,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::server::TlsStream;
use tracing::{debug, warn};

use crate::{
    connection,
    hall::{Carriers, Front, Hall, Post, Serves},
    keepalive::keepalive,
    limits::{Peer, Place},
    notice::Notice,
    realm::{Gate, visitor::Visitor},
    record::Via,
    router::Hosted,
    service::{Service, proxy::stream::Streamed, raw},
    throttle::Throttled,
    tls::{Accepted, ServerTls},
};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 1024;

/// Requests over UDP in flight. Beyond it datagrams are dropped; clients send them again.
const MAX_DATAGRAMS: usize = 4096;

/// Tries to find a port that is free for TCP and UDP alike.
const PORT_TRIES: usize = 32;

/// Binds a TCP socket.
///
/// # Errors
///
/// What the system says; its callers name the address.
pub fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for connections of the last run to be forgotten.
    socket.set_reuse_address(true)?;
    // Whoever vanishes without a word is noticed, however long sockets may idle. Accepted sockets inherit it.
    socket.set_tcp_keepalive(&keepalive())?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Binds TCP and UDP to the same port; port 0 takes one that is free for both.
///
/// # Errors
///
/// As [`bind_tcp`].
pub async fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut tries = 0;
    loop {
        let tcp = bind_tcp(address)?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(_) if address.port() == 0 && tries < PORT_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Sockets that are bound and not served yet.
#[derive(Debug)]
pub enum Bound {
    /// Connections.
    Connections(TcpListener, SocketAddr),
    /// Datagrams.
    Datagrams(UdpSocket, SocketAddr),
    /// Both at one port.
    Both(TcpListener, UdpSocket, SocketAddr),
}

/// Binds what a post asks for.
///
/// # Errors
///
/// As [`bind_tcp`].
pub async fn bind(post: &Post) -> io::Result<Bound> {
    match post.front.serves.carried_by() {
        Carriers::Both => {
            let (tcp, udp) = bind_both(post.listen).await?;
            let address = tcp.local_addr()?;
            Ok(Bound::Both(tcp, udp, address))
        }
        Carriers::Tcp => {
            let tcp = bind_tcp(post.listen)?;
            let address = tcp.local_addr()?;
            Ok(Bound::Connections(tcp, address))
        }
        Carriers::Udp => {
            let udp = UdpSocket::bind(post.listen).await?;
            let address = udp.local_addr()?;
            Ok(Bound::Datagrams(udp, address))
        }
    }
}

impl Bound {
    /// Where it is bound.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        match self {
            Self::Both(_, _, address) | Self::Connections(_, address) | Self::Datagrams(_, address) => {
                *address
            }
        }
    }

    /// Accepts until the hall closes. Each connection is served in a task of its own.
    #[must_use]
    pub fn serve(self, hall: &Arc<Hall>) -> Vec<JoinHandle<()>> {
        let (tcp, udp) = match self {
            Self::Both(tcp, udp, _) => (Some(tcp), Some(udp)),
            Self::Connections(tcp, _) => (Some(tcp), None),
            Self::Datagrams(udp, _) => (None, Some(udp)),
        };
        let connections = tcp.map(|tcp| tokio::spawn(connections(tcp, Arc::clone(hall))));
        let datagrams = udp.map(|udp| tokio::spawn(datagrams(Arc::clone(hall), Arc::new(udp))));
        connections.into_iter().chain(datagrams).collect()
    }
}

/// Accepts connections.
async fn connections(listener: TcpListener, hall: Arc<Hall>) {
    while let Some((io, address, place)) = accept(&listener, &hall).await {
        let served = Arc::clone(&hall);
        hall.tasks.spawn(async move {
            let front = served.front.load_full();
            let Some((io, address, peer)) = received(io, address, place, &served, &front).await else {
                return;
            };
            // Boxed, so that no connection keeps room for what it is not: most are of the web.
            match &front.serves {
                Serves::Octets(hosted) => {
                    let io = Throttled::new(io, front.rate);
                    Box::pin(stream(&served, &front, hosted, io, address, peer)).await;
                }
                Serves::Raw { service, .. } => {
                    let via = Via { peer: address, over: "tcp" };
                    Box::pin(raw::stream(service, io, &peer, via, front.timeouts, &served.draining)).await;
                }
                Serves::Web(_) => {
                    let io = Throttled::new(io, front.rate);
                    greet(served, front, io, address, peer).await;
                }
            }
        });
    }
}

/// Answers datagrams until the hall closes, each in a task of its own.
async fn datagrams(hall: Arc<Hall>, socket: Arc<UdpSocket>) {
    let places = Arc::new(Semaphore::new(MAX_DATAGRAMS));
    let mut octets = vec![0; 65_536];
    loop {
        let (length, from) = tokio::select! {
            received = socket.recv_from(&mut octets) => match received {
                Ok(received) => received,
                Err(error) => {
                    // An ICMP answer to an earlier reply: that peer is gone, the others are not.
                    warn!("Cannot receive datagrams: {error}");
                    continue;
                }
            },
            () = hall.closing.cancelled() => return,
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let message = Bytes::copy_from_slice(octets.get(..length).unwrap_or_default());
        let front = hall.front();
        let Serves::Raw { service, .. } = &front.serves else { continue };
        let (service, socket, limits) = (Arc::clone(service), Arc::clone(&socket), Arc::clone(&front.limits));
        drop(front);
        hall.tasks.spawn(async move {
            raw::datagram(&service, &socket, &limits, Opened::bare(message), from).await;
            drop(place);
        });
    }
}

/// Passes on a stream of octets, which may begin with TLS. It cannot show whom it is from.
async fn stream(
    hall: &Hall,
    front: &Front,
    hosted: &Hosted,
    io: Throttled<TcpStream>,
    address: SocketAddr,
    peer: Peer,
) {
    let _peer = peer;
    let (Gate::Open, Service::Proxy(proxy)) = (&hosted.gate, &hosted.service) else { return };
    let client = Streamed {
        service: Arc::clone(&hosted.name),
        peer: address,
        patience: front.timeouts.message,
        metrics: Arc::clone(&hosted.metrics),
        sessions: Arc::clone(&hall.sessions),
        notice: Notice::below(&hall.draining),
    };
    let Some(tls) = &front.tls else { return proxy.stream(io, client).await };
    if let Some(Secured { stream, .. }) = secured(hall, front, tls, io, address).await {
        proxy.stream(stream, client).await;
    }
}

/// Has a connection begin with TLS, if it is to, and serves it.
async fn greet(
    hall: Arc<Hall>,
    front: Arc<Front>,
    io: Throttled<TcpStream>,
    address: SocketAddr,
    peer: Peer,
) {
    // As the client sees it: TLS may have ended at a proxy in front.
    let is_secure = front.scheme == "https";
    let Some(tls) = &front.tls else {
        drop(front);
        return connection::serve(hall, io, peer, Visitor::new(address, is_secure, Vec::new())).await;
    };
    // Boxed, so that no connection keeps room for its handshake.
    if let Some(secured) = Box::pin(secured(&hall, &front, tls, io, address)).await {
        let Secured { stream, certificates, bindings } = secured;
        let visitor = Visitor::new(address, true, bindings).showing(certificates);
        drop(front);
        connection::serve(hall, stream, peer, visitor).await;
    }
}

/// A connection whose TLS handshake was made.
struct Secured {
    /// Boxed: a TLS stream is large, and every step on its way would keep room for it.
    stream: Box<TlsStream<Throttled<TcpStream>>>,
    /// What the client has shown.
    certificates: Option<Arc<Vec<CertificateDer<'static>>>>,
    /// What tokens on it may be bound to.
    bindings: Vec<[u8; 16]>,
}

/// A connection whose TLS handshake was made in time.
async fn secured(
    hall: &Hall,
    front: &Front,
    tls: &ServerTls,
    io: Throttled<TcpStream>,
    address: SocketAddr,
) -> Option<Secured> {
    let handshake = async {
        let _place = front.limits.handshake().await;
        let counted = hall.metrics.handshake();
        let accepted = tls.accept(io).await;
        counted.ended(if accepted.is_ok() { "done" } else { "failed" });
        accepted
    };
    match timeout(front.timeouts.message, handshake).await {
        Ok(Ok(Accepted { stream, certificates, bindings })) => {
            return Some(Secured { stream: Box::new(stream), certificates, bindings });
        }
        Ok(Err(error)) => debug!(peer = %address, "TLS handshake failed: {error}"),
        Err(_) => debug!(peer = %address, "TLS handshake took too long"),
    }
    None
}

/// The connection of a client, and where that is: a proxy in front may say so first. `None` if the peer has too many,
/// or does not begin as it must.
async fn received(
    mut io: TcpStream,
    address: SocketAddr,
    place: Place,
    hall: &Hall,
    front: &Front,
) -> Option<(TcpStream, SocketAddr, Peer)> {
    let mut client = address;
    if front.offloaders.proxy_protocol {
        if !front.offloaders.trusted.contains(address.ip()) {
            hall.metrics.refused("untrusted_proxy");
            debug!(peer = %address, "Connection refused: it is not from a proxy of tcp.trusted.proxies");
            return None;
        }
        match timeout(front.timeouts.message, proxy_protocol::read(&mut io)).await {
            Ok(Ok(said)) => client = said.unwrap_or(address),
            Ok(Err(error)) => {
                hall.metrics.refused("proxy_header");
                debug!(peer = %address, "Connection refused: {error}");
                return None;
            }
            Err(_) => {
                hall.metrics.refused("proxy_header");
                debug!(peer = %address, "Connection refused: its PROXY protocol header took too long");
                return None;
            }
        }
    }
    let Some(peer) = front.limits.connection(client.ip(), place) else {
        hall.metrics.refused("peer_connections");
        debug!(peer = %client, "Connection refused: the peer has too many");
        return None;
    };
    Some((io, client, peer.counted(hall.metrics.accepted())))
}

/// The next connection that may be served; `None` once the hall closes.
async fn accept(listener: &TcpListener, hall: &Hall) -> Option<(TcpStream, SocketAddr, Place)> {
    loop {
        let limits = Arc::clone(&hall.front().limits);
        let next = async {
            let place = limits.place().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = hall.closing.cancelled() => return None,
        };
        match accepted {
            Ok((io, address)) => {
                // Answers are small and each is one write.
                let _ = io.set_nodelay(true);
                return Some((io, address, place));
            }
            Err(error) => {
                warn!("Cannot accept a connection: {error}; if files run out, raise the limit (ulimit -n)");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
