//! Tickets, authenticators and a password that a MIT KDC and its clients used.
//!
//! Origin of all: tests/data/mit-1.20.1/README.md.

use std::fs;
use std::path::{Path, PathBuf};

use crate::crypto::*;
use crate::der::announced;
use crate::error_code::KDC_ERR_PREAUTH_REQUIRED;
use crate::keytab::Keytab;
use crate::msg::ap::ApReq;
use crate::msg::kdc::{AsRep, AsReq, TgsRep};
use crate::msg::krb_error::KrbError;
use crate::msg::opened::{EncKdcRepPart, EncTicketPart};
use crate::msg::padata::{EtypeInfo2, MethodData, PA_ENC_TIMESTAMP, PA_ETYPE_INFO2, PaData, PaEncTsEnc};
use crate::msg::ticket::Ticket;
use crate::name::{Principal, PrincipalName};
use crate::sealed::EncryptedData;

/// The key of `service` in svc.keytab or child.keytab of tests/data/mit-1.20.1.
fn service_key(service: &Principal, number: i64) -> Key {
    ["svc.keytab", "child.keytab"]
        .into_iter()
        .flat_map(|file| Keytab::read(&fs::read(mit(file)).unwrap()).unwrap().entries)
        .find(|entry| entry.principal.to_string() == service.to_string() && entry.key.keytype == number)
        .map(|entry| Key::allowing_weak(&entry.key).unwrap())
        .unwrap_or_else(|| panic!("no key of {service} with enctype {number}"))
}

fn open(key: &Key, usage: Usage, sealed: &EncryptedData) -> Vec<u8> {
    UsageKeys::derive(key, usage).unwrap().open_data(sealed).unwrap()
}

fn open_ticket(ticket: &Ticket) -> Vec<u8> {
    let service = Principal { name: ticket.sname.clone(), krb_realm: ticket.realm.clone() };
    open(&service_key(&service, ticket.enc_part.etype), Usage::TICKET, &ticket.enc_part)
}

fn mit(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mit-1.20.1").join(path)
}

/// The names in decrypted/ that end in `ending`, without it.
fn stems(ending: &str) -> Vec<String> {
    fs::read_dir(mit("decrypted"))
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(ending)?.to_owned()))
        .collect()
}

/// The ticket in the recorded message that `stem` names.
fn recorded_ticket(stem: &str) -> Ticket {
    if let Ok(octets) = fs::read(mit(format!("decrypted/{stem}-ApReq.bin"))) {
        return ApReq::decode(&octets).unwrap().ticket;
    }
    let octets = fs::read(mit(format!("wire/{stem}.bin"))).unwrap();
    if stem.ends_with("app11") {
        AsRep::decode(&octets).unwrap().0.ticket
    } else {
        TgsRep::decode(&octets).unwrap().0.ticket
    }
}

#[test]
fn every_ticket_that_mit_sealed_opens() {
    let mut opened = 0;
    for enctype in Enctype::ALL.into_iter().chain(Enctype::WEAK) {
        let ending = format!("-et{}-EncTicketPart.bin", enctype.number());
        for stem in stems(&ending) {
            let mut expected = fs::read(mit(format!("decrypted/{stem}{ending}"))).unwrap();
            // The file of 3DES has the zeros that fill up the last block.
            expected.truncate(announced(&expected).unwrap().unwrap());
            assert_eq!(open_ticket(&recorded_ticket(&stem)), expected, "{stem}");
            opened += 1;
        }
    }
    assert!(opened >= 38, "only {opened} tickets found");
}

#[test]
fn every_authenticator_that_mit_sealed_opens() {
    let mut opened = 0;
    for stem in stems("-Authenticator.bin") {
        let request = fs::read(mit(format!("decrypted/{stem}-ApReq.bin"))).unwrap();
        let request = ApReq::decode(&request).unwrap();
        let part = EncTicketPart::decode(&open_ticket(&request.ticket)).unwrap();
        let session = Key::allowing_weak(&part.key).unwrap();
        let usage =
            if stem.starts_with("gss") { Usage::AP_REQ_AUTHENTICATOR } else { Usage::TGS_REQ_AUTHENTICATOR };
        let expected = fs::read(mit(format!("decrypted/{stem}-Authenticator.bin"))).unwrap();
        assert_eq!(open(&session, usage, &request.authenticator), expected, "{stem}");
        opened += 1;
    }
    assert!(opened >= 21, "only {opened} authenticators found");
}

/// Case encts: alice/alicepw.
#[test]
fn a_password_makes_the_key_that_mit_used() {
    let value_of = |padata: &[PaData], kind: i32| {
        padata.iter().find(|data| data.padata_type == kind).unwrap().padata_value.clone()
    };
    let wanted = KrbError::decode(&fs::read(mit("wire/005-encts-rep-app30.bin")).unwrap()).unwrap();
    assert_eq!(wanted.error_code, KDC_ERR_PREAUTH_REQUIRED);
    let methods = MethodData::decode(&wanted.e_data.unwrap()).unwrap().0;
    let info = EtypeInfo2::decode(&value_of(&methods, PA_ETYPE_INFO2)).unwrap();
    let entry = &info.0[0];
    let enctype = Enctype::try_from(entry.etype).unwrap();
    let salt = entry.salt.as_ref().map_or(&b"H4.TESTalice"[..], |salt| salt.as_octets());
    let alice = string_to_key(enctype, b"alicepw", salt, entry.s2kparams.as_deref()).unwrap();

    let request = AsReq::decode(&fs::read(mit("wire/006-encts-req-app10.bin")).unwrap()).unwrap();
    let proof = value_of(request.padata.as_ref().unwrap(), PA_ENC_TIMESTAMP);
    let time = open(&alice, Usage::PA_ENC_TIMESTAMP, &EncryptedData::decode(&proof).unwrap());
    assert!(PaEncTsEnc::decode(&time).unwrap().patimestamp.seconds().is_some());

    let answer = AsRep::decode(&fs::read(mit("wire/007-encts-rep-app11.bin")).unwrap()).unwrap();
    let part = EncKdcRepPart::decode(&open(&alice, Usage::AS_REP, &answer.enc_part)).unwrap();
    assert_eq!(part.nonce, request.req_body.nonce);
    assert_eq!(part.sname, PrincipalName::krbtgt(&"H4.TEST".into()));
}

#[test]
fn a_ticket_opens_under_no_other_usage_and_no_other_key() {
    let ticket = recorded_ticket("043-tgs-gw-rep-app13");
    let gw = Principal { name: ticket.sname.clone(), krb_realm: ticket.realm.clone() };
    let right = service_key(&gw, 18);
    let wrong = Key::new(Enctype::Aes256CtsHmacSha1_96, &[0x5A; 32]).unwrap();
    for (key, usage) in [(&right, Usage::AS_REP), (&wrong, Usage::TICKET)] {
        let keys = UsageKeys::derive(key, usage).unwrap();
        assert_eq!(keys.open(&ticket.enc_part.cipher), Err(CryptoError::Integrity));
    }
}
