//! A request that is sent again and again, with a reply that no datagram carries. MIT's KDC of release 1.20 crashes at
//! the second such datagram, and no client may make the gateway send it.

use std::thread;

use client::{AsExchange, AsStep, TicketOptions};
use krb::{
    name::{NT_PRINCIPAL, Principal, PrincipalName},
    peek,
};
use testkdc::Realm;

use crate::{
    initiator::{as_req_in, error_code},
    ticket::{dice, now},
    world::Gateway,
    ws_client::{Form, Socket},
};

#[test]
fn a_repeated_request_with_a_long_reply_does_no_harm_to_the_kdc() {
    let realm = Realm::builder().start().unwrap();
    let kdc = format!("{}={}", realm.name(), realm.kdc_addr());
    let gateway = Gateway::start(&["--kdc", &kdc]);
    let mut socket = Socket::open(&gateway, Form::Framed);
    let client = Principal {
        name: PrincipalName::new(NT_PRINCIPAL, [&*realm.large_user()]),
        krb_realm: realm.name().into(),
    };
    let options = TicketOptions::default();
    let mut exchange = AsExchange::new(client, "largepw", &options, now(), &mut dice).unwrap();
    let wanted = exchange.reply(&socket.ask(exchange.request()), now(), &mut dice).unwrap();
    assert!(matches!(wanted, AsStep::Ask));
    // Datagrams are known to arrive by now, so that the proof goes in one.
    let request = exchange.request().to_vec();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut socket = Socket::open(&gateway, Form::Framed);
                for _ in 0..3 {
                    assert_eq!(peek::application_tag(&socket.ask(&request)), Some(peek::AS_REP));
                }
            });
        }
    });
    let records =
        gateway.wait_until_log("a reply that was too long", |log| log.contains("\"transport\":\"tcp\""));
    assert!(records.contains("\"transport\":\"udp\""), "the first went in a datagram");
    // The KDC is still there.
    assert_eq!(error_code(&socket.ask(&as_req_in("alice", realm.name()))), 25);
    assert!(!realm.kdc_log().contains("core"), "{}", realm.kdc_log());
}
