//! What a client notices when a KDC is dead, hangs, answers nonsense or dies half-way: as little as can be.

mod believed;
mod once;
mod repeated;

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex},
};

use krb::error_code::{KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_SVC_UNAVAILABLE};
use tgg::exchange::HEDGE;

use crate::{
    forged_kdc::{Does, ForgedKdc, Refusing, refusal},
    initiator::{as_req, as_req_in, error_code, large_as_req, large_proving_as_req, whole_exchange},
    world::{Gateway, PATIENCE, realm},
    ws_client::{Form, Socket},
};

/// A gateway whose shared realm has these KDCs.
fn gateway(kdcs: &[SocketAddr], flags: &[&str]) -> Gateway {
    let kdcs: Vec<_> = kdcs.iter().map(ToString::to_string).collect();
    let kdcs = format!("{}={}", realm().name(), kdcs.join(","));
    Gateway::start(&[&["--kdc", &kdcs], flags].concat())
}

/// Microseconds that so many exchanges took, by their records.
fn took(gateway: &Gateway, exchanges: usize) -> Vec<u64> {
    let records = gateway.wait_for_records(exchanges);
    records.iter().map(|line| line["took_us"].as_u64().unwrap()).collect()
}

/// Microseconds that a client's first request takes; the best of three, for machines are busy.
fn first_takes(kdcs: &[SocketAddr], request: &[u8]) -> u64 {
    let times = (0..3).map(|_| {
        let gateway = gateway(kdcs, &[]);
        let answer = Socket::open(&gateway, Form::Framed).ask(request);
        assert_eq!(error_code(&answer), KDC_ERR_PREAUTH_REQUIRED);
        took(&gateway, 1)[0]
    });
    times.min().unwrap()
}

#[test]
fn a_dead_first_kdc_costs_less_than_fifty_milliseconds() {
    let (dead, alive) = (Refusing::new(), ForgedKdc::refusing(KDC_ERR_PREAUTH_REQUIRED));
    for request in [as_req("alice"), large_as_req()] {
        let took = first_takes(&[dead.addr(), alive.addr()], &request);
        assert!(took < 50_000, "{took}");
    }
}

#[test]
fn a_dead_first_kdc_does_not_keep_anybody_from_a_ticket() {
    let dead = Refusing::new();
    let gateway = gateway(&[dead.addr(), realm().kdc_addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    whole_exchange(&mut |request| socket.ask(request));
}

#[test]
fn a_first_kdc_that_hangs_costs_less_than_a_second_and_a_half_and_only_once() {
    let hung = realm().second_kdc().unwrap();
    hung.freeze().unwrap();
    let gateway = gateway(&[hung.addr(), realm().kdc_addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    // The second request proves the password and may reach one KDC only: it must be the right one.
    whole_exchange(&mut |request| socket.ask(request));
    let took = took(&gateway, 3);
    assert!(took[0] < 1_500_000 && took[1] < 900_000 && took[2] < 900_000, "{took:?}");
    hung.thaw().unwrap();
}

#[test]
fn a_first_kdc_that_answers_garbage_does_not_keep_anybody_from_a_ticket() {
    let liar = ForgedKdc::start(|_| Does::Says(b"garbage".to_vec()));
    let gateway = gateway(&[liar.addr(), realm().kdc_addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    whole_exchange(&mut |request| socket.ask(request));
    assert_eq!(error_code(&socket.ask(&large_as_req())), 6, "over TCP");
    assert!(gateway.log().contains("Reply is not believed"));
}

#[test]
fn a_kdc_that_reads_and_breaks_off_is_followed_by_the_next_at_once() {
    let broken = ForgedKdc::start(|_| Does::Writes(Vec::new()));
    let alive = ForgedKdc::refusing(KDC_ERR_PREAUTH_REQUIRED);
    let took = first_takes(&[broken.addr(), alive.addr()], &large_as_req());
    assert!(took < 900_000, "{took}");
    assert_eq!(broken.heard().len(), 3);
}

#[test]
fn a_kdc_that_is_killed_between_two_requests_of_a_client_is_replaced() {
    let killed = realm().second_kdc().unwrap();
    let gateway = gateway(&[killed.addr(), realm().kdc_addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    let mut asked = 0;
    whole_exchange(&mut |request| {
        asked += 1;
        if asked == 2 {
            killed.kill().unwrap();
        }
        socket.ask(request)
    });
    let kdcs: Vec<_> = gateway.wait_for_records(3).iter().map(|line| line["kdc"].clone()).collect();
    let (first, second) = (killed.addr().to_string(), realm().kdc_addr().to_string());
    assert_eq!(kdcs, [first, second.clone(), second]);
}

#[test]
fn a_realm_known_to_be_dead_is_answered_at_once_and_costs_no_processor_time() {
    let (one, other) = (Refusing::new(), Refusing::new());
    let gateway = gateway(&[one.addr(), other.addr()], &["--principal-rate", "0"]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    let mut refused = |times: usize| {
        for _ in 0..times {
            assert_eq!(error_code(&socket.ask(&as_req("alice"))), KDC_ERR_SVC_UNAVAILABLE);
        }
    };
    refused(10);
    gateway.wait_for_log("KDC is down");
    let before = gateway.cpu_seconds();
    refused(100);
    let mut known = took(&gateway, 110).split_off(10);
    known.sort_unstable();
    // A few may be held up by whatever else the machine does.
    assert!(known[90] < 100_000, "{known:?}");
    // Nobody asks any more, and the KDCs are probed.
    gateway.wait_until_log("probes", |log| log.matches("\"Probed\"").count() >= 4);
    let spent = gateway.cpu_seconds() - before;
    assert!(spent < 1.0, "{spent} seconds of processor time");
}

#[test]
fn a_realm_that_came_back_is_served_again() {
    let kdc = realm().second_kdc().unwrap();
    kdc.kill().unwrap();
    let gateway = gateway(&[kdc.addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    while !gateway.log().contains("KDC is down") {
        assert_eq!(error_code(&socket.ask(&as_req("alice"))), KDC_ERR_SVC_UNAVAILABLE);
    }
    kdc.restart().unwrap();
    gateway.wait_for_log("KDC is back");
    whole_exchange(&mut |request| socket.ask(request));
}

#[test]
fn a_kdc_that_hangs_is_not_thought_back_because_connections_open() {
    let kdc = realm().second_kdc().unwrap();
    kdc.freeze().unwrap();
    let gateway = gateway(&[kdc.addr()], &["--deadline", "1.2"]);
    let mut socket = Socket::open(&gateway, Form::Mux);
    for id in 0..3 {
        socket.request(&as_req("alice"), id);
    }
    for _ in 0..3 {
        assert_eq!(error_code(&socket.answer().1), KDC_ERR_SVC_UNAVAILABLE);
    }
    gateway.wait_for_log("KDC is down");
    gateway.wait_until_log("probes", |log| log.matches("\"Probed\"").count() >= 2);
    for _ in 0..3 {
        assert_eq!(error_code(&socket.ask(&as_req("alice"))), KDC_ERR_SVC_UNAVAILABLE);
    }
    assert!(took(&gateway, 6)[3..].iter().any(|took| *took < 100_000));
    assert!(!gateway.log().contains("KDC is back"));
    kdc.thaw().unwrap();
    gateway.wait_for_log("KDC is back");
    socket.assert_serves();
}

/// Holds back answers until a test lets them go, and counts how many are held.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<Held>, Condvar)>);

#[derive(Default)]
struct Held {
    now: usize,
    most: usize,
    open: bool,
}

impl Gate {
    fn pass(&self) {
        let (held, changed) = &*self.0;
        let mut held = held.lock().unwrap();
        held.now += 1;
        held.most = held.most.max(held.now);
        let (mut held, _) = changed.wait_timeout_while(held, PATIENCE, |held| !held.open).unwrap();
        held.now -= 1;
    }

    /// Lets all go; the most that were held at once.
    fn open(&self) -> usize {
        let mut held = self.0.0.lock().unwrap();
        held.open = true;
        self.0.1.notify_all();
        held.most
    }
}

fn slow_kdc(gate: &Gate) -> ForgedKdc {
    let gate = gate.clone();
    ForgedKdc::start(move |_| {
        gate.pass();
        Does::Says(refusal(KDC_ERR_PREAUTH_REQUIRED))
    })
}

#[test]
fn one_kdc_is_asked_over_at_most_32_connections_at_once() {
    let gate = Gate::default();
    let kdc = slow_kdc(&gate);
    let gateway = gateway(&[kdc.addr()], &["--principal-rate", "0"]);
    let mut sockets = [Socket::open(&gateway, Form::Mux), Socket::open(&gateway, Form::Mux)];
    for socket in &mut sockets {
        for id in 0..50 {
            socket.request(&large_as_req(), id);
        }
        // Requests are taken in order, so with this refusal all of them have been.
        socket.request_in("NOWHERE.TEST", &as_req_in("alice", "NOWHERE.TEST"), 99);
        let (id, answer) = socket.answer();
        assert_eq!((id, error_code(&answer)), (99, 68));
    }
    kdc.wait_for(32);
    assert_eq!(gate.open(), 32);
    for socket in &mut sockets {
        for _ in 0..50 {
            assert_eq!(error_code(&socket.answer().1), KDC_ERR_PREAUTH_REQUIRED);
        }
    }
    assert_eq!(kdc.heard().len(), 100);
}

#[test]
fn a_kdc_whose_connections_are_all_taken_is_not_thought_dead() {
    let gate = Gate::default();
    let kdc = slow_kdc(&gate);
    let gateway = gateway(&[kdc.addr()], &[]);
    let mut socket = Socket::open(&gateway, Form::Mux);
    for id in 0..32 {
        socket.request(&large_as_req(), id);
    }
    kdc.wait_for(32);
    for id in 32..37 {
        socket.request(&large_proving_as_req(), id);
    }
    // Looks for a place end after a second, in case another KDC has one, and begin again.
    kdc.stays_at(32, HEDGE + HEDGE / 2);
    gate.open();
    for _ in 0..37 {
        assert_eq!(error_code(&socket.answer().1), KDC_ERR_PREAUTH_REQUIRED);
    }
    assert!(!gateway.log().contains("KDC is down"));
    socket.assert_serves();
}
