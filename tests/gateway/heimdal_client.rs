//! Heimdal's clients: Kerberos in the path of a `GET`, and over the raw listener.

use std::{path::PathBuf, process::Command, sync::OnceLock};

use testkdc::{Client, Krb5Conf, Output};

use crate::world::{Gateway, realm};

/// Where Heimdal's programs are.
pub(crate) struct Heimdal {
    bin: PathBuf,
    /// The folder that its servers are below.
    pub(crate) usr: PathBuf,
    /// The variable without which none of its programs runs.
    pub(crate) library_path: String,
}

impl Heimdal {
    /// Unpacks them below `target/` when they are asked for first. `None`, with the reason printed, where they
    /// cannot be had; that fails where `CI` is set, which skips nothing.
    pub(crate) fn find() -> Option<&'static Self> {
        static HEIMDAL: OnceLock<Result<Heimdal, String>> = OnceLock::new();
        match HEIMDAL.get_or_init(Self::unpack) {
            Ok(heimdal) => Some(heimdal),
            Err(why) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: {why}");
                None
            }
            Err(why) => panic!("{why}"),
        }
    }

    fn unpack() -> Result<Self, String> {
        let output = Command::new("sh")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/heimdal"))
            .arg(concat!(env!("CARGO_TARGET_TMPDIR"), "/../heimdal"))
            .output()
            .map_err(|error| format!("tests/heimdal cannot be run: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let assignments = String::from_utf8(output.stdout).unwrap();
        let value = |name: &str| {
            assignments.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap()
        };
        let library_path = format!("LD_LIBRARY_PATH={}", value("HEIMDAL_LIB"));
        Ok(Self { bin: value("HEIMDAL_BIN").into(), usr: value("HEIMDAL_KDC").into(), library_path })
    }

    #[track_caller]
    pub(crate) fn run(&self, client: &Client, program: &str, args: &[&str], input: &str) -> Output {
        let program = self.bin.join(program);
        let mut all = vec![&*self.library_path, program.to_str().unwrap()];
        all.extend_from_slice(args);
        client.run("env", &all, input).unwrap()
    }
}

/// Gets a ticket-granting ticket and a service ticket by this way alone, and finds it in the record.
fn gets_tickets(way: fn(&Gateway) -> String, recorded: &str) {
    let Some(heimdal) = Heimdal::find() else { return };
    let gateway = Gateway::before_realm(&["--listen-raw", "127.0.0.1:0"]);
    let client = realm().client_with(&Krb5Conf::new().kdc(way(&gateway))).unwrap();
    let kinit = heimdal.run(&client, "kinit.heimdal", &["--password-file=STDIN", "alice"], "alicepw\n");
    assert!(kinit.success(), "{kinit:?}");
    let kgetcred = heimdal.run(&client, "kgetcred", &["HTTP/gw.tgg.test"], "");
    assert!(kgetcred.success(), "{kgetcred:?}");
    let list = client.klist(&[]).unwrap();
    for name in ["alice@", "krbtgt/TGG.TEST@", "HTTP/gw.tgg.test@"] {
        assert!(list.stdout.contains(name), "{list:?}");
    }
    for kind in ["as", "tgs"] {
        gateway.wait_for_record("ticket", |record| {
            record["kind"] == kind && record["outcome"] == "ticket" && record["via"] == recorded
        });
    }
}

#[test]
fn heimdal_gets_tickets_over_http() {
    gets_tickets(|gateway| format!("http/{}", gateway.web()), "heimdal");
}

#[test]
fn heimdal_gets_tickets_over_tcp() {
    gets_tickets(|gateway| format!("tcp/{}", gateway.raw()), "tcp");
}

#[test]
fn heimdal_gets_tickets_over_udp() {
    gets_tickets(|gateway| format!("udp/{}", gateway.raw()), "udp");
}

#[test]
fn heimdal_is_told_of_a_wrong_password_and_an_unknown_user() {
    let Some(heimdal) = Heimdal::find() else { return };
    let gateway = Gateway::before_realm(&[]);
    let kdc = format!("http/{}", gateway.web());
    let client = realm().client_with(&Krb5Conf::new().kdc(kdc)).unwrap();
    for (user, says) in [("bob", "Password incorrect"), ("nobody", "CLIENT_NOT_FOUND")] {
        let kinit = heimdal.run(&client, "kinit.heimdal", &["--password-file=STDIN", user], "wrong\n");
        assert!(!kinit.success());
        assert!(kinit.stderr.contains(says), "{kinit:?}");
    }
}

#[test]
fn heimdal_gets_a_ticket_beyond_a_datagram_over_http() {
    let Some(heimdal) = Heimdal::find() else { return };
    let gateway = Gateway::before_realm(&[]);
    let kdc = format!("http/{}", gateway.web());
    let client = realm().client_with(&Krb5Conf::new().kdc(kdc)).unwrap();
    let user = realm().large_user();
    let kinit = heimdal.run(&client, "kinit.heimdal", &["--password-file=STDIN", &user], "largepw\n");
    assert!(kinit.success(), "{kinit:?}");
}

#[test]
fn heimdal_changes_a_password_over_udp() {
    let Some(heimdal) = Heimdal::find() else { return };
    realm().add_user("kpasswd-heimdal", "first").unwrap();
    let gateway = Gateway::before_realm(&["--listen-raw", "127.0.0.1:0"]);
    let server = format!("udp/{}", gateway.raw());
    let conf = Krb5Conf::new().kdc(&server).kpasswd_server(&server);
    let client = realm().client_with(&conf).unwrap();
    let changed = heimdal.run(&client, "kpasswd.heimdal", &["kpasswd-heimdal"], "first\nsecond\nsecond\n");
    assert!(changed.success(), "{changed:?}");
    gateway
        .wait_for_record("password change", |record| record["kind"] == "kpasswd" && record["via"] == "udp");
    assert!(realm().client().unwrap().kinit("kpasswd-heimdal", "second").unwrap().success());
}
