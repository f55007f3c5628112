//! What is counted of one service.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, histogram::Histogram},
    registry::Unit,
};

use super::{Count, Gauge, Totals, words::Words};

/// Bounds of the histogram of exchanges, in seconds. A KDC nearby takes one millisecond; after one second another
/// KDC is asked; above ten a client has given up.
const BOUNDS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The kinds of request to a KDC, as the record calls them, and what could not be read that far.
const KINDS: [&str; 4] = ["as", "kpasswd", "tgs", "unread"];

/// The counters of one service. All of them can be reached by many threads at once.
#[derive(Debug)]
pub struct ServiceMetrics {
    name: Arc<str>,
    admissions: Words,
    backend_failures: Words,
    exchanges: [Exchanges; KINDS.len()],
    received: AtomicU64,
    refusals: Words,
    requests: Words,
    sent: AtomicU64,
    sockets_closed: Words,
    sockets_opened: AtomicU64,
}

/// Exchanges of one kind.
#[derive(Debug, Default)]
struct Exchanges {
    outcomes: Words,
    /// Made with the first exchange, so that services without any show none.
    took: OnceLock<Histogram>,
}

impl ServiceMetrics {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            admissions: Words::default(),
            backend_failures: Words::default(),
            exchanges: Default::default(),
            received: AtomicU64::default(),
            refusals: Words::default(),
            requests: Words::default(),
            sent: AtomicU64::default(),
            sockets_closed: Words::default(),
            sockets_opened: AtomicU64::default(),
        }
    }

    /// The service as the configuration names it.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Counts what was decided about a peer that wants in: the outcome of the record of admissions.
    pub fn admitted(&self, outcome: &'static str) {
        self.admissions.count(outcome);
    }

    /// Counts a request that a back end did not serve.
    pub fn backend_failed(&self, reason: &'static str) {
        self.backend_failures.count(reason);
    }

    /// Counts an exchange with a KDC, or one that did not come to it, and how long it took.
    ///
    /// `kind` is `as`, `tgs` or `kpasswd`; `None` if the request could not be read that far.
    pub fn exchanged(&self, kind: Option<&'static str>, outcome: &'static str, took: Duration) {
        let place = KINDS.iter().position(|known| Some(*known) == kind).unwrap_or(KINDS.len() - 1);
        if let Some(exchanges) = self.exchanges.get(place) {
            exchanges.outcomes.count(outcome);
            exchanges.took.get_or_init(|| Histogram::new(BOUNDS)).observe(took.as_secs_f64());
        }
    }

    /// Counts octets that peers sent to the service, and that it sent to them.
    pub fn moved(&self, received: u64, sent: u64) {
        self.received.fetch_add(received, Ordering::Relaxed);
        self.sent.fetch_add(sent, Ordering::Relaxed);
    }

    /// Counts something that a peer asked for and was told no: the word of the record.
    pub fn refused(&self, reason: &'static str) {
        self.refusals.count(reason);
    }

    /// Counts an answer of HTTP by its status.
    pub fn answered(&self, status: u16) {
        self.requests.count(match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        });
    }

    /// Counts a socket that opens. Whoever keeps the registry of sessions does so.
    pub(crate) fn socket_opened(&self) {
        self.sockets_opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the end of a socket that was counted when it opened.
    pub(crate) fn socket_closed(&self, reason: &'static str) {
        self.sockets_closed.count(reason);
    }

    fn sockets_opened(&self) -> u64 {
        self.sockets_opened.load(Ordering::Relaxed)
    }

    /// Sockets that are open. The closed ones are read first, so that none is missed that closes meanwhile.
    fn sockets_open(&self) -> i64 {
        let closed = self.sockets_closed.sum();
        i64::try_from(self.sockets_opened().saturating_sub(closed)).unwrap_or(i64::MAX)
    }

    pub(super) fn add_to(&self, totals: &mut Totals) {
        totals.requests = totals.requests.saturating_add(self.requests.sum());
        totals.sockets = totals.sockets.saturating_add(self.sockets_opened());
        for kind in &self.exchanges {
            totals.exchanges = totals.exchanges.saturating_add(kind.outcomes.sum());
        }
        for (reason, times) in self.refusals.all() {
            let count = totals.refusals.entry(reason).or_default();
            *count = count.saturating_add(times);
        }
    }
}

/// Writes the counters of these services. What a service never did has no line.
pub(super) fn encode(
    services: &[Arc<ServiceMetrics>],
    encoder: &mut DescriptorEncoder<'_>,
) -> std::fmt::Result {
    for (name, help, label, words) in WORDS {
        let mut count = Count::begin(encoder, name, help, None)?;
        for service in services {
            for (word, times) in words(service).all() {
                count.write(&[("service", &*service.name), (label, word)], times)?;
            }
        }
    }
    for (name, help, octets) in OCTETS {
        let mut count = Count::begin(encoder, name, help, Some(&Unit::Bytes))?;
        for service in services {
            let octets = octets(service).load(Ordering::Relaxed);
            if octets > 0 {
                count.write(&[("service", &*service.name)], octets)?;
            }
        }
    }
    let mut count =
        Count::begin(encoder, "ticketgate_sockets_opened", "WebSockets and streams that were opened", None)?;
    for service in services {
        if service.sockets_opened() > 0 {
            count.write(&[("service", &*service.name)], service.sockets_opened())?;
        }
    }
    let mut gauge =
        Gauge::begin(encoder, "ticketgate_sockets_open", "WebSockets and streams that are open", None)?;
    for service in services {
        if service.sockets_opened() > 0 {
            gauge.write(&[("service", &*service.name)], service.sockets_open())?;
        }
    }
    exchanges(services, encoder)
}

fn exchanges(services: &[Arc<ServiceMetrics>], encoder: &mut DescriptorEncoder<'_>) -> std::fmt::Result {
    let by_kind = || {
        services.iter().flat_map(|service| {
            KINDS.into_iter().zip(&service.exchanges).map(move |(kind, exchanges)| (service, kind, exchanges))
        })
    };
    let mut count = Count::begin(
        encoder,
        "ticketgate_exchanges",
        "Requests to KDCs by what came of them: a ticket, the name of a KRB-ERROR, or why there is no reply",
        None,
    )?;
    for (service, kind, exchanges) in by_kind() {
        for (outcome, times) in exchanges.outcomes.all() {
            count.write(&[("service", &*service.name), ("kind", kind), ("outcome", outcome)], times)?;
        }
    }
    let mut histogram = encoder.encode_descriptor(
        "ticketgate_exchange_duration",
        "Time from a whole request to its answer",
        Some(&Unit::Seconds),
        MetricType::Histogram,
    )?;
    for (service, kind, exchanges) in by_kind() {
        if let Some(took) = exchanges.took.get() {
            took.encode(histogram.encode_family(&[("service", &*service.name), ("kind", kind)])?)?;
        }
    }
    Ok(())
}

/// A counter by word: its name, its help, the label of the word, and where it is.
type OfWords = (&'static str, &'static str, &'static str, fn(&ServiceMetrics) -> &Words);

const WORDS: [OfWords; 5] = [
    ("ticketgate_admissions", "Decisions about peers that want in", "outcome", |of| &of.admissions),
    ("ticketgate_backend_failures", "Requests that a back end did not serve", "reason", |of| {
        &of.backend_failures
    }),
    ("ticketgate_refusals", "What peers asked for and were refused", "reason", |of| &of.refusals),
    ("ticketgate_requests", "Answers over HTTP by class of status", "status", |of| &of.requests),
    ("ticketgate_sockets_closed", "WebSockets and streams that ended", "reason", |of| &of.sockets_closed),
];

/// A counter of octets: its name, its help, and where it is.
type OfOctets = (&'static str, &'static str, fn(&ServiceMetrics) -> &AtomicU64);

const OCTETS: [OfOctets; 2] = [
    ("ticketgate_received", "Octets that peers sent: bodies and what sockets carry", |of| &of.received),
    ("ticketgate_sent", "Octets that peers were sent: bodies and what sockets carry", |of| &of.sent),
];
