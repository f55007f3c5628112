//! What a page sees of its session: the cookie, who it is, until when, and the end.

use peers::Browser;
use serde_json::{Value, json};

use super::{JOES, Site, Start, alices, fetched, nobody, opens};

in_both_browsers!(
    a_fetch_begins_a_session_that_sockets_of_every_scheme_go_on_with,
    a_session_begins_without_tls_on_this_host,
    a_page_reads_who_its_user_is_and_logs_out,
    logging_out_does_not_make_a_browser_forget_a_password,
    a_session_that_is_over_is_a_clean_end_with_1000,
    an_authorization_that_is_over_is_a_clean_end_with_3000,
);

const RECYCLE: &str = "<authorization-mode>recycle</authorization-mode>";

/// Opens a socket, runs this once it is open, and returns how the socket ended.
fn ended(browser: &Browser, socket: &str, then: &str) -> Value {
    let script = format!(
        "return await new Promise(resolve => {{
            const socket = new WebSocket(args[0]);
            const told = {{ opened: false }};
            let done;
            socket.onopen = () => {{ told.opened = true; done = (async () => {{ {then} }})(); }};
            socket.onclose = async ({{ code, reason, wasClean }}) => {{
                await done;
                resolve({{ ...told, code, reason, clean: wasClean }});
            }};
        }});"
    );
    browser.run_async(&script, &json!([socket])).unwrap()
}

fn logged_in() -> Value {
    json!({ "headers": { "authorization": format!("Basic {JOES}") } })
}

fn a_fetch_begins_a_session_that_sockets_of_every_scheme_go_on_with(start: Start) {
    let Some(browser) = nobody(start) else { return };
    for (scheme, field) in [
        ("Basic", logged_in()),
        ("Application Basic", logged_in()),
        ("Application Token", json!({ "headers": { "authorization": "Token good" } })),
    ] {
        let site = Site::tls(scheme, RECYCLE);
        browser.open(&site.page("/app/open")).unwrap();
        assert_eq!(fetched(&browser, &site.page("/app/page"), &field), "200 <p>pagejoe", "{scheme}");
        for path in ["/app/echo", "/far/echo"] {
            assert!(opens(&browser, &site.socket(path)), "{scheme} {path}");
        }
        assert_eq!(fetched(&browser, &site.page("/app/page"), &json!({})), "200 <p>pagejoe", "{scheme}");
        assert_eq!(site.admissions(4), ["granted", "resumed", "resumed", "resumed"], "{scheme}");
        let cookies = browser.run_async("return document.cookie", &json!([])).unwrap();
        assert_eq!(cookies, "", "scripts do not see it");
    }
}

fn a_session_begins_without_tls_on_this_host(start: Start) {
    let Some(browser) = nobody(start) else { return };
    let site = Site::new("Application Basic", RECYCLE);
    browser.open(&site.page("/app/open")).unwrap();
    assert_eq!(fetched(&browser, &site.page("/app/page"), &logged_in()), "200 <p>pagejoe");
    assert!(opens(&browser, &site.socket("/app/echo")));
    assert_eq!(site.admissions(2), ["granted", "resumed"]);
}

fn a_page_reads_who_its_user_is_and_logs_out(start: Start) {
    let Some(browser) = nobody(start) else { return };
    let site = Site::tls("Application Basic", RECYCLE);
    browser.open(&site.page("/app/open")).unwrap();
    fetched(&browser, &site.page("/app/page"), &logged_in());
    let told = fetched(&browser, &site.page("/app/page/;api/session"), &json!({}));
    let told: Value = serde_json::from_str(told.strip_prefix("200 ").unwrap()).unwrap();
    assert_eq!((&told["realm"], &told["principal"]), (&json!("demo"), &json!("joe")), "{told}");
    assert_eq!(told["roles"], json!(["staff"]));
    assert!(told["ends"].is_i64() && told["authorizationEnds"].is_null(), "{told}");

    let script = "told.status = (await fetch('/app/page/;api/logout', { method: 'POST' })).status;";
    let told = ended(&browser, &site.socket("/app/echo"), script);
    assert_eq!((&told["status"], &told["opened"], &told["clean"]), (&json!(204), &json!(true), &json!(true)));
    assert_eq!((&told["code"], &told["reason"]), (&json!(3000), &json!("logged out")), "{told}");
    let options = json!({ "credentials": "omit" });
    assert!(fetched(&browser, &site.page("/app/page"), &options).starts_with("401 "));
    assert!(!opens(&browser, &site.socket("/app/echo")));
}

fn logging_out_does_not_make_a_browser_forget_a_password(start: Start) {
    let Some(browser) = nobody(start) else { return };
    let site = Site::tls("Basic", RECYCLE);
    browser.open(&site.page_as("joe:welcome@", "/app/page")).unwrap();
    browser.open(&site.page("/app/open")).unwrap();
    let post = json!({ "method": "POST" });
    assert_eq!(fetched(&browser, &site.page("/app/page/;api/logout"), &post), "204 ");
    site.admissions(3);
    assert!(opens(&browser, &site.socket("/app/echo")));
    assert_eq!(site.admissions(1), ["granted"], "logged in again, unasked");
}

fn a_session_that_is_over_is_a_clean_end_with_1000(start: Start) {
    let Some(browser) = alices(start) else { return };
    let site = Site::new("Negotiate", "<session-timeout>2 s</session-timeout>");
    browser.open(&site.page("/app/page")).unwrap();
    let told = ended(&browser, &site.socket("/app/echo"), "");
    assert_eq!(told, json!({ "opened": true, "code": 1000, "reason": "", "clean": true }));
}

fn an_authorization_that_is_over_is_a_clean_end_with_3000(start: Start) {
    let Some(browser) = alices(start) else { return };
    let site = Site::new("Negotiate", "<authorization-timeout>2 s</authorization-timeout>");
    browser.open(&site.page("/app/page")).unwrap();
    let told = ended(&browser, &site.socket("/app/echo"), "");
    let expected = json!({ "opened": true, "code": 3000, "reason": "authorization expired", "clean": true });
    assert_eq!(told, expected);
}
