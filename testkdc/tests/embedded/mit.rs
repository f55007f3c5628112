//! MIT's own programs get what they ask for, and are told why not.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use krb::crypto::Enctype;
use peers::mit::{AcceptorOptions, FLAG_MUTUAL, InitiatorOptions, MitAcceptor, MitInitiator};
use peers::or_skipped;
use testkdc::embedded::{Account, Database};
use testkdc::{Client, Output};

use super::{client, client_with, conf, demo, serve};

/// A client with a ticket-granting ticket of alice's.
#[track_caller]
fn logged_in(client: &Client, args: &[&str]) {
    let kinit = client.kinit_with(args, "alice", "alicepw").unwrap();
    assert!(kinit.success(), "{kinit:?}\n{}", client.trace());
}

#[track_caller]
fn refused(output: &Output, says: &str) {
    assert!(!output.success() && output.stderr.contains(says), "{output:?}");
}

/// The line of `klist -f` with the flags of the ticket for this service.
#[track_caller]
fn flags(client: &Client, service: &str) -> String {
    let list = client.klist(&["-f"]).unwrap().stdout;
    let mut lines = list.lines().skip_while(|line| !line.contains(service));
    lines.find_map(|line| line.split_once("Flags: ")).unwrap_or_else(|| panic!("{list}")).1.to_owned()
}

#[test]
fn a_password_gets_a_ticket_and_a_service_ticket() {
    let server = serve(demo());
    let client = client(&server);
    logged_in(&client, &[]);
    let kvno = client.kvno(&["HTTP/localhost"]).unwrap();
    assert!(kvno.success(), "{kvno:?}\n{}", client.trace());
    assert_eq!(kvno.stdout, "HTTP/localhost@DEMO.TEST: kvno = 1\n");
    let list = client.klist(&[]).unwrap().stdout;
    assert!(
        list.contains("krbtgt/DEMO.TEST@DEMO.TEST") && list.contains("HTTP/localhost@DEMO.TEST"),
        "{list}"
    );
}

#[test]
fn the_request_is_protected_as_kinit_asks() {
    let server = serve(demo());
    let client = client(&server);
    logged_in(&client, &[]);
    // What kinit says once the checksum over its request was right (RFC 6806 section 11).
    assert!(client.trace().contains("FAST negotiation: unavailable"), "{}", client.trace());
    assert_eq!(flags(&client, "krbtgt/"), "IA");
}

#[test]
fn a_wrong_password_and_who_is_not_known_are_refused() {
    let server = serve(demo());
    let client = client(&server);
    refused(&client.kinit("alice", "wrong").unwrap(), "Password incorrect");
    assert!(client.trace().contains("Preauthentication failed"), "{}", client.trace());
    refused(&client.kinit("nobody", "pw").unwrap(), "not found in Kerberos database");
    logged_in(&client, &[]);
    refused(&client.kvno(&["HTTP/nowhere"]).unwrap(), "Server HTTP/nowhere@DEMO.TEST not found");
}

#[test]
fn closed_accounts_are_refused() {
    let past = UNIX_EPOCH + Duration::from_secs(1);
    let database = demo()
        .account(Account::user("gone", "pw").expires(past))
        .account(Account::user("barred", "pw").disabled())
        .account(Account::service("HTTP/gone").expires(past))
        .account(Account::service("HTTP/barred").disabled());
    let server = serve(database);
    let client = client(&server);
    refused(&client.kinit("gone", "pw").unwrap(), "entry in database has expired");
    refused(&client.kinit("barred", "pw").unwrap(), "credentials have been revoked");
    logged_in(&client, &[]);
    refused(&client.kvno(&["HTTP/gone"]).unwrap(), "Server's entry in database has expired");
    refused(&client.kvno(&["HTTP/barred"]).unwrap(), "not found in Kerberos database");
}

#[test]
fn each_enctype_is_used_throughout() {
    for enctype in Enctype::ALL {
        let service = Account::service("HTTP/localhost").enctypes(&[enctype]);
        let server = serve(demo().account(service));
        let name = enctype.name();
        let client = client_with(&conf(&server).libdefault("permitted_enctypes", name));
        logged_in(&client, &[]);
        let kvno = client.kvno(&["HTTP/localhost"]).unwrap();
        assert!(kvno.success(), "{kvno:?}");
        let list = client.klist(&["-e"]).unwrap().stdout;
        let (_, ticket) = list.split_once("HTTP/localhost@").unwrap();
        assert!(ticket.contains(&format!("{name}, {name}")), "{list}");
    }
}

#[test]
fn a_client_without_an_enctype_in_common_is_refused() {
    let account = Account::user("old", "pw").enctypes(&[Enctype::Aes128CtsHmacSha1_96]);
    let server = serve(demo().account(account));
    let client = client_with(&conf(&server).libdefault("permitted_enctypes", "aes256-cts-hmac-sha384-192"));
    refused(&client.kinit("old", "pw").unwrap(), "no support for encryption type");
}

#[test]
fn a_ticket_is_renewed_as_long_as_it_was_asked_for() {
    let server = serve(demo());
    let client = client(&server);
    logged_in(&client, &["-l", "1h", "-r", "2d"]);
    assert!(flags(&client, "krbtgt/").contains('R'));
    let before = fs::read(client.ccache()).unwrap();
    let renewed = client.run("kinit", &["-R"], "").unwrap();
    assert!(renewed.success(), "{renewed:?}\n{}", client.trace());
    assert_ne!(before, fs::read(client.ccache()).unwrap());
    assert!(flags(&client, "krbtgt/").contains('R'));
    assert!(client.kvno(&["HTTP/localhost"]).unwrap().success());
}

#[test]
fn a_ticket_that_cannot_be_renewed_is_not() {
    let server = serve(demo().max_renew(Duration::ZERO));
    let client = client(&server);
    logged_in(&client, &["-r", "2d"]);
    assert!(!flags(&client, "krbtgt/").contains('R'));
    refused(&client.run("kinit", &["-R"], "").unwrap(), "KDC can't fulfill requested option");
}

#[test]
fn what_may_be_forwarded_is_asked_for_and_inherited() {
    let server = serve(demo());
    let client = client(&server);
    logged_in(&client, &["-f", "-p"]);
    assert!(client.kvno(&["HTTP/localhost"]).unwrap().success());
    for service in ["krbtgt/", "HTTP/"] {
        let flags = flags(&client, service);
        assert!(flags.contains('F') && flags.contains('P'), "{flags}");
    }
    logged_in(&client, &["-F", "-P"]);
    assert!(client.kvno(&["HTTP/localhost"]).unwrap().success());
    assert!(!flags(&client, "HTTP/").contains('F'));
}

#[test]
fn a_sensitive_account_forwards_nothing_and_a_trusted_service_says_so() {
    let database = demo()
        .account(Account::user("alice", "alicepw").sensitive())
        .account(Account::service("HTTP/trusted").trusted_for_delegation());
    let server = serve(database);
    let client = client(&server);
    logged_in(&client, &["-f", "-p"]);
    assert!(client.kvno(&["HTTP/localhost", "HTTP/trusted"]).unwrap().success());
    assert_eq!(flags(&client, "krbtgt/"), "IA");
    assert!(flags(&client, "HTTP/trusted").contains('O') && !flags(&client, "HTTP/localhost").contains('O'));
}

#[test]
fn a_service_opens_its_tickets_with_its_keytab() {
    let server = serve(demo());
    let client = client(&server);
    let keytab = client.dir().join("service.keytab");
    fs::write(&keytab, &*server.kdc().keytab("HTTP/localhost").unwrap()).unwrap();
    logged_in(&client, &[]);
    let kvno = client.kvno(&["-k", keytab.to_str().unwrap(), "HTTP/localhost"]).unwrap();
    assert!(kvno.success() && kvno.stdout.contains("kvno = 1, keytab entry valid"), "{kvno:?}");
}

#[test]
fn mits_acceptor_lets_the_owner_of_a_ticket_in() {
    let server = serve(demo());
    let client = client(&server);
    let keytab = client.dir().join("service.keytab");
    fs::write(&keytab, &*server.kdc().keytab("HTTP/localhost").unwrap()).unwrap();
    logged_in(&client, &[]);
    let Some(mut initiator) = or_skipped(MitInitiator::start(
        &client,
        "HTTP/localhost",
        &InitiatorOptions { flags: FLAG_MUTUAL, ..InitiatorOptions::default() },
    )) else {
        return;
    };
    let Some(mut acceptor) = or_skipped(MitAcceptor::start(&keytab, &AcceptorOptions::default())) else {
        return;
    };
    let established = acceptor.judge(&initiator.token().unwrap()).unwrap().accepted().unwrap();
    assert_eq!(established.peer, "alice@DEMO.TEST");
    assert!(initiator.verify(&established.token).unwrap().is_accepted());
}

#[test]
fn a_pac_is_left_out_for_who_wants_none() {
    let server = serve(demo());
    let client = client(&server);
    let size = |args: &[&str]| {
        logged_in(&client, args);
        assert!(client.kvno(&["HTTP/localhost"]).unwrap().success());
        fs::metadata(client.ccache()).unwrap().len()
    };
    let (with, without) = (size(&["--request-pac"]), size(&["--no-request-pac"]));
    assert!(without + 1000 < with, "{without} {with}");
}

#[test]
fn who_is_nobody_or_acts_for_somebody_is_refused() {
    let server = serve(demo());
    let client = client(&server);
    refused(&client.kinit_with(&["-n"], "@DEMO.TEST", "").unwrap(), "KDC can't fulfill requested option");
    let keytab = client.dir().join("service.keytab");
    fs::write(&keytab, &*server.kdc().keytab("HTTP/localhost").unwrap()).unwrap();
    let kinit = client.run("kinit", &["-k", "-t", keytab.to_str().unwrap(), "HTTP/localhost"], "").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    refused(&client.kvno(&["-U", "alice", "HTTP/localhost"]).unwrap(), "KDC has no support for padata type");
}

#[test]
fn an_enterprise_name_becomes_the_true_one() {
    let server = serve(demo().account(Account::user("bob", "bobpw").upn("bob.smith@example.com")));
    let client = client(&server);
    let kinit = client.kinit_with(&["-C", "-E"], "Bob.Smith@example.com", "bobpw").unwrap();
    assert!(kinit.success(), "{kinit:?}\n{}", client.trace());
    let list = client.klist(&[]).unwrap();
    assert!(list.stdout.contains("Default principal: bob@DEMO.TEST"), "{list:?}");
    assert!(client.kvno(&["HTTP/localhost"]).unwrap().success());
}

#[test]
fn who_need_not_prove_anything_is_answered_at_once() {
    let server = serve(demo().account(Account::user("open", "openpw").without_preauth()));
    let client = client(&server);
    assert!(client.kinit("open", "openpw").unwrap().success());
    assert!(!client.trace().contains("pre-authentication required"), "{}", client.trace());
    assert!(!flags(&client, "krbtgt/").contains('A'));
}

#[test]
fn a_keytab_opens_the_account_of_its_service() {
    let server = serve(demo());
    let client = client(&server);
    let keytab = client.dir().join("service.keytab");
    fs::write(&keytab, &*server.kdc().keytab("HTTP/localhost").unwrap()).unwrap();
    let kinit = client.run("kinit", &["-k", "-t", keytab.to_str().unwrap(), "HTTP/localhost"], "").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    assert!(server.kdc().keytab("HTTP/nowhere").is_none());
}

#[test]
fn a_user_gets_tickets_for_another_from_user_to_user_only() {
    let server = serve(demo().user("bob", "bobpw", &[]));
    let (client, bob) = (client(&server), client(&server));
    logged_in(&client, &[]);
    assert!(bob.kinit("bob", "bobpw").unwrap().success());
    refused(&client.kvno(&["bob"]).unwrap(), "valid for user2user only");
    let ccache = format!("FILE:{}", bob.ccache().display());
    let kvno = client.kvno(&["--u2u", &ccache, "bob"]).unwrap();
    assert!(kvno.success(), "{kvno:?}\n{}", client.trace());
    refused(&client.kvno(&["--u2u", &ccache, "HTTP/localhost"]).unwrap(), "don't match");
}

#[test]
fn the_ticket_granting_service_has_no_ticket_for_the_password_service() {
    let server = serve(demo());
    let client = client(&server);
    logged_in(&client, &[]);
    refused(&client.kvno(&["kadmin/changepw"]).unwrap(), "KDC policy rejects request");
    logged_in(&client, &["-S", "kadmin/changepw"]);
}

#[test]
fn a_reply_beyond_a_datagram_arrives_over_tcp() {
    let server = serve(Database::new("DEMO.TEST").user("large", "pw", &(1000..2000).collect::<Vec<_>>()));
    let client = client(&server);
    let kinit = client.kinit("large", "pw").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    assert!(client.trace().contains("too big for UDP; retrying with TCP"), "{}", client.trace());
}

#[test]
fn names_beyond_ascii_get_tickets() {
    let server = serve(demo().user("müller", "müllerpw", &[]));
    let client = client(&server);
    let kinit = client.kinit("müller", "müllerpw").unwrap();
    assert!(kinit.success(), "{kinit:?}");
    assert!(client.kvno(&["HTTP/localhost"]).unwrap().success());
}

#[test]
fn a_password_that_ends_soon_is_told() {
    #[expect(clippy::disallowed_methods, reason = "kinit compares with the clock of this host")]
    let soon = SystemTime::now() + Duration::from_hours(30);
    let server = serve(demo().account(Account::user("soon", "pw").password_expires(soon)));
    let kinit = client(&server).kinit("soon", "pw").unwrap();
    assert!(kinit.success() && kinit.stdout.contains("Your password will expire in"), "{kinit:?}");
}
