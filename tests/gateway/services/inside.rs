//! The handshake inside a WebSocket (`x-kaazing-handshake`), octet by octet as KAAZING's clients play it, and what becomes
//! of those who play it otherwise.

mod extensions;
mod hostile;
mod realms;
mod services;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::{UPGRADE, config, exchange, service, status};
use crate::{backend::Head, world::Gateway, ws_client::plain};

/// What KAAZING's JavaScript client asks for.
const EXTENSIONS: &str = "x-kaazing-idle-timeout,x-kaazing-ping-pong";

/// Says to the client that it is where it should be.
const STAY: &[u8] = b"\xef\x83\xbfN";

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 61\r\n\r\n\
                         <html><head></head><body><h1>403 Forbidden</h1></body></html>";

/// The answer 401 with this challenge.
fn challenged(challenge: &str) -> String {
    format!(
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nWWW-Authenticate: {challenge}\r\n\
         Content-Length: 64\r\n\r\n<html><head></head><body><h1>401 Unauthorized</h1></body></html>"
    )
}

/// The request of KAAZING's JavaScript client for `/in`, with these further lines.
fn script(lines: &str) -> String {
    format!(
        "GET /in HTTP/1.1\r\nWebSocket-Protocol: \r\nSec-WebSocket-Protocol: \r\n\
         Sec-WebSocket-Extensions: {EXTENSIONS}\r\n{lines}\r\n"
    )
}

/// A gateway whose one service at `/in` is an echo with this inside, and this in the section about security.
fn echo(inside: &str, security: &str) -> Gateway {
    let security = format!("<security>{security}</security>");
    Gateway::run(&config(&(service("echo", "ws", inside) + &security)))
}

/// A client that knows of nothing but frames.
struct Client {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Client {
    /// Has the upgrade choose the handshake.
    fn open(gateway: &Gateway, target: &str) -> Self {
        let (client, answer) = Self::upgrade(gateway, target, "");
        assert_eq!(status(&answer), 101, "{}", answer.text);
        assert_eq!(answer.value("sec-websocket-protocol"), "x-kaazing-handshake");
        assert!(answer.values("sec-websocket-extensions").is_empty(), "{}", answer.text);
        client
    }

    fn upgrade(gateway: &Gateway, target: &str, lines: &str) -> (Self, Head) {
        let mut stream = plain(gateway.at("one"));
        let lines = format!(
            "{UPGRADE}Sec-WebSocket-Protocol: x-kaazing-handshake, foo\r\n\
             Sec-WebSocket-Extensions: permessage-deflate\r\n{lines}"
        );
        let mut answer = exchange(&mut stream, &format!("GET {target}"), &lines);
        let ahead = std::mem::take(&mut answer.ahead);
        (Self { stream, ahead }, answer)
    }

    /// Sends a frame under a mask.
    fn frame(&mut self, first: u8, payload: &[u8]) {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut frame = vec![first];
        match payload.len() {
            short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
            long => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(long).unwrap().to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask));
        self.stream.write_all(&frame).unwrap();
    }

    /// Sends a text message.
    fn say(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes());
    }

    /// The next frame: its first octet and its payload. `None` once the connection is closed.
    fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.octets(2)?;
        let length = match head[1] {
            126 => usize::from(u16::from_be_bytes(self.octets(2)?.try_into().unwrap())),
            short => usize::from(short),
        };
        assert_eq!(head[1] & 0x80, 0, "a server masks nothing");
        Some((head[0], self.octets(length)?))
    }

    fn octets(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.ahead.len() < count {
            let mut some = [0; 4096];
            let read = self.stream.read(&mut some).unwrap_or(0);
            if read == 0 {
                return None;
            }
            self.ahead.extend_from_slice(&some[..read]);
        }
        Some(self.ahead.drain(..count).collect())
    }

    /// The answer inside.
    #[track_caller]
    fn answer(&mut self) -> String {
        let (first, payload) = self.read().expect("an answer");
        assert_eq!(first, 0x82, "{}", String::from_utf8_lossy(&payload));
        String::from_utf8(payload).unwrap()
    }

    #[track_caller]
    fn hears(&mut self, first: u8, payload: &[u8]) {
        assert_eq!(self.read(), Some((first, payload.to_vec())));
    }

    /// The end of a handshake that KAAZING's clients wait for.
    #[track_caller]
    fn hears_stay(&mut self) {
        self.hears(0x82, STAY);
    }

    #[track_caller]
    fn hears_terminator(&mut self) {
        self.hears(0x82, b"");
    }

    /// That the gateway closes with this code, and then the connection.
    #[track_caller]
    fn is_closed(&mut self, code: u16) {
        let (first, payload) = self.read().expect("a close frame");
        assert_eq!((first, payload.get(..2)), (0x88, Some(&code.to_be_bytes()[..])), "{payload:?}");
        assert_eq!(self.read(), None);
    }

    /// That a message comes back.
    #[track_caller]
    fn echoes(&mut self, first: u8, payload: &[u8]) {
        self.frame(first, payload);
        self.hears(first, payload);
    }
}

/// What stands in an answer 101, without the date, which must be one.
#[track_caller]
fn switched(answer: &str) -> String {
    let lines: Vec<&str> = answer.split("\r\n").collect();
    assert_eq!(
        &lines[..2],
        ["HTTP/1.1 101 Web Socket Protocol Handshake", "Connection: Upgrade"],
        "{answer}"
    );
    let date = lines[2].strip_prefix("Date: ").expect("a date in its place");
    assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
    lines[3..].join("\n")
}

const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

#[test]
fn kaazings_javascript_client_opens_a_socket_for_all() {
    let gateway = echo("", "");
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&script(""));
    let answer = client.answer();
    assert_eq!(answer.len(), 0x102, "as long as KAAZING Gateway's");
    assert_eq!(
        switched(&answer),
        format!(
            "{ACCEPT}\nSec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102\nServer: Kaazing Gateway\n\
             Upgrade: websocket\n\n"
        )
    );
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x81, b"hi");
    client.echoes(0x82, &[0, 1, 255]);
    client.echoes(0x81, "x".repeat(5000).as_bytes());
    client.frame(0x88, b"\x03\xe8bye");
    client.hears(0x88, b"\x03\xe8bye");
}

#[test]
fn a_client_that_waits_for_no_more_hears_no_more() {
    let gateway = echo("", "");
    let mut client = Client::open(&gateway, "/in");
    client.frame(0x82, b"GET /in HTTP/1.1\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.len(), 0xc9, "as long as KAAZING Gateway's");
    assert_eq!(switched(&answer), format!("{ACCEPT}\nServer: Kaazing Gateway\nUpgrade: websocket\n\n"));
    client.echoes(0x81, b"hi");
}

#[test]
fn an_older_client_waits_for_the_end_of_each_answer_alone() {
    let gateway = echo("", "");
    let mut client = Client::open(&gateway, "/in?.kv=10.05");
    client.say("GET /in HTTP/1.1\r\n\r\n");
    switched(&client.answer());
    client.hears_terminator();
    client.echoes(0x81, b"hi");
}

#[test]
fn a_gateway_that_does_not_name_itself_does_not_inside_either() {
    let gateway =
        echo("<accept-options><http.server.header>disabled</http.server.header></accept-options>", "");
    let mut client = Client::open(&gateway, "/in");
    client.say("GET /in HTTP/1.1\r\n\r\n");
    assert_eq!(switched(&client.answer()), format!("{ACCEPT}\nUpgrade: websocket\n\n"));
}

#[test]
fn what_follows_the_request_at_once_is_data() {
    let gateway = echo("", "");
    let mut client = Client::open(&gateway, "/in");
    client.say("GET /in HTTP/1.1\r\n\r\n");
    client.say("early");
    switched(&client.answer());
    client.hears(0x81, b"early");
}

#[test]
fn a_request_may_come_in_frames_and_beside_pings() {
    let gateway = echo("", "");
    let mut client = Client::open(&gateway, "/in");
    client.frame(0x01, b"GET /in HT");
    client.frame(0x89, b"there?");
    client.hears(0x8a, b"there?");
    client.frame(0x00, b"TP/1.1\r\n");
    client.frame(0x80, b"\r\n");
    switched(&client.answer());
}

#[test]
fn a_socket_that_was_opened_inside_is_one_like_others() {
    let gateway = echo("", "");
    let mut client = Client::open(&gateway, "/in?.kl=Y&secret=7");
    client.hears_stay();
    client.say(&script(""));
    switched(&client.answer());
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x81, b"hi");
    client.frame(0x88, b"\x03\xe8");
    client.hears(0x88, b"\x03\xe8");
    let record = gateway.wait_for_record("of the socket", |record| record["outcome"] == "client_closed");
    assert_eq!(
        (&record["service"], &record["path"], &record["status"]),
        (&"one".into(), &"/in".into(), &101.into())
    );
    assert!(!gateway.log().contains("secret"), "{}", gateway.log());
}
