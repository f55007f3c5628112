//! `http.redirect`: all who come are sent to one place.

use std::io::Write as _;

use super::{ask, one, status};
use crate::{backend::Head, ws_client::plain};

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
fn a_body_that_nobody_wants_is_read_before_the_answer_so_that_the_connection_is_good_for_more() {
    let gateway = one("http.redirect", "http", &properties("/new/", ""));
    let at = gateway.at("one");
    let mut stream = plain(at);
    // More than the kernel takes ahead.
    let body = vec![7; 8 * 1024 * 1024];
    for _ in 0..2 {
        let head = format!("POST /in HTTP/1.1\r\nHost: {at}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let answer = Head::read(&mut stream).expect("an answer");
        assert_eq!((status(&answer), answer.value("location")), (302, "/new/"));
    }
}

#[test]
fn a_client_that_waits_to_be_told_keeps_its_body() {
    let gateway = one("http.redirect", "http", &properties("/new/", ""));
    let answer = ask(&gateway, "POST /in", "Content-Length: 5\r\nExpect: 100-continue\r\n");
    assert_eq!((status(&answer), answer.value("location")), (302, "/new/"));
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
