//! Names and passwords that a real KDC judges, and KDCs that are not the keytab's.

use std::{net::SocketAddr, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{ask, config, realms::roles, service, status};
use crate::{
    door::{admission, message},
    world::{Gateway, realm},
};

/// A realm that asks for passwords, with this keytab, KDC and further options of `kerberos5`.
fn asking(keytab: &str, kdc: SocketAddr, options: &str) -> String {
    format!(
        "<realm><name>passwords</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>\
         <failed-logins>0</failed-logins><login-modules><login-module><type>kerberos5</type>\
         <success>required</success><options><keyTab>{keytab}</keyTab><principal>HTTP/gw.tgg.test</principal>\
         <kdc>TGG.TEST={kdc}</kdc>{options}</options></login-module></login-modules></authentication></realm>"
    )
}

/// A service that sends whoever is let in elsewhere.
fn gated(constraint: &str, realm: &str) -> Gateway {
    let inside = format!(
        "<properties><location>/in/</location></properties><realm-name>passwords</realm-name>{constraint}"
    );
    let service = service("http.redirect", "http", &inside);
    Gateway::run(&config(&format!("{service}<security>{realm}</security>")))
}

/// One in front of the shared realm.
fn gateway(options: &str) -> Gateway {
    gated("", &asking(&keytab(), realm().kdc_addr(), options))
}

fn keytab() -> String {
    realm().dir().join("services.keytab").display().to_string()
}

/// The field that presents a name and a password.
fn basic(name: &str, password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}")))
}

/// What becomes of a login.
fn login(gateway: &Gateway, name: &str, password: &str) -> u16 {
    status(&ask(gateway, "GET /in", &basic(name, password)))
}

#[test]
fn the_right_password_opens_and_a_wrong_one_does_not() {
    let gateway = gateway("");
    assert_eq!(login(&gateway, "alice", "alicepw"), 302);
    assert_eq!(admission(&gateway, "granted")["client"], "alice@TGG.TEST");
    assert_eq!(login(&gateway, "alice", "bobpw"), 401);
    let record = admission(&gateway, "wrong_password");
    assert_eq!((&record["user"], &record["blame"]), (&"alice".into(), &"peer".into()));
    assert_eq!(message(&record), "Refused: the password is wrong");
}
