//! KDCs behind a WebSocket: one message after the other on a socket that is kept.
//!
//! The sub-protocol `kkdcp` carries a KDC-PROXY-MESSAGE in each message, and so the realm. A server that knows no
//! sub-protocol gets the stream of RFC 4120 section 7.2.2, as clients of KAAZING's gateway send it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Request, header};
use krb::{
    frame::{self, FrameError, MAX_MESSAGE},
    kkdcp::{self, KkdcpError, ProxyMessage},
    name::RealmName,
};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest as _,
        error::{ProtocolError, SubProtocolError},
        protocol::WebSocketConfig,
    },
};
use url::Url;

use super::AskError;
use crate::net::dial::{Connection, Dialler};

/// Octets that an envelope may have beside the message.
const ENVELOPE: usize = 1024;

/// The sub-protocol with the realm beside each message.
const KKDCP: &str = "kkdcp";
/// The sub-protocol that is a stream.
const STREAM: &str = "krb5.tcp";

/// Why a socket does not carry messages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The server closed it.
    #[error("{url} closed the socket before it answered{}; it may relay nothing for this realm", code.map_or_else(String::new, |code| format!(" (code {code})")))]
    Closed {
        /// Where.
        url: Url,
        /// The close code, if there is one.
        code: Option<u16>,
    },
    /// The answer is no envelope.
    #[error("{url} answered with what is no Kerberos message: {source}; see that it is a Kerberos gateway")]
    Envelope {
        /// Where.
        url: Url,
        /// What is wrong.
        source: KkdcpError,
    },
    /// The answer has an impossible length.
    #[error("{url} answered with what is no Kerberos message: {source}; see that it is a Kerberos gateway")]
    Frame {
        /// Where.
        url: Url,
        /// What is wrong.
        source: FrameError,
    },
    /// It took too long.
    #[error("{url} did not answer in time; see that it reaches the KDCs of the realm")]
    Late {
        /// Where.
        url: Url,
    },
    /// The upgrade was refused, or the protocol broken.
    #[error("{url} is no WebSocket for Kerberos: {source}; see that host and path are those of a gateway")]
    WebSocket {
        /// Where.
        url: Url,
        /// What went wrong.
        source: Box<tungstenite::Error>,
    },
}

/// An open socket.
#[derive(Debug)]
pub(super) struct Socket {
    url: Url,
    stream: WebSocketStream<Connection>,
    carries: Carries,
    /// Octets of the stream that came and were not asked for yet.
    ahead: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    Envelopes,
    Stream,
}

impl Socket {
    /// Opens one.
    pub(super) async fn open(dialler: &Dialler, url: &Url, patience: Duration) -> Result<Self, AskError> {
        let opened = match upgrade(dialler, url, Some("kkdcp, krb5.tcp"), patience).await {
            Err(AskError::Socket(SocketError::WebSocket { source, .. })) if knows_no_protocol(&source) => {
                upgrade(dialler, url, None, patience).await
            }
            other => other,
        };
        let (stream, protocol) = opened?;
        let carries = if protocol.as_deref() == Some(KKDCP) { Carries::Envelopes } else { Carries::Stream };
        Ok(Self { url: url.clone(), stream, carries, ahead: Vec::new() })
    }

    /// Sends one message and returns the answer. After an error the socket is of no more use.
    pub(super) async fn ask(
        &mut self,
        krb_realm: &RealmName,
        message: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, SocketError> {
        let late = SocketError::Late { url: self.url.clone() };
        timeout(patience, self.exchange(krb_realm, message)).await.unwrap_or(Err(late))
    }

    async fn exchange(&mut self, krb_realm: &RealmName, message: &[u8]) -> Result<Vec<u8>, SocketError> {
        let unit = match self.carries {
            Carries::Envelopes => kkdcp::seal(&ProxyMessage {
                message,
                prefixed: true,
                target_domain: Some(krb_realm.as_octets()),
                dclocator_hint: None,
            }),
            Carries::Stream => [&frame::prefix(message.len())[..], message].concat(),
        };
        let sent = self.stream.send(Message::Binary(Bytes::from(unit))).await;
        sent.map_err(|error| self.broken(error))?;
        loop {
            if self.carries == Carries::Stream
                && let Some(answer) = self.taken()?
            {
                return Ok(answer);
            }
            match self.stream.next().await {
                Some(Ok(Message::Binary(octets))) if self.carries == Carries::Envelopes => {
                    let opened = kkdcp::open(&octets);
                    let opened =
                        opened.map_err(|source| SocketError::Envelope { url: self.url.clone(), source })?;
                    return Ok(opened.message.to_vec());
                }
                Some(Ok(Message::Binary(octets))) => self.ahead.extend_from_slice(&octets),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| frame.code.into());
                    return Err(SocketError::Closed { url: self.url.clone(), code });
                }
                // Pings are answered by the library.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(self.broken(error)),
                None => return Err(SocketError::Closed { url: self.url.clone(), code: None }),
            }
        }
    }

    /// The first whole message of the stream, if it is there.
    fn taken(&mut self) -> Result<Option<Vec<u8>>, SocketError> {
        let announced = frame::announced(&self.ahead);
        let announced = announced.map_err(|source| SocketError::Frame { url: self.url.clone(), source })?;
        let Some(end) = announced.map(|length| frame::PREFIX + length) else { return Ok(None) };
        if self.ahead.len() < end {
            return Ok(None);
        }
        let rest = self.ahead.split_off(end);
        let mut unit = std::mem::replace(&mut self.ahead, rest);
        Ok(Some(unit.split_off(frame::PREFIX)))
    }

    fn broken(&self, source: tungstenite::Error) -> SocketError {
        SocketError::WebSocket { url: self.url.clone(), source: Box::new(source) }
    }

    /// Says goodbye, if the server still listens.
    pub(super) async fn close(mut self, patience: Duration) {
        let _ = timeout(patience, self.stream.close(None)).await;
    }
}

async fn upgrade(
    dialler: &Dialler,
    url: &Url,
    protocols: Option<&'static str>,
    patience: Duration,
) -> Result<(WebSocketStream<Connection>, Option<String>), AskError> {
    let stream = dialler.dial(url).await?;
    let broken =
        |source| AskError::from(SocketError::WebSocket { url: url.clone(), source: Box::new(source) });
    let mut request: Request<()> = url.as_str().into_client_request().map_err(broken)?;
    if let Some(protocols) = protocols {
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocols));
    }
    let longest = MAX_MESSAGE + ENVELOPE;
    let config = WebSocketConfig::default().max_message_size(Some(longest)).max_frame_size(Some(longest));
    let opening = timeout(patience, client_async_with_config(request, stream, Some(config)));
    let late = |_| AskError::from(SocketError::Late { url: url.clone() });
    let (stream, response) = opening.await.map_err(late)?.map_err(broken)?;
    let chosen = response.headers().get(header::SEC_WEBSOCKET_PROTOCOL);
    let chosen = chosen.and_then(|chosen| chosen.to_str().ok()).map(str::to_owned);
    Ok((stream, chosen.filter(|chosen| matches!(chosen.as_str(), KKDCP | STREAM))))
}

fn knows_no_protocol(error: &tungstenite::Error) -> bool {
    matches!(
        error,
        tungstenite::Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
            SubProtocolError::NoSubProtocol
        ))
    )
}
