//! A small chat behind the gateway. It asks nobody for a name: it believes the gateway, which has it from the ticket.

use std::{
    collections::BTreeMap,
    io,
    net::TcpListener as StdListener,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::broadcast::{self, error::RecvError},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::WebSocketConfig,
    },
};

use crate::ambient;

/// Octets of the longest message.
const MAX_MESSAGE: usize = 2000;

/// Messages that a member may be behind before it loses some.
const QUEUE: usize = 64;

/// The field in which the gateway tells who it is.
const WHO: &str = "x-remote-user";

/// A room with its members.
#[derive(Debug)]
struct Room {
    said: broadcast::Sender<String>,
    /// How many sockets each member has.
    here: Mutex<BTreeMap<String, usize>>,
}

impl Room {
    fn say(&self, what: &Value) {
        // A room may be empty.
        let _ = self.said.send(what.to_string());
    }

    /// Takes note of a member who comes or goes, and tells the others.
    fn moved(&self, who: &str, kind: &str) {
        let here: Vec<String> = {
            let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
            let count = here.entry(who.to_owned()).or_default();
            *count = if kind == "came" { count.saturating_add(1) } else { count.saturating_sub(1) };
            here.retain(|_, count| *count > 0);
            here.keys().cloned().collect()
        };
        self.say(&json!({ "kind": kind, "who": who, "at": millis(), "here": here }));
    }
}

/// Serves the room.
pub(super) async fn serve(listener: StdListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let room = Arc::new(Room { said: broadcast::Sender::new(QUEUE), here: Mutex::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(admit(stream, Arc::clone(&room)));
    }
}

async fn admit(stream: TcpStream, room: Arc<Room>) {
    let mut who = None;
    #[expect(clippy::result_large_err, reason = "the type is the library's")]
    let name = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        who = request.headers().get(WHO).and_then(|who| who.to_str().ok()).map(str::to_owned);
        Ok(response)
    };
    let config =
        WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let Ok(socket) = accept_hdr_async_with_config(stream, name, Some(config)).await else { return };
    // Nobody but the gateway knows the way here, and it lets in nobody without a name.
    let Some(who) = who else { return };
    let said = room.said.subscribe();
    room.moved(&who, "came");
    talk(socket, said, &room, &who).await;
    room.moved(&who, "went");
}

async fn talk(
    mut socket: WebSocketStream<TcpStream>,
    mut said: broadcast::Receiver<String>,
    room: &Room,
    who: &str,
) {
    loop {
        tokio::select! {
            heard = socket.next() => match heard {
                Some(Ok(Message::Text(text))) => {
                    let text = serde_json::from_str::<Value>(&text).unwrap_or_default();
                    if let Some(text) = text.get("text").and_then(Value::as_str) {
                        room.say(&json!({ "kind": "said", "who": who, "text": text, "at": millis() }));
                    }
                }
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            told = said.recv() => match told {
                Ok(told) => {
                    if socket.send(Message::text(told)).await.is_err() {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// Milliseconds since 1970, UTC.
fn millis() -> i64 {
    let (seconds, micros) = ambient::time_of_day();
    seconds.saturating_mul(1000).saturating_add(i64::from(micros / 1000))
}
