//! What is known of a connection: it holds for all requests on it, and vouches for none.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls_pki_types::CertificateDer;
use tgg::moment::Moment;
use tpg::negotiation::Pending;

use crate::ambient;

/// How long a negotiation may rest between two tokens. Clients answer at once.
const PATIENCE: Duration = Duration::from_secs(60);
/// Failed attempts in a row after which no challenge is sent any more.
const ATTEMPTS: u32 = 2;

/// A connection, as a realm sees it.
#[derive(Debug)]
pub struct Visitor {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Whether it has TLS.
    pub tls: bool,
    /// The channel bindings that a token on it may have.
    pub bindings: Vec<[u8; 16]>,
    /// What the client has shown in TLS, its own certificate first, if it has: verified by the truststore.
    pub certificates: Option<Arc<Vec<CertificateDer<'static>>>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the first token of a negotiation left for its second.
    pending: Option<(Pending, Moment)>,
    /// Attempts that failed in a row.
    failures: u32,
}

impl Visitor {
    /// A connection from `address`.
    #[must_use]
    pub fn new(address: SocketAddr, tls: bool, bindings: Vec<[u8; 16]>) -> Self {
        Self { address, tls, bindings, certificates: None, state: Mutex::default() }
    }

    /// The same with what its client has shown in TLS.
    #[must_use]
    pub fn showing(mut self, certificates: Option<Arc<Vec<CertificateDer<'static>>>>) -> Self {
        self.certificates = certificates;
        self
    }

    /// Whether nobody reads along: browsers keep a cookie that asks for that.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.tls || self.address.ip().to_canonical().is_loopback()
    }

    /// Takes what the last token left, if that was not too long ago.
    pub(super) fn pending(&self) -> Option<Pending> {
        let (pending, kept) = self.state.lock().unwrap_or_else(PoisonError::into_inner).pending.take()?;
        (ambient::now().since(kept) < PATIENCE).then_some(pending)
    }

    /// Keeps what a token left. One is kept: a connection has one negotiation at a time.
    pub(super) fn keep(&self, pending: Pending) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).pending = Some((pending, ambient::now()));
    }

    /// Counts a failed attempt; true once there were enough.
    pub(super) fn failed(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        state.failures >= ATTEMPTS
    }

    /// Forgets failed attempts.
    pub(super) fn succeeded(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failures = 0;
    }
}
