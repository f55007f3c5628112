//! Passwords are changed by the protocol of RFC 3244, as stock clients speak it.

use std::time::UNIX_EPOCH;

use testkdc::embedded::Account;

use super::{client, demo, serve};

#[test]
fn an_expired_password_is_changed_on_the_way_in() {
    let server = serve(demo().account(Account::user("old", "oldpw").password_expires(UNIX_EPOCH)));
    let client = client(&server);
    let kinit = client.kinit("old", "oldpw\nnewpw\nnewpw").unwrap();
    assert!(kinit.success(), "{kinit:?}\n{}", client.trace());
    assert!(kinit.stdout.contains("Password expired.  You must change it now."), "{kinit:?}");
    assert!(client.kinit("old", "newpw").unwrap().success());
    assert!(!client.kinit("old", "oldpw").unwrap().success());
}

#[test]
fn a_password_is_changed_over_tcp_and_its_keys_get_a_new_version() {
    let server = serve(demo());
    let client = client(&server);
    let changed = client.kpasswd("alice", "alicepw", "another").unwrap();
    assert!(changed.success() && changed.stdout.contains("Password changed."), "{changed:?}");
    assert!(client.kinit("alice", "another").unwrap().success());
    assert!(!client.kinit("alice", "alicepw").unwrap().success());
    let keytab = krb::keytab::Keytab::read(&server.kdc().keytab("alice").unwrap()).unwrap();
    assert!(keytab.entries.iter().all(|entry| entry.kvno == 2));
}

#[test]
fn the_old_password_is_needed_and_the_new_one_must_be_one() {
    let server = serve(demo());
    let client = client(&server);
    let refused = client.kpasswd("alice", "wrong", "another").unwrap();
    assert!(refused.stderr.contains("Preauthentication failed getting initial ticket"), "{refused:?}");
    let empty = client.kpasswd("alice", "alicepw", "").unwrap();
    assert!(!empty.success(), "{empty:?}");
    assert!(client.kinit("alice", "alicepw").unwrap().success());
}
