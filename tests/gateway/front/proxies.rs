//! Proxies in front of the gateway: who is believed to say who the client is, and what follows from it.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
};

use peers::{Haproxy, or_skipped};

use super::{
    UPGRADE, accept_options, answer, answering, assert_echoes, configuration, echo, folder::Folder, from,
    request, service, status_of, upgraded,
};
use crate::{
    backend::{Backend, Head},
    proxy::is_over,
    world::Gateway,
    ws_client::plain,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Proxies at this address put a header in front.
const HEADED: &str = "<tcp.proxy.protocol>enabled</tcp.proxy.protocol>\
                      <tcp.trusted.proxies>127.0.0.1,10.0.0.0/8</tcp.trusted.proxies>";
/// Proxies there say it in fields.
const FIELDS: &str = "<http.forwarded>enabled</http.forwarded>\
                      <tcp.trusted.proxies>127.0.0.1,10.0.0.0/8</tcp.trusted.proxies>";

/// What the back end reads of a request that follows these octets.
#[track_caller]
fn told(backend: &Backend, at: SocketAddr, before: &str, lines: &str) -> Head {
    let mut stream = plain(at);
    assert_eq!(status_of(&mut stream, &(before.to_owned() + &request("gw.test", "/in", lines))), 200);
    backend.head()
}

/// A gateway in front of that back end which anybody calls anything.
fn before(backend: &Backend, options: &str) -> Gateway {
    let inside = format!(
        "<connect>{}</connect><properties><use-forwarded>inject</use-forwarded></properties>{}",
        backend.url("http"),
        accept_options(&format!("<tcp.bind>127.0.0.1:0</tcp.bind>{options}"))
    );
    Gateway::run(&configuration(&service("one", "http://0.0.0.0:1/in", "http.proxy", &inside)))
}

#[test]
fn whom_a_trusted_proxy_names_in_front_of_a_connection_is_the_client() {
    let backend = Backend::answering(OK);
    let gateway = before(&backend, HEADED);
    for (header, client, forwarded) in [
        ("PROXY TCP4 192.0.2.7 192.0.2.1 50000 80\r\n", "192.0.2.7", "for=192.0.2.7;"),
        ("PROXY TCP6 2001:db8::7 ::1 50000 80\r\n", "2001:db8::7", "for=\"[2001:db8::7]\";"),
        // It speaks for itself: a look whether the gateway is there.
        ("PROXY UNKNOWN\r\n", "127.0.0.1", "for=127.0.0.1;"),
    ] {
        let head = told(&backend, gateway.at("one"), header, "");
        assert_eq!(head.value("x-forwarded-for"), client);
        assert!(head.value("forwarded").starts_with(forwarded), "{}", head.text);
    }
    gateway.wait_for_record("of the client", |record| record["peer"] == "192.0.2.7:50000");
}

#[test]
fn who_is_not_trusted_gets_no_connection_where_proxies_put_a_header_in_front() {
    let backend = Backend::answering(OK);
    let gateway = before(&backend, HEADED);
    let mut stream = from([127, 0, 0, 2], gateway.at("one"));
    let head = request("gw.test", "/in", "");
    assert!(answer(&mut stream, &format!("PROXY TCP4 192.0.2.7 192.0.2.1 50000 80\r\n{head}")).is_none());
    gateway.wait_for_log("it is not from a proxy of tcp.trusted.proxies");
    assert!(!backend.was_asked());
}

#[test]
fn a_trusted_proxy_that_puts_no_header_in_front_gets_no_connection() {
    let backend = Backend::answering(OK);
    let gateway = before(&backend, HEADED);
    assert!(answer(&mut plain(gateway.at("one")), &request("gw.test", "/in", "")).is_none());
    assert!(!backend.was_asked());
}

#[test]
fn a_header_in_front_that_nobody_asked_for_is_no_request() {
    let gateway = answering("<tcp.trusted.proxies>127.0.0.1</tcp.trusted.proxies>");
    let head = request("127.0.0.1", "/in", "");
    let status =
        status_of(&mut plain(gateway.at("one")), &format!("PROXY TCP4 192.0.2.7 192.0.2.1 5 80\r\n{head}"));
    assert_eq!(status, 400);
}

#[test]
fn haproxy_passes_on_clients_in_clear_and_over_tls() {
    let backend = Backend::answering(OK);
    for options in ["send-proxy", "send-proxy-v2"] {
        let gateway = before(&backend, HEADED);
        let Some(haproxy) = or_skipped(Haproxy::before(gateway.at("one"), options)) else { return };
        let mut stream = haproxy.connect().unwrap();
        assert_eq!(status_of(&mut stream, &request("gw.test", "/in", "")), 200);
        let client = stream.local_addr().unwrap().to_string();
        gateway.wait_for_record("of the client", |record| record["peer"] == client);
    }
    let folder = Folder::new();
    let gateway = folder.run(&echo("one", "wss://127.0.0.1:0/in", HEADED));
    let Some(haproxy) = or_skipped(Haproxy::before(gateway.at("one"), "send-proxy-v2")) else { return };
    // That it listens, and where.
    let front = haproxy.connect().unwrap().peer_addr().unwrap();
    let stream = folder.connect("gw.test", front).unwrap();
    assert_echoes(&mut upgraded(stream, "127.0.0.1", "/in"));
}

#[test]
fn clients_behind_a_proxy_are_counted_each_for_itself() {
    let option = "<tcp.maximum.connections.per.peer>1</tcp.maximum.connections.per.peer>";
    let gateway = answering(&format!("{HEADED}{option}"));
    let connect = |client: &str| {
        let mut stream = plain(gateway.at("one"));
        write!(stream, "PROXY TCP4 {client} 192.0.2.1 50000 80\r\n").unwrap();
        stream
    };
    let head = request("127.0.0.1", "/in", "");
    let (mut one, mut other) = (connect("192.0.2.7"), connect("192.0.2.8"));
    assert_eq!(status_of(&mut one, &head), 302);
    assert_eq!(status_of(&mut other, &head), 302);
    assert!(is_over(connect("192.0.2.7")));
}

#[test]
fn whom_a_trusted_proxy_names_in_its_fields_is_the_client() {
    let backend = Backend::answering(OK);
    let gateway = before(&backend, FIELDS);
    for (lines, forwarded) in [
        (
            "Forwarded: for=192.0.2.7;proto=https;host=app.test\r\n",
            "for=192.0.2.7;host=\"app.test\";proto=https",
        ),
        (
            "X-Forwarded-For: 192.0.2.66, 192.0.2.7, 10.1.1.1\r\nX-Forwarded-Proto: https\r\n",
            "for=192.0.2.7;host=\"gw.test\";proto=https",
        ),
    ] {
        let head = told(&backend, gateway.at("one"), "", lines);
        assert_eq!(*head.values("forwarded").last().unwrap(), forwarded, "{}", head.text);
    }
    gateway.wait_for_record("of the client", |record| {
        record["peer"].as_str().is_some_and(|peer| peer.starts_with("192.0.2.7:"))
    });
}

#[test]
fn nobody_is_believed_who_is_not_trusted_or_where_fields_are_not_looked_at() {
    let backend = Backend::answering(OK);
    let lines = "Forwarded: for=192.0.2.7;proto=https;host=app.test\r\n";
    let disabled = "<tcp.trusted.proxies>127.0.0.1</tcp.trusted.proxies>";
    let gateway = before(&backend, disabled);
    let head = told(&backend, gateway.at("one"), "", lines);
    assert_eq!(head.values("forwarded")[1], "for=127.0.0.1;host=\"gw.test\";proto=http");

    let gateway = before(&backend, FIELDS);
    let mut stream = from([127, 0, 0, 2], gateway.at("one"));
    assert_eq!(status_of(&mut stream, &request("gw.test", "/in", lines)), 200);
    assert_eq!(backend.head().values("forwarded")[1], "for=127.0.0.2;host=\"gw.test\";proto=http");
    let record = gateway.wait_for_record("visit", |_| true);
    assert!(record["peer"].as_str().unwrap().starts_with("127.0.0.2:"), "{record}");
}

#[test]
fn requests_of_clients_behind_a_proxy_are_counted_each_for_itself() {
    let rate = "<http.maximum.request.rate.per.peer>1</http.maximum.request.rate.per.peer>";
    let gateway = answering(&format!("{FIELDS}{rate}"));
    let mut stream = plain(gateway.at("one"));
    let mut ask = |client: &str| {
        let lines = format!("X-Forwarded-For: {client}\r\n");
        status_of(&mut stream, &request("127.0.0.1", "/in", &lines))
    };
    let told: Vec<_> = (0..8).map(|_| ask("192.0.2.7")).collect();
    assert!(told.contains(&429), "{told:?}");
    assert_eq!(ask("192.0.2.8"), 302);
}

#[test]
fn a_page_is_of_the_service_as_a_trusted_proxy_says_that_clients_call_it() {
    let options = format!("<tcp.bind>127.0.0.1:0</tcp.bind>{FIELDS}");
    let gateway = Gateway::run(&configuration(&echo("one", "ws://0.0.0.0:1/in", &options)));
    let status = |lines: &str| {
        let lines = format!("{UPGRADE}Origin: https://app.test\r\n{lines}");
        status_of(&mut plain(gateway.at("one")), &request("internal:8000", "/in", &lines))
    };
    assert_eq!(
        status("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: app.test\r\n"),
        101
    );
    assert_eq!(status(""), 403);
}

#[test]
fn octets_have_their_client_named_in_front_too() {
    let backend = crate::backend::serve(|mut stream| {
        let mut five = [0; 5];
        if stream.read_exact(&mut five).is_ok() {
            let _ = stream.write_all(&five);
        }
    });
    let inside = format!("<connect>tcp://{backend}</connect>{}", accept_options(HEADED));
    let gateway = Gateway::run(&configuration(&service("one", "tcp://127.0.0.1:0", "proxy", &inside)));
    let mut stream = plain(gateway.at("one"));
    stream.write_all(b"PROXY TCP4 192.0.2.7 192.0.2.1 50000 80\r\nhello").unwrap();
    let mut five = [0; 5];
    stream.read_exact(&mut five).unwrap();
    assert_eq!(&five, b"hello");
    drop(stream);
    gateway.wait_for_record("of the client", |record| record["peer"] == "192.0.2.7:50000");
}
