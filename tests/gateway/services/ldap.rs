//! The login module `ldap` between clients with Basic and OpenLDAP's server.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Folder, ask, config, service, status};
use crate::{
    door::{admission, message},
    slapd::Slapd,
    world::Gateway,
};

/// How the search account is named; its password is in a file of this folder.
fn account(folder: &Folder) -> String {
    format!(
        "<bindDn>cn=gateway,dc=example</bindDn><bindPasswordFile>{}</bindPasswordFile>",
        folder.path("ldap.pw").display()
    )
}

fn secrets() -> Folder {
    Folder::new().with("ldap.pw", "g4te\n")
}

/// Without TLS, as said twice.
const CLEAR: &str = "<useSSL>false</useSSL><startTls>false</startTls>";

/// A gateway with a service for users who have these roles, and with these options of the module.
fn gateway(options: &str, constraint: &str) -> Gateway {
    let inside = format!(
        "<properties><location>/in/</location></properties><realm-name>people</realm-name>{constraint}"
    );
    let realm = format!(
        "<realm><name>people</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>\
         <login-modules><login-module><type>ldap</type><success>required</success>\
         <options>{options}</options></login-module></login-modules></authentication></realm>"
    );
    let service = service("http.redirect", "http", &inside);
    Gateway::run(&config(&format!("{service}<security>{realm}</security>")))
}

/// What becomes of a user with this password: 302 if let in.
fn login(gateway: &Gateway, name: &str, password: &str) -> u16 {
    let line = format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}")));
    status(&ask(gateway, "GET /in", &line))
}

#[test]
fn a_user_is_searched_and_the_password_tried() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let options = format!(
        "<userProvider>{}</userProvider><userFilter>(uid={{USERNAME}})</userFilter>{CLEAR}{}",
        slapd.url(),
        account(&secrets)
    );
    let gateway = gateway(&options, "");
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
    assert_eq!(admission(&gateway, "granted")["client"], "joe");
    assert_eq!(login(&gateway, "joe", "Welcome"), 401);
    assert!(message(&admission(&gateway, "wrong_password")).contains("invalidCredentials (49)"));
    assert_eq!(login(&gateway, "jim", "welcome"), 401);
    admission(&gateway, "unknown_user");
}
