//! Passwords are changed by the protocol of RFC 3244, as stock clients speak it.

use std::time::UNIX_EPOCH;

use client::{AsExchange, AsStep, Credential, TicketOptions};
use krb::crypto::{Enctype, Key, Usage, UsageKeys};
use krb::error_code::*;
use krb::flags::Flags;
use krb::kpasswd::{self, result};
use krb::msg::HostAddress;
use krb::msg::ap::ApReq;
use krb::msg::krb_priv::{ChangePasswdData, EncKrbPrivPart, KrbPriv};
use krb::msg::opened::{Authenticator, EncTicketPart, EncryptionKey};
use krb::name::{Principal, PrincipalName};
use krb::sealed::EncryptedData;
use testkdc::embedded::{Account, Forge, Kdc, Kind, random};

use super::ours::{NOW, alices_ticket, at, kdc, log_in, time};
use super::{client, demo, serve};

#[test]
fn an_expired_password_is_changed_on_the_way_in() {
    let server = serve(demo().account(Account::user("old", "oldpw").password_expires(UNIX_EPOCH)));
    let client = client(&server);
    let kinit = client.kinit("old", "oldpw\nnewpw\nnewpw").unwrap();
    assert!(kinit.success(), "{kinit:?}\n{}", client.trace());
    assert!(kinit.stdout.contains("Password expired.  You must change it now."), "{kinit:?}");
    assert!(client.kinit("old", "newpw").unwrap().success());
    assert!(!client.kinit("old", "oldpw").unwrap().success());
}

#[test]
fn a_password_is_changed_over_tcp_and_its_keys_get_a_new_version() {
    let server = serve(demo());
    let client = client(&server);
    let changed = client.kpasswd("alice", "alicepw", "another").unwrap();
    assert!(changed.success() && changed.stdout.contains("Password changed."), "{changed:?}");
    assert!(client.kinit("alice", "another").unwrap().success());
    assert!(!client.kinit("alice", "alicepw").unwrap().success());
    let keytab = krb::keytab::Keytab::read(&server.kdc().keytab("alice").unwrap()).unwrap();
    assert!(keytab.entries.iter().all(|entry| entry.kvno == 2));
}

#[test]
fn the_old_password_is_needed_and_the_new_one_must_be_one() {
    let server = serve(demo());
    let client = client(&server);
    let refused = client.kpasswd("alice", "wrong", "another").unwrap();
    assert!(refused.stderr.contains("Preauthentication failed getting initial ticket"), "{refused:?}");
    let empty = client.kpasswd("alice", "alicepw", "").unwrap();
    assert!(!empty.success(), "{empty:?}");
    assert!(client.kinit("alice", "alicepw").unwrap().success());
}

/// A request to change a password, made by hand.
struct ByHand {
    ticket: Credential,
    subkey: Key,
    /// When its authenticator was made, after [`NOW`].
    later: i64,
    seq_number: Option<i64>,
}

impl ByHand {
    /// Alice's, with a ticket that her password got.
    fn new(kdc: &Kdc) -> Self {
        let alice = Principal { name: PrincipalName::new(1, ["alice"]), krb_realm: "DEMO.TEST".into() };
        let service = PrincipalName::new(2, ["kadmin", "changepw"]);
        let options = TicketOptions::default();
        let mut exchange =
            AsExchange::for_service(alice, service, "alicepw", &options, at(NOW), &mut random).unwrap();
        let ticket = loop {
            let answer = kdc.answer(exchange.request(), at(NOW), &mut random).unwrap();
            if let AsStep::Done(ticket) = exchange.reply(&answer, at(NOW), &mut random).unwrap() {
                break ticket;
            }
        };
        let subkey = Key::new(Enctype::Aes128CtsHmacSha1_96, &[9; 16]).unwrap();
        Self { ticket, subkey, later: 0, seq_number: Some(5) }
    }

    fn seal(key: &Key, usage: Usage, octets: &[u8]) -> EncryptedData {
        UsageKeys::derive(key, usage).unwrap().seal_data(&[3; 16], octets)
    }

    /// The octets that say `user_data` with the version of the protocol.
    fn request(&self, version: u16, user_data: &[u8]) -> Vec<u8> {
        let authenticator = Authenticator {
            authenticator_vno: 5,
            crealm: self.ticket.client.krb_realm.clone(),
            cname: self.ticket.client.name.clone(),
            cksum: None,
            cusec: 0,
            ctime: time(NOW + self.later),
            subkey: Some(EncryptionKey::from(&self.subkey)),
            seq_number: Some(5),
            authorization_data: None,
        };
        let authenticator = authenticator.encode().unwrap();
        let sealed = Self::seal(&self.ticket.key, Usage::AP_REQ_AUTHENTICATOR, &authenticator);
        let ap_req = ApReq::new(Flags::with(&[]), self.ticket.ticket.clone(), sealed).encode().unwrap();
        let part = EncKrbPrivPart {
            user_data: user_data.into(),
            timestamp: None,
            usec: None,
            seq_number: self.seq_number,
            s_address: HostAddress { addr_type: 2, address: vec![127, 0, 0, 1].into() },
            r_address: None,
        };
        let part = Self::seal(&self.subkey, Usage::KRB_PRIV, &part.encode().unwrap());
        let private = KrbPriv::new(part).encode().unwrap();
        let mut octets = kpasswd::write_reply(&ap_req, &private).unwrap();
        octets[2..4].copy_from_slice(&version.to_be_bytes());
        octets
    }

    /// The number and the text in a sealed answer.
    #[track_caller]
    fn verdict(&self, answer: &[u8]) -> (u16, String) {
        assert!(matches!(kpasswd::reply(answer), Ok(kpasswd::Reply::Sealed { .. })));
        let ap_rep = usize::from(u16::from_be_bytes([answer[4], answer[5]]));
        let private = KrbPriv::decode(&answer[6 + ap_rep..]).unwrap();
        let keys = UsageKeys::derive(&self.subkey, Usage::KRB_PRIV).unwrap();
        let part = EncKrbPrivPart::decode(&keys.open_data(&private.enc_part).unwrap()).unwrap();
        let (number, text) = part.user_data.as_octets().split_first_chunk().unwrap();
        (u16::from_be_bytes(*number), String::from_utf8(text.to_vec()).unwrap())
    }

    #[track_caller]
    fn changes(&self, kdc: &Kdc, version: u16, user_data: &[u8]) -> u16 {
        let answer = kdc.answer(&self.request(version, user_data), at(NOW), &mut random).unwrap();
        self.verdict(&answer).0
    }
}

/// What `set` asks for: a new password of somebody's.
fn data(name: Option<&str>, krb_realm: Option<&str>) -> Vec<u8> {
    let targname = name.map(|name| PrincipalName::new(1, [name]));
    let newpasswd = b"newpw".to_vec().into();
    ChangePasswdData { newpasswd, targname, targrealm: krb_realm.map(Into::into) }.encode().unwrap()
}

#[test]
fn a_user_sets_the_own_password_by_either_version_and_no_others() {
    let kdc = kdc(demo().user("bob", "bobpw", &[]));
    let mut request = ByHand::new(&kdc);
    let mut set = |name, krb_realm| {
        request.later += 1;
        request.changes(&kdc, 0xff80, &data(name, krb_realm))
    };
    assert_eq!(set(Some("bob"), Some("DEMO.TEST")), result::ACCESSDENIED);
    assert_eq!(set(Some("alice"), Some("OTHER.TEST")), result::ACCESSDENIED);
    assert_eq!(set(None, None), result::SUCCESS);
    assert_eq!(set(Some("alice"), Some("DEMO.TEST")), result::SUCCESS);
    assert!(log_in(&kdc, "alice", "newpw", &TicketOptions::default(), at(NOW)).is_ok());
    assert!(log_in(&kdc, "bob", "bobpw", &TicketOptions::default(), at(NOW)).is_ok());
    request.later += 1;
    assert_eq!(request.changes(&kdc, 0xff80, b"newpw"), result::MALFORMED);
    request.later += 1;
    assert_eq!(request.changes(&kdc, 1, b"\xff\xfe"), result::SOFTERROR);
    request.later += 1;
    request.seq_number = Some(6);
    assert_eq!(request.changes(&kdc, 1, b"newpw"), result::AUTHERROR);
}

/// The code of the error in clear.
#[track_caller]
fn refused(kdc: &Kdc, request: &[u8], now: i64) -> i64 {
    match kpasswd::reply(&kdc.answer(request, at(now), &mut random).unwrap()) {
        Ok(kpasswd::Reply::Error { error, .. }) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_comes_again_brings_no_old_password_back() {
    let kdc = kdc(demo());
    let mut request = ByHand::new(&kdc);
    let first = request.request(1, b"first");
    assert_eq!(request.changes(&kdc, 1, b"first"), result::SUCCESS);
    assert_eq!(refused(&kdc, &first, NOW), i64::from(KRB_AP_ERR_REPEAT));
    assert_eq!(refused(&kdc, &first, NOW + 300), i64::from(KRB_AP_ERR_REPEAT));
    assert_eq!(refused(&kdc, &first, NOW + 301), i64::from(KRB_AP_ERR_SKEW));
    request.later = 1;
    assert_eq!(request.changes(&kdc, 1, b"second"), result::SUCCESS);
}

#[test]
fn only_a_ticket_for_the_password_service_that_the_password_got_will_do() {
    struct NotInitial;
    impl Forge for NotInitial {
        fn ticket(&self, _: Kind, ticket: &mut EncTicketPart) {
            ticket.flags = Flags::with(&[]);
        }
    }
    let forged = kdc(demo()).forged(NotInitial);
    assert_eq!(ByHand::new(&forged).changes(&forged, 1, b"newpw"), result::INITIAL_FLAG_NEEDED);

    let kdc = kdc(demo());
    let mut request = ByHand::new(&kdc);
    assert_eq!(refused(&kdc, &request.request(1, b"newpw"), NOW + 700), i64::from(KRB_AP_ERR_SKEW));
    request.later = 700;
    assert_eq!(refused(&kdc, &request.request(1, b"newpw"), NOW + 700), i64::from(KRB_AP_ERR_TKT_EXPIRED));
    request.later = 0;
    request.ticket = alices_ticket(&kdc);
    assert_eq!(refused(&kdc, &request.request(1, b"newpw"), NOW), i64::from(KRB_AP_ERR_NOT_US));
}

#[test]
fn an_altered_request_changes_nothing_that_its_owner_did_not_want() {
    let kdc = kdc(demo());
    let request = ByHand::new(&kdc).request(1, b"newpw");
    for place in 0..request.len() {
        let mut altered = request.clone();
        altered[place] ^= 0x41;
        if let Some(answer) = kdc.answer(&altered, at(NOW), &mut random) {
            assert!(kpasswd::reply(&answer).is_ok(), "{place}");
        }
        let _ = kdc.answer(&request[..place], at(NOW), &mut random);
    }
    // What is not sealed, such as the type of a name, may be another without harm.
    assert!(log_in(&kdc, "alice", "newpw", &TicketOptions::default(), at(NOW)).is_ok());
}
