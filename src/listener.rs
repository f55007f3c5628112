//! Sockets that peers connect to: bound, limited, with TLS where it is asked for.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::{
    connection::{self, Web},
    limits::{Limits, Peer},
    realm::visitor::Visitor,
    record::Via,
    service::{kerberos5_proxy::Kerberos5Proxy, raw},
    tls::ServerTls,
};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 1024;

/// Tries to find a port that is free for TCP and UDP alike.
const PORT_TRIES: usize = 32;

/// How a peer that is silent is asked whether it still exists: after a minute, and given up a minute later.
#[must_use]
pub fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4)
}

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

/// Accepts connections and has each served in a task of its own, until the gateway drains.
pub async fn web(listener: TcpListener, limits: Arc<Limits>, web: Arc<Web>, tls: Option<Arc<ServerTls>>) {
    while let Some((io, address, peer)) = accept(&listener, &limits, &web).await {
        let (shared, tls) = (Arc::clone(&web), tls.clone());
        web.tasks.spawn(async move {
            match tls {
                None => connection::serve(shared, io, peer, Visitor::new(address, false, Vec::new())).await,
                Some(tls) => {
                    let handshake = TlsAcceptor::from(tls.config()).accept(io);
                    match timeout(shared.timeouts.message, handshake).await {
                        // Boxed: a TLS stream is large, and every step on its way would keep room for it.
                        Ok(Ok(io)) => {
                            let visitor = Visitor::new(address, true, tls.bindings(io.get_ref().1));
                            connection::serve(shared, Box::new(io), peer, visitor).await;
                        }
                        Ok(Err(error)) => debug!(peer = %address, "TLS handshake failed: {error}"),
                        Err(_) => debug!(peer = %address, "TLS handshake took too long"),
                    }
                }
            }
        });
    }
}

/// Accepts raw connections and has each served in a task of its own, until the gateway drains.
pub async fn raw(listener: TcpListener, service: Arc<Kerberos5Proxy>, limits: Arc<Limits>, web: Arc<Web>) {
    while let Some((io, address, peer)) = accept(&listener, &limits, &web).await {
        let (service, shared) = (Arc::clone(&service), Arc::clone(&web));
        web.tasks.spawn(async move {
            let via = Via { peer: address, over: "tcp" };
            raw::stream(&service, io, &peer, via, shared.timeouts, &shared.draining).await;
        });
    }
}

/// The next connection that may be served; `None` once the gateway drains.
async fn accept(
    listener: &TcpListener,
    limits: &Arc<Limits>,
    web: &Web,
) -> Option<(TcpStream, SocketAddr, Peer)> {
    loop {
        let next = async {
            let place = limits.place().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = web.draining.cancelled() => return None,
        };
        match accepted {
            Ok((io, address)) => {
                // Answers are small and each is one write.
                let _ = io.set_nodelay(true);
                match limits.connection(address.ip(), place) {
                    Some(peer) => return Some((io, address, peer)),
                    None => debug!(peer = %address, "Connection refused: the peer has too many"),
                }
            }
            Err(error) => {
                warn!("Cannot accept a connection: {error}; if files run out, raise the limit (ulimit -n)");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
