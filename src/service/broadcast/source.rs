//! A broadcast that comes from a server: the gateway connects to it, again and again.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::HeaderMap;
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
    service::{
        proxy::dial::Connection,
        upstream::{OpenError, Upstream},
    },
};

/// How long is waited before the first new try, and twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long is waited at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A server that sends what is broadcast.
#[derive(Clone, Debug)]
pub struct Source {
    /// The way to it.
    pub upstream: Upstream,
    /// Octets of the longest message that it may send over WebSocket.
    pub max_message: usize,
    /// How long it may say nothing over WebSocket. After half of it, it is asked by a ping whether it still exists.
    pub inactivity: Option<Duration>,
}

/// Why nothing comes from the server at the moment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It closed.
    #[error("it closed the connection; look at its log")]
    Closed,
    /// There is no connection to it.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// It said nothing for the time of inactivity, not even to a ping.
    #[error("it says nothing; if it may be quiet for longer, raise ws.inactivity.timeout")]
    Silent,
    /// It broke the WebSocket protocol or the connection, or a message is above the limit.
    #[error("{0}; a longer message needs a higher ws.maximum.message.size")]
    Socket(#[from] tungstenite::Error),
}

impl Broadcast {
    /// Publishes what a server sends, and connects to it again whenever it has gone, until told to stop.
    pub async fn follow(&self, source: &Source, notice: &Notice) {
        let url = &source.upstream.url;
        let mut pause = FIRST_PAUSE;
        loop {
            let mut heard = false;
            let gone = tokio::select! {
                biased;
                followed = self.follow_once(source, notice, &mut heard) => followed,
                () = notice.given() => return,
            };
            let Err(why) = gone else { return };
            if heard {
                pause = FIRST_PAUSE;
            }
            warn!(upstream = %url, again_in = ?pause, "Nothing to broadcast comes: {why}");
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
        source: &Source,
        notice: &Notice,
        heard: &mut bool,
    ) -> Result<(), SourceError> {
        let upstream = &source.upstream;
        let (io, early) = upstream.open(HeaderMap::new()).await?;
        info!(upstream = %upstream.url, "Broadcasting");
        if !upstream.is_socket() {
            *heard = self.publisher(io, notice).await > 0;
            return if notice.is_given() { Ok(()) } else { Err(SourceError::Closed) };
        }
        let mut socket = source.socket(io, early).await;
        loop {
            let message = tokio::select! {
                biased;
                () = notice.given() => {
                    let close = socket.close(Some(Goodbye::GoingAway.frame()));
                    let _ = timeout(upstream.patience, close).await;
                    return Ok(());
                }
                message = source.next(&mut socket) => message?,
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

impl Source {
    async fn socket(&self, io: Connection, early: Bytes) -> WebSocketStream<Connection> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(self.max_message))
            .max_frame_size(Some(self.max_message));
        WebSocketStream::from_partially_read(io, early.to_vec(), Role::Client, Some(config)).await
    }

    /// The next message of whatever kind.
    async fn next(&self, socket: &mut WebSocketStream<Connection>) -> Result<Message, SourceError> {
        let Some(inactivity) = self.inactivity else {
            return socket.next().await.ok_or(SourceError::Closed)?.map_err(SourceError::Socket);
        };
        let next = match timeout(inactivity / 2, socket.next()).await {
            Ok(next) => next,
            Err(_) => {
                socket.send(Message::Ping(Bytes::new())).await?;
                timeout(inactivity / 2, socket.next()).await.map_err(|_| SourceError::Silent)?
            }
        };
        next.ok_or(SourceError::Closed)?.map_err(SourceError::Socket)
    }
}
