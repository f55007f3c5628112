//! krb5.conf: the program reads every file as stock kinit of MIT krb5 does.

use std::fs;

use testkdc::{Client, Krb5Conf};

use super::kinit;
use crate::world::realm;

/// The realm in which each looks for a KDC of `nobody`, which no file names; `None` if it takes the file for broken or
/// knows no realm. First stock kinit, then the program.
fn realms(client: &Client) -> [Option<String>; 2] {
    let stock = client.kinit("nobody", "pw").unwrap().stderr;
    let ours = kinit(client, &["nobody"], "pw").stderr;
    let between = |text: &str, before: &str, behind: &str| {
        let (_, rest) = text.split_once(before)?;
        Some(rest.split_once(behind)?.0.to_owned())
    };
    [between(&stock, "KDC for realm \"", "\""), between(&ours, "no KDC of the realm ", " is known")]
}

#[track_caller]
fn assert_alike(client: &Client, text: &str, expected: Option<&str>) {
    let text = text.replace("DIR", client.dir().to_str().unwrap());
    fs::write(client.krb5_conf(), &text).unwrap();
    assert_eq!(realms(client), [(); 2].map(|()| expected.map(str::to_owned)), "{text}");
}

#[test]
fn sound_and_broken_files_are_read_as_stock_kinit_reads_them() {
    let client = realm().client_with(&Krb5Conf::new()).unwrap();
    let folder = client.dir().join("d");
    fs::create_dir(&folder).unwrap();
    let own = |name: &str, krb_realm: &str| {
        fs::write(folder.join(name), format!("[libdefaults]\ndefault_realm = {krb_realm}\n")).unwrap();
    };
    own("b", "FROM-B");
    own("a.rpmsave", "NEVER");
    own("c.conf", "FROM-C");
    // Nobody is asked for a realm that no file knows.
    let rest = "[libdefaults]\ndns_lookup_kdc = false\ndns_lookup_realm = false\n";
    for (text, expected) in [
        ("[libdefaults]\ndefault_realm = ONE\n", Some("ONE")),
        ("[libdefaults]\ndefault_realm = ONE\ndefault_realm = TWO\n", Some("ONE")),
        ("[libdefaults]\ndefault_realm=ONE#x\n", Some("ONE#x")),
        ("junk\n[libdefaults]\n\t default_realm\t=\tONE  \r\n", Some("ONE")),
        ("[libdefaults]\ndefault_realm = \"ONE\" two\n", Some("ONE")),
        ("# [a\n; }\n[libdefaults]\n# x\n; y\ndefault_realm = ONE\n", Some("ONE")),
        ("[realms]\nR = {\n kdc = x\n}\n[libdefaults]\ndefault_realm = ONE\n", Some("ONE")),
        ("[realms]\nR =\n{\n kdc = x\n}\n[libdefaults]\ndefault_realm = ONE\n", Some("ONE")),
        ("[libdefaults]\ndefault_realm = ONE\n[libdefaults]\ndefault_realm = TWO\n", Some("ONE")),
        ("[libdefaults]* \ndefault_realm* = ONE\n", Some("ONE")),
        ("[libdefaults] *\ndefault_realm = ONE\n", None),
        ("include DIR/d/b\n[libdefaults]\ndefault_realm = ONE\n", Some("FROM-B")),
        ("[libdefaults]\ndefault_realm = ONE\ninclude DIR/d/b\n", Some("ONE")),
        ("includedir DIR/d\n[libdefaults]\ndefault_realm = ONE\n", Some("FROM-B")),
        ("include DIR/nowhere\n[libdefaults]\ndefault_realm = ONE\n", None),
        ("includedir DIR/nowhere\n[libdefaults]\ndefault_realm = ONE\n", None),
        ("[libdefaults\ndefault_realm = ONE\n", None),
        ("[libdefaults]\ndefault realm = ONE\n", None),
        ("[libdefaults]\ndefault_realm = ONE\nnonsense\n", None),
        ("[libdefaults]\ndefault_realm = ONE\n}\n", None),
        ("[realms]\nR = {\n[libdefaults]\ndefault_realm = ONE\n", None),
        ("[realms]\nR =\nkdc = x\n[libdefaults]\ndefault_realm = ONE\n", None),
        ("[libdefaults]\n", None),
    ] {
        assert_alike(&client, &format!("{text}{rest}"), expected);
    }
}

#[test]
fn of_several_files_the_first_word_counts() {
    let client = realm().client_with(&Krb5Conf::new()).unwrap();
    let write = |name: &str, text: &str| {
        let path = client.dir().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let first = write("first", "[libdefaults]\ndefault_realm = FIRST\ndns_lookup_kdc = false\n");
    let second = write("second", "[libdefaults]\ndefault_realm = SECOND\ndns_lookup_kdc = false\n");
    for (list, expected) in [
        (format!("{first}:{second}"), "FIRST"),
        (format!("{second}:{first}"), "SECOND"),
        (format!("/nowhere:{second}"), "SECOND"),
    ] {
        let conf = format!("KRB5_CONFIG={list}");
        let stock = client.run("/usr/bin/env", &[&conf, "kinit", "nobody"], "pw\n").unwrap();
        assert!(stock.stderr.contains(&format!("realm \"{expected}\"")), "{stock:?}");
        let program = env!("CARGO_BIN_EXE_ticketgate");
        let args = [&*conf, program, "kinit", "--password-stdin", "nobody"];
        let ours = client.run("/usr/bin/env", &args, "pw\n").unwrap();
        assert!(ours.stderr.contains(&format!("realm {expected} ")), "{ours:?}");
    }
}
