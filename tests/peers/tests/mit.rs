//! MIT's acceptor and initiator as our tools drive them, with tickets of a real KDC.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use peers::mit::{
    AcceptorOptions, FLAG_INTEG, FLAG_MUTUAL, InitiatorOptions, Mechanism, MitAcceptor, MitInitiator,
    ReplayCache, Verdict, cost,
};
use testkdc::{Client, Realm};

const SPN: &str = "HTTP/gw.tgg.test";

/// A realm, and alice with a ticket.
struct World {
    realm: Realm,
    alice: Client,
    keytab: PathBuf,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let realm = Realm::builder().native().start().unwrap();
        let alice = realm.client().unwrap();
        assert!(alice.kinit("alice", "alicepw").unwrap().success());
        let keytab = realm.dir().join("services.keytab");
        World { realm, alice, keytab }
    })
}

fn initiator(options: &InitiatorOptions) -> MitInitiator {
    MitInitiator::start(&world().alice, SPN, options).unwrap()
}

fn token(options: &InitiatorOptions) -> Vec<u8> {
    initiator(options).token().unwrap()
}

fn acceptor_with(keytab: &Path, options: &AcceptorOptions) -> MitAcceptor {
    MitAcceptor::start(keytab, options).unwrap()
}

fn acceptor(options: &AcceptorOptions) -> MitAcceptor {
    acceptor_with(&world().keytab, options)
}

fn judged(token: &[u8], options: &AcceptorOptions) -> Verdict {
    acceptor(options).judge(token).unwrap()
}

#[test]
fn a_fresh_token_is_accepted_and_says_who_and_how_long() {
    let established = judged(&token(&InitiatorOptions::default()), &AcceptorOptions::default());
    let established = established.accepted().unwrap();
    assert_eq!(established.peer, "alice@TGG.TEST");
    assert_eq!(established.mech, "krb5");
    assert!(established.flags & FLAG_INTEG != 0, "{established:?}");
    assert!(established.ends > 1_700_000_000, "{established:?}");
}

#[test]
fn every_token_of_an_initiator_is_another_one() {
    let mut initiator = initiator(&InitiatorOptions::default());
    let tokens: HashSet<_> = (0..100).map(|_| initiator.token().unwrap()).collect();
    assert_eq!(tokens.len(), 100);
    let mut acceptor = acceptor(&AcceptorOptions::default());
    assert!(tokens.iter().all(|token| acceptor.judge(token).unwrap().is_accepted()));
}

#[test]
fn a_bare_token_is_accepted_like_one_that_negotiates() {
    let bare = token(&InitiatorOptions { mechanism: Mechanism::Krb5, ..InitiatorOptions::default() });
    let wrapped = token(&InitiatorOptions::default());
    assert!(wrapped.len() > bare.len());
    for token in [bare, wrapped] {
        assert!(judged(&token, &AcceptorOptions::default()).is_accepted());
    }
}

#[test]
fn the_initiator_believes_the_answer_to_its_own_token_alone() {
    for mechanism in [Mechanism::Krb5, Mechanism::Spnego] {
        let options = InitiatorOptions { flags: FLAG_MUTUAL, mechanism, ..InitiatorOptions::default() };
        let mut initiator = initiator(&options);
        let mut acceptor = acceptor(&AcceptorOptions::default());
        let mut answer = || {
            let token = initiator.token().unwrap();
            acceptor.judge(&token).unwrap().token().to_owned()
        };
        let (stale, fresh) = (answer(), answer());
        let verdict = initiator.verify(&fresh).unwrap();
        assert_eq!(verdict.accepted().unwrap().peer, "HTTP/gw.tgg.test@TGG.TEST");
        initiator.token().unwrap();
        assert!(initiator.verify(&stale).unwrap().refused().is_some());
    }
}

#[test]
fn a_second_use_is_refused_where_replays_are_remembered() {
    let token = token(&InitiatorOptions::default());
    let file = world().realm.dir().join("replays");
    let remembers = AcceptorOptions { replay_cache: ReplayCache::File(file), ..AcceptorOptions::default() };
    let mut forgetful = acceptor(&AcceptorOptions::default());
    assert!(forgetful.judge(&token).unwrap().is_accepted());
    assert!(forgetful.judge(&token).unwrap().is_accepted());
    assert!(judged(&token, &remembers).is_accepted());
    let refused = judged(&token, &remembers).refused().unwrap();
    assert!(refused.text.contains("replay"), "{refused:?}");
}

#[test]
fn channel_bindings_must_be_those_of_the_token() {
    let bound = |data: &[u8]| Some(data.to_owned());
    let token = token(&InitiatorOptions { bindings: bound(b"one"), ..InitiatorOptions::default() });
    for (data, accepted) in [(&b"one"[..], true), (b"two", false)] {
        let options = AcceptorOptions { bindings: bound(data), ..AcceptorOptions::default() };
        let verdict = judged(&token, &options);
        assert_eq!(verdict.is_accepted(), accepted, "{verdict:?}");
    }
}

#[test]
fn a_named_acceptor_takes_tickets_for_its_name_alone() {
    let token = token(&InitiatorOptions::default());
    for (name, accepted) in [("HTTP/gw.tgg.test@TGG.TEST", true), ("host/svc.tgg.test@TGG.TEST", false)] {
        let options = AcceptorOptions { name: Some(name.to_owned()), ..AcceptorOptions::default() };
        let verdict = judged(&token, &options);
        assert_eq!(verdict.is_accepted(), accepted, "{name}: {verdict:?}");
    }
}

#[test]
fn a_token_that_was_changed_on_the_way_is_refused_with_a_reason() {
    let mut token = token(&InitiatorOptions::default());
    *token.last_mut().unwrap() ^= 1;
    let refused = judged(&token, &AcceptorOptions::default()).refused().unwrap();
    assert!(refused.major != 0 && !refused.text.is_empty(), "{refused:?}");
}

#[test]
fn tickets_of_both_families_of_ciphers_are_accepted() {
    let realm = &world().realm;
    for (spn, cipher) in [
        ("HTTP/sha1.tgg.test", "aes256-cts-hmac-sha1-96"),
        ("HTTP/sha2.tgg.test", "aes256-cts-hmac-sha384-192"),
    ] {
        realm.kadmin(&format!("add_principal -randkey -e {cipher}:normal {spn}")).unwrap();
        let keytab = realm.keytab(spn).unwrap();
        let client = realm.client_with(&realm.direct().libdefault("permitted_enctypes", cipher)).unwrap();
        assert!(client.kinit("alice", "alicepw").unwrap().success());
        let token = MitInitiator::start(&client, spn, &InitiatorOptions::default()).unwrap().token().unwrap();
        let list = client.klist(&["-e"]).unwrap().stdout;
        assert!(list.contains(&format!("Etype (skey, tkt): {cipher}, {cipher}")), "{list}");
        let mut acceptor = acceptor_with(&keytab, &AcceptorOptions::default());
        assert!(acceptor.judge(&token).unwrap().is_accepted());
    }
}

#[test]
fn without_a_ticket_there_is_no_token_but_a_reason() {
    let nobody = MitInitiator::start(&world().alice, "HTTP/nowhere.tgg.test", &InitiatorOptions::default());
    let error = nobody.unwrap().token().unwrap_err().to_string();
    assert!(error.contains("not found in Kerberos database"), "{error}");
}

#[test]
fn a_keytab_that_is_not_there_is_named() {
    let mut acceptor = acceptor_with(Path::new("/nowhere.keytab"), &AcceptorOptions::default());
    let error = acceptor.judge(b"").unwrap_err().to_string();
    assert!(error.contains("/nowhere.keytab"), "{error}");
}

#[test]
fn the_cost_is_that_of_each_token_once() {
    let mut initiator = initiator(&InitiatorOptions::default());
    let mut tokens: Vec<_> = (0..20).map(|_| initiator.token().unwrap()).collect();
    tokens.push(b"no token".to_vec());
    let cost = cost(&world().keytab, &AcceptorOptions::default(), &tokens, false).unwrap();
    assert_eq!((cost.accepted, cost.refused), (20, 1));
    assert!(cost.each.as_micros() > 0, "{cost:?}");
}
