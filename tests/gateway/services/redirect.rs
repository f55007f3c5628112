//! `http.redirect`: all who come are sent to one place.

use super::{ask, exchange, one, status};
use crate::ws_client::plain;

fn properties(location: &str, more: &str) -> String {
    format!("<properties><location>{location}</location>{more}</properties>")
}

#[test]
fn whoever_comes_is_sent_to_the_one_place() {
    let gateway = one("http.redirect", "http", &properties("https://new.test/there?a=b", ""));
    for request in ["GET /in", "GET /in/below?q", "HEAD /in", "DELETE /in"] {
        let answer = ask(&gateway, request, "");
        assert_eq!(
            (status(&answer), answer.value("location")),
            (302, "https://new.test/there?a=b"),
            "{request}"
        );
    }
}

#[test]
fn a_connection_is_good_for_more_once_its_request_with_a_body_was_sent_elsewhere() {
    let gateway = one("http.redirect", "http", &properties("/new/", ""));
    let mut stream = plain(gateway.at("one"));
    for _ in 0..2 {
        let answer = exchange(&mut stream, "POST /in", "Content-Length: 0\r\n");
        assert_eq!((status(&answer), answer.value("location")), (302, "/new/"));
    }
}

#[test]
fn the_status_is_the_one_that_is_configured() {
    for code in [301, 302, 303, 307, 308] {
        let status_code = format!("<status-code>{code}</status-code>");
        let gateway = one("http.redirect", "http", &properties("/new/", &status_code));
        let answer = ask(&gateway, "GET /in", "");
        assert_eq!((status(&answer), answer.value("location")), (code, "/new/"));
    }
}
