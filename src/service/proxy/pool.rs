//! HTTP/1 connections to one back end, kept for further requests while they are fresh.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderValue, Request, Response, header};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tgg::moment::Moment;
use tokio::time::timeout;
use tracing::debug;

use super::{body::Outgoing, dial::Connection, failure::BackendFailure, ready::Ready};
use crate::ambient;

/// Octets that are read ahead of a client that is slow; a response's head must fit as well.
const MAX_BUFFER: usize = 64 * 1024;

/// How connections are kept for further requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Keeping {
    /// Idle ones that are kept at most. With none, a back end is told that each request is the last of its connection.
    pub connections: usize,
    /// How long an idle one is kept.
    pub fresh: Duration,
}

impl Default for Keeping {
    /// Servers close idle connections after 5 s (Apache, Node) to 75 s (nginx); one that is used while it closes costs a
    /// request, so they are kept for less.
    fn default() -> Self {
        Self { connections: 64, fresh: Duration::from_secs(4) }
    }
}

/// The way to one back end, and the connections that are open.
#[derive(Debug)]
pub(super) struct Pool {
    ready: Ready,
    keeping: Keeping,
    idle: Mutex<Vec<(SendRequest<Outgoing>, Moment)>>,
}

/// A request that was not served.
#[derive(Debug)]
pub(super) struct Unserved {
    pub(super) why: BackendFailure,
    /// The request, if nothing of it was sent.
    pub(super) unsent: Option<Box<Request<Outgoing>>>,
}

impl From<BackendFailure> for Unserved {
    fn from(why: BackendFailure) -> Self {
        Self { why, unsent: None }
    }
}

/// A connection that is in use; it goes back when its response is whole.
#[derive(Debug)]
pub struct Lease {
    pool: Arc<Pool>,
    sender: SendRequest<Outgoing>,
}

impl Lease {
    /// Keeps the connection for another request.
    pub(super) fn give_back(self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.sender.is_closed() && idle.len() < self.pool.keeping.connections {
            idle.push((self.sender, ambient::now()));
        }
    }
}

impl Pool {
    /// Without any connection yet.
    #[must_use]
    pub(super) fn new(ready: Ready, keeping: Keeping) -> Arc<Self> {
        Arc::new(Self { ready, keeping, idle: Mutex::default() })
    }

    /// The way to the back end.
    #[must_use]
    pub(super) const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Sends a request over a connection that is open, or else over a new one.
    ///
    /// A request is sent once, unless nothing of it was sent, or it is safe and the back end closed just then a
    /// connection that was kept (RFC 9112 section 9.3.1). `octets` counts its body: as long as that moves, the
    /// response is not late.
    ///
    /// # Errors
    ///
    /// As [`super::dial::Dialler::dial`], with the request, and [`BackendFailure::Broken`] or [`BackendFailure::Late`].
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Request<Outgoing>,
        patience: Duration,
        octets: &AtomicU64,
    ) -> Result<(Response<Incoming>, Lease), Unserved> {
        while let Some(sender) = self.take() {
            match try_send(sender, request, patience, octets).await? {
                Ok((response, sender)) => return Ok((response, Lease { pool: Arc::clone(self), sender })),
                Err(unsent) => request = *unsent,
            }
        }
        let (mut sender, mut request) = self.open(request).await?;
        if self.keeping.connections == 0 {
            request.headers_mut().append(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let sent = patiently(sender.send_request(request), patience, octets).await?;
        let response = sent.map_err(BackendFailure::Broken)?;
        Ok((response, Lease { pool: Arc::clone(self), sender }))
    }

    /// Sends a request over a connection of its own, which it may turn into another protocol. One that was ready is taken
    /// if there is one.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub(super) async fn ask_once(
        &self,
        mut request: Request<Outgoing>,
        patience: Duration,
        octets: &AtomicU64,
    ) -> Result<Response<Incoming>, Unserved> {
        if let Some(connection) = self.ready.take() {
            match try_send(speak(connection).await?, request, patience, octets).await? {
                Ok((response, _)) => return Ok(response),
                Err(unsent) => request = *unsent,
            }
        }
        let (mut sender, request) = self.open(request).await?;
        let sent = patiently(sender.send_request(request), patience, octets).await?;
        Ok(sent.map_err(BackendFailure::Broken)?)
    }

    /// A new connection for this request.
    async fn open(
        &self,
        request: Request<Outgoing>,
    ) -> Result<(SendRequest<Outgoing>, Request<Outgoing>), Unserved> {
        match self.ready.dialler().dial().await {
            Ok(connection) => Ok((speak(connection).await?, request)),
            Err(why) => Err(Unserved { why, unsent: Some(Box::new(request)) }),
        }
    }

    /// The connection that was used last, if it is fresh; older ones are closed.
    fn take(&self) -> Option<SendRequest<Outgoing>> {
        let now = ambient::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(sender, since)| !sender.is_closed() && now.since(*since) < self.keeping.fresh);
        let ready = idle.iter().rposition(|(sender, _)| sender.is_ready())?;
        Some(idle.swap_remove(ready).0)
    }
}

/// Begins to speak HTTP on a connection.
async fn speak(connection: Connection) -> Result<SendRequest<Outgoing>, BackendFailure> {
    let built = http1::Builder::new().max_buf_size(MAX_BUFFER).handshake(TokioIo::new(connection)).await;
    let (sender, connection) = built.map_err(BackendFailure::Broken)?;
    // It ends when its sender is dropped, when the back end closes, or when it becomes a socket.
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            debug!("Connection to a back end ended: {error}");
        }
    });
    Ok(sender)
}

/// Sends a request over a connection that waited, and may have ended just now: the request comes back then if it may be
/// sent over another one.
async fn try_send(
    mut sender: SendRequest<Outgoing>,
    request: Request<Outgoing>,
    patience: Duration,
    octets: &AtomicU64,
) -> Result<Result<(Response<Incoming>, SendRequest<Outgoing>), Box<Request<Outgoing>>>, BackendFailure> {
    let again = spare(&request);
    match patiently(sender.try_send_request(request), patience, octets).await? {
        Ok(response) => Ok(Ok((response, sender))),
        Err(mut error) => match error.take_message().or(again) {
            Some(request) => Ok(Err(Box::new(request))),
            None => Err(BackendFailure::Broken(error.into_error())),
        },
    }
}

/// The same request once more, if it does no harm to send it twice.
pub(super) fn spare(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let may_be_sent_twice = request.method().is_safe() && request.body().is_nothing();
    let mut again = may_be_sent_twice.then(|| Request::new(Outgoing::nothing()))?;
    again.method_mut().clone_from(request.method());
    again.uri_mut().clone_from(request.uri());
    again.headers_mut().clone_from(request.headers());
    Some(again)
}

/// Waits for a response, as long as `octets` moves or `patience` lasts.
async fn patiently<T>(
    response: impl Future<Output = T>,
    patience: Duration,
    octets: &AtomicU64,
) -> Result<T, BackendFailure> {
    let mut response = pin!(response);
    loop {
        let before = octets.load(Ordering::Relaxed);
        match timeout(patience, response.as_mut()).await {
            Ok(response) => return Ok(response),
            Err(_) if octets.load(Ordering::Relaxed) != before => {}
            Err(_) => return Err(BackendFailure::Late),
        }
    }
}
