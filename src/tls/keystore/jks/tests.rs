//! Tests of JKS with stores that are written here. Those of the real `keytool` are in tests/gateway.

use super::*;

const KEY: &[u8] = b"a key in PKCS#8, longer than one sum of SHA-1";
const SALT: [u8; SHA1_OUTPUT_LEN] = [7; SHA1_OUTPUT_LEN];

fn password() -> Password {
    Password::new("päßwort")
}

fn counted_by_two(octets: &[u8]) -> Vec<u8> {
    [&u16::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat()
}

fn counted_by_four(octets: &[u8]) -> Vec<u8> {
    [&u32::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat()
}

fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    krb::der::push_header(&mut out, tag, contents.len());
    out.extend_from_slice(contents);
    out
}

/// A key under a password, as `KeyProtector` hides it.
fn protected(protector: &[u8], password: &Password) -> Vec<u8> {
    let password = password.utf16();
    let mut mask = sha1(&[&password, &SALT]).to_vec();
    while mask.len() < KEY.len() {
        let last = mask[mask.len() - SHA1_OUTPUT_LEN..].to_vec();
        mask.extend_from_slice(&*sha1(&[&password, &last]));
    }
    let hidden: Vec<u8> = KEY.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect();
    let check = sha1(&[&password, KEY]);
    let algorithm = der(SEQUENCE, &[der(OBJECT_IDENTIFIER, protector), vec![5, 0]].concat());
    let hidden = der(OCTET_STRING, &[&SALT, &hidden[..], &*check].concat());
    der(SEQUENCE, &[algorithm, hidden].concat())
}

fn certificate(version: u32, der: &[u8]) -> Vec<u8> {
    let kind = if version == 1 { Vec::new() } else { counted_by_two(b"X.509") };
    [kind, counted_by_four(der)].concat()
}

fn entry(tag: u32, alias: &str, rest: &[u8]) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &counted_by_two(alias.as_bytes()), &[0; 8], rest].concat()
}

fn key_entry(version: u32, protected: &[u8]) -> Vec<u8> {
    let chain = [certificate(version, b"own"), certificate(version, b"issuer")].concat();
    entry(1, "gw", &[&counted_by_four(protected), &2_u32.to_be_bytes()[..], &chain].concat())
}

fn store(version: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap().to_be_bytes();
    let head = [&MAGIC[..], &version.to_be_bytes(), &count].concat();
    signed([head, entries.concat()].concat())
}

fn signed(mut octets: Vec<u8>) -> Vec<u8> {
    let sum = sha1(&[&password().utf16(), WHITENER, &octets]);
    octets.extend_from_slice(&*sum);
    octets
}

/// A store with a key and a trusted certificate.
fn sound(version: u32) -> Vec<u8> {
    let key = key_entry(version, &protected(KEY_PROTECTOR, &password()));
    store(version, &[key, entry(2, "ca", &certificate(version, b"authority"))])
}

#[test]
fn what_was_written_is_read_in_both_versions() {
    for version in [1, 2] {
        let octets = sound(version);
        let jks = Jks::parse(&octets).unwrap();
        assert_eq!(jks.verify(&password()), Ok(()));
        assert_eq!(jks.trusted, [("ca".to_owned(), &b"authority"[..])]);
        let [key] = &jks.keys[..] else { panic!("{jks:?}") };
        assert_eq!((key.alias.as_str(), &key.chain[..]), ("gw", &[&b"own"[..], b"issuer"][..]));
        assert_eq!(&key.open(&password()).unwrap()[..], KEY);
    }
}

#[test]
fn another_password_is_told_by_the_digest() {
    let octets = sound(2);
    let jks = Jks::parse(&octets).unwrap();
    assert_eq!(jks.verify(&Password::new("passwort")), Err(JksError::Integrity));
}

#[test]
fn a_single_changed_octet_is_told_by_the_digest() {
    let mut octets = sound(2);
    let place = octets.windows(9).position(|part| part == b"authority").unwrap();
    octets[place] ^= 1;
    assert_eq!(Jks::parse(&octets).unwrap().verify(&password()), Err(JksError::Integrity));
}

#[test]
fn a_key_with_a_password_of_its_own_is_told_from_a_wrong_one() {
    let octets = store(2, &[key_entry(2, &protected(KEY_PROTECTOR, &Password::new("other")))]);
    let jks = Jks::parse(&octets).unwrap();
    assert_eq!(jks.verify(&password()), Ok(()));
    assert_eq!(jks.keys[0].open(&password()).unwrap_err(), JksError::KeyPassword { alias: "gw".into() });
}

#[test]
fn a_key_that_is_protected_in_another_way_is_refused() {
    let sound = protected(KEY_PROTECTOR, &password());
    let mut short = der(SEQUENCE, &der(OBJECT_IDENTIFIER, KEY_PROTECTOR));
    short.extend_from_slice(&der(OCTET_STRING, &[0; 39]));
    for protected in [
        protected(b"\x2b\x06\x01\x04\x01\x2a\x02\x13\x01", &password()),
        sound[..sound.len() - 1].to_vec(),
        der(SEQUENCE, &short),
        Vec::new(),
    ] {
        let octets = store(2, &[key_entry(2, &protected)]);
        let opened = Jks::parse(&octets).unwrap().keys[0].open(&password());
        assert_eq!(opened.unwrap_err(), JksError::KeyProtection { alias: "gw".into() });
    }
}

#[test]
fn a_count_without_what_it_counts_is_refused_where_it_ends() {
    let head = [&MAGIC[..], &2_u32.to_be_bytes(), &u32::MAX.to_be_bytes()].concat();
    assert_eq!(Jks::parse(&signed(head)).unwrap_err(), JksError::Cut { at: 12, missing: 4 });
    let endless = entry(1, "gw", &[&u32::MAX.to_be_bytes()[..], b"key"].concat());
    let error = Jks::parse(&store(2, &[endless])).unwrap_err();
    assert!(matches!(error, JksError::Cut { at: 32, missing } if missing > 4_000_000_000), "{error:?}");
}

#[test]
fn what_is_not_jks_is_refused_by_what_it_is() {
    assert_eq!(Jks::parse(&[0xfe; 12]).unwrap_err(), JksError::Cut { at: 0, missing: 8 });
    assert_eq!(Jks::parse(&[0xce; 40]).unwrap_err(), JksError::NotAStore);
    assert_eq!(Jks::parse(&store(3, &[])).unwrap_err(), JksError::Version { found: 3 });
    let secret = store(2, &[entry(3, "secret", &[])]);
    assert_eq!(Jks::parse(&secret).unwrap_err(), JksError::EntryKind { at: 12, found: 3 });
    let trailing = signed([&store(2, &[])[..12], b"more"].concat());
    assert_eq!(Jks::parse(&trailing).unwrap_err(), JksError::Trailing { octets: 4 });
    let other = entry(2, "ca", &[counted_by_two(b"PGP"), counted_by_four(b"")].concat());
    let wanted = JksError::CertificateKind { alias: "ca".into(), kind: "PGP".into() };
    assert_eq!(Jks::parse(&store(2, &[other])).unwrap_err(), wanted);
}

#[test]
fn a_store_that_is_cut_anywhere_is_refused() {
    let octets = sound(2);
    for length in 0..octets.len() {
        let opened = Jks::parse(&octets[..length]).and_then(|jks| jks.verify(&password()));
        assert!(opened.is_err(), "cut to {length} octets");
    }
}

/// Every octet becomes several others: nothing panics, and what is read is never more than what is there.
#[test]
fn changed_stores_are_judged_without_a_panic_and_within_their_length() {
    let sound = sound(2);
    let password = password();
    for place in 0..sound.len() {
        for flip in [0x01, 0x02, 0x10, 0x80, 0xff] {
            let mut octets = sound.clone();
            octets[place] ^= flip;
            let Ok(jks) = Jks::parse(&octets) else { continue };
            assert!(jks.verify(&password).is_err(), "octet {place} is not covered by the digest");
            let claimed: usize = jks.keys.iter().map(|key| key.chain.concat().len()).sum::<usize>()
                + jks.trusted.iter().map(|(_, der)| der.len()).sum::<usize>();
            assert!(claimed < octets.len());
            for key in &jks.keys {
                let _ = key.open(&password);
            }
        }
    }
}
