//! The client's end of the WebSocket handshake (RFC 6455 section 4.1), for sockets that the gateway itself opens.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::Empty;
use hyper::{client::conn::http1, upgrade};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{is_switch, offered, set_upgrade};
use crate::ambient;

/// Octets of the longest head of an answer.
const MAX_HEAD: usize = 64 * 1024;

/// Why a server did not agree to a WebSocket. All are its fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// It answered another key than the one that it was sent.
    #[error("it answered the upgrade with a wrong Sec-WebSocket-Accept; is it a WebSocket server?")]
    Accept,
    /// It broke off.
    #[error("it broke off during the upgrade: {0}; look at its log")]
    Broken(#[from] hyper::Error),
    /// It answered with another status than 101.
    #[error("it refused the upgrade with {0}; are host and path right?")]
    Refused(StatusCode),
    /// It switched to what was not asked for: another protocol, a sub-protocol or an extension.
    #[error("it switched to a protocol that was not asked for; is it a WebSocket server?")]
    Unasked,
}

/// Turns a connection into a WebSocket. The connection comes back with what was read of it behind the answer.
///
/// `request` has the target, `Host`, and the sub-protocols if any are offered.
///
/// # Errors
///
/// Any [`HandshakeError`].
pub async fn open<I>(io: I, mut request: Request<()>) -> Result<(I, Bytes), HandshakeError>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let key = STANDARD.encode(ambient::random::<16>());
    let accept = derive_accept_key(key.as_bytes());
    let headers = request.headers_mut();
    set_upgrade(headers);
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers
        .insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_str(&key).map_err(|_| HandshakeError::Accept)?);
    let protocols: Vec<String> = offered(headers).map(str::to_owned).collect();
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(io)).await?;
    // It ends with the sender, or when the connection is given back.
    tokio::spawn(connection.with_upgrades());
    let mut response = sender.send_request(request.map(|()| Empty::<Bytes>::new())).await?;
    let status = response.status();
    if !super::switches(&response) {
        return Err(HandshakeError::Refused(status));
    }
    let headers = response.headers();
    let mut chosen = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let agrees = chosen.all(|chosen| protocols.iter().any(|offered| chosen == offered.as_str()));
    if !is_switch(&response) || !agrees || headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err(HandshakeError::Unasked);
    }
    if headers.get(header::SEC_WEBSOCKET_ACCEPT).is_none_or(|answer| answer != accept.as_str()) {
        return Err(HandshakeError::Accept);
    }
    let upgraded = upgrade::on(&mut response).await?;
    // The connection's own type, so that what HTTP needed of it is given back.
    let parts = upgraded.downcast::<TokioIo<I>>().map_err(|_| HandshakeError::Unasked)?;
    Ok((parts.io.into_inner(), parts.read_buf))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    fn request() -> Request<()> {
        Request::get("/feed?x=1").header(header::HOST, "backend.test").body(()).unwrap()
    }

    /// A server that answers a head with what `answer` makes of the key. It shows the head.
    async fn serve(mut io: DuplexStream, answer: impl FnOnce(&str) -> String) -> String {
        let (mut head, mut octet) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            io.read_exact(&mut octet).await.unwrap();
            head.push(octet[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
        io.write_all(answer(key).as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = io.read_to_end(&mut rest).await;
        head
    }

    fn agree(key: &str, lines: &str) -> String {
        let accept = derive_accept_key(key.as_bytes());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n"
        )
    }

    async fn opened(
        request: Request<()>,
        answer: impl FnOnce(&str) -> String,
    ) -> Result<Bytes, HandshakeError> {
        let (near, far) = duplex(1 << 16);
        let (opened, _) =
            tokio::join!(async { open(near, request).await.map(|(_, early)| early) }, serve(far, answer));
        opened
    }

    #[tokio::test]
    async fn a_server_that_agrees_is_heard_from_its_first_frame_on() {
        let (near, far) = duplex(1 << 16);
        let answer = |key: &str| agree(key, "") + "\u{1}\u{2}";
        let (early, head) =
            tokio::join!(async { open(near, request()).await.unwrap().1 }, serve(far, answer));
        assert_eq!(&early[..], b"\x01\x02");
        assert!(head.starts_with("GET /feed?x=1 HTTP/1.1\r\n"), "{head}");
        for line in
            ["host: backend.test", "upgrade: websocket", "connection: Upgrade", "sec-websocket-version: 13"]
        {
            assert!(head.lines().any(|found| found == line), "{line} in {head}");
        }
    }

    #[tokio::test]
    async fn a_server_that_does_not_agree_is_none() {
        let wrong = opened(request(), |_| agree("another", "")).await;
        assert!(matches!(wrong, Err(HandshakeError::Accept)));
        let refused =
            opened(request(), |_| "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
        assert!(matches!(refused, Err(HandshakeError::Refused(status)) if status == 404));
        for unasked in
            ["Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Extensions: permessage-deflate\r\n"]
        {
            let answered = opened(request(), |key| agree(key, unasked)).await;
            assert!(matches!(answered, Err(HandshakeError::Unasked)), "{unasked}");
        }
        let other = opened(request(), |key| agree(key, "").replace("WebSocket\r", "h2c\r")).await;
        assert!(matches!(other, Err(HandshakeError::Unasked)));
    }

    #[tokio::test]
    async fn a_sub_protocol_that_was_offered_may_be_chosen() {
        let mut request = request();
        request
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("binary, chat"));
        assert!(opened(request, |key| agree(key, "Sec-WebSocket-Protocol: chat\r\n")).await.is_ok());
    }
}
