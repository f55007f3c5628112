//! What a server answers to a password change: no octets that it made up are believed.

#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use client::{Credential, PasswordChange, Times};
use krb::{
    crypto::{Enctype, Key},
    flags::Flags,
    msg::{HostAddress, ticket::Ticket},
    name::{NT_PRINCIPAL, Principal, PrincipalName},
    sealed::EncryptedData,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let principal = |name: &str| Principal {
        name: PrincipalName::new(NT_PRINCIPAL, [name]),
        krb_realm: "A".into(),
    };
    let sealed = EncryptedData { etype: 18, kvno: None, cipher: vec![7; 32].into() };
    let ticket = Credential {
        client: principal("alice"),
        server: principal("changepw"),
        key: Key::new(Enctype::Aes256CtsHmacSha1_96, &[7; 32]).expect("a key of 32 octets"),
        times: Times { auth: now, start: now, end: now, renew_till: None },
        flags: Flags::with(&[]),
        addresses: Vec::new(),
        ticket: Ticket::new("A".into(), principal("changepw").name, sealed),
    };
    let sender = HostAddress { addr_type: 2, address: vec![127, 0, 0, 1].into() };
    let mut dice = |octets: &mut [u8]| octets.fill(9);
    let change = PasswordChange::new(&ticket, "new", sender, now, &mut dice).expect("a request");
    assert!(change.reply(octets).is_err());
});
