//! Octets that mean harm: whatever arrives, the KDC refuses it or says nothing, and goes on.

use std::sync::OnceLock;

use client::{AsExchange, Credential, TgsExchange, TicketOptions};
use krb::crypto::{Usage, UsageKeys};
use krb::error_code::*;
use krb::flags::{Flags, kdc as option};
use krb::msg::kdc::{AsReq, KdcReqBody};
use krb::msg::krb_error::KrbError;
use krb::msg::padata::{
    EtypeInfo2, MethodData, PA_ENC_TIMESTAMP, PA_ETYPE_INFO2, PA_REQ_ENC_PA_REP, PaData, PaEncTsEnc,
};
use krb::name::{NT_PRINCIPAL, NT_SRV_HST, Principal, PrincipalName};
use krb::time::KerberosTime;
use krb::{crypto::Key, kpasswd, peek};
use proptest::prelude::*;
use testkdc::embedded::{Kdc, random};

use super::demo;
use super::ours::{self, NOW, alices_tgt, at, http, keytab, time};

fn alice() -> Principal {
    Principal { name: PrincipalName::new(NT_PRINCIPAL, ["alice"]), krb_realm: "DEMO.TEST".into() }
}

fn as_req() -> Vec<u8> {
    let options = TicketOptions::default();
    AsExchange::new(alice(), "alicepw", &options, at(NOW), &mut random).unwrap().request().to_vec()
}

/// A request with a ticket of the shared KDC.
fn tgs_req() -> Vec<u8> {
    static TGT: OnceLock<Credential> = OnceLock::new();
    let tgt = TGT.get_or_init(|| alices_tgt(shared()));
    TgsExchange::new(tgt, http(), &TicketOptions::default(), at(NOW), &mut random).unwrap().request().to_vec()
}

/// Whether an answer is a KRB-ERROR, or there is none; behind the header of a password change it may be too.
fn is_refusal(answer: Option<Vec<u8>>) -> bool {
    let Some(answer) = answer else { return true };
    KrbError::decode(&answer).is_ok() || matches!(kpasswd::reply(&answer), Ok(kpasswd::Reply::Error { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_gets_a_refusal_or_nothing(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let kdc = shared();
        prop_assert!(is_refusal(kdc.answer(&noise, at(NOW), &mut random)));
        // The same behind what makes it look like a request.
        for front in [&[peek::AS_REQ][..], &[peek::TGS_REQ], &[1, 144, 0, 1, 0, 100, peek::AP_REQ]] {
            prop_assert!(is_refusal(kdc.answer(&[front, &noise].concat(), at(NOW), &mut random)));
        }
    }

    #[test]
    fn a_request_with_an_altered_octet_gets_no_ticket_that_it_did_not_earn(
        place in any::<prop::sample::Index>(), mask in 1..=u8::MAX,
    ) {
        let kdc = shared();
        let (first, mut second) = (as_req(), tgs_req());
        let mut altered = first.clone();
        altered[place.index(first.len())] ^= mask;
        prop_assert!(is_refusal(kdc.answer(&altered, at(NOW), &mut random)));
        // A checksum covers the body, and seals the rest, but for how lengths are written and what nobody reads.
        let place = place.index(second.len());
        second[place] ^= mask;
        if let Some(answer) = kdc.answer(&second, at(NOW), &mut random) {
            prop_assert!(KrbError::decode(&answer).is_ok() || peek::kdc_rep(&answer).is_ok());
        }
    }

    #[test]
    fn any_body_of_a_request_is_answered(
        (options, nonce) in (any::<u32>(), any::<i64>()),
        etype in prop::collection::vec(-10_i64..30, 0..10),
        (cname, sname) in (prop::option::of("[a-z/@]{0,9}"), prop::option::of("[a-zA-Z/.]{0,9}")),
        times in prop::collection::vec(prop::option::of(0_i64..253_402_300_800), 3),
    ) {
        let name = |text: String| PrincipalName::new(1, text.split('/'));
        let at_time = |place: usize| times[place].map(time);
        let body = KdcReqBody {
            kdc_options: Flags::from(options), cname: cname.map(name), realm: "DEMO.TEST".into(),
            sname: sname.map(name), from: at_time(0), till: at_time(1).unwrap_or_else(|| time(0)),
            rtime: at_time(2), nonce, etype, addresses: None, enc_authorization_data: None,
            additional_tickets: None,
        };
        let request = AsReq::new(None, body).encode().unwrap();
        let answer = shared().answer(&request, at(NOW), &mut random).unwrap();
        prop_assert!(KrbError::decode(&answer).is_ok());
    }
}

/// One KDC for all of them: what it is sent changes nothing.
fn shared() -> &'static Kdc {
    static KDC: OnceLock<Kdc> = OnceLock::new();
    KDC.get_or_init(|| ours::kdc(demo()))
}

#[test]
fn a_request_that_is_cut_anywhere_gets_a_refusal_or_nothing() {
    for request in [as_req(), tgs_req()] {
        for end in 0..request.len() {
            assert!(is_refusal(shared().answer(&request[..end], at(NOW), &mut random)));
        }
    }
}

/// The refusal of alice's first request after `change`.
#[track_caller]
fn refusal(change: impl FnOnce(&mut AsReq)) -> KrbError {
    let mut request = AsReq::decode(&as_req()).unwrap();
    change(&mut request);
    let answer = shared().answer(&request.encode().unwrap(), at(NOW), &mut random).unwrap();
    KrbError::decode(&answer).unwrap()
}

#[test]
fn nobody_gets_what_a_shared_secret_seals_without_knowing_it() {
    let kdc = ours::kdc(demo().trust("OTHER.TEST", "a secret of two realms", &[]));
    for name in ["krbtgt/OTHER.TEST", "krbtgt/DEMO.TEST", "kadmin/changepw", "HTTP/localhost"] {
        let mut request = AsReq::decode(&as_req()).unwrap();
        request.0.req_body.cname = Some(PrincipalName::new(NT_PRINCIPAL, name.split('/')));
        let answer = kdc.answer(&request.encode().unwrap(), at(NOW), &mut random).unwrap();
        assert_eq!(KrbError::decode(&answer).unwrap().error_code, KDC_ERR_PREAUTH_REQUIRED, "{name}");
    }
}

#[test]
fn who_must_prove_something_is_told_how() {
    let error = refusal(|_| {});
    assert_eq!((error.error_code, error.stime, error.susec), (KDC_ERR_PREAUTH_REQUIRED, time(NOW), 0));
    assert_eq!(error.cname.map(|name| name.to_string()).as_deref(), Some("alice"));
    let methods = MethodData::decode(&error.e_data.unwrap()).unwrap().0;
    let types: Vec<_> = methods.iter().map(|method| method.padata_type).collect();
    assert_eq!(types, [PA_ETYPE_INFO2, PA_ENC_TIMESTAMP, PA_REQ_ENC_PA_REP]);
    let info = EtypeInfo2::decode(&methods[0].padata_value).unwrap().0;
    let told: Vec<_> = info.iter().map(|entry| (entry.etype, entry.s2kparams.as_deref().unwrap())).collect();
    let (long, short) = (&[0, 0, 0x80, 0][..], &[0, 0, 0x10, 0][..]);
    assert_eq!(told, [(20, long), (19, long), (18, short), (17, short)]);
    assert!(info.iter().all(|entry| entry.salt == Some("DEMO.TESTalice".into())));
}

#[test]
fn an_enctype_that_is_asked_for_a_thousand_times_is_told_once() {
    let error = refusal(|request| request.0.req_body.etype = [18, 17].repeat(1000));
    let methods = MethodData::decode(&error.e_data.unwrap()).unwrap().0;
    let info = EtypeInfo2::decode(&methods[0].padata_value).unwrap().0;
    assert_eq!(info.iter().map(|entry| entry.etype).collect::<Vec<_>>(), [18, 17]);
}

#[test]
fn what_is_not_granted_has_its_code() {
    let asking = |bit| move |request: &mut AsReq| request.0.req_body.kdc_options = Flags::with(&[bit]);
    let refused = |change: &dyn Fn(&mut AsReq)| refusal(|request| change(request)).error_code;
    for bit in [option::RENEW, option::FORWARDED, option::ENC_TKT_IN_SKEY, option::REQUEST_ANONYMOUS] {
        assert_eq!(refused(&asking(bit)), KDC_ERR_BADOPTION);
    }
    assert_eq!(refused(&|request| request.0.pvno = 4), KDC_ERR_BAD_PVNO);
    assert_eq!(refused(&|request| request.0.msg_type = 12), KRB_AP_ERR_MSG_TYPE);
    assert_eq!(refused(&|request| request.0.req_body.realm = "OTHER.TEST".into()), KDC_ERR_WRONG_REALM);
    assert_eq!(refused(&|request| request.0.req_body.cname = None), KDC_ERR_C_PRINCIPAL_UNKNOWN);
    assert_eq!(refused(&|request| request.0.req_body.sname = None), KDC_ERR_S_PRINCIPAL_UNKNOWN);
    assert_eq!(refused(&|request| request.0.req_body.etype = vec![23, 3]), KDC_ERR_ETYPE_NOSUPP);
    assert_eq!(refused(&|request| request.0.req_body.sname = Some(alice().name)), KDC_ERR_MUST_USE_USER2USER);
    assert_eq!(
        refused(&|request| request.0.req_body.sname = Some(PrincipalName::new(NT_SRV_HST, ["HTTP", "no"]))),
        KDC_ERR_S_PRINCIPAL_UNKNOWN
    );
}

/// Alice's request with a timestamp of hers, and with this end.
fn proved(end: KerberosTime, options: &[u8], clock: i64) -> i32 {
    let entry = &keytab(shared(), "alice").entries[0];
    let keys = UsageKeys::derive(&Key::try_from(&entry.key).unwrap(), Usage::PA_ENC_TIMESTAMP).unwrap();
    let stamp = PaEncTsEnc { patimestamp: time(clock), pausec: None }.encode().unwrap();
    let padata_value = keys.seal_data(&[7; 16], &stamp).encode().unwrap().into();
    let mut request = AsReq::decode(&as_req()).unwrap();
    request.0.padata = Some(vec![PaData { padata_type: PA_ENC_TIMESTAMP, padata_value }]);
    request.0.req_body.till = end;
    request.0.req_body.kdc_options = Flags::with(options);
    let answer = shared().answer(&request.encode().unwrap(), at(NOW), &mut random).unwrap();
    KrbError::decode(&answer).map_or(KDC_ERR_NONE, |error| error.error_code)
}

#[test]
fn times_that_no_ticket_can_have_are_refused() {
    assert_eq!(proved(time(NOW + 60), &[], NOW), KDC_ERR_NONE);
    assert_eq!(proved(time(0), &[], NOW), KDC_ERR_NONE);
    assert_eq!(proved(time(NOW - 60), &[], NOW), KDC_ERR_NEVER_VALID);
    assert_eq!(proved(b"20269999000000Z".to_vec().into(), &[], NOW), KRB_ERR_GENERIC);
    assert_eq!(proved(time(NOW + 60), &[option::POSTDATED], NOW), KDC_ERR_CANNOT_POSTDATE);
    assert_eq!(proved(time(NOW + 60), &[], NOW - 301), KRB_AP_ERR_SKEW);
}

#[test]
fn a_timestamp_that_is_sent_again_is_answered_again() {
    for _ in 0..2 {
        assert_eq!(proved(time(NOW + 60), &[], NOW), KDC_ERR_NONE);
    }
}
