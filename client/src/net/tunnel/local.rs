//! The local end of a tunnel: UDP and TCP as a KDC speaks them (RFC 4120 section 7.2).

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use krb::{
    error_code::{KDC_ERR_SVC_UNAVAILABLE, KRB_ERR_FIELD_TOOLONG, KRB_ERR_GENERIC, KRB_ERR_RESPONSE_TOO_BIG},
    frame, peek,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use super::{
    line::{Unanswered, Uplink},
    request::{Request, framed, refusal},
};

/// Octets of the longest datagram.
const MAX_REQUEST: usize = 64 * 1024;
/// Longest answer that a datagram carries, in octets; longer ones are asked for again over TCP. MIT's KDC has the
/// same limit.
const MAX_DATAGRAM: usize = 4096;
/// How long a connection may idle, or take for a message.
const IDLE: Duration = Duration::from_secs(30);
/// Connections of programs of this host.
const MAX_CONNECTIONS: usize = 256;
/// How long an address that fails is left alone.
const REST: Duration = Duration::from_millis(100);
/// Octets that a read asks for.
const READ: usize = 4096;
/// How long an answer that was too long for a datagram is kept for a client that comes back over TCP.
const KEPT: Duration = Duration::from_secs(5);
/// Answers that are kept.
const MAX_KEPT: usize = 32;

/// What serves local clients.
#[derive(Debug)]
pub(super) struct Local {
    uplink: Uplink,
    /// One for each request that is waited for.
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    udp: UdpSocket,
    /// Says that no more requests are taken.
    ending: CancellationToken,
    /// Datagrams that are being answered. Clients send them again while they wait, and a proof of the password is not
    /// to reach the KDC twice for that.
    waiting: Mutex<HashSet<(SocketAddr, Bytes)>>,
    /// Answers by their requests. The KDC is not asked again for what it has said, and MIT's of release 1.20 ends at
    /// the second datagram with a request whose answer fits none.
    kept: Mutex<HashMap<Bytes, Bytes>>,
}

impl Local {
    /// With room for so many requests at a time.
    pub(super) fn new(
        uplink: Uplink,
        udp: UdpSocket,
        places: usize,
        tasks: TaskTracker,
        ending: CancellationToken,
    ) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Self { uplink, places, tasks, udp, ending, waiting: Mutex::default(), kept: Mutex::default() }
    }

    /// Answers datagrams, each by itself.
    pub(super) async fn datagrams(self: &Arc<Self>) {
        let mut buffer = vec![0; MAX_REQUEST];
        loop {
            let (length, from) = match self.udp.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(error) => {
                    debug!("A datagram cannot be received: {error}");
                    sleep(REST).await;
                    continue;
                }
            };
            let octets = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
            // An answer to what is no request would only serve whoever forged its address.
            let Some(request) = Request::read(octets) else { continue };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { continue };
            let asked = (from, request.message().clone());
            if !lock(&self.waiting).insert(asked.clone()) {
                continue;
            }
            let local = Arc::clone(self);
            self.tasks.spawn(async move {
                let kept = local.datagram(request, from).await;
                lock(&local.waiting).remove(&asked);
                drop(place);
                if kept {
                    local.ending.run_until_cancelled(sleep(KEPT)).await;
                    lock(&local.kept).remove(&asked.1);
                }
            });
        }
    }

    /// Whether the answer was too long, and is kept.
    async fn datagram(&self, request: Request, from: SocketAddr) -> bool {
        let mut is_kept = false;
        let reply = match self.answer(&request).await {
            Ok(reply) if reply.len() <= MAX_DATAGRAM => reply,
            Ok(reply) => {
                is_kept = self.keep(request.message().clone(), reply);
                request.refusal(KRB_ERR_RESPONSE_TOO_BIG, None)
            }
            // The client asks again, and may find the gateway back.
            Err(Unanswered::Lost) => return false,
            Err(unanswered) => unavailable(&request, unanswered),
        };
        if let Err(error) = self.udp.send_to(&reply, from).await {
            debug!(client = %from, "An answer cannot be sent: {error}");
        }
        is_kept
    }

    fn keep(&self, request: Bytes, reply: Bytes) -> bool {
        let mut kept = lock(&self.kept);
        let has_room = kept.len() < MAX_KEPT;
        if has_room {
            kept.insert(request, reply);
        }
        has_room
    }

    /// What the KDC says, where the gateway reached one.
    async fn answer(&self, request: &Request) -> Result<Bytes, Unanswered> {
        let reply = self.uplink.ask(request.clone()).await?;
        match peek::krb_error(&reply) {
            Ok(error) if error.code == i64::from(KDC_ERR_SVC_UNAVAILABLE) => Err(Unanswered::NoKdc),
            _ => Ok(reply),
        }
    }

    /// Serves connections.
    pub(super) async fn connections(self: &Arc<Self>, listener: &TcpListener) {
        let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            // It is never closed.
            let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let local = Arc::clone(self);
                    self.tasks.spawn(async move {
                        let _ = stream.set_nodelay(true);
                        local.connection(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    debug!("A connection cannot be accepted: {error}");
                    sleep(REST).await;
                }
            }
        }
    }

    /// Requests one after the other, until the client leaves or idles.
    async fn connection(&self, mut stream: TcpStream) {
        let mut read = BytesMut::new();
        loop {
            let next = self.ending.run_until_cancelled(timeout(IDLE, next(&mut stream, &mut read)));
            let Some(Ok(Some(message))) = next.await else { return };
            let (reply, goes_on) = match message {
                Ok(message) => {
                    let Some(request) = Request::read(message) else { return };
                    let kept = lock(&self.kept).remove(request.message());
                    match kept {
                        Some(reply) => (reply, true),
                        None => {
                            let Ok(_place) = self.places.acquire().await else { return };
                            match self.answer(&request).await {
                                Ok(reply) => (reply, true),
                                Err(unanswered) => (unavailable(&request, unanswered), false),
                            }
                        }
                    }
                }
                Err(TooLong) => (refusal(KRB_ERR_FIELD_TOOLONG, b"", None), false),
            };
            let written = timeout(IDLE, stream.write_all(&framed(&reply))).await;
            if !matches!(written, Ok(Ok(()))) || !goes_on {
                return;
            }
        }
    }
}

/// Says why there is no answer, in words that stock clients show.
///
/// They have a code of their own for it, `KDC_ERR_SVC_UNAVAILABLE`, but do nothing with that: MIT's goes on asking for
/// half a minute, and Heimdal's never ends.
fn unavailable(request: &Request, unanswered: Unanswered) -> Bytes {
    let text = match unanswered {
        Unanswered::Lost => "ticketgate tunnel: the gateway did not answer",
        Unanswered::NoKdc => "ticketgate tunnel: the gateway reaches no KDC of the realm",
        Unanswered::Unreachable => "ticketgate tunnel: the gateway cannot be reached",
    };
    request.refusal(KRB_ERR_GENERIC, Some(text))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A length that no message has.
struct TooLong;

/// The next message; `None` when the client is gone.
async fn next(stream: &mut TcpStream, read: &mut BytesMut) -> Option<Result<Bytes, TooLong>> {
    loop {
        let Ok(announced) = frame::announced(read) else { return Some(Err(TooLong)) };
        if let Some(announced) = announced
            && read.len() >= frame::PREFIX + announced
        {
            let unit = read.split_to(frame::PREFIX + announced).freeze();
            return Some(Ok(unit.slice(frame::PREFIX..)));
        }
        // Room for what arrives, never for what is announced.
        read.reserve(READ);
        if !matches!(stream.read_buf(read).await, Ok(1..)) {
            return None;
        }
    }
}
