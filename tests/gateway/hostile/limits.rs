//! How much one peer, one principal and all together may have, and that others still get theirs.

use std::{
    io::Read as _,
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use krb::error_code::{KDC_ERR_POLICY, KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_SVC_UNAVAILABLE};

use crate::{
    initiator::{as_req, as_req_in, ask_stream, directly, error_code},
    websocket::{SLOW, SlowRealm},
    world::{Gateway, PATIENCE, eventually},
    ws_client::{Form, Socket, plain},
};

/// Whether the gateway closes a connection soon.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let read = stream.read(&mut [0]);
    !matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn one_peer_has_no_more_connections_than_it_may() {
    let gateway = Gateway::before_realm(&["--peer-connections", "3", "--listen-raw", "127.0.0.1:0"]);
    // All listeners count as one.
    let mut web = [Socket::open(&gateway, Form::Framed), Socket::open(&gateway, Form::Mux)];
    let mut raw = plain(gateway.raw());
    ask_stream(&mut raw, &as_req("alice"));
    for to in [gateway.web(), gateway.raw()] {
        assert!(is_closed(&plain(to)));
    }
    for socket in &mut web {
        socket.assert_serves();
    }
    drop(raw);
    eventually("a place that was given back is free", || {
        let stream = plain(gateway.web());
        if is_closed(&stream) {
            return false;
        }
        drop(stream);
        true
    });
}

#[test]
fn when_sockets_and_connections_hold_all_places_the_next_waits_for_one() {
    let gateway = Gateway::before_realm(&["--max-connections", "2"]);
    let (mut first, second) = (Socket::open(&gateway, Form::Framed), plain(gateway.web()));
    first.assert_serves();
    // The kernel takes the connection; nobody answers, and nobody refuses.
    let (opened, waiting) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            Socket::open(&gateway, Form::Framed).assert_serves();
            opened.send(()).unwrap();
        });
        assert!(waiting.recv_timeout(Duration::from_millis(500)).is_err());
        first.assert_serves();
        drop(second);
        waiting.recv_timeout(PATIENCE).unwrap();
    });
}

#[test]
fn one_peer_has_no_more_requests_in_flight_than_it_may() {
    let slow = SlowRealm::new();
    let gateway = Gateway::before_realm(&["--kdc", &slow.flag(), "--peer-requests", "3"]);
    let (mut one, mut other) = (Socket::open(&gateway, Form::Mux), Socket::open(&gateway, Form::Framed));
    for id in 0..3 {
        one.request_in(SLOW, &as_req_in("alice", SLOW), id);
    }
    slow.kdc.wait_for(3);
    // It is the peer that is counted, not its connection.
    assert_eq!(error_code(&one.ask(&as_req("alice"))), KDC_ERR_SVC_UNAVAILABLE);
    assert_eq!(error_code(&other.ask(&as_req("alice"))), KDC_ERR_SVC_UNAVAILABLE);
    slow.let_go();
    for _ in 0..3 {
        assert_eq!(error_code(&one.answer().1), KDC_ERR_PREAUTH_REQUIRED);
    }
    other.assert_serves();
}

#[test]
fn a_peer_over_its_rate_is_refused_and_another_is_not() {
    let gateway = Gateway::before_realm(&["--peer-rate", "1", "--listen-raw", "127.0.0.1:0"]);
    let codes: Vec<_> =
        (0..20).map(|place| error_code(&directly(gateway.raw(), &as_req(&format!("user{place}"))))).collect();
    assert_eq!(codes[..2], [6, 6], "twice as many as the rate may come at once");
    assert!(codes.contains(&KDC_ERR_SVC_UNAVAILABLE), "{codes:?}");
    // 127.0.0.2 is another peer.
    let other = UdpSocket::bind("127.0.0.2:0").unwrap();
    other.set_read_timeout(Some(PATIENCE)).unwrap();
    other.send_to(&as_req("alice"), gateway.raw()).unwrap();
    let mut answer = vec![0; 4096];
    let length = other.recv(&mut answer).unwrap();
    assert_eq!(error_code(&answer[..length]), KDC_ERR_PREAUTH_REQUIRED);
}

#[test]
fn a_principal_over_its_rate_is_refused_by_policy_and_another_is_not() {
    let gateway = Gateway::before_realm(&["--principal-rate", "1"]);
    for form in [Form::Framed, Form::Mux] {
        let mut socket = Socket::open(&gateway, form);
        let codes: Vec<_> = (0..30).map(|_| error_code(&socket.ask(&as_req("bob")))).collect();
        let passed = codes.iter().filter(|code| **code == KDC_ERR_PREAUTH_REQUIRED).count();
        assert!(passed <= 15, "{codes:?}");
        assert!(codes[29] == KDC_ERR_POLICY, "{codes:?}");
        socket.assert_serves();
    }
}
