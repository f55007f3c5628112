//! Tickets for the gateway's own service, and the tokens that present them.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use client::{
    Credential, TgsExchange, TicketOptions,
    negotiate::{Negotiate, NegotiateOptions},
};
use krb::name::{NT_SRV_HST, PrincipalName};
use testkdc::Realm;
use ticketgate::ambient;

use crate::{
    initiator::{directly, tgt_in},
    world::realm,
};

/// The time as `client` takes it.
pub(crate) fn now() -> SystemTime {
    let (seconds, micros) = ambient::time_of_day();
    UNIX_EPOCH + Duration::new(seconds.unsigned_abs(), micros * 1000)
}

pub(crate) fn dice(octets: &mut [u8]) {
    getrandom::fill(octets).unwrap();
}

/// A new ticket of this user for a service of the shared realm, from the KDC directly.
pub(crate) fn ticket_of(user: &str, password: &str, service: [&str; 2]) -> Credential {
    ticket_in(realm(), user, password, service)
}

/// The same in another realm.
pub(crate) fn ticket_in(realm: &Realm, user: &str, password: &str, service: [&str; 2]) -> Credential {
    let tgt = tgt_in(realm, user, password);
    let name = PrincipalName::new(NT_SRV_HST, service);
    let exchange = TgsExchange::new(&tgt, name, &TicketOptions::default(), now(), &mut dice).unwrap();
    exchange.reply(&directly(realm.kdc_addr(), exchange.request())).unwrap()
}

/// A new ticket of alice's for HTTP/gw.tgg.test as these options have it.
pub(crate) fn ticket_with(options: &TicketOptions) -> Credential {
    let tgt = tgt_in(realm(), "alice", "alicepw");
    let name = PrincipalName::new(NT_SRV_HST, ["HTTP", "gw.tgg.test"]);
    let exchange = TgsExchange::new(&tgt, name, options, now(), &mut dice).unwrap();
    exchange.reply(&directly(realm().kdc_addr(), exchange.request())).unwrap()
}

/// Alice's ticket for HTTP/gw.tgg.test, which most tests share.
pub(crate) fn alices() -> &'static Credential {
    static TICKET: OnceLock<Credential> = OnceLock::new();
    TICKET.get_or_init(|| ticket_of("alice", "alicepw", ["HTTP", "gw.tgg.test"]))
}

/// A token of alice's that nobody has seen, and what verifies the answer.
pub(crate) fn token(options: &NegotiateOptions) -> Negotiate {
    Negotiate::new(alices(), options, now(), &mut dice).unwrap()
}

/// The field that presents a token.
pub(crate) fn field(token: &[u8]) -> String {
    format!("Authorization: Negotiate {}\r\n", STANDARD.encode(token))
}

/// The field that presents a new token of alice's: a whole line.
pub(crate) fn authorization() -> String {
    field(token(&NegotiateOptions::default()).token())
}
