//! How much there may be: connections, handshakes, heads, requests, octets a second.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Mutex, mpsc::channel},
    thread,
    time::Duration,
};

use tokio_tungstenite::tungstenite::Message;

use super::{
    answer, answering, assert_echoes, echo, echoing, folder::Folder, from, fronting, moved, open, request,
    status, status_of,
};
use crate::{
    backend::Backend,
    proxy::is_over,
    world::{Gateway, PATIENCE, timed},
    ws_client::plain,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn who_finds_no_place_waits_until_a_connection_ends() {
    let gateway = echoing("<tcp.maximum.connections>1</tcp.maximum.connections>");
    let mut first = open(gateway.at("one"));
    assert_echoes(&mut first);
    let mut waiting = plain(gateway.at("one"));
    waiting.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(answer(&mut waiting, &request("127.0.0.1", "/in", super::UPGRADE)).is_none(), "it has to wait");
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    drop(first);
    assert!(answer(&mut waiting, "").unwrap().line().contains("101"));
}

#[test]
fn one_peer_has_no_more_connections_than_it_may_and_another_has_its_own() {
    let gateway = answering("<tcp.maximum.connections.per.peer>2</tcp.maximum.connections.per.peer>");
    let at = gateway.at("one");
    let mut held = [plain(at), plain(at)];
    for stream in &mut held {
        assert_eq!(status_of(stream, &request("127.0.0.1", "/in", "")), 302);
    }
    assert!(is_over(plain(at)));
    gateway.wait_for_log("Connection refused: the peer has too many");
    assert_eq!(status_of(&mut from([127, 0, 0, 2], at), &request("127.0.0.1", "/in", "")), 302);
}

#[test]
fn without_a_number_one_peer_has_as_many_connections_as_it_likes() {
    let gateway = answering("<tcp.maximum.connections.per.peer>0</tcp.maximum.connections.per.peer>");
    let at = gateway.at("one");
    // More than by default, and each of them answered.
    let held: Vec<TcpStream> = (0..1010).map(|_| plain(at)).collect();
    assert_eq!(status_of(&mut &held[1009], &request("127.0.0.1", "/in", "")), 302);
}

#[test]
fn a_handshake_waits_for_those_that_go_on() {
    let folder = Folder::new();
    let gateway = folder.run(&moved(
        "one",
        "https://127.0.0.1:0/in",
        "<ssl.maximum.handshakes>1</ssl.maximum.handshakes>",
    ));
    let at = gateway.at("one");
    let halfway = folder.halfway(at);
    let (done, waiting) = channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let connected = folder.connect("gw.test", at).is_ok();
            done.send(connected).unwrap();
        });
        assert!(waiting.recv_timeout(Duration::from_millis(300)).is_err(), "it has to wait");
        drop(halfway);
        assert!(waiting.recv_timeout(PATIENCE).unwrap());
    });
}

/// What comes of a request with fields of so many octets.
fn padded(at: SocketAddr, octets: usize) -> u16 {
    status_of(&mut plain(at), &request("127.0.0.1", "/in", &format!("X-Padding: {}\r\n", "x".repeat(octets))))
}

#[test]
fn a_head_that_is_too_long_is_told_so() {
    let gateway = answering("<http.maximum.header.size>9000</http.maximum.header.size>");
    assert_eq!(padded(gateway.at("one"), 8500), 302);
    assert_eq!(padded(gateway.at("one"), 20_000), 431);
}

#[test]
fn without_a_word_about_it_a_head_may_have_200_kib() {
    let gateway = answering("");
    assert_eq!(padded(gateway.at("one"), 190_000), 302);
    assert_eq!(padded(gateway.at("one"), 300_000), 431);
}

#[test]
fn one_peer_has_no_more_requests_in_flight_than_it_may_and_another_has_its_own() {
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let backend = Backend::new(move |_, mut stream| {
        let _ = gone.lock().unwrap().recv();
        let _ = stream.write_all(OK.as_bytes());
    });
    let gateway =
        fronting(&backend.url("http"), "<http.maximum.requests.per.peer>1</http.maximum.requests.per.peer>");
    let at = gateway.at("one");
    let mut first = plain(at);
    first.write_all(request("127.0.0.1", "/in", "").as_bytes()).unwrap();
    backend.head();
    assert_eq!(status(at), 429);
    let mut other = from([127, 0, 0, 2], at);
    other.write_all(request("127.0.0.1", "/in", "").as_bytes()).unwrap();
    backend.head();
    // One for each that waits, and one for what comes behind them.
    for _ in 0..3 {
        go.send(()).unwrap();
    }
    assert_eq!(status_of(&mut first, ""), 200);
    assert_eq!(status_of(&mut other, ""), 200);
    assert_eq!(status(at), 200, "the place is free again");
}

#[test]
fn one_peer_asks_no_more_often_than_it_may_and_another_has_its_own() {
    let gateway = answering("<http.maximum.request.rate.per.peer>1</http.maximum.request.rate.per.peer>");
    let at = gateway.at("one");
    let told: Vec<_> = (0..8).map(|_| status(at)).collect();
    // Twice the rate may come at once.
    assert_eq!((&told[..2], told.contains(&429)), (&[302, 302][..], true), "{told:?}");
    assert_eq!(status_of(&mut from([127, 0, 0, 2], at), &request("127.0.0.1", "/in", "")), 302);
}

/// How long a socket takes to send 60,000 octets back.
fn time_of(gateway: &Gateway) -> Duration {
    let mut socket = open(gateway.at("one"));
    let message = Message::binary(vec![7; 60_000]);
    let (took, answer) = timed(|| {
        socket.send(message.clone()).unwrap();
        socket.read().unwrap()
    });
    assert_eq!(answer, message);
    took
}

#[test]
fn a_client_is_sent_no_more_octets_a_second_than_it_may() {
    let slow = echoing("<tcp.maximum.outbound.rate>100 kB/s</tcp.maximum.outbound.rate>");
    // A tenth of a second's worth goes out at once.
    let took = time_of(&slow);
    assert!(took >= Duration::from_millis(450), "{took:?}");
}

#[test]
fn a_client_of_a_back_end_is_sent_no_more_octets_a_second_than_it_may() {
    let option = "<tcp.maximum.outbound.rate>100 kB/s</tcp.maximum.outbound.rate>";
    let backend = Backend::echo();
    let inside = format!("<connect>{}</connect>{}", backend.url("ws"), super::accept_options(option));
    let gateway =
        Gateway::run(&super::configuration(&super::service("one", "ws://127.0.0.1:0/in", "proxy", &inside)));
    let took = time_of(&gateway);
    assert!(took >= Duration::from_millis(450), "{took:?}");
}

#[test]
fn an_answer_of_a_back_end_is_sent_with_no_more_octets_a_second_than_it_may() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n";
    let backend = Backend::answering([&head[..], &[7; 60_000]].concat());
    let gateway =
        fronting(&backend.url("http"), "<tcp.maximum.outbound.rate>100 kB/s</tcp.maximum.outbound.rate>");
    let mut stream = plain(gateway.at("one"));
    let (took, body) = timed(|| {
        let answer = answer(&mut stream, &request("127.0.0.1", "/in", "")).unwrap();
        answer.body(&mut stream).0
    });
    assert_eq!(body.len(), 60_000);
    assert!(took >= Duration::from_millis(450), "{took:?}");
}

#[test]
fn a_stream_over_tls_is_sent_no_more_octets_a_second_than_it_may() {
    let folder = Folder::new();
    let octets = crate::backend::serve(|mut stream| {
        let _ = stream.write_all(&[7; 60_000]);
    });
    let inside = format!(
        "<connect>tcp://{octets}</connect>{}",
        super::accept_options("<tcp.maximum.outbound.rate>100 kB/s</tcp.maximum.outbound.rate>")
    );
    let gateway = folder.run(&super::service("one", "ssl://127.0.0.1:0", "proxy", &inside));
    let mut stream = folder.connect("gw.test", gateway.at("one")).unwrap();
    let mut arrived = Vec::new();
    let (took, _) = timed(|| stream.read_to_end(&mut arrived));
    assert_eq!(arrived.len(), 60_000);
    assert!(took >= Duration::from_millis(450), "{took:?}");
}

#[test]
fn what_services_at_one_port_may_have_is_counted_together() {
    let option = "<tcp.maximum.connections.per.peer>1</tcp.maximum.connections.per.peer>";
    let services = echo("one", "ws://127.0.0.1:0/in", option) + &moved("other", "http://127.0.0.1:0/in", "");
    let gateway = Gateway::run(&super::configuration(&services));
    assert_eq!(gateway.at("one"), gateway.at("other"));
    let _held = open(gateway.at("one"));
    assert!(is_over(plain(gateway.at("other"))));
}
