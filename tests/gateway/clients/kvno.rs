//! `ticketgate kvno`: tickets for services, for this and for other programs.

use std::{fs, io::Write as _};

use peers::curl;
use testkdc::{Client, Krb5Conf, Realm};

use super::{assert_fails, assert_succeeds, kinit, texts, ticketgate, ways};
use crate::{
    backend::Backend,
    world::{Gateway, libfaketime, realm},
};

/// One who has a ticket-granting ticket from the program itself.
fn alice() -> Client {
    let client = realm().client().unwrap();
    assert_succeeds(&kinit(&client, &["alice"], "alicepw"));
    client
}

fn kvno(client: &Client, args: &[&str]) -> testkdc::Output {
    ticketgate(client, &[&["kvno"], args].concat(), "")
}

#[test]
fn it_prints_what_stock_kvno_prints() {
    let client = alice();
    let services = ["HTTP/gw.tgg.test", "host/svc.tgg.test@TGG.TEST"];
    let ours = kvno(&client, &services);
    assert_succeeds(&ours);
    assert_eq!(ours.stdout, client.kvno(&services).unwrap().stdout);
    let quiet = kvno(&client, &["-q", "HTTP/localhost"]);
    assert_eq!((quiet.success(), quiet.stdout.as_str()), (true, ""));
    let list = client.klist(&[]).unwrap().stdout;
    for service in ["HTTP/gw.tgg.test@", "host/svc.tgg.test@", "HTTP/localhost@"] {
        assert_eq!(list.matches(service).count(), 1, "{list}");
    }
}

#[test]
fn tickets_of_stock_kinit_and_kvno_are_used_and_kept() {
    let client = realm().client().unwrap();
    assert_succeeds(&client.kinit("alice", "alicepw").unwrap());
    assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test"]).unwrap());
    let before = client.klist(&["-C"]).unwrap().stdout;
    assert_succeeds(&kvno(&client, &["HTTP/localhost"]));
    let after = client.klist(&["-C"]).unwrap().stdout;
    assert!(after.starts_with(before.trim_end()), "{before}{after}");
    // What is in the cache is not asked for again.
    assert_succeeds(&kvno(&client, &["HTTP/gw.tgg.test"]));
    assert_eq!(client.klist(&["-C"]).unwrap().stdout, after);
    // And stock programs go on with it.
    assert_succeeds(&client.kvno(&["host/svc.tgg.test"]).unwrap());
}

#[test]
fn curl_gets_in_with_tickets_of_the_program() {
    let site = Backend::new(|head, mut stream| {
        let user = head.value("x-remote-user");
        let page = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{user}", user.len());
        let _ = stream.write_all(page.as_bytes());
    });
    let door = Gateway::tpg(&["--connect", &site.url("http")]);
    let url = format!("http://localhost:{}/", door.web().port());
    for with_service in [false, true] {
        let client = alice();
        if with_service {
            assert_succeeds(&kvno(&client, &["HTTP/localhost"]));
        }
        let fetched = curl::get(&client, &url, &[]).unwrap();
        assert!(fetched.stdout.ends_with("\r\n\r\nalice@TGG.TEST"), "{fetched:?}");
    }
}

#[test]
fn the_gateway_leads_to_kdcs_by_each_of_its_ways() {
    let gateway = Gateway::before_realm(&[]);
    for flags in ways(&gateway, false) {
        let client = realm().client_with(&Krb5Conf::new()).unwrap();
        assert_succeeds(&kinit(&client, &[&texts(&flags)[..], &["alice"]].concat(), "alicepw"));
        let got = kvno(&client, &[&texts(&flags)[..], &["HTTP/gw.tgg.test", "HTTP/localhost"]].concat());
        assert_succeeds(&got);
        assert_eq!(got.stdout, "HTTP/gw.tgg.test@TGG.TEST: kvno = 1\nHTTP/localhost@TGG.TEST: kvno = 1\n");
    }
    // A socket and a request for each: twice two questions of kinit, twice two of kvno.
    gateway.wait_for_records(8);
}

#[test]
fn a_ticket_too_long_for_a_datagram_is_got() {
    let client = alice();
    let service = realm().large_service();
    let got = kvno(&client, &[&service]);
    assert_succeeds(&got);
    assert!(client.klist(&[]).unwrap().stdout.contains(&service));
}

#[test]
fn services_that_there_are_not_are_named_and_the_others_got() {
    let client = alice();
    let got = kvno(&client, &["HTTP/nowhere.tgg.test", "HTTP/localhost", "host/neither.tgg.test"]);
    assert_fails(&got, 1, &["HTTP/nowhere.tgg.test", "host/neither.tgg.test", "spelt"]);
    assert!(got.stdout.contains("HTTP/localhost@TGG.TEST: kvno = 1"), "{got:?}");
}

#[test]
fn without_tickets_it_says_how_to_get_some() {
    let client = realm().client().unwrap();
    let cache = client.ccache();
    assert_fails(&kvno(&client, &["HTTP/localhost"]), 1, &[cache.to_str().unwrap(), "kinit"]);
    fs::write(&cache, "nonsense").unwrap();
    assert_fails(
        &kvno(&client, &["HTTP/localhost"]),
        1,
        &[cache.to_str().unwrap(), "not a credential cache"],
    );
    assert_fails(&kvno(&client, &[]), 64, &["SPN"]);

    let client = alice();
    let preload = format!("LD_PRELOAD={}", libfaketime());
    let program = env!("CARGO_BIN_EXE_ticketgate");
    // Tickets live for ten hours.
    let args =
        [&preload, "FAKETIME=+11h", "FAKETIME_DONT_FAKE_MONOTONIC=1", program, "kvno", "HTTP/localhost"];
    let expired = client.run("/usr/bin/env", &args, "").unwrap();
    assert_fails(&expired, 1, &["no valid ticket-granting ticket", "alice@TGG.TEST", "kinit"]);
}

/// A realm that the shared one trusts, and whose KDC knows by itself where `else.test` is.
fn trusting() -> Realm {
    let other = Realm::builder().native().name("CLIENTS.TEST").start().unwrap();
    for side in [&other, realm()] {
        side.kadmin("addprinc -pw between krbtgt/TGG.TEST@CLIENTS.TEST").unwrap();
    }
    let conf = other.dir().join("krb5.conf");
    let known = fs::read_to_string(&conf).unwrap();
    fs::write(&conf, known.replace("[domain_realm]\n", "[domain_realm]\n    .else.test = TGG.TEST\n"))
        .unwrap();
    // So that it reads the file now, and not within the second.
    other.kdc().kill().unwrap();
    other.kdc().restart().unwrap();
    other
}

#[test]
fn a_service_of_another_realm_is_found_by_its_realm_and_by_the_kdcs_word() {
    realm().add_service("HTTP/a.else.test").unwrap();
    realm().add_service("HTTP/b.else.test").unwrap();
    let other = trusting();
    let own = format!("[realms]\n    TGG.TEST = {{\n        kdc = {}\n    }}\n", realm().kdc_addr());
    let client = other.client_with(&other.direct().section(&own)).unwrap();
    assert_succeeds(&kinit(&client, &["alice"], "alicepw"));
    let named = kvno(&client, &["HTTP/a.else.test@TGG.TEST"]);
    assert_eq!(named.stdout, "HTTP/a.else.test@TGG.TEST: kvno = 1\n", "{named:?}");
    let referred = kvno(&client, &["HTTP/b.else.test"]);
    assert_eq!(referred.stdout, "HTTP/b.else.test@TGG.TEST: kvno = 1\n", "{referred:?}");
    let list = client.klist(&[]).unwrap().stdout;
    assert_eq!(list.matches("krbtgt/TGG.TEST@CLIENTS.TEST").count(), 1, "{list}");
    // Without the ticket for the other realm in the cache, too.
    let fresh = other.client_with(&other.direct().section(&own)).unwrap();
    assert_succeeds(&kinit(&fresh, &["alice"], "alicepw"));
    assert_succeeds(&kvno(&fresh, &["HTTP/b.else.test"]));
    assert_fails(&kvno(&fresh, &["HTTP/nowhere.else.test"]), 1, &["TGG.TEST", "HTTP/nowhere.else.test"]);
}
