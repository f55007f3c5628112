//! Stock clients at the door: browsers, Python, curl, MIT's initiator.

use peers::{
    Browser, Error, Talk, curl,
    mit::{FLAG_MUTUAL, InitiatorOptions, MitInitiator},
    or_skipped, python,
};
use serde_json::{Value, json};
use testkdc::Client;

use super::{admission, answered, ask_once, door, site, status};
use crate::{
    ticket::field,
    world::{Gateway, realm, tls_flags},
};

/// Alice, logged in with kinit.
fn alice() -> Client {
    let client = realm().client().unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    client
}

/// Where the gateway is for clients that have tickets for localhost.
fn url(gateway: &Gateway, scheme: &str) -> String {
    format!("{scheme}://localhost:{}/", gateway.web().port())
}

type Start = fn(&Client) -> Result<Browser, Error>;

fn talks_with_a_ticket(start: Start) {
    let Some(browser) = or_skipped(start(&alice())) else { return };
    let site = site();
    for (flags, http, ws) in [(&[][..], "http", "ws"), (&tls_flags()[..], "https", "wss")] {
        let gateway = door(&site, flags);
        browser.open(&url(&gateway, http)).unwrap();
        assert_eq!(browser.text().unwrap(), "alice@TGG.TEST");
        let url = url(&gateway, ws);
        let told = browser.talk(&Talk { url: &url, protocols: &["chat"], messages: &["a", "b"] }).unwrap();
        assert_eq!(told["received"], json!(["a", "b"]), "{told}");
        assert_eq!((&told["protocol"], &told["code"]), (&json!("chat"), &json!(1000)), "{told}");
        admission(&gateway, "granted");
    }
}

fn stays_outside_without(start: Start) {
    let Some(browser) = or_skipped(start(&realm().client().unwrap())) else { return };
    let site = site();
    let gateway = door(&site, &[]);
    browser.open(&url(&gateway, "http")).unwrap();
    let told =
        browser.talk(&Talk { url: &url(&gateway, "ws"), messages: &["a"], ..Talk::default() }).unwrap();
    assert_eq!((&told["opened"], &told["code"]), (&json!(false), &json!(1006)), "{told}");
    assert!(!site.was_asked());
}

fn a_page_of_another_site_stays_outside(start: Start) {
    let Some(browser) = or_skipped(start(&alice())) else { return };
    let (site, other) = (site(), site());
    let (gateway, elsewhere) = (door(&site, &[]), door(&other, &[]));
    browser.open(&url(&elsewhere, "http")).unwrap();
    let told =
        browser.talk(&Talk { url: &url(&gateway, "ws"), messages: &["a"], ..Talk::default() }).unwrap();
    assert_eq!((&told["opened"], &told["code"]), (&json!(false), &json!(1006)), "{told}");
    assert!(!site.was_asked());
    assert!(gateway.wait_for_log("the page that asks may not").contains("--allow-origin"));
}

#[test]
fn chromium_with_a_ticket_talks() {
    talks_with_a_ticket(Browser::chromium);
}

#[test]
fn firefox_with_a_ticket_talks() {
    talks_with_a_ticket(Browser::firefox);
}

#[test]
fn chromium_without_a_ticket_stays_outside() {
    stays_outside_without(Browser::chromium);
}

#[test]
fn firefox_without_a_ticket_stays_outside() {
    stays_outside_without(Browser::firefox);
}

#[test]
fn a_page_of_another_site_in_chromium_stays_outside() {
    a_page_of_another_site_stays_outside(Browser::chromium);
}

#[test]
fn a_page_of_another_site_in_firefox_stays_outside() {
    a_page_of_another_site_stays_outside(Browser::firefox);
}

#[test]
fn chromium_keeps_the_session_and_its_sockets_need_no_further_ticket() {
    let Some(browser) = or_skipped(Browser::chromium(&alice())) else { return };
    let site = site();
    let gateway = door(&site, &[&tls_flags()[..], &["--session-cookie", "3600"]].concat());
    browser.open(&url(&gateway, "https")).unwrap();
    let told =
        browser.talk(&Talk { url: &url(&gateway, "wss"), messages: &["a"], ..Talk::default() }).unwrap();
    assert_eq!(told["received"], json!(["a"]), "{told}");
    admission(&gateway, "resumed");
    assert_eq!(gateway.log().matches("\"outcome\":\"granted\"").count(), 1);
}

#[test]
fn python_talks_and_verifies_the_gateway() {
    let site = site();
    for (flags, scheme) in [(&[][..], "ws"), (&tls_flags()[..], "wss")] {
        let gateway = door(&site, flags);
        let talked = python::talk(&alice(), &url(&gateway, scheme), "localhost", &["a", "b"]);
        let Some(output) = or_skipped(talked) else { return };
        let told: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        assert_eq!((&told["received"], &told["mutual"]), (&json!(["a", "b"]), &json!(true)), "{output:?}");
    }
}

#[test]
fn curl_fetches_and_upgrades_with_its_first_request() {
    let site = site();
    for (flags, scheme) in [(&[][..], "http"), (&tls_flags()[..], "https")] {
        let gateway = door(&site, flags);
        let fetched = curl::get(&alice(), &url(&gateway, scheme), &[]).unwrap();
        assert!(fetched.stdout.ends_with("\r\n\r\nalice@TGG.TEST"), "{fetched:?}");
        let upgraded = curl::upgrade(&alice(), &url(&gateway, scheme), &[]).unwrap();
        assert!(upgraded.stdout.starts_with("HTTP/1.1 101 "), "{upgraded:?}");
    }
}

#[test]
fn mits_initiator_verifies_the_proof_on_a_101() {
    let gateway = door(&site(), &[]);
    let options = InitiatorOptions { flags: FLAG_MUTUAL, ..InitiatorOptions::default() };
    let mut initiator = MitInitiator::start(&alice(), "HTTP/gw.tgg.test", &options).unwrap();
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let answer = ask_once(&gateway, &(field(&initiator.token().unwrap()) + upgrade));
    assert_eq!(status(&answer), 101);
    assert!(initiator.verify(&answered(&answer).unwrap()).unwrap().is_accepted());
}
