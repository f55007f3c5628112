//! Tests of stores of keys: those in PEM, and what is told of others. Stores of the real `keytool` and `openssl` are
//! in tests/gateway.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::{error::quoted, kind::JCEKS, *};
use crate::tls::tests::made::{Authority, Folder};

#[test]
fn keys_in_one_pem_file_find_their_chains_in_any_order() {
    let root = Authority::new("root");
    let middle = root.below("middle");
    let (one, two) = (middle.host("one.test"), root.host("two.test"));
    let text = [
        "A comment\n",
        &root.pem(),
        &two.key.serialize_pem(),
        &middle.pem(),
        &one.certificate.pem(),
        &one.key.serialize_pem(),
        &two.certificate.pem(),
    ]
    .concat();
    let folder = Folder::new();
    let entries = read_keystore(&folder.store(text)).unwrap();
    let [second, first] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(first.chain, [one.der(), middle.der()]);
    assert_eq!(second.chain, [two.der()]);
    assert_eq!(first.key.secret_der(), one.key.serialized_der());
    assert_eq!((first.alias.as_str(), second.alias.as_str()), ("2", "1"));
}

#[test]
fn a_certificate_that_signed_itself_is_sent_where_it_is_the_keys_own() {
    let made = rcgen::generate_simple_self_signed(["gw.test".to_owned()]).unwrap();
    let folder = Folder::new();
    let store = folder.store([made.cert.pem(), made.signing_key.serialize_pem()].concat());
    assert_eq!(read_keystore(&store).unwrap()[0].chain, [made.cert.der().clone()]);
}

#[test]
fn of_two_certificates_for_one_key_the_one_that_is_good_for_longer_is_shown() {
    let key = KeyPair::generate().unwrap();
    let until = |year| {
        let mut parameters = CertificateParams::new(vec!["gw.test".to_owned()]).unwrap();
        parameters.not_after = date_time_ymd(year, 1, 1);
        parameters.self_signed(&key).unwrap()
    };
    let (old, new) = (until(2030), until(2031));
    let folder = Folder::new();
    for pair in [[old.pem(), new.pem()], [new.pem(), old.pem()]] {
        let store = folder.store([pair.concat(), key.serialize_pem()].concat());
        assert_eq!(read_keystore(&store).unwrap()[0].chain, [new.der().clone()]);
    }
}

#[test]
fn a_key_without_its_certificate_is_told() {
    let host = Authority::new("root").host("gw.test");
    let other = KeyPair::generate().unwrap();
    let folder = Folder::new();
    let error =
        read_keystore(&folder.store([host.certificate.pem(), other.serialize_pem()].concat())).unwrap_err();
    assert!(matches!(error, KeystoreError::NoCertificate { .. }), "{error}");
}

#[test]
fn pem_without_a_key_is_no_keystore_but_a_truststore() {
    let (root, other) = (Authority::new("root"), Authority::new("other"));
    let folder = Folder::new();
    let store = folder.store([root.pem(), other.pem()].concat());
    let error = read_keystore(&store).unwrap_err();
    assert!(matches!(error, KeystoreError::NoKey { .. }), "{error}");
    assert_eq!(read_truststore(&store).unwrap(), [root.der(), other.der()]);
}

#[test]
fn pem_without_a_certificate_is_no_truststore() {
    let folder = Folder::new();
    let error = read_truststore(&folder.store(KeyPair::generate().unwrap().serialize_pem())).unwrap_err();
    assert!(matches!(error, KeystoreError::NoTrust { .. }), "{error}");
}

#[test]
fn a_key_with_a_password_is_told_with_the_command_that_takes_it_off() {
    let folder = Folder::new();
    for text in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    ] {
        let error = read_keystore(&folder.store(text)).unwrap_err().to_string();
        assert!(error.contains("openssl pkey -in "), "{error}");
    }
}

#[test]
fn pem_that_is_cut_is_refused() {
    let folder = Folder::new();
    let text = Authority::new("root").pem();
    let error = read_truststore(&folder.store(&text[..text.len() - 40])).unwrap_err();
    assert!(matches!(error, KeystoreError::Pem { .. }), "{error}");
}

#[test]
fn jceks_is_known_whatever_it_is_called_and_told_with_the_command_that_converts() {
    let folder = Folder::new();
    let mut store = folder.store([&JCEKS[..], &[0, 0, 0, 2]].concat());
    for kind in [None, Some(StoreKind::Jceks), Some(StoreKind::Jks)] {
        store.kind = kind;
        let path = store.path.display();
        let command = format!(
            "`keytool -importkeystore -srckeystore {path} -srcstoretype JCEKS -destkeystore {path}.p12 -deststoretype PKCS12`"
        );
        let error = read_keystore(&store).unwrap_err().to_string();
        assert!(error.contains(&command), "{error}");
    }
}

#[test]
fn a_path_in_a_command_is_quoted_where_a_shell_needs_it() {
    assert_eq!(quoted(Path::new("/etc/gw/keystore.db")), "/etc/gw/keystore.db");
    assert_eq!(quoted(Path::new("/my gw's/key")), r"'/my gw'\''s/key'");
}

#[test]
fn a_kind_that_is_said_and_another_that_is_found_are_told() {
    let folder = Folder::new();
    let store = Store { kind: Some(StoreKind::Jks), ..folder.store(Authority::new("root").pem()) };
    let error = read_truststore(&store).unwrap_err().to_string();
    assert!(error.contains("is said to be JKS, but is PEM"), "{error}");
}

#[test]
fn what_is_of_no_kind_is_told() {
    let folder = Folder::new();
    // The last is a certificate without a store around it.
    for octets in [&b""[..], b"no store", &[0x30, 5], &[0xfe, 0xed], &Authority::new("root").der()] {
        let error = read_keystore(&folder.store(octets)).unwrap_err();
        assert!(matches!(error, KeystoreError::UnknownKind { .. }), "{error}");
    }
}

#[test]
fn a_file_longer_than_any_store_is_refused() {
    let folder = Folder::new();
    let length = usize::try_from(MAX_FILE).unwrap();
    let error = read_keystore(&folder.store(vec![b' '; length + 1])).unwrap_err();
    assert!(matches!(error, KeystoreError::TooLong { .. }), "{error}");
    let error = read_keystore(&folder.store(vec![b' '; length])).unwrap_err();
    assert!(matches!(error, KeystoreError::UnknownKind { .. }), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_told_by_its_name() {
    let store = Store { path: "/nowhere/keystore.db".into(), kind: None, password: None };
    assert!(read_keystore(&store).unwrap_err().to_string().contains("/nowhere/keystore.db"));
    let folder = Folder::new();
    let store =
        Store { password: Some("/nowhere/keystore.pw".into()), ..folder.store(Authority::new("root").pem()) };
    let error = read_truststore(&store).unwrap_err();
    assert!(
        matches!(&error, KeystoreError::PasswordFile { path, .. } if path.ends_with("keystore.pw")),
        "{error}"
    );
}

#[test]
fn a_password_is_the_first_line_without_its_end() {
    let folder = Folder::new();
    for (octets, wanted) in
        [("changeit", "changeit"), ("change it \r\nmore", "change it "), ("\nmore", ""), ("", "")]
    {
        assert_eq!(Password::read(&folder.password(octets)).unwrap().as_str(), wanted);
    }
    let error = Password::read(&folder.password([0xff, 0xfe])).unwrap_err();
    assert!(matches!(error, KeystoreError::PasswordFile { .. }), "{error}");
}

#[test]
fn a_password_does_not_show_itself() {
    assert_eq!(format!("{:?}", Password::new("changeit")), "Password(8 octets)");
}

#[test]
fn the_names_of_kinds_are_known_in_any_case() {
    for (name, kind) in [
        ("jks", Some(StoreKind::Jks)),
        ("JCEKS", Some(StoreKind::Jceks)),
        ("pkcs12", Some(StoreKind::Pkcs12)),
        ("Pem", Some(StoreKind::Pem)),
        ("BKS", None),
    ] {
        assert_eq!(StoreKind::parse(name), kind);
    }
}
