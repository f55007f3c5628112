//! Referrals between realms that exist in these tests alone: each KDC opens the
//! request as a real one does and seals an answer.

use std::time::UNIX_EPOCH;

use krb::crypto::{Enctype, Key, Usage, UsageKeys};
use krb::error_code::KDC_ERR_S_PRINCIPAL_UNKNOWN;
use krb::flags::{Flags, kdc};
use krb::msg::ap::ApReq;
use krb::msg::kdc::{TgsRep, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{Authenticator, EncKdcRepPart, EncTgsRepPart, EncryptionKey};
use krb::msg::ticket::Ticket;
use krb::sealed::EncryptedData;

use super::*;
use crate::credential::Times;
use crate::recorded::{client, dice, service};

const ENCTYPE: Enctype = Enctype::Aes128CtsHmacSha256_128;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

/// The one session key of all tickets here.
fn session() -> Key {
    Key::new(ENCTYPE, &[7; 16]).unwrap()
}

fn tgt(krb_realm: &str, of: &str) -> Credential {
    let server = Principal { name: PrincipalName::krbtgt(&krb_realm.into()), krb_realm: of.into() };
    let sealed = EncryptedData { etype: 19, kvno: None, cipher: b"sealed".to_vec().into() };
    Credential {
        client: client("alice"),
        ticket: Ticket::new(server.krb_realm.clone(), server.name.clone(), sealed),
        server,
        key: session(),
        times: Times { auth: now(), start: now(), end: now() + Duration::from_hours(10), renew_till: None },
        flags: Flags::with(&[ticket::FORWARDABLE]),
        addresses: Vec::new(),
    }
}

/// What the KDC of a realm gives for a request: a ticket for `name`.
fn granted(request: &[u8], name: &PrincipalName) -> Vec<u8> {
    let request = TgsReq::decode(request).unwrap();
    let proof = ApReq::decode(&request.padata.as_ref().unwrap()[0].padata_value).unwrap();
    let keys = UsageKeys::derive(&session(), Usage::TGS_REQ_AUTHENTICATOR).unwrap();
    let proof = Authenticator::decode(&keys.open_data(&proof.authenticator).unwrap()).unwrap();
    let subkey = Key::try_from(&proof.subkey.unwrap()).unwrap();
    let body = &request.req_body;
    let part = EncKdcRepPart {
        key: EncryptionKey::from(&session()),
        last_req: Vec::new(),
        nonce: body.nonce,
        key_expiration: None,
        flags: Flags::with(&[ticket::FORWARDABLE]),
        authtime: proof.ctime,
        starttime: None,
        endtime: body.till.clone(),
        renew_till: None,
        srealm: body.realm.clone(),
        sname: name.clone(),
        caddr: None,
        encrypted_pa_data: None,
    };
    let sealed = UsageKeys::derive(&subkey, Usage::TGS_REP_SUBKEY)
        .unwrap()
        .seal_data(&[0; 16], &EncTgsRepPart(part).encode().unwrap());
    let ticket = Ticket::new(body.realm.clone(), name.clone(), tgt("A", "A").ticket.enc_part);
    TgsRep::new(None, proof.crealm, proof.cname, ticket, sealed).encode().unwrap()
}

fn refused(code: i32, seconds: i64) -> Vec<u8> {
    let time = krb::time::KerberosTime::from_seconds(seconds).unwrap();
    KrbError::new(code, "A".into(), ["krbtgt", "A"], time, 0, None).encode().unwrap()
}

fn krbtgt(krb_realm: &str) -> PrincipalName {
    PrincipalName::krbtgt(&krb_realm.into())
}

fn start(home: Option<&str>) -> ServiceExchange {
    let options = TicketOptions { kdc_timesync: true, ..TicketOptions::default() };
    let home = home.map(Into::into);
    let clock = ClockOffset::default();
    ServiceExchange::new(tgt("A", "A"), service("x"), home, &options, clock, now(), &mut dice()).unwrap()
}

/// Asks until the end. `kdc` says what the realm gives for the name that is asked for.
fn run(
    home: Option<&str>,
    kdc: impl Fn(&str, &PrincipalName) -> PrincipalName,
) -> Result<(Found, Vec<String>), ClientError> {
    let mut exchange = start(home);
    let mut asked = Vec::new();
    let mut dice = dice();
    loop {
        let body = TgsReq::decode(exchange.request()).unwrap().0.req_body;
        let (krb_realm, name) = (body.realm.to_string(), body.sname.unwrap());
        assert_eq!(&body.realm, exchange.krb_realm());
        assert!(body.kdc_options.bit(kdc::CANONICALIZE) && body.kdc_options.bit(kdc::FORWARDABLE));
        asked.push(format!("{name}@{krb_realm}"));
        let answer = granted(exchange.request(), &kdc(&krb_realm, &name));
        match exchange.reply(&answer, now(), &mut dice)? {
            ServiceStep::Ask => {}
            ServiceStep::Done(found) => return Ok((found, asked)),
        }
    }
}

#[test]
fn a_service_of_the_own_realm_is_asked_for_once() {
    for home in [None, Some("A")] {
        let (found, asked) = run(home, |_, name| name.clone()).unwrap();
        assert_eq!(asked, ["HTTP/x@A"]);
        assert_eq!((found.ticket.server.to_string(), found.granting.len()), ("HTTP/x@A".to_owned(), 0));
        assert_eq!(found.ticket.times.end, tgt("A", "A").times.end);
    }
}

#[test]
fn a_realm_that_is_known_is_asked_for_and_then_its_service() {
    let (found, asked) = run(Some("C"), |_, name| name.clone()).unwrap();
    assert_eq!(asked, ["krbtgt/C@A", "HTTP/x@C"]);
    assert_eq!(found.ticket.server.to_string(), "HTTP/x@C");
    assert_eq!(found.granting[0].server.to_string(), "krbtgt/C@A");
}

#[test]
fn realms_on_the_way_to_a_known_one_are_crossed() {
    let kdc = |here: &str, name: &PrincipalName| if here == "A" { krbtgt("B") } else { name.clone() };
    let (found, asked) = run(Some("C"), kdc).unwrap();
    assert_eq!(asked, ["krbtgt/C@A", "krbtgt/C@B", "HTTP/x@C"]);
    assert_eq!(found.granting.len(), 2);
}

#[test]
fn referrals_are_followed_to_wherever_the_service_is() {
    let kdc = |here: &str, name: &PrincipalName| match here {
        "A" => krbtgt("B"),
        "B" => krbtgt("C"),
        _ => name.clone(),
    };
    let (found, asked) = run(None, kdc).unwrap();
    assert_eq!(asked, ["HTTP/x@A", "HTTP/x@B", "HTTP/x@C"]);
    assert_eq!(found.ticket.server.to_string(), "HTTP/x@C");
}

#[test]
fn the_realm_that_was_thought_to_have_the_service_may_know_better() {
    let kdc = |here: &str, name: &PrincipalName| match (here, name) {
        ("B", name) if *name == service("x") => krbtgt("C"),
        _ => name.clone(),
    };
    assert_eq!(run(Some("B"), kdc).unwrap().1, ["krbtgt/B@A", "HTTP/x@B", "HTTP/x@C"]);
}

#[test]
fn a_ticket_under_another_name_is_kept_under_the_name_that_was_asked_for() {
    let (found, _) = run(None, |_, _| service("canonical")).unwrap();
    assert_eq!(found.ticket.server.to_string(), "HTTP/x@A");
    assert_eq!(found.ticket.ticket.sname.to_string(), "HTTP/canonical");
}

#[test]
fn realms_that_send_the_client_in_a_circle_are_left() {
    let circle = run(None, |here, _| krbtgt(if here == "A" { "B" } else { "A" }));
    assert!(matches!(circle, Err(ClientError::ReferralLoop { krb_realm }) if krb_realm.as_octets() == b"A"));
    let endless = run(None, |here, _| krbtgt(&format!("{here}A")));
    let Err(ClientError::ReferralLoop { krb_realm }) = endless else { panic!("{endless:?}") };
    assert_eq!(krb_realm.as_octets().len(), MAX_REALMS + 1);
}

#[test]
fn another_service_is_no_way_to_a_realm() {
    let other = run(Some("C"), |_, _| service("other"));
    assert!(matches!(other, Err(ClientError::ServerMismatch)));
}

#[test]
fn a_clock_that_is_wrong_is_corrected_once() {
    let mut exchange = start(None);
    let (mut dice, late) = (dice(), 1_767_225_600 + 3600);
    let step = exchange.reply(&refused(KRB_AP_ERR_SKEW, late), now(), &mut dice).unwrap();
    assert!(matches!(step, ServiceStep::Ask));
    assert_eq!(exchange.clock().seconds(), 3600);
    let request = TgsReq::decode(exchange.request()).unwrap();
    let proof = ApReq::decode(&request.padata.as_ref().unwrap()[0].padata_value).unwrap();
    let keys = UsageKeys::derive(&session(), Usage::TGS_REQ_AUTHENTICATOR).unwrap();
    let proof = Authenticator::decode(&keys.open_data(&proof.authenticator).unwrap()).unwrap();
    assert_eq!(proof.ctime.seconds(), Some(late));
    let again = exchange.reply(&refused(KRB_AP_ERR_SKEW, late), now(), &mut dice);
    assert!(matches!(again, Err(ClientError::Refused(refusal)) if refusal.code == KRB_AP_ERR_SKEW));
}

#[test]
fn the_kdcs_own_reason_is_passed_on() {
    let unknown = start(None).reply(&refused(KDC_ERR_S_PRINCIPAL_UNKNOWN, 0), now(), &mut dice());
    assert!(
        matches!(unknown, Err(ClientError::Refused(refusal)) if refusal.code == KDC_ERR_S_PRINCIPAL_UNKNOWN)
    );
}

#[test]
fn a_ticket_that_has_ended_is_not_asked_with() {
    let options = TicketOptions::default();
    let late = now() + Duration::from_hours(10);
    let clock = ClockOffset::default();
    let made = ServiceExchange::new(tgt("A", "A"), service("x"), None, &options, clock, late, &mut dice());
    assert!(matches!(made, Err(ClientError::TicketExpired)));
}
