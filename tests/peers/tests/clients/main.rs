//! Browsers, Python and curl with a real ticket at a door that MIT's acceptor keeps.
//!
//! What they can do here they can do at the gateway: a failure there is then the gateway's.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod door;

use std::{collections::BTreeSet, sync::OnceLock};

use peers::{Browser, Error, Talk, curl, or_skipped, python};
use serde_json::{Value, json};
use testkdc::{Client, Realm};

use door::{Door, field};

/// A realm, and the doors of its service, with and without TLS.
struct World {
    realm: Realm,
    plain: Door,
    tls: Door,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let realm = Realm::builder().native().start().unwrap();
        let keytab = realm.dir().join("services.keytab");
        let (plain, tls) = (Door::open(&keytab, false), Door::open(&keytab, true));
        World { realm, plain, tls }
    })
}

fn alice() -> Client {
    let client = world().realm.client().unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    client
}

type Start = fn(&Client) -> Result<Browser, Error>;

fn opens_a_page_and_a_socket(start: Start) {
    let Some(browser) = or_skipped(start(&alice())) else { return };
    for door in [&world().plain, &world().tls] {
        browser.open(&door.url("http")).unwrap();
        assert_eq!(browser.text().unwrap(), "alice@TGG.TEST");
        let fetched = "return await (await fetch(args)).text()";
        assert_eq!(browser.run_async(fetched, &json!(door.url("http"))).unwrap(), "alice@TGG.TEST");
        let told = browser
            .talk(&Talk { url: &door.url("ws"), protocols: &["one", "two"], messages: &["a", "b"] })
            .unwrap();
        assert_eq!(told["received"], json!(["a", "b"]), "{told}");
        assert_eq!((&told["protocol"], &told["code"]), (&json!("one"), &json!(1000)), "{told}");
    }
}

fn stays_outside_without_a_ticket(start: Start) {
    let Some(browser) = or_skipped(start(&world().realm.client().unwrap())) else { return };
    let door = &world().plain;
    browser.open(&door.url("http")).unwrap();
    assert_eq!(browser.text().unwrap(), "no");
    let told = browser.talk(&Talk { url: &door.url("ws"), messages: &["a"], ..Talk::default() }).unwrap();
    assert_eq!((&told["opened"], &told["code"]), (&json!(false), &json!(1006)), "{told}");
}

/// The page is what a gateway judges first: its own, a frame of no origin, one of another site.
fn says_where_a_page_comes_from(start: Start) {
    let Some(browser) = or_skipped(start(&alice())) else { return };
    let door = Door::open(&world().realm.dir().join("services.keytab"), false);
    let (own, foreign) = (door.url("http"), door.url("http").replace("localhost", "127.0.0.1"));
    let url = door.url("ws");
    let talk = Talk { url: &url, ..Talk::default() };
    let origins_from = |page: &str, talks: fn(&Browser, &Talk<'_>) -> Result<Value, Error>| {
        browser.open(page).unwrap();
        let before = door.heads().len();
        talks(&browser, &talk).unwrap();
        let heads = door.heads().split_off(before);
        let sockets = heads.iter().filter(|head| field(head, "upgrade").is_some());
        sockets.map(|head| field(head, "origin").unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let origin = |page: &str| BTreeSet::from([page.trim_end_matches('/').to_owned()]);
    assert_eq!(origins_from(&own, Browser::talk), origin(&own));
    assert_eq!(origins_from(&own, Browser::talk_sandboxed), origin("null"));
    assert_eq!(origins_from(&foreign, Browser::talk), origin(&foreign));
}

#[test]
fn chromium_with_a_ticket_opens_a_page_and_a_socket() {
    opens_a_page_and_a_socket(Browser::chromium);
}

#[test]
fn firefox_with_a_ticket_opens_a_page_and_a_socket() {
    opens_a_page_and_a_socket(Browser::firefox);
}

#[test]
fn chromium_without_a_ticket_stays_outside() {
    stays_outside_without_a_ticket(Browser::chromium);
}

#[test]
fn firefox_without_a_ticket_stays_outside() {
    stays_outside_without_a_ticket(Browser::firefox);
}

#[test]
fn chromium_says_where_a_page_comes_from() {
    says_where_a_page_comes_from(Browser::chromium);
}

#[test]
fn firefox_says_where_a_page_comes_from() {
    says_where_a_page_comes_from(Browser::firefox);
}

#[test]
fn an_exception_in_a_page_is_an_error_with_its_text() {
    let Some(browser) = or_skipped(Browser::chromium(&alice())) else { return };
    let error = browser.run_async("throw new Error('so it is')", &json!([])).unwrap_err().to_string();
    assert!(error.contains("so it is"), "{error}");
}

#[test]
fn python_with_a_ticket_talks_and_verifies_the_service() {
    for door in [&world().plain, &world().tls] {
        let talked = python::talk(&alice(), &door.url("ws"), "localhost", &["a", "b"]);
        let Some(output) = or_skipped(talked) else { return };
        let told: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        assert_eq!(told["received"], json!(["a", "b"]), "{output:?}");
        assert_eq!(told["mutual"], json!(true), "{output:?}");
    }
}

#[test]
fn python_is_told_the_status_of_a_refusal() {
    // A ticket for a service whose key this door has not.
    let realm = &world().realm;
    let door = Door::open(&realm.keytab("HTTP/gw.tgg.test").unwrap(), false);
    let talked = python::talk(&alice(), &door.url("ws"), "localhost", &["a"]);
    let Some(output) = or_skipped(talked) else { return };
    assert_eq!(output.stdout, "{\"status\": 401}\n", "{output:?}");
}

#[test]
fn curl_fetches_and_upgrades_with_its_first_request() {
    for door in [&world().plain, &world().tls] {
        let fetched = curl::get(&alice(), &door.url("http"), &[]).unwrap();
        assert!(fetched.stdout.ends_with("\r\n\r\nalice@TGG.TEST"), "{fetched:?}");
        let upgraded = curl::upgrade(&alice(), &door.url("http"), &[]).unwrap();
        assert!(upgraded.stdout.starts_with("HTTP/1.1 101 "), "{upgraded:?}");
        assert_eq!(upgraded.status.code(), Some(28), "{upgraded:?}");
    }
}
