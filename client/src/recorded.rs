//! The recorded exchanges of tests/data/client, whose README says what the
//! clock and the dice were.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use krb::crypto::{Enctype, Key};
use krb::name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName};

use crate::{AsExchange, AsStep, Credential, TicketOptions};

/// When the recordings were made.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(1795328385253897)
}

/// The dice of the recordings, at the start of a case.
pub(crate) fn dice() -> impl FnMut(&mut [u8]) {
    let mut last = 0_u8;
    move |octets: &mut [u8]| {
        for octet in octets {
            last = last.wrapping_add(1);
            *octet = last;
        }
    }
}

/// One recorded message, such as `enctype-20/1-as-req`.
pub(crate) fn message(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/client").join(name);
    fs::read(path.with_extension("bin")).unwrap()
}

pub(crate) fn client(name: &str) -> Principal {
    Principal { name: PrincipalName::new(NT_PRINCIPAL, [name]), krb_realm: "CLIENT.TEST".into() }
}

pub(crate) fn service(host: &str) -> PrincipalName {
    PrincipalName::new(NT_SRV_HST, ["HTTP", host])
}

/// Options that offer one enctype.
pub(crate) fn only(enctype: Enctype) -> TicketOptions {
    TicketOptions { enctypes: vec![enctype], ..TicketOptions::default() }
}

/// The name of the case for one enctype.
pub(crate) fn case(enctype: Enctype) -> String {
    format!("enctype-{}", enctype.number())
}

/// The AS exchange of [`case`] before its first answer, and its dice.
pub(crate) fn start(enctype: Enctype) -> (AsExchange, impl FnMut(&mut [u8])) {
    let mut dice = dice();
    let number = enctype.number();
    let client = client(&format!("user{number}"));
    let exchange = AsExchange::new(client, &format!("pw{number}"), &only(enctype), now(), &mut dice);
    (exchange.unwrap(), dice)
}

/// The ticket-granting ticket of [`case`], and the dice after it.
pub(crate) fn tgt(enctype: Enctype) -> (Credential, impl FnMut(&mut [u8])) {
    let (mut exchange, mut dice) = start(enctype);
    let case = case(enctype);
    let asked = exchange.reply(&message(&format!("{case}/1-as-rep")), now(), &mut dice).unwrap();
    assert!(matches!(asked, AsStep::Ask));
    match exchange.reply(&message(&format!("{case}/2-as-rep")), now(), &mut dice).unwrap() {
        AsStep::Done(credential) => (credential, dice),
        AsStep::Ask => panic!("asked twice"),
    }
}

/// The key of HTTP/etN.client.test.
pub(crate) fn service_key(enctype: Enctype) -> Key {
    let digits = match enctype.number() {
        17 => "447113049dc484264f98d9e6c9ad12e4",
        18 => "390948b06bf5610d1f3f72b314ec5fb8d1d3c0eeaf29a5be9d415ab540595a1c",
        19 => "142dd75ff333b9d0dd5e571956212798",
        _ => "9d042162826de5837fa3616fe431392c1ae83a661e15c67413f7cd52516cef24",
    };
    let octets: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&digits[place..place + 2], 16).unwrap())
        .collect();
    Key::new(enctype, &octets).unwrap()
}
