//! One way between two joined connections, which holds nothing while nothing waits.

use std::{
    cell::RefCell,
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{answer::Goodbye, ws::frame::MAX_HEADER};

/// Octets in front of what is read, where a header may be written.
pub(super) const ROOM: usize = MAX_HEADER;

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
    /// What then.
    pub(super) then: Then,
}

/// What a way does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Then {
    /// Nothing more is read, and once all is written the sink is shut.
    End,
    /// It reads on. At the end of the source it ends.
    GoOn,
    /// Nothing more is read, and the sink is left open: it still has the word.
    Hush,
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
    /// Nothing more is read. The sink is not shut before it is told to end.
    Hushed,
    /// The sink is shut.
    Shut,
}

/// One way.
#[derive(Debug)]
pub(super) struct Pipe {
    /// Octets that one read may take.
    room: usize,
    held: Vec<u8>,
    /// Octets of `held` that are written.
    done: usize,
    octets: u64,
    flow: Flow,
    unflushed: bool,
    /// Whether anything was read since that was asked last.
    has_heard: bool,
}

impl Pipe {
    /// One that keeps so many octets at most, or what one read takes if that is less.
    pub(super) fn new(pending: usize) -> Self {
        let room = pending.clamp(1, READ);
        Self {
            room,
            held: Vec::new(),
            done: 0,
            octets: 0,
            flow: Flow::Open,
            unflushed: false,
            has_heard: false,
        }
    }

    /// Octets that the sink took.
    pub(super) const fn octets(&self) -> u64 {
        self.octets
    }

    /// Whether its source was heard since this was asked last. One that is not listened to, because the sink takes nothing,
    /// counts as heard.
    pub(super) fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.has_heard) || !self.is_clear()
    }

    /// Whether nothing waits for the sink.
    pub(super) const fn is_clear(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether nothing more is read.
    pub(super) fn is_ended(&self) -> bool {
        self.flow != Flow::Open
    }

    /// Whether nothing more is read and the sink is left open.
    pub(super) fn is_hushed(&self) -> bool {
        self.flow == Flow::Hushed
    }

    /// What it does next.
    pub(super) fn go_on(&mut self, then: Then) {
        self.flow = match (self.flow, then) {
            (flow @ Flow::Shut, _) | (flow, Then::GoOn) => flow,
            (Flow::Ended, _) | (_, Then::End) => Flow::Ended,
            (_, Then::Hush) => Flow::Hushed,
        };
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
                Flow::Hushed => {
                    self.flush(sink, context)?;
                    return Poll::Pending;
                }
                Flow::Open => {}
            }
            let moved = SCRATCH.with_borrow_mut(|scratch| {
                let room = scratch.get_mut(ROOM..ROOM + self.room).unwrap_or_default();
                let read = poll_read(source, room, context);
                let Poll::Ready(read) = read else { return Poll::Pending };
                let read = read.map_err(|_| Broken::Source)?;
                self.has_heard |= read > 0;
                let arrived = scratch.get_mut(..ROOM + read).unwrap_or_default();
                let Passed { onward, then } = pass(arrived).map_err(Broken::Refused)?;
                self.go_on(if read == 0 && then == Then::GoOn { Then::End } else { then });
                let onward = scratch.get(onward).unwrap_or_default();
                self.write(onward, sink, context).map_err(|_| Broken::Sink)?;
                Poll::Ready(Ok(()))
            });
            if moved.is_pending() {
                self.flush(sink, context)?;
            }
            ready!(moved)?;
        }
    }

    /// Has TLS send a record that it may have kept back.
    fn flush<W>(&mut self, sink: &mut W, context: &mut Context<'_>) -> Result<(), Broken>
    where
        W: AsyncWrite + Unpin,
    {
        if self.unflushed {
            self.unflushed = Pin::new(sink).poll_flush(context).map_err(|_| Broken::Sink)?.is_pending();
        }
        Ok(())
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
