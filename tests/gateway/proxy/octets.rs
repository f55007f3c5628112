//! A back end that speaks a stream of octets: messages become octets and octets become messages.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::mpsc::channel,
    time::Duration,
};

use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use super::{ask, close_code, is_over, open, socket, upgrade_head};
use crate::{
    backend::serve,
    world::{Gateway, PATIENCE},
    ws_client::plain,
};

/// A gateway in front of a back end of octets.
fn before(address: SocketAddr, flags: &[&str]) -> Gateway {
    Gateway::tpg(&[&["--connect", &format!("tcp://{address}")], flags].concat())
}

/// A back end that sends every octet back, and ends when the other side does.
fn mirror() -> SocketAddr {
    serve(|mut stream| {
        let mut some = [0; 65_536];
        while let Ok(count @ 1..) = stream.read(&mut some) {
            if stream.write_all(&some[..count]).is_err() {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    })
}

/// Reads messages until they come to so many octets.
fn read(socket: &mut WebSocket<TcpStream>, length: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    while octets.len() < length {
        octets.extend_from_slice(&socket.read().unwrap().into_data());
    }
    octets
}

#[test]
fn messages_of_any_kind_and_size_are_octets() {
    let gateway = before(mirror(), &[]);
    let mut socket = open(&gateway);
    for length in [1, 125, 126, 65_535, 65_536, 3_000_000] {
        let octets: Vec<u8> = (0..=255).cycle().take(length).collect();
        // Both ends must read while they write, or both would wait.
        let mut writer = WebSocket::from_raw_socket(
            socket.get_ref().try_clone().unwrap(),
            tokio_tungstenite::tungstenite::protocol::Role::Client,
            None,
        );
        let sent = octets.clone();
        let sending = std::thread::spawn(move || writer.send(Message::binary(sent)).unwrap());
        assert!(read(&mut socket, length) == octets, "{length}");
        sending.join().unwrap();
    }
    socket.send(Message::text("text")).unwrap();
    assert_eq!(read(&mut socket, 4), b"text");
}

#[test]
fn of_the_sub_protocols_offered_binary_is_chosen_or_else_the_first() {
    let gateway = before(mirror(), &[]);
    for (offered, chosen) in [("chat, binary", "binary"), ("mqtt, amqp", "mqtt")] {
        let lines =
            format!("Sec-WebSocket-Protocol: {offered}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n");
        let (_, answer) = ask(&gateway, upgrade_head("/", &lines));
        assert_eq!(answer.value("sec-websocket-protocol"), chosen);
        assert!(answer.values("sec-websocket-extensions").is_empty(), "{}", answer.text);
    }
    let (_, answer) = ask(&gateway, upgrade_head("/", ""));
    assert!(answer.values("sec-websocket-protocol").is_empty(), "{}", answer.text);
}

#[test]
fn a_ping_is_answered_and_reaches_nobody() {
    let gateway = before(mirror(), &[]);
    let mut socket = open(&gateway);
    socket.send(Message::Ping(b"there?".as_slice().into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong(b"there?".as_slice().into()));
    socket.send(Message::binary(&b"octets"[..])).unwrap();
    assert_eq!(socket.read().unwrap(), Message::binary(&b"octets"[..]));
}

#[test]
fn what_a_client_sends_ahead_is_not_lost() {
    let gateway = before(mirror(), &[]);
    let frame = [0x82, 0x82, 0, 0, 0, 0, b'h', b'i'];
    let (stream, answer) = ask(&gateway, [upgrade_head("/", "").as_bytes(), &frame].concat());
    assert_eq!(socket(stream, answer).read().unwrap(), Message::binary(&b"hi"[..]));
}

#[test]
fn a_client_that_closes_ends_its_half_and_is_still_sent_the_rest() {
    let late = serve(|mut stream| {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all.reverse();
        stream.write_all(&all).unwrap();
    });
    let gateway = before(late, &[]);
    let mut socket = open(&gateway);
    socket.send(Message::binary(&b"drow"[..])).unwrap();
    socket.close(None).unwrap();
    assert_eq!(socket.read().unwrap(), Message::binary(&b"word"[..]));
    assert_eq!(close_code(&mut socket), 1000);
    let record = gateway.wait_for_record("socket", |_| true);
    assert_eq!((&record["outcome"], &record["via"]), (&"client_closed".into(), &"tcp".into()));
    assert_eq!((&record["octets_in"], &record["octets_out"]), (&4.into(), &10.into()));
}

#[test]
fn a_back_end_that_ends_closes_with_1000_and_is_still_sent_the_rest() {
    let (shows, seen) = channel();
    let brief = serve(move |mut stream| {
        stream.write_all(b"hello").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        shows.send(rest).unwrap();
    });
    let gateway = before(brief, &[]);
    let mut socket = open(&gateway);
    assert_eq!(socket.read().unwrap(), Message::binary(&b"hello"[..]));
    assert_eq!(close_code(&mut socket), 1000);
    let frames = [&[0x82, 0x83, 0, 0, 0, 0][..], b"bye", &[0x88, 0x80, 0, 0, 0, 0]].concat();
    socket.get_mut().write_all(&frames).unwrap();
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), b"bye");
    let record = gateway.wait_for_record("socket", |_| true);
    assert_eq!(record["outcome"], "backend_closed");
}

#[test]
fn a_client_that_breaks_the_protocol_is_closed_with_1002() {
    let gateway = before(mirror(), &[]);
    for broken in [&[0x82, 1, 0][..], &[0xc2, 0x81, 0, 0, 0, 0, 0], &[0x80, 0x80, 0, 0, 0, 0]] {
        let mut socket = open(&gateway);
        socket.get_mut().write_all(broken).unwrap();
        assert_eq!(close_code(&mut socket), 1002, "{broken:02x?}");
        assert!(is_over(socket.get_ref().try_clone().unwrap()));
    }
}

#[test]
fn its_pass_ends_a_stream_of_octets_as_well() {
    let gateway = before(mirror(), &["--socket-lifetime", "0.3"]);
    assert_eq!(close_code(&mut open(&gateway)), 3000);
}

#[test]
fn a_side_that_does_not_read_has_the_other_wait_and_nobody_gathers() {
    let (shows, full) = channel();
    // It sends all it can; what the client sends it does not read.
    let flood = serve(move |mut stream| {
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        while stream.write_all(&[0; 65_536]).is_ok() {}
        shows.send(()).unwrap();
        std::thread::park();
    });
    let gateway = before(flood, &[]);
    let resident = gateway.resident();
    let stuck: Vec<_> = (0..10)
        .map(|_| {
            let mut stream = plain(gateway.web());
            stream.write_all(upgrade_head("/", "").as_bytes()).unwrap();
            stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
            let frame = [&[0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..], &[0; 0xffff]].concat();
            while stream.write_all(&frame).is_ok() {}
            stream
        })
        .collect();
    for _ in &stuck {
        full.recv_timeout(PATIENCE).unwrap();
    }
    let grown = gateway.resident().saturating_sub(resident);
    // At most one read of each way is kept.
    assert!(grown < 5 << 20, "{grown} octets for {} pairs", stuck.len());
}

#[test]
fn a_back_end_that_is_cut_off_ends_the_socket() {
    let (cut, told) = channel();
    let told = std::sync::Mutex::new(told);
    let backend = serve(move |stream| {
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        told.lock().unwrap().recv().unwrap();
    });
    let gateway = before(backend, &[]);
    let mut socket = open(&gateway);
    cut.send(()).unwrap();
    assert!(matches!(socket.read(), Err(Error::Protocol(_) | Error::Io(_) | Error::ConnectionClosed)));
    let record = gateway.wait_for_record("socket", |_| true);
    assert_eq!(record["outcome"], "backend_broke");
}
