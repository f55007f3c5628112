//! Clients of another realm, over a real trust between two KDCs.

use peers::mit::{FLAG_MUTUAL, InitiatorOptions, MitInitiator};
use testkdc::Realm;

use super::{admission, ask_once, door, message, site, status};
use crate::{ticket::field, world::realm};

/// A realm whose clients the shared realm trusts.
fn trusted() -> Realm {
    let other = Realm::builder().native().name("OTHER.TEST").start().unwrap();
    for side in [&other, realm()] {
        side.kadmin("addprinc -pw between krbtgt/TGG.TEST@OTHER.TEST").unwrap();
    }
    other
}

#[test]
fn a_client_of_a_trusted_realm_is_let_in_only_where_that_realm_is_named() {
    let other = trusted();
    let own = format!("[realms]\n    TGG.TEST = {{\n        kdc = {}\n    }}\n", realm().kdc_addr());
    let alice = other.client_with(&other.direct().section(&own)).unwrap();
    assert!(alice.kinit("alice", "alicepw").unwrap().success());
    let options = InitiatorOptions { flags: FLAG_MUTUAL, ..InitiatorOptions::default() };
    let mut initiator = MitInitiator::start(&alice, "HTTP/gw.tgg.test@TGG.TEST", &options).unwrap();

    let site = site();
    let strict = door(&site, &[]);
    assert_eq!(status(&ask_once(&strict, &field(&initiator.token().unwrap()))), 401);
    let record = admission(&strict, "client_realm");
    assert_eq!(record["client"], "alice@OTHER.TEST");
    assert!(message(&record).contains("--accept-realm OTHER.TEST"), "{record}");
    assert!(!site.was_asked());

    let trusting = door(&site, &["--accept-realm", "OTHER.TEST"]);
    let answer = ask_once(&trusting, &field(&initiator.token().unwrap()));
    assert_eq!((status(&answer), answer.ahead.as_slice()), (200, &b"alice@OTHER.TEST"[..]));
}
