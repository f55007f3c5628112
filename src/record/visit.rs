//! The record of a visit to a back end: one line at the end of each request and each joined socket.
//!
//! Paths are written without their queries, which carry what nobody else should read.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{Method, StatusCode, Uri};
use tgg::moment::Moment;
use tracing::info;

use super::{RequestId, took_us, word};
use crate::{ambient, metrics::ServiceMetrics};

/// Octets of a path that are written.
const MAX_PATH: usize = 200;

const TARGET: &str = "ticketgate::visit";

/// How a visit ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The response is out.
    Answered,
    /// The back end broke off in the middle of it.
    BackendBroke,
    /// The client did not wait for the end of it.
    ClientLeft,
}

impl End {
    const fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::BackendBroke => "backend_broke",
            Self::ClientLeft => "client_left",
        }
    }
}

/// A visit that goes on. Its line is written at its end, and at the latest when it is dropped.
#[derive(Debug)]
pub struct Visit {
    /// Names it in the log.
    pub id: RequestId,
    service: Arc<str>,
    peer: SocketAddr,
    /// Over what: `http`, `ws`, `tcp`.
    pub via: &'static str,
    /// Who is admitted.
    pub principal: Option<String>,
    /// The back end.
    pub backend: Option<Arc<str>>,
    /// What was asked for; nothing where octets are all that is said.
    asked: Option<(Method, Uri)>,
    /// What the client was told.
    pub status: Option<StatusCode>,
    /// Octets of the request's body, or that a socket's client sent.
    pub octets_in: Arc<AtomicU64>,
    /// Octets of the response's body, or that a socket's client was sent.
    pub octets_out: u64,
    /// Where it is counted.
    pub metrics: Option<Arc<ServiceMetrics>>,
    started: Moment,
    is_over: bool,
}

impl Visit {
    /// One that begins.
    #[must_use]
    pub fn new(service: Arc<str>, peer: SocketAddr, via: &'static str, method: Method, uri: Uri) -> Self {
        let mut visit = Self::of(service, peer, via);
        visit.asked = Some((method, uri));
        visit
    }

    /// One of a connection that is a stream of octets.
    #[must_use]
    pub fn stream(service: Arc<str>, peer: SocketAddr) -> Self {
        Self::of(service, peer, "tcp")
    }

    fn of(service: Arc<str>, peer: SocketAddr, via: &'static str) -> Self {
        Self {
            id: RequestId::next(),
            service,
            peer,
            via,
            principal: None,
            backend: None,
            asked: None,
            status: None,
            octets_in: Arc::default(),
            octets_out: 0,
            metrics: None,
            started: ambient::now(),
            is_over: false,
        }
    }

    /// Has no line written.
    pub fn forget(mut self) {
        self.is_over = true;
    }

    /// Writes the line of a request, once.
    pub fn end(&mut self, end: End) {
        self.count(None);
        self.write(end.word(), None, &format_args!("Request"));
    }

    /// Writes the line of a joined socket.
    pub fn parted(mut self, why: &'static str) {
        if let (Some(metrics), Some(status)) = (&self.metrics, self.status) {
            metrics.answered(status.as_u16());
        }
        self.write(why, None, &format_args!("Socket"));
    }

    /// Writes the line of a request that was not served. `why` is for the operator and ends with the remedy.
    pub fn refused(mut self, outcome: &'static str, blame: &'static str, why: &dyn fmt::Display) {
        self.count(Some((outcome, blame)));
        self.write(outcome, Some(blame), &format_args!("Not served: {why}"));
    }

    /// Counts a request at its end. Sockets are counted by the registry of sessions.
    fn count(&self, refused: Option<(&'static str, &'static str)>) {
        let Some(metrics) = self.metrics.as_ref().filter(|_| !self.is_over) else { return };
        if let Some(status) = self.status {
            metrics.answered(status.as_u16());
        }
        metrics.moved(self.octets_in.load(Ordering::Relaxed), self.octets_out);
        match refused {
            Some((reason, "backend")) => metrics.backend_failed(reason),
            Some((reason, _)) => metrics.refused(reason),
            None => {}
        }
    }

    fn write(&mut self, outcome: &'static str, blame: Option<&'static str>, message: &fmt::Arguments<'_>) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let path = self.asked.as_ref().map(|(_, uri)| uri.path());
        let path = path.map(|path| word(path.get(..MAX_PATH).unwrap_or(path)).to_string());
        info!(
            target: TARGET,
            id = %self.id,
            service = &*self.service,
            peer = %self.peer,
            via = self.via,
            principal = self.principal.as_deref(),
            method = self.asked.as_ref().map(|(method, _)| method.as_str()),
            path,
            backend = self.backend.as_deref(),
            status = self.status.map(|status| status.as_u16()),
            octets_in = self.octets_in.load(Ordering::Relaxed),
            octets_out = self.octets_out,
            outcome,
            blame,
            took_us = took_us(self.started),
            "{message}"
        );
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.end(End::ClientLeft);
    }
}
