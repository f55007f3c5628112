//! A proof of the password is read by one KDC; what proves nothing is asked elsewhere after a second.

use std::{net::SocketAddr, time::Duration};

use krb::error_code::{KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_SVC_UNAVAILABLE, KRB_ERR_RESPONSE_TOO_BIG};
use tgg::exchange::Transport;

use super::gateway;
use crate::{
    forged_kdc::{Does, ForgedKdc, refusal},
    initiator::{as_req, error_code, large_as_req, password_change, proving_as_req, tgs_req, tgt},
    world::Gateway,
    ws_client::{Form, Socket},
};

/// What each of the two KDCs does that ruin a request after they have read it.
fn ruins() -> [ForgedKdc; 3] {
    [
        ForgedKdc::silent(),
        ForgedKdc::start(|_| Does::Writes(Vec::new())),
        ForgedKdc::start(|_| Does::Says(b"garbage".to_vec())),
    ]
}

fn second() -> ForgedKdc {
    ForgedKdc::refusing(KDC_ERR_PREAUTH_REQUIRED)
}

#[test]
fn a_request_that_proves_the_password_never_reaches_a_second_kdc() {
    let request = proving_as_req();
    for first in ruins() {
        let second = second();
        let gateway = gateway(&[first.addr(), second.addr()], &["--deadline", "3"]);
        let answer = Socket::open(&gateway, Form::Framed).ask(&request);
        assert_eq!(error_code(&answer), KDC_ERR_SVC_UNAVAILABLE);
        assert!(first.heard().iter().all(|heard| heard.message == request) && !first.heard().is_empty());
        assert!(second.heard().is_empty(), "{:?}", second.heard());
    }
}

#[test]
fn a_proof_in_a_datagram_is_repeated_to_its_own_kdc_and_to_no_other() {
    let proof = proving_as_req();
    let (asked, second) = (proof.clone(), second());
    let first = ForgedKdc::start(move |heard| {
        if heard.message == asked { Does::Nothing } else { Does::Says(refusal(KDC_ERR_PREAUTH_REQUIRED)) }
    });
    let gateway = gateway(&[first.addr(), second.addr()], &["--deadline", "2.5"]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    // That datagrams arrive is known from here on.
    socket.assert_serves();
    assert_eq!(error_code(&socket.ask(&proof)), KDC_ERR_SVC_UNAVAILABLE);
    let sent: Vec<_> = first.heard().into_iter().filter(|heard| heard.message == proof).collect();
    assert!(sent.len() >= 2 && sent.iter().all(|heard| heard.over == Transport::Udp), "{sent:?}");
    assert!(second.heard().is_empty(), "{:?}", second.heard());
}

#[test]
fn a_password_change_never_reaches_a_second_server() {
    let request = password_change();
    for first in ruins() {
        let second = second();
        let kpasswd = format!("TGG.TEST={},{}", first.addr(), second.addr());
        let flags = ["--kdc", "TGG.TEST=127.0.0.1:1", "--kpasswd", &kpasswd, "--deadline", "3"];
        let gateway = Gateway::start(&flags);
        let answer = Socket::open(&gateway, Form::Framed).ask(&request);
        assert_eq!(error_code(&answer), KDC_ERR_SVC_UNAVAILABLE);
        assert!(first.heard().iter().all(|heard| heard.message == request) && !first.heard().is_empty());
        assert!(second.heard().is_empty(), "{:?}", second.heard());
    }
}

/// Asks a silent KDC, and with it one that answers; when each was asked first.
#[track_caller]
fn hedged(request: &[u8]) -> Duration {
    let (silent, second) = (ForgedKdc::silent(), second());
    let gateway = gateway(&[silent.addr(), second.addr()], &[]);
    let answer = Socket::open(&gateway, Form::Framed).ask(request);
    assert_eq!(error_code(&answer), KDC_ERR_PREAUTH_REQUIRED);
    let (first, then) = (&silent.heard()[0], &second.heard()[0]);
    assert!(first.message == request && then.message == request);
    then.at.since(first.at)
}

#[test]
fn what_proves_no_password_is_sent_to_the_second_kdc_after_about_a_second() {
    for request in [as_req("alice"), large_as_req(), tgs_req(&tgt())] {
        // The better of two, for machines are busy.
        let apart = hedged(&request).min(hedged(&request));
        let about = Duration::from_millis(500)..Duration::from_millis(1500);
        assert!(about.contains(&apart), "{apart:?}");
    }
}

#[test]
fn a_lost_datagram_is_sent_again() {
    let lost_once = std::sync::Mutex::new(None);
    let kdc = ForgedKdc::start(move |heard| {
        let mut lost = lost_once.lock().unwrap();
        let is_first = *lost.get_or_insert(heard.at) == heard.at;
        if is_first || heard.over == Transport::Tcp {
            Does::Nothing
        } else {
            Does::Says(refusal(KDC_ERR_PREAUTH_REQUIRED))
        }
    });
    let gateway = gateway(&[kdc.addr()], &[]);
    let request = as_req("alice");
    let answer = Socket::open(&gateway, Form::Framed).ask(&request);
    assert_eq!(error_code(&answer), KDC_ERR_PREAUTH_REQUIRED);
    let datagrams = kdc.heard().into_iter().filter(|heard| heard.over == Transport::Udp);
    assert_eq!(datagrams.map(|heard| heard.message).collect::<Vec<_>>(), [request.clone(), request]);
}

/// Answers datagrams as a KDC whose reply is too long for them, and streams as usual.
fn too_big() -> ForgedKdc {
    ForgedKdc::start(|heard| {
        let udp = heard.over == Transport::Udp;
        Does::Says(refusal(if udp { KRB_ERR_RESPONSE_TOO_BIG } else { KDC_ERR_PREAUTH_REQUIRED }))
    })
}

fn transports(kdc: &ForgedKdc) -> Vec<Transport> {
    kdc.heard().iter().map(|heard| heard.over).collect()
}

#[test]
fn a_reply_too_big_for_a_datagram_is_asked_for_over_tcp_from_the_same_kdc_and_not_repeated() {
    let (first, second) = (too_big(), second());
    let gateway = gateway(&[first.addr(), second.addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    socket.assert_serves();
    assert_eq!(transports(&first), [Transport::Udp, Transport::Tcp]);
    // What is asked then goes in no datagram any more.
    assert_eq!(error_code(&socket.ask(&proving_as_req())), KDC_ERR_PREAUTH_REQUIRED);
    assert_eq!(transports(&first), [Transport::Udp, Transport::Tcp, Transport::Tcp]);
    assert!(second.heard().is_empty());
}

#[test]
fn a_large_request_goes_over_tcp_at_once() {
    let kdc = second();
    let addresses: [SocketAddr; 1] = [kdc.addr()];
    let gateway = gateway(&addresses, &[]);
    let answer = Socket::open(&gateway, Form::Framed).ask(&large_as_req());
    assert_eq!(error_code(&answer), KDC_ERR_PREAUTH_REQUIRED);
    assert_eq!(transports(&kdc), [Transport::Tcp]);
}
