//! What HTTP peers are told when they are refused, or when no KDC answers.

use std::{
    net::{TcpListener, UdpSocket},
    time::Duration,
};

use krb::{frame, peek};

use crate::{
    by_hand::{Connection, Response, alice, as_req, envelope, sealed},
    world::{Gateway, refusing, timed},
};

/// A gateway whose KDC refuses: what is tested here must not reach one.
fn gateway(flags: &[&str]) -> Gateway {
    let kdc = format!("TGG.TEST={}", refusing());
    let mut all = vec!["--kdc", &kdc];
    all.extend_from_slice(flags);
    Gateway::start(&all)
}

fn post(gateway: &Gateway, body: &[u8]) -> Response {
    Connection::open(gateway.web()).post(body)
}

/// Sends octets as they are; the response to them.
fn send(gateway: &Gateway, octets: &str) -> Response {
    let mut connection = Connection::open(gateway.web());
    connection.send(octets).unwrap();
    connection.response()
}

/// Bodies that are no KDC-PROXY-MESSAGE of a client, or hold no message to its end.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let (message, good) = (as_req(b"alice", "TGG.TEST"), alice());
    let at = good.windows(4).position(|octets| octets == frame::prefix(message.len())).unwrap();
    let with_prefix = |prefix: [u8; 4]| {
        let mut body = good.clone();
        body[at..at + 4].copy_from_slice(&prefix);
        body
    };
    let mut utf8_realm = good.clone();
    let realm = utf8_realm.len() - b"TGG.TEST".len() - 2;
    utf8_realm[realm] = 0x0c;
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&good[3..]);
    indefinite.extend_from_slice(&[0, 0]);
    let mut longer_field = good.clone();
    longer_field[1..3].copy_from_slice(&[0x82, 0xff]);
    let cut_message = message[..message.len() - 1].to_vec();
    vec![
        ("empty", Vec::new()),
        ("garbage", b"no Kerberos at all".to_vec()),
        ("one octet", vec![0x30]),
        ("an empty sequence", vec![0x30, 0]),
        ("a message of three octets", sealed(&[0, 0, 0], Some("TGG.TEST"), false)),
        ("no realm", sealed(&message, None, true)),
        ("a realm that is a UTF8String", utf8_realm),
        ("an indefinite length", indefinite),
        ("a length beyond the end", longer_field),
        ("a prefix that is one too long", with_prefix(frame::prefix(message.len() + 1))),
        ("a prefix with the high bit set", with_prefix(frame::prefix(message.len() | 0x8000_0000))),
        ("octets after the end", [&good[..], &[0]].concat()),
        ("a message that is cut short", sealed(&cut_message, Some("TGG.TEST"), true)),
        ("octets after the message", sealed(&[&message[..], &[0]].concat(), Some("TGG.TEST"), true)),
    ]
}

#[test]
fn a_body_that_cannot_be_read_is_answered_400() {
    let gateway = gateway(&[]);
    let mut connection = Connection::open(gateway.web());
    for (place, (what, body)) in malformed().into_iter().enumerate() {
        assert_eq!(connection.post(&body).status, 400, "{what}");
        let records = gateway.wait_for_records(place + 1);
        assert_eq!(records.len(), place + 1, "{what}: one line each");
        assert!(records[place]["octets_in"].as_u64().is_some(), "{what}");
        assert_eq!(records[place]["blame"], "peer", "{what}");
    }
}

/// Numbers without end that are the same in every run (Knuth's MMIX generator).
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x7467_675f_7465_7374_u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

#[test]
fn a_thousand_malformed_bodies_are_a_thousand_answers_400_and_lines_of_log() {
    let gateway = gateway(&[]);
    let mut connection = Connection::open(gateway.web());
    let (good, mut number) = (alice(), numbers());
    for round in 0..1000 {
        let body: Vec<u8> = match round % 3 {
            0 => (0..1 + number(300)).map(|_| u8::try_from(number(256)).unwrap()).collect(),
            1 => good[..1 + number(good.len() - 1)].to_vec(),
            _ => {
                // One octet more somewhere makes every length around it wrong.
                let (head, tail) = good.split_at(number(good.len()));
                [head, &[u8::try_from(number(256)).unwrap()], tail].concat()
            }
        };
        assert_eq!(connection.post(&body).status, 400, "{body:02x?}");
    }
    let records = gateway.wait_for_records(1000);
    assert_eq!(records.len(), 1000);
    assert!(records.iter().all(|record| record["outcome"] == "wrapping" || record["outcome"] == "malformed"));
    // Nothing else was said about them, in no more than one line each.
    let others = gateway.log().lines().filter(|line| !line.contains("ticketgate::exchange")).count();
    assert!(others < 10, "{others} further lines");
    assert_eq!(gateway.log().lines().map(str::len).max().unwrap() / 1000, 0, "and none is long");
}

#[test]
fn a_flipped_bit_is_answered_wherever_it_is() {
    let gateway = gateway(&["--peer-rate", "0", "--principal-rate", "0"]);
    let mut connection = Connection::open(gateway.web());
    let good = alice();
    for at in 0..good.len() * 8 {
        let mut body = good.clone();
        body[at / 8] ^= 1 << (at % 8);
        let status = connection.post(&body).status;
        assert!(matches!(status, 400 | 403 | 503), "bit {at}: {status}");
    }
    assert_eq!(gateway.wait_for_records(good.len() * 8).len(), good.len() * 8);
}

#[test]
fn what_is_not_for_this_gateway_is_answered_403() {
    let gateway = gateway(&[]);
    let request = as_req(b"alice", "TGG.TEST");
    // A captured AP-REQ, alone and under the tag of an AS-REQ.
    let ap_req = ap_req();
    assert_eq!(peek::application_tag(&ap_req), Some(peek::AP_REQ));
    for (what, outcome, body) in [
        ("another realm", "realm_unknown", envelope(&as_req(b"alice", "OTHER.TEST"), "OTHER.TEST")),
        (
            "a realm named as a section of kdcproxy",
            "realm_unknown",
            envelope(&as_req(b"a", "global"), "global"),
        ),
        ("another realm on the envelope", "realm_differs", envelope(&request, "OTHER.TEST")),
        (
            "a served realm on the envelope only",
            "realm_differs",
            envelope(&as_req(b"a", "OTHER.TEST"), "TGG.TEST"),
        ),
        ("nothing at all", "kind", envelope(&[], "TGG.TEST")),
        ("an AP-REQ", "kind", envelope(&ap_req, "TGG.TEST")),
        ("a reply", "kind", envelope(&capture("wire/003-spake-rep-app11.bin"), "TGG.TEST")),
        ("an error", "kind", envelope(&capture("wire/001-spake-rep-app30.bin"), "TGG.TEST")),
    ] {
        assert_eq!(post(&gateway, &body).status, 403, "{what}");
        gateway.wait_for_record(what, |record| record["outcome"] == outcome && record["blame"] == "peer");
    }
    let mut smuggled = ap_req;
    smuggled[0] = peek::AS_REQ;
    assert_eq!(post(&gateway, &envelope(&smuggled, "TGG.TEST")).status, 400, "an AP-REQ under another tag");
}

/// A message captured from MIT krb5; origin in the README beside it.
fn capture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mit-1.20.1/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

fn ap_req() -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mit-1.20.1/decrypted");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let is_ap_req = |file: &std::path::PathBuf| file.to_str().unwrap().ends_with("-ApReq.bin");
    std::fs::read(files.into_iter().find(is_ap_req).expect("a captured AP-REQ")).unwrap()
}

#[test]
fn other_paths_and_methods_are_answered_404_and_405() {
    let gateway = gateway(&[]);
    assert_eq!(send(&gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
    assert_eq!(send(&gateway, "POST /other HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status, 404);
    for method in ["GET", "PUT", "DELETE", "PROPFIND"] {
        let response = send(&gateway, &format!("{method} /KdcProxy HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), Some("POST, OPTIONS"));
    }
}

#[test]
fn a_request_without_a_length_is_answered_411_and_one_that_is_too_long_413() {
    let gateway = gateway(&[]);
    assert_eq!(send(&gateway, "POST /KdcProxy HTTP/1.1\r\nHost: a\r\n\r\n").status, 411);
    let announced = "POST /KdcProxy HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n";
    assert_eq!(send(&gateway, announced).status, 413, "before a single octet of it");

    let mut connection = Connection::open(gateway.web());
    connection.send("POST /KdcProxy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"8000\r\n", &[0x30; 0x8000][..], b"\r\n"].concat();
    // It is answered as soon as it is too long, and may be closed by then.
    while connection.send(&chunk).is_ok() && !connection.has_answer() {}
    assert_eq!(connection.response().status, 413);
}

#[test]
fn a_body_that_does_not_come_is_answered_408() {
    let gateway = gateway(&["--message-timeout", "1"]);
    let response = send(&gateway, "POST /KdcProxy HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0");
    assert_eq!(response.status, 408);
}

#[test]
fn a_peer_over_its_rate_is_answered_429_and_told_when_to_come_back() {
    let gateway = gateway(&["--peer-rate", "1"]);
    let mut connection = Connection::open(gateway.web());
    let responses: Vec<_> = (0..20).map(|_| connection.post(&alice())).collect();
    let refused: Vec<_> = responses.iter().filter(|response| response.status == 429).collect();
    assert!(refused.len() >= 10, "{responses:?}");
    assert!(refused.iter().all(|response| response.header("retry-after") == Some("1")));
}

#[test]
fn a_principal_over_its_rate_is_refused_in_words_and_others_are_served() {
    let gateway = Gateway::before_realm(&["--principal-rate", "1"]);
    let mut connection = Connection::open(gateway.web());
    let codes: Vec<_> = (0..30).map(|_| connection.post(&alice()).krb_error()).collect();
    assert!(codes.contains(&krb::error_code::KDC_ERR_POLICY), "{codes:?}");
    let bob = envelope(&as_req(b"bob", "TGG.TEST"), "TGG.TEST");
    assert_eq!(connection.post(&bob).krb_error(), krb::error_code::KDC_ERR_PREAUTH_REQUIRED);
}

#[test]
fn a_realm_whose_kdc_refuses_is_answered_503_at_once_and_costs_nothing() {
    let gateway = gateway(&["--principal-rate", "0"]);
    let mut connection = Connection::open(gateway.web());
    let (took, response) = timed(|| connection.post(&alice()));
    assert_eq!(response.status, 503);
    assert!(response.body.is_empty(), "MIT krb5 asks its next proxy at once if there is nothing to decode");
    assert!(took < Duration::from_millis(900), "a refusal is not waited for: {took:?}");

    gateway.wait_for_log("KDC is down");
    let before = gateway.cpu_seconds();
    let mut waits: Vec<_> = (0..100)
        .map(|_| {
            let (took, response) = timed(|| connection.post(&alice()));
            assert_eq!(response.status, 503);
            took
        })
        .collect();
    waits.sort();
    // The middle one, because the machine may be busy with other tests.
    assert!(waits[50] < Duration::from_millis(100), "{waits:?}");
    let spent = gateway.cpu_seconds() - before;
    assert!(spent < 0.5, "{spent} s of processor time for 100 requests");
}

#[test]
fn a_realm_whose_kdc_is_silent_is_answered_504() {
    // Bound and never read: datagrams and connections arrive, and nothing answers.
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let _udp = UdpSocket::bind(address).unwrap();
    let gateway = Gateway::start(&["--kdc", &format!("TGG.TEST={address}"), "--deadline", "1"]);
    let (took, response) = timed(|| post(&gateway, &alice()));
    assert_eq!(response.status, 504);
    assert!(took < Duration::from_secs(5), "{took:?}");
    gateway
        .wait_for_record("refusal", |record| record["outcome"] == "kdc_silent" && record["blame"] == "kdc");
}

#[test]
fn a_head_without_measure_ends_its_connection_and_nothing_else() {
    let gateway = gateway(&["--message-timeout", "1"]);
    let many = "X-A: b\r\n".repeat(1000);
    let long = format!("X-A: {}\r\n", "b".repeat(1 << 20));
    let heads = [
        format!("POST /KdcProxy HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
        format!("POST /KdcProxy HTTP/1.1\r\nHost: a\r\n{long}\r\n"),
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(1 << 20)),
        "POST /KdcProxy HTTP/1.1\r\nHost: a\r\nX-Unfinished: ".to_owned(),
        "\0\0\0\0garbage\r\n\r\n".to_owned(),
    ];
    for head in &heads {
        let mut connection = Connection::open(gateway.web());
        // It may close before all of it is sent.
        let _ = connection.send(head);
        let said = String::from_utf8_lossy(&connection.rest()).into_owned();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
        assert_eq!(post(&gateway, b"garbage").status, 400, "the gateway goes on");
    }
}
