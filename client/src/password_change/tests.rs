//! Password changes against a server that opens the request as a real one does, and against false ones.

use std::time::{Duration, UNIX_EPOCH};

use krb::crypto::Enctype;
use krb::error_code::KRB_AP_ERR_REPEAT;

use super::*;
use crate::recorded::{dice, now, tgt};

const ENCTYPE: Enctype = Enctype::Aes256CtsHmacSha384_192;
const CONFOUNDER: [u8; 16] = [3; 16];

fn sender() -> HostAddress {
    HostAddress { addr_type: 2, address: vec![127, 0, 0, 1].into() }
}

fn start() -> PasswordChange {
    PasswordChange::new(&tgt(ENCTYPE).0, "new secret", sender(), now(), &mut dice()).unwrap()
}

/// What a server reads.
fn read(change: &PasswordChange) -> (Authenticator, EncKrbPrivPart) {
    let octets = change.request();
    let at = usize::from(u16::from_be_bytes([octets[4], octets[5]])) + 6;
    assert!(!kpasswd::request(octets).unwrap().set);
    let ap_req = ApReq::decode(&octets[6..at]).unwrap();
    let keys = UsageKeys::derive(&change.session, Usage::AP_REQ_AUTHENTICATOR).unwrap();
    let proof = Authenticator::decode(&keys.open_data(&ap_req.authenticator).unwrap()).unwrap();
    let subkey = Key::try_from(proof.subkey.as_ref().unwrap()).unwrap();
    let sealed = KrbPriv::decode(&octets[at..]).unwrap().enc_part;
    let part = UsageKeys::derive(&subkey, Usage::KRB_PRIV).unwrap().open_data(&sealed).unwrap();
    (proof, EncKrbPrivPart::decode(&part).unwrap())
}

/// An answer with this verdict, after `falsify` changed what is sealed.
fn answer(
    change: &PasswordChange,
    verdict: &[u8],
    falsify: impl FnOnce(&mut EncApRepPart, &mut EncKrbPrivPart),
) -> Vec<u8> {
    let mut proof =
        EncApRepPart { ctime: change.ctime.clone(), cusec: change.cusec, subkey: None, seq_number: Some(9) };
    let mut part = EncKrbPrivPart {
        user_data: verdict.into(),
        timestamp: None,
        usec: None,
        seq_number: Some(9),
        s_address: sender(),
        r_address: None,
    };
    falsify(&mut proof, &mut part);
    let keys = UsageKeys::derive(&change.session, Usage::AP_REP).unwrap();
    let ap_rep = ApRep::new(keys.seal_data(&CONFOUNDER, &proof.encode().unwrap())).encode().unwrap();
    let keys = UsageKeys::derive(&change.subkey, Usage::KRB_PRIV).unwrap();
    let krb_priv = KrbPriv::new(keys.seal_data(&CONFOUNDER, &part.encode().unwrap())).encode().unwrap();
    kpasswd::write_reply(&ap_rep, &krb_priv).unwrap()
}

#[test]
fn the_server_reads_the_new_password_and_who_asks() {
    let change = start();
    let (proof, part) = read(&change);
    assert_eq!(part.user_data.as_octets(), b"new secret");
    assert_eq!(part.seq_number, proof.seq_number);
    assert_eq!(part.s_address, sender());
    assert_eq!(proof.cname, tgt(ENCTYPE).0.client.name);
}

#[test]
fn the_servers_word_is_believed_if_it_proves_to_be_the_server() {
    let change = start();
    assert!(change.reply(&answer(&change, b"\0\0", |_, _| {})).is_ok());
    let rejected = change.reply(&answer(&change, b"\0\x04too short", |_, _| {}));
    assert!(matches!(
        rejected,
        Err(PasswordChangeError::Rejected(ChangeRefused { code: ResultCode::SoftError, .. }))
    ));
}

#[test]
fn an_answer_to_another_request_is_not_believed() {
    let change = start();
    let time = |proof: &mut EncApRepPart, _: &mut EncKrbPrivPart| proof.cusec += 1;
    assert!(matches!(change.reply(&answer(&change, b"\0\0", time)), Err(PasswordChangeError::NoProof)));
    let number = |_: &mut EncApRepPart, part: &mut EncKrbPrivPart| part.seq_number = Some(8);
    assert!(matches!(change.reply(&answer(&change, b"\0\0", number)), Err(PasswordChangeError::NoProof)));
}

#[test]
fn an_error_in_clear_never_says_that_the_password_was_changed() {
    let change = start();
    let time = KerberosTime::from_seconds(0).unwrap();
    let mut error = KrbError::new(KRB_AP_ERR_REPEAT, "A".into(), ["kadmin", "changepw"], time, 0, None);
    for e_data in [None, Some(&b"\0\0changed"[..]), Some(b"")] {
        error.e_data = e_data.map(Into::into);
        let refused = change.reply(&error.encode().unwrap());
        assert!(refused.is_err(), "{e_data:?}");
    }
    error.e_data = Some(b"\0\x03who are you"[..].into());
    assert!(matches!(
        change.reply(&error.encode().unwrap()),
        Err(PasswordChangeError::Rejected(ChangeRefused { code: ResultCode::AuthError, .. }))
    ));
}

#[test]
fn no_alteration_is_believed_and_none_panics() {
    let change = start();
    let true_answer = answer(&change, b"\0\0", |_, _| {});
    for place in 0..true_answer.len() {
        let mut altered = true_answer.clone();
        altered[place] ^= 0x41;
        // The version may be either of the two; nothing else goes unseen.
        assert!(change.reply(&altered).is_err() || place == 2 || place == 3, "octet {place}");
        assert!(change.reply(&true_answer[..place]).is_err());
    }
    assert!(change.reply(b"").is_err());
}

#[test]
fn what_messages_cannot_say_is_refused() {
    let (ticket, _) = tgt(ENCTYPE);
    let made = |password: &str, now| PasswordChange::new(&ticket, password, sender(), now, &mut dice());
    let before = UNIX_EPOCH - Duration::from_secs(1);
    assert!(matches!(made("x", before), Err(PasswordChangeError::TimeOutOfRange)));
    let long = "x".repeat(1 << 16);
    assert!(matches!(made(&long, now()), Err(PasswordChangeError::Frame(KpasswdError::Length))));
}

#[test]
fn debug_tells_no_secret() {
    assert!(!format!("{:?}", start()).contains("secret"));
}
