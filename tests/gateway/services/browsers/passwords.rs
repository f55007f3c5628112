//! Basic and Application Basic in real browsers, and what they make of a challenge that they do not know.

use peers::Talk;
use serde_json::json;

use super::{JOES, Site, Start, asks, decline, fetched, is_chromium, nobody, opens, shows};

in_both_browsers!(
    a_page_of_either_scheme_has_the_browser_ask_for_a_password,
    a_fetch_without_credentials_reads_the_challenge_and_asks_nobody,
    a_challenge_for_a_token_is_shown_as_a_page_and_a_script_answers_it,
    a_socket_asks_nobody_for_a_password,
    a_page_that_logged_in_has_sockets_by_its_folder,
    a_name_and_a_password_in_the_address_of_a_socket_answer_a_challenge_alone,
    a_script_logs_in_with_the_names_of_its_own_form,
    a_field_of_a_fetch_logs_in_that_fetch_alone,
    a_parameter_or_a_cookie_opens_sockets_where_no_challenge_can,
    a_page_logs_in_inside_a_socket_that_the_browser_would_not_open,
);

const BOTH: [&str; 2] = ["Basic", "Application Basic"];

fn a_page_of_either_scheme_has_the_browser_ask_for_a_password(start: Start) {
    for scheme in BOTH {
        // Firefox soon stops asking whoever declines.
        let Some(browser) = nobody(start) else { return };
        let tells = !is_chromium(&browser);
        let site = Site::new(scheme, "");
        browser.open(&site.page("/app/page")).unwrap();
        if tells {
            decline(&browser);
        }
        // Who declines sees the page of the 401 in Firefox, and an empty one in headless Chromium.
        shows(&browser, if tells { "401 Unauthorized" } else { "" });
        assert_eq!(site.admissions(1), ["challenged"], "{scheme}");
        browser.open(&site.page("/app/open")).unwrap();
        assert_eq!(fetched(&browser, &site.page("/app/page"), &json!({})), "pending", "{scheme}");
        if tells {
            decline(&browser);
        }
        assert_eq!(site.admissions(1), ["challenged"], "{scheme}");
    }
}

fn a_fetch_without_credentials_reads_the_challenge_and_asks_nobody(start: Start) {
    let Some(browser) = nobody(start) else { return };
    for scheme in BOTH {
        let site = Site::new(scheme, "");
        browser.open(&site.page("/app/open")).unwrap();
        let told = fetched(&browser, &site.page("/app/page"), &json!({ "credentials": "omit" }));
        assert!(told.starts_with("401 "), "{scheme}: {told}");
        assert!(!asks(&browser), "{scheme}");
    }
}

fn a_challenge_for_a_token_is_shown_as_a_page_and_a_script_answers_it(start: Start) {
    let Some(browser) = nobody(start) else { return };
    let site = Site::new("Application Token", "<http-query-parameter>token</http-query-parameter>");
    browser.open(&site.page_as("joe:welcome@", "/app/page")).unwrap();
    assert!(!asks(&browser));
    shows(&browser, "401 Unauthorized");
    browser.open(&site.page("/app/open")).unwrap();
    let told = fetched(&browser, &site.page("/app/page"), &json!({}));
    assert!(told.starts_with("401 "), "{told}");
    let field = json!({ "headers": { "authorization": "Token abc" } });
    let told = fetched(&browser, &site.page("/app/page"), &field);
    assert!(told.starts_with("403 "), "{told}");
    let field = json!({ "headers": { "authorization": "Token good" } });
    assert_eq!(fetched(&browser, &site.page("/app/page"), &field), "200 <p>pagejoe");
    assert!(!opens(&browser, &site.socket("/app/echo")));
    assert!(!opens(&browser, &site.socket("/app/echo?token=bad")));
    assert!(opens(&browser, &site.socket("/app/echo?token=good")));
}

fn a_socket_asks_nobody_for_a_password(start: Start) {
    let Some(browser) = nobody(start) else { return };
    for scheme in ["Basic", "Application Basic", "Application Token"] {
        let site = Site::new(scheme, "");
        browser.open(&site.page("/app/open")).unwrap();
        assert!(!opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert!(!asks(&browser), "{scheme}");
        assert_eq!(site.admissions(1), ["challenged"], "{scheme}");
    }
}

fn a_page_that_logged_in_has_sockets_by_its_folder(start: Start) {
    let Some(browser) = nobody(start) else { return };
    for (scheme, is_open_afar, afar) in
        [("Basic", true, &["challenged", "granted"][..]), ("Application Basic", false, &["challenged"])]
    {
        let site = Site::new(scheme, "");
        browser.open(&site.page_as("joe:welcome@", "/app/page")).unwrap();
        assert_eq!(browser.text().unwrap(), "pagejoe", "{scheme}");
        assert_eq!(site.admissions(2), ["challenged", "granted"], "{scheme}");
        assert!(opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert_eq!(site.admissions(1), ["granted"], "the password comes with the first request: {scheme}");
        // In another folder the browser waits for a challenge, which a scheme for scripts does not give it.
        assert_eq!(opens(&browser, &site.socket("/far/echo")), is_open_afar, "{scheme}");
        assert_eq!(site.admissions(afar.len()), afar, "{scheme}");
    }
}

fn a_name_and_a_password_in_the_address_of_a_socket_answer_a_challenge_alone(start: Start) {
    let Some(browser) = nobody(start) else { return };
    let site = Site::new("Application Basic", "");
    browser.open(&site.page("/app/open")).unwrap();
    assert!(!opens(&browser, &site.socket_as("joe:welcome@", "/app/echo")));
    assert_eq!(site.admissions(1), ["challenged"]);

    let site = Site::new("Basic", "");
    browser.open(&site.page("/app/open")).unwrap();
    assert!(!opens(&browser, &site.socket_as("joe:wrong@", "/app/echo")));
    assert_eq!(site.admissions(2), ["challenged", "wrong_password"]);
    assert!(!asks(&browser));
    assert!(opens(&browser, &site.socket_as("joe:welcome@", "/app/echo")));
    assert_eq!(site.admissions(2).last().unwrap(), "granted");
    // It is remembered for the sockets after it.
    assert!(opens(&browser, &site.socket("/app/echo")));
    assert_eq!(site.admissions(1), ["granted"]);
}

fn a_script_logs_in_with_the_names_of_its_own_form(start: Start) {
    let script = "return await new Promise(resolve => {
        const request = new XMLHttpRequest();
        request.open('GET', args[0], true, 'joe', 'welcome');
        request.onloadend = () => resolve(request.status);
        request.send();
    });";
    let Some(browser) = nobody(start) else { return };
    for scheme in BOTH {
        let site = Site::new(scheme, "");
        browser.open(&site.page("/app/open")).unwrap();
        assert_eq!(browser.run_async(script, &json!([site.page("/app/page")])).unwrap(), 200, "{scheme}");
        assert_eq!(site.admissions(2), ["challenged", "granted"], "{scheme}");
        assert!(opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert_eq!(site.admissions(1), ["granted"], "{scheme}");
    }
}

fn a_field_of_a_fetch_logs_in_that_fetch_alone(start: Start) {
    let Some(browser) = nobody(start) else { return };
    for scheme in BOTH {
        let site = Site::new(scheme, "");
        browser.open(&site.page("/app/open")).unwrap();
        let with = |words: &str| json!({ "headers": { "authorization": format!("Basic {words}") } });
        let page = site.page("/app/page");
        assert_eq!(fetched(&browser, &page, &with(JOES)), "200 <p>pagejoe", "{scheme}");
        assert!(!opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert_eq!(site.admissions(2), ["granted", "challenged"], "{scheme}");
        // `joe:bad`. Chromium then asks its user, over the head of the script.
        let told = fetched(&browser, &page, &with("am9lOmJhZA=="));
        let expected = if is_chromium(&browser) { "pending" } else { "401 " };
        assert!(told.starts_with(expected), "{scheme}: {told}");
        assert!(!asks(&browser), "{scheme}");
    }
}

fn a_parameter_or_a_cookie_opens_sockets_where_no_challenge_can(start: Start) {
    let words = "<http-query-parameter>token</http-query-parameter><http-cookie>sso</http-cookie>";
    let Some(browser) = nobody(start) else { return };
    for scheme in BOTH {
        let site = Site::new(scheme, words);
        browser.open(&site.page("/app/open")).unwrap();
        assert!(opens(&browser, &site.socket(&format!("/app/echo?token={JOES}"))), "{scheme}");
        let set = "document.cookie = `sso=${args[0]}; Path=/`";
        browser.run_async(set, &json!([JOES])).unwrap();
        assert!(opens(&browser, &site.socket("/app/echo")), "{scheme}");
        assert_eq!(site.admissions(2), ["granted", "granted"], "{scheme}");
    }
}

/// What KAAZING's JavaScript client does first, whatever the realm; see docs/challenges.md.
fn a_page_logs_in_inside_a_socket_that_the_browser_would_not_open(start: Start) {
    let Some(browser) = nobody(start) else { return };
    let site = Site::new("Application Basic", "<http-query-parameter>token</http-query-parameter>");
    browser.open(&site.page("/app/open")).unwrap();
    let ask = "GET /app/echo HTTP/1.1\r\n\r\n";
    let offer = |path: &str, messages: &[&str]| {
        let url = site.socket(path);
        let told = browser.talk(&Talk { url: &url, protocols: &["x-kaazing-handshake"], messages }).unwrap();
        assert_eq!(
            (&told["opened"], &told["protocol"]),
            (&json!(true), &json!("x-kaazing-handshake")),
            "{told}"
        );
        let received = |place: usize| told["received"][place].as_str().unwrap_or_default().to_owned();
        [received(0), received(1)]
    };
    let shown = format!("GET /app/echo HTTP/1.1\r\nAuthorization: Basic {JOES}\r\n\r\n");
    let [first, second] = offer("/app/echo", &[ask, &shown]);
    assert!(first.starts_with("HTTP/1.1 401 ") && second.starts_with("HTTP/1.1 101 "), "{first}{second}");
    let [first, second] = offer(&format!("/app/echo?token={JOES}"), &[ask, "a"]);
    assert!(first.starts_with("HTTP/1.1 101 "), "{first}");
    assert_eq!(second, "a");
    assert_eq!(site.admissions(3), ["challenged", "granted", "granted"]);
}
