//! Names and passwords that a real KDC judges: who is let in, and what is said of all others.

mod heimdal;
mod kdcs;

use std::{net::SocketAddr, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use testkdc::Realm;

use tokio_tungstenite::tungstenite::{WebSocket, protocol::Role};

use super::{UPGRADE, ask, close_code, config, exchange, failures::from, realms::roles, service, status};
use crate::{
    door::{admission, message},
    forged_kdc::ForgedKdc,
    world::{Gateway, realm},
    ws_client::plain,
};

/// The module, with this keytab, KDCs of TGG.TEST and further options.
fn module(keytab: &str, kdcs: &str, options: &str) -> String {
    format!(
        "<login-module><type>kerberos5</type><success>required</success><options><keyTab>{keytab}</keyTab>\
         <principal>HTTP/gw.tgg.test</principal><kdc>TGG.TEST={kdcs}</kdc>{options}</options></login-module>"
    )
}

/// A service that sends whoever is let in elsewhere, in a realm that asks for passwords.
fn gated(constraint: &str, modules: &str, more: &str) -> Gateway {
    let inside = format!(
        "<properties><location>/in/</location></properties><realm-name>passwords</realm-name>{constraint}"
    );
    let realm = format!(
        "<realm><name>passwords</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>\
         {more}<login-modules>{modules}</login-modules></authentication></realm>"
    );
    let service = service("http.redirect", "http", &inside);
    Gateway::run(&config(&format!("{service}<security>{realm}</security>")))
}

/// Failures are not counted by the gateway.
const ANY_NUMBER: &str = "<failed-logins>0</failed-logins>";

/// One in front of this KDC, with these options.
fn before(kdc: SocketAddr, options: &str) -> Gateway {
    gated("", &module(&keytab(), &kdc.to_string(), options), ANY_NUMBER)
}

/// One in front of the shared realm.
fn gateway() -> Gateway {
    before(realm().kdc_addr(), "")
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

/// Sees that a login is refused, for this reason and with this status; the record of it.
#[track_caller]
fn refused(gateway: &Gateway, name: &str, password: &str, outcome: &str, expected: u16) -> Value {
    let answer = ask(gateway, "GET /in", &basic(name, password));
    let record = admission(gateway, outcome);
    assert_eq!(status(&answer), expected, "{record}");
    let asks_again = !answer.values("www-authenticate").is_empty();
    assert_eq!(asks_again, expected == 401, "{}", answer.text);
    record
}

/// How many wrong passwords of this user the KDC has counted.
fn counted(realm: &Realm, user: &str) -> String {
    let shown = realm.kadmin(&format!("getprinc {user}")).unwrap();
    let line = shown.lines().find_map(|line| line.strip_prefix("Failed password attempts: "));
    line.expect("a count").to_owned()
}

#[test]
fn the_right_password_opens_and_a_wrong_one_does_not() {
    let gateway = gateway();
    assert_eq!(login(&gateway, "alice", "alicepw"), 302);
    let record = admission(&gateway, "granted");
    assert_eq!(
        (&record["client"], &record["service"]),
        (&"alice@TGG.TEST".into(), &"HTTP/gw.tgg.test@TGG.TEST".into())
    );
    let record = refused(&gateway, "alice", "bobpw", "wrong_password", 401);
    assert_eq!((&record["user"], &record["blame"]), (&"alice".into(), &"peer".into()));
    assert_eq!(message(&record), "Refused: the password is wrong");
    assert!(!gateway.log().contains("alicepw") && !gateway.log().contains("bobpw"));
}

#[test]
fn more_than_are_judged_at_once_wait_for_their_turn() {
    let sha1 = "aes128-cts-hmac-sha1-96:normal";
    realm().kadmin(&format!("add_principal -pw manypw -e {sha1} +requires_preauth many")).unwrap();
    let gateway = gateway();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let logins: Vec<_> = (0..80).map(|_| scope.spawn(|| login(&gateway, "many", "manypw"))).collect();
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| *status == 302), "{statuses:?}");
}

#[test]
fn a_socket_ends_with_the_ticket_that_proved_the_password() {
    realm().kadmin("add_principal -pw brieflypw -maxlife \"3 seconds\" +requires_preauth briefly").unwrap();
    let modules = module(&keytab(), &realm().kdc_addr().to_string(), "");
    let realm = format!(
        "<realm><name>passwords</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>\
         <login-modules>{modules}</login-modules></authentication></realm>"
    );
    let echo = service("echo", "ws", "<realm-name>passwords</realm-name>");
    let gateway = Gateway::run(&config(&format!("{echo}<security>{realm}</security>")));
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &(basic("briefly", "brieflypw") + UPGRADE));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    let mut socket = WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None);
    assert_eq!(close_code(&mut socket), 3000);
}

#[test]
fn curl_logs_in() {
    let gateway = gateway();
    let curl = |user: &str| {
        let url = format!("http://{}/in", gateway.at("one"));
        let args = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--user", user, &url];
        String::from_utf8(Command::new("curl").args(args).output().unwrap().stdout).unwrap()
    };
    assert_eq!(["alice:alicepw", "alice:bobpw", "müller:müllerpw"].map(curl), ["302", "401", "302"]);
}

#[test]
fn a_name_is_written_as_for_kinit() {
    realm().add_user("alice/admin", "adminpw").unwrap();
    let gateway = gateway();
    for (name, password) in [
        ("alice@TGG.TEST", "alicepw"),
        ("alice@tgg.test", "alicepw"),
        ("alice/admin", "adminpw"),
        (&*realm().large_user(), "largepw"),
    ] {
        assert_eq!(login(&gateway, name, password), 302, "{name}");
    }
    assert!(gateway.log().contains("alice/admin@TGG.TEST"));
    assert_eq!(login(&gateway, "alice/admin", "alicepw"), 401);
}

#[test]
fn what_names_nobody_and_an_empty_password_reach_no_kdc() {
    let silent = ForgedKdc::silent();
    let gateway = before(silent.addr(), "");
    for (name, password, outcome) in [
        ("alice", "", "empty_password"),
        (r"TGG\alice", "alicepw", "bad_name"),
        ("alice@a@TGG.TEST", "alicepw", "bad_name"),
        ("", "alicepw", "bad_name"),
        ("alice@OTHER.TEST", "alicepw", "realm_not_accepted"),
        ("alice", &"x".repeat(1025), "password_too_long"),
    ] {
        refused(&gateway, name, password, outcome, 401);
    }
    assert!(message(&admission(&gateway, "realm_not_accepted")).contains("<acceptRealm>"));
    assert!(silent.heard().is_empty());
}

#[test]
fn the_log_says_what_is_wrong_with_an_account_and_the_peer_does_not_learn_it() {
    let gateway = gateway();
    let texts: Vec<_> = [
        ("nobody", "nobodypw", "unknown_user", "does not know the user"),
        ("expired", "expiredpw", "account_expired", "modprinc -expire"),
        ("pwexpired", "pwexpiredpw", "password_expired", "kpasswd"),
    ]
    .map(|(name, password, outcome, says)| {
        let record = refused(&gateway, name, password, outcome, 401);
        assert!(message(&record).contains(says), "{record}");
        assert_eq!(record["blame"], "peer");
        let answer = ask(&gateway, "GET /in", &basic(name, password));
        let without_date = answer.text.lines().filter(|line| !line.to_lowercase().starts_with("date:"));
        without_date.collect::<Vec<_>>().join("\n")
    })
    .into();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
}

#[test]
fn a_wrong_password_is_counted_once_by_the_kdc_and_locks_where_it_says_so() {
    realm().kadmin("add_principal -pw guessedpw +requires_preauth -policy lockout guessed").unwrap();
    let gateway = gateway();
    for count in ["1", "2", "3"] {
        refused(&gateway, "guessed", "wrong", "wrong_password", 401);
        assert_eq!(counted(realm(), "guessed"), count);
    }
    let record = refused(&gateway, "guessed", "guessedpw", "account_locked", 401);
    assert!(message(&record).contains("-unlock"), "{record}");
}

#[test]
fn strangers_cannot_lock_an_account_through_a_gateway_that_counts_first() {
    realm().kadmin("add_principal -pw sparedpw +requires_preauth -policy lockout spared").unwrap();
    let modules = module(&keytab(), &realm().kdc_addr().to_string(), "");
    let gateway = gated("", &modules, "<failed-logins>2</failed-logins>");
    let tries: Vec<_> = (0..4).map(|_| login(&gateway, "spared", "wrong")).collect();
    assert_eq!(tries, [401, 401, 429, 429]);
    assert_eq!(counted(realm(), "spared"), "2");
}

#[test]
fn a_name_in_other_words_is_no_further_try() {
    let modules = module(&keytab(), &realm().kdc_addr().to_string(), "");
    let gateway = gated("", &modules, "<failed-logins>3</failed-logins>");
    let login = |peer, name: &str| status(&from([127, 0, 0, peer], gateway.at("one"), &basic(name, "wrong")));
    let spellings = ["bob", "bob@TGG.TEST", "bob@tgg.test"];
    for (peer, name) in (10..22).zip(spellings.into_iter().cycle()) {
        assert_eq!(login(peer, name), 401, "{peer}");
    }
    assert_eq!(spellings.map(|name| login(10, name)), [429; 3]);
}

#[test]
fn a_kdc_that_wants_no_proof_is_believed_by_what_the_password_opens() {
    let gateway = gateway();
    assert_eq!(login(&gateway, "nopreauth", "nopreauthpw"), 302);
    refused(&gateway, "nopreauth", "wrong", "wrong_password", 401);
}

#[test]
fn keys_of_all_aes_enctypes_are_made_from_the_password() {
    let gateway = gateway();
    for (number, enctype) in [
        (17, "aes128-cts-hmac-sha1-96"),
        (18, "aes256-cts-hmac-sha1-96"),
        (19, "aes128-cts-hmac-sha256-128"),
        (20, "aes256-cts-hmac-sha384-192"),
    ] {
        let user = format!("basic{number}");
        let query = format!("add_principal -pw pw{number} -e {enctype}:normal +requires_preauth {user}");
        realm().kadmin(&query).unwrap();
        assert_eq!(login(&gateway, &user, &format!("pw{number}")), 302, "{enctype}");
        assert_eq!(login(&gateway, &user, "wrong"), 401, "{enctype}");
    }
}

#[test]
fn a_user_without_a_key_that_is_safe_is_told_in_the_log_to_change_the_password() {
    realm().kadmin("add_principal -pw oldpw -e arcfour-hmac:normal +requires_preauth old").unwrap();
    let gateway = gateway();
    let record = refused(&gateway, "old", "oldpw", "other_proof", 401);
    assert!(message(&record).contains("a change of its password"), "{record}");
}

#[test]
fn roles_come_to_users_with_passwords_as_to_those_with_tickets() {
    let grants = "<grant>staff=realm:TGG.TEST</grant><grant>boss=principal:alice@TGG.TEST</grant>";
    let modules = module(&keytab(), &realm().kdc_addr().to_string(), grants);
    for (needed, expected) in [
        (&["staff"][..], [302, 302]),
        (&["boss"], [302, 401]),
        (&["staff", "boss"], [302, 401]),
        (&["bob@TGG.TEST"], [401, 302]),
    ] {
        let gateway = gated(&roles(needed), &modules, ANY_NUMBER);
        let statuses = [("alice", "alicepw"), ("bob", "bobpw")].map(|(name, pw)| login(&gateway, name, pw));
        assert_eq!(statuses, expected, "{needed:?}");
    }
}

#[test]
fn a_module_for_tickets_behind_it_takes_no_part() {
    let gss = "<login-module><type>gss</type><success>required</success><options/></login-module>";
    let modules = module(&keytab(), &realm().kdc_addr().to_string(), "") + gss;
    let gateway = gated("", &modules, ANY_NUMBER);
    assert_eq!(login(&gateway, "alice", "alicepw"), 302);
    assert_eq!(login(&gateway, "alice", "wrong"), 401);
}

#[test]
fn users_of_another_realm_log_in_only_where_it_is_named() {
    let other = Realm::builder().native().name("BASIC.TEST").start().unwrap();
    for side in [&other, realm()] {
        side.kadmin("addprinc -pw between krbtgt/TGG.TEST@BASIC.TEST").unwrap();
    }
    let own = realm().kdc_addr();
    let named = format!("<kdc>BASIC.TEST={}</kdc>", other.kdc_addr());
    let strict = before(own, &named);
    refused(&strict, "alice@BASIC.TEST", "alicepw", "realm_not_accepted", 401);

    let trusting = before(own, &format!("{named}<acceptRealm>BASIC.TEST</acceptRealm>"));
    assert_eq!(login(&trusting, "alice@BASIC.TEST", "alicepw"), 302);
    assert_eq!(admission(&trusting, "granted")["client"], "alice@BASIC.TEST");
    refused(&trusting, "alice@BASIC.TEST", "wrong", "wrong_password", 401);

    let default = "<acceptRealm>BASIC.TEST</acceptRealm><defaultRealm>BASIC.TEST</defaultRealm>";
    let theirs = before(own, &format!("{named}{default}"));
    assert_eq!(login(&theirs, "bob", "bobpw"), 302);
    assert_eq!(admission(&theirs, "granted")["client"], "bob@BASIC.TEST");
}
