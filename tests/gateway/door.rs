//! `ticketgate tpg` as a door: who is let in, who is not, and what both and the operator are told.

mod admission;
mod binding;
mod clients;
mod explained;
mod foreign;
pub(crate) mod groups;
mod hostile;
mod keytab;
mod lease;
mod legs;
mod session;
mod skew;
mod weak;

use std::io::{Read, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    backend::{Backend, Head, echo},
    world::Gateway,
    ws_client::plain,
};

/// A back end with a page that names who asks, and a socket that echoes.
fn site() -> Backend {
    Backend::new(|head, mut stream| {
        if head.values("upgrade").is_empty() {
            let user = head.value("x-remote-user");
            let page = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{user}",
                user.len()
            );
            let _ = stream.write_all(page.as_bytes());
        } else {
            let protocol = head.values("sec-websocket-protocol").first().map_or(String::new(), |offered| {
                format!(
                    "Sec-WebSocket-Protocol: {}\r\n",
                    offered.split(',').next().unwrap_or_default().trim()
                )
            });
            stream.write_all(head.agree(&protocol).as_bytes()).unwrap();
            echo(stream, head.ahead);
        }
    })
}

/// A door in front of that site, with these flags.
fn door(site: &Backend, flags: &[&str]) -> Gateway {
    Gateway::tpg(&[&["--connect", &site.url("http")], flags].concat())
}

/// An answer: its head, and a body of the length that the head says.
fn ask(stream: &mut (impl Read + Write), lines: &str) -> Head {
    let request = format!("GET /page?q HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Head::read(stream).expect("an answer");
    let length: usize = head.values("content-length").first().map_or(0, |length| length.parse().unwrap());
    while head.ahead.len() < length {
        let mut some = vec![0; length - head.ahead.len()];
        let count = stream.read(&mut some).unwrap();
        assert_ne!(count, 0, "the body ends early");
        head.ahead.extend_from_slice(&some[..count]);
    }
    head
}

/// The answer to one request on a connection of its own.
fn ask_once(gateway: &Gateway, lines: &str) -> Head {
    ask(&mut plain(gateway.web()), lines)
}

/// The status of an answer.
fn status(head: &Head) -> u16 {
    head.line().split(' ').nth(1).unwrap().parse().unwrap()
}

/// The token in an answer's `WWW-Authenticate`, if there is the field.
fn answered(head: &Head) -> Option<Vec<u8>> {
    let values = head.values("www-authenticate");
    assert!(values.len() <= 1, "{values:?}");
    let token = values.first()?.strip_prefix("Negotiate").unwrap().trim();
    Some(STANDARD.decode(token).unwrap())
}

/// Waits for the record of an admission with this outcome.
pub(crate) fn admission(gateway: &Gateway, outcome: &str) -> Value {
    let find = |log: &str| {
        log.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["target"] == "ticketgate::admission" && line["outcome"] == outcome)
    };
    find(&gateway.wait_until_log(outcome, |log| find(log).is_some())).unwrap()
}

/// The sentence in a record.
pub(crate) fn message(record: &Value) -> &str {
    record["message"].as_str().unwrap()
}
