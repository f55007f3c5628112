//! The client's end of the WebSocket handshake (RFC 6455 section 4.1), as often as a server wants it asked on one
//! connection.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    upgrade,
};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{
    ambient,
    dial::{self, Connection},
};
use url::Url;

/// Octets of the longest head of an answer. A token of Kerberos can take most of it.
const MAX_HEAD: usize = 128 * 1024;
/// Octets of a refusal's body that are read, so that the connection can be asked again.
const MAX_BODY: usize = 64 * 1024;

/// Why a server did not agree to a WebSocket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// It answered another key than the one that it was sent.
    #[error("the server answered the upgrade with a wrong Sec-WebSocket-Accept; is it a WebSocket server?")]
    Accept,
    /// It broke off.
    #[error("the server broke off during the upgrade: {0}; is it a WebSocket server? Its log may say more")]
    Broken(#[from] hyper::Error),
    /// What is to be asked cannot stand in a request.
    #[error(
        "the request cannot be written: {0}; take control characters out of header fields and sub-protocols"
    )]
    Request(#[from] http::Error),
    /// It switched to what was not asked for: another protocol, a sub-protocol or an extension.
    #[error("the server switched to a protocol that was not asked for; is it a WebSocket server?")]
    Unasked,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Path and query.
    target: String,
    authority: String,
    /// The sub-protocols that are offered, best first.
    pub(crate) protocols: Vec<String>,
    /// Fields beside those of the handshake.
    pub(crate) headers: HeaderMap,
}

impl Wish {
    /// What this URL names, without sub-protocols.
    pub(crate) fn of(url: &Url) -> Result<Self, dial::DialError> {
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        Ok(Self {
            target: format!("{}{query}", url.path()),
            authority: dial::authority(url)?,
            protocols: Vec::new(),
            headers: HeaderMap::new(),
        })
    }

    fn request(&self, key: &str) -> Result<Request<Empty<Bytes>>, UpgradeError> {
        let mut request = Request::get(&self.target)
            .header(header::HOST, &self.authority)
            .header(header::UPGRADE, "websocket")
            .header(header::CONNECTION, "Upgrade")
            .header(header::SEC_WEBSOCKET_KEY, key)
            .header(header::SEC_WEBSOCKET_VERSION, "13");
        if !self.protocols.is_empty() {
            request = request.header(header::SEC_WEBSOCKET_PROTOCOL, self.protocols.join(", "));
        }
        let mut request = request.body(Empty::new())?;
        request.headers_mut().extend(self.headers.clone());
        Ok(request)
    }
}

/// What a server answers.
pub(crate) enum Answer {
    /// It switched.
    Switched(Box<Switched>),
    /// It did not.
    Refused(Refused),
}

/// An upgrade that was granted.
pub(crate) struct Switched {
    connection: Connection,
    early: Bytes,
    /// The sub-protocol that the server chose, if it did.
    pub(crate) protocol: Option<String>,
    /// The fields of its answer.
    pub(crate) headers: HeaderMap,
}

impl Switched {
    /// The client's end of the socket.
    pub(crate) async fn socket(self, config: WebSocketConfig) -> WebSocketStream<Connection> {
        WebSocketStream::from_partially_read(self.connection, self.early.to_vec(), Role::Client, Some(config))
            .await
    }
}

/// An upgrade that was not granted.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The status.
    pub(crate) status: StatusCode,
    /// The fields of the answer.
    pub(crate) headers: HeaderMap,
}

/// A connection on which upgrades are asked for until one is granted.
#[derive(Debug)]
pub(crate) struct Asking {
    sender: SendRequest<Empty<Bytes>>,
}

impl Asking {
    /// Speaks HTTP/1.1 on this connection.
    pub(crate) async fn on(connection: Connection) -> Result<Self, UpgradeError> {
        let (sender, connection) =
            http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(connection)).await?;
        // It ends with the sender, or when the connection is given back.
        tokio::spawn(connection.with_upgrades());
        Ok(Self { sender })
    }

    /// Asks once. After a refusal [`Asking::is_open`] says whether the connection can be asked again.
    pub(crate) async fn ask(&mut self, wish: &Wish) -> Result<Answer, UpgradeError> {
        let mut nonce = [0; 16];
        ambient::fill(&mut nonce);
        let key = STANDARD.encode(nonce);
        let response = self.sender.send_request(wish.request(&key)?).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return switched(response, wish, &key).await.map(|switched| Answer::Switched(Box::new(switched)));
        }
        let (head, body) = response.into_parts();
        // What is too long is not read: the connection ends with it.
        let _ = Limited::new(body, MAX_BODY).collect().await;
        Ok(Answer::Refused(Refused { status: head.status, headers: head.headers }))
    }

    /// Whether the server keeps the connection for another request.
    pub(crate) async fn is_open(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }
}

async fn switched(
    mut response: Response<Incoming>,
    wish: &Wish,
    key: &str,
) -> Result<Switched, UpgradeError> {
    let headers = response.headers();
    let switches = has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::CONNECTION, "upgrade");
    if !switches || headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err(UpgradeError::Unasked);
    }
    if headers
        .get(header::SEC_WEBSOCKET_ACCEPT)
        .is_none_or(|answer| answer != &derive_accept_key(key.as_bytes()))
    {
        return Err(UpgradeError::Accept);
    }
    let mut chosen = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let protocol = match (chosen.next(), chosen.next()) {
        (None, None) => None,
        (Some(chosen), None) => {
            let offered = wish.protocols.iter().find(|offered| chosen == offered.as_str());
            Some(offered.ok_or(UpgradeError::Unasked)?.clone())
        }
        _ => return Err(UpgradeError::Unasked),
    };
    let headers = headers.clone();
    let upgraded = upgrade::on(&mut response).await?;
    // The connection's own type, so that what HTTP needed of it is given back.
    let parts = upgraded.downcast::<TokioIo<Connection>>().map_err(|_| UpgradeError::Unasked)?;
    Ok(Switched { connection: parts.io.into_inner(), early: parts.read_buf, protocol, headers })
}

fn has_token(headers: &HeaderMap<HeaderValue>, name: &HeaderName, wanted: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(wanted))
}
