//! A connection whose peer has to go on: one that does not finish its request, asks for nothing more, or takes nothing of
//! its answer for too long is given up.
//!
//! HTTP waits for a peer that reads nothing, and has one time for a request's head and for what lies between two
//! requests: without this a stranger could hold a connection, and what the kernel keeps for it, for as long as he likes.

use std::{
    future::Future as _,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tgg::moment::Moment;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep, sleep_until},
};

use super::turns::Turns;
use crate::{ambient, limits::Timeouts};

/// A connection, and how long its peer is waited for.
#[derive(Debug)]
pub(super) struct Patient<I> {
    io: I,
    timeouts: Timeouts,
    turns: Arc<Turns>,
    /// How often it was the peer's turn when it was waited for last.
    turn: usize,
    /// What the peer is waited for; nothing while it waits itself.
    awaited: Option<Awaited>,
    /// Wakes the connection when it has waited for too long.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Set while something waits to be written.
    late: Option<Pin<Box<Sleep>>>,
}

/// What a peer is waited for, and since when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Awaited {
    /// The rest of a request's head. The first one begins with the connection.
    Head(Moment),
    /// Another request, or nothing.
    Next(Moment),
}

impl<I> Patient<I> {
    pub(super) fn new(io: I, timeouts: Timeouts, turns: Arc<Turns>) -> Self {
        let awaited = Some(Awaited::Head(ambient::now()));
        Self { io, timeouts, turns, turn: 0, awaited, alarm: None, late: None }
    }

    /// The connection, for those who have limits of their own.
    pub(super) fn into_inner(self) -> I {
        self.io
    }

    /// Notes whose turn it is, and whether the peer has begun to speak.
    fn note(&mut self, has_spoken: bool) {
        let Some(turn) = self.turns.of_peer() else {
            self.awaited = None;
            return;
        };
        if turn != self.turn {
            self.turn = turn;
            self.awaited = Some(Awaited::Next(ambient::now()));
        }
        if has_spoken && !matches!(self.awaited, Some(Awaited::Head(_))) {
            self.awaited = Some(Awaited::Head(ambient::now()));
        }
    }

    /// Ready once the peer has been waited for long enough: between two requests that is the end of the connection,
    /// and within one it is an error.
    fn poll_given_up(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (until, given_up) = match self.awaited {
            None => return Poll::Pending,
            Some(Awaited::Head(since)) => (since + self.timeouts.message, Err(io::ErrorKind::TimedOut)),
            Some(Awaited::Next(since)) => (since + self.timeouts.idle, Ok(())),
        };
        let until = ambient::instant(until);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alarm.deadline() != until {
            alarm.as_mut().reset(until);
        }
        alarm.as_mut().poll(context).map(|()| given_up.map_err(io::Error::from))
    }

    /// Passes on what became of a write, unless it has waited for too long.
    fn patiently<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.late = None;
            return polled;
        }
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(self.timeouts.idle)));
        late.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Patient<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(context, into);
        this.note(into.filled().len() > before);
        if polled.is_pending() { this.poll_given_up(context) } else { polled }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Patient<I> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write(context, octets);
        this.patiently(polled, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write_vectored(context, octets);
        this.patiently(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_flush(context);
        this.patiently(polled, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_shutdown(context);
        this.patiently(polled, context)
    }
}
