//! The embedded KDC: it answers whatever it is sent, as it is and behind its seals, where the fuzzer writes what the
//! ticket and the authenticator of a TGS-REQ hold.

#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use krb::{
    crypto::{ChecksumKey, Enctype, Key, Usage, UsageKeys},
    flags::Flags,
    keytab::Keytab,
    msg::{
        ap::ApReq,
        kdc::{KdcReqBody, TgsReq},
        opened::{Authenticator, EncTicketPart},
        padata::{PA_TGS_REQ, PaData},
        ticket::Ticket,
    },
    name::PrincipalName,
    time::KerberosTime,
};
use libfuzzer_sys::fuzz_target;
use testkdc::embedded::{Account, Database, Kdc};

/// Of the captured messages, and when those were made, 2026-11-22T04:18:39Z.
const REALM: &str = "H4.TEST";
const NOW: u64 = 1_795_321_119;

struct World {
    kdc: Kdc,
    krbtgt: Key,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let database = Database::new(REALM)
        .account(Account::user("alice", "pw").enctypes(&[Enctype::Aes128CtsHmacSha1_96]))
        .service("HTTP/gw.h4.test");
    let kdc = Kdc::new(database, &mut dice).expect("the password is text");
    let keytab = Keytab::read(&kdc.keytab("krbtgt/H4.TEST").expect("it knows itself")).expect("it wrote it");
    let krbtgt = Key::try_from(&keytab.entries[0].key).expect("it has a strong key");
    World { kdc, krbtgt }
});

fn dice(octets: &mut [u8]) {
    octets.fill(7);
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

/// A TGS-REQ around a ticket, an authenticator whose checksum is made good, and four options of either end.
fn sealed(octets: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = octets.split_first_chunk::<2>()?;
    let (part, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    let (options, authenticator) = rest.split_last()?;
    let session = Key::try_from(&EncTicketPart::decode(part).ok()?.key).ok()?;
    let mut authenticator = Authenticator::decode(authenticator).ok()?;
    let seal = |key: &Key, usage, octets: &[u8]| {
        UsageKeys::derive(key, usage).expect("a key of its enctype").seal_data(&[0; 16], octets)
    };
    let krbtgt = PrincipalName::krbtgt(&REALM.into());
    let ticket = Ticket::new(REALM.into(), krbtgt, seal(&WORLD.krbtgt, Usage::TICKET, part));
    let body = KdcReqBody {
        kdc_options: Flags::from(u32::from(*options).rotate_right(4)),
        cname: None,
        realm: REALM.into(),
        sname: Some(PrincipalName::new(3, ["HTTP", "gw.h4.test"])),
        from: None,
        till: KerberosTime::from_seconds(0)?,
        rtime: None,
        nonce: 1,
        etype: vec![20, 18],
        addresses: None,
        enc_authorization_data: None,
        additional_tickets: Some(vec![ticket.clone()]),
    };
    let checksums = ChecksumKey::derive(&session, Usage::TGS_REQ_CHECKSUM).expect("a key of its enctype");
    authenticator.cksum = Some(checksums.make_checksum(&body.encode().ok()?));
    let proof = seal(&session, Usage::TGS_REQ_AUTHENTICATOR, &authenticator.encode().ok()?);
    let ap_req = ApReq::new(Flags::with(&[]), ticket, proof).encode().ok()?;
    let padata = PaData { padata_type: PA_TGS_REQ, padata_value: ap_req.into() };
    TgsReq::new(Some(vec![padata]), body).encode().ok()
}

fuzz_target!(|octets: &[u8]| {
    let _ = WORLD.kdc.answer(octets, now(), &mut dice);
    if let Some(request) = sealed(octets) {
        assert!(WORLD.kdc.answer(&request, now(), &mut dice).is_some(), "a request is always answered");
    }
});
