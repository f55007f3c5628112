//! A WebSocket back end: the upgrade is repeated to it, and then frames pass as they are.

use std::{
    io::{Read as _, Write as _},
    sync::mpsc::channel,
    time::Duration,
};

use tokio_tungstenite::tungstenite::Message;

use super::{ask, before, open, socket, upgrade_head};
use crate::backend::{Backend, echo};

#[test]
fn messages_of_any_size_pass_both_ways() {
    let backend = Backend::echo();
    let gateway = before(&backend, "ws", &[]);
    let mut socket = open(&gateway);
    for length in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        let message = Message::binary(vec![7; length]);
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message, "{length}");
    }
    socket.send(Message::text("grüß Gott")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("grüß Gott"));
    socket.close(None).unwrap();
    while socket.read().is_ok() {}
    let record = gateway.wait_for_record("socket", |record| record["via"] == "ws");
    assert_eq!(record["principal"], "alice@TGG.TEST");
    assert_eq!(record["outcome"], "client_closed");
}

#[test]
fn the_upgrade_reaches_the_back_end_as_the_client_made_it() {
    let backend = Backend::echo();
    let gateway = before(&backend, "ws", &[]);
    let lines = "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
                 Origin: http://gw.test:8443\r\nCookie: a=b\r\n";
    let (stream, answer) = ask(&gateway, upgrade_head("/chat?room=1", lines));
    let _socket = socket(stream, answer);
    let head = backend.head();
    assert_eq!(head.line(), "GET /chat?room=1 HTTP/1.1");
    assert_eq!(head.value("sec-websocket-key"), "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(head.value("sec-websocket-protocol"), "chat");
    assert_eq!(head.value("sec-websocket-extensions"), "permessage-deflate");
    assert_eq!(head.value("origin"), "http://gw.test:8443");
    assert_eq!(head.value("cookie"), "a=b");
    assert_eq!(head.value("host"), backend.address().to_string());
    assert_eq!(head.value("x-remote-user"), "alice@TGG.TEST");
}

#[test]
fn what_is_no_upgrade_to_websocket_13_never_reaches_the_back_end() {
    let backend = Backend::echo();
    let gateway = before(&backend, "ws", &[]);
    let sound = upgrade_head("/", "");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (unsound, status) in [
        (sound.replace("Version: 13", "Version: 8"), 426),
        (sound.replace(key, ""), 400),
        (sound.replace(key, &key.repeat(2)), 400),
        (sound.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400),
        (sound.replace("Connection: Upgrade", "Connection: close"), 400),
        (sound.replace("GET", "POST"), 400),
        (sound.replace("Host: gw.test:8443\r\n", ""), 400),
        (upgrade_head("/", "Content-Length: 5\r\n") + "GET /", 400),
        // Not an upgrade that is known here, so an ordinary request, for which there is no back end.
        (upgrade_head("/", "").replace("Upgrade: websocket", "Upgrade: h2c"), 426),
        (upgrade_head("/", "").replace("Upgrade: websocket", "Upgrade: TLS/1.0, foo"), 426),
    ] {
        let (_, answer) = ask(&gateway, &unsound);
        assert!(answer.line().starts_with(&format!("HTTP/1.1 {status} ")), "{unsound}{}", answer.text);
    }
    assert!(!backend.was_asked());
}

#[test]
fn a_back_end_that_refuses_is_passed_back_and_the_connection_is_no_pipe() {
    let refusal =
        "HTTP/1.1 403 Forbidden\r\nX-Why: not today\r\nContent-Length: 6\r\nUpgrade: websocket\r\n\r\nnot me";
    let backend = Backend::answering(refusal);
    let gateway = before(&backend, "ws", &[]);
    // What stands behind the upgrade is a request, because the connection stays one of HTTP.
    let (mut stream, answer) = ask(&gateway, upgrade_head("/", "") + &upgrade_head("/second", ""));
    assert_eq!(answer.line(), "HTTP/1.1 403 Forbidden");
    assert_eq!(answer.value("x-why"), "not today");
    assert_eq!(answer.value("content-length"), "6");
    assert!(!answer.names().contains(&"upgrade".to_owned()), "{}", answer.text);
    let mut rest = answer.ahead;
    while rest.len() < 6 {
        let mut some = [0; 100];
        let count = stream.read(&mut some).unwrap();
        rest.extend_from_slice(&some[..count]);
    }
    assert!(rest.starts_with(b"not me"));
    assert_eq!(backend.head().line(), "GET / HTTP/1.1");
    assert_eq!(backend.head().line(), "GET /second HTTP/1.1");
}

#[test]
fn a_back_end_that_switches_to_what_was_not_asked_for_is_502() {
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let sound = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{accept}\r\n"
    );
    for (answer, outcome) in [
        (sound.replace("s3pPLMBi", "AAAAAAAA"), "backend_accept"),
        (sound.replace(accept, ""), "backend_accept"),
        (sound.replace("Upgrade: websocket", "Upgrade: h2c"), "backend_unasked"),
        (sound.replace(accept, &format!("{accept}Sec-WebSocket-Protocol: chat\r\n")), "backend_unasked"),
        (sound.replace(accept, &format!("{accept}Sec-WebSocket-Extensions: x\r\n")), "backend_unasked"),
    ] {
        let backend = Backend::answering(answer.clone());
        let gateway = before(&backend, "ws", &[]);
        let (_, answered) = ask(&gateway, upgrade_head("/", ""));
        assert_eq!(answered.line(), "HTTP/1.1 502 Bad Gateway", "{answer}");
        let record = gateway.wait_for_record("visit", |_| true);
        assert_eq!(record["outcome"], outcome, "{answer}");
        assert_eq!(record["blame"], "backend");
    }
}

#[test]
fn what_a_client_sends_ahead_reaches_the_back_end_only_behind_its_101() {
    let (shows, seen) = channel();
    let backend = Backend::new(move |head, mut stream| {
        // Nothing may come before the answer, however long that takes.
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let early = stream.peek(&mut [0]).map_err(|error| error.kind());
        stream.set_read_timeout(None).unwrap();
        shows.send((head.ahead.clone(), early)).unwrap();
        stream.write_all(head.agree("").as_bytes()).unwrap();
        echo(stream, Vec::new());
    });
    let gateway = before(&backend, "ws", &[]);
    let frame = [0x82, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    let (stream, answer) = ask(&gateway, [upgrade_head("/", "").as_bytes(), &frame].concat());
    let (ahead, early) = seen.recv().unwrap();
    assert!(ahead.is_empty());
    assert_eq!(early, Err(std::io::ErrorKind::WouldBlock));
    assert_eq!(socket(stream, answer).read().unwrap(), Message::binary(&b"hi"[..]));
}

#[test]
fn what_a_back_end_sends_right_behind_its_101_reaches_the_client() {
    let backend = Backend::new(|head, mut stream| {
        let hello = [head.agree("").as_bytes(), &[0x82, 5], b"hello"].concat();
        stream.write_all(&hello).unwrap();
    });
    let gateway = before(&backend, "ws", &[]);
    assert_eq!(open(&gateway).read().unwrap(), Message::binary(&b"hello"[..]));
}
