//! Tokens and tickets that MIT krb5 made, judged at the time when they were made.

use std::{fs, path::PathBuf};

use client::{Credential, Times, negotiate::NegotiateOptions};
use krb::{
    ccache::Ccache,
    crypto::{Enctype, Key},
    keytab::Keytab,
    msg::{opened::Authenticator, ticket::Ticket},
};
use tpg::{acceptor::Verdict, groups::Judged, policy::Policy, replay::Memory, utc::Utc};

use crate::forge::{Door, Loaded, instant};

fn data(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(name)).unwrap()
}

fn door(keytab: &str, policy: Policy, now: Utc) -> Door {
    let keytab = Keytab::read(&data(keytab)).unwrap();
    Door { now, store: Memory::new(100, Utc::new(0, 0)), ..Door::new(policy, &keytab) }
}

/// The token of a case in tests/data/mit-1.20.1, and a door at the time of it.
fn case(name: &str, policy: Policy) -> (Door, Vec<u8>) {
    let authenticator = data(&format!("mit-1.20.1/decrypted/gss-{name}-0-init-Authenticator.bin"));
    let authenticator = Authenticator::decode(&authenticator).unwrap();
    let now = Utc::of(&authenticator.ctime).unwrap();
    (door("mit-1.20.1/svc.keytab", policy, now), data(&format!("mit-1.20.1/wire/gss-{name}-0-init.bin")))
}

#[test]
fn tokens_of_mit_krb5_are_let_in() {
    for (name, mutual, enctype) in [
        ("krb5", false, 18),
        ("krb5mut", true, 18),
        ("spnego", false, 18),
        ("spnegomut", true, 18),
        ("spnegosha2", true, 20),
    ] {
        let (door, token) = case(name, Policy::default());
        let judgement = door.judge(&token, None);
        let Verdict::Granted { permit, reply } = judgement.verdict else { panic!("{name}: {judgement:?}") };
        assert_eq!(permit.identity().client.to_string(), "alice@H4.TEST");
        assert_eq!(
            (permit.facts().mutual, permit.facts().ticket_enctype.number()),
            (mutual, enctype),
            "{name}"
        );
        assert_eq!(reply.is_none(), name == "krb5", "{name}");
        assert!(matches!(judgement.found.pac, Some(Judged::Good(_))), "{name}: {:?}", judgement.found.pac);
    }
}

#[test]
fn the_answer_to_a_token_of_mit_krb5_has_the_length_of_mits_own() {
    for name in ["krb5mut", "spnegomut", "spnego"] {
        let (door, token) = case(name, Policy::default());
        let (_, reply) = door.granted(&token);
        let theirs = data(&format!("mit-1.20.1/wire/gss-{name}-0-acc.bin"));
        assert_eq!(reply.unwrap().len(), theirs.len(), "{name}");
    }
}

#[test]
fn channel_bindings_of_mit_krb5_are_those_of_the_connection_or_none() {
    let (mut door, token) = case("spnegocb", Policy::default());
    let (refusal, _, found) = door.refusal(&token);
    assert_eq!(refusal.word(), "binding_mismatch");
    door.bindings = vec![found.bindings.unwrap()];
    assert!(door.permit(&token).facts().bound);
}

#[test]
fn a_dce_style_token_of_mit_krb5_is_refused() {
    // Its AP-REQ has no framing of its own.
    let (door, _) = case("spnego", Policy::default());
    assert_eq!(door.refused(&data("mit-1.20.1/wire/gss-spnegodce-0-init.bin")), "framing");
}

#[test]
fn an_rc4_ticket_of_mit_krb5_is_let_in_only_where_it_is_allowed() {
    let (door, token) = case("spnegorc4", Policy::default());
    assert_eq!(door.refused(&token), "enctype");
    let mut policy = Policy::default();
    policy.enctypes.weak = vec![Enctype::ArcfourHmac];
    let (door, token) = case("spnegorc4", policy);
    assert_eq!(door.permit(&token).facts().ticket_enctype, Enctype::ArcfourHmac);
}

#[test]
fn authentication_indicators_of_a_mit_kdc_are_vouched_for_by_its_cammac() {
    let ccache = Ccache::read(&data("cammac/spake.ccache")).unwrap();
    let mut judged = 0;
    for entry in &ccache.credentials {
        if entry.server.name.name_string[0].as_octets() != b"HTTP" {
            continue;
        }
        let now = i64::from(entry.times.auth);
        let at = instant(now, 0);
        let credential = Credential {
            client: entry.client.clone(),
            server: entry.server.clone(),
            key: Key::try_from(&entry.key).unwrap(),
            times: Times { auth: at, start: at, end: at, renew_till: None },
            flags: krb::flags::Flags::with(&[]),
            addresses: Vec::new(),
            ticket: Ticket::decode(&entry.ticket).unwrap(),
        };
        let dice = Loaded::default();
        let mut dice = |octets: &mut [u8]| dice.fill(octets);
        let token = client::Negotiate::new(&credential, &NegotiateOptions::default(), at, &mut dice).unwrap();
        let permit = door("cammac/svc.keytab", Policy::default(), Utc::new(now, 0)).permit(token.token());
        assert_eq!(permit.identity().indicators, ["spake"]);
        judged += 1;
    }
    assert_eq!(judged, 2);
}
