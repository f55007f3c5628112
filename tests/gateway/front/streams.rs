//! Streams of octets: `tcp://` and `ssl://` accepts, in front of back ends that speak octets or WebSocket.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr},
};

use super::{configuration, folder::Folder, service};
use crate::{backend, world::Gateway, ws_client::plain};

/// A back end that sends octets back until they end, and then a last word.
fn echo() -> SocketAddr {
    backend::serve(|mut stream| {
        let mut octets = [0; 4096];
        loop {
            match stream.read(&mut octets) {
                Ok(0) => break,
                Ok(read) => stream.write_all(&octets[..read]).unwrap(),
                Err(_) => return,
            }
        }
        let _ = stream.write_all(b"bye");
    })
}

fn proxy(accept: &str, connect: &str) -> String {
    service("one", accept, "proxy", &format!("<connect>{connect}</connect>"))
}

/// Sends octets there and back.
fn assert_echoes(stream: &mut (impl Read + Write)) {
    // More than one read and one frame of any size.
    for octets in [vec![7; 1], vec![8; 130], vec![9; 200_000]] {
        let mut back = vec![0; octets.len()];
        // What a back end sends back while it is written to fits what lies between.
        for (there, back) in octets.chunks(10_000).zip(back.chunks_mut(10_000)) {
            stream.write_all(there).unwrap();
            stream.read_exact(back).unwrap();
        }
        assert_eq!(back, octets);
    }
}

#[test]
fn octets_pass_to_a_stream_and_an_end_of_one_way_is_passed_on() {
    let gateway = Gateway::run(&configuration(&proxy("tcp://127.0.0.1:0", &format!("tcp://{}", echo()))));
    let mut stream = plain(gateway.at("one"));
    assert_echoes(&mut stream);
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "bye");
    let record = gateway.wait_for_record("stream", |record| record["via"] == "tcp");
    assert_eq!((record["service"].as_str(), record["octets_in"].as_u64()), (Some("one"), Some(200_131)));
    assert!(record.get("path").is_none_or(serde_json::Value::is_null), "a stream has no path");
}

#[test]
fn octets_become_messages_for_a_web_socket_and_its_messages_octets() {
    let inner = Gateway::run(&configuration(&proxy("ws://127.0.0.1:0/in", &format!("tcp://{}", echo()))));
    let connect = format!("ws://{}/in", inner.at("one"));
    let outer = Gateway::run(&configuration(&proxy("tcp://127.0.0.1:0", &connect)));
    let mut stream = plain(outer.at("one"));
    assert_echoes(&mut stream);
    // The close frame that stands for the end is the other service's end.
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "bye");
}

#[test]
fn a_stream_to_a_web_socket_that_refuses_ends() {
    let back = backend::Backend::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    let gateway = Gateway::run(&configuration(&proxy("tcp://127.0.0.1:0", &back.url("ws"))));
    let mut stream = plain(gateway.at("one"));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let record = gateway.wait_for_record("refusal", |record| record["via"] == "tcp");
    assert_eq!(
        (record["outcome"].as_str(), record["blame"].as_str()),
        (Some("backend_handshake"), Some("backend"))
    );
}

#[test]
fn octets_over_tls_pass_to_a_stream() {
    let folder = Folder::new();
    let gateway = folder.run(&proxy("ssl://127.0.0.1:0", &format!("tcp://{}", echo())));
    let mut stream = folder.connect("gw.test", gateway.at("one")).unwrap();
    assert_echoes(&mut stream);
}

#[test]
fn whoever_is_connected_by_a_stream_is_shown_to_operators() {
    let management = service("inside", "http://127.0.0.1:0/", "management", "");
    // Port 0 twice would be one address.
    let one = proxy("tcp://127.0.0.2:0", &format!("tcp://{}", echo()));
    let gateway = Gateway::run(&configuration(&(one + &management)));
    let mut stream = plain(gateway.at("one"));
    assert_echoes(&mut stream);
    let mut asked = plain(gateway.at("inside"));
    asked.write_all(b"GET /sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    asked.read_to_string(&mut answer).unwrap();
    let at = stream.local_addr().unwrap();
    assert!(answer.contains(&format!("\"{at}\"")) && answer.contains("\"tcp\""), "{answer}");
}
