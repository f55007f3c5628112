//! What it costs to judge a token: from its first octet to the permit and the answer, with nothing left out.
//!
//! `cargo bench -p benches --bench accept`. Tickets and tokens are made ahead, and each judgement has an empty replay
//! store, so that every token is a first use.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use client::{Credential, Negotiate, NegotiateOptions, Times};
use divan::{Bencher, black_box};
use krb::{
    crypto::{Enctype, Key, Usage, UsageKeys},
    flags::{Flags, ticket as flag},
    keytab::{Entry, Keytab},
    msg::{
        opened::{
            AuthorizationData, AuthorizationDataElement, EncTicketPart, EncryptionKey, TransitedEncoding,
            ad_type,
        },
        ticket::Ticket,
    },
    name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName},
    octets::Octets,
    pac::{ClientInfo, PacBuilder, ValidationInfo, filetime, group_attribute},
    time::KerberosTime,
};
use tpg::{
    acceptor::{Acceptor, Seen, Verdict},
    keys::KeyTable,
    policy::Policy,
    replay::Memory,
    utc::Utc,
};

fn main() {
    divan::main();
}

/// 2026-11-22T09:00:00Z.
const NOW: i64 = 1_795_338_000;
/// Groups in a PAC; a usual number in a company.
const GROUPS: u32 = 40;

const SHA1: Enctype = Enctype::Aes256CtsHmacSha1_96;
const SHA2: Enctype = Enctype::Aes256CtsHmacSha384_192;

fn principal(name_type: i32, components: &[&str]) -> Principal {
    let name = PrincipalName::new(name_type, components.iter().copied());
    Principal { name, krb_realm: "TGG.TEST".into() }
}

fn key(enctype: Enctype, octet: u8) -> Key {
    Key::new(enctype, &vec![octet; enctype.key_length()]).expect("the right length")
}

fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_seconds(seconds).expect("a year with four digits")
}

/// Octets that are as good as random here.
fn dice(octets: &mut [u8]) {
    octets.iter_mut().zip(1..).for_each(|(octet, number)| *octet = number);
}

fn pac(service: &Key) -> AuthorizationDataElement {
    let info = ValidationInfo {
        account: "alice".to_owned(),
        user_id: 1105,
        primary_group_id: 513,
        groups: (0..GROUPS).map(|number| (2000 + number, group_attribute::ORDINARY)).collect(),
        domain_sid: Some("S-1-5-21-1-2-3".parse().expect("a SID")),
        ..ValidationInfo::default()
    };
    let client = ClientInfo { filetime: filetime(NOW).expect("after 1601"), name: "alice".to_owned() };
    let pac = PacBuilder::new().logon_info(&info).client_info(&client).sign(service, service);
    let element = AuthorizationDataElement {
        ad_type: ad_type::WIN2K_PAC,
        ad_data: pac.expect("a key that signs").into(),
    };
    let inside = AuthorizationData(vec![element]).encode().expect("DER");
    AuthorizationDataElement { ad_type: ad_type::IF_RELEVANT, ad_data: inside.into() }
}

fn ticket(service: &Key, session: &Key, with_pac: bool) -> Ticket {
    let client = principal(NT_PRINCIPAL, &["alice"]);
    let part = EncTicketPart {
        flags: Flags::with(&[flag::PRE_AUTHENT, flag::TRANSITED_POLICY_CHECKED]),
        key: EncryptionKey::from(session),
        crealm: client.krb_realm,
        cname: client.name,
        transited: TransitedEncoding { tr_type: 1, contents: Octets::default() },
        authtime: time(NOW),
        starttime: Some(time(NOW)),
        endtime: time(NOW + 36_000),
        renew_till: None,
        caddr: None,
        authorization_data: with_pac.then(|| AuthorizationData(vec![pac(service)])),
    };
    let keys = UsageKeys::derive(service, Usage::TICKET).expect("a key");
    let mut enc_part = keys.seal_data(&[1; 16], &part.encode().expect("DER"));
    enc_part.kvno = Some(1);
    let Principal { name, krb_realm } = principal(NT_SRV_HST, &["HTTP", "gw.tgg.test"]);
    Ticket { tkt_vno: 5, realm: krb_realm, sname: name, enc_part }
}

/// A client's first token.
fn token(service: &Key, mutual: bool, with_pac: bool) -> Vec<u8> {
    let at: SystemTime = UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs());
    let session = key(service.enctype(), 0x5e);
    let credential = Credential {
        client: principal(NT_PRINCIPAL, &["alice"]),
        server: principal(NT_SRV_HST, &["HTTP", "gw.tgg.test"]),
        ticket: ticket(service, &session, with_pac),
        key: session,
        times: Times { auth: at, start: at, end: at, renew_till: None },
        flags: Flags::with(&[]),
        addresses: Vec::new(),
    };
    let options = NegotiateOptions { mutual, ..NegotiateOptions::default() };
    let client = Negotiate::new(&credential, &options, at, &mut dice).expect("a token");
    client.token().to_vec()
}

/// A door with one key.
fn acceptor(service: &Key) -> Acceptor {
    let policy = Policy::default();
    let principal = principal(NT_SRV_HST, &["HTTP", "gw.tgg.test"]);
    let entry = Entry { principal, timestamp: 0, kvno: 1, key: EncryptionKey::from(service) };
    let (keys, _) = KeyTable::new(&Keytab { entries: vec![entry] }, &policy.services, &policy.enctypes);
    Acceptor::new(policy, keys)
}

fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the store of one process answers at once"),
    }
}

fn accept(bencher: Bencher<'_, '_>, enctype: Enctype, mutual: bool, with_pac: bool) {
    let service = key(enctype, 0x11);
    let (acceptor, token) = (acceptor(&service), token(&service, mutual, with_pac));
    let (seen, now) = (Seen::default(), Utc::new(NOW, 0));
    bencher.with_inputs(|| Memory::new(1000, now)).bench_refs(|store| {
        let judgement = at_once(acceptor.accept(black_box(&token), None, &seen, store, now, &dice));
        assert!(matches!(judgement.verdict, Verdict::Granted { .. }));
        judgement
    });
}

#[divan::bench(args = [SHA1, SHA2])]
fn plain(bencher: Bencher<'_, '_>, enctype: Enctype) {
    accept(bencher, enctype, false, false);
}

#[divan::bench(args = [SHA1, SHA2])]
fn mutual(bencher: Bencher<'_, '_>, enctype: Enctype) {
    accept(bencher, enctype, true, false);
}

#[divan::bench(args = [SHA1, SHA2])]
fn with_pac(bencher: Bencher<'_, '_>, enctype: Enctype) {
    accept(bencher, enctype, false, true);
}

#[divan::bench(args = [SHA1, SHA2])]
fn mutual_with_pac(bencher: Bencher<'_, '_>, enctype: Enctype) {
    accept(bencher, enctype, true, true);
}

/// A token that was presented before costs no more than a good one.
#[divan::bench(args = [SHA1, SHA2])]
fn replayed(bencher: Bencher<'_, '_>, enctype: Enctype) {
    let service = key(enctype, 0x11);
    let (acceptor, token) = (acceptor(&service), token(&service, false, false));
    let (seen, now) = (Seen::default(), Utc::new(NOW, 0));
    let store = Memory::new(1000, now);
    let judge = || at_once(acceptor.accept(black_box(&token), None, &seen, &store, now, &dice));
    judge();
    bencher.bench(|| assert!(matches!(judge().verdict, Verdict::Refused { .. })));
}
