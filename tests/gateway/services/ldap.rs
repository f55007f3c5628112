//! The login module `ldap` between clients with Basic and OpenLDAP's server: who is let in, as whom, with which roles.

mod trouble;

use std::{fs, thread};

use super::{Folder, ask, config, realms::roles, service, status, users::basic};
use crate::{
    authority::authority,
    door::{admission, message},
    slapd::Slapd,
    world::Gateway,
};

/// Without TLS, as said twice.
const CLEAR: &str = "<useSSL>false</useSSL><startTls>false</startTls>";
const FILTER: &str = "<userFilter>(uid={USERNAME})</userFilter>";
const IDENTITY: &str = "<authIdentity>uid={USERNAME},ou=people,dc=example</authIdentity>";
const GROUPS: &str = "<groupProvider>ou=groups,dc=example</groupProvider>";

/// A folder with the password of the search account.
fn secrets() -> Folder {
    Folder::new().with("ldap.pw", "g4te\n")
}

/// Options that search as the account of that folder.
fn account(folder: &Folder) -> String {
    let file = folder.path("ldap.pw");
    format!(
        "{FILTER}<bindDn>cn=gateway,dc=example</bindDn><bindPasswordFile>{}</bindPasswordFile>",
        file.display()
    )
}

/// A gateway with a service for users who have these roles, and these options of the module, in clear to these servers.
fn clear(servers: &str, options: &str, needed: &[&str]) -> Gateway {
    gateway(&format!("<userProvider>{servers}</userProvider>{CLEAR}{options}"), "", needed)
}

/// The same with all options, and with what else stands in `security`.
fn gateway(options: &str, security: &str, needed: &[&str]) -> Gateway {
    let constraint = if needed.is_empty() { String::new() } else { roles(needed) };
    let inside = format!(
        "<properties><location>/in/</location></properties><realm-name>people</realm-name>{constraint}"
    );
    let realm = format!(
        "<realm><name>people</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme>\
         <failed-logins>0</failed-logins><login-modules><login-module><type>ldap</type>\
         <success>required</success><options>{options}</options></login-module></login-modules>\
         </authentication></realm>"
    );
    let service = service("http.redirect", "http", &inside);
    Gateway::run(&config(&format!("{service}<security>{security}{realm}</security>")))
}

/// What becomes of a user with this password: 302 if let in.
fn login(gateway: &Gateway, name: &str, password: &str) -> u16 {
    status(&ask(gateway, "GET /in", &basic(name, password)))
}

/// How often a server was asked to check a password, or to search.
fn asked(slapd: &Slapd, what: &str) -> usize {
    slapd.log().lines().filter(|line| line.contains(what)).count()
}

#[test]
fn a_user_is_searched_and_the_password_tried() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let gateway = clear(&slapd.url(), &account(&secrets), &[]);
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
    assert_eq!(admission(&gateway, "granted")["client"], "joe");
    assert_eq!(login(&gateway, "joe", "Welcome"), 401);
    assert!(message(&admission(&gateway, "wrong_password")).contains("invalidCredentials (49)"));
    let before = asked(&slapd, " BIND dn=");
    assert_eq!(login(&gateway, "jim", "welcome"), 401);
    admission(&gateway, "unknown_user");
    assert_eq!(asked(&slapd, " BIND dn="), before + 1, "as much is asked for a user whom there is not");
    assert_eq!(login(&gateway, "amy", "am:y"), 302);
    assert_eq!(login(&gateway, "nopw", "welcome"), 401);
    assert!(!gateway.log().contains("welcome") && !gateway.log().contains("g4te"));
}

#[test]
fn the_password_is_tried_and_the_user_searched() {
    let slapd = Slapd::start();
    let gateway = clear(
        &slapd.url(),
        &format!("{IDENTITY}{FILTER}<authzIdentity>{{EMPLOYEENUMBER}}</authzIdentity>"),
        &["AUTHORIZED"],
    );
    assert_eq!(login(&gateway, "JOE", "welcome"), 302);
    assert_eq!(admission(&gateway, "granted")["client"], "joe");
    assert_eq!(login(&gateway, "joe", "wrong"), 401);
    admission(&gateway, "wrong_password");
    assert_eq!(login(&gateway, "jim", "welcome"), 401);
    assert_eq!(login(&gateway, "amy", "am:y"), 401, "she has no number");
    admission(&gateway, "role_missing");
}

#[test]
fn the_password_alone_is_tried() {
    let slapd = Slapd::start();
    let base = slapd.url().replace("/ou=people,dc=example", "");
    let gateway = clear(&base, &format!("{IDENTITY}<authzIdentity>WALKER</authzIdentity>"), &["WALKER"]);
    assert_eq!(login(&gateway, "Joe", "welcome"), 302);
    assert_eq!(admission(&gateway, "granted")["client"], "joe");
    assert_eq!(asked(&slapd, " SRCH base="), 0);
    assert_eq!(login(&gateway, "joe", "wrong"), 401);
    let before = asked(&slapd, " BIND dn=");
    // The server would let these in as joe.
    for name in [" joe", "joe ", "ｊｏｅ"] {
        assert_eq!(login(&gateway, name, "welcome"), 401, "{name:?}");
    }
    admission(&gateway, "unclear_name");
    assert_eq!(asked(&slapd, " BIND dn="), before);
}

#[test]
fn a_user_has_one_name_however_it_is_typed() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let gateway = clear(&slapd.url(), &account(&secrets), &["joe"]);
    for name in ["joe", "JOE", " joe ", "ｊｏｅ"] {
        assert_eq!(login(&gateway, name, "welcome"), 302, "{name:?}");
    }
    let by_mail = "<userFilter>(|(uid={USERNAME})(mail={USERNAME}))</userFilter>";
    let gateway = clear(&slapd.url(), &account(&secrets).replace(FILTER, by_mail), &["doe@example.com"]);
    assert_eq!(login(&gateway, "Doe@Example.com", "welcome"), 302);
    assert_eq!(login(&gateway, "joe", "welcome"), 401);
    assert_eq!(admission(&gateway, "role_missing")["client"], "joe");
}

#[test]
fn nothing_in_a_name_is_taken_for_a_filter_or_a_distinguished_name() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let searching = clear(&slapd.url(), &account(&secrets), &[]);
    let trying = clear(&slapd.url(), &format!("{IDENTITY}{FILTER}"), &[]);
    let hostile = [
        "*",
        "j*",
        ")(uid=*",
        "joe)(|(uid=*",
        "joe)(&",
        "\\6aoe",
        "\\",
        "joe,ou=people,dc=example",
        "joe+cn=Joe",
        "jim,uid=joe",
        "{USERNAME}",
        "joe\0",
        "#6a6f65",
    ];
    for gateway in [&searching, &trying] {
        for name in hostile {
            assert_eq!(login(gateway, name, "welcome"), 401, "{name:?}");
        }
        assert!(!gateway.log().contains("several_users"));
        // Users who are called like that are let in.
        assert_eq!(login(gateway, "*", "star"), 302);
        assert_eq!(login(gateway, "o,hara+x=\\\"", "pat"), 302);
    }
}

#[test]
fn without_a_name_or_a_password_no_server_is_asked() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    for options in [account(&secrets), IDENTITY.to_owned(), format!("{IDENTITY}{FILTER}")] {
        let gateway = clear(&slapd.url(), &options, &[]);
        assert_eq!(login(&gateway, "joe", ""), 401);
        admission(&gateway, "empty_password");
        for name in ["", " "] {
            assert_eq!(login(&gateway, name, "welcome"), 401);
        }
        admission(&gateway, "empty_name");
        assert_eq!(login(&gateway, &"a".repeat(2000), "welcome"), 401);
        admission(&gateway, "too_long");
    }
    // Tests whether slapd listens come and go without a word.
    assert_eq!(asked(&slapd, " BIND ") + asked(&slapd, " SRCH "), 0);
}

#[test]
fn a_user_whom_several_entries_could_be_is_not_let_in() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let gateway = clear(&slapd.url(), &account(&secrets), &[]);
    assert_eq!(login(&gateway, "twin", "same"), 401);
    assert!(message(&admission(&gateway, "several_users")).contains("<userFilter>"));
}

#[test]
fn groups_are_what_roles_are_granted_to() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let grants = "<grant>by-name=group:staff</grant>\
                  <grant>by-dn=group:cn=staff,ou=groups,dc=example</grant>\
                  <grant>by-entry=group:cn=walkers,ou=elsewhere,dc=example</grant>";
    for options in [account(&secrets), format!("{IDENTITY}{FILTER}")] {
        let options = format!("{options}{GROUPS}{grants}");
        for role in ["by-name", "by-dn", "by-entry"] {
            let gateway = clear(&slapd.url(), &options, &[role]);
            assert_eq!(login(&gateway, "joe", "welcome"), 302, "{role}");
            assert_eq!(login(&gateway, "amy", "am:y"), 401, "{role}");
        }
        let gateway = clear(&slapd.url(), &options, &["staff"]);
        assert_eq!(login(&gateway, "joe", "welcome"), 401, "groups are no roles by themselves");
    }
    let options = format!("{IDENTITY}{GROUPS}{grants}");
    assert_eq!(login(&clear(&slapd.url(), &options, &["by-dn"]), "joe", "welcome"), 302);
}

#[test]
fn groups_are_roles_if_that_is_said() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let options = format!("{}{GROUPS}<groupRoles>true</groupRoles>", account(&secrets));
    let gateway = clear(&slapd.url(), &options, &["staff"]);
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
    assert_eq!(login(&gateway, "amy", "am:y"), 401);
    // Here all are in it, and what it is called cannot be a role.
    let all = "<groupFilter>(&amp;(cn=staff)(!(cn={USERNAME})))</groupFilter>\
               <groupAttribute>description</groupAttribute><grant>all=group:ALL STAFF</grant>";
    let gateway = clear(&slapd.url(), &format!("{options}{all}"), &["all"]);
    assert_eq!(login(&gateway, "amy", "am:y"), 302);
    gateway.wait_for_log("is no name of a role");
}

#[test]
fn an_attribute_becomes_a_role_if_it_can_be_one() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let with = |identity: &str, needed: &str| {
        let options = format!("{}<authzIdentity>{identity}</authzIdentity>", account(&secrets));
        clear(&slapd.url(), &options, &[needed])
    };
    assert_eq!(login(&with("{EMPLOYEENUMBER}", "AUTHORIZED"), "joe", "welcome"), 302);
    assert_eq!(login(&with("WALKER", "WALKER"), "amy", "am:y"), 302);
    // A user is a role that nobody else has, by either name.
    assert_eq!(login(&with("WALKER", "uid=joe,ou=people,dc=example"), "joe", "welcome"), 302);
    let gateway = with("{title}", "*");
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
    gateway.wait_for_log("not a role");
}

/// The section that has the gateway trust the authority of the tests.
fn trusting() -> String {
    format!("<truststore><file>{}</file></truststore>", authority().anchor.display())
}

#[test]
fn servers_are_asked_over_tls() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let base = "ou=people,dc=example";
    for (url, words) in [
        (format!("ldaps://127.0.0.1:{}/{base}", slapd.tls_port), ""),
        (format!("ldaps://localhost:{}/{base}", slapd.tls_port), ""),
        (format!("ldap://127.0.0.1:{}/{base}", slapd.tls_port), "<useSSL>true</useSSL>"),
        (format!("ldap://127.0.0.1:{}/{base}", slapd.port), "<startTls>true</startTls>"),
    ] {
        let options = format!("<userProvider>{url}</userProvider>{words}{}", account(&secrets));
        let gateway = gateway(&options, &trusting(), &[]);
        assert_eq!(login(&gateway, "joe", "welcome"), 302, "{url}");
        assert_eq!(login(&gateway, "joe", "wrong"), 401, "{url}");
        assert_eq!(login(&gateway, "amy", "am:y"), 302, "{url}");
    }
    assert!(asked(&slapd, "TLS established") >= 4, "{}", slapd.log());
}

#[test]
fn a_server_with_a_certificate_of_another_is_told_nothing() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let base = "ou=people,dc=example";
    for (url, words, security) in [
        (format!("ldaps://127.0.0.2:{}/{base}", slapd.tls_port), "", trusting()),
        (format!("ldap://127.0.0.2:{}/{base}", slapd.port), "<startTls>true</startTls>", trusting()),
        // The system does not trust the authority.
        (format!("ldaps://127.0.0.1:{}/{base}", slapd.tls_port), "", String::new()),
    ] {
        let options = format!("<userProvider>{url}</userProvider>{words}{}", account(&secrets));
        let gateway = gateway(&options, &security, &[]);
        assert_eq!(login(&gateway, "joe", "welcome"), 503, "{url}");
        let record = admission(&gateway, "no_server");
        assert_eq!(record["blame"], "backend");
        assert!(message(&record).contains("its certificate must be for the host"), "{record}");
    }
    assert_eq!(asked(&slapd, " BIND dn="), 0);
}

#[test]
fn the_search_account_is_looked_at_anew() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    fs::write(secrets.path("ldap.pw"), "old\n").unwrap();
    let gateway = clear(&slapd.url(), &account(&secrets), &[]);
    assert_eq!(login(&gateway, "joe", "welcome"), 503);
    assert!(message(&admission(&gateway, "search_account")).contains("<bindPasswordFile>"));
    fs::write(secrets.path("ldap.pw"), "g4te\nnot this\n").unwrap();
    assert_eq!(login(&gateway, "joe", "welcome"), 302);
}

#[test]
fn a_directory_that_cannot_be_searched_says_so() {
    let (slapd, secrets) = (Slapd::with("referral ldap://127.0.0.1:9/"), secrets());
    // Nobody in particular may not read.
    let gateway = clear(&slapd.url(), FILTER, &[]);
    assert_ne!(login(&gateway, "joe", "welcome"), 302);
    let elsewhere = slapd.url().replace("dc=example", "dc=other");
    let gateway = clear(&elsewhere, &account(&secrets), &[]);
    assert_eq!(login(&gateway, "joe", "welcome"), 503);
    assert!(message(&admission(&gateway, "referral")).contains("not followed"));
    let nowhere = slapd.url().replace("ou=people", "ou=nobody");
    let gateway = clear(&nowhere, &account(&secrets), &[]);
    assert_eq!(login(&gateway, "joe", "welcome"), 503);
    assert!(message(&admission(&gateway, "no_folder")).contains("<userProvider>"));
}

#[test]
fn a_server_that_wants_tls_says_so() {
    let (slapd, secrets) = (Slapd::with("security simple_bind=64"), secrets());
    for options in [account(&secrets), IDENTITY.to_owned()] {
        let gateway = clear(&slapd.url(), &options, &[]);
        assert_eq!(login(&gateway, "joe", "welcome"), 503);
        gateway.wait_for_log("<startTls>true</startTls>");
    }
}

#[test]
fn a_hundred_log_in_at_once_over_few_connections() {
    let (slapd, secrets) = (Slapd::start(), secrets());
    let gateway = clear(&slapd.url(), &account(&secrets), &[]);
    thread::scope(|scope| {
        let logins: Vec<_> = (0..100)
            .map(|number| {
                let gateway = &gateway;
                scope.spawn(move || match number % 3 {
                    0 => (login(gateway, "joe", "welcome"), 302),
                    1 => (login(gateway, "joe", "wrong"), 401),
                    _ => (login(gateway, "amy", "am:y"), 302),
                })
            })
            .collect();
        for login in logins {
            let (status, expected) = login.join().unwrap();
            assert_eq!(status, expected);
        }
    });
    let opened = asked(&slapd, " ACCEPT from IP=");
    assert!(opened <= 64 + 4, "{opened} connections");
}
