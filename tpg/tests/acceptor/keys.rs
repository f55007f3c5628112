//! Which key opens a ticket, whatever its clear text says (RFC 4120 sections 3.2.3 and 5.3).

use krb::{
    crypto::{Enctype, Key},
    keytab::{Entry, Keytab},
    msg::opened::EncryptionKey,
};
use tpg::{
    keys::NotUsed,
    policy::Policy,
    refusal::{Part, Refusal},
    services::Services,
};

use crate::forge::{Door, Forge, NOW, code, entry, gw, instant, key, principal};

const AES: Enctype = Enctype::Aes256CtsHmacSha1_96;

/// The n-th key of a service.
fn nth(octet: u8) -> Key {
    key(AES, octet)
}

/// A token under a ticket of this version, sealed with the n-th key.
fn token(kvno: Option<i64>, octet: u8) -> Vec<u8> {
    Forge { kvno, key: nth(octet), ..Forge::default() }.token()
}

fn door(entries: &[(u32, u8)]) -> Door {
    Door::of(entries.iter().map(|(kvno, octet)| entry(gw(), *kvno, &nth(*octet))).collect())
}

fn opened(door: &Door, token: &[u8]) -> u32 {
    door.permit(token).facts().kvno
}

#[test]
fn a_ticket_of_a_realm_without_a_key_is_refused() {
    let forge = Forge { service: principal(&["HTTP", "gw.tgg.test"], "OTHER.TEST"), ..Forge::mutual() };
    let (refusal, reply, _) = Door::default().refusal(&forge.token());
    let Refusal::Realm { krb_realm } = refusal else { panic!("{refusal:?}") };
    assert_eq!((krb_realm.as_str(), code(reply)), (Some("OTHER.TEST"), Some(35)));
}

#[test]
fn the_case_of_a_realm_counts() {
    let forge = Forge { service: principal(&["HTTP", "gw.tgg.test"], "tgg.test"), ..Forge::default() };
    assert_eq!(Door::default().refused(&forge.token()), "realm");
}

#[test]
fn a_ticket_for_another_service_class_is_refused() {
    for class in ["host", "MSSQLSvc", "http"] {
        let forge = Forge { service: principal(&[class, "gw.tgg.test"], "TGG.TEST"), ..Forge::mutual() };
        let (refusal, reply, _) = Door::default().refusal(&forge.token());
        assert_eq!((refusal.word(), code(reply)), ("not_us", Some(35)));
    }
}

#[test]
fn a_ticket_for_another_host_is_refused_where_the_host_is_named() {
    let policy =
        || Policy { services: Services::new(vec!["HTTP/gw.tgg.test".parse().unwrap()]), ..Policy::default() };
    let other = principal(&["HTTP", "other.tgg.test"], "TGG.TEST");
    let keytab = Keytab { entries: vec![entry(gw(), 1, &nth(1)), entry(other.clone(), 1, &nth(2))] };
    let forge = Forge { service: other, key: nth(2), ..Forge::default() };
    assert_eq!(Door::new(policy(), &keytab).refused(&forge.token()), "not_us");
    // Nor does it help to write the accepted name onto it: the other host's key is not among those tried.
    let renamed = Forge { service: gw(), ..forge };
    assert_eq!(Door::new(policy(), &keytab).refused(&renamed.token()), "wrong_key");
}

#[test]
fn a_key_of_host_in_the_keytab_opens_nothing() {
    let host = principal(&["host", "gw.tgg.test"], "TGG.TEST");
    let door = Door::of(vec![entry(gw(), 1, &nth(1)), entry(host.clone(), 1, &nth(2))]);
    assert_eq!(door.skipped.len(), 1);
    assert_eq!((&door.skipped[0].principal, door.skipped[0].why), (&host, NotUsed::Service));
    // The ticket was made for host/, and its clear name was changed.
    assert_eq!(door.refused(&token(Some(1), 2)), "wrong_key");
}

#[test]
fn the_case_of_the_host_in_a_ticket_does_not_matter() {
    let forge = Forge { service: principal(&["HTTP", "GW.TGG.test"], "TGG.TEST"), ..Forge::default() };
    Door::default().accepts(&forge.token());
}

#[test]
fn whose_ticket_it_is_is_told_by_the_key_that_opens_it() {
    let other = principal(&["HTTP", "other.tgg.test"], "TGG.TEST");
    let door = Door::of(vec![entry(gw(), 1, &nth(1)), entry(other.clone(), 1, &nth(2))]);
    let permit = door.permit(&token(Some(1), 2));
    assert_eq!(permit.facts().service, other, "the ticket names gw in clear text");
}

#[test]
fn tickets_of_the_old_key_and_of_the_new_one_are_both_opened() {
    let door = door(&[(1, 1), (2, 2)]);
    assert_eq!(opened(&door, &token(Some(1), 1)), 1);
    assert_eq!(opened(&door, &token(Some(2), 2)), 2);
}

#[test]
fn a_ticket_without_a_key_version_is_opened_by_whichever_key_fits() {
    let door = door(&[(1, 1), (2, 2), (3, 3)]);
    assert_eq!(opened(&door, &token(None, 1)), 1);
    assert_eq!(opened(&door, &token(None, 3)), 3);
}

#[test]
fn version_zero_means_any_in_a_ticket_and_in_a_keytab() {
    assert_eq!(opened(&door(&[(1, 1), (2, 2)]), &token(Some(0), 1)), 1);
    assert_eq!(opened(&door(&[(0, 1)]), &token(Some(7), 1)), 0);
}

#[test]
fn versions_that_were_cut_to_eight_bits_are_still_found() {
    assert_eq!(opened(&door(&[(3, 1)]), &token(Some(259), 1)), 3);
    assert_eq!(opened(&door(&[(259, 1)]), &token(Some(3), 1)), 259);
}

#[test]
fn a_version_with_its_highest_bit_set_is_the_same_signed_or_not() {
    for kvno in [0x8001_0002, 0x8001_0002 - 0x1_0000_0000] {
        assert_eq!(opened(&door(&[(1, 2), (0x8001_0002, 1)]), &token(Some(kvno), 1)), 0x8001_0002);
    }
}

#[test]
fn a_key_of_another_version_is_tried_when_none_of_the_right_one_fits() {
    assert_eq!(opened(&door(&[(1, 1), (2, 2)]), &token(Some(5), 1)), 1);
    assert_eq!(opened(&door(&[(1, 1), (2, 2)]), &token(Some(2), 1)), 1, "the ticket says 2, but key 1 fits");
}

#[test]
fn several_keys_under_one_name_and_version_are_all_tried() {
    assert_eq!(opened(&door(&[(1, 1), (1, 2), (1, 3)]), &token(Some(1), 3)), 1);
}

#[test]
fn eight_keys_are_tried_and_no_ninth() {
    let entries: Vec<(u32, u8)> = (1..=9).map(|number| (u32::from(number) + 10, number)).collect();
    // The newest first, so the oldest is the ninth.
    assert_eq!(door(&entries).refused(&token(None, 1)), "wrong_key");
    assert_eq!(opened(&door(&entries), &token(None, 2)), 12);
}

#[test]
fn the_right_version_is_tried_before_all_others() {
    // Version 3 would be the last of eleven, after those that are 3 modulo 256 too.
    let entries: Vec<(u32, u8)> =
        (1..=10_u8).map(|number| (u32::from(number) * 256 + 3, number + 1)).chain([(3, 1)]).collect();
    assert_eq!(opened(&door(&entries), &token(Some(3), 1)), 3);
    let entries: Vec<(u32, u8)> = (1..=10).map(|number| (u32::from(number) + 10, number)).collect();
    assert_eq!(opened(&door(&entries), &token(Some(11), 1)), 11);
}

#[test]
fn the_key_that_worked_last_is_tried_before_newer_ones() {
    let entries: Vec<(u32, u8)> = (1..=9).map(|number| (u32::from(number) + 10, number)).collect();
    let door = door(&entries);
    assert_eq!(opened(&door, &token(Some(11), 1)), 11);
    let next = Forge { kvno: None, key: nth(1), clock: instant(NOW, 1), ..Forge::default() };
    assert_eq!(opened(&door, &next.token()), 11, "else it would be the ninth");
}

#[test]
fn the_key_of_the_service_that_is_named_is_tried_before_others() {
    let others = (1..=9_u8)
        .map(|number| entry(principal(&["HTTP", &format!("host{number}")], "TGG.TEST"), 9, &nth(number + 1)));
    let door = Door::of(others.chain([entry(gw(), 1, &nth(1))]).collect());
    assert_eq!(opened(&door, &token(Some(9), 1)), 1);
}

/// Nine keys that are newer than version 300, and those of `entries`: too many to try all.
fn crowded(entries: &[(u32, u8)]) -> Door {
    let crowd = (0..9_u8).map(|number| (400 + u32::from(number), 100 + number));
    door(&crowd.chain(entries.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn a_version_that_may_be_the_right_one_is_tried_before_newer_ones() {
    assert_eq!(opened(&crowded(&[(0, 1)]), &token(Some(5), 1)), 0, "0 is any");
    assert_eq!(opened(&crowded(&[(3, 1)]), &token(Some(259), 1)), 3, "cut to eight bits in the keytab");
    assert_eq!(opened(&crowded(&[(259, 1)]), &token(Some(3), 1)), 259, "cut to eight bits in the ticket");
    assert_eq!(crowded(&[(4, 1)]).refused(&token(Some(259), 1)), "key_version");
}

#[test]
fn versions_beyond_eight_bits_are_not_the_same_for_their_last_octet() {
    let (refusal, ..) = door(&[(259, 1)]).refusal(&token(Some(515), 9));
    assert!(matches!(refusal, Refusal::KeyVersion { wanted: 515, newest: 259, .. }), "{refusal:?}");
    assert_eq!(door(&[(259, 1)]).refused(&token(Some(3), 9)), "wrong_key");
}

#[test]
fn a_ticket_of_any_version_that_no_key_opens_is_no_matter_of_versions() {
    assert_eq!(door(&[(3, 1)]).refused(&token(Some(0), 9)), "wrong_key");
    assert_eq!(door(&[(3, 1)]).refused(&token(None, 9)), "wrong_key");
}

#[test]
fn keys_of_other_enctypes_take_no_tries() {
    let others = (10..20).map(|kvno| entry(gw(), kvno, &key(Enctype::Aes128CtsHmacSha1_96, 1)));
    let door = Door::of(others.chain([entry(gw(), 1, &nth(1))]).collect());
    assert_eq!(opened(&door, &token(None, 1)), 1);
}

#[test]
fn a_ticket_of_an_older_key_says_that_it_is_old() {
    let (refusal, reply, _) = door(&[(3, 3)]).refusal(&Forge { kvno: Some(2), ..Forge::mutual() }.token());
    assert!(matches!(refusal, Refusal::KeyVersion { wanted: 2, newest: 3, .. }), "{refusal:?}");
    assert_eq!(code(reply), Some(44));
}

#[test]
fn a_ticket_of_a_newer_key_says_that_the_keytab_is_old() {
    let (refusal, ..) = door(&[(3, 3)]).refusal(&token(Some(4), 4));
    assert!(matches!(refusal, Refusal::KeyVersion { wanted: 4, newest: 3, .. }), "{refusal:?}");
}

#[test]
fn a_ticket_of_an_enctype_without_a_key_says_so() {
    let aes128 = key(Enctype::Aes128CtsHmacSha1_96, 1);
    let (refusal, reply, _) =
        Door::of(vec![entry(gw(), 1, &aes128)]).refusal(&Forge { key: nth(1), ..Forge::mutual() }.token());
    assert!(matches!(refusal, Refusal::KeyEnctype { enctype: 18, .. }), "{refusal:?}");
    assert_eq!(code(reply), Some(44));
}

#[test]
fn a_key_is_tried_under_its_own_enctype_alone() {
    // The same octets are a key of both enctypes.
    let door = Door::of(vec![entry(gw(), 1, &key(Enctype::Aes256CtsHmacSha384_192, 0x11))]);
    assert_eq!(door.refused(&Forge::default().token()), "key_enctype");
}

#[test]
fn a_service_that_is_accepted_and_has_no_key_says_so() {
    let forge =
        Forge { service: principal(&["HTTP", "other.tgg.test"], "TGG.TEST"), key: nth(9), ..Forge::mutual() };
    let (refusal, reply, _) = Door::default().refusal(&forge.token());
    assert_eq!((refusal.word(), code(reply)), ("no_key_opens", Some(35)));
}

#[test]
fn a_key_that_should_open_a_ticket_and_does_not_is_another_key() {
    let (refusal, reply, _) = Door::default().refusal(&Forge { key: nth(9), ..Forge::mutual() }.token());
    assert_eq!((refusal.word(), code(reply)), ("wrong_key", Some(31)));
}

#[test]
fn a_door_without_keys_says_that_it_is_its_own_trouble() {
    let (refusal, ..) = Door::of(Vec::new()).refusal(&Forge::default().token());
    assert!(refusal.is_ours());
    assert_eq!(refusal.word(), "no_keys");
}

#[test]
fn weak_enctypes_are_refused_in_the_ticket_unless_they_are_allowed() {
    for weak in Enctype::WEAK {
        let mut forge = Forge::mutual();
        forge.key = key(weak, 0x11);
        let (refusal, reply, _) = Door::default().refusal(&forge.token());
        assert_eq!((refusal.word(), code(reply)), ("enctype", Some(14)));
        let number = i64::from(weak.number());
        assert!(Door::default().skipped.iter().any(|skipped| skipped.why == NotUsed::Weak(number)));
        Door::that(|policy| policy.enctypes.weak = vec![weak]).accepts(&forge.token());
    }
}

#[test]
fn weak_enctypes_are_refused_in_the_session_key_unless_they_are_allowed() {
    for weak in Enctype::WEAK {
        let forge = Forge::with_session(key(weak, 0x5e));
        let (refusal, _, found) = Door::default().refusal(&forge.token());
        let number = i64::from(weak.number());
        assert!(
            matches!(refusal, Refusal::Enctype { part: Part::SessionKey, number: found } if found == number),
            "{refusal:?}"
        );
        assert_eq!(found.session_enctype, Some(number));
        Door::that(|policy| policy.enctypes.weak = vec![weak]).accepts(&forge.token());
    }
}

#[test]
fn weak_enctypes_are_refused_in_the_subkey_unless_they_are_allowed() {
    for weak in Enctype::WEAK {
        let subkey = EncryptionKey::from(&key(weak, 0x55));
        let token = Forge::default().token_with(|draft| draft.authenticator.subkey = Some(subkey));
        let (refusal, _, found) = Door::default().refusal(&token);
        assert_eq!(refusal.to_string().split(' ').nth(1), Some("subkey"));
        assert_eq!(found.subkey_enctype, Some(i64::from(weak.number())));
        Door::that(|policy| policy.enctypes.weak = vec![weak]).accepts(&token);
    }
}

#[test]
fn weak_enctypes_prove_themselves_where_they_are_allowed() {
    for weak in Enctype::WEAK {
        let mut forge = Forge::of(weak);
        forge.options.mutual = true;
        let door = Door::that(|policy| policy.enctypes.weak = Enctype::WEAK.to_vec());
        let draft = forge.draft();
        let (_, reply) = door.granted(&forge.token_of(&draft));
        let subkey = crate::answer::ap_rep(&draft, &reply.unwrap()).subkey.unwrap();
        assert_eq!(subkey.keytype, i64::from(weak.number()));
    }
}

#[test]
fn a_key_of_the_wrong_length_is_none() {
    for number in [17, 18, 19, 20] {
        let mut forge = Forge::default();
        forge.part.key = EncryptionKey::new(number, vec![1; 15]);
        assert_eq!(Door::default().refused(&forge.token()), "enctype");
        let subkey = EncryptionKey::new(number, vec![1; 33]);
        let token = Forge::default().token_with(|draft| draft.authenticator.subkey = Some(subkey));
        assert_eq!(Door::default().refused(&token), "enctype");
    }
}

#[test]
fn entries_of_a_keytab_that_are_no_keys_are_left_out_with_a_reason() {
    let broken = Entry { key: EncryptionKey::new(18, vec![1; 5]), ..entry(gw(), 1, &nth(1)) };
    let unknown = Entry { key: EncryptionKey::new(26, vec![1; 32]), ..entry(gw(), 1, &nth(1)) };
    let door = Door::of(vec![broken, unknown]);
    assert_eq!(door.skipped.len(), 2);
    assert!(door.skipped.iter().all(|skipped| matches!(skipped.why, NotUsed::Key(_))));
}

#[test]
fn a_sealed_part_that_is_no_ticket_is_malformed() {
    let forge = Forge::default();
    for octets in [&b""[..], b"x", b"\x63\x00", b"\x63\x80\x00\x00"] {
        let token = forge.token_of(&forge.draft_of(forge.ticket_of(octets)));
        let (refusal, _, found) = Door::default().refusal(&token);
        assert_eq!(refusal.word(), "malformed");
        assert!(found.key.is_some());
    }
}
