//! Negotiations of several tokens, each in a request of its own on one connection.

use client::negotiate::{NegotiateOptions, Step};
use krb::gss::Mech;

use super::{admission, answered, ask, ask_once, door, site, status};
use crate::{
    ticket::{field, token},
    ws_client::plain,
};

fn not_first(mutual: bool) -> NegotiateOptions {
    NegotiateOptions { mechs: vec![Mech::Ntlm, Mech::Krb5], mutual, ..NegotiateOptions::default() }
}

#[test]
fn who_prefers_another_mechanism_signs_the_list_and_is_let_in() {
    for mutual in [false, true] {
        let site = site();
        let gateway = door(&site, &[]);
        let mut alice = token(&not_first(mutual));
        let mut stream = plain(gateway.web());
        let mut next = alice.token().to_vec();
        let mut statuses = Vec::new();
        let proved = loop {
            let answer = ask(&mut stream, &field(&next));
            statuses.push(status(&answer));
            match alice.reply(&answered(&answer).unwrap()).unwrap() {
                Step::Send(token) => next = token,
                Step::Done(context) => break context.proved,
            }
        };
        let wanted: &[u16] = if mutual { &[401, 401, 200] } else { &[401, 200] };
        assert_eq!((statuses.as_slice(), proved), (wanted, mutual));
    }
}

#[test]
fn the_second_token_means_nothing_on_another_connection() {
    let site = site();
    let gateway = door(&site, &[]);
    let mut alice = token(&not_first(false));
    let answer = ask_once(&gateway, &field(alice.token()));
    let Step::Send(second) = alice.reply(&answered(&answer).unwrap()).unwrap() else {
        panic!("done already")
    };
    assert_eq!(status(&ask_once(&gateway, &field(&second))), 401);
    admission(&gateway, "later_token");
    assert!(!site.was_asked());
}

#[test]
fn windows_lists_its_own_oid_first_and_is_let_in_at_once() {
    let gateway = door(&site(), &[]);
    let mechs = vec![Mech::MsKrb5, Mech::Krb5, Mech::NegoEx, Mech::Ntlm];
    let alice = token(&NegotiateOptions { mechs, mutual: false, ..NegotiateOptions::default() });
    let answer = ask_once(&gateway, &field(alice.token()));
    assert_eq!(status(&answer), 200);
    // The OID as the client listed it (acceptor that MIT is gives the same octets).
    assert_eq!(answer.value("www-authenticate"), "Negotiate oRQwEqADCgEAoQsGCSqGSIL3EgECAg==");
}

#[test]
fn a_token_of_kerberos_alone_needs_no_negotiation() {
    let gateway = door(&site(), &[]);
    let bare = |mutual| NegotiateOptions { mechs: Vec::new(), mutual, ..NegotiateOptions::default() };
    let silent = ask_once(&gateway, &field(token(&bare(false)).token()));
    assert_eq!((status(&silent), answered(&silent)), (200, None));
    let mut alice = token(&bare(true));
    let answer = ask_once(&gateway, &field(alice.token()));
    assert!(
        matches!(alice.reply(&answered(&answer).unwrap()).unwrap(), Step::Done(context) if context.proved)
    );
}
