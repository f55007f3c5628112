//! `echo`: each message comes back as it is, once or several times.
//!
//! No sub-protocol is ever chosen: RFC 6455 section 4.2.2 lets a server leave the field out, and a client that
//! offered some then has none.

use std::{
    num::NonZeroU32,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Message;

use super::socket::{self, Bounds, Conversation, Ended};
use crate::answer::Goodbye;

/// Sends messages back.
#[derive(Clone, Copy, Debug)]
pub struct Echo {
    repeat: NonZeroU32,
}

impl Echo {
    /// Sends each message back so many times.
    #[must_use]
    pub const fn new(repeat: NonZeroU32) -> Self {
        Self { repeat }
    }

    /// Serves one socket until it closes. `early` is what was read behind the head of the upgrade.
    pub fn serve<I>(self, io: I, early: Bytes, bounds: &Bounds) -> impl Future<Output = Ended>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        socket::serve(io, early, bounds, Copies { echo: self, next: None })
    }
}

/// The message that is being sent back, and how often it still is.
struct Copies {
    echo: Echo,
    next: Option<(Message, NonZeroU32)>,
}

impl Conversation for Copies {
    const LISTENS_AHEAD: bool = false;

    fn hear(&mut self, message: Message) {
        self.next = Some((message, self.echo.repeat));
    }

    fn poll_say(&mut self, _: &mut Context<'_>) -> Poll<Message> {
        let Some((message, left)) = self.next.take() else { return Poll::Pending };
        if let Some(left) = NonZeroU32::new(left.get() - 1) {
            self.next = Some((message.clone(), left));
        }
        Poll::Ready(message)
    }

    fn poll_over(&mut self, _: &mut Context<'_>) -> Poll<Goodbye> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
