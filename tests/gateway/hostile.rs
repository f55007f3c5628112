//! Clients that mean harm, or might: slow, endless, oversized, garbled, too many. Others must not notice.

mod limits;
mod raw;

use std::{
    io::{Read as _, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use ticketgate::ambient;

use crate::{
    identity::Identity,
    initiator::{as_req, framed},
    world::{Gateway, PATIENCE},
    ws_client::{Form, Socket, Wire, plain},
};

/// Time between two octets of a slow client.
const PAUSE: Duration = Duration::from_millis(50);

/// More memory than this the gateway does not take for what hostile peers do here, in octets.
const BOUND: usize = 24 << 20;

/// A gateway that waits half a second for a message to be whole and ten minutes for it to begin.
fn impatient(flags: &[&str]) -> Gateway {
    Gateway::before_realm(&[&["--message-timeout", "0.5", "--idle-timeout", "600"], flags].concat())
}

/// Writes `start`, and then one piece after the other with pauses, until the gateway ends the connection.
#[track_caller]
fn dribble(mut stream: TcpStream, start: &[u8], piece: &[u8]) {
    stream.set_read_timeout(Some(PAUSE)).unwrap();
    stream.write_all(start).unwrap();
    let mut octets = [0; 1024];
    let started = ambient::now();
    while ambient::now().since(started) < PATIENCE {
        match stream.read(&mut octets) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        if stream.write_all(piece).is_err() {
            return;
        }
    }
    panic!("the gateway still waits");
}

/// A socket's connection, for writing frames that no client would.
fn below(socket: &mut Socket) -> TcpStream {
    let Wire::Plain(stream) = socket.wire() else { unreachable!() };
    stream.try_clone().unwrap()
}

#[track_caller]
fn assert_serves(gateway: &Gateway) {
    Socket::open(gateway, Form::Framed).assert_serves();
}

/// The start of a masked frame whose payload is zeros.
fn frame(first: u8, length: u8) -> Vec<u8> {
    vec![first, 0x80 | length, 0, 0, 0, 0]
}

#[test]
fn an_octet_now_and_then_does_not_keep_a_request_head_open() {
    let gateway = impatient(&[]);
    dribble(plain(gateway.web()), b"GET / HTTP/1.1\r\nX-Slow: ", b"x");
    dribble(plain(gateway.web()), b"", b"P");
    assert_serves(&gateway);
}

#[test]
fn an_octet_now_and_then_does_not_keep_a_body_open() {
    let gateway = impatient(&[]);
    let head = b"POST /KdcProxy HTTP/1.0\r\nContent-Length: 60000\r\n\r\n";
    dribble(plain(gateway.web()), head, b"0");
    assert_serves(&gateway);
}

#[test]
fn an_octet_now_and_then_does_not_keep_a_tls_handshake_open() {
    let identity = Identity::new();
    let tls = identity.flags();
    let gateway = impatient(&tls.each_ref().map(String::as_str));
    // A record of 512 octets with a ClientHello.
    dribble(plain(gateway.web()), &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], &[0]);
    Socket::open_tls(&gateway, &identity, Form::Framed).assert_serves();
}

#[test]
fn an_octet_now_and_then_does_not_keep_a_unit_open() {
    let gateway = impatient(&["--listen-raw", "127.0.0.1:0"]);
    dribble(plain(gateway.raw()), &[0, 0, 0xff, 0xff, 0x6a], &[0]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    socket.send([0, 0, 0xff, 0xff, 0x6a]);
    // A whole message with the next octet of the unit each time.
    dribble(below(&mut socket), &[], &[frame(0x82, 1), vec![0]].concat());
    assert_serves(&gateway);
}

#[test]
fn an_octet_now_and_then_does_not_keep_a_frame_open() {
    let gateway = impatient(&[]);
    dribble(below(&mut Socket::open(&gateway, Form::Mux)), &frame(0x82, 125), &[0]);
    assert_serves(&gateway);
}

#[test]
fn fragments_now_and_then_do_not_keep_a_message_open() {
    let gateway = impatient(&[]);
    // Continuation frames with one octet, with none, and with pings in between.
    for piece in [
        [frame(0, 1), vec![0]].concat(),
        frame(0, 0),
        [frame(0, 0), frame(0x89, 0)].concat(),
        [frame(0x89, 0), frame(0, 0)].concat(),
    ] {
        dribble(below(&mut Socket::open(&gateway, Form::Mux)), &frame(2, 0), &piece);
    }
    assert_serves(&gateway);
}

/// Writes a piece as fast as it goes until the gateway ends the connection.
#[track_caller]
fn flood(stream: &mut impl Write, piece: &[u8]) {
    let started = ambient::now();
    while stream.write_all(piece).is_ok() {
        assert!(ambient::now().since(started) < PATIENCE, "the gateway still reads");
    }
}

#[test]
fn endless_fragments_end_the_socket_and_take_no_memory() {
    let gateway = impatient(&[]);
    assert_serves(&gateway);
    let before = gateway.resident();
    for form in [Form::Framed, Form::Mux] {
        for piece in
            [frame(0, 0).repeat(100), [frame(0, 125), vec![0; 125]].concat(), frame(0x89, 0).repeat(100)]
        {
            let mut socket = Socket::open(&gateway, form);
            let mut stream = below(&mut socket);
            stream.write_all(&frame(2, 0)).unwrap();
            flood(&mut stream, &piece);
        }
    }
    assert_serves(&gateway);
    assert!(gateway.resident() < before + BOUND, "{} octets more", gateway.resident() - before);
}

#[test]
fn endless_heads_and_bodies_end_the_connection_and_take_no_memory() {
    let gateway = impatient(&[]);
    assert_serves(&gateway);
    let before = gateway.resident();
    let chunked = b"POST /KdcProxy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [&b"1000\r\n"[..], &[b'0'; 0x1000], b"\r\n"].concat();
    for (start, piece) in [
        (&b"GET / HTTP/1.1\r\nX: "[..], &[b'x'; 5000][..]),
        (b"GET / HTTP/1.1\r\n", b"X-Header: value\r\n"),
        (b"GET /", &[b'a'; 5000]),
        (chunked, &chunk),
        (b"POST /KdcProxy HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", &[b'0'; 5000]),
    ] {
        let mut stream = plain(gateway.web());
        stream.write_all(start).unwrap();
        flood(&mut stream, piece);
    }
    assert_serves(&gateway);
    assert!(gateway.resident() < before + BOUND, "{} octets more", gateway.resident() - before);
}

#[test]
fn memory_is_taken_for_octets_that_arrive_and_not_for_those_announced() {
    let limits = ["--peer-connections", "0", "--listen-raw", "127.0.0.1:0"];
    let gateway = Gateway::before_realm(&limits);
    assert_serves(&gateway);
    let before = gateway.resident();
    // Each of 600 connections announces 128 KiB, 75 MiB in all.
    let unit = [0, 1, 0xff, 0xff];
    let sockets: Vec<_> = (0..300)
        .map(|place| {
            let mut socket = Socket::open(&gateway, Form::Framed);
            if place % 2 == 0 {
                socket.send(unit);
            } else {
                let head = [&[0x82, 0xff][..], &u64::to_be_bytes(0x1_ffff), &[0; 4]].concat();
                below(&mut socket).write_all(&head).unwrap();
            }
            socket
        })
        .collect();
    let streams: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = plain(gateway.raw());
            stream.write_all(&unit).unwrap();
            stream
        })
        .collect();
    assert_serves(&gateway);
    let taken = gateway.resident().saturating_sub(before);
    assert!(taken < BOUND, "{taken} octets for {} connections", sockets.len() + streams.len());
}

/// Sends octets and reads to the end of the connection, whatever comes.
fn garble(to: SocketAddr, octets: &[u8]) -> Vec<u8> {
    let (mut stream, mut said) = (plain(to), Vec::new());
    let _ = stream.write_all(octets);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut said);
    said
}

#[test]
fn garbage_on_a_listener_harms_nobody() {
    let identity = Identity::new();
    let tls = identity.flags();
    let raw = ["--listen-raw", "127.0.0.1:0"];
    let (plainly, secured) =
        (impatient(&raw), impatient(&[&tls.each_ref().map(String::as_str)[..], &raw].concat()));
    let mut random = [0; 2000];
    getrandom::fill(&mut random).unwrap();
    let request = framed(&as_req("alice"));
    for garbage in
        [&random[..], &[0; 2000], &[0xff; 2000], b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", &request, b""]
    {
        for gateway in [&plainly, &secured] {
            let said = garble(gateway.web(), garbage);
            assert!(!said.starts_with(b"HTTP/1.1 2") && !said.starts_with(b"HTTP/1.1 1"), "{said:02x?}");
            if garbage != request {
                let said = garble(gateway.raw(), garbage);
                assert!(said.is_empty() || said[4] == 0x7e, "nothing or a KRB-ERROR: {said:02x?}");
            }
        }
    }
    assert_serves(&plainly);
    Socket::open_tls(&secured, &identity, Form::Framed).assert_serves();
    for gateway in [&plainly, &secured] {
        assert!(!gateway.log().contains("panicked"));
    }
}
