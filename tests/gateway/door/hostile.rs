//! Strangers, and principals with hostile names: nothing of theirs reaches a back end that is not theirs to send.

use std::io::{Read as _, Write as _};

use client::negotiate::{Negotiate, NegotiateOptions};

use super::{ask_once, door, site, status};
use crate::{
    backend::Head,
    ticket::{authorization, dice, field, now, ticket_of, token},
    world::{Gateway, realm},
    ws_client::plain,
};

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's constants for a linear congruential generator (MMIX).
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    /// The same octets with some that are changed, missing, or twice there.
    fn damage(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut octets = octets.to_vec();
        for _ in 0..=self.below(3) {
            let place = self.below(octets.len());
            match self.below(4) {
                0 => octets.truncate(place.max(1)),
                1 => octets[place] ^= 1 << self.below(8),
                2 => octets[place] = [0, 0x7f, 0x80, 0xff][self.below(4)],
                _ => octets.extend_from_within(place..),
            }
        }
        octets
    }
}

/// The status of whatever comes back, if anything does.
fn fate(gateway: &Gateway, request: &[u8]) -> Option<u16> {
    let mut stream = plain(gateway.web());
    stream.write_all(request).unwrap();
    // Of a head that has no end none comes before this.
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).map(|status| status.parse().unwrap())
}

#[test]
fn a_thousand_damaged_tokens_are_refused_and_the_next_good_one_is_not() {
    let site = site();
    let gateway = door(&site, &[]);
    let good = token(&NegotiateOptions::default());
    // Presented already, so that damage where nothing is protected does not make it good again.
    assert_eq!(status(&ask_once(&gateway, &field(good.token()))), 200);
    site.head();
    let mut numbers = Numbers(1);
    for _ in 0..1000 {
        let damaged = numbers.damage(good.token());
        assert_eq!(status(&ask_once(&gateway, &field(&damaged))), 401, "{damaged:02x?}");
    }
    assert!(!site.was_asked());
    assert_eq!(status(&ask_once(&gateway, &authorization())), 200);
}

#[test]
fn a_thousand_damaged_heads_reach_no_back_end() {
    let site = site();
    let gateway = door(&site, &[]);
    let head = b"POST /page?q HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
        Transfer-Encoding: chunked\r\nContent-Length: 5\r\nX-Remote-User: root@TGG.TEST\r\n\
        Cookie: __Host-ticketgate=AAAA\r\nAuthorization: Negotiate YIIB\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let mut numbers = Numbers(2);
    for _ in 0..1000 {
        let damaged = numbers.damage(head);
        let status = fate(&gateway, &damaged);
        let refused = status.is_none_or(|status| (400..=505).contains(&status));
        assert!(refused, "{status:?} for {}", damaged.escape_ascii());
    }
    assert!(!site.was_asked());
    assert_eq!(status(&ask_once(&gateway, &authorization())), 200);
}

#[test]
fn requests_in_one_write_are_each_judged_alone() {
    let site = site();
    let gateway = door(&site, &[]);
    let mut stream = plain(gateway.web());
    let first = format!("GET /first HTTP/1.1\r\nHost: localhost\r\n{}\r\n", authorization());
    let second = "GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut third =
        format!("GET http://elsewhere/third HTTP/1.1\r\nHost: localhost\r\n{}\r\n", authorization());
    third.insert_str(third.len() - 2, "Connection: close\r\n");
    stream.write_all([&first, second, &third].concat().as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "401", "200"], "{answers}");
    assert_eq!(site.head().line(), "GET /first HTTP/1.1");
    assert_eq!(
        site.head().line(),
        "GET /third HTTP/1.1",
        "at the back end of the gateway, whatever it names"
    );
}

#[test]
fn a_flood_of_bad_tokens_costs_a_peer_its_rate() {
    let gateway = door(&site(), &["--peer-rate", "5"]);
    let statuses: Vec<_> =
        (0..100).map(|_| status(&ask_once(&gateway, "Authorization: Negotiate AAAA\r\n"))).collect();
    let judged = statuses.iter().filter(|status| **status == 401).count();
    assert!((10..50).contains(&judged), "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)), "{statuses:?}");
}

#[test]
fn strangers_with_the_longest_tokens_leave_no_memory_behind() {
    let gateway = door(&site(), &[]);
    let longest = field(&[0x60; 60 * 1024]);
    let round = || (0..100).for_each(|_| assert_eq!(status(&ask_once(&gateway, &longest)), 401));
    round();
    let before = gateway.resident();
    (0..5).for_each(|_| round());
    let grown = gateway.resident().saturating_sub(before);
    assert!(grown < 4 * 1024 * 1024, "{grown} octets more");
}

#[test]
fn who_posts_without_a_ticket_is_challenged_though_the_body_is_long() {
    let site = site();
    let gateway = door(&site, &[]);
    let mut stream = plain(gateway.web());
    let length = 4 * 1024 * 1024;
    let head = format!("POST /page HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // As browsers do: they read the answer when the body is out.
    stream.write_all(&vec![b'x'; length]).unwrap();
    assert_eq!(status(&Head::read(&mut stream).expect("an answer")), 401);
    assert!(!site.was_asked());
}

/// A token of a principal that is called so, by whoever may choose names in the realm.
fn token_of(name: &str) -> Negotiate {
    let written = name.replace('@', r"\@");
    realm().add_user(&format!("\"{written}\""), "secret").unwrap();
    let ticket = ticket_of(name, "secret", ["HTTP", "gw.tgg.test"]);
    Negotiate::new(&ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap()
}

#[test]
fn no_principal_arrives_as_another_one() {
    let site = site();
    let gateway = door(&site, &[]);
    for (name, arrives) in [
        (" alice", "%20alice@TGG.TEST"),
        ("alice ", "alice%20@TGG.TEST"),
        ("x, alice", "x%2C%20alice@TGG.TEST"),
        ("alice@TGG.TEST", r"alice\@TGG.TEST@TGG.TEST"),
        ("jürgen", "j%C3%BCrgen@TGG.TEST"),
        ("alice:x", "alice%3Ax@TGG.TEST"),
    ] {
        let token = token_of(name);
        assert_eq!(status(&ask_once(&gateway, &field(token.token()))), 200, "{name:?}");
        assert_eq!(site.head().value("x-remote-user"), arrives, "{name:?}");
    }
}

#[test]
fn a_name_with_blanks_makes_no_field_of_its_own_in_a_log_for_people() {
    let site = site();
    let gateway = Gateway::tpg_text(&["--connect", &site.url("http")]);
    let token = field(token_of("x outcome=granted").token());
    assert_eq!(status(&ask_once(&gateway, &token)), 200);
    assert_eq!(status(&ask_once(&gateway, &token)), 401);
    let log = gateway.wait_for_log("Refused");
    let line = log.lines().find(|line| line.contains("Refused")).unwrap();
    assert!(line.contains(r"client=x\x20outcome=granted@TGG.TEST"), "{line}");
}
