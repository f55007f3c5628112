//! Octets of a file on their way to a client: in one piece if they are few, else as the client takes them.

use std::{
    fs::File,
    future::poll_fn,
    io,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::tree;
use crate::body::{self, Body};

/// Octets that are read at once. A file that has no more is sent with its head in one write; a client that does not
/// read keeps us from reading on.
const PIECE: u64 = 64 * 1024;

/// The octets `part` of a file.
///
/// # Errors
///
/// If they are few and cannot be read.
pub(super) async fn octets(file: Arc<File>, part: Range<u64>) -> io::Result<Body> {
    let mut sending = Sending { file, left: part, reading: None };
    if sending.length() > PIECE {
        return Ok(body::read_on(sending));
    }
    Ok(body::whole(poll_fn(|context| sending.poll_piece(context)).await?))
}

/// A file in one piece.
///
/// # Errors
///
/// If it cannot be read.
pub(super) async fn all(file: Arc<File>, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if let Some(octets) = tree::read_at_hand(&file, 0, length) {
        return Ok(octets);
    }
    spawn_blocking(move || tree::read(&file, 0, length)).await?
}

/// Octets that are still to be sent.
#[derive(Debug)]
struct Sending {
    file: Arc<File>,
    left: Range<u64>,
    /// A piece that is read from the disk.
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Sending {
    const fn length(&self) -> u64 {
        self.left.end.saturating_sub(self.left.start)
    }

    /// The next octets; none at the end.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let offset = self.left.start;
        let length = usize::try_from(self.length().min(PIECE)).unwrap_or_default();
        if length == 0 {
            return Poll::Ready(Ok(Bytes::new()));
        }
        let piece = if let Some(reading) = &mut self.reading {
            let read = ready!(Pin::new(reading).poll(context));
            self.reading = None;
            read??
        } else if let Some(piece) = tree::read_at_hand(&self.file, offset, length) {
            piece
        } else {
            let file = Arc::clone(&self.file);
            self.reading = Some(spawn_blocking(move || tree::read(&file, offset, length)));
            return self.poll_piece(context);
        };
        self.left.start = offset.saturating_add(PIECE).min(self.left.end);
        Poll::Ready(Ok(piece))
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let piece = ready!(self.poll_piece(context));
        if piece.is_err() {
            // Asked again, there is no more.
            self.left.start = self.left.end;
        }
        Poll::Ready(Some(piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.length() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length())
    }
}
