//! Negotiate and Application Negotiate in real browsers, with a ticket and without.

use serde_json::json;

use super::{Site, Start, alices, asks, fetched, is_chromium, nobody, opens};

in_both_browsers!(
    a_ticket_opens_pages_of_either_scheme_and_sockets_of_the_one_for_browsers,
    without_a_ticket_the_page_of_the_challenge_is_shown_and_nobody_is_asked,
    a_session_opens_sockets_of_the_scheme_for_scripts,
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
