//! What the KDC says of a client beside its name: PAC and authentication indicators (RFC 4120 section 5.2.6, RFC 7751,
//! RFC 8129, MS-KILE section 3.4.5.3).

use krb::{
    crypto::{ChecksumKey, Enctype, Key, Usage},
    msg::{
        cammac::{AuthenticationIndicator, Cammac, VerifierMac},
        opened::{AuthorizationData, AuthorizationDataElement, ad_type},
    },
    pac::{
        ClientInfo, PacBuilder, PacError, UpnDnsInfo, ValidationInfo, buffer, filetime, group_attribute,
        user_flag,
    },
};
use tpg::{
    groups::{Judged, PacTrouble},
    permit::Permit,
    policy::Demand,
    refusal::Refusal,
};

use crate::forge::{Door, Forge, NOW, element, if_relevant, key, time};

/// The key of the ticket-granting service, which no service knows.
fn kdc_key() -> Key {
    key(Enctype::Aes256CtsHmacSha1_96, 0x22)
}

fn with(elements: Vec<AuthorizationDataElement>) -> Forge {
    let mut forge = Forge::default();
    forge.part.authorization_data = Some(AuthorizationData(elements));
    forge
}

fn refused(elements: Vec<AuthorizationDataElement>) -> &'static str {
    Door::default().refused(&with(elements).token())
}

fn permit(elements: Vec<AuthorizationDataElement>) -> Permit {
    Door::default().permit(&with(elements).token())
}

fn nested(depth: usize, innermost: AuthorizationDataElement) -> AuthorizationDataElement {
    (0..depth).fold(innermost, |inner, _| if_relevant(vec![inner]))
}

#[test]
fn data_that_must_be_understood_and_is_not_is_refused() {
    for unknown in [4711, -1, ad_type::AND_OR, ad_type::AP_OPTIONS] {
        assert_eq!(refused(vec![element(unknown, &b""[..])]), "authorization_data");
        let _ = permit(vec![if_relevant(vec![element(unknown, &b""[..])])]);
    }
}

#[test]
fn data_that_is_for_the_kdc_or_only_grants_may_stand_anywhere() {
    for known in [ad_type::MANDATORY_FOR_KDC, ad_type::KDC_ISSUED] {
        let _ = permit(vec![element(known, &b"x"[..])]);
    }
}

#[test]
fn data_in_data_is_read_four_levels_deep() {
    let _ = permit(vec![nested(4, element(4711, &b""[..]))]);
    assert_eq!(refused(vec![nested(5, element(4711, &b""[..]))]), "malformed");
}

#[test]
fn data_that_cannot_be_read_is_refused() {
    for octets in [&b""[..], b"\x30", b"\x30\x80\x00\x00", b"\x04\x00"] {
        assert_eq!(refused(vec![element(ad_type::IF_RELEVANT, octets)]), "malformed");
        assert_eq!(refused(vec![if_relevant(vec![element(ad_type::CAMMAC, octets)])]), "malformed");
    }
}

// Authentication indicators.

fn indicators(words: &[&str]) -> AuthorizationDataElement {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    element(ad_type::AUTHENTICATION_INDICATOR, AuthenticationIndicator(words).encode().unwrap())
}

/// A CAMMAC whose service verifier is made with `key` over `summed`.
fn cammac(
    elements: Vec<AuthorizationDataElement>,
    key: Option<&Key>,
    summed: &[u8],
) -> AuthorizationDataElement {
    let svc_verifier = key.map(|key| VerifierMac {
        identifier: None,
        kvno: None,
        enctype: None,
        mac: ChecksumKey::derive(key, Usage::CAMMAC).unwrap().make_checksum(summed),
    });
    let cammac = Cammac {
        elements: AuthorizationData(elements),
        kdc_verifier: None,
        svc_verifier,
        other_verifiers: None,
    };
    element(ad_type::CAMMAC, cammac.encode().unwrap())
}

fn sealed(elements: Vec<AuthorizationDataElement>) -> AuthorizationDataElement {
    let summed = AuthorizationData(elements.clone()).encode().unwrap();
    cammac(elements, Some(&Forge::default().key), &summed)
}

#[test]
fn indicators_in_a_cammac_of_the_services_key_are_believed() {
    let token = with(vec![if_relevant(vec![sealed(vec![indicators(&["otp", "pkinit"])])])]).token();
    let door = Door::default();
    assert_eq!(door.permit(&token).identity().indicators, ["otp", "pkinit"]);
    assert_eq!(door.refusal(&token).2.indicators, ["otp", "pkinit"], "told even of a replay");
}

#[test]
fn an_unlisted_indicator_outside_a_cammac_is_ignored() {
    let mut forge = with(vec![if_relevant(vec![indicators(&["otp"])]), indicators(&["otp"])]);
    assert!(Door::default().permit(&forge.token()).identity().indicators.is_empty());
    forge.part.authorization_data = Some(AuthorizationData(vec![if_relevant(vec![
        sealed(vec![indicators(&["otp"])]),
        indicators(&["hw"]),
    ])]));
    forge.clock = crate::forge::instant(NOW, 1);
    assert_eq!(Door::default().permit(&forge.token()).identity().indicators, ["otp"]);
}

#[test]
fn indicators_in_a_cammac_of_another_key_are_ignored() {
    let inside = vec![indicators(&["otp"])];
    let summed = AuthorizationData(inside.clone()).encode().unwrap();
    for untrusted in [
        cammac(inside.clone(), Some(&kdc_key()), &summed),
        cammac(inside.clone(), Some(&Forge::default().key), b"other"),
        cammac(inside, None, b""),
    ] {
        assert!(permit(vec![if_relevant(vec![untrusted.clone()])]).identity().indicators.is_empty());
        assert_eq!(refused(vec![untrusted]), "authorization_data", "it must be understood there");
    }
}

#[test]
fn indicators_in_the_authenticator_are_not_read() {
    let data = AuthorizationData(vec![if_relevant(vec![sealed(vec![indicators(&["otp"])])])]);
    let token = Forge::default().token_with(|draft| draft.authenticator.authorization_data = Some(data));
    assert!(Door::default().permit(&token).identity().indicators.is_empty());
}

#[test]
fn no_more_indicators_than_thirty_two_are_kept() {
    let words = vec!["x"; 40];
    let permit = permit(vec![sealed(vec![indicators(&words)])]);
    assert_eq!(permit.identity().indicators.len(), 32);
}

#[test]
fn what_a_cammac_holds_must_be_understood_too() {
    assert_eq!(refused(vec![sealed(vec![element(4711, &b""[..])])]), "authorization_data");
    let _ = permit(vec![if_relevant(vec![sealed(vec![element(4711, &b""[..])])])]);
}

// PACs.

const DOMAIN: &str = "S-1-5-21-1-2-3";

fn client_info(name: &str, authtime: i64) -> ClientInfo {
    ClientInfo { filetime: filetime(authtime).unwrap(), name: name.to_owned() }
}

fn validation() -> ValidationInfo {
    ValidationInfo {
        account: "alice".to_owned(),
        user_id: 1105,
        primary_group_id: 513,
        groups: vec![
            (513, group_attribute::ORDINARY),
            (1200, group_attribute::ENABLED),
            (1300, group_attribute::ENABLED | group_attribute::USE_FOR_DENY_ONLY),
            (1400, 0),
        ],
        domain_sid: Some(DOMAIN.parse().unwrap()),
        ..ValidationInfo::default()
    }
}

/// Alice's PAC, as an Active Directory would make it.
fn builder() -> PacBuilder {
    let info = UpnDnsInfo {
        upn: "alice@corp.example".to_owned(),
        dns_domain: "CORP.EXAMPLE".to_owned(),
        upn_constructed: false,
        sam_name: Some("alice".to_owned()),
        sid: Some(format!("{DOMAIN}-1105").parse().unwrap()),
    };
    PacBuilder::new()
        .logon_info(&validation())
        .client_info(&client_info("alice", NOW - 3600))
        .upn_dns_info(&info)
}

fn pac(octets: Vec<u8>) -> AuthorizationDataElement {
    if_relevant(vec![element(ad_type::WIN2K_PAC, octets)])
}

fn good() -> Vec<u8> {
    builder().sign(&Forge::default().key, &kdc_key()).unwrap()
}

fn sids(permit: &Permit) -> Vec<String> {
    permit.identity().sids().map(ToString::to_string).collect()
}

fn requiring() -> Door {
    Door::that(|policy| policy.pac = Demand::Require)
}

/// A PAC that is not good: no groups by default, no entry where groups are demanded.
fn grants_nothing(octets: Vec<u8>) -> PacTrouble {
    let token = with(vec![pac(octets)]).token();
    let judgement = Door::default().judge(&token, None);
    let tpg::acceptor::Verdict::Granted { permit, .. } = judgement.verdict else { panic!("{judgement:?}") };
    assert_eq!((sids(&permit), &permit.identity().groups.upn), (Vec::new(), &None));
    let refused = requiring().refused(&token);
    assert!(matches!(refused, "pac" | "pac_mismatch"), "{refused}");
    match judgement.found.pac {
        Some(Judged::Bad(trouble)) => trouble,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_pac_says_who_the_client_is_and_in_which_groups() {
    let permit = permit(vec![pac(good())]);
    let wanted = [1105, 513, 513, 1200].map(|rid| format!("{DOMAIN}-{rid}"));
    assert_eq!(sids(&permit), wanted);
    assert_eq!(permit.identity().groups.upn.as_deref(), Some("alice@corp.example"));
}

#[test]
fn sids_of_other_domains_than_those_accepted_grant_nothing() {
    let mut info = validation();
    let foreign = "S-1-5-21-9-9-9-512".parse().unwrap();
    info.extra =
        vec![(foreign, group_attribute::ENABLED), ("S-1-5-32".parse().unwrap(), group_attribute::ENABLED)];
    info.user_flags |= user_flag::EXTRA_SIDS;
    let client = client_info("alice", NOW - 3600);
    let octets = PacBuilder::new().logon_info(&info).client_info(&client);
    let token = with(vec![pac(octets.sign(&Forge::default().key, &kdc_key()).unwrap())]).token();
    let of = |domains: &[&str]| {
        let domains = domains.iter().map(|sid| sid.parse().unwrap()).collect();
        sids(&Door::that(|policy| policy.accept_domain_sids = domains).permit(&token))
    };
    assert!(of(&[]).contains(&foreign.to_string()));
    assert!(of(&[DOMAIN]).iter().all(|sid| sid.starts_with(DOMAIN)), "{:?}", of(&[DOMAIN]));
    assert_eq!(of(&["S-1-5-21-9-9-9"]), [foreign.to_string()], "nor the user's own");
    assert_eq!(of(&["S-1-5-21-9-9"]), <[String; 0]>::default(), "a domain is not those that begin like it");
}

#[test]
fn a_pac_is_verified_with_the_key_that_opened_the_ticket_of_any_enctype() {
    for enctype in Enctype::ALL {
        let mut forge = Forge::of(enctype);
        let octets = builder().sign(&forge.key, &kdc_key()).unwrap();
        forge.part.authorization_data = Some(AuthorizationData(vec![pac(octets)]));
        assert_eq!(sids(&requiring().permit(&forge.token())).len(), 4);
    }
}

#[test]
fn a_pac_without_a_good_signature_grants_nothing() {
    let forged = builder().sign(&kdc_key(), &kdc_key()).unwrap();
    assert_eq!(grants_nothing(forged), PacTrouble::Pac(PacError::Signature));
    let mut changed = good();
    let last = changed.len() - 100;
    changed[last] ^= 1;
    let _ = grants_nothing(changed);
    let other_enctype = builder().sign(&key(Enctype::Aes128CtsHmacSha1_96, 0x11), &kdc_key()).unwrap();
    assert!(matches!(grants_nothing(other_enctype), PacTrouble::Pac(PacError::SignatureType { .. })));
}

#[test]
fn a_pac_of_another_client_grants_nothing() {
    let key = Forge::default().key;
    let bobs = PacBuilder::new().logon_info(&validation()).client_info(&client_info("bob", NOW - 3600));
    assert_eq!(grants_nothing(bobs.sign(&key, &kdc_key()).unwrap()), PacTrouble::Mismatch);
}

#[test]
fn a_pac_of_another_login_grants_nothing() {
    let key = Forge::default().key;
    let old = PacBuilder::new().logon_info(&validation()).client_info(&client_info("alice", NOW - 3601));
    assert_eq!(grants_nothing(old.sign(&key, &kdc_key()).unwrap()), PacTrouble::Mismatch);
}

#[test]
fn a_pac_that_does_not_say_whose_it_is_grants_nothing() {
    let nobodys = PacBuilder::new().logon_info(&validation());
    let trouble = grants_nothing(nobodys.sign(&Forge::default().key, &kdc_key()).unwrap());
    assert_eq!(trouble, PacTrouble::Pac(PacError::Missing { kind: buffer::CLIENT_INFO }));
}

#[test]
fn a_pac_that_cannot_be_read_grants_nothing() {
    for octets in [vec![], vec![0; 7], vec![0xff; 64], good()[..50].to_vec()] {
        let _ = grants_nothing(octets);
    }
    let broken = PacBuilder::new()
        .client_info(&client_info("alice", NOW - 3600))
        .buffer(buffer::LOGON_INFO, b"no NDR".to_vec());
    let _ = grants_nothing(broken.sign(&Forge::default().key, &kdc_key()).unwrap());
}

#[test]
fn a_pac_without_logon_information_is_good_all_the_same() {
    let octets = PacBuilder::new().client_info(&client_info("alice", NOW - 3600));
    let octets = octets.sign(&Forge::default().key, &kdc_key()).unwrap();
    let permit = requiring().permit(&with(vec![pac(octets)]).token());
    assert_eq!(sids(&permit), [""; 0]);
}

#[test]
fn a_pac_in_the_authenticator_is_not_read() {
    let data = AuthorizationData(vec![pac(good())]);
    let token = Forge::default().token_with(|draft| draft.authenticator.authorization_data = Some(data));
    let judgement = Door::default().judge(&token, None);
    assert!(matches!(judgement.found.pac, Some(Judged::Absent)));
    assert_eq!(requiring().refused(&token), "pac_missing");
}

#[test]
fn the_first_pac_is_the_kdcs_and_no_other_is_looked_at() {
    let copied = pac(builder().sign(&kdc_key(), &kdc_key()).unwrap());
    assert_eq!(sids(&permit(vec![pac(good()), copied.clone()])).len(), 4);
    assert_eq!(sids(&permit(vec![copied, pac(good())])).len(), 0);
}

#[test]
fn a_pac_can_be_demanded() {
    let (refusal, ..) = requiring().refusal(&Forge::default().token());
    assert!(matches!(refusal, Refusal::PacMissing), "{refusal:?}");
    assert_eq!(sids(&requiring().permit(&with(vec![pac(good())]).token())).len(), 4);
}

#[test]
fn a_pac_can_be_passed_over() {
    let door = Door::that(|policy| policy.pac = Demand::Off);
    assert_eq!(sids(&door.permit(&with(vec![pac(good())]).token())).len(), 0);
}

#[test]
fn the_pac_is_bound_to_the_authtime_and_not_to_the_start() {
    let mut forge = with(vec![pac(good())]);
    forge.part.starttime = Some(time(NOW - 60));
    assert_eq!(sids(&requiring().permit(&forge.token())).len(), 4);
}
