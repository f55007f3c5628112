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

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tgg::moment::Moment;
use tokio::time::timeout;
use tracing::debug;

use super::{body::Outgoing, dial::Dialler, failure::BackendFailure};
use crate::ambient;

/// Octets that are read ahead of a client that is slow; a response's head must fit as well.
const MAX_BUFFER: usize = 64 * 1024;

/// Idle connections that are kept.
const MAX_IDLE: usize = 64;

/// How long an idle connection is kept. Servers close theirs after 5 s (Apache, Node) to 75 s (nginx); one that
/// is used while it closes costs a request, so this is less.
const FRESH: Duration = Duration::from_secs(4);

/// The way to one back end, and the connections that are open.
#[derive(Debug)]
pub(super) struct Pool {
    dialler: Dialler,
    idle: Mutex<Vec<(SendRequest<Outgoing>, Moment)>>,
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
        if !self.sender.is_closed() && idle.len() < MAX_IDLE {
            idle.push((self.sender, ambient::now()));
        }
    }
}

impl Pool {
    /// Without any connection yet.
    #[must_use]
    pub(super) fn new(dialler: Dialler) -> Arc<Self> {
        Arc::new(Self { dialler, idle: Mutex::default() })
    }

    /// The way to the back end.
    #[must_use]
    pub(super) const fn dialler(&self) -> &Dialler {
        &self.dialler
    }

    /// Sends a request over a connection that is open, or else over a new one.
    ///
    /// A request is sent once, unless nothing of it was sent, or it is safe and the back end closed just then a
    /// connection that was kept (RFC 9112 section 9.3.1). `octets` counts its body: as long as that moves, the
    /// response is not late.
    ///
    /// # Errors
    ///
    /// As [`Dialler::dial`], and [`BackendFailure::Broken`] or [`BackendFailure::Late`].
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Request<Outgoing>,
        patience: Duration,
        octets: &AtomicU64,
    ) -> Result<(Response<Incoming>, Lease), BackendFailure> {
        while let Some(mut sender) = self.take() {
            let again = request.body().is_nothing().then(|| spare(&request)).flatten();
            match patiently(sender.try_send_request(request), patience, octets).await? {
                Ok(response) => return Ok((response, Lease { pool: Arc::clone(self), sender })),
                Err(mut error) => {
                    let sendable = error.take_message().or(again);
                    request = sendable.ok_or_else(|| BackendFailure::Broken(error.into_error()))?;
                }
            }
        }
        let mut sender = self.open().await?;
        let sent = patiently(sender.send_request(request), patience, octets).await?;
        let response = sent.map_err(BackendFailure::Broken)?;
        Ok((response, Lease { pool: Arc::clone(self), sender }))
    }

    /// Sends a request over a connection of its own, which it may turn into another protocol.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub(super) async fn ask_once(
        &self,
        request: Request<Outgoing>,
        patience: Duration,
        octets: &AtomicU64,
    ) -> Result<Response<Incoming>, BackendFailure> {
        let mut sender = self.open().await?;
        patiently(sender.send_request(request), patience, octets).await?.map_err(BackendFailure::Broken)
    }

    async fn open(&self) -> Result<SendRequest<Outgoing>, BackendFailure> {
        let io = TokioIo::new(self.dialler.dial().await?);
        let built = http1::Builder::new().max_buf_size(MAX_BUFFER).handshake(io).await;
        let (sender, connection) = built.map_err(BackendFailure::Broken)?;
        // It ends when its sender is dropped, when the back end closes, or when it becomes a socket.
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                debug!("Connection to a back end ended: {error}");
            }
        });
        Ok(sender)
    }

    /// The connection that was used last, if it is fresh; older ones are closed.
    fn take(&self) -> Option<SendRequest<Outgoing>> {
        let now = ambient::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(sender, since)| !sender.is_closed() && now.since(*since) < FRESH);
        let ready = idle.iter().rposition(|(sender, _)| sender.is_ready())?;
        Some(idle.swap_remove(ready).0)
    }
}

/// The same request once more, if it does no harm to send it twice.
fn spare(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let mut again = request.method().is_safe().then(|| Request::new(Outgoing::nothing()))?;
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
