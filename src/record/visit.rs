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

    /// Counts a request at its end.
    fn count(&self, refused: Option<(&'static str, &'static str)>) {
        let Some(metrics) = self.metrics.as_ref().filter(|_| !self.is_over) else { return };
        if let Some(status) = self.status {
            metrics.answered(status.as_u16());
        }
        // What a socket or a stream carries is counted by the registry of those that are open.
        if self.asked.is_some() && !self.status.is_some_and(|status| status.is_informational()) {
            metrics.moved(self.octets_in.load(Ordering::Relaxed), self.octets_out);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    fn visit(metrics: &Metrics, status: Option<StatusCode>) -> Visit {
        let peer = "192.0.2.1:50000".parse().unwrap();
        let mut visit = Visit::new("shop".into(), peer, "http", Method::GET, Uri::from_static("/"));
        visit.metrics = Some(metrics.service("shop"));
        visit.status = status;
        visit.octets_out = 7;
        visit
    }

    fn metrics() -> Arc<Metrics> {
        Metrics::new(&Arc::default(), &Arc::default())
    }

    #[track_caller]
    fn has(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.render();
        for line in lines {
            assert!(text.lines().any(|written| written == *line), "no {line} in:\n{text}");
        }
    }

    #[test]
    fn a_request_is_counted_once_by_its_status() {
        let metrics = metrics();
        let mut visit = visit(&metrics, Some(StatusCode::OK));
        visit.end(End::Answered);
        drop(visit);
        has(
            &metrics,
            &[
                r#"ticketgate_requests_total{service="shop",status="2xx"} 1"#,
                r#"ticketgate_sent_bytes_total{service="shop"} 7"#,
            ],
        );
    }

    #[test]
    fn octets_of_a_socket_are_left_to_the_registry_however_it_ends() {
        let metrics = metrics();
        let socket = || visit(&metrics, Some(StatusCode::SWITCHING_PROTOCOLS));
        socket().parted("done");
        socket().refused("backend_absent", "backend", &"it refused when it was needed");
        drop(socket());
        let mut stream = Visit::stream("shop".into(), "192.0.2.1:50000".parse().unwrap());
        stream.metrics = Some(metrics.service("shop"));
        stream.octets_out = 7;
        stream.refused("backend_absent", "backend", &"it refused when it was needed");
        assert!(!metrics.render().contains("ticketgate_sent_bytes_total{"));
    }

    #[test]
    fn what_a_back_end_did_not_serve_is_no_refusal() {
        let metrics = metrics();
        visit(&metrics, None).refused("backend_late", "backend", &"it is late");
        visit(&metrics, None).refused("origin", "peer", &"a page of another site");
        has(
            &metrics,
            &[
                r#"ticketgate_backend_failures_total{service="shop",reason="backend_late"} 1"#,
                r#"ticketgate_refusals_total{service="shop",reason="origin"} 1"#,
            ],
        );
    }

    #[test]
    fn a_visit_that_is_forgotten_is_not_counted() {
        let metrics = metrics();
        visit(&metrics, Some(StatusCode::OK)).forget();
        assert_eq!(metrics.totals().requests, 0);
    }
}
