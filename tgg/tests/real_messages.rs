//! Real exchanges pass the door, and no message passes for another.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use krb::{
    error_code,
    kkdcp::{self, ProxyMessage},
    peek,
};
use tgg::{
    failure::{Refusal, Unanswered, krb_error},
    reply::{Disbelief, Reply, believe, is_too_big},
    request::{Asked, judge},
    routes::{Host, KrbRealm, Purpose, Routes, Server},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mit-1.20.1")
}

/// Request and reply of each captured exchange (tests/data/mit-1.20.1/README.md), by the request's name.
fn exchanges() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut files: BTreeMap<usize, (String, Vec<u8>)> = BTreeMap::new();
    for entry in fs::read_dir(folder().join("wire")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if let Some(number) = name.get(..3).and_then(|number| number.parse().ok()) {
            files.insert(number, (name, fs::read(entry.path()).unwrap()));
        }
    }
    let pairs: Vec<_> = files
        .iter()
        .filter(|(_, (name, _))| name.contains("-req-"))
        .filter_map(|(number, (name, request))| {
            let (reply_name, reply) = files.get(&(number + 1))?;
            reply_name.contains("-rep-").then(|| (name.clone(), request.clone(), reply.clone()))
        })
        .collect();
    assert!(pairs.len() > 40, "the captures are there");
    pairs
}

fn routes() -> Routes {
    let realm = |name: &str| KrbRealm { name: name.into(), ..KrbRealm::default() };
    Routes::new([realm("H4.TEST"), realm("CHILD.H4.TEST")])
}

fn named(name: &str) -> (Vec<u8>, Vec<u8>) {
    let (_, request, reply) =
        exchanges().into_iter().find(|(file, ..)| file.contains(name)).expect("a capture of that name");
    (request, reply)
}

/// An AS-REP for a client that none of the other captures asks for.
fn ticket_for_another_client() -> Vec<u8> {
    let mut replies = exchanges().into_iter().filter(|(name, ..)| name.contains("nonascii1"));
    replies.find_map(|(_, _, reply)| (reply[0] == peek::AS_REP).then_some(reply)).unwrap()
}

#[test]
fn every_captured_request_may_be_relayed_and_its_reply_believed() {
    let routes = routes();
    for (name, request, reply) in exchanges() {
        let request = judge(&request, None, &routes).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        if let Err(disbelief) = believe(&request, &reply) {
            panic!("{name}: {disbelief}");
        }
    }
}

#[test]
fn no_captured_reply_passes_for_that_of_the_other_exchange_or_another_realm() {
    let routes = routes();
    let all = exchanges();
    for (name, request, _) in &all {
        let request = judge(request, None, &routes).unwrap();
        let Asked::Kdc(asked) = request.asked() else { panic!("{name}") };
        for (other, _, reply) in &all {
            let Ok(reply) = believe(&request, reply) else { continue };
            let realm = match reply {
                Reply::Kdc(reply) => {
                    assert_eq!(reply.exchange, asked.exchange, "{name} took the reply to {other}");
                    reply.ticket_realm
                }
                Reply::Error(error) => error.realm,
                Reply::Kpasswd => panic!("{name} took a password server's answer"),
            };
            assert_eq!(realm, asked.realm, "{name} took the reply to {other}");
        }
    }
}

#[test]
fn a_ticket_for_another_client_or_service_is_not_believed() {
    let routes = routes();
    let (request, _) = named("encts-req");
    let request = judge(&request, None, &routes).unwrap();
    let Asked::Kdc(asked) = request.asked() else { panic!() };
    assert!(!asked.canonicalize(), "the case is one where names may not change");
    assert_eq!(believe(&request, &ticket_for_another_client()).unwrap_err(), Disbelief::Client);
}

#[test]
fn an_armored_request_may_ask_for_other_names_inside_than_outside() {
    let routes = routes();
    let armored = exchanges()
        .into_iter()
        .map(|(_, request, _)| request)
        .find(|octets| octets[0] == peek::AS_REQ && judge(octets, None, &routes).unwrap().armored())
        .unwrap();
    let request = judge(&armored, None, &routes).unwrap();
    assert!(believe(&request, &ticket_for_another_client()).is_ok());
}

#[test]
fn requests_that_prove_a_password_are_told_from_those_that_do_not() {
    let routes = routes();
    for (name, request, _) in exchanges() {
        let judged = judge(&request, None, &routes).unwrap();
        let Asked::Kdc(asked) = judged.asked() else { panic!("{name}") };
        let proves = asked.padata_types().any(|kind| matches!(kind, 2 | 16 | 17 | 136 | 151 | 133));
        assert_eq!(judged.single(), request[0] == peek::AS_REQ && proves, "{name}");
        assert_eq!(judged.armored(), asked.padata_types().any(|kind| kind == 136), "{name}");
    }
}

#[test]
fn other_kinds_of_message_are_refused_whatever_tag_they_wear() {
    let routes = routes();
    for (name, request, reply) in exchanges() {
        assert_eq!(judge(&reply, None, &routes).unwrap_err(), Refusal::Kind, "{name}");
        for kind in [peek::AP_REQ, peek::AP_REP, peek::KRB_ERROR, 0x75, 0x74, 0x61, 0x30, 0x04, 0x00] {
            let mut smuggled = request.clone();
            smuggled[0] = kind;
            assert_eq!(judge(&smuggled, None, &routes).unwrap_err(), Refusal::Kind, "{name}");
        }
    }
    let ap_req = fs::read_dir(folder().join("decrypted"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with("ApReq.bin"))
        .unwrap();
    let mut ap_req = fs::read(ap_req).unwrap();
    assert_eq!(judge(&ap_req, None, &routes).unwrap_err(), Refusal::Kind);
    ap_req[0] = peek::AS_REQ;
    assert!(matches!(judge(&ap_req, None, &routes), Err(Refusal::Message(_))), "an AP-REQ as an AS-REQ");
}

#[test]
fn the_realm_must_be_served_and_be_the_envelopes() {
    let (request, _) = named("encts-req");
    let other = Routes::new([KrbRealm { name: "OTHER.TEST".into(), ..KrbRealm::default() }]);
    assert_eq!(judge(&request, None, &other).unwrap_err(), Refusal::RealmUnknown);
    let routes = routes();
    assert!(judge(&request, Some(b"h4.test"), &routes).is_ok());
    for outer in [&b""[..], b"CHILD.H4.TEST", b"H4.TEST\0", b"H4.TES"] {
        assert_eq!(judge(&request, Some(outer), &routes).unwrap_err(), Refusal::RealmDiffers);
    }
}

#[test]
fn octets_after_a_request_are_refused() {
    let (mut request, _) = named("encts-req");
    request.push(0);
    assert!(matches!(judge(&request, None, &routes()), Err(Refusal::Message(_))));
}

/// A password change whose ticket is for this service; what is sealed in it is not.
fn change_with_ticket_for(sname: &[&str]) -> Vec<u8> {
    let ap_req = {
        use krb::msg::{ap::ApReq, ticket::Ticket};
        use krb::{flags::Flags, name::PrincipalName, sealed::EncryptedData};
        let sealed = || EncryptedData { etype: 18, kvno: Some(1), cipher: vec![7; 60].into() };
        ApReq::new(
            Flags::from(0),
            Ticket::new("H4.TEST".into(), PrincipalName::new(2, sname.iter().copied()), sealed()),
            sealed(),
        )
        .encode()
        .unwrap()
    };
    framed_change(&ap_req)
}

fn password_change() -> Vec<u8> {
    change_with_ticket_for(&["kadmin", "changepw"])
}

fn framed_change(ap_req: &[u8]) -> Vec<u8> {
    let private = [0x75, 0x02, 0x30, 0x00];
    let length = u16::try_from(6 + ap_req.len() + private.len()).unwrap();
    let mut octets = length.to_be_bytes().to_vec();
    octets.extend_from_slice(&[0, 1]);
    octets.extend_from_slice(&u16::try_from(ap_req.len()).unwrap().to_be_bytes());
    octets.extend_from_slice(ap_req);
    octets.extend_from_slice(&private);
    octets
}

#[test]
fn a_password_change_goes_only_where_a_password_server_is_configured() {
    let change = password_change();
    assert_eq!(judge(&change, None, &routes()).unwrap_err(), Refusal::KpasswdNotServed);
    let server = Server { host: Host::Name("kdc".into()), port: 464 };
    let routes =
        Routes::new([KrbRealm { name: "H4.TEST".into(), kpasswds: vec![server], ..KrbRealm::default() }]);
    let request = judge(&change, Some(b"H4.TEST"), &routes).unwrap();
    assert!(request.single());
    assert_eq!(request.purpose(), Purpose::Kpasswd);
    let error = krb_error(error_code::KDC_ERR_POLICY, b"H4.TEST", (0, 0));
    assert!(matches!(believe(&request, &error), Ok(Reply::Error(_))));
    assert_eq!(judge(&change, Some(b"OTHER"), &routes).unwrap_err(), Refusal::RealmDiffers);
    for sname in
        [&["kadmin", "admin"][..], &["kadmin"], &["kadmin", "changepw", "x"], &["HTTP", "gw.h4.test"]]
    {
        let other = change_with_ticket_for(sname);
        assert_eq!(judge(&other, None, &routes).unwrap_err(), Refusal::PasswordService, "{sname:?}");
    }
}

#[test]
fn a_password_change_with_lengths_that_do_not_fit_is_refused() {
    let change = password_change();
    for place in [0, 1, 4, 5] {
        let mut wrong = change.clone();
        wrong[place] ^= 1;
        assert!(matches!(judge(&wrong, None, &routes()), Err(Refusal::PasswordChange(_))), "{place}");
    }
}

#[test]
fn a_response_too_big_is_seen() {
    let (request, _) = named("encts-req");
    let routes = routes();
    let request = judge(&request, None, &routes).unwrap();
    let error = krb_error(error_code::KRB_ERR_RESPONSE_TOO_BIG, b"H4.TEST", (1_767_225_600, 7));
    assert!(is_too_big(&believe(&request, &error).unwrap()));
    let other = krb_error(error_code::KRB_ERR_RESPONSE_TOO_BIG, b"OTHER", (1_767_225_600, 7));
    assert_eq!(believe(&request, &other).unwrap_err(), Disbelief::Realm);
}

#[test]
fn the_gateways_own_errors_can_be_read_for_any_realm_and_time() {
    for realm in [&b""[..], b"H4.TEST", b"\xff\xfe", &[b'A'; 255]] {
        for now in [(0, 0), (i64::MAX, u32::MAX), (i64::MIN, 1), (1_767_225_600, 999_999)] {
            let octets = krb_error(29, realm, now);
            let error = peek::krb_error(&octets).unwrap();
            assert_eq!((error.code, error.realm), (29, realm));
            assert!((0..1_000_000).contains(&error.susec));
        }
    }
}

#[test]
fn an_error_does_not_repeat_a_realm_that_no_domain_could_have() {
    assert!(krb_error(29, &[b'A'; 70_000], (0, 0)).len() < 100);
}

#[test]
fn every_refusal_of_a_wrapping_is_the_peers_fault() {
    let envelope = kkdcp::seal(&ProxyMessage {
        message: &[0x6a, 0],
        prefixed: true,
        target_domain: None,
        dclocator_hint: None,
    });
    let malformed = tgg::envelope::open_kkdcp(&envelope.into()).unwrap_err();
    let unanswered = Unanswered::from(malformed);
    assert_eq!((unanswered.word(), unanswered.blame().word()), ("wrapping", "peer"));
}
