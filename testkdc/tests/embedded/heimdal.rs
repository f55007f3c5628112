//! Heimdal's programs get what they ask for too.

use std::time::UNIX_EPOCH;

use peers::Heimdal;
use testkdc::embedded::{Account, Server};
use testkdc::{Client, Krb5Conf, Output};

use super::{client_with, demo, serve};

#[track_caller]
fn kinit(heimdal: &Heimdal, client: &Client, args: &[&str], user: &str, input: &str) -> Output {
    let args: Vec<_> = [&["--password-file=STDIN"], args, &[user]].concat();
    heimdal.run(client, "kinit.heimdal", &args, input)
}

fn over(way: &str, server: &Server) -> Client {
    let kdc = format!("{way}/{}", server.addrs()[0]);
    client_with(&Krb5Conf::new().kdc(&kdc).kpasswd_server(&kdc))
}

#[test]
fn heimdal_gets_tickets_over_udp_and_tcp() {
    let Some(heimdal) = Heimdal::find() else { return };
    let server = serve(demo());
    for way in ["udp", "tcp"] {
        let client = over(way, &server);
        let kinit = kinit(heimdal, &client, &[], "alice", "alicepw\n");
        assert!(kinit.success(), "{kinit:?}");
        let kgetcred = heimdal.run(&client, "kgetcred", &["HTTP/localhost"], "");
        assert!(kgetcred.success(), "{kgetcred:?}");
        let list = client.klist(&[]).unwrap();
        for name in ["alice@DEMO.TEST", "krbtgt/DEMO.TEST@DEMO.TEST", "HTTP/localhost@DEMO.TEST"] {
            assert!(list.stdout.contains(name), "{list:?}");
        }
    }
}

#[test]
fn heimdal_uses_each_enctype() {
    let Some(heimdal) = Heimdal::find() else { return };
    let server = serve(demo());
    for enctype in krb::crypto::Enctype::ALL.map(krb::crypto::Enctype::name) {
        let kdc = format!("tcp/{}", server.addrs()[0]);
        let conf = Krb5Conf::new().kdc(&kdc).libdefault("default_etypes", enctype);
        let client = client_with(&conf);
        let kinit = kinit(heimdal, &client, &[], "alice", "alicepw\n");
        assert!(kinit.success(), "{kinit:?}");
        let list = client.klist(&["-e"]).unwrap().stdout;
        assert!(list.contains(&format!("skey, tkt): {enctype}")), "{list}");
    }
}

#[test]
fn heimdal_renews_and_forwards() {
    let Some(heimdal) = Heimdal::find() else { return };
    let server = serve(demo());
    let client = over("udp", &server);
    let kinit = kinit(heimdal, &client, &["--renewable", "--forwardable"], "alice", "alicepw\n");
    assert!(kinit.success(), "{kinit:?}");
    let renewed = heimdal.run(&client, "kinit.heimdal", &["--renew"], "");
    assert!(renewed.success(), "{renewed:?}");
    let forwarded = heimdal.run(&client, "kgetcred", &["--forwardable", "HTTP/localhost"], "");
    assert!(forwarded.success(), "{forwarded:?}");
}

#[test]
fn heimdal_is_told_why_not() {
    let Some(heimdal) = Heimdal::find() else { return };
    let server = serve(demo().account(Account::user("gone", "pw").expires(UNIX_EPOCH)));
    let client = over("udp", &server);
    for (user, says) in [("alice", "Password incorrect"), ("nobody", "not known"), ("gone", "expired")] {
        let kinit = kinit(heimdal, &client, &[], user, "wrong\n");
        assert!(!kinit.success() && kinit.stderr.contains(says), "{kinit:?}");
    }
}

#[test]
fn heimdal_changes_a_password() {
    let Some(heimdal) = Heimdal::find() else { return };
    let server = serve(demo());
    for (way, old, new) in [("udp", "alicepw", "second"), ("tcp", "second", "third")] {
        let client = over(way, &server);
        let typed = format!("{old}\n{new}\n{new}\n");
        let changed = heimdal.run(&client, "kpasswd.heimdal", &["alice"], &typed);
        assert!(changed.success(), "{changed:?}");
        assert!(client_with(&super::conf(&server)).kinit("alice", new).unwrap().success());
    }
}
