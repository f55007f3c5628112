//! Clients that play the handshake as they should not, or not at all.

use std::time::Duration;

use super::*;
use crate::world::timed;

const BAD: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

#[test]
fn what_is_no_request_that_may_stand_here_is_answered_with_400() {
    let gateway = echo("", "");
    for request in [
        "hello",
        "",
        "GET /other HTTP/1.1\r\n\r\n",
        "POST /in HTTP/1.1\r\n\r\n",
        "GET /in HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n",
        "GET /in HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /in HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\n\r\n",
        "GET /in HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
    ] {
        let mut client = Client::open(&gateway, "/in?.kl=Y");
        client.hears_stay();
        client.say(request);
        assert_eq!(client.answer(), BAD, "{request:?}");
        client.hears_terminator();
        client.is_closed(1008);
    }
}

#[test]
fn frames_that_break_the_protocol_or_are_too_long_end_it() {
    let gateway = echo("", "");
    for (first, payload, code) in
        [(0xc1, &b"x"[..], 1002), (0x80, b"x", 1002), (0x83, b"x", 1002), (0x81, &[b'x'; 40_000], 1009)]
    {
        let mut client = Client::open(&gateway, "/in");
        client.frame(first, payload);
        client.is_closed(code);
    }
}

#[test]
fn a_client_that_closes_is_let_go() {
    let gateway = echo("", "");
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    client.frame(0x88, b"");
    assert_eq!(client.read(), None);
}

#[test]
fn who_never_asks_is_not_waited_for() {
    let gateway = echo("<accept-options><http.header.timeout>1 s</http.header.timeout></accept-options>", "");
    let mut client = Client::open(&gateway, "/in?.kl=Y");
    client.hears_stay();
    let (took, ()) = timed(|| client.is_closed(1000));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// A realm that lets nobody in, since its file has no users.
fn strict(options: &str) -> (Gateway, super::super::Folder) {
    let folder = super::super::Folder::new().with("jaas-config.xml", super::super::users::users(""));
    let realm = format!(
        "<realm><name>demo</name><description>demo</description><authentication>\
         <http-challenge-scheme>Application Basic</http-challenge-scheme>\
         <login-modules><login-module><type>file</type><success>required</success><options>\
         <file>{}</file></options></login-module></login-modules></authentication></realm>",
        folder.path("jaas-config.xml").display()
    );
    let inside = format!("<accept-options>{options}</accept-options><realm-name>demo</realm-name>");
    (echo(&inside, &realm), folder)
}

#[test]
fn who_never_logs_in_is_waited_for_as_long_as_is_configured_however_often_it_asks() {
    let (gateway, _folder) = strict("<ws.handshake.timeout>2 s</ws.handshake.timeout>");
    let mut client = Client::open(&gateway, "/in");
    client.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let (took, code) = timed(|| {
        loop {
            client.say(&script(""));
            while let Some((first, payload)) = client.read() {
                if first == 0x88 {
                    return payload;
                }
            }
        }
    });
    assert_eq!(code[..2], 1000_u16.to_be_bytes());
    assert!(took > Duration::from_millis(1500) && took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn who_neither_asks_nor_answers_pings_is_given_up() {
    let (gateway, _folder) = strict("<ws.inactivity.timeout>1 s</ws.inactivity.timeout>");
    let mut client = Client::open(&gateway, "/in");
    client.say(&script(""));
    client.answer();
    client.hears(0x89, b"");
    client.frame(0x8a, b"");
    client.hears(0x89, b"");
    assert_eq!(client.read(), None);
}

#[test]
fn guesses_inside_are_counted_as_those_outside() {
    let (gateway, _folder) = strict("");
    let mut client = Client::open(&gateway, "/in");
    let answers = (0..40).map(|count| {
        client.say(&script(&super::super::users::basic("joe", &format!("guess{count}"))));
        client.answer()
    });
    let refused = answers.take(40).find(|answer| !answer.contains(" 401 ")).expect("an end of guesses");
    assert!(refused.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{refused}");
    assert!(refused.contains("\r\nRetry-After: "), "{refused}");
    client.is_closed(1008);
}

#[test]
fn a_page_that_is_not_invited_does_not_come_to_the_handshake() {
    let gateway = echo("", "");
    let (_, answer) = Client::upgrade(&gateway, "/in", "Origin: https://evil.example\r\n");
    assert_eq!(status(&answer), 403);
}

#[test]
fn a_gateway_that_goes_down_tells_those_who_log_in() {
    let (mut gateway, _folder) = strict("");
    let mut client = Client::open(&gateway, "/in");
    client.say(&script(""));
    client.answer();
    gateway.signal("TERM");
    client.is_closed(1001);
    assert_eq!(gateway.exit(), Some(0));
}
