//! Pages of other origins, in browsers whose users have logged in: what they may, and what they see.

use peers::Browser;
use serde_json::json;

use super::{JOES, Site, Start, asks, decline, fetched, is_chromium, nobody, opens};
use crate::backend::Backend;

in_both_browsers!(
    a_page_that_is_not_invited_is_refused_unchallenged_whoever_logged_in,
    an_invited_page_of_the_same_site_uses_a_password_that_was_given_before,
    an_invited_page_of_another_site_does_not,
    a_session_is_sent_for_invited_pages_of_the_same_site_alone,
);

/// Pages of origins on this host: one of the same site as a gateway on `localhost`, one of another.
struct Origins {
    same_site: String,
    cross_site: String,
    _page: Backend,
}

fn origins() -> Origins {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\n<p>page";
    let page = Backend::answering(answer);
    let port = page.address().port();
    let (same_site, cross_site) = (format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}"));
    Origins { same_site, cross_site, _page: page }
}

impl Origins {
    fn constraints(&self) -> String {
        let invite = |origin: &str| {
            format!("<cross-site-constraint><allow-origin>{origin}</allow-origin></cross-site-constraint>")
        };
        invite(&self.same_site) + &invite(&self.cross_site)
    }
}

/// Logs joe in by the address of a page.
fn log_in(browser: &Browser, site: &Site) {
    browser.open(&site.page_as("joe:welcome@", "/app/page")).unwrap();
    assert_eq!(site.admissions(2), ["challenged", "granted"]);
}

fn a_page_that_is_not_invited_is_refused_unchallenged_whoever_logged_in(start: Start) {
    let origins = origins();
    let Some(browser) = nobody(start) else { return };
    for scheme in ["Basic", "Application Basic"] {
        let site = Site::new(scheme, "");
        log_in(&browser, &site);
        for origin in [&origins.same_site, &origins.cross_site] {
            browser.open(origin).unwrap();
            let include = json!({ "credentials": "include" });
            assert_eq!(fetched(&browser, &site.page("/app/page"), &include), "TypeError", "{origin}");
            assert!(!opens(&browser, &site.socket("/app/echo")), "{origin}");
            assert!(!asks(&browser), "{origin}");
        }
        browser.open(&site.page("/app/page")).unwrap();
        assert_eq!(site.admissions(1), ["granted"], "the next that the gate saw");
    }
}

fn an_invited_page_of_the_same_site_uses_a_password_that_was_given_before(start: Start) {
    let origins = origins();
    let Some(browser) = nobody(start) else { return };
    for scheme in ["Basic", "Application Basic"] {
        let site = Site::inviting(scheme, "", false, &origins.constraints());
        log_in(&browser, &site);
        browser.open(&origins.same_site).unwrap();
        let page = site.page("/app/page");
        let told = fetched(&browser, &page, &json!({ "credentials": "same-origin" }));
        assert!(told.starts_with("401 "), "{scheme}: {told}");
        let told = fetched(&browser, &page, &json!({ "credentials": "include" }));
        assert_eq!(told, "200 <p>pagejoe", "{scheme}");
        assert!(opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert_eq!(site.admissions(3), ["challenged", "granted", "granted"], "{scheme}");
    }
}

fn an_invited_page_of_another_site_does_not(start: Start) {
    let origins = origins();
    let Some(browser) = nobody(start) else { return };
    let is_chromium = is_chromium(&browser);
    let site = Site::inviting("Basic", "", false, &origins.constraints());
    log_in(&browser, &site);
    browser.open(&origins.cross_site).unwrap();
    assert!(!opens(&browser, &site.socket("/app/echo")));
    let told = fetched(&browser, &site.page("/app/page"), &json!({ "credentials": "include" }));
    // Firefox asks again, and warns; Chromium keeps other sites from asking.
    let expected = if is_chromium { "401 " } else { "pending" };
    assert!(told.starts_with(expected), "{told}");
    if !is_chromium {
        decline(&browser);
    }
    assert_eq!(site.admissions(2), ["challenged", "challenged"]);
}

fn a_session_is_sent_for_invited_pages_of_the_same_site_alone(start: Start) {
    let origins = origins();
    let Some(browser) = nobody(start) else { return };
    let recycle = "<authorization-mode>recycle</authorization-mode>";
    let site = Site::inviting("Application Basic", recycle, false, &origins.constraints());
    browser.open(&site.page("/app/open")).unwrap();
    let logged_in = json!({ "headers": { "authorization": format!("Basic {JOES}") } });
    fetched(&browser, &site.page("/app/page"), &logged_in);
    for (origin, is_open, outcome) in
        [(&origins.same_site, true, "resumed"), (&origins.cross_site, false, "challenged")]
    {
        browser.open(origin).unwrap();
        assert_eq!(opens(&browser, &site.socket("/app/echo")), is_open, "{origin}");
        assert_eq!(site.admissions(1).last().unwrap(), outcome, "{origin}");
    }
}
