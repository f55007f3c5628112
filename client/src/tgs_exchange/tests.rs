//! The TGS exchange against recorded answers, true and falsified.

use krb::crypto::Enctype;
use krb::error_code::KDC_ERR_S_PRINCIPAL_UNKNOWN;
use krb::flags::ticket;
use krb::msg::opened::{EncTgsRepPart, EncTicketPart};

use super::*;
use crate::recorded::{case, client, message, now, only, service, service_key, tgt};

const SHA1: Enctype = Enctype::Aes256CtsHmacSha1_96;

/// The recorded exchange of one enctype, before its answer, and the
/// ticket-granting ticket it asks with.
fn start(enctype: Enctype) -> (TgsExchange, Credential) {
    let (tgt, mut dice) = tgt(enctype);
    let service = service(&format!("et{}.client.test", enctype.number()));
    (TgsExchange::new(&tgt, service, &only(enctype), now(), &mut dice).unwrap(), tgt)
}

/// What becomes of the recorded answer of [`SHA1`] after `falsify` changed it
/// and the sealed part was sealed again, with `key` for `usage`.
fn outcome(
    usage: Usage,
    key: impl FnOnce(&TgsExchange) -> &Key,
    falsify: impl FnOnce(&mut TgsRep, &mut EncKdcRepPart),
) -> Result<Credential, ClientError> {
    let (exchange, _) = start(SHA1);
    let mut answer = TgsRep::decode(&message("enctype-18/3-tgs-rep")).unwrap();
    let part = open_part(&exchange.subkey, Usage::TGS_REP_SUBKEY, &answer.enc_part).unwrap();
    let mut part = EncKdcRepPart::decode(&part).unwrap();
    falsify(&mut answer, &mut part);
    let keys = UsageKeys::derive(key(&exchange), usage).unwrap();
    answer.0.enc_part.cipher = keys.seal(&[0; 16], &EncTgsRepPart(part).encode().unwrap()).into();
    exchange.reply(&answer.encode().unwrap())
}

fn falsified(falsify: impl FnOnce(&mut TgsRep, &mut EncKdcRepPart)) -> Result<Credential, ClientError> {
    outcome(Usage::TGS_REP_SUBKEY, |exchange| &exchange.subkey, falsify)
}

#[test]
fn each_enctype_leads_to_a_ticket_that_the_service_opens() {
    for enctype in Enctype::ALL {
        let (exchange, tgt) = start(enctype);
        let case = case(enctype);
        assert_eq!(exchange.request(), message(&format!("{case}/3-tgs-req")));
        let credential = exchange.reply(&message(&format!("{case}/3-tgs-rep"))).unwrap();
        assert_eq!(credential.client, tgt.client);
        assert_eq!(
            credential.server.to_string(),
            format!("HTTP/et{}.client.test@CLIENT.TEST", enctype.number())
        );
        assert!(!credential.flags.bit(ticket::INITIAL));
        assert_eq!((credential.times.auth, credential.times.end), (tgt.times.auth, tgt.times.end));

        let keys = UsageKeys::derive(&service_key(enctype), Usage::TICKET).unwrap();
        let inside = EncTicketPart::decode(&keys.open_data(&credential.ticket.enc_part).unwrap()).unwrap();
        assert_eq!(Key::try_from(&inside.key).unwrap(), credential.key);
        assert!(inside.cname.same_name(&credential.client.name));
    }
}

#[test]
fn the_ticket_is_kept_octet_for_octet() {
    let (exchange, _) = start(SHA1);
    let answer = message("enctype-18/3-tgs-rep");
    let ticket = exchange.reply(&answer).unwrap().ticket.encode().unwrap();
    assert!(answer.windows(ticket.len()).any(|window| window == ticket));
}

#[test]
fn the_authenticator_binds_the_body_of_the_request() {
    for enctype in Enctype::ALL {
        let (exchange, tgt) = start(enctype);
        let request = TgsReq::decode(exchange.request()).unwrap().0;
        let proof = ApReq::decode(&request.padata.unwrap()[0].padata_value).unwrap();
        assert_eq!(proof.ticket, tgt.ticket);
        let keys = UsageKeys::derive(&tgt.key, Usage::TGS_REQ_AUTHENTICATOR).unwrap();
        let inside = Authenticator::decode(&keys.open_data(&proof.authenticator).unwrap()).unwrap();
        let checksums = ChecksumKey::derive(&tgt.key, Usage::TGS_REQ_CHECKSUM).unwrap();
        let body = request.req_body.encode().unwrap();
        assert_eq!(checksums.verify_checksum(&body, &inside.cksum.unwrap()), Ok(()));
        assert_eq!(Key::try_from(&inside.subkey.unwrap()).unwrap(), exchange.subkey);
        assert_ne!(exchange.subkey, tgt.key);
    }
}

#[test]
fn the_kdcs_own_reason_is_passed_on() {
    let (exchange, _) = start(SHA1);
    match exchange.reply(&message("unknown-service/3-tgs-rep")) {
        Err(ClientError::Refused(refusal)) => {
            assert_eq!(refusal.code, KDC_ERR_S_PRINCIPAL_UNKNOWN);
            assert_eq!(refusal.server, service("nowhere.client.test"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_under_the_session_key_is_accepted_too() {
    let expected = falsified(|_, _| {}).unwrap();
    let under_session = outcome(Usage::TGS_REP, |exchange| &exchange.session, |_, _| {}).unwrap();
    assert_eq!(under_session, expected);
}

#[test]
fn an_answer_under_the_wrong_usage_is_refused() {
    let wrong = outcome(Usage::TGS_REP, |exchange| &exchange.subkey, |_, _| {});
    assert!(matches!(wrong, Err(ClientError::Crypto(CryptoError::Integrity))));
    let wrong = outcome(Usage::TGS_REP_SUBKEY, |exchange| &exchange.session, |_, _| {});
    assert!(matches!(wrong, Err(ClientError::Crypto(CryptoError::Integrity))));
}

#[test]
fn an_answer_to_another_request_is_refused() {
    assert!(matches!(falsified(|_, part| part.nonce -= 1), Err(ClientError::NonceMismatch)));
    let (exchange, _) = start(Enctype::Aes128CtsHmacSha1_96);
    let other = exchange.reply(&message("enctype-18/3-tgs-rep"));
    assert!(matches!(other, Err(ClientError::ClientMismatch)));
}

#[test]
fn an_answer_for_another_client_is_refused() {
    let other = falsified(|answer, _| answer.0.cname = client("bob").name);
    assert!(matches!(other, Err(ClientError::ClientMismatch)));
}

#[test]
fn an_answer_for_another_service_is_refused_wherever_it_is_named() {
    for outcome in [
        falsified(|_, part| part.sname = service("evil.client.test")),
        falsified(|_, part| part.srealm = "OTHER.TEST".into()),
        falsified(|answer, _| answer.0.ticket.sname = service("evil.client.test")),
        falsified(|answer, _| answer.0.ticket.realm = "OTHER.TEST".into()),
    ] {
        assert!(matches!(outcome, Err(ClientError::ServerMismatch)));
    }
}

#[test]
fn an_enctype_that_was_not_offered_is_refused() {
    let weak = falsified(|_, part| part.key.keytype = 23);
    assert!(matches!(weak, Err(ClientError::UnofferedEnctype { number: 23 })));
}

#[test]
fn the_enctype_of_the_session_need_not_be_offered_for_the_ticket() {
    let other = Enctype::Aes128CtsHmacSha256_128;
    let (tgt, mut dice) = tgt(SHA1);
    let exchange =
        TgsExchange::new(&tgt, service("et18.client.test"), &only(other), now(), &mut dice).unwrap();
    let mut answer = TgsRep::decode(&message("enctype-18/3-tgs-rep")).unwrap();
    let keys = UsageKeys::derive(&exchange.subkey, Usage::TGS_REP_SUBKEY).unwrap();
    let mut part = EncKdcRepPart::decode(&keys.open_data(&answer.enc_part).unwrap()).unwrap();
    part.key = EncryptionKey::new(other.number(), vec![5; 16]);
    answer.0.enc_part.cipher = keys.seal(&[0; 16], &EncTgsRepPart(part).encode().unwrap()).into();
    let credential = exchange.reply(&answer.encode().unwrap()).unwrap();
    assert_eq!((credential.key.enctype(), answer.enc_part.etype), (other, 18));
}

#[test]
fn a_service_ticket_does_not_grant_others() {
    let (exchange, _) = start(SHA1);
    let credential = exchange.reply(&message("enctype-18/3-tgs-rep")).unwrap();
    let mut dice = crate::recorded::dice();
    let refused = TgsExchange::new(&credential, service("x"), &only(SHA1), now(), &mut dice);
    assert!(matches!(refused, Err(ClientError::NotTicketGranting)));
}

#[test]
fn a_ticket_granting_ticket_of_another_realm_asks_that_realm() {
    let (mut tgt, mut dice) = tgt(SHA1);
    tgt.server.name = PrincipalName::krbtgt(&"OTHER.TEST".into());
    let exchange = TgsExchange::new(&tgt, service("x"), &only(SHA1), now(), &mut dice).unwrap();
    let request = TgsReq::decode(exchange.request()).unwrap();
    assert_eq!(request.req_body.realm, "OTHER.TEST".into());
}

#[test]
fn another_message_is_refused_and_no_alteration_panics() {
    let (exchange, _) = start(SHA1);
    for octets in [&b""[..], b"\0", &message("enctype-18/2-as-rep")] {
        assert!(matches!(exchange.reply(octets), Err(ClientError::UnexpectedMessage)));
    }
    let answer = message("enctype-18/3-tgs-rep");
    for place in 0..answer.len() {
        let mut altered = answer.clone();
        altered[place] ^= 0x41;
        let _ = exchange.reply(&altered);
        let _ = exchange.reply(&answer[..place]);
    }
}
