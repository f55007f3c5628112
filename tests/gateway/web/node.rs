//! Kerberos as a page speaks it, run by Node: its own tests, which are below `web/test`, are told where everything is.

use peers::{node, or_skipped};
use testkdc::{Builder, Realm};

use crate::{backend::Backend, world::Gateway};

#[test]
fn a_page_gets_tickets_and_opens_doors_with_them() {
    kerberos(Realm::builder(), "");
}

#[test]
fn a_page_takes_the_exchange_that_nobody_can_guess_from() {
    kerberos(Realm::builder().spake("edwards25519"), "asked");
}

#[test]
fn a_page_takes_a_challenge_that_comes_before_it_asks() {
    kerberos(Realm::builder().spake("edwards25519").spake_first("edwards25519"), "first");
}

#[test]
fn a_page_says_which_group_it_speaks_where_the_challenge_is_of_another() {
    kerberos(Realm::builder().spake("edwards25519 P-256").spake_first("P-256"), "asked");
}

#[test]
fn a_page_sends_the_time_to_a_kdc_that_does_not_speak_its_group() {
    kerberos(Realm::builder().spake("P-256"), "refused");
}

/// Runs the tests with a realm of their own, for they change passwords; `spake` says how its KDC offers SPAKE.
fn kerberos(realm: Builder, spake: &str) {
    let realm = realm.native().start().unwrap();
    realm.kadmin("add_policy -minlength 12 long").unwrap();
    realm.add_user("strict", "strictpw").unwrap();
    realm.kadmin("modify_principal -policy long strict").unwrap();
    let far = Realm::builder().name("FAR.TEST").native().start().unwrap();
    for side in [&realm, &far] {
        side.kadmin("add_principal -pw between krbtgt/FAR.TEST@TGG.TEST").unwrap();
    }
    let kdc = format!("{}={}", realm.name(), realm.kdc_addr());
    let kpasswd = format!("{}={}", realm.name(), realm.kpasswd_addr());
    let far_kdc = format!("{}={}", far.name(), far.kdc_addr());
    let tgg = Gateway::start(&["--kdc", &kdc, "--kpasswd", &kpasswd, "--kdc", &far_kdc]);
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let keytab = realm.dir().join("services.keytab");
    let connect = backend.url("http");
    let tpg = Gateway::tpg_with(&["--keytab", keytab.to_str().unwrap(), "--connect", &connect]);
    let variables = [
        ("TICKETGATE_TGG", format!("ws://{}/", tgg.web())),
        ("TICKETGATE_TPG", format!("http://{}/", tpg.web())),
        ("TICKETGATE_REALM", realm.name().to_owned()),
        ("TICKETGATE_FAR", format!("HTTP/gw.tgg.test@{}", far.name())),
        ("TICKETGATE_STRICT", "strict".to_owned()),
        ("TICKETGATE_SPAKE", spake.to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let Some(run) = or_skipped(node::test("kerberos/kdc", &variables)) else { return };
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("skipped 0"), "a test was skipped:\n{said}");
}
