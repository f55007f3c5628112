//! The handshake of RFC 6455 section 4.2, the origin, and the choice of a sub-protocol.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::{
    identity::Identity,
    world::Gateway,
    ws_client::{Form, Socket, plain},
};

/// The head of a sound upgrade to this path, with these further header lines.
pub(super) fn head(path: &str, lines: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: gw.test:8443\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// The head of an answer, and not an octet more.
pub(super) fn answer(stream: &mut impl std::io::Read) -> String {
    let (mut head, mut octet) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet).unwrap();
        head.push(octet[0]);
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase().replacen("http/1.1", "HTTP/1.1", 1)
}

fn upgrade(gateway: &Gateway, head: &str) -> (TcpStream, String) {
    let mut stream = plain(gateway.web());
    stream.write_all(head.as_bytes()).unwrap();
    let answer = answer(&mut stream);
    (stream, answer)
}

#[track_caller]
fn assert_refused(gateway: &Gateway, head: &str, status: u16) -> String {
    let (_, answer) = upgrade(gateway, head);
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}{answer}");
    assert!(!answer.contains("upgrade: websocket"), "{answer}");
    answer
}

#[test]
fn any_path_relays_as_kaazings_clients_expect() {
    let gateway = Gateway::before_realm(&[]);
    for path in ["/", "/kerberos5", "/a/b?x=y", "/KdcProxy"] {
        let (stream, answer) = upgrade(&gateway, &head(path, ""));
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        // The example of RFC 6455 section 1.3.
        assert!(answer.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{answer}");
        let mut socket = Socket::upgraded(stream, Form::Framed);
        socket.assert_serves();
    }
}

#[test]
fn of_the_sub_protocols_offered_the_first_known_one_is_chosen() {
    let gateway = Gateway::before_realm(&[]);
    for (offered, form) in [
        ("kkdcp", Form::DeclaredKkdcp),
        ("x, kkdcp.mux, kkdcp", Form::Mux),
        ("krb5.tcp\r\nSec-WebSocket-Protocol: kkdcp", Form::DeclaredFramed),
    ] {
        let lines = format!("Sec-WebSocket-Protocol: {offered}\r\n");
        let (stream, answer) = upgrade(&gateway, &head("/", &lines));
        let chosen = format!("\r\nsec-websocket-protocol: {}\r\n", form.protocol().unwrap());
        assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains(&chosen), "{answer}");
        let mut socket = Socket::upgraded(stream, form);
        socket.assert_serves();
    }
}

#[test]
fn of_unknown_sub_protocols_none_is_chosen_and_the_stream_is_undeclared() {
    let gateway = Gateway::before_realm(&[]);
    let (stream, answer) = upgrade(&gateway, &head("/", "Sec-WebSocket-Protocol: chat, KKDCP, \r\n"));
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(!answer.contains("sec-websocket-protocol"), "{answer}");
    let mut socket = Socket::upgraded(stream, Form::Framed);
    socket.assert_serves();
}

#[test]
fn a_page_of_a_foreign_origin_is_refused_before_the_upgrade() {
    let gateway = Gateway::before_realm(&["--allow-origin", "https://app.test"]);
    for origin in
        ["https://evil.test", "https://gw.test:8443", "http://gw.test", "null", "https://app.test.evil"]
    {
        assert_refused(&gateway, &head("/", &format!("Origin: {origin}\r\n")), 403);
    }
}

#[test]
fn pages_of_the_gateways_own_origin_and_of_allowed_ones_are_served() {
    let gateway = Gateway::before_realm(&["--allow-origin", "https://app.test"]);
    for origin in ["http://gw.test:8443", "https://app.test"] {
        let (stream, answer) = upgrade(&gateway, &head("/", &format!("Origin: {origin}\r\n")));
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        let mut socket = Socket::upgraded(stream, Form::Framed);
        socket.assert_serves();
    }
}

#[test]
fn over_tls_the_gateways_own_origin_is_https() {
    let identity = Identity::new();
    let tls = identity.flags();
    let gateway = Gateway::before_realm(&tls.each_ref().map(String::as_str));
    for (origin, status) in [("https://gw.test:8443", 101), ("http://gw.test:8443", 403)] {
        let mut stream = identity.connect(gateway.web()).unwrap();
        stream.write_all(head("/", &format!("Origin: {origin}\r\n")).as_bytes()).unwrap();
        let answer = answer(&mut stream);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[test]
fn another_version_of_the_protocol_is_told_which_one_is_spoken() {
    let gateway = Gateway::before_realm(&[]);
    let head = head("/", "").replace("Version: 13", "Version: 8");
    let answer = assert_refused(&gateway, &head, 426);
    assert!(answer.contains("\r\nsec-websocket-version: 13\r\n"), "{answer}");
}

#[test]
fn a_handshake_that_is_none_is_refused() {
    let gateway = Gateway::before_realm(&[]);
    let sound = head("/", "");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for unsound in [
        sound.replace(key, ""),
        sound.replace(key, &key.repeat(2)),
        sound.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
        sound.replace("Connection: Upgrade", "Connection: close"),
        sound.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n"),
    ] {
        assert_refused(&gateway, &unsound, 400);
    }
    let (mut stream, mut answer) = (plain(gateway.web()), String::new());
    stream.write_all(sound.replace("HTTP/1.1", "HTTP/1.0").as_bytes()).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
}
