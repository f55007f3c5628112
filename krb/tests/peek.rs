//! What is peeked out of real messages is what the full reading finds in them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::PathBuf};

use krb::{
    der::DerError,
    msg::{
        kdc::{AsRep, AsReq, KdcRep, KdcReq, TgsRep, TgsReq},
        krb_error::KrbError,
    },
    peek::{self, PeekError},
};

/// Messages captured from MIT krb5 1.20.1 (tests/data/mit-1.20.1/README.md), by name.
fn captured() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mit-1.20.1/wire");
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| name.contains("-app"))
        .collect();
    all.sort();
    assert!(all.len() > 80, "the captures are there");
    all
}

fn same_request(octets: &[u8], full: &KdcReq) {
    let peeked = peek::kdc_req(octets).unwrap();
    let body = &full.req_body;
    assert_eq!(peeked.realm, body.realm.as_octets());
    assert_eq!(peeked.nonce, body.nonce);
    assert_eq!(peeked.cname.map(|name| name.to_string()), body.cname.as_ref().map(ToString::to_string));
    assert_eq!(peeked.sname.map(|name| name.to_string()), body.sname.as_ref().map(ToString::to_string));
    assert_eq!(peeked.etypes().collect::<Vec<_>>(), body.etype);
    let types: Vec<_> = full.padata.iter().flatten().map(|padata| i64::from(padata.padata_type)).collect();
    assert_eq!(peeked.padata_types().collect::<Vec<_>>(), types);
    for bit in 0..32 {
        assert_eq!(peeked.options & (0x8000_0000 >> bit) != 0, body.kdc_options.bit(bit));
    }
}

fn same_reply(octets: &[u8], full: &KdcRep) {
    let peeked = peek::kdc_rep(octets).unwrap();
    assert_eq!(peeked.crealm, full.crealm.as_octets());
    assert_eq!(peeked.cname.to_string(), full.cname.to_string());
    assert_eq!(peeked.cname.name_type, i64::from(full.cname.name_type));
    assert_eq!(peeked.ticket_realm, full.ticket.realm.as_octets());
    assert_eq!(peeked.ticket_sname.to_string(), full.ticket.sname.to_string());
    assert_eq!(peeked.ticket_etype, full.ticket.enc_part.etype);
    assert_eq!(peeked.reply_etype, full.enc_part.etype);
}

#[test]
fn a_peek_agrees_with_the_full_reading() {
    for (name, octets) in captured() {
        match octets[0] {
            peek::AS_REQ => same_request(&octets, &AsReq::decode(&octets).unwrap()),
            peek::TGS_REQ => same_request(&octets, &TgsReq::decode(&octets).unwrap()),
            peek::AS_REP => same_reply(&octets, &AsRep::decode(&octets).unwrap()),
            peek::TGS_REP => same_reply(&octets, &TgsRep::decode(&octets).unwrap()),
            peek::KRB_ERROR => {
                let (peeked, full) = (peek::krb_error(&octets).unwrap(), KrbError::decode(&octets).unwrap());
                assert_eq!(peeked.code, i64::from(full.error_code), "{name}");
                assert_eq!(peeked.stime, full.stime.as_octets());
                assert_eq!(peeked.susec, full.susec);
                assert_eq!(peeked.realm, full.realm.as_octets());
                assert_eq!(
                    peeked.cname.map(|name| name.to_string()),
                    full.cname.as_ref().map(ToString::to_string)
                );
            }
            other => panic!("{name} starts with {other:#04x}"),
        }
    }
}

#[test]
fn every_truncation_and_every_octet_too_many_is_refused() {
    for (name, mut octets) in captured() {
        let read = |octets: &[u8]| match octets.first() {
            Some(&(peek::AS_REQ | peek::TGS_REQ)) => peek::kdc_req(octets).err(),
            Some(&(peek::AS_REP | peek::TGS_REP)) => peek::kdc_rep(octets).err(),
            _ => peek::krb_error(octets).err(),
        };
        for end in 1..octets.len() {
            assert_eq!(read(&octets[..end]), Some(PeekError::Encoding(DerError::CutShort)), "{name} {end}");
        }
        octets.push(0);
        assert_eq!(read(&octets), Some(PeekError::Encoding(DerError::Trailing)), "{name}");
    }
}

#[test]
fn a_message_under_another_ones_tag_is_refused() {
    for (name, mut octets) in captured() {
        octets[0] = match octets[0] {
            peek::AS_REQ => peek::TGS_REQ,
            peek::TGS_REQ => peek::AS_REQ,
            peek::AS_REP => peek::TGS_REP,
            peek::TGS_REP => peek::AS_REP,
            _ => continue,
        };
        let verdict = match octets[0] {
            peek::AS_REQ | peek::TGS_REQ => peek::kdc_req(&octets).map(|_| ()),
            _ => peek::kdc_rep(&octets).map(|_| ()),
        };
        assert!(matches!(verdict, Err(PeekError::Kind { .. })), "{name}");
    }
}

/// A small generator whose numbers are the same in every run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % end
    }
}

#[test]
fn mutated_messages_are_judged_without_a_panic() {
    let mut numbers = Numbers(1);
    for (_, original) in captured() {
        for _ in 0..400 {
            let mut octets = original.clone();
            for _ in 0..=numbers.below(3) {
                let place = numbers.below(octets.len());
                octets[place] = u8::try_from(numbers.below(256)).unwrap();
            }
            let request = peek::kdc_req(&octets);
            if let Ok(request) = &request {
                let _ = request.etypes().count() + request.padata_types().count();
                let _ = request.sname.map(|name| name.to_string());
            }
            let _ = peek::kdc_rep(&octets).map(|reply| reply.cname.to_string());
            let _ = peek::krb_error(&octets);
            let _ = peek::ap_req(&octets);
            let _ = krb::kpasswd::request(&octets);
            let _ = krb::kpasswd::reply(&octets);
        }
    }
}
