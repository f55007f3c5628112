//! A clock that is wrong, by running the gateway under one (libfaketime).

use client::negotiate::{NegotiateError, NegotiateOptions};

use super::{admission, answered, ask_once, message, site, status};
use crate::{
    ticket::{authorization, field, token},
    world::{Gateway, realm},
};

fn shifted(seconds: i64, flags: &[&str]) -> Gateway {
    Gateway::tpg_shifted(seconds, flags)
}

#[test]
fn a_clock_that_is_off_by_more_than_the_skew_is_told_to_both_sides() {
    let site = site();
    let connect = ["--connect", &site.url("http")];
    {
        let gateway = shifted(400, &connect);
        let mut alice = token(&NegotiateOptions { mutual: false, ..NegotiateOptions::default() });
        let answer = ask_once(&gateway, &field(alice.token()));
        assert_eq!(status(&answer), 401);
        // Even where no proof was asked for: the time in the error lets a client correct its own.
        let told = alice.reply(&answered(&answer).unwrap()).unwrap_err();
        assert!(matches!(told, NegotiateError::Refused(_)), "{told}");
        let record = admission(&gateway, "skew");
        assert!(message(&record).contains("behind"), "{record}");
        assert!(message(&record).contains("NTP"), "{record}");
    }
}

#[test]
fn a_clock_that_is_off_by_less_is_none_of_anybodys_business() {
    let site = site();
    let connect = site.url("http");
    let gateway = shifted(-250, &["--connect", &connect]);
    assert_eq!(status(&ask_once(&gateway, &authorization())), 200);
    let skew = admission(&gateway, "granted")["skew_ms"].as_i64().unwrap();
    assert!((240_000..260_000).contains(&skew), "{skew}");
}

#[test]
fn the_skew_that_is_allowed_is_a_setting() {
    let site = site();
    let connect = site.url("http");
    let gateway = shifted(-250, &["--connect", &connect, "--clock-skew", "100"]);
    assert_eq!(status(&ask_once(&gateway, &authorization())), 401);
}

#[test]
fn a_ticket_from_ahead_of_the_gateways_clock_is_not_valid_yet() {
    let site = site();
    let connect = site.url("http");
    let gateway = shifted(-400, &["--connect", &connect]);
    assert_eq!(status(&ask_once(&gateway, &authorization())), 401);
    let record = admission(&gateway, "not_yet_valid");
    assert!(message(&record).contains("compare the clocks"), "{record}");
}

#[test]
fn an_authenticator_from_before_the_start_is_refused() {
    let site = site();
    let connect = site.url("http");
    // The clocks are ten seconds apart, so whatever is made in the first ten seconds was made before the start.
    let gateway = shifted(10, &["--connect", &connect]);
    assert_eq!(status(&ask_once(&gateway, &authorization())), 401);
    let record = admission(&gateway, "before_start");
    assert!(message(&record).contains("--replay-file"), "{record}");
}

#[test]
fn what_was_presented_before_a_restart_is_refused_after_it_and_nothing_else_is() {
    let (site, dir) = (site(), realm().client().unwrap());
    let file = dir.dir().join("replay");
    let connect = site.url("http");
    let flags = ["--connect", &connect, "--replay-file", file.to_str().unwrap()];
    let mut first = Gateway::tpg(&flags);
    let (used, unused) = (authorization(), authorization());
    assert_eq!(status(&ask_once(&first, &used)), 200);
    assert_eq!(first.stop(), Some(0));
    let second = Gateway::tpg(&flags);
    assert_eq!(status(&ask_once(&second, &used)), 401);
    admission(&second, "replay");
    assert_eq!(status(&ask_once(&second, &unused)), 200, "made before the second start, and never presented");
}
