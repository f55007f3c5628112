//! How a joined socket ends: by either side, with its pass, when the gateway goes down, and between two frames.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex, mpsc::channel},
};

use tokio_tungstenite::tungstenite::Message;

use super::{ask, before, close_code, is_over, open, socket, upgrade_head};
use crate::backend::{Backend, Head};

#[test]
fn a_socket_ends_with_its_lifetime_and_a_code_that_says_why() {
    let backend = Backend::echo();
    let gateway = before(&backend, "ws", &["--socket-lifetime", "1"]);
    let mut socket = open(&gateway);
    socket.send(Message::text("before")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("before"));
    assert_eq!(close_code(&mut socket), 3000);
    drop(socket);
    let record = gateway.wait_for_record("end", |_| true);
    assert_eq!((&record["outcome"], &record["principal"]), (&"expired".into(), &"alice@TGG.TEST".into()));
}

#[test]
fn at_sigterm_a_socket_is_closed_with_1001_and_both_sides_hear_it() {
    let (shows, seen) = channel();
    let backend = Backend::new(move |head, mut stream| {
        stream.write_all(head.agree("").as_bytes()).unwrap();
        let mut rest = head.ahead;
        let _ = stream.read_to_end(&mut rest);
        shows.send(rest).unwrap();
    });
    let mut gateway = before(&backend, "ws", &[]);
    let mut socket = open(&gateway);
    gateway.signal("TERM");
    assert_eq!(close_code(&mut socket), 1001);
    drop(socket);
    assert_eq!(gateway.exit(), Some(0));
    // A masked close frame with 1001 and a reason.
    let close = seen.recv().unwrap();
    let (header, mask, payload) = (&close[..2], &close[2..6], &close[6..8]);
    assert_eq!(header[0], 0x88);
    assert_eq!(u16::from_be_bytes([payload[0] ^ mask[0], payload[1] ^ mask[1]]), 1001);
}

#[test]
fn a_socket_that_ends_in_the_middle_of_a_frame_is_closed_behind_it() {
    // The back end sends a frame in two pieces, the second only when the test says so.
    let held: Arc<Mutex<Option<TcpStream>>> = Arc::default();
    let holds = Arc::clone(&held);
    let first = [&[0x82, 127][..], &u64::to_be_bytes(100_000), &[7; 60_000]].concat();
    let backend = Backend::new(move |head: Head, mut stream| {
        stream.write_all(head.agree("").as_bytes()).unwrap();
        if head.line().contains("/slow") {
            *holds.lock().unwrap() = Some(stream.try_clone().unwrap());
            stream.write_all(&first).unwrap();
        }
    });
    let gateway = before(&backend, "ws", &[]);
    let (mut stream, mut answer) = ask(&gateway, upgrade_head("/slow", ""));
    let mut some = [0; 1000];
    let begun = stream.read(&mut some).unwrap();
    answer.ahead.extend_from_slice(&some[..begun]);
    let mut socket = socket(stream, answer);
    let mut other = open(&gateway);
    gateway.signal("TERM");
    // The one that was joined later hears of it later.
    assert_eq!(close_code(&mut other), 1001);
    // A frame more behind it, which is not owed.
    let rest = [&[7; 40_000][..], &[0x82, 1, 8]].concat();
    held.lock().unwrap().take().unwrap().write_all(&rest).unwrap();
    assert_eq!(socket.read().unwrap(), Message::binary(vec![7; 100_000]));
    assert_eq!(close_code(&mut socket), 1001);
    assert!(is_over(socket.get_ref().try_clone().unwrap()));
}

#[test]
fn nobody_puts_a_second_close_frame_behind_the_back_ends_own() {
    let backend = Backend::new(|head, mut stream| {
        stream.write_all(&[head.agree("").as_bytes(), &[0x88, 2, 0x03, 0xe8]].concat()).unwrap();
        // It forgets to close the connection.
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.read(&mut [0; 100]);
    });
    let gateway = before(&backend, "ws", &["--socket-lifetime", "0.3"]);
    let mut socket = open(&gateway);
    assert_eq!(close_code(&mut socket), 1000);
    assert!(is_over(socket.get_ref().try_clone().unwrap()));
}

#[test]
fn a_socket_that_idles_for_too_long_is_closed_with_1000() {
    let backend = Backend::echo();
    let gateway = before(&backend, "ws", &["--socket-idle-timeout", "0.3"]);
    assert_eq!(close_code(&mut open(&gateway)), 1000);
}

#[test]
fn a_back_end_that_dies_ends_the_socket() {
    let backend = Backend::new(|head, mut stream| {
        stream.write_all(head.agree("").as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let gateway = before(&backend, "ws", &[]);
    let (stream, answer) = ask(&gateway, upgrade_head("/", ""));
    assert!(answer.ahead.is_empty());
    assert!(is_over(stream));
    let record = gateway.wait_for_record("end", |_| true);
    assert_eq!(record["outcome"], "backend_closed");
}

#[test]
fn a_socket_that_is_never_silent_ends_in_time_as_well() {
    let backend = Backend::new(|head, mut stream| {
        stream.write_all(head.agree("").as_bytes()).unwrap();
        let frames = [0x82, 2, 7, 7].repeat(16_384);
        while stream.write_all(&frames).is_ok() {}
    });
    let gateway = before(&backend, "ws", &["--socket-lifetime", "0.3"]);
    let mut socket = open(&gateway);
    let end = std::iter::repeat_with(|| socket.read().unwrap()).find(|message| !message.is_binary()).unwrap();
    assert!(matches!(end, Message::Close(Some(frame)) if u16::from(frame.code) == 3000));
}
