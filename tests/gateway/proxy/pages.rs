//! Pages of other sites use a visitor's browser, and so his ticket: they are refused before anybody is challenged.

use super::{ask, before, upgrade_head};
use crate::{backend::Backend, world::Gateway};

fn gateway(backend: &Backend) -> Gateway {
    before(backend, "http", &["--allow-origin", "https://app.test"])
}

#[track_caller]
fn assert_refused(gateway: &Gateway, backend: &Backend, head: &str) {
    let (_, answer) = ask(gateway, head);
    assert_eq!(answer.line(), "HTTP/1.1 403 Forbidden", "{head}");
    assert!(answer.values("www-authenticate").is_empty(), "{}", answer.text);
    assert!(!backend.was_asked(), "{head}");
}

/// A sound upgrade and an ordinary request with these lines.
fn both(lines: &str) -> [String; 2] {
    [
        upgrade_head("/", lines),
        format!("POST / HTTP/1.1\r\nHost: gw.test:8443\r\nContent-Length: 0\r\n{lines}\r\n"),
    ]
}

#[test]
fn a_page_that_was_not_invited_is_refused_without_a_challenge() {
    let backend = Backend::echo();
    let gateway = gateway(&backend);
    for origin in ["https://evil.test", "null", "https://gw.test:8443", "https://app.test.evil", ""] {
        for head in both(&format!("Origin: {origin}\r\n")) {
            assert_refused(&gateway, &backend, &head);
        }
    }
    for head in both("Origin: https://app.test\r\nOrigin: https://evil.test\r\n") {
        assert_refused(&gateway, &backend, &head);
    }
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!((&record["outcome"], &record["blame"]), (&"origin".into(), &"peer".into()));
}

#[test]
fn a_page_in_a_sandbox_is_refused_even_where_all_origins_are_allowed() {
    let backend = Backend::echo();
    let gateway = before(&backend, "ws", &["--allow-origin", "*"]);
    assert_refused(&gateway, &backend, &upgrade_head("/", "Origin: null\r\n"));
    let (_, answer) = ask(&gateway, upgrade_head("/", "Origin: https://any.test\r\n"));
    assert_eq!(answer.line(), "HTTP/1.1 101 Switching Protocols");
}

#[test]
fn what_a_browser_calls_cross_site_is_refused_unless_its_origin_is_listed() {
    let backend = Backend::echo();
    let gateway = gateway(&backend);
    for head in both("Sec-Fetch-Site: cross-site\r\n") {
        assert_refused(&gateway, &backend, &head);
    }
    for head in both("Origin: http://gw.test:8443\r\nSec-Fetch-Site: cross-site\r\n") {
        assert_refused(&gateway, &backend, &head);
    }
    let listed = "Origin: https://app.test\r\nSec-Fetch-Site: cross-site\r\n";
    let (_, answer) = ask(&gateway, upgrade_head("/", listed));
    assert_eq!(answer.line(), "HTTP/1.1 101 Switching Protocols");
}

#[test]
fn pages_that_were_not_invited_count_against_the_rate_of_their_peer() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let gateway = before(&backend, "http", &["--peer-rate", "1"]);
    let stranger = "GET / HTTP/1.1\r\nHost: gw.test\r\nOrigin: https://evil.test\r\n\r\n";
    let lines: Vec<_> = (0..20).map(|_| ask(&gateway, stranger).1.line().to_owned()).collect();
    let forbidden = lines.iter().filter(|line| *line == "HTTP/1.1 403 Forbidden").count();
    assert!((2..=6).contains(&forbidden), "{lines:?}");
}

#[test]
fn a_link_from_another_site_can_be_followed_but_not_put_into_a_frame() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let gateway = gateway(&backend);
    let link = "GET / HTTP/1.1\r\nHost: gw.test\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\
                Sec-Fetch-Dest: document\r\n\r\n";
    for other in [link.replace("document", "iframe"), link.replace("navigate", "no-cors")] {
        assert_refused(&gateway, &backend, &other);
    }
    let (_, answer) = ask(&gateway, link);
    assert_eq!(answer.line(), "HTTP/1.1 200 OK");
}
