//! What the embedded KDC answers, told to whoever watches: a line of JSON for each exchange.

use std::{io, net::TcpListener as StdListener, time::UNIX_EPOCH};

use bytes::Bytes;
use serde_json::json;
use testkdc::embedded::{Exchange, Kind};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::broadcast::{self, error::RecvError},
};

/// Lines that a watcher may be behind before it loses some.
const QUEUE: usize = 256;

/// Hands lines to whoever watches.
#[derive(Clone, Debug)]
pub(super) struct Feed(broadcast::Sender<Bytes>);

impl Feed {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(QUEUE))
    }

    /// Tells of an exchange.
    pub(super) fn tell(&self, exchange: &Exchange) {
        // Nobody has to watch.
        let _ = self.0.send(line(exchange));
    }

    /// Writes to each connection all that is told from then on. The gateway makes one, and hands it to its clients.
    pub(super) async fn serve(self, listener: StdListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(follow(stream, self.0.subscribe()));
        }
    }
}

async fn follow(mut stream: TcpStream, mut lines: broadcast::Receiver<Bytes>) {
    loop {
        match lines.recv().await {
            Ok(line) => {
                if stream.write_all(&line).await.is_err() {
                    return;
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn line(exchange: &Exchange) -> Bytes {
    let kind = match exchange.kind {
        Kind::As => "AS",
        Kind::Tgs => "TGS",
        _ => "password change",
    };
    let at = exchange.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let refusal = exchange.refusal.as_ref();
    let told = json!({
        "kind": kind,
        "client": exchange.client.as_ref().map(ToString::to_string),
        "server": exchange.server.as_ref().map(ToString::to_string),
        "code": refusal.map_or(0, |refusal| refusal.code()),
        "says": refusal.map_or_else(|| "granted".to_owned(), ToString::to_string),
        "at": u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
    });
    Bytes::from(format!("{told}\n"))
}
