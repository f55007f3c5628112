//! One connection, from its first octet to its last.

mod account;
mod inside;
mod patient;
mod recorded;
mod turns;
mod walk;

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::service_fn,
    upgrade::{self, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::debug;

use crate::{
    answer::{self, BadHead},
    body::Body,
    caller::Caller,
    forwarded,
    hall::{Front, Hall, Offloaders, Serves},
    limits::{Peer, Timeouts},
    realm::visitor::Visitor,
    service::Served,
    sessions::{Guard, Sessions},
    ws::inner::extended::Extended,
};
use inside::Played;
use patient::Patient;
use turns::{Answering, Turns};
use walk::{Opening, Opens};

/// Most headers of a request. Browsers send about twenty.
const MAX_HEADERS: usize = 64;

/// Serves HTTP/1 on a connection, and the WebSocket that it may become.
pub async fn serve<I>(hall: Arc<Hall>, io: I, peer: Peer, visitor: Visitor)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // A WebSocket outlives the HTTP connection it came from and takes its count of the peer along.
    let (peer, visitor) = (Arc::new(peer), Arc::new(visitor));
    let (timeouts, max_head) = {
        let front = hall.front();
        (front.timeouts, front.max_head)
    };
    let turns = Arc::<Turns>::default();
    let answer = service_fn(|request| {
        let turn = turns.begin();
        let (hall, peer, visitor) = (Arc::clone(&hall), Arc::clone(&peer), Arc::clone(&visitor));
        // Boxed, so that no connection keeps room for it between two requests.
        let response = Box::pin(respond::<I>(hall, peer, visitor, timeouts, request));
        async move { Ok::<_, Infallible>(response.await.map(|body| Answering::new(body, turn))) }
    });
    let io = Patient::new(io, timeouts, Arc::clone(&turns));
    let connection = http1::Builder::new()
        // The connection has its own: HTTP's is the same for a head and for what lies between two requests.
        .header_read_timeout(None)
        .half_close(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(max_head)
        .serve_connection(TokioIo::new(io), answer)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = hall.closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(peer = %visitor.address, "Connection ended: {error}");
    }
}

/// Answers a request, and has the socket that it may become served once the answer is out.
async fn respond<I>(
    hall: Arc<Hall>,
    peer: Arc<Peer>,
    visitor: Arc<Visitor>,
    timeouts: Timeouts,
    mut request: Request<Incoming>,
) -> Response<Body>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let version = request.version();
    let front = hall.front.load_full();
    // Counts the connection for as long as it lasts, also where it has become a socket.
    let connection = Arc::clone(&peer);
    let (peer, visitor, scheme) = behind(&front, peer, visitor, request.headers_mut());
    let found = match &front.serves {
        Serves::Web(routes) => routes.find(&request),
        Serves::Octets(_) | Serves::Raw { .. } => None,
    };
    let Some(found) = found else {
        debug!(peer = %visitor.address, "No service is at this host and path");
        let mut response = answer::bad_head(BadHead::NotFound);
        answer::close_if_old(version, &mut response);
        return response;
    };
    let upgraded = upgrade::on(&mut request);
    let (draining, sessions) = (hall.draining.clone(), Arc::clone(&hall.sessions));
    let caller = Caller { peer, visitor, scheme, timeouts, draining, sessions };
    let (mut response, opens) = walk::answer(&found, request, &caller).await;
    if let Some(opens) = opens {
        let (peer, sessions) = (caller.peer, caller.sessions);
        hall.tasks.spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            // Boxed, so that no socket keeps room for what opened it.
            let begun = Box::pin(begin::<I>(opens, upgraded, Arc::clone(&peer), timeouts, &sessions)).await;
            let Some((session, served)) = begun else { return };
            session.ended(served.await);
            // Counted for as long as the socket lives.
            drop((connection, peer));
        });
    }
    answer::close_if_old(version, &mut response);
    response
}

/// Has a socket be served on the connection that it is upgraded from. What was needed to open it is given back before.
async fn begin<I>(
    opens: Opens,
    upgraded: Upgraded,
    peer: Arc<Peer>,
    timeouts: Timeouts,
    sessions: &Arc<Sessions>,
) -> Option<(Guard, Served)>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The connection's own type, so that what HTTP needed of it is given back.
    let parts = upgraded.downcast::<TokioIo<Patient<I>>>().ok()?;
    let (io, early) = (parts.io.into_inner().into_inner(), parts.read_buf);
    let open = |opening: Box<Opening>| {
        let Opening { socket, entry } = *opening;
        let notice = entry.notice.clone();
        let session = sessions.open(entry);
        let octets = Arc::clone(session.octets());
        (session, socket, notice, octets)
    };
    match opens {
        Opens::Socket(opening) => {
            let (session, socket, notice, octets) = open(opening);
            Some((session, socket.serve(io, early, peer, timeouts, notice, octets)))
        }
        Opens::Inside(inside) => {
            let Played { opening, io, early, extensions } = inside.play(io, &early).await?;
            let (session, socket, notice, octets) = open(opening);
            let served = if extensions.any() {
                // Whatever the connection is, so that not every kind of it is served in two ways.
                let io: Box<dyn Connection> = Box::new(io);
                let io = Extended::new(io, &early, extensions);
                socket.serve(io, Bytes::new(), peer, timeouts, notice, octets)
            } else {
                socket.serve(io, early, peer, timeouts, notice, octets)
            };
            Some((session, served))
        }
    }
}

/// A connection of any kind.
trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<I: AsyncRead + AsyncWrite + Unpin + Send> Connection for I {}

/// Who asks: the peer, or whom a trusted proxy in front says that it speaks for. What the proxy says that the client
/// called the gateway takes the place of what the proxy calls it.
fn behind(
    front: &Front,
    peer: Arc<Peer>,
    visitor: Arc<Visitor>,
    headers: &mut HeaderMap,
) -> (Arc<Peer>, Arc<Visitor>, &'static str) {
    let Offloaders { trusted, forwarded: true, .. } = &front.offloaders else {
        return (peer, visitor, front.scheme);
    };
    let client = forwarded::client(headers, visitor.address, trusted);
    let scheme = client.scheme.unwrap_or(front.scheme);
    if let Some(host) = client.host.and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
        headers.insert(header::HOST, host);
    }
    if client.address.ip() == visitor.address.ip() && client.scheme.is_none() {
        return (peer, visitor, scheme);
    }
    // A proxy sends requests of many clients over one connection, so that nothing of it holds for them.
    let peer = front.limits.peer(client.address.ip());
    let visitor = Visitor::new(client.address, scheme == "https", Vec::new());
    (Arc::new(peer), Arc::new(visitor), scheme)
}
