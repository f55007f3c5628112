//! Whose turn it is on a connection: the peer's, until its request is there, and the gateway's, until its answer is out.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use hyper::body::{Body, Frame, SizeHint};

/// The turns on one connection. They begin with the peer's.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// How often the turn has changed: it is the gateway's while this is odd.
    changes: AtomicUsize,
}

impl Turns {
    /// Which turn of the peer's it is; `None` if it is the gateway's.
    pub(super) fn of_peer(&self) -> Option<usize> {
        let changes = self.changes.load(Ordering::Relaxed);
        changes.is_multiple_of(2).then_some(changes)
    }

    /// Begins the gateway's turn.
    pub(super) fn begin(self: &Arc<Self>) -> Turn {
        self.changes.fetch_add(1, Ordering::Relaxed);
        Turn(Arc::clone(self))
    }
}

/// The gateway's turn, for as long as this lives.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.changes.fetch_add(1, Ordering::Relaxed);
    }
}

/// The body of an answer. It is dropped when its last octet is on its way, and that ends the gateway's turn.
#[derive(Debug)]
pub(super) struct Answering<B> {
    body: B,
    _turn: Turn,
}

impl<B> Answering<B> {
    pub(super) const fn new(body: B, turn: Turn) -> Self {
        Self { body, _turn: turn }
    }
}

impl<B: Body + Unpin> Body for Answering<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
