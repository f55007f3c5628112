//! Kerberos over WebSocket against a real KDC: every form, however it is cut, with many requests in flight.

mod ending;
mod refused;
mod upgrade;

use std::{
    collections::HashSet,
    io::Write as _,
    sync::{Arc, Condvar, Mutex},
};

use krb::{error_code::KDC_ERR_PREAUTH_REQUIRED, peek};

use crate::{
    forged_kdc::{Does, ForgedKdc, refusal_of},
    identity::Identity,
    initiator::{
        as_req, as_req_in, error_code, framed, tgs_req, tgt, whole_exchange,
        whole_exchange_with_authorization_data,
    },
    world::{Gateway, PATIENCE, realm},
    ws_client::{Form, Socket},
};

/// A realm of a forged KDC that stays silent until it is let go.
pub(crate) struct SlowRealm {
    pub(crate) kdc: ForgedKdc,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

pub(crate) const SLOW: &str = "SLOW.TEST";

impl SlowRealm {
    pub(crate) fn new() -> Self {
        let gate = Arc::<(Mutex<bool>, Condvar)>::default();
        let closed = Arc::clone(&gate);
        let kdc = ForgedKdc::start(move |_| {
            let (open, changed) = &*closed;
            let waited = changed.wait_timeout_while(open.lock().unwrap(), PATIENCE, |open| !*open);
            drop(waited.unwrap());
            Does::Says(refusal_of(SLOW, KDC_ERR_PREAUTH_REQUIRED))
        });
        Self { kdc, gate }
    }

    pub(crate) fn flag(&self) -> String {
        format!("{SLOW}={}", self.kdc.addr())
    }

    pub(crate) fn let_go(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }
}

#[test]
fn a_password_becomes_a_service_ticket_in_every_form_over_ws() {
    let gateway = Gateway::before_realm(&[]);
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        whole_exchange(&mut |request| socket.ask(request));
    }
}

#[test]
fn a_password_becomes_a_service_ticket_in_every_form_over_wss() {
    let identity = Identity::new();
    let tls = identity.flags();
    let gateway = Gateway::before_realm(&tls.each_ref().map(String::as_str));
    for form in Form::ALL {
        let mut socket = Socket::open_tls(&gateway, &identity, form);
        whole_exchange(&mut |request| socket.ask(request));
    }
}

#[test]
fn a_ticket_with_authorization_data_beyond_a_datagram_is_fetched_over_tcp() {
    let gateway = Gateway::before_realm(&[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    let octets = 20_000;
    whole_exchange_with_authorization_data(&mut |request| socket.ask(request), octets);
    let record = gateway.wait_for_record("large ticket", |record| record["kind"] == "tgs");
    assert_eq!((&record["outcome"], &record["transport"]), (&"ticket".into(), &"tcp".into()), "{record}");
    assert!(record["octets_out"].as_u64().unwrap() > octets.try_into().unwrap(), "{record}");
}

#[test]
fn forms_may_be_mixed_on_one_undeclared_socket() {
    let gateway = Gateway::before_realm(&[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    for form in [Form::Framed, Form::Bare, Form::Kkdcp, Form::KkdcpBare, Form::Framed] {
        socket.form = form;
        socket.assert_serves();
    }
}

#[test]
fn a_stream_may_be_cut_anywhere_into_messages() {
    let gateway = Gateway::before_realm(&[]);
    for form in [Form::Framed, Form::Bare, Form::Kkdcp, Form::DeclaredFramed] {
        let mut socket = Socket::open(&gateway, form);
        for octet in form.wrap(&as_req("alice"), realm().name(), 0) {
            socket.send([octet]);
        }
        assert_eq!(error_code(&socket.answer().1), KDC_ERR_PREAUTH_REQUIRED, "{form:?}");
    }
}

#[test]
fn a_message_may_be_cut_anywhere_into_frames() {
    let gateway = Gateway::before_realm(&[]);
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        let octets = form.wrap(&as_req("alice"), realm().name(), 7);
        for (place, octet) in octets.iter().enumerate() {
            socket.send_frame(&[*octet], place == 0, place + 1 == octets.len()).unwrap();
            // A ping may come in between (RFC 6455 section 5.4).
            socket.ping();
        }
        assert_eq!(error_code(&socket.answer().1), KDC_ERR_PREAUTH_REQUIRED, "{form:?}");
    }
}

#[test]
fn one_message_may_hold_several_requests_and_a_part_of_the_next() {
    let gateway = Gateway::before_realm(&[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    let requests: Vec<u8> = ["alice", "bob", "nobody"].map(|name| framed(&as_req(name))).concat();
    let (some, rest) = requests.split_at(requests.len() - 5);
    socket.send(some);
    let codes = [socket.answer(), socket.answer()].map(|(_, answer)| error_code(&answer));
    assert_eq!(codes, [25, 25]);
    socket.send(rest);
    assert_eq!(error_code(&socket.answer().1), 6, "the third is for a client that the KDC does not know");
}

#[test]
fn a_hundred_requests_may_be_in_flight_on_one_socket() {
    let gateway = Gateway::before_realm(&["--principal-rate", "0"]);
    let ticket = tgt();
    for form in Form::ALL {
        let mut socket = Socket::open(&gateway, form);
        for id in 0..100 {
            // Every third is granted, so that an answer out of its place shows.
            let request = if id % 3 == 0 { tgs_req(&ticket) } else { as_req("alice") };
            socket.request(&request, id);
        }
        let mut ids = HashSet::new();
        for place in 0..100 {
            let (id, answer) = socket.answer();
            let asked = if form == Form::Mux { id } else { place };
            assert!(ids.insert(asked), "{asked} is answered twice");
            let expected = if asked % 3 == 0 { peek::TGS_REP } else { peek::KRB_ERROR };
            assert_eq!(peek::application_tag(&answer), Some(expected), "{form:?} {asked}");
        }
    }
}

#[test]
fn with_mux_an_answer_of_a_slow_realm_does_not_hold_up_the_others() {
    let slow = SlowRealm::new();
    let gateway = Gateway::before_realm(&["--kdc", &slow.flag()]);
    let mut socket = Socket::open(&gateway, Form::Mux);
    socket.request_in(SLOW, &as_req_in("alice", SLOW), 1);
    slow.kdc.wait_for(1);
    for id in 2..10 {
        socket.request(&as_req("alice"), id);
    }
    let early: HashSet<u32> = (2..10).map(|_| socket.answer().0).collect();
    assert_eq!(early, (2..10).collect());
    slow.let_go();
    let (id, answer) = socket.answer();
    assert_eq!((id, peek::krb_error(&answer).unwrap().realm), (1, SLOW.as_bytes()));
}

#[test]
fn without_mux_answers_stay_in_order() {
    for form in [Form::Framed, Form::Bare, Form::Kkdcp, Form::DeclaredFramed, Form::DeclaredKkdcp] {
        let slow = SlowRealm::new();
        let gateway = Gateway::before_realm(&["--kdc", &slow.flag()]);
        let mut socket = Socket::open(&gateway, form);
        socket.request_in(SLOW, &as_req_in("alice", SLOW), 0);
        slow.kdc.wait_for(1);
        socket.request(&as_req("alice"), 0);
        // Its record is written once its answer is there, so from here on it could overtake.
        gateway.wait_for_log("KDC_ERR_PREAUTH_REQUIRED");
        slow.let_go();
        let answers = [socket.answer().1, socket.answer().1];
        let realms = answers.each_ref().map(|answer| peek::krb_error(answer).unwrap().realm);
        assert_eq!(realms, [SLOW.as_bytes(), realm().name().as_bytes()], "{form:?}");
    }
}

#[test]
fn frames_that_come_with_the_upgrade_are_read() {
    let gateway = Gateway::before_realm(&[]);
    let request = framed(&as_req("alice"));
    // A client's frame (RFC 6455 section 5.2): final, binary, masked with zeros, 16 bits of length.
    let mut octets = upgrade::head("/", "").into_bytes();
    octets.extend_from_slice(&[0x82, 0xfe]);
    octets.extend_from_slice(&u16::try_from(request.len()).unwrap().to_be_bytes());
    octets.extend_from_slice(&[0; 4]);
    octets.extend_from_slice(&request);
    let mut stream = crate::ws_client::plain(gateway.web());
    stream.write_all(&octets).unwrap();
    assert!(upgrade::answer(&mut stream).starts_with("HTTP/1.1 101 "));
    let mut socket = Socket::upgraded(stream, Form::Framed);
    assert_eq!(error_code(&socket.answer().1), KDC_ERR_PREAUTH_REQUIRED);
}
