//! A connection below a socket that uses extensions of the handshake inside: whoever serves the socket sees one without.
//!
//! `x-kaazing-ping-pong` has pings and pongs as messages that begin with four control octets, and a message of those
//! four alone in front of every one of the application that begins so. Here they are put in the place of the frames of
//! RFC 6455 without a payload, and back. `x-kaazing-idle-timeout` has a client close when nothing came for a time: a
//! pong that nobody asked for comes in time.

mod inbound;
mod outbound;

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, BytesMut};
use tgg::moment::Moment;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep_until},
};

use self::{inbound::Inbound, outbound::Outbound};
use super::extensions::Extensions;
use crate::ambient;

/// Octets that are taken at once of what is to be sent.
const CHUNK: usize = 16 * 1024;

/// A connection below a socket that uses extensions.
#[derive(Debug)]
pub struct Extended<I> {
    io: I,
    inbound: Inbound,
    /// What is to be read.
    arrived: BytesMut,
    outbound: Outbound,
    /// What the connection has not taken.
    unsent: BytesMut,
    pulse: Option<Pulse>,
}

/// Has something go to the client in time.
#[derive(Debug)]
struct Pulse {
    period: Duration,
    /// When anything went to the client last.
    last: Moment,
    timer: Pin<Box<Sleep>>,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Extended<I> {
    /// The connection with these extensions. `early` is what was read of it.
    #[must_use]
    pub fn new(io: I, early: &[u8], extensions: Extensions) -> Self {
        let mut arrived = BytesMut::new();
        let mut inbound = Inbound::new(extensions.ping_pong);
        inbound.pass(early, &mut arrived);
        // As KAAZING Gateway has it.
        let pulse = extensions.idle.map(|idle| Pulse::every(idle / 4 * 3));
        let outbound = Outbound::new(extensions.ping_pong);
        Self { io, inbound, arrived, outbound, unsent: BytesMut::new(), pulse }
    }

    /// Ready once the connection has taken what was to be sent.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(context, &self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(written);
        }
        // An idle socket keeps no room.
        self.unsent = BytesMut::new();
        Poll::Ready(Ok(()))
    }

    /// Has a pong go out, if it is time and one may.
    fn poll_pulse(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let Some(pulse) = &mut self.pulse else { return Ok(()) };
        while pulse.timer.as_mut().poll(context).is_ready() {
            let now = ambient::now();
            if pulse.last + pulse.period <= now {
                // While something is on its way anyway, or a message goes out in pieces, nothing has to be said.
                if self.unsent.is_empty() && self.outbound.pulse(&mut self.unsent) {
                    if let Poll::Ready(drained) = self.poll_drain(context) {
                        drained?;
                    }
                    if let Poll::Ready(flushed) = Pin::new(&mut self.io).poll_flush(context) {
                        flushed?;
                    }
                }
                let Some(pulse) = &mut self.pulse else { return Ok(()) };
                pulse.beat(now);
                return self.poll_pulse(context);
            }
            pulse.timer.as_mut().reset(ambient::instant(pulse.last + pulse.period));
        }
        Ok(())
    }
}

impl Pulse {
    fn every(period: Duration) -> Self {
        let last = ambient::now();
        Self { period, last, timer: Box::pin(sleep_until(ambient::instant(last + period))) }
    }

    fn beat(&mut self, now: Moment) {
        self.last = now;
        self.timer.as_mut().reset(ambient::instant(now + self.period));
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for Extended<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.poll_pulse(context)?;
        while this.arrived.is_empty() {
            let before = into.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(context, into))?;
            let read = into.filled().get(before..).unwrap_or_default();
            if read.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let owed = this.inbound.pass(read, &mut this.arrived);
            this.outbound.owe(owed);
            into.set_filled(before);
        }
        let length = this.arrived.len().min(into.remaining());
        into.put_slice(&this.arrived.split_to(length));
        if this.arrived.is_empty() {
            this.arrived = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Extended<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_drain(context))?;
        let taken = octets.get(..CHUNK).unwrap_or(octets);
        this.outbound.pass(taken, &mut this.unsent);
        if let Some(pulse) = &mut this.pulse {
            pulse.last = ambient::now();
        }
        match this.poll_drain(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // What is left goes out when the writer flushes.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
