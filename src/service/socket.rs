//! WebSockets that end in the gateway: what bounds them, how they are kept alive, and how they are closed.
//!
//! A service says what becomes of a message and what is to be said; all else is the same for all of them. The peer
//! is not read from while it does not take what it was sent, unless its service has nothing to say to what it
//! sends: nobody can have the gateway gather.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _, stream::FusedStream as _};
use tgg::moment::Moment;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, sink},
    time::{sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        error::{CapacityError, ProtocolError},
    },
};

use crate::{
    alarm::Alarm,
    ambient,
    answer::Goodbye,
    limits::LINGER,
    notice::Notice,
    sessions::Octets,
    term::Term,
    ws::{self, Frames, Metered, Read},
};

/// What bounds a socket.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// When it ends at the latest.
    pub ends: Term,
    /// How long a peer may say nothing. After half of it the peer is asked by a ping whether it still exists.
    pub inactivity: Option<Duration>,
    /// How long a message may take from its first octet to its last, a peer to take anything of what it is sent, and
    /// a goodbye.
    pub message: Duration,
    /// Octets of the longest message of the peer.
    pub max_message: usize,
    /// Says from outside that it is to end.
    pub notice: Notice,
    /// Is told what passes.
    pub octets: Arc<Octets>,
}

/// Why a socket came to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// The connection broke off.
    Broke,
    /// The peer closed.
    Closed,
    /// The gateway said goodbye.
    Said(Goodbye),
    /// The peer said nothing for the time of inactivity, not even to a ping. It was not told so.
    Silent,
    /// The peer took nothing of what it was sent.
    Stuck,
}

impl Why {
    /// One word for logs and counters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broke => "client_broke",
            Self::Closed => "client_closed",
            Self::Said(goodbye) => goodbye.word(),
            Self::Silent => "client_silent",
            Self::Stuck => "client_stuck",
        }
    }
}

/// A socket that has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ended {
    /// Why.
    pub why: Why,
    /// Octets that the client sent, with their frames.
    pub octets_in: u64,
    /// Octets that the client was sent, with their frames.
    pub octets_out: u64,
}

/// What a service makes of one socket.
pub(super) trait Conversation {
    /// Whether the peer is listened to while it has still to take what it was sent. Not if there is anything to be
    /// said to what it sends.
    const LISTENS_AHEAD: bool;

    /// Takes a message of the peer: text or binary. There is none while the peer has still to take something,
    /// unless it is listened to even then.
    fn hear(&mut self, message: Message);

    /// The next message for the peer, asked for when it has taken the last one. What is heard has it asked for again.
    fn poll_say(&mut self, context: &mut Context<'_>) -> Poll<Message>;

    /// Ready once the socket is to end.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<Goodbye>;
}

/// Serves one socket until it closes. `early` is what was read behind the head of the upgrade.
pub(super) async fn serve<I, C>(io: I, early: Bytes, bounds: &Bounds, conversation: C) -> Ended
where
    I: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    // What happens but once is boxed, so that no socket keeps room for it while it lives.
    let mut socket = Box::pin(ws::server(io, early, bounds.max_message)).await;
    let why = {
        let mut notice = pin!(bounds.notice.given());
        let timer = pin!(sleep_until(ambient::instant(ambient::now())));
        let mut session = Session::new(&mut socket, conversation, bounds, Alarm::new(timer));
        poll_fn(|context| {
            if notice.as_mut().poll(context).is_ready() {
                return Poll::Ready(Why::Said(bounds.notice.goodbye()));
            }
            session.poll(context)
        })
        .await
    };
    match why {
        Why::Said(goodbye) => Box::pin(part(&mut socket, goodbye, bounds.message)).await,
        Why::Closed => {
            let _ = timeout(bounds.message, Box::pin(agree(&mut socket))).await;
        }
        Why::Broke | Why::Silent | Why::Stuck => {}
    }
    let (octets_in, octets_out) = (socket.get_ref().arrived(), socket.get_ref().sent());
    bounds.octets.set(octets_in, octets_out);
    Ended { why, octets_in, octets_out }
}

/// Answers the peer's close frame.
async fn agree<I>(socket: &mut WebSocketStream<Metered<I>>) -> Result<(), tungstenite::Error>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    socket.flush().await?;
    // TLS says goodbye too.
    socket.get_mut().shutdown().await?;
    Ok(())
}

/// Says goodbye to a peer and waits until it has heard, so long at most.
pub(super) async fn part<I>(socket: &mut WebSocketStream<Metered<I>>, goodbye: Goodbye, patience: Duration)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let close = async {
        // Behind a breach nothing can be cut into frames.
        let mut is_legible = !socket.is_terminated();
        socket.close(Some(goodbye.frame())).await?;
        // The peer's close frame, or whatever it still sends before it.
        let enough = socket.get_ref().arrived().saturating_add(LINGER);
        while is_legible && socket.get_ref().arrived() < enough {
            match socket.next().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => is_legible = false,
                None => break,
            }
        }
        let io = socket.get_mut();
        // TLS says goodbye too.
        io.shutdown().await?;
        if !is_legible {
            // Unread octets would have the connection reset, and the peer might not get the close frame.
            copy(&mut io.take(LINGER), &mut sink()).await?;
        }
        Ok::<_, tungstenite::Error>(())
    };
    let _ = timeout(patience, close).await;
}

/// How a peer broke the protocol; `None` if it is gone.
pub(super) const fn breach(error: &tungstenite::Error) -> Option<Goodbye> {
    match error {
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(Goodbye::TooLong),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(_) => Some(Goodbye::Protocol),
        tungstenite::Error::Utf8(_) => Some(Goodbye::NotUtf8),
        _ => None,
    }
}

/// A socket while it is open.
struct Session<'a, I, C> {
    socket: &'a mut WebSocketStream<Metered<I>>,
    conversation: C,
    bounds: &'a Bounds,
    alarm: Alarm<'a>,
    frames: Frames,
    /// When anything came last, and how many octets had come then.
    heard: (Moment, u64),
    /// Whether the peer was asked since then whether it still exists.
    asked: bool,
    /// When the message began that is not whole.
    begun: Option<Moment>,
    /// Whether the peer has still to take something.
    sending: bool,
    /// If it does not take it at once: when it took anything last, and how many octets it had taken then.
    waiting: Option<(Moment, u64)>,
}

impl<'a, I, C> Session<'a, I, C>
where
    I: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    fn new(
        socket: &'a mut WebSocketStream<Metered<I>>,
        conversation: C,
        bounds: &'a Bounds,
        alarm: Alarm<'a>,
    ) -> Self {
        let heard = (ambient::now(), socket.get_ref().arrived());
        Self {
            socket,
            conversation,
            bounds,
            alarm,
            frames: Frames::default(),
            heard,
            asked: false,
            begun: None,
            sending: false,
            waiting: None,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Why> {
        if let Poll::Ready(goodbye) = self.conversation.poll_over(context) {
            return Poll::Ready(Why::Said(goodbye));
        }
        loop {
            // Time comes first: a flood uses up what one turn of a task may do, and timers are then silent.
            if let Poll::Ready(Some(why)) = self.poll_late(context) {
                return Poll::Ready(why);
            }
            if let Poll::Ready(why) = self.poll_talk(context) {
                return Poll::Ready(why);
            }
            self.note();
            if self.deadline().is_none_or(|deadline| self.alarm.covers(deadline)) {
                return Poll::Pending;
            }
        }
    }

    /// Says and hears what can be said and heard now.
    fn poll_talk(&mut self, context: &mut Context<'_>) -> Poll<Why> {
        loop {
            let is_clear = match self.poll_say(context) {
                Poll::Ready(Err(why)) => return Poll::Ready(why),
                said => said.is_ready(),
            };
            if !is_clear && !C::LISTENS_AHEAD {
                return Poll::Pending;
            }
            match ready!(self.frames.poll_next(self.socket, context)) {
                // Taken note of behind this.
                Read::Begun => {}
                Read::Message(None) => return Poll::Ready(Why::Closed),
                Read::Message(Some(Ok(message))) => match message {
                    Message::Binary(_) | Message::Text(_) => {
                        self.begun = None;
                        self.conversation.hear(message);
                    }
                    Message::Close(_) => return Poll::Ready(Why::Closed),
                    // They may come between the frames of a message, and do not finish that.
                    Message::Frame(_) | Message::Ping(_) | Message::Pong(_) => {}
                },
                Read::Message(Some(Err(error))) => {
                    return Poll::Ready(breach(&error).map_or(Why::Broke, Why::Said));
                }
            }
        }
    }

    /// Says all that there is to say. Ready once the peer has taken it.
    fn poll_say(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Why>> {
        loop {
            if self.sending {
                ready!(self.socket.poll_flush_unpin(context)).map_err(|_| Why::Broke)?;
                self.sending = false;
            }
            match self.conversation.poll_say(context) {
                Poll::Ready(message) => self.send(message)?,
                Poll::Pending => return Poll::Ready(Ok(())),
            }
        }
    }

    fn send(&mut self, message: Message) -> Result<(), Why> {
        self.sending = true;
        self.socket.start_send_unpin(message).map_err(|_| Why::Broke)
    }

    /// Takes note of what has passed.
    fn note(&mut self) {
        let (arrived, sent) = (self.socket.get_ref().arrived(), self.socket.get_ref().sent());
        self.bounds.octets.set(arrived, sent);
        if arrived != self.heard.1 || self.sending || self.waiting.is_some() {
            let now = ambient::now();
            // A peer that is not listened to is not silent either.
            if arrived != self.heard.1 || !C::LISTENS_AHEAD {
                self.heard = (now, arrived);
                self.asked = false;
            }
            match self.waiting {
                Some((_, taken)) if self.sending && taken == sent => {}
                _ => self.waiting = self.sending.then_some((now, sent)),
            }
        }
        if self.frames.is_partial() {
            self.begun.get_or_insert(self.heard.0);
        } else {
            self.begun = None;
        }
    }

    /// The nearest of what may be late.
    fn deadline(&self) -> Option<Moment> {
        let message = self.bounds.message;
        let stuck = self.waiting.map(|(since, _)| since + message);
        let begun = self.begun.map(|begun| begun + message);
        self.bounds.ends.next().into_iter().chain(stuck).chain(begun).chain(self.silence()).min()
    }

    /// When the peer has been silent for so long that something has to be done.
    fn silence(&self) -> Option<Moment> {
        let inactivity = self.bounds.inactivity?;
        Some(self.heard.0 + if self.asked { inactivity } else { inactivity / 2 })
    }

    /// Ready if something is late: the end, or nothing but a ping that is to go out.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<Option<Why>> {
        let Some(deadline) = self.deadline() else { return Poll::Pending };
        let now = ready!(self.alarm.poll(deadline, context));
        let message = self.bounds.message;
        Poll::Ready(if let Some(goodbye) = self.bounds.ends.over(now) {
            Some(Why::Said(goodbye))
        } else if self.waiting.is_some_and(|(since, _)| since + message <= now) {
            Some(Why::Stuck)
        } else if self.begun.is_some_and(|begun| begun + message <= now) {
            Some(Why::Said(Goodbye::Idle))
        } else if self.asked {
            Some(Why::Silent)
        } else {
            self.asked = true;
            self.send(Message::Ping(Bytes::new())).err()
        })
    }
}

#[cfg(test)]
mod tests;
