//! Every published known answer for the enctypes of this room: the tables in vectors/, each line with its origin
//! above it.

use super::hex;
use crate::crypto::cts::AesCts;
use crate::crypto::nfold::nfold;
use crate::crypto::password::hash;
use crate::crypto::usage::Purpose;
use crate::crypto::{
    ChecksumKey, Enctype, Key, Usage, UsageKeys, aes_sha2, combine, prf, simplified, string_to_key,
};

/// One line of a table.
struct Row(Vec<&'static str>);

/// The lines of a table that are not comments.
fn rows(table: &'static str) -> Vec<Row> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<_> = lines.map(|line| Row(line.split('|').map(str::trim).collect())).collect();
    assert!(!rows.is_empty());
    rows
}

impl Row {
    /// The octets in a column: text in quotation marks, hexadecimal digits, or - for none.
    fn octets(&self, column: usize) -> Vec<u8> {
        let value = self.0[column];
        match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
            Some(text) => text.into(),
            None if value == "-" => Vec::new(),
            None => hex(value),
        }
    }

    fn number(&self, column: usize) -> u32 {
        self.0[column].parse().unwrap()
    }

    /// The enctype in the first column.
    fn enctype(&self) -> Enctype {
        Enctype::allowing_weak(self.number(0).into()).unwrap()
    }

    /// The key in a column, of the enctype in the first.
    fn key(&self, column: usize) -> Key {
        Key::new(self.enctype(), &self.octets(column)).unwrap()
    }
}

/// How many of the six enctypes a table has.
fn enctypes(rows: &[Row]) -> usize {
    rows.iter().map(Row::enctype).collect::<std::collections::HashSet<_>>().len()
}

#[test]
fn foldings_come_out() {
    for row in rows(include_str!("vectors/nfold.txt")) {
        let expected = row.octets(1);
        let mut folded = vec![0; expected.len()];
        nfold(&row.octets(0), &mut folded);
        assert_eq!(folded, expected, "{:?}", row.0);
    }
}

#[test]
fn stealings_come_out_and_go_back() {
    for row in rows(include_str!("vectors/cts.txt")) {
        let aes = AesCts::new(&Key::new(Enctype::Aes128CtsHmacSha1_96, &row.octets(0)).unwrap()).unwrap();
        let mut octets = row.octets(1);
        aes.encrypt(&mut octets);
        assert_eq!(octets, row.octets(2));
        aes.decrypt(&mut octets);
        assert_eq!(octets, row.octets(1));
    }
}

#[test]
fn derived_keys_come_out() {
    let rows = rows(include_str!("vectors/derive.txt"));
    for row in &rows {
        let (base, constant, expected) = (row.key(1), row.octets(2), row.octets(3));
        let derived = match row.enctype() {
            Enctype::Aes128CtsHmacSha256_128 | Enctype::Aes256CtsHmacSha384_192 => {
                aes_sha2::derive(&base, &constant, expected.len()).unwrap().to_vec()
            }
            _ => simplified::derive(&base, &constant).unwrap().octets().to_vec(),
        };
        assert_eq!(derived, expected, "{:?}", row.0);
    }
    assert_eq!(enctypes(&rows), 5, "arcfour-hmac derives in another way");
}

/// RFC 8009 section 5 and RFC 3961 section 5.3 have the same constants.
#[test]
fn the_constants_of_derivation_are_usage_and_purpose() {
    assert_eq!(Purpose::Checksum.constant(Usage(2)), [0, 0, 0, 2, 0x99]);
    assert_eq!(Purpose::Encryption.constant(Usage(0x0102_0304)), [1, 2, 3, 4, 0xAA]);
    assert_eq!(Purpose::Integrity.constant(Usage::TICKET), [0, 0, 0, 2, 0x55]);
}

#[test]
fn keys_of_passwords_come_out() {
    let rows = rows(include_str!("vectors/string_to_key.txt"));
    for row in &rows {
        let key = hash(row.enctype(), &row.octets(2), &row.octets(3), row.number(1)).unwrap();
        assert_eq!(key.octets(), row.octets(4), "{:?}", row.0);
        if row.number(1) == row.enctype().default_iterations() {
            let key = string_to_key(row.enctype(), &row.octets(2), &row.octets(3), None).unwrap();
            assert_eq!(key.octets(), row.octets(4), "{:?}", row.0);
        }
    }
    assert_eq!(enctypes(&rows), 6);
}

#[test]
fn sealed_messages_come_out_and_open() {
    let rows = rows(include_str!("vectors/seal.txt"));
    for row in &rows {
        let keys = UsageKeys::derive(&row.key(2), Usage(row.number(1))).unwrap();
        let mut confounder = row.octets(3);
        assert_eq!(confounder.len(), row.enctype().confounder_length());
        // What is beyond the enctype's own length must not matter.
        confounder.resize(16, 0xEE);
        let sealed = keys.seal(&confounder.try_into().unwrap(), &row.octets(4));
        assert_eq!(sealed, row.octets(5), "{:?}", row.0);
        assert_eq!(without_padding(&row.octets(4), &keys.open(&sealed).unwrap()), row.octets(4));
    }
    assert_eq!(enctypes(&rows), 6);
}

/// `opened` without the zeros that 3DES leaves behind `plaintext`, or as it is.
fn without_padding<'a>(plaintext: &[u8], opened: &'a [u8]) -> &'a [u8] {
    let (start, padding) = opened.split_at(plaintext.len());
    if padding.len() < 8 && padding.iter().all(|octet| *octet == 0) { start } else { opened }
}

#[test]
fn checksums_come_out_and_verify() {
    let rows = rows(include_str!("vectors/checksum.txt"));
    for row in &rows {
        let key = ChecksumKey::derive(&row.key(2), Usage(row.number(1))).unwrap();
        let (message, expected) = (row.octets(3), row.octets(4));
        assert_eq!(key.make(&message), expected, "{:?}", row.0);
        assert_eq!(key.verify(&message, &expected), Ok(()));
    }
    assert_eq!(enctypes(&rows), 6);
}

#[test]
fn pseudo_random_octets_come_out() {
    for row in rows(include_str!("vectors/prf.txt")) {
        assert_eq!(*prf(&row.key(1), &row.octets(2)).unwrap(), row.octets(3), "{:?}", row.0);
    }
}

#[test]
fn combined_keys_come_out() {
    let rows = rows(include_str!("vectors/combine.txt"));
    for row in &rows {
        let key = |column| {
            let password = row.octets(column);
            string_to_key(row.enctype(), &password, &password, None).unwrap()
        };
        let (first, second) = (key(1), key(2));
        let combined = combine((&first, &row.octets(3)), (&second, &row.octets(4))).unwrap();
        assert_eq!(combined.octets(), row.octets(5), "{:?}", row.0);
    }
    assert_eq!(enctypes(&rows), 6);
}
