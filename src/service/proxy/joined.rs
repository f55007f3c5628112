//! A client and a back end that are about to be joined, and how long they may be.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::dial::Connection;
use crate::{
    ambient,
    answer::Goodbye,
    notice::Notice,
    record::visit::Visit,
    sessions::Octets,
    splice::{self, Bounds, Early, Silence, Speaks},
    term::Term,
};

/// Octets that are kept for a side of a pair that does not take them, as KAAZING Gateway does.
pub const PENDING: usize = 64_000;

/// What bounds all pairs of a service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Joining {
    /// How long one may last, whatever its pass says.
    pub lifetime: Option<Duration>,
    /// How long nothing may move.
    pub idle: Option<Duration>,
    /// How long each side may say nothing.
    pub silence: Silence,
    /// Octets that are kept at most for a side that does not take them.
    pub pending: usize,
    /// Octets of the longest message of a client that speaks WebSocket.
    pub max_message: u64,
}

impl Default for Joining {
    fn default() -> Self {
        Self {
            lifetime: None,
            idle: None,
            silence: Silence::default(),
            pending: PENDING,
            max_message: u64::MAX,
        }
    }
}

impl Joining {
    /// When a pair ends that begins now: with its pass, and after its lifetime at the latest.
    pub(super) fn end(&self, term: Term) -> Term {
        match self.lifetime {
            Some(lifetime) => term.or(ambient::now() + lifetime, Goodbye::Expired),
            None => term,
        }
    }
}

/// A back end that waits for the client's connection.
#[derive(Debug)]
pub struct Joined {
    pub(super) connection: Connection,
    pub(super) early: Bytes,
    pub(super) speaks: Speaks,
    pub(super) ends: Term,
    pub(super) joining: Joining,
    pub(super) visit: Visit,
}

impl Joined {
    /// Where it goes to, for the record.
    #[must_use]
    pub fn backend(&self) -> Option<Arc<str>> {
        self.visit.backend.clone()
    }

    /// Joins the client's connection, on which the answer 101 is out, until there is a reason to part. `early` is
    /// what the client sent behind its request.
    pub fn serve<I>(
        self,
        client: I,
        early: Bytes,
        message: Duration,
        notice: Notice,
        octets: Arc<Octets>,
    ) -> impl Future<Output = &'static str>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let Self { connection, early: said, speaks, ends, joining, mut visit } = self;
        let Joining { idle, silence, pending, max_message, .. } = joining;
        let failure = match &connection {
            Connection::Later(later) => Some(later.failure()),
            Connection::Plain(_) | Connection::Tls(_) => None,
        };
        let bounds = Bounds { ends, idle, message, pending, silence, max_message, notice, octets };
        let early = Early { backend: said, client: early };
        // Only what is still needed is kept while the pair lives.
        async move {
            let spliced = splice::join(client, connection, early, speaks, &bounds).await;
            visit.octets_in.store(spliced.up, Ordering::Relaxed);
            visit.octets_out = spliced.down;
            bounds.octets.set(spliced.up, spliced.down);
            match failure.as_ref().and_then(|failure| failure.get()) {
                Some(why) => {
                    visit.refused(why.word(), "backend", why);
                    why.word()
                }
                None => {
                    visit.parted(spliced.reason.word());
                    spliced.reason.word()
                }
            }
        }
    }
}
