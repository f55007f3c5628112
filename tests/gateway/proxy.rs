//! `ticketgate tpg` between clients and back ends: what reaches a back end, and what comes back.

mod bodies;
mod configured;
mod ending;
mod octets;
mod pages;
mod real;
mod requests;
mod sockets;
mod trouble;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use tokio_tungstenite::tungstenite::{
    Message, WebSocket,
    protocol::{Role, WebSocketConfig},
};

use crate::{
    backend::{Backend, Head},
    ticket::authorization,
    world::Gateway,
    ws_client::plain,
};

/// A gateway in front of this back end, for sockets or requests as the scheme says.
fn before(backend: &Backend, scheme: &str, flags: &[&str]) -> Gateway {
    Gateway::tpg(&[&["--connect", &backend.url(scheme)], flags].concat())
}

/// The head of a sound upgrade with a ticket of alice's, and with these further lines.
fn upgrade_head(path: &str, lines: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: gw.test:8443\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}{lines}\r\n",
        authorization()
    )
}

/// A request with a ticket of alice's, if it has none.
fn admitted(request: impl AsRef<[u8]>) -> Vec<u8> {
    let request = request.as_ref();
    let find = |wanted: &[u8]| request.windows(wanted.len()).position(|found| found == wanted);
    let (Some(line), None) = (find(b"\r\n"), find(b"\r\nAuthorization:")) else { return request.to_vec() };
    [&request[..line + 2], authorization().as_bytes(), &request[line + 2..]].concat()
}

/// Sends a request with a ticket and reads the head of the answer.
fn ask(gateway: &Gateway, request: impl AsRef<[u8]>) -> (TcpStream, Head) {
    let mut stream = plain(gateway.web());
    stream.write_all(&admitted(request)).unwrap();
    let head = Head::read(&mut stream).expect("an answer");
    (stream, head)
}

/// Opens a socket through the gateway.
fn open(gateway: &Gateway) -> WebSocket<TcpStream> {
    let (stream, answer) = ask(gateway, upgrade_head("/", ""));
    socket(stream, answer)
}

/// The socket that a connection has become.
#[track_caller]
pub(crate) fn socket(stream: TcpStream, answer: Head) -> WebSocket<TcpStream> {
    assert!(answer.line().starts_with("HTTP/1.1 101 "), "{}", answer.text);
    let config = WebSocketConfig::default();
    WebSocket::from_partially_read(stream, answer.ahead, Role::Client, Some(config))
}

/// The code of the close frame that comes next.
#[track_caller]
pub(crate) fn close_code(socket: &mut WebSocket<TcpStream>) -> u16 {
    match socket.read().unwrap() {
        Message::Close(Some(frame)) => frame.code.into(),
        other => panic!("{other:?} is no close frame with a code"),
    }
}

/// Whether nothing but the end of the connection comes.
pub(crate) fn is_over(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    rest.is_empty() && !matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}
