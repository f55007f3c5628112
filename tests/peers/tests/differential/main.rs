//! MIT's acceptor and ours judge the same tokens, real ones and thousands of mutated ones.
//!
//! Where they disagree there is a reason in [`reasons`], or the test fails. Ours may refuse what MIT accepts for
//! those reasons; it accepts nothing that MIT refuses but for the ones that are listed there too.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod forged;
mod mutation;
mod reasons;

use std::{
    collections::BTreeMap,
    fs,
    pin::pin,
    sync::OnceLock,
    task::{Context, Poll, Waker},
    time::{SystemTime, UNIX_EPOCH},
};

use krb::keytab::Keytab;
use peers::mit::{
    AcceptorOptions, FLAG_INTEG, FLAG_MUTUAL, InitiatorOptions, Mechanism, MitAcceptor, MitInitiator,
    Verdict as Mits,
};
use testkdc::{Client, Krb5Conf, Realm};
use tpg::{
    acceptor::{Acceptor, Judgement, Seen, Verdict},
    keys::KeyTable,
    policy::Policy,
    replay::Memory,
    utc::Utc,
};

use mutation::Mutations;

const SPN: &str = "HTTP/gw.tgg.test";
/// Mutations of each real token.
const MUTATIONS: usize = 700;

fn realm() -> &'static Realm {
    static REALM: OnceLock<Realm> = OnceLock::new();
    REALM.get_or_init(|| Realm::builder().native().start().unwrap())
}

/// Alice, whose session keys have this enctype.
fn alice(enctype: &str) -> Client {
    let conf = Krb5Conf::new().kdc(realm().kdc_addr().to_string()).libdefault("permitted_enctypes", enctype);
    let client = realm().client_with(&conf).unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    client
}

/// Our acceptor with the keys of the realm's services.
fn ours() -> Acceptor {
    let keytab = Keytab::read(&fs::read(realm().dir().join("services.keytab")).unwrap()).unwrap();
    let policy = Policy::default();
    let (keys, _) = KeyTable::new(&keytab, &policy.services, &policy.enctypes);
    Acceptor::new(policy, keys)
}

fn now() -> Utc {
    #[expect(
        clippy::disallowed_methods,
        reason = "MIT's acceptor reads the clock, so ours has to be told the same"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Utc::new(since.as_secs().cast_signed(), since.subsec_micros())
}

/// Ours, with a memory of its own for each token: what came before does not count.
fn judge(acceptor: &Acceptor, token: &[u8]) -> Judgement {
    let memory = Memory::new(16, Utc::default());
    let seen = Seen::default();
    let mut judging = pin!(acceptor.accept(token, None, &seen, &memory, now(), &|octets| octets.fill(7)));
    match judging.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(judgement) => judgement,
        Poll::Pending => panic!("a memory answers at once"),
    }
}

/// What a judge said, as far as both say it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Said {
    Accepted,
    More,
    Refused,
}

impl From<&Verdict> for Said {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Granted { .. } => Self::Accepted,
            Verdict::More { .. } => Self::More,
            Verdict::Refused { .. } => Self::Refused,
        }
    }
}

impl From<&Mits> for Said {
    fn from(verdict: &Mits) -> Self {
        match verdict {
            Mits::Accepted(_) => Self::Accepted,
            Mits::Continue { .. } => Self::More,
            Mits::Refused(_) => Self::Refused,
        }
    }
}

/// Kinds of real tokens: what they are called, and how they are made.
fn kinds() -> [(&'static str, InitiatorOptions); 4] {
    let with = |flags, mechanism| InitiatorOptions { flags, mechanism, ..InitiatorOptions::default() };
    [
        ("negotiated", with(FLAG_INTEG, Mechanism::Spnego)),
        ("negotiated and mutual", with(FLAG_INTEG | FLAG_MUTUAL, Mechanism::Spnego)),
        ("bare", with(FLAG_INTEG, Mechanism::Krb5)),
        ("bare and mutual", with(FLAG_INTEG | FLAG_MUTUAL, Mechanism::Krb5)),
    ]
}

const ENCTYPES: [&str; 2] = ["aes256-cts-hmac-sha1-96", "aes256-cts-hmac-sha384-192"];

#[test]
fn real_tokens_are_accepted_by_both_for_the_same_client_and_time() {
    let (mut mit, ours) = (acceptor(), ours());
    for enctype in ENCTYPES {
        let alice = alice(enctype);
        for (kind, options) in kinds() {
            let mut initiator = MitInitiator::start(&alice, SPN, &options).unwrap();
            for _ in 0..50 {
                let token = initiator.token().unwrap();
                let theirs = mit.judge(&token).unwrap().accepted().unwrap();
                let Verdict::Granted { permit, reply } = judge(&ours, &token).verdict else {
                    panic!("{kind} of {enctype} is refused")
                };
                assert_eq!(permit.identity().client.to_string(), theirs.peer, "{kind}");
                assert_eq!(permit.ends().seconds(), theirs.ends, "{kind}");
                let verified = initiator.verify(reply.as_deref().unwrap_or_default());
                assert!(options.flags & FLAG_MUTUAL == 0 || verified.unwrap().is_accepted(), "{kind}");
            }
        }
    }
}

#[test]
fn mutated_tokens_are_judged_alike_or_for_a_reason() {
    let (mut mit, ours) = (acceptor(), ours());
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for enctype in ENCTYPES {
        let alice = alice(enctype);
        for (kind, options) in kinds() {
            let token = MitInitiator::start(&alice, SPN, &options).unwrap().token().unwrap();
            for (mutation, mutated) in Mutations::of(&token).take(MUTATIONS) {
                let theirs = mit.judge(&mutated).unwrap();
                let judgement = judge(&ours, &mutated);
                let said = (Said::from(&theirs), Said::from(&judgement.verdict));
                let agreed = said.0 == said.1;
                let reason = if agreed { Some("they agree") } else { reasons::find(&theirs, &judgement) };
                match reason {
                    Some(reason) => *counted.entry(reason).or_default() += 1,
                    None => unexplained.push(format!(
                        "{kind}, {mutation}: MIT {:?}, ours {:?}\n    {theirs:?}\n    {:?}",
                        said.0, said.1, judgement.verdict
                    )),
                }
            }
        }
    }
    println!("{counted:#?}");
    assert!(unexplained.is_empty(), "{} without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
    let total: usize = counted.values().sum();
    assert!(total >= 5000, "{total}");
    assert!(counted["they agree"] * 10 > total * 9, "{counted:?}");
}

/// Where they disagree on one thing that is wrong, and why that is meant.
const MEANT: &[(&str, &str)] = &[
    ("the microseconds are a million", "MIT does not look at them"),
    (
        "the authenticator has no checksum",
        "MIT takes clients that send none (MS-KILE); --allow-no-checksum does too",
    ),
    ("the checksum is bound to something", "MIT looks at a binding only where its caller gives it one"),
    ("user-to-user is asked for", "MIT ignores the option"),
    ("the client is anonymous", "MIT leaves it to its caller; --allow-anonymous does too"),
    (
        "the client is of another realm, its path checked",
        "MIT takes clients of any realm; --accept-realm does too",
    ),
    ("the ticket has data that must be understood", "MIT does not enforce RFC 4120 section 5.2.6"),
    ("the ticket names another class of service", "MIT tries any key of the keytab"),
];

#[test]
fn each_single_deviation_is_judged_alike_or_meant_otherwise() {
    let (mut mit, ours) = (acceptor(), ours());
    let keytab = Keytab::read(&fs::read(realm().dir().join("services.keytab")).unwrap()).unwrap();
    let credential = forged::ticket(realm());
    let mut otherwise = Vec::new();
    for (name, deviate) in forged::DEVIATIONS {
        let mut forge = forged::Forge::new(&credential, &keytab);
        deviate(&mut forge);
        let token = forge.seal();
        let theirs = mit.judge(&token).unwrap();
        let judgement = judge(&ours, &token);
        let said = (Said::from(&theirs), Said::from(&judgement.verdict));
        if said.0 != said.1 {
            assert_ne!(said.1, Said::Accepted, "{name}: MIT says {theirs:?}");
            otherwise.push(*name);
        }
    }
    let meant: Vec<&str> = MEANT.iter().map(|(name, _)| *name).collect();
    assert_eq!(otherwise, meant);
}

fn acceptor() -> MitAcceptor {
    MitAcceptor::start(&realm().dir().join("services.keytab"), &AcceptorOptions::default()).unwrap()
}
