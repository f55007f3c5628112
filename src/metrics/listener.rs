//! What is counted of one listener: connections and TLS handshakes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use prometheus_client::encoding::DescriptorEncoder;

use super::{Count, Gauge, words::Words};

/// The counters of one listener.
#[derive(Debug, Default)]
pub struct ListenerMetrics {
    accepted: AtomicU64,
    closed: AtomicU64,
    refused: Words,
    handshakes: Words,
    in_progress: AtomicU64,
}

impl ListenerMetrics {
    /// Counts a connection that is served, open until the guard is dropped.
    #[must_use]
    pub fn accepted(self: &Arc<Self>) -> OpenConnection {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }

    /// Counts a connection that is not served, such as `peer_connections` or `handshakes`.
    pub fn refused(&self, reason: &'static str) {
        self.refused.count(reason);
    }

    /// Counts a TLS handshake, in progress until its outcome is told or the guard is dropped.
    #[must_use]
    pub fn handshake(self: &Arc<Self>) -> HandshakeInProgress {
        self.in_progress.fetch_add(1, Ordering::Relaxed);
        HandshakeInProgress { of: Arc::clone(self), outcome: "dropped" }
    }

    /// Connections that are open. The closed ones are read first, so that none is missed that closes meanwhile.
    pub(super) fn open(&self) -> u64 {
        let closed = self.closed.load(Ordering::Acquire);
        self.accepted.load(Ordering::Acquire).saturating_sub(closed)
    }
}

/// A connection that is open for as long as this lives.
#[derive(Debug)]
pub struct OpenConnection(Arc<ListenerMetrics>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::Release);
    }
}

/// A TLS handshake that goes on for as long as this lives.
#[derive(Debug)]
pub struct HandshakeInProgress {
    of: Arc<ListenerMetrics>,
    outcome: &'static str,
}

impl HandshakeInProgress {
    /// Tells how it ended: `done`, `failed`, `late`.
    pub fn ended(mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for HandshakeInProgress {
    fn drop(&mut self) {
        self.of.in_progress.fetch_sub(1, Ordering::Relaxed);
        self.of.handshakes.count(self.outcome);
    }
}

/// Writes the counters of these listeners.
pub(super) fn encode(
    listeners: &[(Arc<str>, Arc<ListenerMetrics>)],
    encoder: &mut DescriptorEncoder<'_>,
) -> std::fmt::Result {
    let mut count =
        Count::begin(encoder, "ticketgate_connections_accepted", "Connections that were accepted", None)?;
    for (name, listener) in listeners {
        count.write(&[("listener", &**name)], listener.accepted.load(Ordering::Relaxed))?;
    }
    let mut count = Count::begin(
        encoder,
        "ticketgate_connections_refused",
        "Connections that were closed unserved, by reason",
        None,
    )?;
    for (name, listener) in listeners {
        for (reason, times) in listener.refused.all() {
            count.write(&[("listener", &**name), ("reason", reason)], times)?;
        }
    }
    let mut gauge = Gauge::begin(encoder, "ticketgate_connections_open", "Connections that are open", None)?;
    for (name, listener) in listeners {
        gauge.write(&[("listener", &**name)], i64::try_from(listener.open()).unwrap_or(i64::MAX))?;
    }
    let mut count = Count::begin(encoder, "ticketgate_tls_handshakes", "TLS handshakes by outcome", None)?;
    for (name, listener) in listeners {
        for (outcome, times) in listener.handshakes.all() {
            count.write(&[("listener", &**name), ("outcome", outcome)], times)?;
        }
    }
    let mut gauge = Gauge::begin(
        encoder,
        "ticketgate_tls_handshakes_in_progress",
        "TLS handshakes that have begun and not ended",
        None,
    )?;
    for (name, listener) in listeners {
        let going = listener.in_progress.load(Ordering::Relaxed);
        gauge.write(&[("listener", &**name)], i64::try_from(going).unwrap_or(i64::MAX))?;
    }
    Ok(())
}
