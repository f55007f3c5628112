//! The native realm under the stock tools, without a gateway between them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

use testkdc::{Krb5Conf, Realm};

#[expect(clippy::unwrap_used, reason = "a test without its realm has failed")]
fn native() -> Realm {
    Realm::builder().native().start().unwrap()
}

/// One realm for all tests that do not harm it.
fn shared() -> &'static Realm {
    static REALM: OnceLock<Realm> = OnceLock::new();
    REALM.get_or_init(native)
}

#[test]
fn a_password_gets_a_ticket_and_a_service_ticket() {
    let client = shared().client().unwrap();
    let kinit = client.kinit("alice", "alicepw").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    let kvno = client.kvno(&["HTTP/gw.tgg.test", "HTTP/localhost", "host/svc.tgg.test"]).unwrap();
    assert!(kvno.success(), "{kvno:?}");
    let list = client.klist(&["-e"]).unwrap();
    for name in ["krbtgt/TGG.TEST@TGG.TEST", "HTTP/gw.tgg.test@TGG.TEST", "host/svc.tgg.test@TGG.TEST"] {
        assert!(list.stdout.contains(name), "{list:?}");
    }
    assert!(shared().kdc_log().contains("alice@TGG.TEST for HTTP/gw.tgg.test@TGG.TEST"));
}

#[test]
fn a_wrong_password_is_refused_and_counted() {
    let client = shared().client().unwrap();
    assert!(!client.kinit("bob", "alicepw").unwrap().success());
    assert!(shared().kadmin("getprinc bob").unwrap().contains("Failed password attempts: 1"));
}

#[test]
fn three_wrong_passwords_lock_the_lockable() {
    let client = shared().client().unwrap();
    for _ in 0..3 {
        assert!(!client.kinit("lockable", "wrong").unwrap().success());
    }
    let locked = client.kinit("lockable", "lockablepw").unwrap();
    assert!(locked.stderr.contains("revoked"), "{locked:?}");
}

#[test]
fn an_expired_account_is_refused() {
    let output = shared().client().unwrap().kinit("expired", "expiredpw").unwrap();
    assert!(!output.success());
    assert!(output.stderr.contains("entry in database has expired"), "{output:?}");
}

#[test]
fn an_expired_password_must_be_changed() {
    let output = shared().client().unwrap().kinit("pwexpired", "pwexpiredpw").unwrap();
    assert!(!output.success());
    assert!(output.stdout.contains("Password expired"), "{output:?}");
}

#[test]
fn names_beyond_ascii_get_tickets() {
    let client = shared().client().unwrap();
    let kinit = client.kinit("müller", "müllerpw").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    assert!(client.klist(&[]).unwrap().stdout.contains("müller@TGG.TEST"));
}

#[test]
fn without_preauthentication_the_first_request_is_answered() {
    let client = shared().client().unwrap();
    assert!(client.kinit("nopreauth", "nopreauthpw").unwrap().success());
    assert!(!client.trace().contains("pre-authentication required"));
    assert!(client.kvno(&["HTTP/localhost"]).unwrap().success());
}

#[test]
fn sha2_keys_are_there_for_those_who_ask() {
    let conf = shared().direct().libdefault("default_tkt_enctypes", "aes256-cts-hmac-sha384-192");
    let client = shared().client_with(&conf).unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    assert!(client.klist(&["-e"]).unwrap().stdout.contains("aes256-cts-hmac-sha384-192"));
}

#[test]
fn a_password_can_be_changed() {
    let realm = shared();
    realm.add_user("carol", "carolpw").unwrap();
    let client = realm.client().unwrap();
    let changed = client.kpasswd("carol", "carolpw", "another").unwrap();
    assert!(changed.success(), "{changed:?}");
    assert!(client.kinit("carol", "another").unwrap().success());
    assert!(!client.kinit("carol", "carolpw").unwrap().success());
}

#[test]
fn a_keytab_opens_the_account_of_its_service() {
    let realm = shared();
    let keytab = realm.keytab("HTTP/gw.tgg.test").unwrap();
    let client = realm.client().unwrap();
    let output =
        client.run("kinit", &["-k", "-t", keytab.to_str().unwrap(), "HTTP/gw.tgg.test"], "").unwrap();
    assert!(output.success(), "{output:?}");
    assert!(realm.keytab("HTTP/nowhere.tgg.test").is_err());
    let all = client.klist(&["-k", realm.dir().join("services.keytab").to_str().unwrap()]).unwrap();
    for spn in ["HTTP/gw.tgg.test@", "HTTP/localhost@", "host/svc.tgg.test@", &realm.large_service()] {
        assert!(all.stdout.contains(spn), "{all:?}");
    }
}

#[test]
fn a_large_reply_is_too_big_for_udp_and_arrives_over_tcp() {
    let realm = shared();
    let client = realm.client().unwrap();
    let kinit = client.kinit(&realm.large_user(), "largepw").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    let trace = client.trace();
    let step = |what: &str| trace.find(what).unwrap_or_else(|| panic!("{what} is not in {trace}"));
    let udp = step("Sending initial UDP request");
    let refused = step("Request or response is too big for UDP; retrying with TCP");
    let tcp = step("Sending TCP request");
    assert!(udp < refused && refused < tcp);
    assert!(client.kvno(&["HTTP/gw.tgg.test", &realm.large_service()]).unwrap().success());
}

#[test]
fn a_raised_limit_lets_large_replies_through_over_udp() {
    let realm = Realm::builder().native().max_dgram_reply(60_000).start().unwrap();
    let client = realm.client().unwrap();
    assert!(client.kinit(&realm.large_user(), "largepw").unwrap().success());
    assert!(!client.trace().contains("too big for UDP"));
}

#[test]
fn a_lowered_limit_makes_everybodys_replies_too_big() {
    let realm = Realm::builder().native().max_dgram_reply(600).start().unwrap();
    let client = realm.client().unwrap();
    assert!(client.kinit("alice", "alicepw").unwrap().success());
    assert!(client.trace().contains("too big for UDP"));
}

#[test]
fn a_second_kdc_answers_when_the_first_is_dead() {
    let realm = native();
    let second = realm.second_kdc().unwrap();
    assert_ne!(second.addr(), realm.kdc_addr());
    realm.kdc().kill().unwrap();
    assert!(TcpStream::connect(realm.kdc_addr()).is_err());
    let client = realm.client_with(&Krb5Conf::new().kdc(realm.kdc_addr()).kdc(second.addr())).unwrap();
    let kinit = client.kinit("alice", "alicepw").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    assert!(second.log().contains("alice@TGG.TEST"));
    realm.kdc().restart().unwrap();
    assert!(realm.client().unwrap().kinit("alice", "alicepw").unwrap().success());
}

#[test]
fn a_frozen_kdc_takes_requests_and_answers_them_when_it_thaws() {
    let realm = native();
    realm.kdc().freeze().unwrap();
    let mut stream = TcpStream::connect(realm.kdc_addr()).unwrap();
    // A length with the reserved bit, which the KDC answers with KRB_ERR_FIELD_TOOLONG (RFC 4120 section 7.2.2).
    stream.write_all(&[0x80, 0, 0, 0]).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(stream.read(&mut [0; 4]).is_err());
    realm.kdc().thaw().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert!(stream.read(&mut [0; 4]).unwrap() > 0);
}

#[test]
fn another_name_makes_another_realm() {
    let realm = Realm::builder().native().name("OTHER.TEST").start().unwrap();
    assert_eq!(realm.name(), "OTHER.TEST");
    assert!(realm.client().unwrap().kinit("alice@OTHER.TEST", "alicepw").unwrap().success());
}

#[test]
fn everything_listens_on_the_loopback_alone_and_is_gone_afterwards() {
    let realm = native();
    let dir = realm.dir().to_owned();
    let addresses = [realm.kdc_addr(), realm.kpasswd_addr()];
    let elsewhere = |addr: SocketAddr| SocketAddr::from(([127, 0, 0, 2], addr.port()));
    for addr in addresses {
        assert!(TcpStream::connect(addr).is_ok());
        assert!(TcpStream::connect(elsewhere(addr)).is_err());
        assert!(UdpSocket::bind(addr).is_err());
        assert!(UdpSocket::bind(elsewhere(addr)).is_ok());
    }
    drop(realm);
    assert!(!dir.exists());
    for addr in addresses {
        assert!(TcpStream::connect(addr).is_err());
        assert!(UdpSocket::bind(addr).is_ok());
    }
}

#[test]
fn a_query_that_kadmin_refuses_is_an_error() {
    let error = shared().kadmin("getprinc nobody").unwrap_err().to_string();
    assert!(error.contains("Principal does not exist"), "{error}");
}
