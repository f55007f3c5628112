//! The cookie that spares further tickets.

use super::{admission, answered, ask_once, door, site, status};
use crate::{backend::Head, ticket::authorization};

const ON: [&str; 2] = ["--session-cookie", "3600"];

/// The line that sends back the cookie of an answer.
fn cookie(answer: &Head) -> String {
    let set = answer.value("set-cookie");
    let (pair, attributes) = set.split_once(';').unwrap();
    assert!(attributes.contains("Secure; HttpOnly; SameSite=Strict"), "{set}");
    format!("Cookie: other=1; {pair}\r\n")
}

#[test]
fn a_session_lets_in_without_a_ticket_and_the_back_end_is_told_who() {
    let site = site();
    let gateway = door(&site, &ON);
    let cookie = cookie(&ask_once(&gateway, &authorization()));
    site.head();
    let answer = ask_once(&gateway, &cookie);
    assert_eq!((status(&answer), answer.ahead.as_slice()), (200, &b"alice@TGG.TEST"[..]));
    assert_eq!(answered(&answer), None);
    let head = site.head();
    assert_eq!(
        head.values("cookie"),
        ["other=1"],
        "the session stays with the gateway, other cookies do not"
    );
    admission(&gateway, "resumed");
}

#[test]
fn no_session_is_begun_unless_asked_for() {
    let gateway = door(&site(), &[]);
    assert!(ask_once(&gateway, &authorization()).values("set-cookie").is_empty());
}

#[test]
fn an_altered_or_foreign_session_is_challenged() {
    let (site, other) = (site(), site());
    let (gateway, elsewhere) = (door(&site, &ON), door(&other, &ON));
    let cookie = cookie(&ask_once(&gateway, &authorization()));
    let altered = cookie.replacen("ticketgate=A", "ticketgate=B", 1);
    let altered = if altered == cookie { cookie.replacen("ticketgate=", "ticketgate=A", 1) } else { altered };
    assert_eq!(status(&ask_once(&gateway, &altered)), 401);
    assert_eq!(status(&ask_once(&elsewhere, &cookie)), 401);
    assert_eq!(status(&ask_once(&gateway, &cookie)), 200);
}

#[test]
fn a_session_does_not_help_a_page_of_another_site() {
    let gateway = door(&site(), &ON);
    let cookie = cookie(&ask_once(&gateway, &authorization()));
    assert_eq!(status(&ask_once(&gateway, &(cookie + "Origin: http://evil.test\r\n"))), 403);
}
