//! A keytab that changes while the gateway runs, by a real KDC's own tools.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use client::negotiate::{Negotiate, NegotiateOptions};
use testkdc::Realm;

use super::{admission, ask_once, door, message, site, status};
use crate::{
    ticket::{dice, field, now},
    world::Gateway,
};

/// A realm of its own: other tests must not find their keys changed.
fn realm() -> Realm {
    Realm::builder().native().start().unwrap()
}

/// Exports the service's key anew, which changes it.
fn export(realm: &Realm, name: &str) -> PathBuf {
    let file = realm.dir().join(name);
    realm.kadmin(&format!("ktadd -k {} HTTP/gw.tgg.test", file.display())).unwrap();
    file
}

fn token(ticket: &client::Credential) -> String {
    field(Negotiate::new(ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap().token())
}

fn ticket(realm: &Realm) -> client::Credential {
    crate::ticket::ticket_in(realm, "alice", "alicepw", ["HTTP", "gw.tgg.test"])
}

#[test]
fn a_changed_key_is_accepted_and_tickets_of_the_old_one_still_are() {
    let (realm, site) = (realm(), site());
    let keytab = export(&realm, "gateway.keytab");
    let gateway = Gateway::tpg_with(&["--keytab", keytab.to_str().unwrap(), "--connect", &site.url("http")]);
    let old = ticket(&realm);
    assert_eq!(status(&ask_once(&gateway, &token(&old))), 200);

    // The new key is there before the keytab has it: the gateway says what to do.
    let elsewhere = export(&realm, "elsewhere.keytab");
    let new = ticket(&realm);
    assert_ne!(new.ticket.enc_part.kvno, old.ticket.enc_part.kvno);
    assert_eq!(status(&ask_once(&gateway, &token(&new))), 401);
    let record = admission(&gateway, "key_version");
    assert!(message(&record).contains("export it again"), "{record}");
    assert_eq!(record["blame"], "operator");

    // Both keys, put in place at once: no restart and no signal.
    let both = realm.dir().join("both.keytab");
    let entries = [fs::read(&keytab).unwrap(), fs::read(elsewhere).unwrap()[2..].to_vec()].concat();
    fs::write(&both, entries).unwrap();
    fs::rename(&both, &keytab).unwrap();
    gateway.wait_for_log("Read the changed keytab");
    assert_eq!(status(&ask_once(&gateway, &token(&new))), 200);
    assert_eq!(status(&ask_once(&gateway, &token(&old))), 200);
    let kvnos: Vec<u64> = gateway
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["outcome"] == "granted")
        .filter_map(|line| line["kvno"].as_u64())
        .collect();
    assert_eq!(kvnos.len(), 3);
    assert!(kvnos[1] > kvnos[0] && kvnos[2] == kvnos[0], "{kvnos:?}");
}

#[test]
fn a_half_written_keytab_keeps_the_keys_in_use_and_says_so() {
    let (realm, site) = (realm(), site());
    let keytab = export(&realm, "gateway.keytab");
    let gateway = Gateway::tpg_with(&["--keytab", keytab.to_str().unwrap(), "--connect", &site.url("http")]);
    let whole = fs::read(&keytab).unwrap();
    fs::write(&keytab, &whole[..whole.len() - 10]).unwrap();
    let log = gateway.wait_for_log("the keys in use stay");
    assert!(log.contains(keytab.to_str().unwrap()), "{log}");
    let ticket = ticket(&realm);
    assert_eq!(status(&ask_once(&gateway, &token(&ticket))), 200);
    fs::remove_file(&keytab).unwrap();
    gateway.wait_until_log("second refusal", |log| log.matches("the keys in use stay").count() >= 2);
    assert_eq!(status(&ask_once(&gateway, &token(&ticket))), 200);
    fs::write(&keytab, whole).unwrap();
    gateway.wait_for_log("Read the changed keytab");
    assert_eq!(status(&ask_once(&gateway, &token(&ticket))), 200);
}

#[test]
fn sighup_reads_the_keytab_again() {
    let site = site();
    let gateway = door(&site, &[]);
    gateway.signal("HUP");
    gateway.wait_for_log("Reloaded");
}

#[test]
fn a_keytab_behind_links_is_read_again_when_the_directory_behind_them_changes_and_kept_when_it_goes() {
    // As Kubernetes mounts a secret: keytab -> ..data/keytab, ..data -> a directory for each state.
    let (realm, site) = (realm(), site());
    let mount = realm.dir().join("mount");
    let put = |state: &str| {
        fs::create_dir_all(mount.join(state)).unwrap();
        fs::rename(export(&realm, "next.keytab"), mount.join(state).join("keytab")).unwrap();
        symlink(state, mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    };
    put("..first");
    let keytab = mount.join("keytab");
    symlink("..data/keytab", &keytab).unwrap();
    let gateway = Gateway::tpg_with(&["--keytab", keytab.to_str().unwrap(), "--connect", &site.url("http")]);
    put("..second");
    gateway.wait_for_log("Read the changed keytab");
    let ticket = ticket(&realm);
    assert_eq!(status(&ask_once(&gateway, &token(&ticket))), 200);
    fs::remove_dir_all(&mount).unwrap();
    gateway.wait_for_log("The changed keytab is not used, the keys in use stay");
    assert_eq!(status(&ask_once(&gateway, &token(&ticket))), 200);
}
