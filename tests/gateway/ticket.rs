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
use krb::{
    crypto::{Key, Usage, UsageKeys},
    keytab::Keytab,
    msg::opened::EncTicketPart,
    name::{NT_SRV_HST, PrincipalName},
};
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

/// The service's key that sealed alice's ticket.
pub(crate) fn service_key() -> Key {
    let keytab = Keytab::read(&std::fs::read(realm().dir().join("services.keytab")).unwrap()).unwrap();
    let ticket = &alices().ticket;
    let entry = keytab.entries.iter().find(|entry| {
        entry.principal.name.same_name(&ticket.sname) && entry.key.keytype == ticket.enc_part.etype
    });
    Key::try_from(&entry.unwrap().key).unwrap()
}

/// Alice's ticket as no KDC made it: with what is sealed in it changed. Its client is whom it names then.
pub(crate) fn forged(change: impl FnOnce(&mut EncTicketPart)) -> Credential {
    let keys = UsageKeys::derive(&service_key(), Usage::TICKET).unwrap();
    let mut part = EncTicketPart::decode(&keys.open_data(&alices().ticket.enc_part).unwrap()).unwrap();
    change(&mut part);
    let mut credential = alices().clone();
    credential.client.name = part.cname.clone();
    credential.client.krb_realm = part.crealm.clone();
    credential.ticket.enc_part = keys.seal_data(&[9; 16], &part.encode().unwrap());
    credential
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
