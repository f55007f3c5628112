//! The same realm in a container, where an engine answers or `TESTKDC` demands one.

use std::env;

use testkdc::{Place, Realm, engine};

/// Whether there is anything to test, with the reason printed where there is not.
fn wanted() -> bool {
    match env::var("TESTKDC").as_deref() {
        Ok("container") => true,
        Ok("native") => skip("TESTKDC is native"),
        _ if engine().is_some() => true,
        _ => skip("no container engine answers: install podman and runc"),
    }
}

fn skip(why: &str) -> bool {
    eprintln!("skipped: {why}");
    false
}

#[test]
fn the_realm_in_a_container_serves_like_the_native_one() {
    if !wanted() {
        return;
    }
    let realm = Realm::builder().container().start().unwrap();
    assert!(matches!(realm.place(), Place::Container(_)));
    let dir = realm.dir().to_owned();

    let client = realm.client().unwrap();
    let kinit = client.kinit("alice", "alicepw").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    assert!(client.kvno(&["HTTP/gw.tgg.test"]).unwrap().success());
    let changed = client.kpasswd("bob", "bobpw", "another").unwrap();
    assert!(changed.success(), "{changed:?}");
    let keytab = realm.keytab("HTTP/gw.tgg.test").unwrap();
    let list = client.klist(&["-k", keytab.to_str().unwrap()]).unwrap();
    assert!(list.stdout.contains("HTTP/gw.tgg.test@TGG.TEST"), "{list:?}");
    assert!(realm.kdc_log().contains("alice@TGG.TEST"));

    let second = realm.second_kdc().unwrap();
    realm.kdc().kill().unwrap();
    let direct = realm.direct().kdc(second.addr());
    let kinit = realm.client_with(&direct).unwrap().kinit("alice", "alicepw").unwrap();
    assert!(kinit.success(), "{kinit:?}");

    drop(realm);
    assert!(!dir.exists());
}
