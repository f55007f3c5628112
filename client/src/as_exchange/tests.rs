//! The AS exchange against recorded answers, true and falsified.

use std::time::Duration;

use krb::crypto::Enctype;
use krb::error_code::KDC_ERR_C_PRINCIPAL_UNKNOWN;
use krb::flags::{Flags, ticket};
use krb::msg::opened::EncAsRepPart;
use krb::msg::padata::{EtypeInfo2, PA_ETYPE_INFO2};
use krb::name::KerberosString;

use super::*;
use crate::recorded::{case, client, dice, message, now, only, start, tgt};

const SHA1: Enctype = Enctype::Aes128CtsHmacSha1_96;

/// Gives a new exchange the recorded answers of `case`, whose requests it must
/// make.
fn replay(
    case: &str,
    name: &str,
    password: &str,
    options: &TicketOptions,
    answers: usize,
) -> Result<AsStep, ClientError> {
    let mut dice = dice();
    let mut exchange = AsExchange::new(client(name), password, options, now(), &mut dice).unwrap();
    for number in 1..answers {
        assert_eq!(exchange.request(), message(&format!("{case}/{number}-as-req")));
        let answer = message(&format!("{case}/{number}-as-rep"));
        assert!(matches!(exchange.reply(&answer, now(), &mut dice), Ok(AsStep::Ask)));
    }
    assert_eq!(exchange.request(), message(&format!("{case}/{answers}-as-req")));
    exchange.reply(&message(&format!("{case}/{answers}-as-rep")), now(), &mut dice)
}

fn done(step: Result<AsStep, ClientError>) -> Credential {
    match step.unwrap() {
        AsStep::Done(credential) => credential,
        AsStep::Ask => panic!("another request instead of a ticket"),
    }
}

/// An exchange of [`SHA1`] that waits for its second answer.
fn proved() -> (AsExchange, impl FnMut(&mut [u8])) {
    let (mut exchange, mut dice) = start(SHA1);
    let _ = exchange.reply(&message("enctype-17/1-as-rep"), now(), &mut dice).unwrap();
    (exchange, dice)
}

/// The second answer of [`SHA1`], after `falsify` changed it. The sealed part
/// is sealed again with the client's key.
fn falsified(exchange: &AsExchange, falsify: impl FnOnce(&mut AsRep, &mut EncKdcRepPart)) -> Vec<u8> {
    let mut answer = AsRep::decode(&message("enctype-17/2-as-rep")).unwrap();
    let keys = UsageKeys::derive(exchange.proved.as_ref().unwrap(), Usage::AS_REP).unwrap();
    let mut part = EncKdcRepPart::decode(&keys.open_data(&answer.enc_part).unwrap()).unwrap();
    falsify(&mut answer, &mut part);
    answer.0.enc_part.cipher = keys.seal(&[0; 16], &EncAsRepPart(part).encode().unwrap()).into();
    answer.encode().unwrap()
}

/// What becomes of an answer that was [`falsified`].
fn outcome(falsify: impl FnOnce(&mut AsRep, &mut EncKdcRepPart)) -> Result<AsStep, ClientError> {
    let (mut exchange, mut dice) = proved();
    let answer = falsified(&exchange, falsify);
    exchange.reply(&answer, now(), &mut dice)
}

#[test]
fn each_enctype_leads_to_a_ticket_granting_ticket() {
    for enctype in Enctype::ALL {
        let number = enctype.number();
        let (name, password) = (format!("user{number}"), format!("pw{number}"));
        let tgt = done(replay(&case(enctype), &name, &password, &only(enctype), 2));
        assert_eq!(tgt.client, client(&name));
        assert_eq!(tgt.server.to_string(), "krbtgt/CLIENT.TEST@CLIENT.TEST");
        assert_eq!(tgt.key.enctype(), enctype);
        assert!(tgt.flags.bit(ticket::INITIAL) && tgt.flags.bit(ticket::PRE_AUTHENT));
        assert!(!tgt.flags.bit(ticket::FORWARDABLE));
        let since = |time: SystemTime| time.duration_since(now() - Duration::from_micros(253_897)).unwrap();
        assert!(since(tgt.times.auth) <= Duration::from_secs(5) && tgt.times.start == tgt.times.auth);
        assert_eq!((since(tgt.times.end), tgt.times.renew_till), (Duration::from_hours(24), None));
    }
}

#[test]
fn what_takes_long_to_read_is_told_before() {
    let (exchange, _) = start(SHA1);
    let answers = ["enctype-17/1-as-rep", "enctype-17/2-as-rep"].map(message);
    assert_eq!(answers.each_ref().map(|answer| exchange.makes_key(answer)), [true, true]);
    let (proved, _) = proved();
    assert_eq!(answers.each_ref().map(|answer| proved.makes_key(answer)), [false, false]);
    let other = message("enctype-18/2-as-rep");
    assert!(proved.makes_key(&other) && !proved.makes_key(b"") && !proved.makes_key(b"garbage"));
}

#[test]
fn what_was_asked_for_is_in_the_ticket() {
    let options = TicketOptions {
        forwardable: true,
        lifetime: Duration::from_secs(600),
        renew_lifetime: Some(Duration::from_secs(3600)),
        ..TicketOptions::default()
    };
    let tgt = done(replay("options", "alice", "alicepw", &options, 2));
    assert!(tgt.flags.bit(ticket::FORWARDABLE) && tgt.flags.bit(ticket::RENEWABLE));
    let seconds = |time: SystemTime| time.duration_since(now()).unwrap().as_secs_f64().round();
    assert_eq!(seconds(tgt.times.end).abs(), 600.0);
    assert_eq!(seconds(tgt.times.renew_till.unwrap()), 3600.0);
}

#[test]
fn a_kdc_that_wants_no_proof_is_asked_once() {
    let tgt = done(replay("no-preauth", "open", "openpw", &TicketOptions::default(), 1));
    assert_eq!(tgt.client, client("open"));
    assert!(!tgt.flags.bit(ticket::PRE_AUTHENT));
}

#[test]
fn a_salt_that_the_kdc_names_is_used() {
    let tgt = done(replay("special-salt", "special", "pwspecial", &TicketOptions::default(), 2));
    assert_eq!(tgt.key.enctype(), Enctype::Aes256CtsHmacSha384_192);
}

#[test]
fn a_wrong_password_is_told_apart_with_and_without_proof() {
    let options = TicketOptions::default();
    let refused = replay("wrong-password", "alice", "wrong", &options, 2);
    assert!(matches!(refused, Err(ClientError::WrongPassword)));
    let unopened = replay("no-preauth-wrong-password", "open", "wrong", &options, 1);
    assert!(matches!(unopened, Err(ClientError::WrongPassword)));
}

#[test]
fn the_kdcs_own_reason_is_passed_on() {
    match replay("unknown-client", "nobody", "pw", &TicketOptions::default(), 1) {
        Err(ClientError::Refused(refusal)) => {
            assert_eq!(refusal.code, KDC_ERR_C_PRINCIPAL_UNKNOWN);
            assert_eq!(refusal.to_string(), "KDC_ERR_C_PRINCIPAL_UNKNOWN (6): CLIENT_NOT_FOUND");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_without_a_key_of_the_offered_enctypes_is_told() {
    let options = only(Enctype::Aes256CtsHmacSha384_192);
    let refused = replay("no-key-in-common", "user17", "pw17", &options, 1);
    assert!(matches!(refused, Err(ClientError::NoEncryptedTimestamp)));
}

#[test]
fn a_text_that_would_steer_a_terminal_is_escaped() {
    let mut error = KrbError::decode(&message("unknown-client/1-as-rep")).unwrap();
    error.e_text = Some(KerberosString::from(&b"\x1b[2J\nok\0"[..]));
    assert_eq!(
        ClientError::from(error).to_string(),
        "the KDC refuses: KDC_ERR_C_PRINCIPAL_UNKNOWN (6): \\x1b[2J\\nok"
    );
}

#[test]
fn the_cookie_goes_back_to_the_kdc() {
    let (exchange, _) = proved();
    let wanted = KrbError::decode(&message("enctype-17/1-as-rep")).unwrap();
    let methods = MethodData::decode(&wanted.e_data.unwrap()).unwrap().0;
    let cookie = methods.into_iter().find(|method| method.padata_type == PA_FX_COOKIE).unwrap();
    let request = AsReq::decode(exchange.request()).unwrap();
    assert_eq!(request.padata.as_ref().unwrap().first(), Some(&cookie));
}

#[test]
fn a_second_demand_for_proof_is_a_refusal() {
    let (mut exchange, mut dice) = proved();
    let again = exchange.reply(&message("enctype-17/1-as-rep"), now(), &mut dice);
    assert!(matches!(again, Err(ClientError::Refused(refusal)) if refusal.code == KDC_ERR_PREAUTH_REQUIRED));
}

#[test]
fn a_kdc_cannot_make_the_password_cheap_to_guess() {
    let mut wanted = KrbError::decode(&message("enctype-17/1-as-rep")).unwrap();
    let mut methods = MethodData::decode(&wanted.e_data.unwrap()).unwrap();
    for method in methods.0.iter_mut().filter(|method| method.padata_type == PA_ETYPE_INFO2) {
        let mut info = EtypeInfo2::decode(&method.padata_value).unwrap();
        info.0[0].s2kparams = Some(vec![0, 0, 0, 1].into());
        method.padata_value = info.encode().unwrap().into();
    }
    wanted.e_data = Some(methods.encode().unwrap().into());
    let (mut exchange, mut dice) = start(SHA1);
    let refused = exchange.reply(&wanted.encode().unwrap(), now(), &mut dice);
    assert!(matches!(refused, Err(ClientError::Crypto(CryptoError::IterationCount { count: 1, .. }))));
    assert_eq!(exchange.request(), message("enctype-17/1-as-req"));
}

#[test]
fn an_unchanged_answer_that_was_sealed_again_is_accepted() {
    assert_eq!(done(outcome(|_, _| {})), tgt(SHA1).0);
}

#[test]
fn an_answer_to_another_request_is_refused() {
    assert!(matches!(outcome(|_, part| part.nonce += 1), Err(ClientError::NonceMismatch)));
}

#[test]
fn an_answer_for_another_client_is_refused() {
    let name = outcome(|answer, _| answer.0.cname = client("bob").name);
    assert!(matches!(name, Err(ClientError::ClientMismatch)));
    let krb_realm = outcome(|answer, _| answer.0.crealm = "OTHER.TEST".into());
    assert!(matches!(krb_realm, Err(ClientError::ClientMismatch)));
}

#[test]
fn an_answer_for_another_service_is_refused_wherever_it_is_named() {
    let other = PrincipalName::krbtgt(&"OTHER.TEST".into());
    for outcome in [
        outcome(|_, part| part.sname = other.clone()),
        outcome(|_, part| part.srealm = "OTHER.TEST".into()),
        outcome(|answer, _| answer.0.ticket.sname = other.clone()),
        outcome(|answer, _| answer.0.ticket.realm = "OTHER.TEST".into()),
    ] {
        assert!(matches!(outcome, Err(ClientError::ServerMismatch)));
    }
}

#[test]
fn an_enctype_that_was_not_offered_is_refused() {
    let session = outcome(|_, part| part.key.keytype = 23);
    assert!(matches!(session, Err(ClientError::UnofferedEnctype { number: 23 })));
    let sealed = outcome(|answer, _| answer.0.enc_part.etype = 18);
    assert!(matches!(sealed, Err(ClientError::UnofferedEnctype { number: 18 })));
}

#[test]
fn a_session_key_of_a_wrong_length_is_refused() {
    let short = outcome(|_, part| part.key.keyvalue = vec![1; 15].into());
    assert!(matches!(short, Err(ClientError::Crypto(CryptoError::KeyLength { length: 15, .. }))));
}

#[test]
fn another_version_or_message_is_refused() {
    let version = outcome(|answer, _| answer.0.pvno = 4);
    assert!(matches!(version, Err(ClientError::UnexpectedMessage)));
    let kind = outcome(|answer, _| answer.0.msg_type = msg_type::TGS_REP);
    assert!(matches!(kind, Err(ClientError::UnexpectedMessage)));
    for octets in [&b""[..], b"\0", b"HTTP/1.1 502", &message("enctype-17/3-tgs-rep")] {
        let (mut exchange, mut dice) = start(SHA1);
        let refused = exchange.reply(octets, now(), &mut dice);
        assert!(matches!(refused, Err(ClientError::UnexpectedMessage)));
    }
}

#[test]
fn a_time_that_no_calendar_has_is_refused() {
    let odd = outcome(|_, part| part.endtime = b"20269999000000Z".to_vec().into());
    assert!(matches!(odd, Err(ClientError::TimeOutOfRange)));
}

#[test]
fn a_true_answer_is_accepted_after_false_ones_and_no_alteration_panics() {
    let (mut exchange, mut dice) = proved();
    let answer = message("enctype-17/2-as-rep");
    for place in 0..answer.len() {
        let mut altered = answer.clone();
        altered[place] ^= 0x41;
        let _ = exchange.reply(&altered, now(), &mut dice);
        let _ = exchange.reply(&answer[..place], now(), &mut dice);
    }
    assert_eq!(done(exchange.reply(&answer, now(), &mut dice)), tgt(SHA1).0);
}

/// What becomes of an answer to a protected request, and whether the KDC then
/// speaks FAST. `falsify` changes what is sealed; the octets are those of the
/// checksum over the request.
fn protected(falsify: impl FnOnce(&mut EncKdcRepPart, &mut Vec<u8>)) -> (Result<AsStep, ClientError>, bool) {
    let options = TicketOptions { protects_request: true, ..only(SHA1) };
    let mut dice = dice();
    let mut exchange = AsExchange::new(client("user17"), "pw17", &options, now(), &mut dice).unwrap();
    let _ = exchange.reply(&message("enctype-17/1-as-rep"), now(), &mut dice).unwrap();
    let request = AsReq::decode(exchange.request()).unwrap();
    let asks = |data: &PaData| data.padata_type == PA_REQ_ENC_PA_REP && data.padata_value.is_empty();
    assert!(request.padata.as_ref().unwrap().iter().any(asks));

    let key = exchange.proved.clone().unwrap();
    let checksums = ChecksumKey::derive(&key, Usage::AS_REQ).unwrap();
    let mut checksum = checksums.make_checksum(exchange.request()).encode().unwrap();
    let answer = falsified(&exchange, |_, part| {
        part.nonce = request.req_body.nonce;
        part.flags = Flags::from(part.flags.word() | Flags::with(&[ticket::ENC_PA_REP]).word());
        falsify(part, &mut checksum);
        let data =
            |padata_type, padata_value: Vec<u8>| PaData { padata_type, padata_value: padata_value.into() };
        part.encrypted_pa_data = Some(vec![data(PA_FX_FAST, Vec::new()), data(PA_REQ_ENC_PA_REP, checksum)]);
    });
    let step = exchange.reply(&answer, now(), &mut dice);
    (step, exchange.speaks_fast())
}

#[test]
fn a_kdc_that_read_the_request_as_it_was_sent_is_believed_to_speak_fast() {
    let (step, speaks_fast) = protected(|_, _| {});
    assert!(matches!(step, Ok(AsStep::Done(_))) && speaks_fast);
    // One that protects nothing is believed nothing.
    let (step, speaks_fast) = protected(|part, _| part.flags = Flags::with(&[]));
    assert!(matches!(step, Ok(AsStep::Done(_))) && !speaks_fast);
}

#[test]
fn a_request_that_was_altered_on_its_way_shows() {
    let (step, speaks_fast) = protected(|_, checksum| *checksum.last_mut().unwrap() ^= 1);
    assert!(matches!(step, Err(ClientError::RequestAltered)) && !speaks_fast);
    let unreadable = protected(|_, checksum| checksum.clear()).0;
    assert!(matches!(unreadable, Err(ClientError::Message(_))));
}

#[test]
fn the_kdcs_clock_is_followed_once_where_that_is_asked_for() {
    let mut error = KrbError::decode(&message("unknown-client/1-as-rep")).unwrap();
    error.error_code = KRB_AP_ERR_SKEW;
    let kdcs = |hours: u64| now() + Duration::from_hours(hours);
    error.stime = moment::stamp(kdcs(3)).unwrap().0;
    let skewed = error.encode().unwrap();
    for kdc_timesync in [false, true] {
        let options = TicketOptions { kdc_timesync, ..only(SHA1) };
        let mut dice = dice();
        let mut exchange = AsExchange::new(client("user17"), "pw17", &options, now(), &mut dice).unwrap();
        let _ = exchange.reply(&message("enctype-17/1-as-rep"), now(), &mut dice).unwrap();
        let refused = exchange.reply(&skewed, now(), &mut dice);
        if !kdc_timesync {
            assert!(matches!(refused, Err(ClientError::Refused(_))));
            continue;
        }
        assert!(matches!(refused, Ok(AsStep::Ask)));
        assert_eq!(exchange.clock().seconds(), 3 * 3600);
        // It begins anew, with lifetimes that the KDC's clock counts.
        let request = AsReq::decode(exchange.request()).unwrap();
        assert_eq!(request.padata, None);
        assert_eq!(request.req_body.till, moment::stamp(kdcs(3 + 24)).unwrap().0);
        let again = exchange.reply(&skewed, now(), &mut dice);
        assert!(matches!(again, Err(ClientError::Refused(_))));
    }
}

#[test]
fn a_kdc_that_names_another_realm_is_followed_where_that_is_asked_for() {
    let mut error = KrbError::decode(&message("unknown-client/1-as-rep")).unwrap();
    error.error_code = KDC_ERR_WRONG_REALM;
    let mut led = |exchange: &mut AsExchange, krb_realm: &str| {
        error.crealm = Some(krb_realm.into());
        exchange.reply(&error.encode().unwrap(), now(), &mut dice())
    };
    let start = |canonicalize| {
        let options = TicketOptions { canonicalize, ..only(SHA1) };
        AsExchange::new(client("user17"), "pw17", &options, now(), &mut dice()).unwrap()
    };
    assert!(matches!(led(&mut start(false), "B"), Err(ClientError::Refused(_))));

    let mut exchange = start(true);
    assert!(matches!(led(&mut exchange, "B"), Ok(AsStep::Ask)));
    let body = AsReq::decode(exchange.request()).unwrap().0.req_body;
    assert_eq!((body.realm.to_string(), body.sname.unwrap().to_string()), ("B".into(), "krbtgt/B".into()));
    assert_eq!(exchange.krb_realm().as_octets(), b"B");
    for circle in ["B", "CLIENT.TEST"] {
        let refused = led(&mut exchange, circle);
        assert!(matches!(refused, Err(ClientError::ReferralLoop { .. })), "{circle}");
    }
    let realms = (0..MAX_REALMS).map(|number| format!("C{number}"));
    let left: Vec<_> = realms.map(|krb_realm| led(&mut exchange, &krb_realm).is_ok()).collect();
    assert_eq!(left.iter().filter(|is_followed| **is_followed).count(), MAX_REALMS - 2);
}

#[test]
fn debug_tells_no_secret() {
    let (exchange, _) = proved();
    let text = format!("{exchange:?}");
    assert!(!text.contains("pw17") && text.contains("user17"), "{text}");
}
