//! One connection, from its first octet to its last.

mod patient;

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{HeaderValue, Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use crate::{
    answer::{self, BadHead},
    body::Body,
    limits::{Peer, Timeouts},
    notice::Notice,
    realm::visitor::Visitor,
    record::Via,
    router::{self, Origins, Route},
    service::{
        Service,
        kerberos5_proxy::Kerberos5Proxy,
        kkdcp,
        proxy::{Caller, Proxy},
        relay::{self, Bounds, Protocol},
    },
    ws,
};
use patient::Patient;

/// Most headers of a request. Browsers send about twenty.
const MAX_HEADERS: usize = 64;
/// Octets of a request head: Heimdal's holds a whole Kerberos message in base64.
const MAX_HEAD: usize = 200 * 1024;

/// What every connection of a listener shares.
#[derive(Debug)]
pub struct Web {
    /// The service behind it.
    pub service: Service,
    /// Pages that may use it.
    pub origins: Origins,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// How long peers are waited for.
    pub timeouts: Timeouts,
    /// Says that the gateway goes down.
    pub draining: CancellationToken,
    /// Counts what still runs.
    pub tasks: TaskTracker,
}

/// Serves HTTP/1 on a connection, and the WebSocket that it may become.
pub async fn serve<I>(web: Arc<Web>, io: I, peer: Peer, visitor: Visitor)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // A WebSocket outlives the HTTP connection it came from and takes its count of the peer along.
    let (peer, visitor) = (Arc::new(peer), Arc::new(visitor));
    let answer = service_fn(|request| {
        let (web, peer, visitor) = (Arc::clone(&web), Arc::clone(&peer), Arc::clone(&visitor));
        async move { Ok::<_, Infallible>(respond::<I>(web, peer, visitor, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(web.timeouts.message)
        .half_close(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Patient::new(io, web.timeouts.idle)), answer)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = web.draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(peer = %visitor.address, "Connection ended: {error}");
    }
}

async fn respond<I>(
    web: Arc<Web>,
    peer: Arc<Peer>,
    visitor: Arc<Visitor>,
    request: Request<Incoming>,
) -> Response<Body>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let version = request.version();
    let mut response = match &web.service {
        Service::Kerberos5Proxy(service) => relay::<I>(&web, service, peer, visitor.address, request).await,
        Service::Proxy(service) => proxy::<I>(&web, service, peer, visitor, request).await,
    };
    answer::close_if_old(version, &mut response);
    response
}

async fn relay<I>(
    web: &Web,
    service: &Arc<Kerberos5Proxy>,
    peer: Arc<Peer>,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Response<Body>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let page = router::origin(request.headers()).and_then(|origin| HeaderValue::from_bytes(origin).ok());
    let routed = router::find(&request, &web.origins, web.scheme);
    let permitted = page.filter(|_| routed != Err(BadHead::Origin));
    let via = |over| Via { peer: address, over };
    let answered = match routed {
        Ok(Route::Kkdcp) => kkdcp::post(service, request, &peer, via("kkdcp"), web.timeouts).await,
        Ok(Route::Heimdal(message)) => Ok(kkdcp::heimdal(service, message, &peer, via("heimdal")).await),
        Ok(Route::Preflight) => Ok(answer::preflight()),
        Ok(Route::Relay) => upgrade::<I>(web, service, &peer, via("ws"), request),
        Err(bad) => Err(bad),
    };
    let mut response = answered.unwrap_or_else(|bad| not_served(address, bad));
    if let Some(page) = permitted {
        answer::permit_page(&mut response, page);
    }
    response
}

fn not_served(address: SocketAddr, bad: BadHead) -> Response<Body> {
    debug!(peer = %address, "Request head is not served: {bad}");
    answer::bad_head(bad)
}

/// Answers an upgrade and has the WebSocket served once the answer is out.
fn upgrade<I>(
    web: &Web,
    service: &Arc<Kerberos5Proxy>,
    peer: &Arc<Peer>,
    via: Via,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, BadHead>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (protocol, name) = Protocol::choose(ws::offered(request.headers()));
    let response = ws::accept(&request, name)?;
    let upgraded = upgrade::on(&mut request);
    let service = Arc::clone(service);
    let bounds =
        Bounds { peer: Arc::clone(peer), via, timeouts: web.timeouts, notice: Notice::below(&web.draining) };
    web.tasks.spawn(async move {
        // The connection's own type, so that what HTTP needed of it is given back.
        let Ok(upgraded) = upgraded.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<Patient<I>>>() else { return };
        relay::serve(service, parts.io.into_inner().into_inner(), parts.read_buf, protocol, bounds).await;
    });
    Ok(response)
}

/// Has a back end answer, and joins the connection with it once the answer 101 is out.
async fn proxy<I>(
    web: &Web,
    service: &Proxy,
    peer: Arc<Peer>,
    visitor: Arc<Visitor>,
    mut request: Request<Incoming>,
) -> Response<Body>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let invited = router::invited(&request, &web.origins, web.scheme);
    let upgraded = upgrade::on(&mut request);
    let caller = Caller { peer, visitor, scheme: web.scheme, patience: web.timeouts.message };
    let (response, joined) = service.answer(request, invited, &caller).await;
    if let Some(joined) = joined {
        let (message, notice) = (web.timeouts.message, Notice::below(&web.draining));
        web.tasks.spawn(async move {
            // Counted for as long as the socket lives.
            let _peer = caller.peer;
            let Ok(upgraded) = upgraded.await else { return };
            let Ok(parts) = upgraded.downcast::<TokioIo<Patient<I>>>() else { return };
            joined.run(parts.io.into_inner().into_inner(), parts.read_buf, message, notice).await;
        });
    }
    response
}
