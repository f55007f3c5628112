//! One way between two joined connections, which holds nothing while nothing waits.

use std::{
    cell::RefCell,
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{answer::Goodbye, ws::frame::MAX_SERVER_HEADER};

/// Octets in front of what is read, where a header may be written.
pub(super) const ROOM: usize = MAX_SERVER_HEADER;

/// Octets that one read takes, and the most that one way of a pair ever holds beside a frame of its own.
const READ: usize = 64 * 1024;

thread_local! {
    /// What is read stands here until it is written, which is before anything else happens on this thread.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; ROOM + READ].into());
}

/// What becomes of octets that were read.
#[derive(Debug)]
pub(super) struct Passed {
    /// Where in the buffer that stands which goes on.
    pub(super) onward: Range<usize>,
    /// Whether nothing more is read.
    pub(super) is_last: bool,
}

/// Why a way is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Broken {
    /// What was read may not go on.
    Refused(Goodbye),
    /// The side that is written to.
    Sink,
    /// The side that is read from.
    Source,
}

/// How far a way has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Flow {
    #[default]
    Open,
    /// Nothing more is read. Once all is written the sink is shut.
    Ended,
    /// The sink is shut.
    Shut,
}

/// One way.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    held: Vec<u8>,
    /// Octets of `held` that are written.
    done: usize,
    octets: u64,
    flow: Flow,
    unflushed: bool,
}

impl Pipe {
    /// Octets that the sink took.
    pub(super) const fn octets(&self) -> u64 {
        self.octets
    }

    /// Whether nothing waits for the sink.
    pub(super) const fn is_clear(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether nothing more is read.
    pub(super) fn is_ended(&self) -> bool {
        self.flow != Flow::Open
    }

    /// Has nothing more read.
    pub(super) fn end(&mut self) {
        self.flow = Flow::Ended;
    }

    /// Has these octets go next.
    pub(super) fn hold(&mut self, octets: &[u8]) {
        self.held.extend_from_slice(octets);
    }

    /// Moves octets until either side has to be waited for. Ready once the sink is shut.
    ///
    /// `pass` is given the buffer up to the last octet that was read; what was read begins at [`ROOM`]. At the
    /// end of the source it is given nothing that was read, for its last words.
    pub(super) fn poll<R, W>(
        &mut self,
        source: &mut R,
        sink: &mut W,
        context: &mut Context<'_>,
        mut pass: impl FnMut(&mut [u8]) -> Result<Passed, Goodbye>,
    ) -> Poll<Result<(), Broken>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_write_held(sink, context)).map_err(|_| Broken::Sink)?;
            match self.flow {
                Flow::Shut => return Poll::Ready(Ok(())),
                Flow::Ended => {
                    ready!(Pin::new(&mut *sink).poll_shutdown(context)).map_err(|_| Broken::Sink)?;
                    self.flow = Flow::Shut;
                    return Poll::Ready(Ok(()));
                }
                Flow::Open => {}
            }
            let moved = SCRATCH.with_borrow_mut(|scratch| {
                let read = poll_read(source, scratch.get_mut(ROOM..).unwrap_or_default(), context);
                let Poll::Ready(read) = read else { return Poll::Pending };
                let read = read.map_err(|_| Broken::Source)?;
                let arrived = scratch.get_mut(..ROOM + read).unwrap_or_default();
                let Passed { onward, is_last } = pass(arrived).map_err(Broken::Refused)?;
                if is_last || read == 0 {
                    self.flow = Flow::Ended;
                }
                let onward = scratch.get(onward).unwrap_or_default();
                self.write(onward, sink, context).map_err(|_| Broken::Sink)?;
                Poll::Ready(Ok(()))
            });
            if moved.is_pending() && self.unflushed {
                // TLS may have kept a record back.
                self.unflushed =
                    Pin::new(&mut *sink).poll_flush(context).map_err(|_| Broken::Sink)?.is_pending();
            }
            ready!(moved)?;
        }
    }

    /// Writes what can be written now and keeps the rest.
    fn write<W>(&mut self, octets: &[u8], sink: &mut W, context: &mut Context<'_>) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        if octets.is_empty() {
            return Ok(());
        }
        let written = match Pin::new(sink).poll_write(context, octets)? {
            Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(written) => written,
            Poll::Pending => 0,
        };
        self.count(written);
        self.hold(octets.get(written..).unwrap_or_default());
        Ok(())
    }

    fn poll_write_held<W>(&mut self, sink: &mut W, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while let Some(rest) = self.held.get(self.done..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut *sink).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.done += written;
            self.count(written);
        }
        if !self.held.is_empty() {
            // The memory goes too: this pair may not need it again for hours.
            self.held = Vec::new();
            self.done = 0;
        }
        Poll::Ready(Ok(()))
    }

    /// Counts octets that the sink took.
    pub(super) fn count(&mut self, written: usize) {
        self.octets = self.octets.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        self.unflushed = true;
    }

    /// Takes what still waits, to be written by other means.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        let rest = self.held.split_off(self.done.min(self.held.len()));
        (self.held, self.done) = (Vec::new(), 0);
        rest
    }
}

fn poll_read<R>(source: &mut R, into: &mut [u8], context: &mut Context<'_>) -> Poll<io::Result<usize>>
where
    R: AsyncRead + Unpin,
{
    let mut buffer = ReadBuf::new(into);
    ready!(Pin::new(source).poll_read(context, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().len()))
}
