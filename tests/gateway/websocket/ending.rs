//! How a WebSocket ends when nobody is at fault, or when nobody is there.

use std::io::Write as _;

use super::{SLOW, SlowRealm};
use crate::{
    initiator::{as_req, as_req_in, error_code, framed},
    world::Gateway,
    ws_client::{Form, Socket, Wire},
};

#[test]
fn at_sigterm_answers_in_flight_go_out_and_then_the_socket_closes_with_1001() {
    let slow = SlowRealm::new();
    let mut gateway = Gateway::before_realm(&["--kdc", &slow.flag()]);
    let (mut idle, mut busy) = (Socket::open(&gateway, Form::Framed), Socket::open(&gateway, Form::Mux));
    idle.assert_serves();
    busy.request_in(SLOW, &as_req_in("alice", SLOW), 3);
    slow.kdc.wait_for(1);
    gateway.signal("TERM");
    assert_eq!(idle.closed(), 1001);
    idle.wait_until_gone();
    // That one is closed shows that the gateway drains; the other is still owed an answer.
    slow.let_go();
    let (id, answer) = busy.answer();
    assert_eq!((id, error_code(&answer)), (3, 25));
    assert_eq!(busy.closed(), 1001);
    busy.wait_until_gone();
    assert_eq!(gateway.exit(), Some(0));
}

#[test]
fn a_drain_does_not_wait_longer_than_it_may() {
    let slow = SlowRealm::new();
    let mut gateway = Gateway::before_realm(&["--kdc", &slow.flag(), "--drain-timeout", "0.2"]);
    let mut socket = Socket::open(&gateway, Form::Mux);
    socket.request_in(SLOW, &as_req_in("alice", SLOW), 3);
    slow.kdc.wait_for(1);
    assert_eq!(gateway.stop(), Some(0));
    assert!(gateway.log().contains("Stopped"));
}

#[test]
fn a_socket_that_idles_closes_with_1000() {
    let gateway = Gateway::before_realm(&["--idle-timeout", "0.3"]);
    let mut silent = Socket::open(&gateway, Form::Framed);
    let mut served = Socket::open(&gateway, Form::Mux);
    assert_eq!(error_code(&served.ask(&as_req("alice"))), 25);
    assert_eq!(silent.closed(), 1000);
    assert_eq!(served.closed(), 1000);
}

#[test]
fn a_socket_that_waits_for_an_answer_does_not_idle() {
    let slow = SlowRealm::new();
    let gateway = Gateway::before_realm(&["--kdc", &slow.flag(), "--idle-timeout", "0.3"]);
    let mut waiting = Socket::open(&gateway, Form::Framed);
    waiting.request_in(SLOW, &as_req_in("alice", SLOW), 0);
    slow.kdc.wait_for(1);
    // As long as another socket idles, this one has had time to.
    assert_eq!(Socket::open(&gateway, Form::Framed).closed(), 1000);
    slow.let_go();
    assert_eq!(error_code(&waiting.answer().1), 25);
}

#[test]
fn a_unit_that_is_begun_and_not_finished_in_time_closes_the_socket() {
    let gateway = Gateway::before_realm(&["--message-timeout", "0.3", "--idle-timeout", "600"]);
    let request = framed(&as_req("alice"));
    for begun in [&request[..2], &request[..request.len() - 1]] {
        let mut socket = Socket::open(&gateway, Form::Framed);
        socket.send(begun);
        assert_eq!(socket.closed(), 1000);
    }
}

#[test]
fn a_frame_that_is_begun_and_not_finished_in_time_closes_the_socket() {
    let gateway = Gateway::before_realm(&["--message-timeout", "0.3", "--idle-timeout", "600"]);
    // A binary frame of 100 octets of which one comes; and a message of which more frames are to come.
    for begun in [&[0x82, 0x80 | 100, 0, 0, 0, 0, 0][..], &[0x02, 0x80 | 1, 0, 0, 0, 0, 0]] {
        let mut socket = Socket::open(&gateway, Form::Framed);
        let Wire::Plain(stream) = socket.wire() else { unreachable!() };
        stream.write_all(begun).unwrap();
        assert_eq!(socket.closed(), 1000, "{begun:02x?}");
    }
}

#[test]
fn a_peer_that_does_not_read_its_answers_is_dropped() {
    let limits = ["--message-timeout", "0.5", "--principal-rate", "0", "--peer-rate", "0"];
    let gateway = Gateway::before_realm(&limits);
    let mut socket = Socket::open(&gateway, Form::Framed);
    let Wire::Plain(stream) = socket.wire() else { unreachable!() };
    let mut stream = stream.try_clone().unwrap();
    // A refusal by the gateway itself costs no KDC; a binary frame of 126 to 65535 octets holds many requests.
    let one = framed(&as_req_in("alice", "ELSEWHERE.TEST"));
    let many = one.repeat(60_000 / one.len());
    let head = [&[0x82, 0xfe][..], &u16::try_from(many.len()).unwrap().to_be_bytes(), &[0; 4]].concat();
    let frame = [head, many].concat();
    // Once both directions are full nothing moves, until the gateway gives up and the connection is reset.
    let failed = std::iter::repeat_with(|| stream.write_all(&frame)).find_map(Result::err).unwrap();
    assert_ne!(failed.kind(), std::io::ErrorKind::WouldBlock, "the gateway still holds the connection");
    let mut good = Socket::open(&gateway, Form::Framed);
    good.assert_serves();
}
