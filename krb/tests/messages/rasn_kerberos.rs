//! `rasn-kerberos`, which has its own types above the same DER, judges every captured message as we do, but
//! for the differences named here.

use rasn::{Decode, Encode};

use crate::captures::{Kind, all};

/// Messages that we read and `rasn-kerberos` refuses, with the reason.
const REFUSED_THERE: &[(&str, &str)] = &[
    ("018-nonascii2-req-app10.bin", ALPHABET),
    ("019-nonascii2-rep-app30.bin", ALPHABET),
    ("020-nonascii2-req-app10.bin", ALPHABET),
    ("021-nonascii2-rep-app11.bin", ALPHABET),
];

/// Its GeneralString is Latin-1 without 80 to A0, but peers put UTF-8 there, and 用户 has such octets.
const ALPHABET: &str = "a name holds an octet from 80 to A0";

fn reread_there(kind: Kind, octets: &[u8]) -> Option<Vec<u8>> {
    fn reread<T: Decode + Encode>(octets: &[u8]) -> Option<Vec<u8>> {
        let message: T = rasn::der::decode(octets).ok()?;
        Some(rasn::der::encode(&message).expect("what was read has an encoding"))
    }
    match kind {
        Kind::ApReq => reread::<rasn_kerberos::ApReq>(octets),
        Kind::AsRep => reread::<rasn_kerberos::AsRep>(octets),
        Kind::AsReq => reread::<rasn_kerberos::AsReq>(octets),
        Kind::Authenticator => reread::<rasn_kerberos::Authenticator>(octets),
        Kind::EncTicketPart => reread::<rasn_kerberos::EncTicketPart>(octets),
        Kind::KrbError => reread::<rasn_kerberos::KrbError>(octets),
        Kind::TgsRep => reread::<rasn_kerberos::TgsRep>(octets),
        Kind::TgsReq => reread::<rasn_kerberos::TgsReq>(octets),
    }
}

#[test]
fn both_read_every_capture_alike_but_for_the_named_ones() {
    for capture in all() {
        let ours = capture.kind.reread(&capture.octets).ok();
        let theirs = reread_there(capture.kind, &capture.octets);
        let named = REFUSED_THERE.iter().find(|(name, _)| *name == capture.name);
        match named {
            Some((name, reason)) => assert!(ours.is_some() && theirs.is_none(), "{name}: {reason}"),
            None => assert_eq!(ours, theirs, "{}", capture.name),
        }
    }
}

#[test]
fn every_named_difference_is_about_a_capture() {
    for (name, _) in REFUSED_THERE {
        assert!(all().iter().any(|capture| capture.name == *name), "{name}");
    }
}

/// The reason behind the named differences, on its own.
#[test]
fn a_general_string_with_octets_80_to_a0_is_refused_there() {
    let name = |octets: &'static [u8]| rasn_kerberos::KerberosString::from_bytes(octets).is_ok();
    assert!(name("Köln".as_bytes()));
    assert!(!name("Über".as_bytes()));
}
