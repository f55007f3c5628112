//! How long a client is waited for: with a handshake, a head, a message, and between two requests.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    sync::{Mutex, mpsc::channel},
    time::Duration,
};

use super::{
    accept_options, answer, answering, configuration, echoing, folder::Folder, fronting, moved, open,
    request, service, status_of,
};
use crate::{
    backend::Backend,
    proxy::{close_code, is_over},
    world::Gateway,
    ws_client::plain,
};

/// A head that is waited for shortly, and a connection between two requests for long.
const SHORT_HEAD: &str = "<http.header.timeout>0.5 s</http.header.timeout>\
                          <http.keepalive.timeout>60 s</http.keepalive.timeout>";
/// The other way round.
const SHORT_IDLE: &str = "<http.header.timeout>60 s</http.header.timeout>\
                          <http.keepalive.timeout>0.5 s</http.keepalive.timeout>";

#[test]
fn a_head_that_does_not_come_to_its_end_is_given_up() {
    let gateway = answering(SHORT_HEAD);
    let mut stream = plain(gateway.at("one"));
    stream.write_all(b"GET /in HTTP/1.1\r\nHost: 127.").unwrap();
    assert!(is_over(stream));
}

#[test]
fn a_second_head_that_does_not_come_to_its_end_is_given_up() {
    let gateway = answering(SHORT_HEAD);
    let mut stream = plain(gateway.at("one"));
    assert_eq!(status_of(&mut stream, &request("127.0.0.1", "/in", "")), 302);
    stream.write_all(b"GET /in HTTP/1.1\r\nHost: 127.").unwrap();
    assert!(is_over(stream));
}

#[test]
fn a_connection_that_says_nothing_at_all_is_given_up() {
    let gateway = answering(SHORT_HEAD);
    assert!(is_over(plain(gateway.at("one"))));
}

#[test]
fn a_connection_between_two_requests_is_kept_for_as_long_as_configured() {
    let gateway = answering(SHORT_HEAD);
    let mut kept = plain(gateway.at("one"));
    assert_eq!(status_of(&mut kept, &request("127.0.0.1", "/in", "")), 302);
    // That one which began later is given up shows that the time for a head is over.
    assert!(is_over(plain(gateway.at("one"))));
    assert_eq!(status_of(&mut kept, &request("127.0.0.1", "/in", "")), 302);
}

#[test]
fn a_connection_between_two_requests_is_kept_no_longer_than_configured() {
    let gateway = answering(SHORT_IDLE);
    let mut stream = plain(gateway.at("one"));
    assert_eq!(status_of(&mut stream, &request("127.0.0.1", "/in", "")), 302);
    assert!(is_over(stream));
}

#[test]
fn a_request_that_takes_its_time_is_not_idle() {
    let backend = Backend::new(|head, mut stream| {
        // It answers once another connection was given up: the time is over.
        let other = plain(head.value("x-other").parse().unwrap());
        assert!(is_over(other));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let idle = answering(SHORT_HEAD);
    let gateway = fronting(&backend.url("http"), SHORT_IDLE);
    let mut stream = plain(gateway.at("one"));
    let line = format!("X-Other: {}\r\n", idle.at("one"));
    assert_eq!(status_of(&mut stream, &request("127.0.0.1", "/in", &line)), 200);
}

#[test]
fn an_answer_that_takes_its_time_is_not_idle() {
    let backend = Backend::new(|head, mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").unwrap();
        let other = plain(head.value("x-other").parse().unwrap());
        assert!(is_over(other));
        stream.write_all(b"llo").unwrap();
    });
    let idle = answering(SHORT_HEAD);
    let gateway = fronting(&backend.url("http"), SHORT_IDLE);
    let mut stream = plain(gateway.at("one"));
    let head = request("127.0.0.1", "/in", &format!("X-Other: {}\r\n", idle.at("one")));
    let answer = answer(&mut stream, &head).unwrap();
    assert_eq!(answer.body(&mut stream).0, b"hello");
}

#[test]
fn a_back_end_is_not_to_blame_for_a_body_that_does_not_come_to_its_end() {
    // It waits for the body, as the gateway does.
    let backend = Backend::new(|_, _| {});
    let inside = format!(
        "<connect>{}</connect><connect-options><http.response.timeout>0.3 s</http.response.timeout></connect-options>",
        backend.url("http")
    );
    let gateway =
        Gateway::run(&configuration(&service("one", "http://127.0.0.1:0/in", "http.proxy", &inside)));
    assert_eq!(status_of(&mut posting(&gateway), ""), 408);
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!((&record["outcome"], &record["blame"]), (&"too_slow".into(), &"peer".into()));
}

/// A connection whose request has a body that is not all there.
fn posting(gateway: &Gateway) -> TcpStream {
    let mut stream = plain(gateway.at("one"));
    stream.write_all(b"POST /in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nh").unwrap();
    stream
}

/// Waits until the time is over that the gateway gives a connection which says nothing, from now on.
#[track_caller]
fn wait_as_long_as_patience_lasts(gateway: &Gateway) {
    assert!(is_over(plain(gateway.at("one"))));
}

const SHORT: &str = "<http.header.timeout>0.5 s</http.header.timeout>\
                     <http.keepalive.timeout>0.5 s</http.keepalive.timeout>";

#[test]
fn a_body_that_takes_its_time_on_its_way_to_a_back_end_is_not_idle() {
    let backend = Backend::new(|head, mut stream| {
        assert_eq!(head.body(&mut stream).0, b"hello");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let gateway = fronting(&backend.url("http"), SHORT);
    let mut stream = posting(&gateway);
    backend.head();
    wait_as_long_as_patience_lasts(&gateway);
    stream.write_all(b"ello").unwrap();
    assert_eq!(status_of(&mut stream, ""), 200);
}

#[test]
fn a_body_that_takes_its_time_is_not_idle_although_the_answer_has_begun() {
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let backend = Backend::new(move |head, mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").unwrap();
        gone.lock().unwrap().recv().unwrap();
        stream.write_all(b"early").unwrap();
        let (body, _) = head.body(&mut stream);
        stream.write_all(&body).unwrap();
    });
    let gateway = fronting(&backend.url("http"), SHORT);
    let mut stream = posting(&gateway);
    let answer = answer(&mut stream, "").unwrap();
    // What comes behind the head has the gateway look at the connection again.
    go.send(()).unwrap();
    let mut early = [0; 5];
    stream.read_exact(&mut early).unwrap();
    wait_as_long_as_patience_lasts(&gateway);
    stream.write_all(b"ello").unwrap();
    let mut late = [0; 5];
    stream.read_exact(&mut late).unwrap();
    assert_eq!((&answer.ahead[..], &early, &late), (&b""[..], b"early", b"hello"));
}

#[test]
fn requests_that_come_at_once_are_answered_one_after_the_other() {
    let gateway = answering(SHORT_HEAD);
    let mut stream = plain(gateway.at("one"));
    let one = request("127.0.0.1", "/in", "");
    let last = request("127.0.0.1", "/in", "Connection: close\r\n");
    stream.write_all(format!("{one}{one}{last}").as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 302 ").count(), 3, "{answers}");
}

#[test]
fn a_head_that_comes_octet_by_octet_is_given_up_as_well() {
    let gateway = answering(SHORT_HEAD);
    let mut stream = plain(gateway.at("one"));
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    stream.write_all(b"GET /in HTTP/1.1\r\nX-Slow: ").unwrap();
    let is_given_up = (0..40).any(|_| {
        let sent = stream.write_all(b"x");
        sent.is_err() || !matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    });
    assert!(is_given_up);
}

#[test]
fn a_header_of_a_proxy_that_does_not_come_to_its_end_is_given_up() {
    let options = "<tcp.proxy.protocol>enabled</tcp.proxy.protocol>\
                   <tcp.trusted.proxies>127.0.0.1</tcp.trusted.proxies>";
    let gateway = answering(&format!("{SHORT_HEAD}{options}"));
    let mut stream = plain(gateway.at("one"));
    stream.write_all(b"PROXY TCP4 192.0.2.7").unwrap();
    assert!(is_over(stream));
    gateway.wait_for_log("its PROXY protocol header took too long");
}

#[test]
fn a_handshake_that_does_not_come_to_its_end_is_given_up() {
    let folder = Folder::new();
    let gateway = folder.run(&moved("one", "https://127.0.0.1:0/in", SHORT_HEAD));
    let mut stream = plain(gateway.at("one"));
    // The beginning of a record with a ClientHello.
    stream.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty(), "{rest:?}");
    gateway.wait_for_log("TLS handshake took too long");
}

#[test]
fn a_message_that_does_not_come_to_its_end_is_given_up() {
    let gateway = echoing(SHORT_HEAD);
    let mut socket = open(gateway.at("one"));
    // The header of a masked message of five octets, and one of them.
    socket.get_mut().write_all(&[0x82, 0x85, 0, 0, 0, 0, 7]).unwrap();
    assert_eq!(close_code(&mut socket), 1000);
}

#[test]
fn a_message_in_a_body_that_does_not_come_to_its_end_is_given_up() {
    let inside = "<connect>tcp://127.0.0.1:88</connect>".to_owned() + &accept_options(SHORT_HEAD);
    let kdc = service("one", "http://127.0.0.1:0/KdcProxy", "kerberos5.proxy", &inside);
    let gateway = Gateway::run(&configuration(&kdc));
    let mut stream = plain(gateway.at("one"));
    let head = "POST /KdcProxy HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nx";
    assert_eq!(status_of(&mut stream, head), 408);
}
