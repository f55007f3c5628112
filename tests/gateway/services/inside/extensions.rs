//! The extensions that are agreed inside, on sockets that end here and on such as are joined with a back end.

use std::{io::Write as _, time::Duration};

use super::{super::service, *};
use crate::{backend::Backend, world::timed};

const CONTROL: [u8; 4] = [1, 1, 1, 2];
const PING: [u8; 6] = [1, 1, 1, 2, 9, 0];
const PONG: [u8; 6] = [1, 1, 1, 2, 10, 0];

/// A socket of a client that has asked for both.
fn opened(gateway: &Gateway, agreed: &str) -> Client {
    let mut client = Client::open(gateway, "/in?.kl=Y");
    client.hears_stay();
    client.say(&script(""));
    let answer = client.answer();
    let said: Vec<&str> =
        answer.split("\r\n").filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: ")).collect();
    assert_eq!(said.join("|"), agreed);
    client.hears_terminator();
    client.hears_stay();
    client
}

/// Gateways whose sockets are an echo here, and behind a back end that is one.
fn both(more: &str) -> [(Gateway, Option<Backend>); 2] {
    let site = Backend::echo();
    let connect = format!("<connect>{}</connect>", site.url("ws"));
    // Elements have an order: connect stands before the type.
    let proxy = service("proxy", "ws", more).replace("<type>", &format!("{connect}<type>"));
    [(echo(more, ""), None), (Gateway::run(&config(&proxy)), Some(site))]
}

#[test]
fn a_script_pings_with_messages_and_is_answered_so() {
    for (gateway, _site) in both("") {
        let mut client = opened(&gateway, "x-kaazing-ping-pong; 01010102");
        client.frame(0x81, &PING);
        client.hears(0x81, &PONG);
        client.frame(0x81, &PONG);
        client.echoes(0x81, b"hi");
    }
}

#[test]
fn a_message_that_begins_as_a_ping_is_escaped_both_ways() {
    for (gateway, _site) in both("") {
        let mut client = opened(&gateway, "x-kaazing-ping-pong; 01010102");
        for message in [&[1, 1, 1, 2, b'x'][..], &CONTROL, &PING] {
            client.frame(0x81, &CONTROL);
            client.frame(0x82, message);
            client.hears(0x82, &CONTROL);
            client.hears(0x82, message);
        }
        client.echoes(0x82, &[1, 1, 1]);
    }
}

#[test]
fn what_is_neither_ping_nor_message_is_a_breach() {
    let gateway = echo("", "");
    let mut client = opened(&gateway, "x-kaazing-ping-pong; 01010102");
    client.frame(0x81, &[1, 1, 1, 2, 9, 9]);
    client.is_closed(1002);
}

#[test]
fn a_silent_script_is_asked_and_then_given_up_without_a_word() {
    let inactivity = "<accept-options><ws.inactivity.timeout>2 s</ws.inactivity.timeout></accept-options>";
    for (gateway, _site) in both(inactivity) {
        let agreed = "x-kaazing-idle-timeout; timeout=2000|x-kaazing-ping-pong; 01010102";
        let mut client = opened(&gateway, agreed);
        let (took, ()) = timed(|| client.hears(0x81, &PING));
        assert!(took > Duration::from_millis(500), "{took:?}");
        client.frame(0x81, &PONG);
        let (took, ()) = timed(|| {
            client.hears(0x81, &PING);
            assert_eq!(client.read(), None, "closed without a word");
        });
        assert!(took > Duration::from_millis(1500), "{took:?}");
    }
}

/// The gateway asks a silent client for a sign of life; one that gives it hears enough not to give up itself.
#[test]
fn a_client_that_counts_the_silence_hears_something_before_its_time_is_over() {
    let inactivity = "<accept-options><ws.inactivity.timeout>3 s</ws.inactivity.timeout></accept-options>";
    let gateway = echo(inactivity, "");
    let agreed = "x-kaazing-idle-timeout; timeout=3000|x-kaazing-ping-pong; 01010102";
    let mut client = opened(&gateway, agreed);
    client.stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    for _ in 0..4 {
        let (_, heard) = client.read().expect("something in time");
        if heard == PING {
            client.frame(0x81, &PONG);
        } else {
            assert_eq!(heard, PONG);
        }
    }
}

#[test]
fn a_client_that_sends_is_sent_a_pong_that_it_did_not_ask_for() {
    // It is never silent, so that it is never pinged; what it sends is answered by nothing.
    let site = Backend::new(|head, mut stream| {
        stream.write_all(head.agree("").as_bytes()).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let inactivity = "<accept-options><ws.inactivity.timeout>2 s</ws.inactivity.timeout></accept-options>";
    let connect = format!("<connect>{}</connect><type>", site.url("ws"));
    let gateway = Gateway::run(&config(&service("proxy", "ws", inactivity).replace("<type>", &connect)));
    let mut client = opened(&gateway, "x-kaazing-idle-timeout; timeout=2000|x-kaazing-ping-pong; 01010102");
    client.stream.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    let heard = (0..10).find_map(|_| {
        client.frame(0x81, b"busy");
        client.read()
    });
    assert_eq!(heard, Some((0x81, PONG.to_vec())));
}

#[test]
fn who_asks_for_one_gets_one() {
    let inactivity = "<accept-options><ws.inactivity.timeout>2 s</ws.inactivity.timeout></accept-options>";
    let gateway = echo(inactivity, "");
    let mut client = Client::open(&gateway, "/in");
    client.say("GET /in HTTP/1.1\r\nSec-WebSocket-Extensions: x-kaazing-idle-timeout\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.len(), 265, "as long as KAAZING Gateway's");
    assert!(answer.contains("\r\nSec-WebSocket-Extensions: x-kaazing-idle-timeout; timeout=2000\r\n"));
    assert!(!answer.contains("ping-pong"));
    // Pings are those of RFC 6455 then.
    client.hears(0x89, b"");
    client.echoes(0x81, &CONTROL);
}
