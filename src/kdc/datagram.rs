//! Asking a KDC over UDP (RFC 4120 section 7.2.1).
//!
//! A socket is connected to its KDC, so the kernel drops what others send, and carries one exchange at a
//! time. The network may copy a reply, and the nonce that would tell is sealed. So a socket is used again only if
//! it sent once and was answered once, and after a rest in which a copy shows.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tgg::{
    exchange::{End, RESEND},
    moment::Moment,
};
use tokio::{io::Interest, net::UdpSocket, time::sleep_until};

use crate::ambient;

/// Most sockets that wait for their next exchange with one KDC: enough for 50,000 exchanges a second with a
/// rest between them.
const MAX_WAITING: usize = 512;
/// Time between two exchanges of a socket, in which a copy of the first one's reply shows.
const REST: Duration = Duration::from_millis(10);
/// A socket is given up after so many exchanges or so long, so that its port stays hard to guess.
const MAX_USES: u32 = 1000;
const MAX_AGE: Duration = Duration::from_secs(60);
/// Datagrams that are not the reply and are passed over before the KDC counts as answering nonsense.
const MAX_FOREIGN: usize = 8;

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    io: UdpSocket,
    opened: Moment,
    rests_since: Moment,
    uses: u32,
}

thread_local! {
    /// Room for the longest datagram. A reply is copied out at its own length.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; 65_536]);
}

/// The sockets to one address.
#[derive(Debug)]
pub(super) struct Sockets {
    address: SocketAddr,
    /// Those that wait for their next exchange, the longest waiting first.
    waiting: Mutex<VecDeque<Socket>>,
}

impl Sockets {
    /// None yet.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Socket>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that waits and has rested, if there is any, or a new one.
    async fn take(&self) -> io::Result<Socket> {
        let now = ambient::now();
        loop {
            let rested = |socket: &mut Socket| now.since(socket.rests_since) >= REST;
            let Some(socket) = self.waiting().pop_front_if(rested) else { break };
            // What arrived while nobody asked is nobody's answer.
            let silent = matches!(socket.read(), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
            if silent && now.since(socket.opened) < MAX_AGE {
                return Ok(socket);
            }
        }
        let any: IpAddr = match self.address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let io = UdpSocket::bind((any, 0)).await?;
        io.connect(self.address).await?;
        Ok(Socket { io, opened: now, rests_since: now, uses: 0 })
    }

    /// Lets one wait for its next exchange.
    fn give_back(&self, mut socket: Socket) {
        socket.uses += 1;
        socket.rests_since = ambient::now();
        let mut waiting = self.waiting();
        if socket.uses < MAX_USES && waiting.len() < MAX_WAITING {
            waiting.push_back(socket);
        }
    }
}

impl Socket {
    /// A datagram that is there.
    fn read(&self) -> io::Result<Bytes> {
        SCRATCH.with_borrow_mut(|scratch| {
            let length = self.io.try_recv(scratch)?;
            Ok(Bytes::copy_from_slice(scratch.get(..length).unwrap_or_default()))
        })
    }

    async fn receive(&self) -> io::Result<Bytes> {
        loop {
            // A port that refuses makes an error, and nothing readable.
            let ready = self.io.ready(Interest::READABLE | Interest::ERROR).await?;
            if ready.is_error() {
                let error = || self.io.take_error()?.map_or(Err(io::ErrorKind::WouldBlock.into()), Err);
                match self.io.try_io(Interest::ERROR, error) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    other => return other,
                }
            }
            match self.read() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }
}

/// Sends the request and waits for its reply, sending again while there is none.
///
/// `judge` says whether a datagram ends the exchange; `None` passes it over.
pub(super) async fn ask(
    sockets: &Sockets,
    request: &[u8],
    judge: impl Fn(&[u8]) -> Option<Result<(), End>>,
) -> Result<Bytes, End> {
    let started = ambient::now();
    let socket = sockets.take().await.map_err(|_| End::NotRead)?;
    socket.io.send(request).await.map_err(|_| End::NotRead)?;
    let mut resends = RESEND.iter();
    let mut resend_at = resends.next().map(|after| started + *after);
    let mut sent = 1_u32;
    let mut foreign = 0;
    loop {
        let again = async {
            match resend_at {
                Some(at) => sleep_until(ambient::instant(at)).await,
                None => std::future::pending().await,
            }
        };
        let octets = tokio::select! {
            biased;
            octets = socket.receive() => octets,
            () = again => {
                resend_at = resends.next().map(|after| started + *after);
                sent += 1;
                if socket.io.send(request).await.is_err() {
                    return Err(End::Broken);
                }
                continue;
            }
        };
        let Ok(octets) = octets else {
            // A port unreachable answers the last datagram. An earlier one may have been read.
            return Err(if sent == 1 { End::NotRead } else { End::Broken });
        };
        match judge(&octets) {
            Some(Ok(())) => {
                if sent == 1 && foreign == 0 {
                    sockets.give_back(socket);
                }
                return Ok(octets);
            }
            Some(Err(end)) => return Err(end),
            None => {
                foreign += 1;
                if foreign == MAX_FOREIGN {
                    return Err(End::Broken);
                }
            }
        }
    }
}

/// Sends a question of the gateway's own; the first datagram that comes back.
pub(super) async fn probe(sockets: &Sockets, question: &[u8]) -> Option<Bytes> {
    let socket = sockets.take().await.ok()?;
    socket.io.send(question).await.ok()?;
    socket.receive().await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_refuses_is_known_before_the_request_is_sent_again() {
        let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let ended = ask(&Sockets::new(nobody), b"request", |_| Some(Ok(()))).await;
        assert_eq!(ended, Err(End::NotRead));
    }
}
