//! Who is let in, by statuses and by the log.

use client::{
    TicketOptions,
    negotiate::{Negotiate, NegotiateOptions, Step},
};
use krb::msg::opened::{AuthorizationData, AuthorizationDataElement, ad_type};

use super::{admission, answered, ask, ask_once, door, message, site, status};
use crate::{
    ticket::{authorization, dice, field, now, ticket_of, ticket_with, token},
    world::{Gateway, exit_code, realm},
    ws_client::plain,
};

#[test]
fn who_has_a_ticket_is_let_in_and_the_back_end_is_told_who() {
    let site = site();
    let gateway = door(&site, &[]);
    let mut alice = token(&NegotiateOptions::default());
    let answer = ask_once(&gateway, &field(alice.token()));
    assert_eq!((status(&answer), answer.ahead.as_slice()), (200, &b"alice@TGG.TEST"[..]));
    let Step::Done(context) = alice.reply(&answered(&answer).unwrap()).unwrap() else { panic!("not done") };
    assert!(context.proved, "the gateway proves that it opened the ticket");
    let record = admission(&gateway, "granted");
    assert_eq!(record["client"], "alice@TGG.TEST");
    assert_eq!(record["service"], "HTTP/gw.tgg.test@TGG.TEST");
    assert_eq!(record["mutual"], true);
}

#[test]
fn the_ticket_itself_stays_with_the_gateway() {
    let site = site();
    let gateway = door(&site, &[]);
    let token = token(&NegotiateOptions::default());
    ask_once(&gateway, &field(token.token()));
    let head = site.head();
    assert!(head.values("authorization").is_empty(), "{}", head.text);
    let text = field(token.token());
    assert!(!head.text.contains(&text[40..120]), "{}", head.text);
    assert!(!gateway.log().contains(&text[40..120]), "nor is it in the log");
}

#[test]
fn who_brings_nothing_is_challenged_on_a_connection_that_stays_open() {
    let site = site();
    let gateway = door(&site, &[]);
    let mut stream = plain(gateway.web());
    let challenged = ask(&mut stream, "");
    assert_eq!((status(&challenged), answered(&challenged)), (401, Some(Vec::new())));
    assert_eq!(challenged.value("content-length"), "64", "so that the client need not wait for an end");
    assert_eq!(challenged.value("cache-control"), "no-store");
    assert!(!site.was_asked());
    assert_eq!(status(&ask(&mut stream, &authorization())), 200, "the same connection is good for the token");
}

#[test]
fn a_token_as_large_as_those_of_users_in_many_groups_is_let_in() {
    let groups = AuthorizationDataElement { ad_type: -17, ad_data: vec![7; 30_000].into() };
    let relevant = AuthorizationData(vec![groups]).encode().unwrap();
    let relevant = AuthorizationDataElement { ad_type: ad_type::IF_RELEVANT, ad_data: relevant.into() };
    let options = TicketOptions { authorization_data: vec![relevant], ..TicketOptions::default() };
    let large =
        Negotiate::new(&ticket_with(&options), &NegotiateOptions::default(), now(), &mut dice).unwrap();
    let line = field(large.token());
    assert!(line.len() > 40_000, "{}", line.len());
    assert_eq!(status(&ask_once(&door(&site(), &[]), &line)), 200);
}

#[test]
fn a_connection_that_was_let_in_vouches_for_no_other_request() {
    let gateway = door(&site(), &[]);
    let mut stream = plain(gateway.web());
    assert_eq!(status(&ask(&mut stream, &authorization())), 200);
    assert_eq!(status(&ask(&mut stream, "")), 401);
}

#[test]
fn a_token_is_good_for_one_request() {
    let gateway = door(&site(), &[]);
    let line = authorization();
    assert_eq!(status(&ask_once(&gateway, &line)), 200);
    assert_eq!(status(&ask_once(&gateway, &line)), 401);
    let record = admission(&gateway, "replay");
    assert_eq!((&record["client"], &record["code"]), (&"alice@TGG.TEST".into(), &34.into()));
}

#[test]
fn a_full_replay_cache_is_503_and_forgets_nobody() {
    // Sixteen parts with room for one each.
    let gateway = door(&site(), &["--replay-capacity", "1"]);
    let first = authorization();
    assert_eq!(status(&ask_once(&gateway, &first)), 200);
    let full =
        (0..200).map(|_| ask_once(&gateway, &authorization())).find(|answer| status(answer) != 200).unwrap();
    assert_eq!((status(&full), answered(&full)), (503, None));
    assert_eq!(admission(&gateway, "replay_cache_full")["blame"], "us");
    assert_eq!(status(&ask_once(&gateway, &first)), 401, "the first is still known");
}

#[test]
fn a_ticket_for_another_service_is_refused_by_name() {
    let gateway = door(&site(), &[]);
    let host = ticket_of("alice", "alicepw", ["host", "svc.tgg.test"]);
    let negotiate = Negotiate::new(&host, &NegotiateOptions::default(), now(), &mut dice);
    assert_eq!(status(&ask_once(&gateway, &field(negotiate.unwrap().token()))), 401);
    let record = admission(&gateway, "not_us");
    assert!(message(&record).contains("host/svc.tgg.test@TGG.TEST"), "{record}");
    assert!(message(&record).contains("--principal"), "{record}");
}

#[test]
fn of_two_authorization_fields_neither_is_taken() {
    let site = site();
    let gateway = door(&site, &[]);
    let answer = ask_once(&gateway, &(authorization() + &authorization()));
    assert_eq!((status(&answer), answered(&answer)), (400, None));
    assert!(!site.was_asked());
}

#[test]
fn what_is_no_token_is_challenged_and_the_log_says_what_it_is() {
    let gateway = door(&site(), &[]);
    for (value, outcome, says) in [
        ("Negotiate !!!", "unreadable", "not base64"),
        ("Negotiate TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==", "ntlm_offered", "NTLM"),
        ("Negotiate AAAA", "framing", "malformed"),
    ] {
        let answer = ask_once(&gateway, &format!("Authorization: {value}\r\n"));
        assert_eq!((status(&answer), answered(&answer)), (401, Some(Vec::new())), "{value}");
        assert!(message(&admission(&gateway, outcome)).contains(says), "{outcome}");
    }
}

#[test]
fn another_scheme_is_challenged() {
    let gateway = door(&site(), &[]);
    assert_eq!(status(&ask_once(&gateway, "Authorization: Basic YWxpY2U6YWxpY2Vwdw==\r\n")), 401);
}

#[test]
fn who_fails_twice_on_a_connection_is_not_asked_again() {
    let gateway = door(&site(), &[]);
    let mut stream = plain(gateway.web());
    let bad = "Authorization: Negotiate AAAA\r\n";
    assert_eq!(status(&ask(&mut stream, bad)), 401);
    let second = ask(&mut stream, bad);
    assert_eq!((status(&second), answered(&second)), (403, None));
    assert_eq!(status(&ask(&mut stream, &authorization())), 200, "a good token is good all the same");
}

#[test]
fn a_page_of_another_site_is_refused_before_any_challenge() {
    let site = site();
    let gateway = door(&site, &["--allow-origin", "https://friend.test"]);
    for lines in [
        "Origin: http://evil.test\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: http://localhost\r\nSec-Fetch-Site: cross-site\r\n",
    ] {
        let answer = ask_once(&gateway, &(authorization() + lines));
        assert_eq!((status(&answer), answered(&answer)), (403, None), "{lines}");
    }
    assert!(!site.was_asked());
    for lines in
        ["Origin: http://localhost\r\n", "Origin: https://friend.test\r\nSec-Fetch-Site: cross-site\r\n", ""]
    {
        assert_eq!(status(&ask_once(&gateway, &(authorization() + lines))), 200, "{lines}");
    }
}

#[test]
fn a_role_is_needed_and_who_lacks_it_gets_403_with_the_proof() {
    let site = site();
    let flags =
        ["--require-role", "staff", "--grant", "staff=principal:alice@TGG.TEST", "--grant", "guest=*"];
    let gateway = door(&site, &flags);
    assert_eq!(status(&ask_once(&gateway, &authorization())), 200);
    site.head();

    let bobs = ticket_of("bob", "bobpw", ["HTTP", "gw.tgg.test"]);
    let options = NegotiateOptions::default();
    let mut bob = Negotiate::new(&bobs, &options, now(), &mut dice).unwrap();
    let denied = ask_once(&gateway, &field(bob.token()));
    assert_eq!(status(&denied), 403);
    let Step::Done(context) = bob.reply(&answered(&denied).unwrap()).unwrap() else { panic!("not done") };
    assert!(context.proved, "bob knows who turned him away");
    assert!(!site.was_asked());
    let record = admission(&gateway, "role_missing");
    assert_eq!((&record["client"], &record["roles"]), (&"bob@TGG.TEST".into(), &"guest".into()));
    assert!(message(&record).contains("--grant"), "{record}");
}

#[test]
fn a_local_name_is_what_the_back_end_is_told() {
    let site = site();
    let flags = ["--auth-to-local", "RULE:[1:$1@$0](.*@TGG\\.TEST)s/@.*//"];
    let gateway = door(&site, &flags);
    assert_eq!(ask_once(&gateway, &authorization()).ahead, b"alice");
    assert_eq!(admission(&gateway, "granted")["client"], "alice@TGG.TEST");
}

#[test]
fn flags_that_cannot_be_meant_are_refused_at_the_start() {
    let keytab = realm().dir().join("services.keytab");
    let keytab = keytab.to_str().unwrap();
    let start = |listen, flags: &[&str]| {
        let before = ["tpg", "--listen", listen, "--keytab", keytab, "--connect", "ws://127.0.0.1:9"];
        exit_code(&[&before, flags].concat())
    };
    for (listen, flags, says) in [
        ("127.0.0.1:0", &["--require-role", "staff"][..], "--grant staff="),
        ("127.0.0.1:0", &["--auth-to-local", "DEFAULT"], "--default-realm"),
        ("127.0.0.1:0", &["--grant", "staff"], "ROLE=principal:"),
        ("0.0.0.0:0", &[], "--allow-cleartext"),
    ] {
        let (code, stderr) = start(listen, flags);
        assert_eq!(code, Some(64), "{flags:?}: {stderr}");
        assert!(stderr.contains(says), "{flags:?}: {stderr}");
    }
    let (code, stderr) = start("127.0.0.1:0", &["--principal", "HTTP/nobody.test"]);
    assert_eq!(code, Some(78), "{stderr}");
    assert!(stderr.contains("no usable key for HTTP/nobody.test"), "{stderr}");
}

#[test]
fn one_line_for_people_says_who_why_and_what_to_do() {
    let site = site();
    let gateway = Gateway::tpg_text(&["--connect", &site.url("http"), "--principal", "HTTP/localhost"]);
    assert_eq!(status(&ask_once(&gateway, &authorization())), 401);
    let log = gateway.wait_for_log("Refused");
    let line = log.lines().find(|line| line.contains("Refused")).unwrap();
    for part in ["HTTP/gw.tgg.test@TGG.TEST", "not_us", "HTTP/localhost", "add --principal"] {
        assert!(line.contains(part), "{part} is missing in {line}");
    }
}
