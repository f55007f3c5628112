//! What the sealed part of a ticket must say (RFC 4120 sections 2.7, 3.2.3 and 5.3).

use krb::{
    flags::{Flags, ticket as flag},
    msg::{HostAddress, addr_type},
    name::{NT_WELLKNOWN, Principal, PrincipalName},
    octets::Octets,
    time::KerberosTime,
};
use tpg::policy::{CaPath, SKEW};

use crate::forge::{Door, Forge, NOW, alice, code, principal, time};

fn refused(change: impl FnOnce(&mut Forge)) -> (&'static str, Option<i32>) {
    refused_by(&Door::default(), change)
}

fn refused_by(door: &Door, change: impl FnOnce(&mut Forge)) -> (&'static str, Option<i32>) {
    let mut forge = Forge::mutual();
    change(&mut forge);
    let (refusal, reply, found) = door.refusal(&forge.token());
    assert!(found.client.is_some() && found.key.is_some() && found.flags.is_some());
    (refusal.word(), code(reply))
}

fn accepted(door: &Door, change: impl FnOnce(&mut Forge)) {
    let mut forge = Forge::default();
    change(&mut forge);
    door.accepts(&forge.token());
}

#[test]
fn an_invalid_ticket_is_refused() {
    let invalid = refused(|forge| forge.part.flags = Flags::with(&[flag::INVALID]));
    assert_eq!(invalid, ("invalid", Some(33)));
}

#[test]
fn a_ticket_is_good_from_its_start_and_no_earlier_than_the_skew() {
    let start = |seconds| move |forge: &mut Forge| forge.part.starttime = Some(time(NOW + seconds));
    assert_eq!(refused(start(SKEW + 1)), ("not_yet_valid", Some(33)));
    accepted(&Door::default(), start(SKEW));
}

#[test]
fn a_ticket_is_good_until_its_end_and_no_later_than_the_skew() {
    let end = |seconds| move |forge: &mut Forge| forge.part.endtime = time(NOW + seconds);
    assert_eq!(refused(end(-SKEW - 1)), ("expired", Some(32)));
    accepted(&Door::default(), end(-SKEW));
}

#[test]
fn a_ticket_without_a_start_starts_at_its_authtime() {
    let without = |authtime| {
        move |forge: &mut Forge| {
            forge.part.starttime = None;
            forge.part.authtime = time(authtime);
        }
    };
    assert_eq!(refused(without(NOW + SKEW + 1)), ("not_yet_valid", Some(33)));
    let mut forge = Forge::default();
    without(NOW - 5000)(&mut forge);
    assert_eq!(Door::default().permit(&forge.token()).facts().times.starts.seconds(), NOW - 5000);
}

#[test]
fn the_authtime_of_a_ticket_with_a_start_does_not_matter() {
    accepted(&Door::default(), |forge| forge.part.authtime = time(NOW + 10_000));
}

#[test]
fn the_time_until_which_a_ticket_can_be_renewed_does_not_matter() {
    accepted(&Door::default(), |forge| forge.part.renew_till = Some(time(NOW - 10_000)));
}

#[test]
fn times_that_are_none_are_refused() {
    let odd = || KerberosTime::from(b"20261322083156Z".to_vec());
    let word = |change: fn(&mut Forge, KerberosTime)| {
        let mut forge = Forge::default();
        change(&mut forge, odd());
        Door::default().refused(&forge.token())
    };
    assert_eq!(word(|forge, odd| forge.part.authtime = odd), "malformed");
    assert_eq!(word(|forge, odd| forge.part.starttime = Some(odd)), "malformed");
    assert_eq!(word(|forge, odd| forge.part.endtime = odd), "malformed");
}

#[test]
fn an_anonymous_client_is_refused_unless_it_is_allowed() {
    let flagged = |forge: &mut Forge| forge.part.flags = Flags::with(&[flag::ANONYMOUS]);
    let named =
        |forge: &mut Forge| forge.part.cname = PrincipalName::new(NT_WELLKNOWN, ["WELLKNOWN", "ANONYMOUS"]);
    assert_eq!(refused(flagged).0, "anonymous");
    assert_eq!(refused(named).0, "anonymous");
    accepted(&Door::that(|policy| policy.allow_anonymous = true), flagged);
    accepted(&Door::that(|policy| policy.allow_anonymous = true), named);
}

#[test]
fn a_client_of_the_anonymous_realm_is_anonymous() {
    let door = Door::that(|policy| policy.accept_realms = vec!["WELLKNOWN:ANONYMOUS".into()]);
    let from_there = |forge: &mut Forge| forge.part.crealm = "WELLKNOWN:ANONYMOUS".into();
    assert_eq!(refused_by(&door, from_there).0, "anonymous");
}

#[test]
fn a_client_of_another_realm_is_refused_unless_it_is_listed() {
    let foreign = |forge: &mut Forge| forge.part.crealm = "OTHER.TEST".into();
    assert_eq!(refused(foreign).0, "client_realm");
    let others = Door::that(|policy| policy.accept_realms = vec!["THIRD.TEST".into()]);
    assert_eq!(refused_by(&others, foreign).0, "client_realm");
    accepted(&Door::that(|policy| policy.accept_realms = vec!["OTHER.TEST".into()]), foreign);
}

/// A ticket of alice@A.X.TEST that came by these realms, with the path not checked by a KDC.
fn by(realms: &str) -> impl FnOnce(&mut Forge) {
    move |forge| {
        forge.part.flags = Flags::with(&[]);
        forge.part.crealm = "A.X.TEST".into();
        forge.part.transited.contents = Octets::from(realms.as_bytes());
    }
}

fn door_to_a(capaths: Vec<CaPath>) -> Door {
    Door::that(|policy| {
        policy.accept_realms = vec!["A.X.TEST".into()];
        policy.capaths = capaths;
    })
}

#[test]
fn a_path_that_no_kdc_checked_is_checked_here() {
    assert_eq!(refused_by(&door_to_a(Vec::new()), by("EVIL.TEST")), ("transited", Some(43)));
    accepted(&door_to_a(Vec::new()), by("X.TEST,TEST"));
}

#[test]
fn a_direct_trust_has_an_empty_path() {
    accepted(&door_to_a(Vec::new()), by(""));
}

#[test]
fn a_path_can_be_configured() {
    let path = CaPath { client: "A.X.TEST".into(), via: vec!["HUB.EXAMPLE".into()] };
    accepted(&door_to_a(vec![path]), by("HUB.EXAMPLE"));
}

#[test]
fn a_path_that_the_kdc_checked_is_not_checked_again() {
    accepted(&door_to_a(Vec::new()), |forge| {
        by("EVIL.TEST")(forge);
        forge.part.flags = Flags::with(&[flag::TRANSITED_POLICY_CHECKED]);
    });
}

#[test]
fn a_path_that_cannot_be_read_is_refused() {
    let other_type = |forge: &mut Forge| {
        by("X.TEST")(forge);
        forge.part.transited.tr_type = 2;
    };
    assert_eq!(refused_by(&door_to_a(Vec::new()), other_type), ("transited", Some(43)));
}

#[test]
fn a_client_of_the_own_realm_that_came_by_another_is_refused() {
    let by_evil = |forge: &mut Forge| {
        by("EVIL.TEST")(forge);
        forge.part.crealm = alice().krb_realm;
    };
    assert_eq!(refused(by_evil), ("transited", Some(43)));
}

fn address(addr_type: i32, octets: &[u8]) -> HostAddress {
    HostAddress { addr_type, address: octets.into() }
}

#[test]
fn a_ticket_with_addresses_must_come_from_one_of_them_where_that_is_demanded() {
    let bound = |forge: &mut Forge| {
        forge.part.caddr =
            Some(vec![address(addr_type::IPV4, &[192, 0, 2, 7]), address(addr_type::IPV6, &[1; 16])]);
    };
    let door = |peer: &str| Door {
        peer: Some(peer.parse().unwrap()),
        ..Door::that(|policy| policy.check_addresses = true)
    };
    assert_eq!(refused_by(&door("192.0.2.8"), bound), ("address", Some(38)));
    assert_eq!(refused_by(&door("2001:db8::1"), bound), ("address", Some(38)));
    accepted(&door("192.0.2.7"), bound);
    accepted(&door("::ffff:192.0.2.7"), bound);
    accepted(&door("101:101:101:101:101:101:101:101"), bound);
    accepted(&Door { peer: Some("192.0.2.8".parse().unwrap()), ..Door::default() }, bound);
}

#[test]
fn a_ticket_without_addresses_may_come_from_anywhere() {
    let door = || Door {
        peer: Some("192.0.2.8".parse().unwrap()),
        ..Door::that(|policy| policy.check_addresses = true)
    };
    accepted(&door(), |_| {});
    accepted(&door(), |forge| forge.part.caddr = Some(Vec::new()));
}

#[test]
fn flags_and_times_are_told_to_who_lets_the_client_in() {
    let mut forge = Forge::default();
    forge.part.flags = Flags::with(&[flag::OK_AS_DELEGATE, flag::HW_AUTHENT]);
    let permit = Door::default().permit(&forge.token());
    assert_eq!(permit.facts().flags, forge.part.flags.word());
    assert_eq!(permit.ends().seconds(), NOW + 9 * 3600);
}

#[test]
fn names_of_odd_octets_stay_what_they_are() {
    for component in [&b"a/b@C"[..], b"\xff\xfe", b"", b"new\nline", "münchen".as_bytes()] {
        let mut forge = Forge::default();
        forge.part.cname = PrincipalName::new(1, [component]);
        let permit = Door::default().permit(&forge.token());
        assert_eq!(permit.identity().client.name.name_string[0].as_octets(), component);
        let shown = permit.identity().client.to_string();
        assert!(!shown.contains('\n') && shown.matches('@').count() == 1 + shown.matches("\\@").count());
    }
}

#[test]
fn a_name_without_components_is_not_a_name_that_panics() {
    let mut forge = Forge::default();
    forge.part.cname = PrincipalName::new(1, [""; 0]);
    let permit = Door::default().permit(&forge.token());
    let nobody: Principal = principal(&[], "TGG.TEST");
    assert_eq!(permit.identity().client.name.name_string, nobody.name.name_string);
}
