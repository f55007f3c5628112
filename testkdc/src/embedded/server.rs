//! The sockets of the embedded KDC: UDP and TCP at the same addresses, on threads of their own.
//!
//! It takes the clock from the standard library and randomness from the operating system.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use krb::error_code::{KRB_ERR_FIELD_TOOLONG, KRB_ERR_RESPONSE_TOO_BIG};
use krb::frame;

use super::exchange::Event;
use super::kdc::Kdc;

/// Connections that are served at once; further ones are closed.
pub const MAX_CONNECTIONS: usize = 64;

/// How long a connection may stay silent, and its peer may take to read an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer over UDP, in octets, as with MIT's KDC; a longer one is asked for again over TCP.
pub const MAX_DATAGRAM: usize = 4096;

/// How often port 0 is tried to find one that is free for UDP and TCP.
const ATTEMPTS: usize = 32;

/// A running KDC. Dropped, it is gone: its threads have ended and its ports are free.
#[must_use = "it ends when it is dropped"]
pub struct Server {
    shared: Arc<Shared>,
    addrs: Vec<SocketAddr>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    kdc: Arc<Kdc>,
    stopped: AtomicBool,
    /// What is open, so that it can be ended.
    connections: Mutex<BTreeMap<usize, TcpStream>>,
    next: AtomicUsize,
}

/// What a connection has among those that are served at once, until it ends in whatever way.
struct Place {
    shared: Arc<Shared>,
    number: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.open().remove(&self.number);
    }
}

impl Server {
    /// Listens at these addresses, with UDP and TCP at each. Port 0 takes one that is free for both.
    ///
    /// Each address answers everything: AS-REQ, TGS-REQ and changes of passwords.
    ///
    /// # Errors
    ///
    /// Those of the system if an address is taken or a thread cannot be had.
    pub fn start(kdc: impl Into<Arc<Kdc>>, addrs: &[SocketAddr]) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            kdc: kdc.into(),
            stopped: AtomicBool::new(false),
            connections: Mutex::default(),
            next: AtomicUsize::new(0),
        });
        // Dropped where anything fails below, it ends what was started above.
        let mut server = Self { shared, addrs: Vec::new(), threads: Vec::new() };
        for addr in addrs {
            let (listener, socket) = bind(*addr)?;
            server.addrs.push(listener.local_addr()?);
            let shared = Arc::clone(&server.shared);
            server.threads.push(named("kdc-udp", move || shared.datagrams(&socket))?);
            let shared = Arc::clone(&server.shared);
            server.threads.push(named("kdc-tcp", move || shared.streams(&listener))?);
        }
        server.shared.kdc.tell(&Event::Start(server.addrs.clone()));
        Ok(server)
    }

    /// Where it listens, in the order in which it was asked to.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// The KDC behind the sockets.
    #[must_use]
    pub fn kdc(&self) -> &Kdc {
        &self.shared.kdc
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for addr in &self.addrs {
            // Both threads wait for something to arrive.
            let addr = reachable(*addr);
            let _ = TcpStream::connect_timeout(&addr, PATIENCE);
            let any: SocketAddr = match addr {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            let _ = UdpSocket::bind(any).and_then(|socket| socket.send_to(&[], addr));
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("addrs", &self.addrs).finish_non_exhaustive()
    }
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        self.kdc.answer(request, now(), &mut random)
    }

    fn refuse(&self, code: i32) -> Option<Vec<u8>> {
        self.kdc.refuse(code, now())
    }

    fn datagrams(&self, socket: &UdpSocket) {
        let mut octets = vec![0; usize::from(u16::MAX)];
        while !self.is_stopped() {
            let Ok((length, from)) = socket.recv_from(&mut octets) else { continue };
            let Some(answer) = octets.get(..length).and_then(|request| self.answer(request)) else {
                continue;
            };
            // RFC 4120 section 7.2.1: the client asks again over TCP.
            let too_big = answer.len() > MAX_DATAGRAM;
            let answer = if too_big { self.refuse(KRB_ERR_RESPONSE_TOO_BIG) } else { Some(answer) };
            if let Some(answer) = answer {
                let _ = socket.send_to(&answer, from);
            }
        }
    }

    fn streams(self: &Arc<Self>, listener: &TcpListener) {
        let mut workers: Vec<JoinHandle<()>> = Vec::new();
        for stream in listener.incoming() {
            if self.is_stopped() {
                break;
            }
            workers.retain(|worker| !worker.is_finished());
            let Ok(stream) = stream else { continue };
            // One that finds no place, or no thread, is closed by being dropped.
            let Some(place) = self.admit(&stream) else { continue };
            let worker = named("kdc-connection", move || {
                let (mut stream, shared) = (stream, &place.shared);
                while !shared.is_stopped() && shared.exchange(&mut stream).is_some() {}
            });
            workers.extend(worker);
        }
        for stream in self.open().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for worker in workers {
            let _ = worker.join();
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<usize, TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection, if one is free and it can be given limits.
    fn admit(self: &Arc<Self>, stream: &TcpStream) -> Option<Place> {
        let mut open = self.open();
        if open.len() >= MAX_CONNECTIONS {
            return None;
        }
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        open.insert(number, stream.try_clone().ok()?);
        Some(Place { shared: Arc::clone(self), number })
    }

    /// One request and its answer; `None` when the connection is to be closed.
    fn exchange(&self, stream: &mut TcpStream) -> Option<()> {
        let mut length = [0; frame::PREFIX];
        stream.read_exact(&mut length).ok()?;
        let Ok(announced) = frame::announced(&length) else {
            // RFC 4120 section 7.2.2 has this answer for a length that cannot be.
            let refusal = self.refuse(KRB_ERR_FIELD_TOOLONG)?;
            let _ = stream.write_all(&[&frame::prefix(refusal.len())[..], &refusal].concat());
            return None;
        };
        let mut request = vec![0; announced?];
        stream.read_exact(&mut request).ok()?;
        let answer = self.answer(&request)?;
        stream.write_all(&[&frame::prefix(answer.len())[..], &answer].concat()).ok()
    }
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Randomness of the operating system. Without it there are no keys, so it is asked until there is some.
pub fn random(octets: &mut [u8]) {
    while getrandom::fill(octets).is_err() {
        thread::yield_now();
    }
}

fn named(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Both sockets at one address. Where any port will do, one that is free for TCP may be taken for UDP.
fn bind(addr: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let both = || {
        let listener = TcpListener::bind(addr)?;
        let socket = UdpSocket::bind(listener.local_addr()?)?;
        Ok((listener, socket))
    };
    let attempts = if addr.port() == 0 { ATTEMPTS } else { 1 };
    (1..attempts).find_map(|_| both().ok()).map_or_else(both, Ok)
}

/// An address of this host that leads to a listener on all of them.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    addr
}
