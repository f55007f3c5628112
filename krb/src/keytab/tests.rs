//! Keytabs of other writers, written again, cut and bent.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::crypto::tests::hex;
use crate::name::{NT_PRINCIPAL, NT_SRV_HST};

/// A file of tests/data/keytab; README.md there has the origin of each.
fn sample(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../tests/data/keytab/{name}.keytab", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read(name: &str) -> Vec<Entry> {
    Keytab::read(&sample(name)).unwrap().entries
}

/// The entries as `klist -keK` lists them, the key by its first four octets.
fn listed(entries: &[Entry]) -> Vec<String> {
    let line = |entry: &Entry| {
        let key: String =
            entry.key.keyvalue.as_octets().iter().take(4).map(|octet| format!("{octet:02x}")).collect();
        format!("{} {} {} {key}", entry.kvno, entry.principal, entry.key.keytype)
    };
    entries.iter().map(line).collect()
}

fn entry(kvno: u32) -> Entry {
    Entry {
        principal: Principal {
            name: PrincipalName::new(NT_SRV_HST, ["HTTP", "gw.test"]),
            krb_realm: "K.TEST".into(),
        },
        timestamp: 1_795_328_385,
        kvno,
        key: EncryptionKey::new(18, vec![7; 32]),
    }
}

/// A file with one entry, whose octets follow its length.
fn file_of(entry: &[u8]) -> Vec<u8> {
    [&[5, 2][..], &u32::try_from(entry.len()).unwrap().to_be_bytes(), entry].concat()
}

/// The entry of [`entry`] for each enctype.
fn of_enctypes(kvno: u32, timestamp: u32, enctypes: &[i32]) -> Vec<Entry> {
    let of = |&enctype: &i32| {
        let length = if enctype == 18 { 32 } else { 16 };
        Entry { timestamp, key: EncryptionKey::new(enctype, vec![7; length]), ..entry(kvno) }
    };
    enctypes.iter().map(of).collect()
}

/// A file of `entries` with `end` behind each key in place of the 32-bit key version.
fn ending_otherwise(entries: &[Entry], end: &[u8]) -> Vec<u8> {
    let mut file = vec![5, 2];
    for entry in entries {
        let ours = Keytab { entries: vec![entry.clone()] }.encode().unwrap();
        let (short, _) = ours[6..].split_last_chunk::<4>().unwrap();
        file.extend_from_slice(&file_of(&[short, end].concat())[2..]);
    }
    file
}

/// One entry of `p@R` with key version 9, an AES-128 key, and `end` behind it.
fn file_ending(end: &[u8]) -> Vec<u8> {
    file_of(&[&hex("0001000152000170000000010000000009001100"), &[16][..], &[0xAB; 16], end].concat())
}

#[test]
fn removed_entries_of_kadmin_are_passed_over() {
    assert_eq!(
        listed(&read("mit-kadmin")),
        [
            "2 b@KEYTAB.TEST 17 0125ec2a",
            "2 HTTP/gw.keytab.test@KEYTAB.TEST 20 57b4c1cb",
            "2 HTTP/gw.keytab.test@KEYTAB.TEST 19 9fefcb22",
            "2 HTTP/gw.keytab.test@KEYTAB.TEST 18 875daa08",
            "2 HTTP/gw.keytab.test@KEYTAB.TEST 17 4336f335",
            "2 HTTP/gw.keytab.test@KEYTAB.TEST 23 5fbec6fe",
            "2 HTTP/gw.keytab.test@KEYTAB.TEST 16 13fd16f8",
            "3 HTTP/gw.keytab.test@KEYTAB.TEST 20 a56027e2",
            "3 HTTP/gw.keytab.test@KEYTAB.TEST 19 3bb5b9fb",
            "3 HTTP/gw.keytab.test@KEYTAB.TEST 18 f5b5fc18",
            "3 HTTP/gw.keytab.test@KEYTAB.TEST 17 760c62d6",
            "3 HTTP/gw.keytab.test@KEYTAB.TEST 23 077f513a",
            "3 HTTP/gw.keytab.test@KEYTAB.TEST 16 d37f9180",
        ]
    );
}

#[test]
fn key_versions_of_ktutil_beyond_eight_bits_are_read_whole() {
    assert_eq!(
        listed(&read("mit-ktutil")),
        [
            "300 HTTP/gw.keytab.test@KEYTAB.TEST 20 9e4c5db7",
            "256 alice@KEYTAB.TEST 18 58ec6895",
            "255 alice@KEYTAB.TEST 23 8cc19b6a",
        ]
    );
}

#[test]
fn a_keytab_that_ends_with_a_hole_is_read() {
    assert_eq!(
        listed(&read("mit-t_keytab")),
        ["1 test/test2@TEST.MIT.EDU 19 31", "1 test/test2@TEST.MIT.EDU 20 31"]
    );
}

#[test]
fn a_keytab_of_heimdal_that_begins_with_a_hole_is_read() {
    assert_eq!(
        listed(&read("heimdal-ktutil")),
        [
            "1 host/gw@KEYTAB.TEST 23 8cc19b6a",
            "300 HTTP/gw.keytab.test@KEYTAB.TEST 18 e4a34d99",
            "300 host/gw@KEYTAB.TEST 23 8cc19b6a",
        ]
    );
}

/// Windows' ktpass writes no time, the key version in eight bits alone, and keys of DES before the others.
#[test]
fn a_file_without_32_bit_key_versions_has_those_of_eight_bits() {
    let entries = of_enctypes(12, 0, &[1, 3, 23, 18, 17]);
    assert_eq!(Keytab::read(&ending_otherwise(&entries, &[])).unwrap().entries, entries);
}

/// Samba and Heimdal write flags there.
#[test]
fn four_octets_behind_the_32_bit_key_version_are_passed_over() {
    let mut entries = of_enctypes(2, 1_795_328_385, &[1, 3, 17, 18, 23]);
    for name in [PrincipalName::new(NT_PRINCIPAL, ["host", "gw"]), PrincipalName::new(NT_PRINCIPAL, ["GW$"])]
    {
        entries.push(Entry { principal: Principal { name, krb_realm: "K.TEST".into() }, ..entry(2) });
    }
    for flags in [[0, 0, 0, 0], [0, 0, 0, 1]] {
        let file = ending_otherwise(&entries, &[&[0, 0, 0, 2], &flags[..]].concat());
        assert_eq!(Keytab::read(&file).unwrap().entries, entries);
    }
}

/// MIT krb5 1.20.1, src/tests/t_keytab.py, the three files of "32-bit kvno"; its licence is in
/// tests/data/krb5/NOTICE.
#[test]
fn the_key_versions_that_mit_put_together_by_hand_are_read() {
    let record = hex("0001000b4b5242544553542e434f4d0004757365720000000154f74d350200120020");
    let record = [record, vec![0; 32]].concat();
    for (end, kvno) in [(&[][..], 2), (&[0, 0, 0, 0], 2), (&[0, 0, 0, 3], 3)] {
        let keytab = Keytab::read(&file_of(&[&record, end].concat())).unwrap();
        assert_eq!(listed(&keytab.entries), [format!("{kvno} user@KRBTEST.COM 18 00000000")]);
        assert_eq!(keytab.entries[0].timestamp, 0x54F7_4D35);
    }
}

#[test]
fn four_octets_behind_the_key_are_its_version_unless_they_are_zero() {
    for (end, kvno) in [
        (&[][..], 9),
        (&[0, 0, 1], 9),
        (&[0, 0, 0, 0], 9),
        (&[0, 0, 1, 9], 0x109),
        (&[0xFF, 0xFF, 0xFF, 0xFF], u32::MAX),
        (&[0, 0, 1, 9, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE], 0x109),
        (&[0, 0, 0, 0, 0, 0, 0, 5], 9),
    ] {
        assert_eq!(Keytab::read(&file_ending(end)).unwrap().entries[0].kvno, kvno, "{end:?}");
    }
}

#[test]
fn what_mit_wrote_without_holes_is_written_alike() {
    let octets = sample("mit-ktutil");
    assert_eq!(*Keytab::read(&octets).unwrap().encode().unwrap(), octets);
}

#[test]
fn a_keytab_without_entries_is_one() {
    assert_eq!(Keytab::read(&[5, 2]), Ok(Keytab::default()));
    assert_eq!(**Keytab::default().encode().unwrap(), [5, 2]);
}

#[test]
fn zeros_end_the_keytab() {
    let whole = sample("mit-ktutil");
    let entries = Keytab::read(&whole);
    for zeros in 0..40 {
        assert_eq!(Keytab::read(&[&whole[..], &vec![0; zeros]].concat()), entries);
    }
    // MIT krb5 writes the length of a new entry after the entry.
    assert_eq!(Keytab::read(&[&whole[..], &[0, 0, 0, 0], b"half"].concat()), entries);
}

#[test]
fn a_half_written_file_is_told_from_a_broken_one() {
    let whole = sample("mit-ktutil");
    // Where its entries begin; the fourth would begin at the end of the file.
    let starts = [2, 92, 167, 226];
    assert_eq!(whole.len(), starts[3]);
    for length in 0..whole.len() {
        let cut = &whole[..length];
        let read = Keytab::read(cut);
        let last = starts.iter().rposition(|start| *start <= length).unwrap_or(0);
        if length < 2 {
            assert_eq!(read, Err(KeytabError::Truncated { entry: 0, missing: 2 - length }));
        } else if cut[starts[last]..].iter().all(|octet| *octet == 0) {
            assert_eq!(read.unwrap().entries.len(), last, "{length} octets are a whole file");
        } else {
            let due = if length < starts[last] + 4 { starts[last] + 4 } else { starts[last + 1] };
            assert_eq!(read, Err(KeytabError::Truncated { entry: starts[last], missing: due - length }));
        }
    }
}

#[test]
fn a_hole_beyond_the_end_of_the_file_is_a_half_written_one() {
    for (length, missing) in [(-1, 1), (-70_000, 70_000), (i32::MIN, 0x8000_0000)] {
        let file = [&[5, 2][..], &i32::to_be_bytes(length)].concat();
        assert_eq!(Keytab::read(&file), Err(KeytabError::Truncated { entry: 2, missing }));
    }
}

#[test]
fn an_entry_shorter_than_its_fields_is_named_by_its_place() {
    let whole = file_ending(&[]);
    // Count, realm, component, name type, time, version, encryption type, key.
    let lengths = [2, 2, 1, 2, 1, 4, 4, 1, 2, 2, 16];
    let mut at = 6;
    for field in lengths {
        for present in (0..field).filter(|present| at + present > 6) {
            let file = [&file_of(&whole[6..at + present])[..], &whole[2..]].concat();
            let short = KeytabError::Entry { entry: 2, at, missing: field - present };
            assert_eq!(Keytab::read(&file), Err(short));
        }
        at += field;
    }
    assert_eq!(at, whole.len());
    let second = [&whole[..], &[0, 0, 0, 1, 0]].concat();
    let place = whole.len();
    assert_eq!(Keytab::read(&second), Err(KeytabError::Entry { entry: place, at: place + 4, missing: 1 }));
}

#[test]
fn what_is_no_keytab_is_called_so() {
    assert_eq!(Keytab::read(b"\x05\x04\0\x0c"), Err(KeytabError::Version { found: 0x0504 }));
    assert_eq!(Keytab::read(b"\x05\x01"), Err(KeytabError::Version { found: 0x0501 }));
    assert_eq!(Keytab::read(b"-----BEGIN"), Err(KeytabError::NotAKeytab { found: b'-' }));
}

#[test]
fn more_components_than_any_name_has_are_not_read() {
    let most = usize::from(MAX_COMPONENTS);
    let mut long = entry(1);
    long.principal.name.name_string = vec!["a".into(); most];
    let keytab = Keytab { entries: vec![long.clone()] };
    let mut file = keytab.encode().unwrap();
    assert_eq!(Keytab::read(&file), Ok(keytab));
    file[7] += 1;
    assert_eq!(
        Keytab::read(&file),
        Err(KeytabError::TooManyComponents { entry: 2, count: MAX_COMPONENTS + 1 })
    );
    long.principal.name.name_string.push("a".into());
    assert_eq!(Keytab { entries: vec![entry(1), long] }.encode(), Err(KeytabError::Unwritable { index: 1 }));
}

#[test]
fn a_file_of_more_than_the_most_octets_is_not_read() {
    let mut file = vec![0; MAX_LENGTH];
    file[..2].copy_from_slice(&[5, 2]);
    assert_eq!(Keytab::read(&file), Ok(Keytab::default()));
    file.push(0);
    assert_eq!(Keytab::read(&file), Err(KeytabError::TooLong { length: MAX_LENGTH + 1 }));
}

#[test]
fn what_sixteen_bits_cannot_hold_is_not_written() {
    let mut with_realm = entry(1);
    with_realm.principal.krb_realm = vec![b'R'; 0x1_0000].into();
    let mut with_key = entry(1);
    with_key.key = EncryptionKey::new(18, vec![1; 0x1_0000]);
    let mut with_enctype = entry(1);
    with_enctype.key = EncryptionKey::new(0x8000, vec![1; 16]);
    for entry in [with_realm, with_key, with_enctype] {
        let keytab = Keytab { entries: vec![entry] };
        assert_eq!(keytab.encode(), Err(KeytabError::Unwritable { index: 0 }));
    }
}

#[test]
fn debug_shows_no_octet_of_a_key() {
    assert!(format!("{:?}", entry(3)).contains("keyvalue: [32 octets]"));
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let string = || prop::collection::vec(any::<u8>(), 0..9).prop_map(KerberosString);
    let name = (any::<i32>(), prop::collection::vec(string(), 0..4));
    let key = (any::<i16>(), prop::collection::vec(any::<u8>(), 0..40));
    (name, string(), any::<u32>(), any::<u32>(), key).prop_map(|(name, krb_realm, timestamp, kvno, key)| {
        Entry {
            principal: Principal {
                name: PrincipalName { name_type: name.0, name_string: name.1 },
                krb_realm,
            },
            timestamp,
            kvno,
            key: EncryptionKey::new(key.0.into(), key.1),
        }
    })
}

proptest! {
    #[test]
    fn what_was_written_reads_the_same(entries in prop::collection::vec(any_entry(), 0..5)) {
        let keytab = Keytab { entries };
        let file = keytab.encode().unwrap();
        prop_assert_eq!(file.capacity(), file.len());
        prop_assert_eq!(Keytab::read(&file), Ok(keytab));
    }

    #[test]
    fn octets_of_any_kind_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = [&[5, 2][..], &octets].concat();
        if let Ok(keytab) = Keytab::read(&file) {
            prop_assert!(keytab.encode().is_ok());
        }
    }
}
