//! Stock tools of MIT krb5 over MS-KKDCP, with TLS and an authority of their own (`http_anchors`).
//!
//! Their configuration names the gateway alone, so whatever they get came through it.

use std::time::Duration;

use testkdc::{Client, Output, Realm};

use crate::world::{Gateway, realm, refusing, timed};

/// A client of the shared realm that can reach nothing but this gateway.
fn outside(gateway: &Gateway) -> Client {
    realm().client_with(&gateway.conf()).unwrap()
}

#[track_caller]
fn assert_succeeds(output: &Output) {
    assert!(output.success(), "{output:?}");
}

#[track_caller]
fn assert_fails(output: &Output, says: &str) {
    assert!(!output.success(), "{output:?}");
    assert!(output.stderr.contains(says) || output.stdout.contains(says), "{says:?} is not in {output:?}");
}

#[test]
fn kinit_and_kvno_get_tickets_that_klist_shows() {
    let gateway = Gateway::tls_before_realm(&[]);
    let client = outside(&gateway);
    assert_succeeds(&client.kinit("alice", "alicepw").unwrap());
    assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test", "host/svc.tgg.test"]).unwrap());
    let list = client.klist(&[]).unwrap();
    for name in ["alice@", "krbtgt/TGG.TEST@", "HTTP/gw.tgg.test@", "host/svc.tgg.test@"] {
        assert!(list.stdout.contains(name), "{list:?}");
    }
    // The request for pre-authentication, the ticket-granting ticket, two service tickets.
    let records = gateway.wait_for_records(4);
    let kinds: Vec<_> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["as", "as", "tgs", "tgs"]);
}

#[test]
fn kpasswd_changes_the_password() {
    realm().add_user("kpasswd-kkdcp", "first").unwrap();
    let gateway = Gateway::tls_before_realm(&[]);
    let client = outside(&gateway);
    assert_succeeds(&client.kpasswd("kpasswd-kkdcp", "first", "second").unwrap());
    assert_fails(&client.kinit("kpasswd-kkdcp", "first").unwrap(), "Password incorrect");
    assert_succeeds(&client.kinit("kpasswd-kkdcp", "second").unwrap());
    gateway.wait_for_record("password change", |record| record["kind"] == "kpasswd");
}

#[test]
fn a_wrong_password_is_told_as_such_and_counted_once() {
    realm().add_user("mistyped", "right").unwrap();
    let gateway = Gateway::tls_before_realm(&[]);
    assert_fails(&outside(&gateway).kinit("mistyped", "wrong").unwrap(), "Password incorrect");
    let principal = realm().kadmin("getprinc mistyped").unwrap();
    assert!(principal.contains("Failed password attempts: 1\n"), "{principal}");
    gateway.wait_for_record("refusal", |record| record["outcome"] == "KDC_ERR_PREAUTH_FAILED");
}

#[test]
fn an_unknown_user_and_an_expired_account_are_told_as_such() {
    let gateway = Gateway::tls_before_realm(&[]);
    let client = outside(&gateway);
    assert_fails(&client.kinit("nobody", "pw").unwrap(), "not found in Kerberos database");
    assert_fails(&client.kinit("expired", "expiredpw").unwrap(), "entry in database has expired");
    gateway.wait_for_record("unknown user", |record| record["outcome"] == "KDC_ERR_C_PRINCIPAL_UNKNOWN");
    gateway.wait_for_record("expired user", |record| record["outcome"] == "KDC_ERR_NAME_EXP");
}

#[test]
fn an_expired_password_is_changed_in_the_middle_of_kinit() {
    realm().add_user("overdue", "old").unwrap();
    realm().kadmin("modify_principal -pwexpire \"2020-01-01 00:00:00\" overdue").unwrap();
    let gateway = Gateway::tls_before_realm(&[]);
    let client = outside(&gateway);
    let kinit = client.run("kinit", &["overdue"], "old\nnew\nnew\n").unwrap();
    assert_succeeds(&kinit);
    assert!(kinit.stdout.contains("Password expired"), "{kinit:?}");
    assert!(client.klist(&[]).unwrap().stdout.contains("krbtgt/TGG.TEST@TGG.TEST"));
    gateway.wait_for_record("refusal", |record| record["outcome"] == "KDC_ERR_KEY_EXPIRED");
}

#[test]
fn a_name_beyond_ascii_is_relayed_and_recorded_as_it_is_written() {
    let gateway = Gateway::tls_before_realm(&[]);
    assert_succeeds(&outside(&gateway).kinit("müller", "müllerpw").unwrap());
    gateway.wait_for_record("ticket", |record| {
        record["outcome"] == "ticket" && record["client"] == "müller@TGG.TEST"
    });
}

#[test]
fn tickets_beyond_a_datagram_are_fetched_over_tcp() {
    let gateway = Gateway::tls_before_realm(&[]);
    let client = outside(&gateway);
    assert_succeeds(&client.kinit(&realm().large_user(), "largepw").unwrap());
    assert_succeeds(&client.kvno(&[&realm().large_service()]).unwrap());
    for kind in ["as", "tgs"] {
        let record = gateway.wait_for_record("large ticket", |record| {
            record["kind"] == kind && record["outcome"] == "ticket"
        });
        assert_eq!(record["transport"], "tcp", "{record}");
        assert!(record["octets_out"].as_u64().unwrap() > 4096, "{record}");
    }
}

#[test]
fn fast_armor_passes_and_is_recorded() {
    let gateway = Gateway::tls_before_realm(&[]);
    let client = outside(&gateway);
    assert_succeeds(&client.kinit("bob", "bobpw").unwrap());
    let (bobs, alices) = (client.ccache(), client.dir().join("alices"));
    let (bobs, alices) = (bobs.to_str().unwrap(), alices.to_str().unwrap());
    assert_succeeds(&client.kinit_with(&["-T", bobs, "-c", alices], "alice", "alicepw").unwrap());
    let ticket_of = |client: &'static str| {
        gateway.wait_for_record("ticket", move |record| {
            record["kind"] == "as"
                && record["outcome"] == "ticket"
                && record["client"] == format!("{client}@TGG.TEST")
        })
    };
    assert_eq!(ticket_of("bob")["armored"], false);
    assert_eq!(ticket_of("alice")["armored"], true);
}

#[test]
fn a_ticket_is_renewed() {
    let gateway = Gateway::tls_before_realm(&[]);
    let client = outside(&gateway);
    assert_succeeds(&client.kinit_with(&["-r", "1d"], "alice", "alicepw").unwrap());
    assert_succeeds(&client.run("kinit", &["-R"], "").unwrap());
    gateway.wait_for_record("renewed ticket", |record| {
        record["kind"] == "tgs" && record["service"] == "krbtgt/TGG.TEST" && record["outcome"] == "ticket"
    });
}

#[test]
fn the_next_proxy_is_asked_at_once_when_the_first_has_no_kdc() {
    let dead = format!("TGG.TEST={}", refusing());
    let (first, second) = (Gateway::tls(&["--kdc", &dead]), Gateway::tls_before_realm(&[]));
    let client = realm().client_with(&first.conf().kdc(second.url())).unwrap();
    let (took, kinit) = timed(|| client.kinit("alice", "alicepw").unwrap());
    assert_succeeds(&kinit);
    assert!(took < Duration::from_secs(3), "{took:?}");
    first.wait_for_record("refusal", |record| record["outcome"] == "no_kdc");
}

#[test]
fn a_realm_that_is_not_served_fails_at_once() {
    let gateway = Gateway::tls(&["--kdc", "OTHER.TEST=127.0.0.1"]);
    let (took, kinit) = timed(|| outside(&gateway).kinit("alice", "alicepw").unwrap());
    assert_fails(&kinit, "Cannot contact any KDC");
    assert!(took < Duration::from_secs(3), "{took:?}");
    gateway.wait_for_record("refusal", |record| record["outcome"] == "realm_unknown");
}

#[test]
fn a_password_change_without_a_password_server_is_refused_in_words() {
    let kdc = format!("TGG.TEST={}", realm().kdc_addr());
    let gateway = Gateway::tls(&["--kdc", &kdc]);
    let kpasswd = outside(&gateway).kpasswd("alice", "alicepw", "another").unwrap();
    assert_fails(&kpasswd, "KDC policy rejects request");
    gateway.wait_for_record("refusal", |record| record["outcome"] == "kpasswd_not_served");
}

#[test]
fn one_gateway_serves_several_realms() {
    let other = Realm::builder().native().name("OTHER.TEST").start().unwrap();
    let kdc = format!("OTHER.TEST={}", other.kdc_addr());
    let gateway = Gateway::tls_before_realm(&["--kdc", &kdc]);
    assert_succeeds(&outside(&gateway).kinit("alice", "alicepw").unwrap());
    assert_succeeds(&other.client_with(&gateway.conf()).unwrap().kinit("alice", "alicepw").unwrap());
    for name in ["alice@TGG.TEST", "alice@OTHER.TEST"] {
        gateway.wait_for_record("ticket", |record| record["client"] == name && record["outcome"] == "ticket");
    }
}
