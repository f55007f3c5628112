//! A WebSocket that is open: messages both ways, and how it ends.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::WebSocketError;
use crate::{
    handshake::{Commands, Heard, Opened},
    net::dial::Connection,
};

/// How long the server may take to say goodbye too.
const PARTING: Duration = Duration::from_secs(5);

/// What arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Received {
    /// A binary message.
    Binary(Bytes),
    /// The end; there is nothing behind it.
    Closed(Closed),
    /// A text message.
    Text(Utf8Bytes),
}

/// How a socket was closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Closed {
    /// The code (RFC 6455 section 7.4): 1005 if the server gave none, 1006 if it said no goodbye.
    pub code: u16,
    /// The server's words.
    pub reason: String,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    stream: WebSocketStream<Connection>,
    protocol: Option<String>,
    commands: Commands,
    idle_timeout: Option<Duration>,
    /// What answers a command, until it is sent.
    due: Option<Message>,
}

impl WebSocket {
    pub(super) fn new(stream: WebSocketStream<Connection>, opened: Opened) -> Self {
        let Opened { protocol, idle_timeout, commands, .. } = opened;
        Self { stream, protocol, commands, idle_timeout, due: None }
    }

    /// The sub-protocol that was agreed.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The next message, or the end. Whoever stops to wait for it loses nothing.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Broken`], [`WebSocketError::Idle`]: there is no more.
    pub async fn receive(&mut self) -> Result<Received, WebSocketError> {
        loop {
            if let Some(answer) = self.due.clone() {
                self.stream.send(answer).await?;
                self.due = None;
            }
            let next = match self.idle_timeout {
                Some(most) => timeout(most, self.stream.next()).await.map_err(|_| WebSocketError::Idle)?,
                None => self.stream.next().await,
            };
            let message = match next {
                Some(Ok(Message::Close(frame))) => return Ok(Received::Closed(Closed::of(frame))),
                Some(Ok(message @ (Message::Binary(_) | Message::Text(_)))) => message,
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(Received::Closed(Closed::silently())),
            };
            let octets = match &message {
                Message::Binary(octets) => &octets[..],
                Message::Text(text) => text.as_bytes(),
                _ => continue,
            };
            match self.commands.hear(octets) {
                Heard::Message => {}
                Heard::Nothing => continue,
                Heard::Ping(pong) => {
                    self.due = Some(command(&pong));
                    continue;
                }
                Heard::Unknown => {
                    let _ = self.close(CloseCode::Protocol.into(), "").await;
                    return Ok(Received::Closed(Closed { code: 1002, reason: String::new() }));
                }
            }
            return Ok(match message {
                Message::Binary(octets) => Received::Binary(octets),
                Message::Text(text) => Received::Text(text),
                _ => continue,
            });
        }
    }

    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Broken`].
    pub async fn send_text(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), WebSocketError> {
        self.send(Message::Text(text.into())).await
    }

    /// Sends a binary message.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Broken`].
    pub async fn send_binary(&mut self, octets: impl Into<Bytes>) -> Result<(), WebSocketError> {
        self.send(Message::Binary(octets.into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), WebSocketError> {
        let octets = match &message {
            Message::Binary(octets) => &octets[..],
            Message::Text(text) => text.as_bytes(),
            _ => &[],
        };
        if let Some(escape) = self.commands.escape(octets) {
            self.stream.feed(command(&escape)).await?;
        }
        Ok(self.stream.send(message).await?)
    }

    /// Says goodbye. What the server sent before it heard that, and its own goodbye, can still be
    /// [received](Self::receive).
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Broken`] if it cannot be said any more.
    pub async fn part(&mut self, code: u16, reason: &str) -> Result<(), WebSocketError> {
        let goodbye = CloseFrame { code: code.into(), reason: reason.to_owned().into() };
        Ok(self.stream.close(Some(goodbye)).await?)
    }

    /// Says goodbye, and waits a while for the server to say it too. Messages that still arrive are dropped.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Broken`] if it cannot be said any more.
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<Closed, WebSocketError> {
        self.part(code, reason).await?;
        let parted = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(frame))) => return Closed::of(frame),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Closed::silently(),
                }
            }
        };
        Ok(timeout(PARTING, parted).await.unwrap_or_else(|_| Closed::silently()))
    }
}

impl Closed {
    fn of(frame: Option<CloseFrame>) -> Self {
        match frame {
            Some(CloseFrame { code, reason }) => Self { code: code.into(), reason: reason.to_string() },
            None => Self { code: 1005, reason: String::new() },
        }
    }

    /// Without a goodbye.
    const fn silently() -> Self {
        Self { code: 1006, reason: String::new() }
    }
}

/// A command, as text where it can be: KAAZING's clients send it so.
fn command(octets: &[u8]) -> Message {
    match std::str::from_utf8(octets) {
        Ok(text) => Message::text(text),
        Err(_) => Message::Binary(Bytes::copy_from_slice(octets)),
    }
}
