//! `echo`: what is sent comes back.

use std::io::Write as _;

use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use super::{UPGRADE, ask, one, open, status};
use crate::{backend::Head, ws_client::plain};

#[test]
fn a_message_comes_back_as_it_is() {
    let gateway = one("echo", "ws", "");
    let mut socket = open(&gateway);
    for message in [Message::text("grüß dich"), Message::binary(vec![0, 255, 7]), Message::text("")] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
}

#[test]
fn a_message_comes_back_as_often_as_is_configured_and_in_order() {
    let gateway = one("echo", "ws", "<properties><repeat>3</repeat></properties>");
    let mut socket = open(&gateway);
    for text in ["a", "b"] {
        socket.send(Message::text(text)).unwrap();
    }
    let copies: Vec<_> = (0..6).map(|_| socket.read().unwrap().into_text().unwrap().to_string()).collect();
    assert_eq!(copies, ["a", "a", "a", "b", "b", "b"]);
}

#[test]
fn the_first_message_may_come_with_the_upgrade() {
    let gateway = one("echo", "ws", "");
    let at = gateway.at("one");
    let mut stream = plain(at);
    let head = format!("GET /in HTTP/1.1\r\nHost: {at}\r\n{UPGRADE}\r\n");
    // A text of one sign, masked with zeros.
    let early = [0x81, 0x81, 0, 0, 0, 0, b'x'];
    stream.write_all(&[head.as_bytes(), &early].concat()).unwrap();
    let answer = Head::read(&mut stream).expect("an answer");
    let mut socket = WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None);
    assert_eq!(socket.read().unwrap(), Message::text("x"));
}

#[test]
fn whoever_opens_no_socket_is_told_that_only_sockets_are_served() {
    let gateway = one("echo", "ws", "");
    let answer = ask(&gateway, "GET /in", "");
    assert_eq!((status(&answer), answer.value("upgrade")), (426, "websocket"));
}

#[test]
fn a_socket_is_at_one_path() {
    let gateway = one("echo", "ws", "");
    for (path, expected) in [("/in", 101), ("/in?x", 101), ("/in/", 404), ("/in/x", 404), ("/", 404)] {
        assert_eq!(status(&ask(&gateway, &format!("GET {path}"), UPGRADE)), expected, "{path}");
    }
}
