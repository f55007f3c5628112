//! `ticketgate kinit`: from KDCs directly and through the gateway, and what is said where there is no ticket.

use std::process::Command;

use krb::error_code::{KDC_ERR_CLIENT_REVOKED, KDC_ERR_SVC_UNAVAILABLE};
use testkdc::{Client, Krb5Conf, Realm};

use super::{assert_fails, assert_succeeds, kinit, texts, ticketgate, ways};
use crate::{
    discovery::Dns,
    forged_kdc::{Does, ForgedKdc, refusal},
    world::{Gateway, libfaketime, realm, refusing},
};

/// One whose krb5.conf names no server.
fn outside() -> Client {
    realm().client_with(&Krb5Conf::new()).unwrap()
}

/// One who can reach these KDCs alone, in this order.
fn before(kdcs: &[String]) -> Client {
    let conf = kdcs.iter().fold(Krb5Conf::new(), |conf, kdc| conf.kdc(kdc));
    realm().client_with(&conf).unwrap()
}

/// That stock klist shows a ticket-granting ticket of this user.
#[track_caller]
fn assert_has_ticket(client: &Client, name: &str) -> String {
    let list = client.klist(&["-fe", "-C"]).unwrap().stdout;
    assert!(list.contains(&format!("Default principal: {name}@TGG.TEST")), "{list}");
    assert!(list.contains("krbtgt/TGG.TEST@TGG.TEST\n"), "{list}");
    list
}

#[test]
fn stock_klist_shows_the_ticket_and_how_it_was_got() {
    let client = realm().client().unwrap();
    assert_succeeds(&kinit(&client, &["alice"], "alicepw"));
    let list = assert_has_ticket(&client, "alice");
    assert!(list.contains("config: pa_type(krbtgt/TGG.TEST@TGG.TEST) = 2"), "{list}");
    assert!(list.contains("config: fast_avail(krbtgt/TGG.TEST@TGG.TEST) = yes"), "{list}");
    // Stock kinit leaves the same behind, but for the enctype that it prefers.
    let stock = realm().client().unwrap();
    assert_succeeds(&stock.kinit("alice", "alicepw").unwrap());
    let stock = stock.klist(&["-f", "-C"]).unwrap().stdout;
    let told = |list: &str| -> Vec<String> {
        let lines = list.lines().filter(|line| line.contains("config: ") || line.contains("Flags: "));
        lines.map(|line| line.rsplit_once(", ").map_or(line, |(_, rest)| rest).to_owned()).collect()
    };
    let own = client.klist(&["-f", "-C"]).unwrap().stdout;
    assert_eq!(told(&own), told(&stock), "{own}{stock}");
    let about = std::fs::metadata(client.ccache()).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777, 0o600);
}

#[test]
fn a_user_without_preauthentication_and_one_beyond_ascii_get_theirs() {
    let client = realm().client().unwrap();
    assert_succeeds(&kinit(&client, &["nopreauth"], "nopreauthpw"));
    assert!(!assert_has_ticket(&client, "nopreauth").contains("pa_type"));
    assert_succeeds(&kinit(&client, &["müller@TGG.TEST"], "müllerpw"));
    assert_has_ticket(&client, "müller");
}

#[test]
fn an_answer_that_fits_no_datagram_comes_by_stream() {
    let client = realm().client().unwrap();
    assert_succeeds(&kinit(&client, &[&realm().large_user()], "largepw"));
    assert_has_ticket(&client, &realm().large_user());
    let by_stream = realm().client_with(&realm().direct().libdefault("udp_preference_limit", 1)).unwrap();
    assert_succeeds(&kinit(&by_stream, &["alice"], "alicepw"));
}

#[test]
fn the_gateway_leads_to_kdcs_by_each_of_its_ways() {
    let gateways = [(Gateway::before_realm(&[]), false), (Gateway::tls_before_realm(&[]), true)];
    for (gateway, is_secure) in gateways {
        for flags in ways(&gateway, is_secure) {
            let client = outside();
            assert_succeeds(&kinit(&client, &[&texts(&flags)[..], &["alice"]].concat(), "alicepw"));
            assert_has_ticket(&client, "alice");
        }
        let records = gateway.wait_for_records(4);
        assert!(records.iter().all(|record| record["kind"] == "as"), "{records:?}");
    }
}

#[test]
fn a_proxy_that_krb5_conf_names_is_asked() {
    let gateway = Gateway::tls_before_realm(&[]);
    let client = realm().client_with(&gateway.conf()).unwrap();
    assert_succeeds(&kinit(&client, &["alice"], "alicepw"));
    assert_has_ticket(&client, "alice");
}

#[test]
fn the_next_kdc_answers_for_one_that_is_dead_or_unavailable() {
    let unavailable = ForgedKdc::refusing(KDC_ERR_SVC_UNAVAILABLE);
    for first in [refusing(), unavailable.addr()] {
        let client = before(&[first.to_string(), realm().kdc_addr().to_string()]);
        assert_succeeds(&kinit(&client, &["alice"], "alicepw"));
        assert_has_ticket(&client, "alice");
    }
}

#[test]
fn kdcs_are_looked_up_where_krb5_conf_names_none_and_lets_the_dns_be_asked() {
    let (kdc, kpasswd) = (realm().kdc_addr().port(), realm().kpasswd_addr().port());
    let record = |service: &str, port: u16| format!("--srv-host={service}.tgg.test,localhost,{port},0,0");
    let dns = Dns::serving(&[record("_kerberos._udp", kdc), record("_kpasswd._udp", kpasswd)]);
    realm().add_user("discovering", "old").unwrap();
    realm().kadmin("modprinc -pwexpire \"2020-01-01 00:00:00\" discovering").unwrap();
    let at = dns.flag();
    let args = ["--dns-server", &at, "discovering"];
    assert_fails(&kinit(&outside(), &args, "old\nnew"), 1, &["DNS", "krb5.conf"]);
    let client = outside();
    // The harness forbids it for all clients, and the first word counts.
    let conf = std::fs::read_to_string(client.krb5_conf()).unwrap();
    std::fs::write(client.krb5_conf(), conf.replace("dns_lookup_kdc = false", "dns_lookup_kdc = true"))
        .unwrap();
    assert_succeeds(&kinit(&client, &args, "old\nnew"));
    assert_has_ticket(&client, "discovering");
}

#[test]
fn a_wrong_password_is_told_as_such_and_counted_once() {
    let gateway = Gateway::before_realm(&[]);
    for (number, flags) in [vec![], ways(&gateway, false)[0].clone()].iter().enumerate() {
        let name = format!("mistyped-kinit-{number}");
        realm().add_user(&name, "right").unwrap();
        let client = realm().client().unwrap();
        let refused = kinit(&client, &[&texts(flags)[..], &[&name]].concat(), "wrong");
        assert_fails(&refused, 1, &[&format!("{name}@TGG.TEST"), "wrong"]);
        assert!(!client.ccache().exists());
        let principal = realm().kadmin(&format!("getprinc {name}")).unwrap();
        assert!(principal.contains("Failed password attempts: 1\n"), "{principal}");
    }
}

#[test]
fn refusals_say_what_to_do() {
    let client = realm().client().unwrap();
    for (name, password, says) in
        [("nobody", "pw", "spelt right"), ("expired", "expiredpw", "account has expired")]
    {
        assert_fails(&kinit(&client, &[name], password), 1, &[name, says]);
    }
    let elsewhere = kinit(&client, &["alice@ELSEWHERE.TEST"], "pw");
    assert_fails(&elsewhere, 1, &["ELSEWHERE.TEST", "krb5.conf", "--tgg"]);
    assert_fails(&kinit(&client, &["alice"], ""), 1, &["no password"]);
    assert_fails(&kinit(&client, &["alice@"], "pw"), 64, &["alice@", "empty"]);
    assert_fails(&kinit(&client, &["-l", "soon", "alice"], "pw"), 64, &["10h"]);
    assert_fails(&kinit(&client, &["--tgg", "tcp://x", "alice"], "pw"), 64, &["--tgg", "ws://"]);
    assert_fails(&kinit(&client, &["--cacert", "/nowhere", "alice"], "pw"), 78, &["/nowhere"]);
    assert_fails(&kinit(&client, &["-c", "DIR:/tmp/x", "alice"], "pw"), 78, &["DIR:", "FILE:"]);
    assert_fails(&kinit(&client, &["-c", "/nowhere/ccache", "alice"], "alicepw"), 1, &["/nowhere/ccache"]);
    let locked = ForgedKdc::refusing(KDC_ERR_CLIENT_REVOKED);
    assert_fails(&kinit(&before(&[locked.addr().to_string()]), &["alice"], "pw"), 1, &["unlock"]);
}

#[test]
fn a_krb5_conf_that_cannot_be_read_ends_with_78_and_names_the_line() {
    let client = realm().client().unwrap();
    std::fs::write(client.krb5_conf(), "[libdefaults]\n default realm = X\n").unwrap();
    let file = client.krb5_conf();
    assert_fails(&kinit(&client, &["alice"], "pw"), 78, &[file.to_str().unwrap(), "line 2"]);
    std::fs::write(client.krb5_conf(), "").unwrap();
    assert_fails(&kinit(&client, &["alice"], "pw"), 64, &["alice@REALM", "default_realm"]);
}

#[test]
fn what_answers_nonsense_or_in_the_kdcs_place_gives_no_ticket() {
    let true_kdc = realm().kdc_addr();
    let liars = [
        ForgedKdc::start(|_| Does::Says(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())),
        ForgedKdc::start(|_| Does::Says(Vec::new())),
        // A KDC's answer to somebody else.
        ForgedKdc::start(move |_| {
            Does::Says(crate::initiator::directly(true_kdc, &crate::initiator::as_req("nopreauth")))
        }),
    ];
    for liar in liars {
        let client = before(&[liar.addr().to_string()]);
        let refused = kinit(&client, &["alice"], "alicepw");
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.stderr.starts_with("ticketgate: ") && !client.ccache().exists(), "{refused:?}");
    }
}

#[test]
fn nobody_who_answers_is_told_with_all_that_were_asked() {
    let nobody = refusing();
    let refused = kinit(&before(&[nobody.to_string()]), &["alice"], "alicepw");
    assert_fails(&refused, 1, &["TGG.TEST", &nobody.to_string(), "over TCP"]);
    let url = format!("ws://{nobody}/");
    assert_fails(&kinit(&outside(), &["--tgg", &url, "alice"], "alicepw"), 1, &[&nobody.to_string()]);
}

#[test]
fn tickets_are_as_they_were_asked_for() {
    let client = realm().client().unwrap();
    assert_succeeds(&kinit(&client, &["-f", "-p", "-l", "1h", "-r", "2h", "alice"], "alicepw"));
    let list = client.klist(&["-f"]).unwrap().stdout;
    assert!(list.contains("Flags: FPRIA"), "{list}");
    assert_succeeds(&kinit(&client, &["-S", "kadmin/changepw", "alice"], "alicepw"));
    let list = client.klist(&[]).unwrap().stdout;
    assert!(list.contains("kadmin/changepw@TGG.TEST") && !list.contains("krbtgt/"), "{list}");

    let conf = realm().direct().libdefault("forwardable", "true").libdefault("renew_lifetime", "1d");
    let client = realm().client_with(&conf).unwrap();
    assert_succeeds(&kinit(&client, &["alice"], "alicepw"));
    assert!(client.klist(&["-f"]).unwrap().stdout.contains("Flags: FRIA"));
    assert_succeeds(&kinit(&client, &["-F", "alice"], "alicepw"));
    assert!(client.klist(&["-f"]).unwrap().stdout.contains("Flags: RIA"));
}

#[test]
fn a_ticket_is_renewed_whoever_got_it() {
    let client = realm().client().unwrap();
    let until = |client: &Client| client.klist(&[]).unwrap().stdout;
    assert_succeeds(&client.kinit_with(&["-l", "10m", "-r", "1h"], "alice", "alicepw").unwrap());
    let before = until(&client);
    assert_succeeds(&ticketgate(&client, &["kinit", "-R"], ""));
    assert!(before.contains("renew until") && until(&client).contains("renew until"), "{before}");
    // And back again.
    assert_succeeds(&kinit(&client, &["-l", "10m", "-r", "1h", "alice"], "alicepw"));
    assert_succeeds(&client.run("kinit", &["-R"], "").unwrap());
    // It lives as long as it may, so it need not be renewable.
    assert_succeeds(&kinit(&client, &["-l", "5m", "alice"], "alicepw"));
    assert_fails(&ticketgate(&client, &["kinit", "-R"], ""), 1, &["not renewable"]);
}

#[test]
fn an_expired_password_is_changed_through_the_gateway() {
    let gateway = Gateway::tls_before_realm(&[]);
    for (number, flags) in [vec![]].into_iter().chain(ways(&gateway, true)).enumerate() {
        let name = format!("expiring-{number}");
        realm().add_user(&name, "old").unwrap();
        realm().kadmin(&format!("modprinc -pwexpire \"2020-01-01 00:00:00\" {name}")).unwrap();
        let client = if flags.is_empty() { realm().client().unwrap() } else { outside() };
        let args = [&texts(&flags)[..], &[&name]].concat();
        assert_fails(&kinit(&client, &args, "old"), 1, &[&name, "expired"]);
        assert_succeeds(&kinit(&client, &args, "old\nnew"));
        assert_has_ticket(&client, &name);
        assert_succeeds(&realm().client().unwrap().kinit(&name, "new").unwrap());
    }
    gateway.wait_for_record("password change", |record| record["kind"] == "kpasswd");
}

#[test]
fn a_new_password_that_breaks_a_policy_is_refused_with_the_servers_words() {
    realm().kadmin("add_policy -minlength 12 kinit-long").unwrap();
    realm()
        .kadmin("add_principal -pw longenough12 -policy kinit-long +requires_preauth kinit-policy")
        .unwrap();
    realm().kadmin("modprinc -pwexpire \"2020-01-01 00:00:00\" kinit-policy").unwrap();
    let client = realm().client().unwrap();
    let refused = kinit(&client, &["kinit-policy"], "longenough12\nshort");
    assert_fails(&refused, 1, &["too short", "choose another"]);
    assert!(!client.ccache().exists());
}

/// The program under a clock that is so many seconds ahead.
fn shifted(client: &Client, seconds: i64, program: &str, args: &[&str], input: &str) -> testkdc::Output {
    let preload = format!("LD_PRELOAD={}", libfaketime());
    let shift = format!("FAKETIME={seconds:+}");
    let args = [&[&*preload, &*shift, "FAKETIME_DONT_FAKE_MONOTONIC=1", program], args].concat();
    client.run("/usr/bin/env", &args, input).unwrap()
}

#[test]
fn a_clock_that_is_wrong_is_corrected_for_this_and_other_programs() {
    let program = env!("CARGO_BIN_EXE_ticketgate");
    let day = 86_400;
    for seconds in [-3600, 3600, -2 * day, 2 * day] {
        for (name, password) in [("alice", "alicepw"), ("nopreauth", "nopreauthpw")] {
            let client = realm().client().unwrap();
            let args = ["kinit", "--password-stdin", name];
            assert_succeeds(&shifted(&client, seconds, program, &args, &format!("{password}\n")));
            // Both take the offset from the cache.
            assert_succeeds(&shifted(&client, seconds, program, &["kvno", "HTTP/gw.tgg.test"], ""));
            assert_succeeds(&shifted(&client, seconds, "/usr/bin/kvno", &["HTTP/localhost"], ""));
        }
    }
}

#[test]
fn a_clock_is_not_followed_where_that_is_forbidden() {
    let client = realm().client_with(&realm().direct().libdefault("kdc_timesync", 0)).unwrap();
    let program = env!("CARGO_BIN_EXE_ticketgate");
    let refused = shifted(&client, -3600, program, &["kinit", "--password-stdin", "alice"], "alicepw\n");
    assert_fails(&refused, 1, &["KRB_AP_ERR_SKEW", "NTP"]);
}

#[test]
fn the_cache_is_the_one_that_krb5_conf_names_for_all_programs() {
    let client = realm().client().unwrap();
    let cache = client.dir().join("cache-of-%{uid}");
    let conf = realm().direct().libdefault("default_ccache_name", format!("FILE:{}", cache.display()));
    let client = realm().client_with(&conf).unwrap();
    let run = |args: &[&str], input: &str| {
        client.run("/usr/bin/env", &[&["-u", "KRB5CCNAME"], args].concat(), input).unwrap()
    };
    assert_succeeds(&run(
        &[env!("CARGO_BIN_EXE_ticketgate"), "kinit", "--password-stdin", "alice"],
        "alicepw\n",
    ));
    let list = run(&["klist"], "");
    assert!(
        list.success() && list.stdout.contains("cache-of-") && list.stdout.contains("alice@"),
        "{list:?}"
    );
}

#[test]
fn whose_ticket_it_is_need_not_be_said_twice() {
    let client = realm().client().unwrap();
    assert_succeeds(&kinit(&client, &["bob"], "bobpw"));
    assert_succeeds(&kinit(&client, &[], "bobpw"));
    assert_has_ticket(&client, "bob");
}

/// What is shown at a terminal where these lines are typed, each after a question, and the exit code.
fn typed(client: &Client, args: &[&str], lines: &[&str]) -> (String, Option<i32>) {
    let script = "import os, pty, sys\n\
                  count = int(sys.argv[1])\n\
                  command, lines = sys.argv[2:2 + count], sys.argv[2 + count:]\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: os.execv(command[0], command)\n\
                  shown = b''\n\
                  def read():\n\
                  \x20   global shown\n\
                  \x20   try: some = os.read(terminal, 4096)\n\
                  \x20   except OSError: some = b''\n\
                  \x20   shown += some\n\
                  \x20   return some\n\
                  for number, line in enumerate(lines):\n\
                  \x20   while shown.count(b': ') <= number and read(): pass\n\
                  \x20   os.write(terminal, line.encode() + b'\\n')\n\
                  while read(): pass\n\
                  sys.stdout.buffer.write(shown)\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))";
    let command = [&[env!("CARGO_BIN_EXE_ticketgate")], args].concat();
    let run = Command::new("/usr/bin/python3")
        .args(["-c", script, &command.len().to_string()])
        .args(&command)
        .args(lines)
        .envs(client.env())
        .output()
        .unwrap();
    (String::from_utf8_lossy(&run.stdout).into_owned(), run.status.code())
}

#[test]
fn at_a_terminal_passwords_are_asked_for_and_never_shown() {
    let client = realm().client().unwrap();
    let (shown, code) = typed(&client, &["kinit", "alice"], &["alicepw"]);
    assert_eq!((shown.trim(), code), ("Password for alice@TGG.TEST:", Some(0)));
    assert_has_ticket(&client, "alice");

    realm().add_user("typed", "old").unwrap();
    realm().kadmin("modprinc -pwexpire \"2020-01-01 00:00:00\" typed").unwrap();
    let (shown, code) = typed(&client, &["kinit", "typed"], &["old", "fresh", "other"]);
    assert!(code == Some(1) && shown.contains("differ"), "{shown}");
    let (shown, code) = typed(&client, &["kinit", "typed"], &["old", "fresh", "fresh"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("has expired") && !shown.contains("fresh"), "{shown}");
    assert_has_ticket(&client, "typed");
}

#[test]
fn a_client_is_led_to_its_own_realm_only_where_that_is_asked_for() {
    // MIT's KDC refers no clients, so one that does stands in front of it.
    let other = Realm::builder().native().name("REFERRED.TEST").start().unwrap();
    let referring = ForgedKdc::start(|_| Does::Says(wrong_realm("REFERRED.TEST")));
    let own = format!("[realms]\n    REFERRED.TEST = {{\n        kdc = {}\n    }}\n", other.kdc_addr());
    let client = realm().client_with(&Krb5Conf::new().kdc(referring.addr()).section(&own)).unwrap();
    assert_fails(&kinit(&client, &["alice"], "alicepw"), 1, &["KDC_ERR_WRONG_REALM", "-C"]);
    assert_succeeds(&kinit(&client, &["-C", "alice"], "alicepw"));
    let list = client.klist(&[]).unwrap().stdout;
    assert!(list.contains("alice@REFERRED.TEST"), "{list}");
    // A realm that refers to itself is left.
    let circular = ForgedKdc::start(|_| Does::Says(wrong_realm("TGG.TEST")));
    let client = before(&[circular.addr().to_string()]);
    assert_fails(&kinit(&client, &["-C", "alice"], "alicepw"), 1, &["circle"]);
}

/// The word of a KDC that knows the client in another realm (RFC 6806 section 7).
fn wrong_realm(krb_realm: &str) -> Vec<u8> {
    let refusal = refusal(krb::error_code::KDC_ERR_WRONG_REALM);
    let mut error = krb::msg::krb_error::KrbError::decode(&refusal).unwrap();
    error.crealm = Some(krb_realm.into());
    error.encode().unwrap()
}
