//! Negotiate and Application Negotiate in real browsers, with a ticket and without.

use serde_json::json;
use testkdc::Krb5Conf;

use super::{Site, Start, alices, asks, fetched, is_chromium, nobody, opens};
use crate::world::{Gateway, realm};

in_both_browsers!(
    a_ticket_opens_pages_of_either_scheme_and_sockets_of_the_one_for_browsers,
    without_a_ticket_the_page_of_the_challenge_is_shown_and_nobody_is_asked,
    a_session_opens_sockets_of_the_scheme_for_scripts,
    a_browser_whose_only_kdc_is_a_tunnel_gets_its_ticket,
);

fn a_ticket_opens_pages_of_either_scheme_and_sockets_of_the_one_for_browsers(start: Start) {
    let Some(browser) = alices(start) else { return };
    for (scheme, is_open, socket) in [
        ("Negotiate", true, &["challenged", "granted"][..]),
        ("Application Negotiate", false, &["challenged"]),
    ] {
        let site = Site::new(scheme, "");
        browser.open(&site.page("/app/page")).unwrap();
        assert_eq!(browser.text().unwrap(), "pagealice@TGG.TEST", "{scheme}");
        assert_eq!(site.admissions(2), ["challenged", "granted"], "{scheme}");
        // A new ticket for each, and only when it is asked for.
        for _ in 0..2 {
            assert_eq!(opens(&browser, &site.socket("/app/echo")), is_open, "{scheme}");
            assert_eq!(site.admissions(socket.len()), socket, "{scheme}");
        }
        let told = fetched(&browser, &site.page("/app/page"), &json!({}));
        assert_eq!(told, "200 <p>pagealice@TGG.TEST", "{scheme}");
        assert_eq!(site.admissions(2), ["challenged", "granted"], "{scheme}");
    }
}

fn without_a_ticket_the_page_of_the_challenge_is_shown_and_nobody_is_asked(start: Start) {
    let Some(browser) = nobody(start) else { return };
    // Chromium asks again before it finds that it has none.
    let requests = if is_chromium(&browser) { 2 } else { 1 };
    for (scheme, upgrades) in [("Negotiate", requests), ("Application Negotiate", 1)] {
        let site = Site::new(scheme, "");
        browser.open(&site.page("/app/page")).unwrap();
        assert!(!asks(&browser), "{scheme}");
        assert_eq!(browser.text().unwrap(), "401 Unauthorized", "{scheme}");
        assert_eq!(site.admissions(requests), vec!["challenged"; requests], "{scheme}");
        assert!(!opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert_eq!(site.admissions(upgrades), vec!["challenged"; upgrades], "{scheme}");
    }
}

fn a_session_opens_sockets_of_the_scheme_for_scripts(start: Start) {
    let Some(browser) = alices(start) else { return };
    for scheme in ["Negotiate", "Application Negotiate"] {
        let site = Site::tls(scheme, "<authorization-mode>recycle</authorization-mode>");
        browser.open(&site.page("/app/page")).unwrap();
        assert_eq!(site.admissions(2), ["challenged", "granted"], "{scheme}");
        assert!(opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert_eq!(site.admissions(1), ["resumed"], "{scheme}");
    }
}

fn a_browser_whose_only_kdc_is_a_tunnel_gets_its_ticket(start: Start) {
    let relay = Gateway::before_realm(&[]);
    let tunnel = Gateway::tunnel(&relay.socket_url("/kerberos5"), &[]);
    let client = realm().client_with(&Krb5Conf::new().kdc(tunnel.raw())).unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    let Some(browser) = peers::or_skipped(start(&client)) else { return };
    assert!(!relay.log().contains("HTTP/localhost"));
    let site = Site::new("Negotiate", "");
    browser.open(&site.page("/app/page")).unwrap();
    assert_eq!(browser.text().unwrap(), "pagealice@TGG.TEST");
    assert!(opens(&browser, &site.socket("/app/echo")));
    relay.wait_for_record("ticket for the browser", |record| {
        record["kind"] == "tgs" && record["service"] == "HTTP/localhost" && record["outcome"] == "ticket"
    });
}
