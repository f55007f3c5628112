//! KDCs that are reached straight: over UDP, and over TCP where a message is too long for that or UDP is not answered
//! (RFC 4120 section 7.2).
//!
//! One server after the other is asked, a second apart, and whoever answers first is believed; a datagram may be lost,
//! so each is asked several times.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use krb::{
    error_code::{KDC_ERR_SVC_UNAVAILABLE, KRB_ERR_RESPONSE_TOO_BIG},
    frame, peek,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket, lookup_host},
    time::{sleep, timeout},
};

use super::Purpose;

/// How long a server is waited for before the next attempt, as in MIT's library.
const HEAD_START: Duration = Duration::from_secs(1);

/// How often a datagram is sent to the same server.
const DATAGRAMS: usize = 3;

/// Addresses that are asked, of all servers together.
const MAX_ADDRESSES: usize = 16;

/// Longest datagram.
const MAX_DATAGRAM: usize = 65_535;

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Tcp(SocketAddr),
    Udp(SocketAddr),
}

/// Asks these servers, and returns the first answer; the error says what came of each.
pub(super) async fn ask(
    hosts: &[(&str, u16)],
    message: &[u8],
    purpose: Purpose,
    udp_limit: usize,
    patience: Duration,
) -> Result<Vec<u8>, String> {
    let (addresses, mut tried) = addresses(hosts).await;
    let by_stream_first = message.len() > udp_limit || purpose == Purpose::Password;
    let plan = plan(&addresses, by_stream_first);
    // A password that is changed is not changed again by the next server.
    let head_start = if purpose == Purpose::Password { patience } else { HEAD_START };
    let mut unavailable = None;
    let mut left = plan.into_iter();
    let mut running = FuturesUnordered::new();
    let mut goes_on = false;
    loop {
        // Who answered that a stream is needed is asked over one before anybody else.
        if !std::mem::take(&mut goes_on) {
            match left.next() {
                Some(attempt) => running.push(run(attempt, message)),
                None if running.is_empty() => break,
                None => {}
            }
        }
        let wait = if left.len() > 0 { head_start } else { patience };
        tokio::select! {
            biased;
            Some((attempt, answered)) = running.next() => match answered {
                Ok(answer) => match refusal(&answer) {
                    Some(KRB_ERR_RESPONSE_TOO_BIG) => if let Attempt::Udp(server) = attempt {
                        goes_on = true;
                        running.push(run(Attempt::Tcp(server), message));
                    },
                    Some(KDC_ERR_SVC_UNAVAILABLE) => unavailable = Some(answer),
                    _ => return Ok(answer),
                },
                Err(error) => tried.push(format!("{attempt}: {error}")),
            },
            () = sleep(wait) => if left.len() == 0 {
                break;
            },
        }
    }
    // One that is not available is a better answer than none.
    if let Some(answer) = unavailable {
        return Ok(answer);
    }
    if tried.is_empty() {
        tried.extend(addresses.iter().map(|address| format!("{address}: silent")));
    }
    tried.dedup();
    Err(tried.join(", "))
}

/// This host's address as that server sees it, if nothing in between changes it.
pub(super) async fn own_address(host: &str, port: u16) -> io::Result<IpAddr> {
    let server = lookup_host((host, port)).await?.next().ok_or(io::ErrorKind::NotFound)?;
    let socket = bound_for(server).await?;
    Ok(socket.local_addr()?.ip())
}

/// The addresses of servers in their order, and what went wrong with looking others up.
async fn addresses(hosts: &[(&str, u16)]) -> (Vec<SocketAddr>, Vec<String>) {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for (host, port) in hosts {
        match lookup_host((*host, *port)).await {
            Ok(addresses) => {
                for address in addresses {
                    if !found.contains(&address) && found.len() < MAX_ADDRESSES {
                        found.push(address);
                    }
                }
            }
            Err(error) => failed.push(format!("{host}: {error}")),
        }
    }
    (found, failed)
}

/// Datagrams to all, streams to all, and further datagrams; or streams first.
fn plan(servers: &[SocketAddr], by_stream_first: bool) -> Vec<Attempt> {
    let datagrams = || servers.iter().copied().map(Attempt::Udp);
    let streams = || servers.iter().copied().map(Attempt::Tcp);
    if by_stream_first {
        return streams().chain(datagrams()).collect();
    }
    let mut plan: Vec<Attempt> = datagrams().chain(streams()).collect();
    for _ in 1..DATAGRAMS {
        plan.extend(datagrams());
    }
    plan
}

async fn run(attempt: Attempt, message: &[u8]) -> (Attempt, io::Result<Vec<u8>>) {
    let answered = match attempt {
        Attempt::Tcp(server) => by_stream(server, message).await,
        Attempt::Udp(server) => by_datagram(server, message).await,
    };
    (attempt, answered)
}

async fn by_datagram(server: SocketAddr, message: &[u8]) -> io::Result<Vec<u8>> {
    // Connected, so that nobody else's datagrams are read, and a port where nobody listens says so.
    let socket = bound_for(server).await?;
    socket.send(message).await?;
    let mut answer = vec![0; MAX_DATAGRAM];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

async fn bound_for(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if server.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    Ok(socket)
}

async fn by_stream(server: SocketAddr, message: &[u8]) -> io::Result<Vec<u8>> {
    let connecting = timeout(super::super::dial::PATIENCE, TcpStream::connect(server));
    let mut stream = connecting.await.map_err(|_| io::ErrorKind::TimedOut)??;
    let _ = stream.set_nodelay(true);
    let framed = [&frame::prefix(message.len())[..], message].concat();
    stream.write_all(&framed).await?;
    let mut length = [0; frame::PREFIX];
    stream.read_exact(&mut length).await?;
    let announced =
        frame::announced(&length).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut answer = Vec::new();
    // It grows with what comes, not with what is announced.
    let announced = announced.unwrap_or_default();
    stream.take(u64::try_from(announced).unwrap_or_default()).read_to_end(&mut answer).await?;
    if answer.len() < announced { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
}

/// The code of an answer that is a refusal.
fn refusal(answer: &[u8]) -> Option<i32> {
    i32::try_from(peek::krb_error(answer).ok()?.code).ok()
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(server) => write!(f, "{server} over TCP"),
            Self::Udp(server) => write!(f, "{server} over UDP"),
        }
    }
}

#[cfg(test)]
mod tests;
