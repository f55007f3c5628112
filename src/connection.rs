//! One connection, from its first octet to its last.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{HeaderValue, Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use crate::{
    answer::{self, BadHead, Body},
    limits::{Peer, Timeouts},
    record::Via,
    router::{self, Origins, Route},
    service::{
        kerberos5_proxy::Kerberos5Proxy,
        kkdcp,
        relay::{self, Bounds, Protocol},
    },
    ws,
};

/// Most headers of a request. Browsers send about twenty.
const MAX_HEADERS: usize = 64;
/// Octets of a request head: Heimdal's holds a whole Kerberos message in base64.
const MAX_HEAD: usize = 200 * 1024;

/// What every connection of a listener shares.
#[derive(Debug)]
pub struct Web {
    /// The service behind it.
    pub service: Arc<Kerberos5Proxy>,
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
pub async fn serve<I>(web: Arc<Web>, io: I, peer: Peer, address: SocketAddr)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // A WebSocket outlives the HTTP connection it came from and takes its count of the peer along.
    let peer = Arc::new(peer);
    let answer = service_fn(|request| {
        let (web, peer) = (Arc::clone(&web), Arc::clone(&peer));
        async move { Ok::<_, Infallible>(respond::<I>(web, peer, address, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(web.timeouts.message)
        .half_close(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(io), answer)
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
        debug!(peer = %address, "Connection ended: {error}");
    }
}

async fn respond<I>(
    web: Arc<Web>,
    peer: Arc<Peer>,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Response<Body>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let version = request.version();
    let page = router::origin(request.headers()).and_then(|origin| HeaderValue::from_bytes(origin).ok());
    let routed = router::find(&request, &web.origins, web.scheme);
    let permitted = page.filter(|_| routed != Err(BadHead::Origin));
    let via = |over| Via { peer: address, over };
    let answered = match routed {
        Ok(Route::Kkdcp) => kkdcp::post(&web.service, request, &peer, via("kkdcp"), web.timeouts).await,
        Ok(Route::Heimdal(message)) => Ok(kkdcp::heimdal(&web.service, message, &peer, via("heimdal")).await),
        Ok(Route::Preflight) => Ok(answer::preflight()),
        Ok(Route::Relay) => upgrade::<I>(&web, &peer, via("ws"), request),
        Err(bad) => Err(bad),
    };
    let mut response = answered.unwrap_or_else(|bad| {
        debug!(peer = %address, ?bad, "Request head is not served");
        answer::bad_head(bad)
    });
    if let Some(page) = permitted {
        answer::permit_page(&mut response, page);
    }
    answer::close_if_old(version, &mut response);
    response
}

/// Answers an upgrade and has the WebSocket served once the answer is out.
fn upgrade<I>(
    web: &Arc<Web>,
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
    let service = Arc::clone(&web.service);
    let bounds =
        Bounds { peer: Arc::clone(peer), via, timeouts: web.timeouts, draining: web.draining.clone() };
    web.tasks.spawn(async move {
        // The connection's own type, so that what HTTP needed of it is given back.
        let Ok(upgraded) = upgraded.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<I>>() else { return };
        relay::serve(service, parts.io.into_inner(), parts.read_buf, protocol, bounds).await;
    });
    Ok(response)
}
