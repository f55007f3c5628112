//! What MIT's tools make of the keytabs and credential caches that `krb` writes, and `krb` of theirs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::sync::OnceLock;

use krb::ccache::{Ccache, Credential, Times};
use krb::flags::{Flags, ticket};
use krb::keytab::{Entry, Keytab};
use krb::msg::opened::EncryptionKey;
use krb::msg::ticket::Ticket;
use krb::msg::{HostAddress, addr_type};
use krb::name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName};
use krb::sealed::EncryptedData;
use testkdc::{Client, Realm};

/// A client of one realm, with files of its own.
fn client() -> Client {
    static REALM: OnceLock<Realm> = OnceLock::new();
    REALM.get_or_init(|| Realm::builder().native().start().unwrap()).client().unwrap()
}

fn entry(components: &[&str], kvno: u32, keytype: i32, length: usize) -> Entry {
    let name = PrincipalName::new(NT_SRV_HST, components.iter().copied());
    Entry {
        principal: Principal { name, krb_realm: "TGG.TEST".into() },
        timestamp: 86_400,
        kvno,
        key: EncryptionKey::new(keytype, (1..=18).cycle().take(length).collect::<Vec<u8>>()),
    }
}

#[test]
fn klist_reads_the_keytab_that_was_written() {
    let keytab = Keytab {
        entries: vec![
            entry(&["HTTP", "gw.tgg.test"], 3, 20, 32),
            entry(&["HTTP", "gw.tgg.test"], 255, 17, 16),
            entry(&["HTTP", "gw.tgg.test"], 256, 19, 16),
            entry(&["host", "a.tgg.test", "more"], 70_000, 18, 32),
            entry(&["müller"], 1, 23, 16),
        ],
    };
    let client = client();
    fs::write(client.dir().join("keytab"), keytab.encode().unwrap()).unwrap();
    let listed = client.klist(&["-k", "-K", "-e"]).unwrap();
    let lines: Vec<_> = listed.stdout.lines().skip(3).map(str::trim).collect();
    let (short, long) = (
        "0x0102030405060708090a0b0c0d0e0f10",
        "0x0102030405060708090a0b0c0d0e0f1011120102030405060708090a0b0c0d0e",
    );
    assert_eq!(
        lines,
        [
            format!("3 HTTP/gw.tgg.test@TGG.TEST (aes256-cts-hmac-sha384-192)  ({long})"),
            format!("255 HTTP/gw.tgg.test@TGG.TEST (aes128-cts-hmac-sha1-96)  ({short})"),
            format!("256 HTTP/gw.tgg.test@TGG.TEST (aes128-cts-hmac-sha256-128)  ({short})"),
            format!("70000 host/a.tgg.test/more@TGG.TEST (aes256-cts-hmac-sha1-96)  ({long})"),
            format!("1 müller@TGG.TEST (DEPRECATED:arcfour-hmac)  ({short})"),
        ],
        "{listed:?}"
    );
}

/// A ticket of alice's that nobody can open, for a session of enctype 17.
fn credential(service: &[&str], times: Times, flags: &[u8]) -> Credential {
    let krb_realm = "TGG.TEST";
    let sname = PrincipalName::new(NT_SRV_HST, service.iter().copied());
    let enc_part = EncryptedData { etype: 20, kvno: Some(1), cipher: vec![0; 32].into() };
    let ticket = Ticket::new(krb_realm.into(), sname.clone(), enc_part).encode().unwrap();
    let alice = Principal { name: PrincipalName::new(NT_PRINCIPAL, ["alice"]), krb_realm: krb_realm.into() };
    Credential {
        server: Principal { name: sname, krb_realm: krb_realm.into() },
        key: EncryptionKey::new(17, vec![1; 16]),
        times,
        flags: Flags::with(flags),
        ..Credential::for_config(alice, "", None, &ticket)
    }
}

#[test]
fn klist_reads_the_credential_cache_that_was_written() {
    let hour = 3600;
    let auth = 2_000_000_000;
    let times = Times { auth, start: auth + hour, end: auth + 2 * hour, renew_till: auth + 24 * hour };
    let flags = [ticket::FORWARDABLE, ticket::RENEWABLE, ticket::INITIAL, ticket::PRE_AUTHENT];
    let mut tgt = credential(&["krbtgt", "TGG.TEST"], times, &flags);
    let address = |octets: &[u8]| HostAddress { addr_type: addr_type::IPV4, address: octets.into() };
    tgt.addresses = vec![address(&[192, 0, 2, 1]), address(&[192, 0, 2, 2])];
    let service = credential(&["HTTP", "gw.tgg.test"], Times { renew_till: 0, ..times }, &[]);
    let value = Credential::for_config(tgt.client.clone(), "fast_avail", Some(&tgt.server), b"yes");
    let ccache =
        Ccache { time_offset: None, principal: tgt.client.clone(), credentials: vec![tgt, value, service] };

    let client = client();
    fs::write(client.ccache(), ccache.encode().unwrap()).unwrap();
    let listed = client.run("env", &["TZ=UTC", "klist", "-f", "-e", "-a", "-n", "-C", "-c"], "").unwrap();
    let lines: Vec<_> = listed.stdout.lines().skip(1).map(str::trim).collect();
    let (start, end) = ("05/18/33 04:33:20", "05/18/33 05:33:20");
    assert_eq!(
        lines,
        [
            "Default principal: alice@TGG.TEST",
            "",
            "Valid starting     Expires            Service principal",
            &format!("{start}  {end}  krbtgt/TGG.TEST@TGG.TEST"),
            "renew until 05/19/33 03:33:20, Flags: FRIA",
            "Etype (skey, tkt): aes128-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192",
            "Addresses: 192.0.2.1, 192.0.2.2",
            "config: fast_avail(krbtgt/TGG.TEST@TGG.TEST) = yes",
            "Addresses: (none)",
            &format!("{start}  {end}  HTTP/gw.tgg.test@TGG.TEST"),
            "Etype (skey, tkt): aes128-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192",
            "Addresses: (none)",
        ],
        "{listed:?}"
    );
}

#[test]
fn kvno_gets_a_ticket_with_the_credential_cache_that_was_written() {
    let (first, second) = (client(), client());
    assert!(first.kinit_with(&["-f"], "alice", "alicepw").unwrap().success());
    let ccache = Ccache::read(&fs::read(first.ccache()).unwrap()).unwrap();
    assert!(ccache.credentials.iter().any(|entry| entry.server.to_string() == "krbtgt/TGG.TEST@TGG.TEST"));

    fs::write(second.ccache(), ccache.encode().unwrap()).unwrap();
    let kvno = second.kvno(&["HTTP/gw.tgg.test"]).unwrap();
    assert!(kvno.success(), "{kvno:?}");
    // MIT's library appended what it got.
    let longer = Ccache::read(&fs::read(second.ccache()).unwrap()).unwrap();
    assert_eq!(longer.credentials[..ccache.credentials.len()], ccache.credentials);
    assert_eq!(longer.credentials.last().unwrap().server.to_string(), "HTTP/gw.tgg.test@TGG.TEST");
}
