//! Our own client gets tickets without a socket, and our own door judges them.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use client::negotiate::{Negotiate, NegotiateOptions};
use client::{AsExchange, AsStep, ClientError, Credential, TgsExchange, TicketOptions};
use krb::crypto::{ChecksumKey, Enctype, Key, Usage, UsageKeys};
use krb::error_code::*;
use krb::flags::{Flags, kdc as option, ticket};
use krb::keytab::Keytab;
use krb::msg::ap::ApReq;
use krb::msg::kdc::{KdcReqBody, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{Authenticator, AuthorizationData, AuthorizationDataElement, EncTicketPart, ad_type};
use krb::name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName};
use krb::pac::{Pac, buffer};
use krb::time::KerberosTime;
use testkdc::embedded::{Account, Database, Event, Kdc, Kind, random};
use tpg::acceptor::{Acceptor, Judgement, Seen, Verdict};
use tpg::keys::KeyTable;
use tpg::policy::{Demand, Policy};
use tpg::replay::Memory;
use tpg::utc::Utc;

use super::demo;

/// 2026-11-22T09:00:00Z, by every clock of these tests.
pub(crate) const NOW: i64 = 1_795_338_000;

pub(crate) fn at(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap())
}

pub(crate) fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_seconds(seconds).unwrap()
}

pub(crate) fn kdc(database: Database) -> Kdc {
    Kdc::new(database, &mut random).unwrap()
}

fn user(name: &str, krb_realm: &str) -> Principal {
    Principal { name: PrincipalName::new(NT_PRINCIPAL, [name]), krb_realm: krb_realm.into() }
}

pub(crate) fn http() -> PrincipalName {
    PrincipalName::new(NT_SRV_HST, ["HTTP", "localhost"])
}

/// A ticket-granting ticket for a password, or why there is none.
pub(crate) fn log_in(
    kdc: &Kdc,
    name: &str,
    password: &str,
    options: &TicketOptions,
    clock: SystemTime,
) -> Result<Credential, ClientError> {
    let mut exchange = AsExchange::new(user(name, "DEMO.TEST"), password, options, clock, &mut random)?;
    loop {
        let answer = kdc.answer(exchange.request(), at(NOW), &mut random).unwrap();
        if let AsStep::Done(credential) = exchange.reply(&answer, clock, &mut random)? {
            return Ok(credential);
        }
    }
}

pub(crate) fn alices_tgt(kdc: &Kdc) -> Credential {
    log_in(kdc, "alice", "alicepw", &TicketOptions::default(), at(NOW)).unwrap()
}

/// What becomes of a ticket-granting ticket some seconds later.
pub(crate) fn spend(
    kdc: &Kdc,
    tgt: &Credential,
    service: PrincipalName,
    options: &TicketOptions,
    later: i64,
) -> Result<Credential, ClientError> {
    let clock = at(NOW + later);
    let exchange = TgsExchange::new(tgt, service, options, clock, &mut random)?;
    exchange.reply(&kdc.answer(exchange.request(), clock, &mut random).unwrap())
}

pub(crate) fn alices_ticket(kdc: &Kdc) -> Credential {
    spend(kdc, &alices_tgt(kdc), http(), &TicketOptions::default(), 0).unwrap()
}

/// What the KDC answers to a request for HTTP/localhost after `change`, whose checksum is made good again.
pub(crate) fn asked(kdc: &Kdc, tgt: &Credential, change: impl FnOnce(&mut KdcReqBody)) -> Vec<u8> {
    let exchange = TgsExchange::new(tgt, http(), &TicketOptions::default(), at(NOW), &mut random).unwrap();
    let TgsReq(mut request) = TgsReq::decode(exchange.request()).unwrap();
    change(&mut request.req_body);
    let padata = &mut request.padata.as_mut().unwrap()[0].padata_value;
    let mut shown = ApReq::decode(padata).unwrap();
    let keys = UsageKeys::derive(&tgt.key, Usage::TGS_REQ_AUTHENTICATOR).unwrap();
    let mut proof = Authenticator::decode(&keys.open_data(&shown.authenticator).unwrap()).unwrap();
    let checksums = ChecksumKey::derive(&tgt.key, Usage::TGS_REQ_CHECKSUM).unwrap();
    proof.cksum = Some(checksums.make_checksum(&request.req_body.encode().unwrap()));
    shown.authenticator = keys.seal_data(&[5; 16], &proof.encode().unwrap());
    *padata = shown.encode().unwrap().into();
    kdc.answer(&TgsReq(request).encode().unwrap(), at(NOW), &mut random).unwrap()
}

/// The code of the refusal of such a request; 0 if there is a ticket.
pub(crate) fn code_of(answer: &[u8]) -> i32 {
    KrbError::decode(answer).map_or_else(
        |_| {
            assert_eq!(answer[0], krb::peek::TGS_REP);
            KDC_ERR_NONE
        },
        |error| error.error_code,
    )
}

/// The code that the KDC refused with.
#[track_caller]
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, ClientError>) -> i32 {
    match outcome {
        Err(ClientError::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

/// The keys of a service, or of anybody else.
pub(crate) fn keytab(kdc: &Kdc, spn: &str) -> Keytab {
    Keytab::read(&kdc.keytab(spn).unwrap()).unwrap()
}

fn key_of(kdc: &Kdc, credential: &Credential, spn: &str) -> Key {
    let keytab = keytab(kdc, spn);
    let entry = keytab.entries.iter().find(|entry| entry.key.keytype == credential.ticket.enc_part.etype);
    Key::try_from(&entry.unwrap().key).unwrap()
}

/// What the service sees in the ticket.
pub(crate) fn opened(kdc: &Kdc, credential: &Credential, spn: &str) -> EncTicketPart {
    let keys = UsageKeys::derive(&key_of(kdc, credential, spn), Usage::TICKET).unwrap();
    EncTicketPart::decode(&keys.open_data(&credential.ticket.enc_part).unwrap()).unwrap()
}

/// The octets of the PAC in a ticket.
pub(crate) fn pac(part: &EncTicketPart) -> Vec<u8> {
    let first = &part.authorization_data.as_ref().unwrap().0[0];
    assert_eq!(first.ad_type, ad_type::IF_RELEVANT);
    let inner = AuthorizationData::decode(&first.ad_data).unwrap();
    assert_eq!(inner.0[0].ad_type, ad_type::WIN2K_PAC);
    inner.0[0].ad_data.to_vec()
}

/// What the door of HTTP/localhost says to the ticket, where a good PAC is demanded.
pub(crate) fn judged(kdc: &Kdc, credential: &Credential) -> Verdict {
    let options = NegotiateOptions { mutual: false, ..NegotiateOptions::default() };
    let token = Negotiate::new(credential, &options, at(NOW), &mut random).unwrap();
    let policy = Policy { pac: Demand::Require, ..Policy::default() };
    let (keys, skipped) = KeyTable::new(&keytab(kdc, "HTTP/localhost"), &policy.services, &policy.enctypes);
    assert!(skipped.is_empty());
    let acceptor = Acceptor::new(policy, keys);
    let store = Memory::new(100, Utc::new(NOW - 3600, 0));
    let dice: &(dyn Fn(&mut [u8]) + Sync) = &|octets| random(octets);
    let judgement: Judgement =
        at_once(acceptor.accept(token.token(), None, &Seen::default(), &store, Utc::new(NOW, 0), dice));
    judgement.verdict
}

fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn our_door_lets_a_user_in_with_the_groups_of_the_database() {
    let other = "S-1-5-21-9-9-9-512".parse().unwrap();
    let alice = Account::user("alice", "alicepw").groups(&[1105, 1106]).other_groups(&[other]);
    let database = demo().account(alice.upn("alice@corp.example"));
    let group = |rid| database.group_sid(rid).unwrap();
    let expected = vec![group(513), group(513), group(1105), group(1106), other];
    let kdc = kdc(database);
    match judged(&kdc, &alices_ticket(&kdc)) {
        Verdict::Granted { permit, .. } => {
            let identity = permit.identity();
            assert_eq!(identity.client, user("alice", "DEMO.TEST"));
            assert_eq!(identity.groups.groups, expected);
            assert_eq!(identity.groups.upn.as_deref(), Some("alice@corp.example"));
            assert!(identity.groups.user.is_some());
        }
        refused => panic!("{refused:?}"),
    }
}

#[test]
fn the_pac_of_a_service_ticket_has_every_signature() {
    let kdc = kdc(demo());
    let credential = alices_ticket(&kdc);
    let part = opened(&kdc, &credential, "HTTP/localhost");
    let octets = pac(&part);
    let pac = Pac::read(&octets).unwrap();
    let kinds: Vec<_> = pac.buffers().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [1, 10, 12, 16, 19, 6, 7]);
    let signing = |key: &Key| ChecksumKey::derive(key, Usage::PAC_SIGNATURE).unwrap();
    assert_eq!(pac.verify_server(&signing(&key_of(&kdc, &credential, "HTTP/localhost"))), Ok(()));

    let krbtgt = keytab(&kdc, "krbtgt/DEMO.TEST");
    let krbtgt = signing(&Key::try_from(&krbtgt.entries[0].key).unwrap());
    let signature = |kind| &pac.buffer(kind).unwrap()[4..];
    let of_server = signature(buffer::SERVER_CHECKSUM);
    assert_eq!(krbtgt.verify(of_server, signature(buffer::KDC_CHECKSUM)), Ok(()));
    let mut bare = part.clone();
    let zero = AuthorizationDataElement { ad_type: ad_type::WIN2K_PAC, ad_data: vec![0].into() };
    bare.authorization_data.as_mut().unwrap().0[0].ad_data =
        AuthorizationData(vec![zero]).encode().unwrap().into();
    assert_eq!(krbtgt.verify(&bare.encode().unwrap(), signature(buffer::TICKET_CHECKSUM)), Ok(()));
}

#[test]
fn every_enctype_works_from_password_to_permit() {
    for enctype in Enctype::ALL {
        let only = |account: Account| account.enctypes(&[enctype]);
        let database = demo().account(only(Account::user("alice", "alicepw")));
        let kdc = kdc(database.account(only(Account::service("HTTP/localhost"))));
        let credential = alices_ticket(&kdc);
        assert_eq!(credential.key.enctype(), enctype);
        assert!(matches!(judged(&kdc, &credential), Verdict::Granted { .. }));
    }
}

#[test]
fn a_clock_that_is_off_is_told_the_right_time() {
    let kdc = kdc(demo());
    for off in [-301, 301] {
        let outcome = log_in(&kdc, "alice", "alicepw", &TicketOptions::default(), at(NOW + off));
        match outcome {
            Err(ClientError::Refused(refusal)) => {
                assert_eq!(refusal.code, KRB_AP_ERR_SKEW);
                assert_eq!(refusal.time.seconds(), Some(NOW));
            }
            other => panic!("{other:?}"),
        }
        assert!(log_in(&kdc, "alice", "alicepw", &TicketOptions::default(), at(NOW + off / 2)).is_ok());
    }
}

#[test]
fn a_wrong_password_is_told_apart_from_an_unknown_user() {
    let kdc = kdc(demo());
    let options = TicketOptions::default();
    let wrong = log_in(&kdc, "alice", "wrong", &options, at(NOW));
    assert!(matches!(wrong, Err(ClientError::WrongPassword)));
    assert_eq!(code(log_in(&kdc, "nobody", "pw", &options, at(NOW))), KDC_ERR_C_PRINCIPAL_UNKNOWN);
    let nowhere = PrincipalName::new(NT_SRV_HST, ["HTTP", "nowhere"]);
    assert_eq!(code(spend(&kdc, &alices_tgt(&kdc), nowhere, &options, 0)), KDC_ERR_S_PRINCIPAL_UNKNOWN);
}

#[test]
fn a_ticket_ends() {
    let kdc = kdc(demo());
    let options = TicketOptions { lifetime: Duration::from_secs(1000), ..TicketOptions::default() };
    let tgt = log_in(&kdc, "alice", "alicepw", &options, at(NOW)).unwrap();
    assert_eq!(tgt.times.end, at(NOW + 1000));
    let all_day = TicketOptions::default();
    assert_eq!(spend(&kdc, &tgt, http(), &all_day, 999).unwrap().times.end, at(NOW + 1000));
    for late in [1000, 1300, 1301] {
        assert_eq!(code(spend(&kdc, &tgt, http(), &all_day, late)), KRB_AP_ERR_TKT_EXPIRED);
    }
}

#[test]
fn what_was_altered_on_the_way_is_refused() {
    let kdc = kdc(demo());
    let tgt = alices_tgt(&kdc);
    let exchange = TgsExchange::new(&tgt, http(), &TicketOptions::default(), at(NOW), &mut random).unwrap();
    let refused = |change: &dyn Fn(&mut TgsReq, &mut ApReq)| {
        let mut request = TgsReq::decode(exchange.request()).unwrap();
        let padata = &request.0.padata.as_ref().unwrap()[0].padata_value;
        let mut shown = ApReq::decode(padata).unwrap();
        change(&mut request, &mut shown);
        request.0.padata.as_mut().unwrap()[0].padata_value = shown.encode().unwrap().into();
        let answer = kdc.answer(&request.encode().unwrap(), at(NOW), &mut random).unwrap();
        KrbError::decode(&answer).unwrap().error_code
    };
    assert_eq!(refused(&|request, _| request.0.req_body.nonce += 1), KRB_AP_ERR_MODIFIED);
    assert_eq!(refused(&|_, shown| shown.ticket.enc_part.cipher.0[40] ^= 1), KRB_AP_ERR_BAD_INTEGRITY);
    assert_eq!(refused(&|_, shown| shown.authenticator.cipher.0[40] ^= 1), KRB_AP_ERR_BAD_INTEGRITY);
    assert_eq!(refused(&|_, shown| shown.ticket.enc_part.kvno = Some(7)), KRB_AP_ERR_BADKEYVER);
    assert_eq!(refused(&|_, shown| shown.ticket.realm = "OTHER.TEST".into()), KRB_AP_ERR_NOT_US);
    assert_eq!(refused(&|_, shown| shown.ticket.tkt_vno = 4), KDC_ERR_BAD_PVNO);
    assert_eq!(refused(&|_, shown| shown.msg_type = 15), KRB_AP_ERR_MSG_TYPE);
    assert_eq!(refused(&|request, _| request.0.pvno = 4), KDC_ERR_BAD_PVNO);
    assert_eq!(
        refused(&|request, _| request.0.padata.as_mut().unwrap()[0].padata_type = 99),
        KDC_ERR_PADATA_TYPE_NOSUPP
    );
}

#[test]
fn what_is_not_granted_to_a_ticket_has_its_code() {
    let kdc = kdc(demo());
    let forwardable = TicketOptions { forwardable: true, ..TicketOptions::default() };
    let (plain, strong) =
        (alices_tgt(&kdc), log_in(&kdc, "alice", "alicepw", &forwardable, at(NOW)).unwrap());
    let asks =
        |tgt: &Credential, bit| code_of(&asked(&kdc, tgt, |body| body.kdc_options = Flags::with(&[bit])));
    for bit in [option::FORWARDED, option::PROXY, option::VALIDATE, option::CNAME_IN_ADDL_TKT] {
        assert_eq!(asks(&plain, bit), KDC_ERR_BADOPTION, "{bit}");
    }
    assert_eq!(asks(&plain, option::RENEW), KDC_ERR_SERVER_NOMATCH);
    assert_eq!(asks(&strong, option::FORWARDED), KDC_ERR_NONE);
    assert_eq!(asks(&strong, option::POSTDATED), KDC_ERR_CANNOT_POSTDATE);
    assert_eq!(asks(&strong, option::ENC_TKT_IN_SKEY), KDC_ERR_BADOPTION);
    let with = |change: fn(&mut KdcReqBody)| code_of(&asked(&kdc, &plain, change));
    assert_eq!(with(|_| {}), KDC_ERR_NONE);
    assert_eq!(with(|body| body.sname = None), KDC_ERR_S_PRINCIPAL_UNKNOWN);
    assert_eq!(with(|body| body.realm = "OTHER.TEST".into()), KDC_ERR_WRONG_REALM);
    assert_eq!(with(|body| body.etype = vec![23]), KDC_ERR_ETYPE_NOSUPP);
    assert_eq!(with(|body| body.till = time(NOW - 1)), KDC_ERR_NEVER_VALID);
    let krbtgt = |body: &mut KdcReqBody| {
        body.kdc_options = Flags::with(&[option::RENEW]);
        body.sname = Some(PrincipalName::krbtgt(&"DEMO.TEST".into()));
    };
    assert_eq!(with(krbtgt), KDC_ERR_BADOPTION);
}

#[test]
fn a_service_that_could_write_its_tickets_gets_nothing_for_them() {
    let kdc = kdc(demo());
    let renewable =
        TicketOptions { renew_lifetime: Some(Duration::from_hours(48)), ..TicketOptions::default() };
    let tgt = log_in(&kdc, "alice", "alicepw", &renewable, at(NOW)).unwrap();
    let ticket = spend(&kdc, &tgt, http(), &renewable, 0).unwrap();
    assert!(ticket.flags.bit(ticket::RENEWABLE));
    let presented = Credential { server: tgt.server, ..ticket };
    let renew = |body: &mut KdcReqBody| body.kdc_options = Flags::with(&[option::RENEW]);
    assert_eq!(code_of(&asked(&kdc, &presented, renew)), KRB_AP_ERR_NOT_US);
    assert_eq!(code_of(&asked(&kdc, &presented, |_| {})), KRB_AP_ERR_NOT_US);
}

#[test]
fn what_a_client_asks_to_have_copied_stands_behind_the_pac_and_is_none() {
    let kdc = kdc(demo());
    let element = |ad_type, octets: &[u8]| AuthorizationDataElement { ad_type, ad_data: octets.into() };
    let wrapped = |inner| element(ad_type::IF_RELEVANT, &AuthorizationData(vec![inner]).encode().unwrap());
    let restriction = wrapped(element(-7, b"only on Sundays"));
    let forged = wrapped(element(ad_type::WIN2K_PAC, b"administrator"));
    let asked = vec![forged, element(ad_type::KDC_ISSUED, b"x"), restriction.clone()];
    let options = TicketOptions { authorization_data: asked, ..TicketOptions::default() };
    let credential = spend(&kdc, &alices_tgt(&kdc), http(), &options, 0).unwrap();
    let part = opened(&kdc, &credential, "HTTP/localhost");
    pac(&part);
    assert_eq!(part.authorization_data.unwrap().0[1..], [restriction]);
}

#[test]
fn whoever_watches_is_told_of_each_exchange() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let kdc = kdc(demo()).observed(move |event| {
        let Event::Exchange(exchange) = event else { panic!("{event}") };
        assert_eq!(exchange.time, at(NOW));
        let code = exchange.refusal.as_ref().map(testkdc::embedded::Refusal::code);
        keep.lock().unwrap().push((exchange.kind, code, exchange.to_string()));
    });
    alices_ticket(&kdc);
    let said: Vec<_> = told.lock().unwrap().drain(..).collect();
    let told = |kind, code, text: &str| (kind, code, text.to_owned());
    assert_eq!(
        said,
        [
            told(
                Kind::As,
                Some(KDC_ERR_PREAUTH_REQUIRED),
                "AS alice@DEMO.TEST for krbtgt/DEMO.TEST@DEMO.TEST: pre-authentication is required (25)"
            ),
            told(Kind::As, None, "AS alice@DEMO.TEST for krbtgt/DEMO.TEST@DEMO.TEST: granted"),
            told(Kind::Tgs, None, "TGS alice@DEMO.TEST for HTTP/localhost@DEMO.TEST: granted"),
        ]
    );
}

#[test]
fn a_first_ticket_says_how_it_was_got() {
    let kdc = kdc(demo());
    let tgt = alices_tgt(&kdc);
    assert!(tgt.flags.bit(ticket::INITIAL) && tgt.flags.bit(ticket::PRE_AUTHENT));
    let service = spend(&kdc, &tgt, http(), &TicketOptions::default(), 0).unwrap();
    assert!(!service.flags.bit(ticket::INITIAL) && service.flags.bit(ticket::PRE_AUTHENT));
    assert!(service.flags.bit(ticket::TRANSITED_POLICY_CHECKED));
    assert_eq!(service.times.auth, tgt.times.auth);
}
