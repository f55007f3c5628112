//! Two joined connections: octets go both ways until an end closes, the pass ends, or the gateway goes down.
//!
//! A pair that idles holds no buffer. Octets are read into a buffer that all pairs of a thread share and are
//! written from there at once; only what the other side does not take is kept, and until it is gone
//! nothing more is read.

mod due;
mod passage;
mod pipe;
mod silence;
mod talk;

use std::{
    future::{Future as _, poll_fn},
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    alarm::Alarm, ambient, answer::Goodbye, limits::LINGER, notice::Notice, sessions::Octets, term::Term,
};
use bytes::Bytes;
use due::{Due, Late};
use passage::Passage;
use pipe::{Broken, Passed, Pipe, ROOM, Then};
use silence::Unheard;
use talk::Spoken;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, sink},
    time::{sleep_until, timeout},
};

pub use passage::Speaks;
pub use silence::Silence;

/// Octets that are read at a time from a back end that is told to stop in the middle of a frame.
const LAST_READ: usize = 4096;

/// How long a back end may take to be told that its client is gone.
const LEAVE: Duration = Duration::from_secs(1);

/// What was read of each side before they were joined.
#[derive(Debug, Default)]
pub struct Early {
    /// From the back end, right behind its answer.
    pub backend: Bytes,
    /// From the client, before it had an answer.
    pub client: Bytes,
}

/// What bounds a joined pair.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// When it ends at the latest.
    pub ends: Term,
    /// How long nothing may move.
    pub idle: Option<Duration>,
    /// How long one side may go on in silence once the other has ended, and how long a goodbye may take.
    pub message: Duration,
    /// Octets that are kept at most for a side that does not take them; while there are any nothing more is read. One
    /// read takes less than 64 KiB however much this is.
    pub pending: usize,
    /// How long each side may say nothing.
    pub silence: Silence,
    /// Octets of the longest message of a client that speaks WebSocket.
    pub max_message: u64,
    /// Says from outside that it is to end.
    pub notice: Notice,
    /// Is told what has passed.
    pub octets: Arc<Octets>,
}

/// One side of a pair.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// Who reached the gateway.
    Client,
    /// Whom the gateway reached.
    Backend,
}

/// Why a pair came to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// This side broke off.
    Broken(Side),
    /// This side ended first, and then the other one.
    Ended(Side),
    /// The gateway said goodbye.
    Said(Goodbye),
    /// This side said nothing for too long, not even to a ping.
    Silent(Side),
}

impl Reason {
    /// One word for logs and counters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken(Side::Backend) => "backend_broke",
            Self::Broken(Side::Client) => "client_broke",
            Self::Ended(Side::Backend) => "backend_closed",
            Self::Ended(Side::Client) => "client_closed",
            Self::Said(goodbye) => goodbye.word(),
            Self::Silent(Side::Backend) => "backend_lost",
            Self::Silent(Side::Client) => "client_silent",
        }
    }
}

/// A pair that has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spliced {
    /// Why.
    pub reason: Reason,
    /// Octets that the client sent and the back end took.
    pub up: u64,
    /// Octets that went to the client.
    pub down: u64,
}

impl Spliced {
    /// A pair that was told goodbye before it was one.
    #[must_use]
    pub const fn early(goodbye: Goodbye) -> Self {
        Self { reason: Reason::Said(goodbye), up: 0, down: 0 }
    }
}

/// Joins a client, whose answer 101 is out if it speaks WebSocket, with a back end until there is a reason to part them.
pub async fn join<C, B>(client: C, backend: B, early: Early, speaks: Speaks, bounds: &Bounds) -> Spliced
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut pair = Pair::new(client, backend, speaks, bounds);
    let reason = match pair.take_early(early) {
        Ok(()) => pair.run(speaks, bounds).await,
        Err(goodbye) => Reason::Said(goodbye),
    };
    // Boxed, so that no pair keeps room for it while it lives.
    match reason {
        Reason::Said(goodbye) => drop(timeout(bounds.message, Box::pin(pair.part(goodbye))).await),
        Reason::Silent(Side::Backend) => {
            drop(timeout(bounds.message, Box::pin(pair.part(Goodbye::Idle))).await);
        }
        // It would not hear it.
        Reason::Silent(Side::Client) => Box::pin(pair.leave(Goodbye::GoingAway)).await,
        Reason::Broken(_) | Reason::Ended(_) => {}
    }
    Spliced { reason, up: pair.up.octets(), down: pair.down.octets() }
}

#[derive(Debug)]
struct Pair<C, B> {
    client: C,
    backend: B,
    up: Pipe,
    down: Pipe,
    passage: Passage,
    /// The side that ended first.
    first: Option<Side>,
}

impl<C, B> Pair<C, B>
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    fn new(client: C, backend: B, speaks: Speaks, bounds: &Bounds) -> Self {
        let (up, down) = (Pipe::new(bounds.pending), Pipe::new(bounds.pending));
        let passage = Passage::new(speaks, bounds.max_message);
        Self { client, backend, up, down, passage, first: None }
    }

    /// Has what was read before go first.
    fn take_early(&mut self, early: Early) -> Result<(), Goodbye> {
        let Self { up, down, passage, .. } = self;
        take(up, &early.client, |octets| passage.pass_up(octets))?;
        take(down, &early.backend, |octets| passage.pass_down(octets))
    }

    /// Moves octets until there is a reason to stop.
    async fn run(&mut self, speaks: Speaks, bounds: &Bounds) -> Reason {
        let mut notice = pin!(bounds.notice.given());
        let timer = pin!(sleep_until(ambient::instant(ambient::now())));
        let mut due = Due::new(bounds, speaks, Alarm::new(timer));
        poll_fn(|context| {
            // The end comes first: a flood uses up what one turn of a task may do, and timers are then silent.
            if notice.as_mut().poll(context).is_ready() {
                return Poll::Ready(Reason::Said(bounds.notice.goodbye()));
            }
            let mut has_asked = false;
            while let Poll::Ready(late) = due.poll(context) {
                let reason = match (late, self.first) {
                    (Late::Over(goodbye), _) => Reason::Said(goodbye),
                    (Late::Idle, None) => Reason::Said(Goodbye::Idle),
                    (Late::Idle, Some(side)) => Reason::Ended(side),
                    (Late::Unheard(Unheard::GiveUp(side)), _) => Reason::Silent(side),
                    (Late::Unheard(Unheard::Ask(side)), _) => {
                        has_asked = self.ask(side);
                        if !has_asked {
                            due.hear(side);
                        }
                        continue;
                    }
                };
                return Poll::Ready(reason);
            }
            let before = self.octets();
            let polled = self.poll_both(context);
            if polled.is_pending() {
                let now = self.octets();
                if before != now {
                    bounds.octets.set(now.0, now.1);
                }
                if due.is_listening() {
                    self.listen(before, &mut due);
                }
                // A question of the gateway's own does not keep a pair from idling.
                due.saw(before != now && !has_asked, self.first.is_some(), context);
            }
            polled
        })
        .await
    }

    /// Asks a side whether it still exists; whether that is possible now.
    fn ask(&mut self, side: Side) -> bool {
        let pipe = match side {
            Side::Client => &mut self.down,
            Side::Backend => &mut self.up,
        };
        // What it does not take would stand in front: it must take that first.
        if !pipe.is_clear() {
            return true;
        }
        let ping = self.passage.ping(side);
        pipe.hold(ping.as_deref().unwrap_or_default());
        ping.is_some()
    }

    /// Takes note of who was heard. `before` are the octets that had moved until then.
    fn listen(&mut self, before: (u64, u64), due: &mut Due<'_>) {
        let (up, down) = self.octets();
        // Who takes what had to wait for it is there, too.
        let takes = (up != before.0 && !self.up.is_clear(), down != before.1 && !self.down.is_clear());
        if self.up.take_heard() || takes.1 {
            due.hear(Side::Client);
        }
        if self.down.take_heard() || takes.0 {
            due.hear(Side::Backend);
        }
    }

    const fn octets(&self) -> (u64, u64) {
        (self.up.octets(), self.down.octets())
    }

    fn poll_both(&mut self, context: &mut Context<'_>) -> Poll<Reason> {
        loop {
            let up = match self.poll_up(context) {
                Poll::Ready(Err(broken)) => {
                    return Poll::Ready(self.reason(broken, Side::Client, Side::Backend));
                }
                up => up.is_ready(),
            };
            if self.up.is_ended() || self.passage.has_closed(Side::Client) {
                self.first.get_or_insert(Side::Client);
            }
            let down = match self.poll_down(context) {
                Poll::Ready(Err(broken)) => {
                    return Poll::Ready(self.reason(broken, Side::Backend, Side::Client));
                }
                down => down.is_ready(),
            };
            if self.down.is_ended() || self.passage.has_closed(Side::Backend) {
                self.first.get_or_insert(Side::Backend);
            }
            // What the back end said may have to be answered, and what is left open for its last words shut.
            if self.turn_to_backend() {
                continue;
            }
            return match self.first {
                // Behind its close frame a client has nothing to say that anybody would hear.
                Some(side) if down && (up || self.up.is_clear() && self.passage.has_closed(Side::Client)) => {
                    Poll::Ready(Reason::Ended(side))
                }
                _ => Poll::Pending,
            };
        }
    }

    /// Why a way is broken. One that breaks when an end has been reached is no surprise.
    fn reason(&self, broken: Broken, source: Side, sink: Side) -> Reason {
        match (broken, self.first) {
            (Broken::Refused(goodbye), _) => Reason::Said(goodbye),
            (Broken::Sink | Broken::Source, Some(side)) => Reason::Ended(side),
            (Broken::Sink, None) => Reason::Broken(sink),
            (Broken::Source, None) => Reason::Broken(source),
        }
    }

    fn poll_up(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let Self { client, backend, up, passage, .. } = self;
        up.poll(client, backend, context, |octets| passage.pass_up(octets))
    }

    fn poll_down(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let Self { client, backend, down, passage, .. } = self;
        loop {
            let polled = down.poll(backend, client, context, |octets| passage.pass_down(octets));
            if !tell(down, passage, Side::Client) {
                return polled;
            }
        }
    }

    /// Whether there is something new for the back end that is not of the client.
    fn turn_to_backend(&mut self) -> bool {
        if self.down.is_ended() && self.up.is_hushed() {
            self.up.go_on(Then::End);
            return true;
        }
        tell(&mut self.up, &mut self.passage, Side::Backend)
    }

    /// Says goodbye to the client between two frames, and closes both sides.
    async fn part(&mut self, goodbye: Goodbye) -> io::Result<()> {
        let held = self.down.take_held();
        self.client.write_all(&held).await?;
        self.down.count(held.len());
        if let Passage::Frames { down, .. } = &mut self.passage {
            let mut octets = [0; LAST_READ];
            while !down.at_one() {
                let read = self.backend.read(&mut octets).await?;
                let read = octets.get(..read).unwrap_or_default();
                // The back end left in the middle of a frame: the client is owed no frame more.
                if read.is_empty() {
                    return self.client.shutdown().await;
                }
                let passed = down.pass_frame(read);
                self.client.write_all(read.get(..passed).unwrap_or_default()).await?;
                self.down.count(passed);
            }
        }
        if let Some(close) = self.passage.close_to_client(goodbye) {
            self.client.write_all(&close).await?;
        }
        self.client.flush().await?;
        self.client.shutdown().await?;
        self.leave(goodbye).await;
        // Unread octets would have the connection reset, and the client might not get the close frame.
        copy(&mut (&mut self.client).take(LINGER), &mut sink()).await?;
        Ok(())
    }
}

impl<C, B: AsyncWrite + Unpin> Pair<C, B> {
    /// Says goodbye to the back end, if that can be done between two frames, and closes that side. It is not
    /// waited for: a back end that takes nothing is left as it is.
    async fn leave(&mut self, goodbye: Goodbye) {
        let mut last = Vec::new();
        if let Some(close) = self.passage.close_to_backend(goodbye) {
            last = self.up.take_held();
            last.extend_from_slice(&close);
        }
        let _ = timeout(LEAVE, async {
            self.backend.write_all(&last).await?;
            self.backend.shutdown().await
        })
        .await;
    }
}

/// Has octets that were read before go first.
fn take(
    pipe: &mut Pipe,
    early: &[u8],
    pass: impl FnOnce(&mut [u8]) -> Result<Passed, Goodbye>,
) -> Result<(), Goodbye> {
    if early.is_empty() {
        return Ok(());
    }
    let mut octets = [&[0; ROOM], early].concat();
    let Passed { onward, then } = pass(&mut octets)?;
    pipe.hold(octets.get(onward).unwrap_or_default());
    pipe.go_on(then);
    Ok(())
}

/// Has a frame of the gateway's own go next to this side, if there is one and nothing else waits.
fn tell(pipe: &mut Pipe, passage: &mut Passage, side: Side) -> bool {
    if !pipe.is_clear() || pipe.is_ended() {
        return false;
    }
    let Some(Spoken { frame, is_last }) = passage.owed(side) else { return false };
    pipe.hold(&frame);
    if is_last {
        pipe.go_on(Then::End);
    }
    true
}

#[cfg(test)]
mod tests;
