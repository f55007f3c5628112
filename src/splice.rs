//! Two joined connections: octets go both ways until an end closes, the pass ends, or the gateway goes down.
//!
//! A pair that idles holds no buffer. Octets are read into a buffer that all pairs of a thread share and are
//! written from there at once; only what the other side does not take is kept, and until it is gone
//! nothing more is read.

mod due;
mod pipe;
mod talk;

use std::{
    future::{Future as _, poll_fn},
    io,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tgg::moment::Moment;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, sink},
    time::{sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::{
    alarm::Alarm,
    ambient,
    answer::Goodbye,
    limits::LINGER,
    notice::Notice,
    ws::frame::{self, Boundaries},
};
use due::{Due, Late};
use pipe::{Broken, Passed, Pipe, ROOM};
use talk::{Talk, sealed};

/// Octets that are read at a time from a back end that is told to stop in the middle of a frame.
const LAST_READ: usize = 4096;

/// How long a back end may take to be told that its client is gone.
const LEAVE: Duration = Duration::from_secs(1);

/// What the back end speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speaks {
    /// A stream of octets: the client's messages are opened and the back end's octets are made messages.
    Octets,
    /// WebSocket: frames pass unchanged.
    WebSocket,
}

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
    pub ends: Option<Moment>,
    /// How long nothing may move.
    pub idle: Option<Duration>,
    /// How long one side may go on in silence once the other has ended, and how long a goodbye may take.
    pub message: Duration,
    /// Says from outside that it is to end.
    pub notice: Notice,
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

/// Joins a client, whose answer 101 is out, with a back end until there is a reason to part them.
pub async fn join<C, B>(client: C, backend: B, early: Early, speaks: Speaks, bounds: &Bounds) -> Spliced
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut pair = Pair::new(client, backend, speaks);
    let reason = match pair.take_early(early) {
        Ok(()) => pair.run(bounds).await,
        Err(goodbye) => Reason::Said(goodbye),
    };
    if let Reason::Said(goodbye) = reason {
        // Boxed, so that no pair keeps room for it while it lives.
        let _ = timeout(bounds.message, Box::pin(pair.part(goodbye))).await;
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

/// What happens to octets on their way.
#[derive(Debug)]
enum Passage {
    /// Messages are opened and made.
    Octets(Box<Talk>),
    /// Frames pass, and it is known where they end.
    WebSocket { up: Boundaries, down: Boundaries },
}

impl<C, B> Pair<C, B>
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    fn new(client: C, backend: B, speaks: Speaks) -> Self {
        let passage = match speaks {
            Speaks::Octets => Passage::Octets(Box::default()),
            Speaks::WebSocket => {
                Passage::WebSocket { up: Boundaries::default(), down: Boundaries::default() }
            }
        };
        Self { client, backend, up: Pipe::default(), down: Pipe::default(), passage, first: None }
    }

    /// Has what was read before go first.
    fn take_early(&mut self, early: Early) -> Result<(), Goodbye> {
        match &mut self.passage {
            Passage::WebSocket { up, down } => {
                up.pass(&early.client);
                self.up.hold(&early.client);
                down.pass(&early.backend);
                self.down.hold(&early.backend);
            }
            Passage::Octets(talk) => {
                let mut octets = early.client.to_vec();
                let (payload, aside) = talk.opener.open(&mut octets).map_err(|_| Goodbye::Protocol)?;
                self.up.hold(octets.get(payload).unwrap_or_default());
                if talk.hear(aside) {
                    self.up.end();
                }
            }
        }
        Ok(())
    }

    /// Moves octets until there is a reason to stop.
    async fn run(&mut self, bounds: &Bounds) -> Reason {
        let mut notice = pin!(bounds.notice.given());
        let timer = pin!(sleep_until(ambient::instant(ambient::now())));
        let mut due = Due::new(bounds, Alarm::new(timer));
        poll_fn(|context| {
            // The end comes first: a flood uses up what one turn of a task may do, and timers are then silent.
            if notice.as_mut().poll(context).is_ready() {
                return Poll::Ready(Reason::Said(bounds.notice.goodbye()));
            }
            if let Poll::Ready(late) = due.poll(context) {
                return Poll::Ready(match (late, self.first) {
                    (Late::Expired, _) => Reason::Said(Goodbye::Expired),
                    (Late::Idle, None) => Reason::Said(Goodbye::Idle),
                    (Late::Idle, Some(side)) => Reason::Ended(side),
                });
            }
            let before = self.octets();
            let polled = self.poll_both(context);
            if polled.is_pending() {
                due.saw(before != self.octets(), self.first.is_some(), context);
            }
            polled
        })
        .await
    }

    const fn octets(&self) -> (u64, u64) {
        (self.up.octets(), self.down.octets())
    }

    fn poll_both(&mut self, context: &mut Context<'_>) -> Poll<Reason> {
        let up = match self.poll_up(context) {
            Poll::Ready(Err(broken)) => return Poll::Ready(self.reason(broken, Side::Client, Side::Backend)),
            up => up.is_ready(),
        };
        if self.up.is_ended() || self.passage.has_closed(Side::Client) {
            self.first.get_or_insert(Side::Client);
        }
        let down = match self.poll_down(context) {
            Poll::Ready(Err(broken)) => return Poll::Ready(self.reason(broken, Side::Backend, Side::Client)),
            down => down.is_ready(),
        };
        if self.down.is_ended() || self.passage.has_closed(Side::Backend) {
            self.first.get_or_insert(Side::Backend);
        }
        match self.first {
            // Behind its close frame a client has nothing to say that anybody would hear.
            Some(side) if down && (up || self.up.is_clear() && self.passage.has_closed(Side::Client)) => {
                Poll::Ready(Reason::Ended(side))
            }
            _ => Poll::Pending,
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
        up.poll(client, backend, context, |octets| match passage {
            Passage::WebSocket { up, .. } => {
                up.pass(octets.get(ROOM..).unwrap_or_default());
                Ok(Passed { onward: ROOM..octets.len(), is_last: false })
            }
            Passage::Octets(talk) => {
                let read = octets.get_mut(ROOM..).unwrap_or_default();
                let (payload, aside) = talk.opener.open(read).map_err(|_| Goodbye::Protocol)?;
                let onward = ROOM + payload.start..ROOM + payload.end;
                Ok(Passed { onward, is_last: talk.hear(aside) })
            }
        })
    }

    fn poll_down(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let Self { client, backend, down, passage, .. } = self;
        loop {
            let polled = down.poll(backend, client, context, |octets| {
                let onward = match passage {
                    Passage::WebSocket { down, .. } => {
                        down.pass(octets.get(ROOM..).unwrap_or_default());
                        ROOM..octets.len()
                    }
                    Passage::Octets(_) => sealed(octets),
                };
                Ok(Passed { onward, is_last: false })
            });
            match passage {
                Passage::Octets(talk) if down.is_clear() && !down.is_ended() => match talk.pong.take() {
                    Some(pong) => down.hold(&pong),
                    None => return polled,
                },
                _ => return polled,
            }
        }
    }

    /// Says goodbye to the client between two frames, and closes both sides.
    async fn part(&mut self, goodbye: Goodbye) -> io::Result<()> {
        let held = self.down.take_held();
        self.client.write_all(&held).await?;
        self.down.count(held.len());
        let closed = match &mut self.passage {
            Passage::Octets(_) => false,
            Passage::WebSocket { down, .. } => {
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
                down.closed()
            }
        };
        if !closed {
            let CloseFrame { code, reason } = goodbye.frame();
            self.client.write_all(&frame::close(code.into(), &reason)).await?;
        }
        self.client.flush().await?;
        self.client.shutdown().await?;
        self.leave().await;
        // Unread octets would have the connection reset, and the client might not get the close frame.
        copy(&mut (&mut self.client).take(LINGER), &mut sink()).await?;
        Ok(())
    }
}

impl<C, B: AsyncWrite + Unpin> Pair<C, B> {
    /// Says goodbye to the back end, if that can be done between two frames, and closes that side. It is not
    /// waited for: a back end that takes nothing is left as it is.
    async fn leave(&mut self) {
        let mut last = Vec::new();
        if let Passage::WebSocket { up, .. } = &self.passage
            && up.at_one()
            && !up.closed()
        {
            last = self.up.take_held();
            let CloseFrame { code, reason } = Goodbye::GoingAway.frame();
            last.extend_from_slice(&frame::masked_close(code.into(), &reason, ambient::random()));
        }
        let _ = timeout(LEAVE, async {
            self.backend.write_all(&last).await?;
            self.backend.shutdown().await
        })
        .await;
    }
}

impl Passage {
    /// Whether a side has sent its close frame. The connection should follow, but a peer may forget it.
    fn has_closed(&self, side: Side) -> bool {
        match (self, side) {
            (Self::WebSocket { up, .. }, Side::Client) => up.closed(),
            (Self::WebSocket { down, .. }, Side::Backend) => down.closed(),
            (Self::Octets(_), _) => false,
        }
    }
}
