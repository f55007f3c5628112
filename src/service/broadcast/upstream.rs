//! Where a broadcast comes from: a server that the gateway connects to, again and again.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Request, header};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        protocol::{Role, WebSocketConfig},
    },
};
use tracing::{info, warn};

use super::{Broadcast, READ};
use crate::{
    answer::Goodbye,
    notice::Notice,
    service::proxy::{
        dial::{Connection, Dialler},
        failure::BackendFailure,
        url::{BackendUrl, Scheme},
    },
    ws::client::{self, HandshakeError},
};

/// How long is waited before the first new try, and twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long is waited at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The server.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Where it is: `tcp://`, or else it speaks WebSocket.
    pub url: BackendUrl,
    /// Knows the way.
    pub dialler: Dialler,
    /// What it is called in `Host`; without it what its URL calls it.
    pub host: Option<HeaderValue>,
    /// Octets of the longest message that it may send over WebSocket.
    pub max_message: usize,
    /// How long it may say nothing over WebSocket. After half of it, it is asked by a ping whether it still exists.
    pub inactivity: Option<Duration>,
    /// How long its answer to the upgrade may take, and a goodbye.
    pub patience: Duration,
}

/// Why nothing comes from the server at the moment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// It closed.
    #[error("it closed the connection; look at its log")]
    Closed,
    /// It does not agree to a WebSocket.
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    /// Its name cannot stand in `Host`, or its path in a request.
    #[error("its host or path cannot be asked for; see <connect>")]
    Name(#[from] http::Error),
    /// There is no connection to it.
    #[error("{0}")]
    Reach(#[from] BackendFailure),
    /// It said nothing for the time of inactivity, not even to a ping.
    #[error("it says nothing; if it may be quiet for longer, raise ws.inactivity.timeout")]
    Silent,
    /// It broke the WebSocket protocol or the connection, or a message is above the limit.
    #[error("{0}; a longer message needs a higher ws.maximum.message.size")]
    Socket(#[from] tungstenite::Error),
}

impl Broadcast {
    /// Publishes what a server sends, and connects to it again whenever it has gone, until told to stop.
    pub async fn follow(&self, upstream: &Upstream, notice: &Notice) {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut heard = false;
            let gone = tokio::select! {
                biased;
                followed = self.follow_once(upstream, notice, &mut heard) => followed,
                () = notice.given() => return,
            };
            let Err(why) = gone else { return };
            if heard {
                pause = FIRST_PAUSE;
            }
            warn!(upstream = %upstream.url, again_in = ?pause, "Nothing to broadcast comes: {why}");
            tokio::select! {
                () = sleep(pause) => {}
                () = notice.given() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Publishes what comes over one connection; without an error it was told to stop.
    async fn follow_once(
        &self,
        upstream: &Upstream,
        notice: &Notice,
        heard: &mut bool,
    ) -> Result<(), UpstreamError> {
        let connection = upstream.dialler.dial().await?;
        if upstream.url.scheme == Scheme::Tcp {
            info!(upstream = %upstream.url, "Broadcasting");
            *heard = self.publisher(connection, notice).await > 0;
            return if notice.is_given() { Ok(()) } else { Err(UpstreamError::Closed) };
        }
        let mut socket = upstream.open(connection).await?;
        info!(upstream = %upstream.url, "Broadcasting");
        loop {
            let message = tokio::select! {
                biased;
                () = notice.given() => {
                    let close = socket.close(Some(Goodbye::GoingAway.frame()));
                    let _ = timeout(upstream.patience, close).await;
                    return Ok(());
                }
                message = upstream.next(&mut socket) => message?,
            };
            let octets = match message {
                Message::Binary(octets) => octets,
                Message::Text(text) => text.into(),
                _ => continue,
            };
            *heard = true;
            // Copied, so that it keeps no more than itself.
            self.publish(&Bytes::copy_from_slice(&octets));
        }
    }
}

impl Upstream {
    async fn open(&self, connection: Connection) -> Result<WebSocketStream<Connection>, UpstreamError> {
        let path = if self.url.base.is_empty() { "/" } else { &self.url.base };
        let request = Request::get(path);
        let request = match &self.host {
            Some(host) => request.header(header::HOST, host),
            None => request.header(header::HOST, &self.url.authority),
        };
        let opened = timeout(self.patience, client::open(connection, request.body(())?)).await;
        let (io, early) = opened.map_err(|_| BackendFailure::Late)??;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(self.max_message))
            .max_frame_size(Some(self.max_message));
        Ok(WebSocketStream::from_partially_read(io, early.to_vec(), Role::Client, Some(config)).await)
    }

    /// The next message of whatever kind.
    async fn next(&self, socket: &mut WebSocketStream<Connection>) -> Result<Message, UpstreamError> {
        let Some(inactivity) = self.inactivity else {
            return socket.next().await.ok_or(UpstreamError::Closed)?.map_err(UpstreamError::Socket);
        };
        let next = match timeout(inactivity / 2, socket.next()).await {
            Ok(next) => next,
            Err(_) => {
                socket.send(Message::Ping(Bytes::new())).await?;
                timeout(inactivity / 2, socket.next()).await.map_err(|_| UpstreamError::Silent)?
            }
        };
        next.ok_or(UpstreamError::Closed)?.map_err(UpstreamError::Socket)
    }
}
