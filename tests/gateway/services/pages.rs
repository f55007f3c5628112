//! `cross-site-constraint`: which pages of other origins may use a service, and for what.

use peers::{Browser, Talk, or_skipped};
use serde_json::{Value, json};

use super::{UPGRADE, ask, config, one, realms, security, service, status};
use crate::{
    backend::{Backend, Head},
    ticket::authorization,
    world::{Gateway, realm},
};

const APP: &str = "Origin: https://app.test\r\n";
const EVIL: &str = "Origin: https://evil.test\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A constraint for this origin, with these further elements.
fn constraint(origin: &str, more: &str) -> String {
    format!("<cross-site-constraint><allow-origin>{origin}</allow-origin>{more}</cross-site-constraint>")
}

/// An echo with these constraints.
fn echo(constraints: &str) -> Gateway {
    one("echo", "ws", constraints)
}

/// A back end for requests with these constraints.
fn fronted(constraints: &str) -> (Backend, Gateway) {
    let backend = Backend::answering(OK);
    let connect = format!("<connect>{}</connect>", backend.url("http"));
    let gateway = one("http.proxy", "http", &(connect + constraints));
    (backend, gateway)
}

fn upgraded(gateway: &Gateway, origin: &str) -> u16 {
    status(&ask(gateway, "GET /in", &format!("{UPGRADE}Origin: {origin}\r\n")))
}

/// What a page is told that asks whether it may send a request with this method.
fn preflight(gateway: &Gateway, origin: &str, method: &str) -> Head {
    ask(gateway, "OPTIONS /in", &format!("{origin}Access-Control-Request-Method: {method}\r\n"))
}

#[test]
fn without_a_constraint_only_pages_of_the_service_itself_may_use_it() {
    let gateway = echo("");
    let own = format!("http://{}", gateway.at("one"));
    for (origin, expected) in
        [(own.as_str(), 101), ("https://app.test", 403), ("null", 403), ("privileged://a:80", 403)]
    {
        assert_eq!(upgraded(&gateway, origin), expected, "{origin}");
    }
    let (backend, gateway) = fronted("");
    let answer = ask(&gateway, "GET /in", APP);
    assert_eq!((status(&answer), answer.values("access-control-allow-origin").len()), (403, 0));
    assert!(!backend.was_asked());
}

#[test]
fn pages_of_the_origin_that_is_allowed_may_use_it_and_no_others() {
    let gateway = echo(&constraint("https://app.test:443", ""));
    for (origin, expected) in [
        ("https://app.test", 101),
        ("https://app.test:443", 101),
        ("http://app.test", 403),
        ("https://app.test:8443", 403),
        ("https://evil.test", 403),
        ("null", 403),
    ] {
        assert_eq!(upgraded(&gateway, origin), expected, "{origin}");
    }
}

#[test]
fn an_invited_page_may_read_the_answer() {
    let (_backend, gateway) = fronted(&constraint("https://app.test", ""));
    let answer = ask(&gateway, "GET /in", APP);
    assert_eq!((status(&answer), answer.ahead.as_slice()), (200, &b"ok"[..]));
    assert_eq!(answer.value("access-control-allow-origin"), "https://app.test");
    assert_eq!(answer.value("access-control-allow-credentials"), "true");
    assert!(answer.value("vary").contains("origin"), "{}", answer.text);
    let answer = ask(&gateway, "GET /in", "");
    assert!(answer.values("access-control-allow-origin").is_empty(), "{}", answer.text);
    assert!(answer.value("vary").contains("origin"), "caches must tell it from the other");
}

#[test]
fn all_pages_may_use_it_where_all_are_allowed() {
    let gateway = echo(&constraint("*", ""));
    for origin in ["https://app.test", "http://any.test:81", "null"] {
        assert_eq!(upgraded(&gateway, origin), 101, "{origin}");
    }
}

#[test]
fn documents_without_an_origin_may_use_it_where_they_are_named() {
    let gateway = echo(&constraint("null", ""));
    assert_eq!((upgraded(&gateway, "null"), upgraded(&gateway, "https://app.test")), (101, 403));
}

#[test]
fn programs_that_call_themselves_privileged_may_use_it_where_they_are_named() {
    let gateway = echo(&constraint("privileged://*", ""));
    assert_eq!(upgraded(&gateway, "privileged://gw.test:8001"), 101);
    assert_eq!(upgraded(&gateway, "https://app.test"), 403);
}

#[test]
fn a_page_may_send_what_the_methods_say_and_no_other() {
    let (backend, gateway) = fronted(&constraint("https://app.test", ""));
    for (method, expected) in [("GET", 200), ("HEAD", 200), ("POST", 200), ("PUT", 403), ("DELETE", 403)] {
        let length = if expected == 403 || method == "POST" { "Content-Length: 0\r\n" } else { "" };
        let answer = ask(&gateway, &format!("{method} /in"), &format!("{APP}{length}"));
        assert_eq!(status(&answer), expected, "{method}");
        assert_eq!(backend.was_asked(), expected == 200, "{method}");
    }
    let methods = "<allow-methods>PUT, DELETE</allow-methods>";
    let (_backend, gateway) = fronted(&constraint("https://app.test", methods));
    for (method, expected) in [("PUT", 200), ("DELETE", 200), ("GET", 403)] {
        let answer = ask(&gateway, &format!("{method} /in"), &format!("{APP}Content-Length: 0\r\n"));
        assert_eq!(status(&answer), expected, "{method}");
    }
    assert_eq!(preflight(&gateway, APP, "PUT").value("access-control-allow-methods"), "PUT, DELETE");
}

#[test]
fn a_page_that_asks_is_told_methods_headers_and_age_without_the_back_end() {
    let more =
        "<allow-headers>X-Requested-With, content-type</allow-headers><maximum-age>2 minutes</maximum-age>";
    let (backend, gateway) = fronted(&constraint("https://app.test", more));
    let told = preflight(&gateway, APP, "POST");
    assert_eq!(status(&told), 200);
    assert_eq!(told.value("access-control-allow-origin"), "https://app.test");
    assert_eq!(told.value("access-control-allow-methods"), "GET, POST");
    assert_eq!(told.value("access-control-allow-headers"), "x-requested-with, content-type");
    assert_eq!(told.value("access-control-max-age"), "120");
    let refused = preflight(&gateway, EVIL, "POST");
    assert_eq!((status(&refused), refused.values("access-control-allow-methods").len()), (403, 0));
    assert!(!backend.was_asked());

    let (_backend, bare) = fronted(&constraint("https://app.test", ""));
    let told = preflight(&bare, APP, "POST");
    assert!(told.values("access-control-allow-headers").is_empty(), "{}", told.text);
    assert!(told.values("access-control-max-age").is_empty(), "{}", told.text);
}

#[test]
fn each_origin_has_a_constraint_of_its_own() {
    let constraints = constraint("https://app.test", "<allow-methods>GET</allow-methods>")
        + &constraint("https://other.test", "<allow-methods>PUT</allow-methods>");
    let (_backend, gateway) = fronted(&constraints);
    let other = "Origin: https://other.test\r\n";
    assert_eq!(preflight(&gateway, APP, "GET").value("access-control-allow-methods"), "GET");
    assert_eq!(preflight(&gateway, other, "PUT").value("access-control-allow-methods"), "PUT");
    assert_eq!(status(&ask(&gateway, "GET /in", other)), 403);
}

/// A back end that says who asks, for users of the realm `kerberos`, with these constraints.
fn guarded(host: &str, constraints: &str) -> (Backend, Gateway) {
    let backend = Backend::new(|head, mut stream| {
        let user = head.value("x-remote-user");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{user}", user.len());
        let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
    });
    let service = format!(
        "<service><name>one</name><accept>http://{host}:0/in</accept><connect>{}</connect><type>http.proxy</type>\
         <realm-name>kerberos</realm-name><authorization-constraint><require-valid-user/></authorization-constraint>\
         {constraints}</service>",
        backend.url("http")
    );
    let gateway = Gateway::run(&config(&(service + &security(&realms::kerberos("")))));
    (backend, gateway)
}

#[test]
fn pages_are_judged_before_anybody_is_challenged() {
    let (backend, gateway) = guarded("127.0.0.1", &constraint("https://app.test", ""));
    for answer in [
        ask(&gateway, "GET /in", EVIL),
        ask(&gateway, "GET /in", &format!("{EVIL}{}", authorization())),
        preflight(&gateway, EVIL, "GET"),
        ask(&gateway, "GET /in", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"),
    ] {
        assert_eq!((status(&answer), answer.values("www-authenticate").len()), (403, 0), "{}", answer.text);
    }
    // A page that asks brings no ticket along (Fetch, CORS-preflight fetch).
    let told = preflight(&gateway, APP, "GET");
    assert_eq!((status(&told), told.values("www-authenticate").len()), (200, 0));
    let challenged = ask(&gateway, "GET /in", APP);
    assert_eq!((status(&challenged), challenged.value("www-authenticate")), (401, "Negotiate"));
    assert_eq!(challenged.value("access-control-allow-origin"), "https://app.test");
    assert!(!backend.was_asked());
    assert_eq!(status(&ask(&gateway, "GET /in", &format!("{APP}{}", authorization()))), 200);
}

#[test]
fn a_sandboxed_page_does_not_use_its_visitors_ticket_where_all_are_allowed() {
    let (_backend, gateway) = guarded("127.0.0.1", &constraint("*", ""));
    assert_eq!(status(&ask(&gateway, "GET /in", "Origin: null\r\n")), 403);
    assert_eq!(status(&ask(&gateway, "GET /in", APP)), 401);
}

/// A page of another origin in Chromium, with alice's tickets: the origin and the browser.
fn page() -> Option<(String, Browser)> {
    let site =
        Backend::answering("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\npage");
    let alice = realm().client().unwrap();
    assert!(alice.kinit("alice", "alicepw").unwrap().success());
    let browser = or_skipped(Browser::chromium(&alice))?;
    // Of the same site as the gateway: to others Chromium sends no tickets where it sends no cookies.
    let origin = format!("http://localhost:{}", site.address().port());
    browser.open(&origin).unwrap();
    Some((origin, browser))
}

/// What a page gets that sends a request with a field of its own.
fn fetched(browser: &Browser, url: &str) -> Value {
    let script = "const options = { credentials: 'include', headers: { 'x-requested-with': 'page' } };
        return fetch(args[0], options).then(answer => answer.text(), error => error.name);";
    browser.run_async(script, &json!([url])).unwrap()
}

#[test]
fn chromium_lets_an_invited_page_use_its_visitors_ticket_and_no_other_page() {
    let Some((origin, browser)) = page() else { return };
    let headers = "<allow-headers>x-requested-with</allow-headers>";
    let url = |gateway: &Gateway| format!("http://localhost:{}/in", gateway.at("one").port());
    let (_backend, inviting) = guarded("localhost", &constraint(&origin, headers));
    assert_eq!(fetched(&browser, &url(&inviting)), "alice@TGG.TEST");
    // The field is not allowed; then the page is not.
    for constraints in [constraint(&origin, ""), constraint("https://app.test", headers), String::new()] {
        let (backend, gateway) = guarded("localhost", &constraints);
        assert_eq!(fetched(&browser, &url(&gateway)), "TypeError", "{constraints}");
        assert!(!backend.was_asked(), "{constraints}");
    }
}

#[test]
fn chromium_opens_sockets_for_invited_pages_alone() {
    let Some((origin, browser)) = page() else { return };
    for (constraints, is_open) in [(constraint(&origin, ""), true), (String::new(), false)] {
        let gateway = Gateway::run(&config(&service("echo", "ws", &constraints)));
        let url = format!("ws://{}/in", gateway.at("one"));
        let told = browser.talk(&Talk { url: &url, messages: &["hello"], ..Talk::default() }).unwrap();
        assert_eq!(told["received"], if is_open { json!(["hello"]) } else { json!([]) }, "{told}");
    }
}
