//! The record of an exchange: what it says, what a hostile peer cannot make it say, and what it never says.

use std::{collections::BTreeSet, fs};

use krb::msg::padata::{PA_ENC_TIMESTAMP, PaData};
use serde_json::Value;

use crate::{
    by_hand::{Connection, as_req, as_req_with, envelope},
    world::{Gateway, realm},
};

/// What the log's own format adds to each line.
const OF_THE_LOG: [&str; 4] = ["level", "message", "target", "timestamp"];

/// The fields of a record.
fn fields(record: &Value) -> BTreeSet<&str> {
    let names = record.as_object().unwrap().keys().map(String::as_str);
    names.filter(|name| !OF_THE_LOG.contains(name)).collect()
}

/// Asserts that a record has these fields beside those that all have.
#[track_caller]
fn assert_fields(record: &Value, further: &[&str]) {
    let mut expected =
        BTreeSet::from(["id", "peer", "via", "kind", "krb_realm", "outcome", "octets_in", "took_us"]);
    expected.extend(further);
    assert_eq!(fields(record), expected, "{record}");
    assert_eq!(record["message"].as_str().map(|message| message.contains('\n')), Some(false));
}

/// What every exchange with a reply shows.
const WITH_REPLY: [&str; 4] = ["service", "kdc", "transport", "octets_out"];

#[test]
fn every_exchange_of_a_client_is_one_record_with_all_that_is_in_clear() {
    realm().add_user("recorded", "first").unwrap();
    let gateway = Gateway::tls_before_realm(&[]);
    let client = realm().client_with(&gateway.conf()).unwrap();
    assert!(client.kinit("recorded", "first").unwrap().success());
    assert!(client.kvno(&["HTTP/gw.tgg.test"]).unwrap().success());
    assert!(client.kpasswd("recorded", "first", "second").unwrap().success());

    // The last two before the change of password get the ticket for it.
    let records = gateway.wait_for_records(6);
    let [needs_preauth, as_, tgs, _, _, kpasswd] = &records[..] else { panic!("{records:?}") };
    for record in &records {
        assert_eq!(record["krb_realm"], "TGG.TEST");
        assert_eq!(record["via"], "kkdcp");
        assert!(record["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{record}");
        assert!(record["octets_in"].as_u64().unwrap() > 100, "{record}");
        assert!(record["octets_out"].as_u64().unwrap() > 100, "{record}");
        assert!(record["took_us"].as_u64().unwrap() > 0, "{record}");
    }

    let asked = ["client", "etypes_asked", "armored"];
    assert_fields(needs_preauth, &[&WITH_REPLY[..], &asked, &["kdc_skew_s"]].concat());
    assert_eq!(needs_preauth["kind"], "as");
    assert_eq!(needs_preauth["client"], "recorded@TGG.TEST");
    assert_eq!(needs_preauth["service"], "krbtgt/TGG.TEST");
    assert_eq!(needs_preauth["outcome"], "KDC_ERR_PREAUTH_REQUIRED");
    assert!(needs_preauth["kdc_skew_s"].as_i64().unwrap().abs() < 30, "{needs_preauth}");
    assert!(needs_preauth["etypes_asked"].as_str().unwrap().starts_with("18,17,20,19"), "{needs_preauth}");
    assert_eq!(needs_preauth["kdc"], realm().kdc_addr().to_string());
    assert_eq!(needs_preauth["transport"], "udp");

    let given = ["ticket_etype", "reply_etype"];
    for (record, kind, service) in [(as_, "as", "krbtgt/TGG.TEST"), (tgs, "tgs", "HTTP/gw.tgg.test")] {
        assert_fields(record, &[&WITH_REPLY[..], &asked, &given].concat());
        assert_eq!(record["kind"], kind);
        // A TGS-REQ does not name its client: this is from the reply.
        assert_eq!(record["client"], "recorded@TGG.TEST");
        assert_eq!(record["service"], service);
        assert_eq!(record["ticket_etype"], "aes256-cts-hmac-sha384-192");
        assert_eq!(record["outcome"], "ticket");
    }
    assert_eq!(as_["armored"], false);

    assert_fields(kpasswd, &[&WITH_REPLY[..], &["armored"]].concat());
    assert_eq!(kpasswd["kind"], "kpasswd");
    assert_eq!(kpasswd["service"], "kadmin/changepw");
    assert_eq!(kpasswd["kdc"], realm().kpasswd_addr().to_string());
    assert_eq!(kpasswd["outcome"], "sealed");

    let ids: BTreeSet<_> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), records.len(), "no two exchanges share an id");
}

/// Names that try to end a line, to colour it, to turn it around, or to be no text at all.
const HOSTILE: [(&[u8], &str); 6] = [
    (b"eve\n{\"target\":\"ticketgate::exchange\",\"outcome\":\"ticket\"}", r"eve\n{"),
    (b"eve\r\n2026-01-01T00:00:00Z  INFO ticketgate::exchange: Exchange", r"eve\x0d\n2026"),
    (b"eve\x1b[2K\x1b[1A\x1b[31mroot", r"eve\x1b[2K\x1b[1A\x1b[31mroot"),
    (b"eve\xc2\x9b31mroot\x07\0", r"eve\xc2\x9b31mroot\x07\0"),
    (b"eve\xff\xfe\xc0\x80", r"eve\xff\xfe\xc0\x80"),
    ("eve\u{202e}toor\u{2028}".as_bytes(), r"eve\xe2\x80\xaetoor\xe2\x80\xa8"),
];

#[test]
fn a_hostile_name_cannot_end_a_line_nor_steer_a_terminal() {
    for gateway in [Gateway::before_realm(&[]), Gateway::text_before_realm(&[])] {
        let mut connection = Connection::open(gateway.web());
        for (name, written) in HOSTILE {
            let before = gateway.log().lines().count();
            assert_eq!(connection.post(&envelope(&as_req(name, "TGG.TEST"), "TGG.TEST")).status, 200);
            // JSON doubles each backslash.
            let doubled = written.replace('\\', r"\\");
            let log = gateway.wait_until_log("name", |log| log.contains(written) || log.contains(&doubled));
            let lines: Vec<_> = log.lines().skip(before).collect();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(!lines[0].contains(|c: char| c.is_control() || c == '\u{202e}' || c == '\u{2028}'));
        }
    }
}

#[test]
fn a_hostile_realm_cannot_end_a_line_either() {
    let gateway = Gateway::text_before_realm(&[]);
    let realm = "EVIL\n2026-01-01T00:00:00Z  INFO forged\u{1b}[31m";
    let response = Connection::open(gateway.web()).post(&envelope(&as_req(b"alice", realm), realm));
    assert_eq!(response.status, 403);
    let log = gateway.wait_for_log("realm_unknown");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[test]
fn a_hostile_name_cannot_add_a_field_to_a_line_for_people() {
    let gateway = Gateway::text_before_realm(&[]);
    let mut connection = Connection::open(gateway.web());
    for blank in [" ", "\u{a0}", "\u{3000}"] {
        let name = format!("eve{blank}outcome=ticket{blank}client=root");
        connection.post(&envelope(&as_req(name.as_bytes(), "TGG.TEST"), "TGG.TEST"));
    }
    let is_whole = |log: &str| log.lines().filter(|line| line.contains("Exchange")).count() == 3;
    let log = gateway.wait_until_log("third record", is_whole);
    for line in log.lines().filter(|line| line.contains("Exchange")) {
        let outcomes = line.split_whitespace().filter(|field| field.starts_with("outcome=")).count();
        assert_eq!(outcomes, 1, "{line}");
    }
}

/// Every form in which a log may show octets, eight of them in a row.
fn shown(octets: &[u8]) -> [String; 5] {
    let list = |write: fn(&u8) -> String, between| octets.iter().map(write).collect::<Vec<_>>().join(between);
    [
        list(|octet| format!("{octet:02x}"), ""),
        list(|octet| format!("{octet:02x}"), " "),
        list(|octet| octet.to_string(), ", "),
        base64(octets),
        octets.escape_ascii().to_string(),
    ]
}

/// The letters of base64 for the first six octets, which start a group of letters somewhere in any longer text.
fn base64(octets: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = octets[..6]
        .chunks(3)
        .map(|three| three.iter().fold(0_usize, |all, octet| all << 8 | usize::from(*octet)));
    groups.flat_map(|group| [18, 12, 6, 0].map(|shift| char::from(letters[group >> shift & 63]))).collect()
}

#[track_caller]
fn assert_hidden(log: &str, what: &str, secret: &[u8]) {
    let log = log.to_lowercase();
    for window in secret.windows(8) {
        // Padding and lengths are no secrets, and a row of zeros may be anything.
        if window.iter().collect::<BTreeSet<_>>().len() < 5 {
            continue;
        }
        for form in shown(window) {
            // Text, such as the names in a credential cache, which the record does show.
            if form.as_bytes() == window {
                continue;
            }
            assert!(!log.contains(&form.to_lowercase()), "{what} is in the log as {form}");
        }
    }
}

#[test]
fn no_password_key_or_ticket_is_in_the_log() {
    realm().add_user("secretive", "Correct-Horse-1").unwrap();
    let gateway = Gateway::tls_before_realm(&[]);
    let client = realm().client_with(&gateway.conf()).unwrap();
    assert!(client.kinit("secretive", "Correct-Horse-1").unwrap().success());
    assert!(client.kvno(&["HTTP/gw.tgg.test"]).unwrap().success());
    assert!(client.kpasswd("secretive", "Correct-Horse-1", "Battery-Staple-2").unwrap().success());
    gateway.wait_for_record("password change", |record| record["kind"] == "kpasswd");
    // What is refused before it is read is told at level debug, so the log is complete.
    assert!(!client.run("curl", &["-sSk", "--fail", &gateway.url()], "").unwrap().success());
    let log = gateway.wait_for_log("\"DEBUG\"");
    for password in ["Correct-Horse-1", "Battery-Staple-2"] {
        assert!(!log.contains(password), "{password}");
        assert_hidden(&log, "a password", password.as_bytes());
    }
    // Tickets and session keys, and the keys of services.
    assert_hidden(&log, "the credential cache", &fs::read(client.ccache()).unwrap());
    let keytab = realm().keytab("host/svc.tgg.test").unwrap();
    assert_hidden(&log, "the keytab", &fs::read(keytab).unwrap());
}

#[test]
fn no_value_of_padata_is_in_the_log() {
    let gateway = Gateway::before_realm(&[]);
    let value = b"padata-of-the-client-0123456789";
    let padata = vec![PaData { padata_type: PA_ENC_TIMESTAMP, padata_value: value[..].into() }];
    let request = as_req_with(Some(padata), b"alice", "TGG.TEST");
    let mut connection = Connection::open(gateway.web());
    connection.post(&envelope(&request, "TGG.TEST"));
    connection.post(&envelope(&request, "OTHER.TEST"));
    connection.post(&envelope(&request[..request.len() - 1], "TGG.TEST"));
    gateway.wait_for_records(3);
    let log = gateway.log();
    assert!(!log.contains("padata-of-the-client"), "{log}");
    assert_hidden(&log, "padata", value);
}
