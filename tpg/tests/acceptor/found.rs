//! What the operator is told of a token, whatever became of it: as much as was reached.

use client::negotiate::client_target;
use krb::{
    crypto::Enctype,
    gss::{Mech, checksum::GssFlags},
    msg::{HostAddress, addr_type},
};
use tpg::{found::Outside, groups::Judged, negotiation::Wrapping};

use crate::forge::{Door, Forge, NOW, alice, gw, instant, key, time};

/// A token that has everything, and is bound to a connection that nobody has.
fn rich() -> Forge {
    let mut forge = Forge { clock: instant(NOW + 7, 5), ..Forge::mutual() };
    forge.options.bindings = Some([0xb; 16]);
    forge.options.authorization_data.push(client_target("HTTP/gw.tgg.test"));
    forge.part.caddr =
        Some(vec![HostAddress { addr_type: addr_type::IPV4, address: [192, 0, 2, 1][..].into() }]);
    forge
}

#[test]
fn everything_is_told_of_a_token_that_is_good() {
    let door = Door { bindings: vec![[0xb; 16]], ..Door::default() };
    let found = door.judge(&rich().token(), None).found;
    assert_eq!(found.wrapping, Some(Wrapping::Spnego(Mech::Krb5)));
    assert_eq!(found.ticket, Some(Outside { service: gw(), enctype: 18, kvno: Some(1) }));
    assert_eq!(found.mutual, Some(true));
    assert_eq!(found.key.map(|key| (key.principal, key.kvno)), Some((gw(), 1)));
    assert_eq!(found.client, Some(alice()));
    assert_eq!(found.times.map(|times| times.ends.kerberos()), Some(time(NOW + 9 * 3600)));
    assert_eq!(found.flags, Some(rich().part.flags.word()));
    assert_eq!(found.addresses, Some(1));
    assert_eq!(found.session_enctype, Some(18));
    assert_eq!(found.made.map(|made| (made.seconds(), made.micros())), Some((NOW + 7, 5)));
    assert_eq!(found.subkey_enctype, Some(18));
    assert_eq!(found.gss_flags, Some(GssFlags::INTEG.with(GssFlags::MUTUAL)));
    assert_eq!(found.bindings, Some([0xb; 16]));
    assert_eq!(found.target.as_deref(), Some("HTTP/gw.tgg.test"));
    assert!(matches!(found.pac, Some(Judged::Absent)));
}

#[test]
fn of_a_token_that_is_refused_late_as_much_is_told() {
    let (door, token) = (Door { bindings: vec![[0xb; 16]], ..Door::default() }, rich().token());
    let first = door.judge(&token, None).found;
    let (_, _, found) = door.refusal(&token);
    assert_eq!(format!("{found:?}"), format!("{first:?}"));
}

#[test]
fn of_a_ticket_that_no_key_opens_the_outside_is_told() {
    let forge = Forge { key: key(Enctype::Aes256CtsHmacSha1_96, 0x99), ..rich() };
    let (_, _, found) = Door::default().refusal(&forge.token());
    assert_eq!(found.ticket, Some(Outside { service: gw(), enctype: 18, kvno: Some(1) }));
    assert!(found.key.is_none() && found.client.is_none() && found.made.is_none());
}

#[test]
fn of_an_authenticator_that_cannot_be_opened_the_ticket_is_told() {
    let other = key(Enctype::Aes256CtsHmacSha1_96, 0x99);
    let (_, _, found) = Door::default().refusal(&rich().token_with(|draft| draft.session = other));
    assert_eq!((found.client, found.session_enctype, found.made), (Some(alice()), Some(18), None));
}

#[test]
fn how_a_token_came_is_told_even_if_nothing_in_it_can_be_read() {
    let token = rich().token_with(|draft| draft.inner = Mech::Iakerb);
    let (_, _, found) = Door::default().refusal(&token);
    assert_eq!(found.wrapping, Some(Wrapping::Spnego(Mech::Krb5)));
}
