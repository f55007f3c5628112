//! The WebSocket handshake of RFC 6455 section 4.2, and sockets that cost little while they idle.

pub mod client;
pub mod frame;
pub mod inner;

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    answer::{self, BadHead},
    body::Body,
};

/// Octets of the read buffer of each socket. Most Kerberos messages fit; longer ones take several reads.
const READ_BUFFER: usize = 2048;

/// Octets of a client's control frame before its payload (RFC 6455 section 5.2): two and the mask.
const CONTROL_HEADER: u64 = 6;

/// Whether a request asks for an upgrade to WebSocket.
#[must_use]
pub fn is_upgrade<B>(request: &Request<B>) -> bool {
    asks_for_socket(request.headers())
}

/// Whether a head asks for an upgrade to WebSocket.
#[must_use]
pub fn asks_for_socket(headers: &HeaderMap) -> bool {
    has_token(headers, header::UPGRADE, "websocket")
}

/// The answer to the key of a sound upgrade.
///
/// # Errors
///
/// [`BadHead::Upgrade`] or [`BadHead::Version`].
pub fn accept_key<B>(request: &Request<B>) -> Result<HeaderValue, BadHead> {
    let headers = request.headers();
    let sound = request.method() == Method::GET
        && request.version() >= Version::HTTP_11
        && has_token(headers, header::CONNECTION, "upgrade");
    if !sound {
        return Err(BadHead::Upgrade);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version.as_bytes() != b"13") {
        return Err(BadHead::Version);
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(BadHead::Upgrade) };
    // 16 octets in base64.
    if key.len() != 24 || !key.as_bytes().ends_with(b"==") {
        return Err(BadHead::Upgrade);
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| BadHead::Upgrade)
}

/// The answer 101 to a sound upgrade, with the sub-protocol that was chosen.
///
/// # Errors
///
/// As [`accept_key`].
pub fn accept<B>(request: &Request<B>, protocol: Option<&'static str>) -> Result<Response<Body>, BadHead> {
    Ok(switch(accept_key(request)?, protocol.map(HeaderValue::from_static)))
}

/// The answer 101 with this answer to the key and this sub-protocol.
#[must_use]
pub fn switch(accept: HeaderValue, protocol: Option<HeaderValue>) -> Response<Body> {
    let mut response = answer::status(StatusCode::SWITCHING_PROTOCOLS);
    set_upgrade(response.headers_mut());
    response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// Says that this head is of an upgrade, to whoever reads it next.
pub fn set_upgrade(headers: &mut HeaderMap) {
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
}

/// Whether a response switches to another protocol.
#[must_use]
pub fn switches<B>(response: &Response<B>) -> bool {
    response.status() == StatusCode::SWITCHING_PROTOCOLS
}

/// Whether a response switches to WebSocket.
#[must_use]
pub fn is_switch<B>(response: &Response<B>) -> bool {
    switches(response)
        && has_token(response.headers(), header::UPGRADE, "websocket")
        && has_token(response.headers(), header::CONNECTION, "upgrade")
}

/// The sub-protocols that the client offers, in its order of preference.
pub fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    tokens(headers, header::SEC_WEBSOCKET_PROTOCOL)
}

/// The tokens of a field that is a list of them.
pub fn tokens(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Whether a field that is a list of tokens has this one, in any case.
#[must_use]
pub fn has_token(headers: &HeaderMap, name: header::HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

/// The server's end of an upgraded connection. `early` is what was read past the head.
pub async fn server<I>(io: I, early: Bytes, max_message: usize) -> WebSocketStream<Metered<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let arrived = u64::try_from(early.len()).unwrap_or(u64::MAX);
    let io = Metered { io, arrived, sent: 0 };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message));
    // Copied, because even an empty remainder would keep the buffer of the whole head.
    WebSocketStream::from_partially_read(io, early.to_vec(), Role::Server, Some(config)).await
}

/// A connection that counts the octets that pass on it.
#[derive(Debug)]
pub struct Metered<I> {
    io: I,
    arrived: u64,
    sent: u64,
}

impl<I> Metered<I> {
    /// Octets that arrived so far.
    #[must_use]
    pub const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Octets that the connection took so far.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Metered<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(context, into);
        let read = into.filled().len().saturating_sub(before);
        self.arrived = self.arrived.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        polled
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Metered<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, octets);
        if let Poll::Ready(Ok(written)) = &polled {
            self.sent = self.sent.saturating_add(u64::try_from(*written).unwrap_or(u64::MAX));
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// Tells that a frame has begun before it is whole, which the WebSocket layer keeps to itself.
#[derive(Debug, Default)]
pub struct Frames {
    /// Octets that belong to whole frames, as far as is known.
    settled: u64,
    /// Whether more than those has arrived.
    partial: bool,
}

/// What a socket brought.
#[derive(Debug)]
pub enum Read {
    /// The first octets of a frame, which are kept below.
    Begun,
    /// A message, as the stream of messages gives it.
    Message(Option<Result<Message, tungstenite::Error>>),
}

impl Frames {
    /// Whether a frame has begun and is not whole.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.partial
    }

    /// The next message, or the news that one has begun.
    pub async fn next<I>(&mut self, socket: &mut WebSocketStream<Metered<I>>) -> Read
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        poll_fn(|context| self.poll_next(socket, context)).await
    }

    /// The same for those who turn by hand.
    pub fn poll_next<I>(
        &mut self,
        socket: &mut WebSocketStream<Metered<I>>,
        context: &mut Context<'_>,
    ) -> Poll<Read>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let polled = socket.poll_next_unpin(context);
        let arrived = socket.get_ref().arrived();
        match &polled {
            Poll::Pending if self.partial || arrived <= self.settled => return Poll::Pending,
            Poll::Pending => {
                self.partial = true;
                return Poll::Ready(Read::Begun);
            }
            // It may come between the frames of a message, and does not finish that.
            Poll::Ready(Some(Ok(Message::Ping(octets) | Message::Pong(octets)))) => {
                self.settled += CONTROL_HEADER + u64::try_from(octets.len()).unwrap_or_default();
            }
            Poll::Ready(_) => self.settled = arrived,
        }
        self.partial = arrived > self.settled;
        polled.map(Read::Message)
    }
}
