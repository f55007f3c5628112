//! How the gateway stops: nothing new comes in, what is under way comes to its end, and sockets are told.

use std::{
    io::{Read as _, Write as _},
    sync::{Mutex, mpsc::channel},
};

use tokio_tungstenite::tungstenite::Message;

use super::{
    accept_options, assert_echoes, configuration, echo, echoing, folder::Folder, fronting, moved, open,
    request, service, status_of, wait_until_closed,
};
use crate::{
    backend::{Backend, Head},
    proxy::{close_code, is_over},
    world::Gateway,
    ws_client::plain,
};

#[test]
fn sockets_are_closed_with_1001() {
    let backend = Backend::echo();
    let joined = service(
        "two",
        "ws://127.0.0.1:0/joined",
        "proxy",
        &format!("<connect>{}</connect>", backend.url("ws")),
    );
    let mut gateway = Gateway::run(&configuration(&(echo("one", "ws://127.0.0.1:0/in", "") + &joined)));
    let mut own = open(gateway.at("one"));
    let mut other = super::upgraded(plain(gateway.at("one")), "127.0.0.1", "/joined");
    assert_echoes(&mut own);
    assert_echoes(&mut other);
    gateway.signal("TERM");
    assert_eq!(close_code(&mut own), 1001);
    assert_eq!(close_code(&mut other), 1001);
    drop((own, other));
    assert_eq!(gateway.exit(), Some(0));
    let log = gateway.wait_for_log("\"Stopped\"");
    assert!(log.contains("\"Draining\""), "{log}");
}

#[test]
fn requests_that_are_under_way_are_answered_and_connections_that_idle_end() {
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let backend = Backend::new(move |_, mut stream| {
        let _ = gone.lock().unwrap().recv();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    });
    let mut gateway = fronting(&backend.url("http"), "");
    let at = gateway.at("one");
    let mut busy = plain(at);
    busy.write_all(request("127.0.0.1", "/in", "").as_bytes()).unwrap();
    backend.head();
    let mut idle = plain(at);
    assert_eq!(status_of(&mut idle, &request("127.0.0.1", "/elsewhere", "")), 404);
    gateway.signal("TERM");
    assert!(is_over(idle));
    wait_until_closed(at);
    go.send(()).unwrap();
    let answer = Head::read(&mut busy).unwrap();
    assert_eq!((answer.line(), answer.value("connection")), ("HTTP/1.1 200 OK", "close"));
    let mut rest = answer.ahead;
    busy.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"hello");
    assert_eq!(gateway.exit(), Some(0));
}

#[test]
fn a_message_that_is_on_its_way_comes_back_before_the_socket_is_closed() {
    let mut gateway = echoing("<tcp.maximum.outbound.rate>100 kB/s</tcp.maximum.outbound.rate>");
    let mut socket = open(gateway.at("one"));
    let message = Message::binary(vec![7; 60_000]);
    socket.send(message.clone()).unwrap();
    // The first octets of it are here.
    assert_eq!(socket.get_ref().peek(&mut [0]).unwrap(), 1);
    gateway.signal("TERM");
    assert_eq!(socket.read().unwrap(), message);
    assert_eq!(close_code(&mut socket), 1001);
    drop(socket);
    assert_eq!(gateway.exit(), Some(0));
}

#[test]
fn whoever_sits_at_a_terminal_stops_it_as_well() {
    let mut gateway = echoing("");
    let mut socket = open(gateway.at("one"));
    gateway.signal("INT");
    assert_eq!(close_code(&mut socket), 1001);
    drop(socket);
    assert_eq!(gateway.exit(), Some(0));
}

#[test]
fn an_order_to_reload_does_not_disturb_the_end() {
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let backend = Backend::new(move |_, mut stream| {
        let _ = gone.lock().unwrap().recv();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let mut gateway = fronting(&backend.url("http"), "");
    let mut busy = plain(gateway.at("one"));
    busy.write_all(request("127.0.0.1", "/in", "").as_bytes()).unwrap();
    backend.head();
    gateway.signal("TERM");
    gateway.wait_for_log("\"Draining\"");
    gateway.signal("HUP");
    go.send(()).unwrap();
    assert_eq!(status_of(&mut busy, ""), 200);
    assert_eq!(gateway.exit(), Some(0));
    assert!(!gateway.wait_for_log("\"Stopped\"").contains("\"Reloaded\""));
}

#[test]
fn streams_of_octets_end() {
    let backend = crate::backend::serve(|mut stream| {
        let _ = stream.write_all(b"hello");
        let _ = stream.read(&mut [0]);
    });
    let inside = format!("<connect>tcp://{backend}</connect>");
    let mut gateway = Gateway::run(&configuration(&service("one", "tcp://127.0.0.1:0", "proxy", &inside)));
    let mut stream = plain(gateway.at("one"));
    let mut hello = [0; 5];
    stream.read_exact(&mut hello).unwrap();
    gateway.signal("TERM");
    assert!(is_over(stream));
    assert_eq!(gateway.exit(), Some(0));
}

#[test]
fn the_gateway_waits_no_longer_than_it_is_told() {
    let (_stays, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let backend = Backend::new(move |_, _| {
        let _ = gone.lock().unwrap().recv();
    });
    let folder = Folder::new();
    let inside = format!("<connect>{}</connect>{}", backend.url("http"), accept_options(""));
    folder.configure(&service("one", "http://127.0.0.1:0/in", "http.proxy", &inside));
    let mut gateway = folder.start(&["--drain-timeout", "0.2"]);
    let mut stream = plain(gateway.at("one"));
    stream.write_all(request("127.0.0.1", "/in", "").as_bytes()).unwrap();
    backend.head();
    assert_eq!(gateway.stop(), Some(0));
    assert!(is_over(stream));
    gateway.wait_for_log("Connections are cut off");
}

#[test]
fn what_was_taken_away_by_a_reload_is_drained_as_well() {
    let folder = Folder::new();
    let mut gateway =
        folder.run(&(moved("one", "http://127.0.0.1:0/in", "") + &echo("old", "ws://127.0.0.2:0/in", "")));
    let mut old = super::upgraded(plain(gateway.at("old")), "127.0.0.2", "/in");
    folder.configure(&moved("one", "http://127.0.0.1:0/in", ""));
    gateway.signal("HUP");
    gateway.wait_for_log("\"Reloaded\"");
    gateway.signal("TERM");
    assert_eq!(close_code(&mut old), 1001);
    drop(old);
    assert_eq!(gateway.exit(), Some(0));
}
