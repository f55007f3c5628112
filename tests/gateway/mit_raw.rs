//! Stock tools of MIT krb5 over the raw listener: Kerberos as ever, under the gateway's policy.

use testkdc::{Client, Krb5Conf, Output};

use crate::world::{Gateway, realm};

fn gateway() -> Gateway {
    Gateway::before_realm(&["--listen-raw", "127.0.0.1:0"])
}

fn conf(gateway: &Gateway) -> Krb5Conf {
    Krb5Conf::new().kdc(gateway.raw()).kpasswd_server(gateway.raw())
}

fn outside(conf: &Krb5Conf) -> Client {
    realm().client_with(conf).unwrap()
}

#[track_caller]
fn assert_succeeds(output: &Output) {
    assert!(output.success(), "{output:?}");
}

#[test]
fn kinit_kvno_and_kpasswd_go_over_udp() {
    realm().add_user("kpasswd-udp", "first").unwrap();
    let gateway = gateway();
    let client = outside(&conf(&gateway));
    assert_succeeds(&client.kpasswd("kpasswd-udp", "first", "second").unwrap());
    assert_succeeds(&client.kinit("kpasswd-udp", "second").unwrap());
    assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test"]).unwrap());
    gateway.wait_for_record("service ticket", |record| record["kind"] == "tgs");
    for record in gateway.records() {
        // kpasswd of release 1.20 begins with TCP.
        let expected = if record["kind"] == "kpasswd" { "tcp" } else { "udp" };
        assert_eq!(record["via"], expected, "{record}");
    }
}

#[test]
fn kinit_kvno_and_kpasswd_go_over_tcp() {
    realm().add_user("kpasswd-tcp", "first").unwrap();
    let gateway = gateway();
    let client = outside(&conf(&gateway).libdefault("udp_preference_limit", 1));
    assert_succeeds(&client.kpasswd("kpasswd-tcp", "first", "second").unwrap());
    assert_succeeds(&client.kinit("kpasswd-tcp", "second").unwrap());
    assert_succeeds(&client.kvno(&["HTTP/gw.tgg.test"]).unwrap());
    gateway.wait_for_record("service ticket", |record| record["kind"] == "tgs");
    for record in gateway.records() {
        assert_eq!(record["via"], "tcp", "{record}");
    }
}

#[test]
fn a_reply_too_big_for_a_datagram_makes_the_client_come_back_over_tcp() {
    let gateway = gateway();
    let client = outside(&conf(&gateway));
    assert_succeeds(&client.kinit(&realm().large_user(), "largepw").unwrap());
    assert!(client.trace().contains("too big for UDP; retrying with TCP"), "{}", client.trace());
    assert_succeeds(&client.kvno(&[&realm().large_service()]).unwrap());
    gateway.wait_for_record("ticket over TCP", |record| {
        record["via"] == "tcp" && record["kind"] == "as" && record["outcome"] == "ticket"
    });
}

#[test]
fn a_wrong_password_is_counted_once() {
    for (user, conf) in [
        ("mistyped-udp", Krb5Conf::new()),
        ("mistyped-tcp", Krb5Conf::new().libdefault("udp_preference_limit", 1)),
    ] {
        realm().add_user(user, "right").unwrap();
        let gateway = gateway();
        let kinit = outside(&conf.kdc(gateway.raw())).kinit(user, "wrong").unwrap();
        assert!(!kinit.success() && kinit.stderr.contains("Password incorrect"), "{kinit:?}");
        let principal = realm().kadmin(&format!("getprinc {user}")).unwrap();
        assert!(principal.contains("Failed password attempts: 1\n"), "{user}: {principal}");
    }
}
