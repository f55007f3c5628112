//! Realms of a configuration: who is let in, and as whom.

use client::negotiate::{Negotiate, NegotiateOptions};

use super::{ask, config, exchange, one, service, status};
use crate::{
    door::{admission, message},
    ticket::{authorization, dice, field, now, ticket_of},
    world::{Gateway, realm},
    ws_client::plain,
};

/// A realm `kerberos`, with the keytab of the shared test realm and these options of `gss`.
pub(super) fn kerberos(options: &str) -> String {
    keyed(&realm().dir().join("services.keytab").display().to_string(), "", options)
}

/// The same with this keytab, and with these further options of `kerberos5`.
pub(super) fn keyed(keytab: &str, more: &str, options: &str) -> String {
    let modules = format!(
        "<login-module><type>kerberos5</type><success>required</success>\
         <options><keyTab>{keytab}</keyTab>{more}</options></login-module>\
         <login-module><type>gss</type><success>required</success><options>{options}</options></login-module>"
    );
    judging("kerberos", "Negotiate", &modules)
}

/// A realm with these login modules.
fn judging(name: &str, scheme: &str, modules: &str) -> String {
    format!(
        "<realm><name>{name}</name><authentication><http-challenge-scheme>{scheme}</http-challenge-scheme>\
         <login-modules>{modules}</login-modules></authentication></realm>"
    )
}

/// A service that sends whoever is let in elsewhere, with this constraint.
pub(super) fn gated(constraint: &str, realm: &str) -> Gateway {
    let inside = format!(
        "<properties><location>/in/</location></properties><realm-name>kerberos</realm-name>{constraint}"
    );
    let service = service("http.redirect", "http", &inside);
    Gateway::run(&config(&format!("{service}<security>{realm}</security>")))
}

/// A constraint of these roles.
pub(crate) fn roles(roles: &[&str]) -> String {
    let roles: String = roles.iter().map(|role| format!("<require-role>{role}</require-role>")).collect();
    format!("<authorization-constraint>{roles}</authorization-constraint>")
}

/// The field that presents a new token of bob's.
pub(super) fn bobs() -> String {
    let ticket = ticket_of("bob", "bobpw", ["HTTP", "gw.tgg.test"]);
    let token = Negotiate::new(&ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap();
    field(token.token())
}

/// What becomes of alice and of bob.
fn statuses(gateway: &Gateway) -> [u16; 2] {
    [authorization(), bobs()].map(|line| status(&ask(gateway, "GET /in", &line)))
}

#[test]
fn a_principal_is_a_role_that_it_alone_has() {
    let gateway = gated(&roles(&["alice@TGG.TEST"]), &kerberos(""));
    assert_eq!(statuses(&gateway), [302, 403]);
    assert_eq!(admission(&gateway, "role_missing")["client"], "bob@TGG.TEST");
}

#[test]
fn any_user_may_pass_where_no_role_in_particular_is_needed() {
    let valid = "<authorization-constraint><require-valid-user/></authorization-constraint>";
    for constraint in [&roles(&["*"]), valid, ""] {
        let gateway = gated(constraint, &kerberos(""));
        assert_eq!(statuses(&gateway), [302, 302], "{constraint}");
        assert_eq!(status(&ask(&gateway, "GET /in", "")), 401, "{constraint}");
    }
}

#[test]
fn of_several_roles_all_are_needed() {
    let grants = "<grant>staff=realm:TGG.TEST</grant><grant>boss=principal:alice@TGG.TEST</grant>";
    let both = gated(&roles(&["staff", "boss"]), &kerberos(grants));
    assert_eq!(statuses(&both), [302, 403]);
    let one = gated(&roles(&["staff"]), &kerberos(grants));
    assert_eq!(statuses(&one), [302, 302]);
    let apart = roles(&["staff"]) + &roles(&["boss"]);
    assert_eq!(statuses(&gated(&apart, &kerberos(grants))), [302, 403]);
}

#[test]
fn each_service_asks_for_roles_of_its_own() {
    let guarded = |name: &str, role: &str| {
        format!(
            "<service><name>{name}</name><accept>http://127.0.0.1:0/{name}</accept><type>http.redirect</type>\
             <properties><location>/</location></properties><realm-name>kerberos</realm-name>{}</service>",
            roles(&[role])
        )
    };
    let services = guarded("one", "alice@TGG.TEST") + &guarded("two", "bob@TGG.TEST");
    let gateway = Gateway::run(&config(&format!("{services}<security>{}</security>", kerberos(""))));
    let ask = |name: &str, line: &str| {
        let mut stream = plain(gateway.at(name));
        status(&exchange(&mut stream, &format!("GET /{name}"), line))
    };
    assert_eq!((ask("one", &authorization()), ask("one", &bobs())), (302, 403));
    assert_eq!((ask("two", &authorization()), ask("two", &bobs())), (403, 302));
}

#[test]
fn where_nobody_can_judge_nobody_passes_and_the_log_says_why() {
    let schemeless = kerberos("").replace("<http-challenge-scheme>Negotiate</http-challenge-scheme>", "");
    let moduleless = "<realm><name>kerberos</name><authentication>\
                      <http-challenge-scheme>Basic</http-challenge-scheme></authentication></realm>";
    for realm in [&schemeless, moduleless] {
        let gateway = gated(&roles(&["*"]), realm);
        for lines in ["", &authorization(), "Authorization: Basic am9lOndlbGNvbWU=\r\n"] {
            let answer = ask(&gateway, "GET /in", lines);
            assert_eq!((status(&answer), answer.values("www-authenticate").len()), (503, 0), "{realm}");
        }
        let record = admission(&gateway, "nobody_judges");
        assert_eq!(record["blame"], "operator");
        assert!(message(&record).contains("<http-challenge-scheme>"), "{record}");
    }
}

#[test]
fn in_an_old_file_a_realm_without_a_constraint_is_open_and_the_log_warns() {
    let inside = "<properties><location>/in/</location></properties><realm-name>kerberos</realm-name>";
    let text =
        config(&format!("{}<security>{}</security>", service("http.redirect", "http", inside), kerberos("")));
    for (namespace, expected) in [
        ("http://xmlns.kaazing.com/2014/09/gateway", 302),
        ("http://xmlns.kaazing.org/2015/11/gateway", 302),
        ("http://xmlns.kaazing.com/2016/06/gateway", 401),
    ] {
        let text = text.replace("http://xmlns.kaazing.org/2016/06/gateway", namespace);
        let gateway = Gateway::run(&text);
        assert_eq!(status(&ask(&gateway, "GET /in", "")), expected, "{namespace}");
        let warns = gateway.log().contains("it is open to everybody");
        assert_eq!(warns, expected == 302, "{namespace}");
    }
}

#[test]
fn a_service_without_a_realm_asks_nobody() {
    let gateway = one("http.redirect", "http", "<properties><location>/in/</location></properties>");
    let answer = ask(&gateway, "GET /in", "Authorization: Negotiate AAAA\r\n");
    assert_eq!((status(&answer), answer.values("www-authenticate").len()), (302, 0));
}
