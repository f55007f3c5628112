//! The handshake in front of each kind of service that has sockets.

use super::{super::service, *};
use crate::{
    backend::{Backend, serve},
    initiator::{as_req, error_code, framed},
    world::realm,
};

/// A service of this kind at `/in` that goes to `connect`.
fn to(kind: &str, connect: &str, more: &str) -> Gateway {
    let connect = format!("<connect>{connect}</connect><type>");
    Gateway::run(&config(&service(kind, "ws", more).replace("<type>", &connect)))
}

#[test]
fn a_back_end_is_asked_for_what_was_asked_inside() {
    let site = Backend::new(|head, mut stream| {
        use std::io::Write as _;
        let offered = head.value("sec-websocket-protocol").to_owned();
        let chosen = offered.split(", ").last().unwrap_or_default();
        stream.write_all(head.agree(&format!("Sec-WebSocket-Protocol: {chosen}\r\n")).as_bytes()).unwrap();
        crate::backend::echo(stream, head.ahead);
    });
    let gateway = to("proxy", &site.url("ws"), "");
    let mut client = Client::open(&gateway, "/in?.kl=Y&a=b");
    client.hears_stay();
    client.say("GET /in HTTP/1.1\r\nSec-WebSocket-Protocol: bar,baz\r\nCookie: evil=1\r\n\r\n");
    assert!(client.answer().contains("\r\nSec-WebSocket-Protocol: baz\r\n"));
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x81, b"hi");
    let head = site.head();
    assert_eq!(head.value("sec-websocket-protocol"), "bar, baz");
    assert!(head.values("sec-websocket-extensions").is_empty() && head.values("cookie").is_empty());
    assert!(head.line().contains("?.kl=Y&a=b"), "{}", head.line());
}

#[test]
fn a_back_end_that_is_not_there_is_said_inside() {
    let gateway = to("proxy", &format!("ws://{}", crate::world::refusing()), "");
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&script(""));
    assert!(client.answer().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    client.hears_terminator();
    client.is_closed(1008);
}

#[test]
fn a_back_end_may_challenge_inside_too() {
    let site = Backend::new(|head, mut stream| {
        use std::io::Write as _;
        if head.values("authorization") == ["Basic own"] {
            stream.write_all(head.agree("").as_bytes()).unwrap();
            crate::backend::echo(stream, head.ahead);
        } else {
            let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"its own\"\r\n\
                           Content-Length: 2\r\nConnection: close\r\n\r\nno";
            stream.write_all(refusal.as_bytes()).unwrap();
        }
    });
    let gateway = to("proxy", &site.url("ws"), "");
    let mut client = Client::open(&gateway, "/in");
    client.say(&script(""));
    let answer = client.answer();
    assert!(
        answer.contains("\r\nWWW-Authenticate: Basic realm=\"its own\"\r\n")
            && answer.ends_with("\r\n\r\nno")
    );
    client.say(&script("Authorization: Basic own\r\n"));
    switched(&client.answer());
    client.echoes(0x81, b"hi");
}

#[test]
fn a_back_end_elsewhere_is_said_as_each_client_understands_it() {
    let site = Backend::answering(
        "HTTP/1.1 302 Found\r\nLocation: http://other.example:9/in\r\nContent-Length: 0\r\n\r\n",
    );
    let gateway = to("proxy", &site.url("ws"), "");
    let mut client = Client::open(&gateway, "/in");
    client.say(&script(""));
    let answer = client.answer();
    assert!(answer.starts_with("HTTP/1.1 302 Found\r\n"), "{answer}");
    assert!(answer.contains("\r\nLocation: http://other.example:9/in\r\n"), "{answer}");
    client.is_closed(1008);

    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&script(""));
    switched(&client.answer());
    client.hears_terminator();
    client.hears(0x82, b"\xef\x83\xbfRws://other.example:9/in?.kl=Y");
    client.is_closed(1008);
}

#[test]
fn octets_go_to_a_back_end_of_octets() {
    let addr = serve(|mut stream| {
        let mut reading = stream.try_clone().unwrap();
        let _ = std::io::copy(&mut reading, &mut stream);
    });
    let gateway = to("proxy", &format!("tcp://{addr}"), "");
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&script(""));
    switched(&client.answer());
    client.hears_terminator();
    client.hears_stay();
    client.echoes(0x82, b"hi");
    // A stream has no messages, but its octets may look like a ping.
    client.frame(0x82, &[1, 1, 1, 2]);
    client.frame(0x82, &[1, 1, 1, 2, 9, 0]);
    client.hears(0x82, &[1, 1, 1, 2]);
    client.hears(0x82, &[1, 1, 1, 2, 9, 0]);
}

#[test]
fn kerberos_is_relayed_to_clients_that_play_it() {
    let properties = format!(
        "<properties><krb-realm><name>{}</name><kdc>{}</kdc></krb-realm></properties>",
        realm().name(),
        realm().kdc_addr()
    );
    let gateway = Gateway::run(&config(&service("kerberos5.proxy", "ws", &properties)));
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&script(""));
    switched(&client.answer());
    client.hears_terminator();
    client.hears_stay();
    client.frame(0x82, &framed(&as_req("alice")));
    let (first, answer) = client.read().unwrap();
    assert_eq!((first, error_code(&answer[4..])), (0x82, 25));
}

#[test]
fn a_server_that_stands_behind_another_name_plays_it_itself() {
    let site = Backend::new(|head, mut stream| {
        use std::io::Write as _;
        let lines = "Sec-WebSocket-Protocol: x-kaazing-handshake\r\n";
        stream.write_all(head.agree(lines).as_bytes()).unwrap();
        crate::backend::echo(stream, head.ahead);
    });
    let gateway = {
        let connect = format!("<connect>{}/</connect><type>", site.url("http"));
        let service = service("http.proxy", "http", "").replace("<type>", &connect).replace("/in<", "/in/<");
        Gateway::run(&config(&service))
    };
    let (mut client, answer) = Client::upgrade(&gateway, "/in/", "");
    assert_eq!(status(&answer), 101, "{}", answer.text);
    client.echoes(0x81, b"GET /in/ HTTP/1.1\r\n\r\n");
}
