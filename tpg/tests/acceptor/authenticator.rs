//! What an authenticator must say: that the owner of the ticket speaks, now, to this service (RFC 4120 sections
//! 3.2.3 and 5.5.1, RFC 4121 section 4.1.1, MS-KILE section 3.2.5.8).

use client::negotiate::{NegotiateDraft, ap_options, client_target};
use krb::{
    crypto::{ChecksumKey, Enctype, Usage},
    gss::checksum::{CHECKSUM_TYPE, GssChecksum, GssFlags},
    msg::opened::{AuthorizationData, Checksum, ad_type},
    name::{NT_ENTERPRISE, PrincipalName},
    time::KerberosTime,
};
use tpg::{
    policy::{Demand, SKEW},
    refusal::Refusal,
};

use crate::forge::{Door, Forge, NOW, alice, code, element, if_relevant, instant, key};

fn refused(change: impl FnOnce(&mut NegotiateDraft)) -> (&'static str, Option<i32>) {
    let (refusal, reply, _) = Door::default().refusal(&Forge::mutual().token_with(change));
    (refusal.word(), code(reply))
}

#[test]
fn an_authenticator_under_another_key_than_the_tickets_is_refused() {
    let other = key(Enctype::Aes256CtsHmacSha1_96, 0x77);
    assert_eq!(refused(|draft| draft.session = other), ("bad_authenticator", Some(31)));
}

#[test]
fn an_authenticator_of_another_enctype_than_the_session_key_is_refused() {
    // The octets are a key of both.
    let same = key(Enctype::Aes256CtsHmacSha384_192, 0x5e);
    assert_eq!(refused(|draft| draft.session = same), ("bad_authenticator", Some(31)));
}

#[test]
fn another_version_of_the_authenticator_is_refused() {
    assert_eq!(refused(|draft| draft.authenticator.authenticator_vno = 4), ("version", Some(39)));
}

#[test]
fn another_client_than_the_tickets_is_refused() {
    let bob = PrincipalName::new(1, ["bob"]);
    assert_eq!(refused(|draft| draft.authenticator.cname = bob), ("bad_match", Some(36)));
    let longer = PrincipalName::new(1, ["alice", "admin"]);
    assert_eq!(refused(|draft| draft.authenticator.cname = longer), ("bad_match", Some(36)));
}

#[test]
fn the_realm_of_the_authenticator_is_not_believed() {
    let foreign = |draft: &mut NegotiateDraft| draft.authenticator.crealm = "OTHER.TEST".into();
    assert_eq!(refused(foreign), ("bad_match", Some(36)));
    // Nor where clients of that realm would be let in.
    let door = Door::that(|policy| policy.accept_realms = vec!["OTHER.TEST".into()]);
    assert_eq!(door.refused(&Forge::default().token_with(foreign)), "bad_match");
}

#[test]
fn the_type_of_the_name_in_the_authenticator_does_not_matter() {
    let token = Forge::default().token_with(|draft| draft.authenticator.cname.name_type = NT_ENTERPRISE);
    assert_eq!(
        Door::default().permit(&token).identity().client,
        alice(),
        "with the type that the ticket has"
    );
}

#[test]
fn microseconds_beyond_a_second_are_refused() {
    for cusec in [-1, 1_000_000, i64::MAX] {
        assert_eq!(refused(|draft| draft.authenticator.cusec = cusec).0, "malformed");
    }
    Door::default().accepts(&Forge::default().token_with(|draft| draft.authenticator.cusec = 999_999));
}

#[test]
fn a_time_that_is_none_is_refused() {
    let odd = KerberosTime::from(b"20261122083156.5Z".to_vec());
    assert_eq!(refused(|draft| draft.authenticator.ctime = odd).0, "malformed");
}

#[test]
fn clocks_may_be_apart_by_the_skew_and_not_by_a_microsecond_more() {
    for (seconds, micros, good) in
        [(SKEW, 0, true), (-SKEW, 0, true), (SKEW, 1, false), (-SKEW - 1, 999_999, false)]
    {
        let forge = Forge { clock: instant(NOW + seconds, micros), ..Forge::mutual() };
        let door = Door::default();
        if good {
            assert_eq!(door.permit(&forge.token()).facts().skew, seconds * 1_000_000);
        } else {
            let (refusal, reply, found) = door.refusal(&forge.token());
            assert_eq!((refusal.word(), code(reply)), ("skew", Some(37)));
            assert_eq!(found.made.unwrap().micros(), micros);
        }
    }
}

#[test]
fn the_skew_that_is_allowed_is_the_operators_choice() {
    let forge = Forge { clock: instant(NOW - 61, 0), ..Forge::default() };
    assert_eq!(Door::that(|policy| policy.skew = 60).refused(&forge.token()), "skew");
    Door::that(|policy| policy.skew = 61).accepts(&forge.token());
}

fn cksum(cksumtype: i32, octets: &[u8]) -> Option<Checksum> {
    Some(Checksum { cksumtype, checksum: octets.into() })
}

#[test]
fn an_authenticator_without_a_checksum_is_refused_unless_it_is_allowed() {
    let without = |draft: &mut NegotiateDraft| draft.authenticator.cksum = None;
    assert_eq!(refused(without), ("checksum_missing", Some(50)));
    Door::that(|policy| policy.allow_no_checksum = true).accepts(&Forge::default().token_with(without));
}

#[test]
fn a_checksum_over_nothing_is_refused_unless_it_is_allowed() {
    let forge = Forge::default();
    let keys = ChecksumKey::derive(&forge.session, Usage::AP_REQ_CHECKSUM).unwrap();
    let over_nothing = forge.token_with(|draft| draft.authenticator.cksum = Some(keys.make_checksum(b"")));
    let over_something = forge.token_with(|draft| draft.authenticator.cksum = Some(keys.make_checksum(b"x")));
    let (refusal, ..) = Door::default().refusal(&over_nothing);
    assert!(matches!(refusal, Refusal::ChecksumMissing { found: Some(16) }), "{refusal:?}");
    let lenient = Door::that(|policy| policy.allow_no_checksum = true);
    lenient.accepts(&over_nothing);
    assert_eq!(lenient.refused(&over_something), "checksum");
    let crc = forge.token_with(|draft| draft.authenticator.cksum = cksum(1, &[0; 4]));
    assert_eq!(lenient.refused(&crc), "checksum");
}

#[test]
fn a_checksum_that_is_cut_short_is_refused_wherever_it_is_cut() {
    let whole = GssChecksum {
        bindings: [0; 16],
        flags: GssFlags::INTEG,
        delegated: Some(b"credentials"),
        extensions: &[],
    }
    .encode();
    for length in 0..whole.len() {
        let cut = cksum(CHECKSUM_TYPE, &whole[..length]);
        assert_eq!(refused(|draft| draft.authenticator.cksum = cut), ("checksum", Some(50)));
    }
    let whole = cksum(CHECKSUM_TYPE, &whole);
    Door::default().accepts(&Forge::default().token_with(|draft| draft.authenticator.cksum = whole));
}

#[test]
fn a_checksum_with_extensions_is_read() {
    let extended = GssChecksum {
        bindings: [0; 16],
        flags: GssFlags::INTEG,
        delegated: None,
        extensions: &[0, 0, 0, 1, 0, 0, 0, 0],
    }
    .encode();
    let extended = cksum(CHECKSUM_TYPE, &extended);
    Door::default().accepts(&Forge::default().token_with(|draft| draft.authenticator.cksum = extended));
}

#[test]
fn bindings_of_another_length_are_refused() {
    let mut octets =
        GssChecksum { bindings: [0; 16], flags: GssFlags::INTEG, delegated: None, extensions: &[] }.encode();
    octets[0] = 15;
    let odd = cksum(CHECKSUM_TYPE, &octets);
    assert_eq!(refused(|draft| draft.authenticator.cksum = odd), ("checksum", Some(50)));
}

#[test]
fn a_dce_style_exchange_is_refused() {
    let mut forge = Forge::default();
    forge.options.flags = GssFlags::DCE;
    assert_eq!(Door::default().refused(&forge.token()), "dce_style");
}

/// What a client says of itself, inside AD-IF-RELEVANT.
fn saying(target: &str, word: u32) -> Forge {
    let mut forge = Forge::default();
    if !target.is_empty() {
        forge.options.authorization_data.push(client_target(target));
    }
    forge.options.authorization_data.push(ap_options(word));
    forge
}

#[test]
fn a_token_that_was_made_for_another_service_is_refused() {
    for target in ["HTTP/elsewhere.test/x@TGG.TEST", "cifs/gw.tgg.test@TGG.TEST", "\u{fffd}", "x"] {
        let (refusal, reply, found) = Door::default().refusal(&saying(target, 0).token());
        assert_eq!((refusal.word(), code(reply)), ("target_name", None));
        assert_eq!(found.target.as_deref(), Some(target));
    }
    let not_text = element(ad_type::CLIENT_TARGET, &b"\x00\xd8x"[..]);
    let mut forge = Forge::default();
    forge.options.authorization_data = vec![not_text];
    assert_eq!(Door::default().refused(&forge.token()), "target_name");
}

#[test]
fn a_token_that_was_made_for_this_service_says_so() {
    let permit = Door::default().permit(&saying("HTTP/gw.tgg.test@TGG.TEST", 0).token());
    assert!(permit.facts().targeted);
    let permit = Door::default().permit(&Forge::default().token());
    assert!(!permit.facts().targeted);
}

#[test]
fn the_target_can_be_demanded() {
    let door = || Door::that(|policy| policy.target_name = Demand::Require);
    assert_eq!(door().refused(&Forge::default().token()), "target_name_missing");
    assert_eq!(door().refused(&saying("cifs/gw.tgg.test", 0).token()), "target_name");
    door().accepts(&saying("HTTP/gw.tgg.test", 0).token());
}

#[test]
fn a_target_from_an_untrusted_source_does_not_meet_the_demand() {
    let token = saying("HTTP/gw.tgg.test", 0x8000).token();
    assert_eq!(Door::that(|policy| policy.target_name = Demand::Require).refused(&token), "target_name");
    Door::default().accepts(&token);
}

#[test]
fn the_target_can_be_passed_over() {
    let door = Door::that(|policy| policy.target_name = Demand::Off);
    assert!(!door.permit(&saying("cifs/other", 0).token()).facts().targeted);
}

#[test]
fn a_restriction_by_the_client_that_must_be_understood_is_refused() {
    for unknown in [element(4711, &b""[..]), element(ad_type::WIN2K_PAC, &b"x"[..])] {
        let data = Some(AuthorizationData(vec![unknown.clone()]));
        assert_eq!(refused(|draft| draft.authenticator.authorization_data = data).0, "authorization_data");
        let data = Some(AuthorizationData(vec![if_relevant(vec![unknown])]));
        let token = Forge::default().token_with(|draft| draft.authenticator.authorization_data = data);
        Door::default().accepts(&token);
    }
}

#[test]
fn data_of_the_authenticator_that_cannot_be_read_is_refused() {
    let data = Some(AuthorizationData(vec![element(ad_type::IF_RELEVANT, &b"\x30\x80"[..])]));
    assert_eq!(refused(|draft| draft.authenticator.authorization_data = data).0, "malformed");
}

#[test]
fn an_authenticator_that_is_none_is_malformed() {
    use krb::{crypto::UsageKeys, flags::Flags, gss, gss::Mech, gss::TokenId, msg::ap::ApReq};
    let forge = Forge::default();
    let keys = UsageKeys::derive(&forge.session, Usage::AP_REQ_AUTHENTICATOR).unwrap();
    for octets in [&b""[..], b"x", b"\x62\x00", b"\x62\x80\x00\x00"] {
        let request = ApReq::new(Flags::with(&[]), forge.ticket(), keys.seal_data(&[1; 16], octets));
        let token = gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, &request.encode().unwrap()));
        assert_eq!(Door::default().refused(&token), "malformed");
    }
}

#[test]
fn an_authenticator_without_subkey_and_number_is_good() {
    let token = Forge::mutual().token_with(|draft| {
        draft.authenticator.subkey = None;
        draft.authenticator.seq_number = None;
    });
    Door::default().accepts(&token);
}
