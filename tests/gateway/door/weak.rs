//! A service whose key is of a weak enctype, with a ticket of a real KDC.

use client::negotiate::{Negotiate, NegotiateOptions};
use testkdc::Realm;

use super::{admission, ask_once, message, site, status};
use crate::{
    ticket::{dice, field, now, ticket_in},
    world::Gateway,
};

#[test]
fn a_ticket_of_a_weak_enctype_is_good_only_where_that_is_allowed_and_loudly_so() {
    let realm = Realm::builder().native().start().unwrap();
    for (enctype, name) in [("arcfour-hmac", "rc4"), ("des3-cbc-sha1", "3des")] {
        let host = format!("{name}.tgg.test");
        let keytab = realm.dir().join(format!("{name}.keytab"));
        // The session key is AES, as Active Directory has it for accounts whose own key is RC4.
        for query in [
            format!("addprinc -randkey -e {enctype}:normal HTTP/{host}"),
            format!("setstr HTTP/{host} session_enctypes aes256-cts-hmac-sha1-96"),
            format!("ktadd -norandkey -k {} HTTP/{host} HTTP/gw.tgg.test", keytab.display()),
        ] {
            realm.kadmin(&query).unwrap();
        }
        let ticket = ticket_in(&realm, "alice", "alicepw", ["HTTP", &host]);
        let token = || {
            field(Negotiate::new(&ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap().token())
        };
        let site = site();
        let connect = site.url("http");
        let flags = ["--keytab", keytab.to_str().unwrap(), "--connect", &connect];

        let strict = Gateway::tpg_with(&flags);
        assert!(
            strict.wait_for_log("is weak").contains(&host),
            "the key that is not used is named at the start"
        );
        assert_eq!(status(&ask_once(&strict, &token())), 401);
        let record = admission(&strict, "enctype");
        assert!(message(&record).contains(&format!("--weak-enctype {name}")), "{record}");

        let lenient = Gateway::tpg_with(&[&flags[..], &["--weak-enctype", name]].concat());
        lenient.wait_for_log("A weak enctype is accepted");
        assert_eq!(status(&ask_once(&lenient, &token())), 200, "{name}");
    }
}
