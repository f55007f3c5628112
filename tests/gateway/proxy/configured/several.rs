//! Back ends that stand for each other, and back ends that are down for a while.

use std::thread;

use tokio_tungstenite::tungstenite::Message;

use super::{OK, ask, fronted, inside, later, one, open, status};
use crate::{
    backend::Backend,
    world::{Gateway, refusing},
};

/// A `proxy` with these back ends and properties.
fn proxy(connects: &[&str], properties: &str) -> Gateway {
    one("proxy", &inside(connects, properties, ""))
}

#[test]
fn sockets_take_turns() {
    let (one, other) = (Backend::echo(), Backend::echo());
    let gateway = proxy(&[&one.url("ws"), &other.url("ws")], "");
    let _sockets = [open(&gateway), open(&gateway)];
    one.head();
    other.head();
}

#[test]
fn the_next_back_end_is_taken_where_one_is_absent() {
    let backend = Backend::echo();
    for scheme in ["ws", "tcp"] {
        let absent = format!("{scheme}://{}", refusing());
        let gateway = match scheme {
            "ws" => proxy(&[&absent, &backend.url("ws"), &absent], ""),
            // What it echoes is a handshake that never comes; that the socket opens is what counts.
            _ => proxy(&[&absent, &backend.url("tcp")], ""),
        };
        for _ in 0..4 {
            open(&gateway);
        }
        let record = gateway.wait_for_record("visit", |_| true);
        assert_eq!(record["backend"], backend.url(scheme));
    }
}

#[test]
fn a_back_end_that_is_down_is_404_until_it_is_back() {
    let (address, listen) = later();
    let recovery = "<maximum.recovery.interval>1 second</maximum.recovery.interval>";
    let gateway = proxy(&[&format!("tcp://{address}")], recovery);
    gateway.wait_for_log("Back end is down");
    let (_, answer) = ask(&gateway, "/in", super::UPGRADE);
    assert!(answer.line().starts_with("HTTP/1.1 404 "), "{}", answer.text);
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!((&record["outcome"], &record["blame"]), (&"backend_down".into(), &"backend".into()));
    let listener = listen();
    gateway.wait_for_log("Back end is back");
    let mut socket = open(&gateway);
    socket.send(Message::binary("x")).unwrap();
    drop(listener);
}

#[test]
fn a_request_that_cannot_be_sent_takes_its_back_end_down() {
    let (address, listen) = later();
    let listener = listen();
    let recovery = "<maximum.recovery.interval>1 minute</maximum.recovery.interval>";
    let gateway = proxy(&[&format!("tcp://{address}")], recovery);
    // The probe of the start has been there.
    let probe = listener.accept().unwrap();
    drop(open(&gateway));
    let (_, _) = (listener.accept().unwrap(), probe);
    drop(listener);
    let (_, answer) = ask(&gateway, "/in", super::UPGRADE);
    assert!(answer.line().starts_with("HTTP/1.1 503 "), "{}", answer.text);
    let (_, answer) = ask(&gateway, "/in", super::UPGRADE);
    assert!(answer.line().starts_with("HTTP/1.1 404 "), "{}", answer.text);
}

#[test]
fn without_an_interval_every_client_is_a_try() {
    let (address, listen) = later();
    let gateway = fronted(&format!("http://{address}"), "", "");
    assert_eq!(status(&gateway), "HTTP/1.1 503 Service Unavailable");
    let listener = listen();
    thread::spawn(move || {
        use std::io::Write as _;
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = crate::backend::Head::read(&mut stream).map(|_| stream.write_all(OK.as_bytes()));
        }
    });
    assert_eq!(status(&gateway), "HTTP/1.1 200 OK");
}
