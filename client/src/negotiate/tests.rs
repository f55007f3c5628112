//! The initiator against tokens that MIT krb5 sent, and against an acceptor that does as it is told.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use krb::crypto::{Enctype, Key, Usage, UsageKeys};
use krb::error_code::KRB_AP_ERR_SKEW;
use krb::flags::ap;
use krb::gss::checksum::{GssChecksum, GssFlags};
use krb::gss::mic::{self, MicFlags};
use krb::gss::{GssError, TokenId};
use krb::msg::ap::{ApRep, ApReq};
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{
    Authenticator, AuthorizationData, EncApRepPart, EncTicketPart, EncryptionKey, ad_type,
};
use krb::spnego::{SpnegoError, read_init};

use super::*;
use crate::recorded::{case, dice, message, now, only, service, service_key, tgt};
use crate::tgs_exchange::TgsExchange;

const SHA1: Enctype = Enctype::Aes256CtsHmacSha1_96;

/// The recorded ticket for HTTP/etN.client.test.
fn credential(enctype: Enctype) -> Credential {
    let (tgt, mut dice) = tgt(enctype);
    let service = service(&format!("et{}.client.test", enctype.number()));
    let exchange = TgsExchange::new(&tgt, service, &only(enctype), now(), &mut dice).unwrap();
    exchange.reply(&message(&format!("{}/3-tgs-rep", case(enctype)))).unwrap()
}

fn begin(options: &NegotiateOptions) -> Negotiate {
    Negotiate::new(&credential(SHA1), options, now(), &mut dice()).unwrap()
}

/// A service that opened the token of Kerberos.
struct Acceptor {
    session: Key,
    options: krb::flags::Flags,
    authenticator: Authenticator,
    subkey: Option<Key>,
}

impl Acceptor {
    /// Opens what [`begin`] made, from the ticket on.
    fn open(inner: &[u8]) -> Self {
        let framed = gss::unframe(inner).unwrap();
        let (id, message) = gss::split_id(framed.inner).unwrap();
        assert_eq!((framed.oid, id), (Mech::Krb5.oid(), TokenId::ApReq));
        let request = ApReq::decode(message).unwrap();
        let enctype = Enctype::try_from(request.ticket.enc_part.etype).unwrap();
        let ticket = UsageKeys::derive(&service_key(enctype), Usage::TICKET).unwrap();
        let ticket = EncTicketPart::decode(&ticket.open_data(&request.ticket.enc_part).unwrap()).unwrap();
        let session = Key::try_from(&ticket.key).unwrap();
        let keys = UsageKeys::derive(&session, Usage::AP_REQ_AUTHENTICATOR).unwrap();
        let authenticator = Authenticator::decode(&keys.open_data(&request.authenticator).unwrap()).unwrap();
        assert!(authenticator.cname.same_name(&ticket.cname) && authenticator.crealm == ticket.crealm);
        Self { session, options: request.ap_options, authenticator, subkey: None }
    }

    /// The token of Kerberos in a first token of SPNEGO.
    fn open_init(token: &[u8]) -> Self {
        Self::open(read_init(gss::unframe(token).unwrap().inner).unwrap().mech_token.unwrap())
    }

    fn with_subkey(mut self) -> Self {
        let enctype = self.session.enctype();
        self.subkey = Some(Key::new(enctype, &vec![9; enctype.key_length()]).unwrap());
        self
    }

    fn proof(&self) -> EncApRepPart {
        EncApRepPart {
            ctime: self.authenticator.ctime.clone(),
            cusec: self.authenticator.cusec,
            subkey: self.subkey.as_ref().map(EncryptionKey::from),
            seq_number: Some(7),
        }
    }

    fn seal(&self, usage: Usage, part: &EncApRepPart) -> Vec<u8> {
        let keys = UsageKeys::derive(&self.session, usage).unwrap();
        let sealed = keys.seal_data(&[3; 16], &part.encode().unwrap());
        let message = ApRep::new(sealed).encode().unwrap();
        gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApRep, &message))
    }

    fn ap_rep(&self) -> Vec<u8> {
        self.seal(Usage::AP_REP, &self.proof())
    }

    fn key(&self) -> Key {
        let theirs = self.authenticator.subkey.as_ref().map(|key| Key::try_from(key).unwrap());
        self.subkey.clone().or(theirs).unwrap_or_else(|| self.session.clone())
    }

    fn flags(&self) -> MicFlags {
        if self.subkey.is_some() { MicFlags::ACCEPTOR_SUBKEY } else { MicFlags::default() }
    }

    fn sign(&self, list: &[u8]) -> Vec<u8> {
        let flags = self.flags().with(MicFlags::SENT_BY_ACCEPTOR);
        mic::make(&self.key(), Usage::GSS_ACCEPTOR_SIGN, flags, 7, list).unwrap()
    }

    fn verify(&self, list: &[u8], code: &[u8]) -> Result<u64, GssError> {
        mic::verify(&self.key(), Usage::GSS_INITIATOR_SIGN, self.flags(), list, code)
    }
}

fn answer(state: NegState, token: Option<&[u8]>, code: Option<&[u8]>) -> Vec<u8> {
    let neg_state = Some(state);
    let supported_mech = Some(Mech::Krb5.oid());
    NegTokenResp { neg_state, supported_mech, response_token: token, mech_list_mic: code }.encode()
}

fn done(step: Result<Step, NegotiateError>) -> Established {
    match step {
        Ok(Step::Done(established)) => established,
        other => panic!("{other:?}"),
    }
}

fn next(step: Result<Step, NegotiateError>) -> Vec<u8> {
    match step {
        Ok(Step::Send(token)) => token,
        other => panic!("{other:?}"),
    }
}

/// A capture of MIT krb5 1.20.1, see tests/data/mit-1.20.1.
fn captured(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mit-1.20.1").join(name);
    fs::read(path.with_extension("bin")).unwrap()
}

/// The draft that leads to the captured first token of a case.
fn captured_draft(case: &str, etype: u32) -> NegotiateDraft {
    let name = |part: &str| format!("decrypted/gss-{case}-0-init-{part}");
    let ticket = EncTicketPart::decode(&captured(&name(&format!("et{etype}-EncTicketPart")))).unwrap();
    let request = ApReq::decode(&captured(&name("ApReq"))).unwrap();
    NegotiateDraft {
        ap_options: request.ap_options,
        ticket: request.ticket,
        session: Key::try_from(&ticket.key).unwrap(),
        authenticator: Authenticator::decode(&captured(&name("Authenticator"))).unwrap(),
        mechs: if case.starts_with("krb5") { Vec::new() } else { vec![Mech::Krb5] },
        inner: Mech::Krb5,
        mech_list_mic: false,
    }
}

#[test]
fn the_proofs_of_mits_acceptor_are_believed() {
    for (case, etype) in
        [("krb5mut", 18), ("spnegomut", 18), ("spnegocb", 18), ("spnegosha2", 20), ("spnegorc4", 23)]
    {
        let draft = captured_draft(case, etype);
        let mut negotiate = draft.send(&mut dice()).unwrap();
        assert!(matches!(negotiate.finish(), Err(NegotiateError::NoProof)));
        let established = done(negotiate.reply(&captured(&format!("wire/gss-{case}-0-acc"))));
        assert!(established.proved, "{case}");
        // MIT's acceptor always chooses a key of its own.
        assert_ne!(Some(established.key), draft.authenticator.subkey.map(|key| Key::try_from(&key).unwrap()));
    }
}

#[test]
fn the_first_token_is_that_of_mit_up_to_what_is_sealed() {
    for case in ["krb5", "krb5mut", "spnego", "spnegocb", "spnegomut"] {
        let (ours, theirs) = (
            captured_draft(case, 18).send(&mut dice()).unwrap(),
            captured(&format!("wire/gss-{case}-0-init")),
        );
        let cipher = captured_draft(case, 18).ap_req(&mut dice()).unwrap().authenticator.cipher.len();
        let clear = theirs.len() - cipher;
        assert_eq!((ours.token().len(), &ours.token()[..clear]), (theirs.len(), &theirs[..clear]), "{case}");
    }
}

#[test]
fn a_service_of_mit_that_was_not_asked_for_proof_lets_in_without() {
    let mut negotiate = captured_draft("spnego", 18).send(&mut dice()).unwrap();
    assert!(!negotiate.finish().unwrap().proved);
    assert!(!done(negotiate.reply(&captured("wire/gss-spnego-0-acc"))).proved);
}

#[test]
fn a_proof_that_another_request_was_answered_with_is_not_believed() {
    let mut negotiate = captured_draft("spnegomut", 18).send(&mut dice()).unwrap();
    let stolen = negotiate.reply(&captured("wire/gss-spnegocb-0-acc"));
    assert!(matches!(stolen, Err(NegotiateError::OtherRequest | NegotiateError::Crypto(_))), "{stolen:?}");
}

#[test]
fn each_enctype_leads_to_a_token_that_the_service_opens_and_proves() {
    for enctype in Enctype::ALL {
        let options = NegotiateOptions::default();
        let mut negotiate = Negotiate::new(&credential(enctype), &options, now(), &mut dice()).unwrap();
        let acceptor = Acceptor::open_init(negotiate.token()).with_subkey();
        let proof = answer(NegState::AcceptCompleted, Some(&acceptor.ap_rep()), None);
        let established = done(negotiate.reply(&proof));
        assert!(established.proved && established.key == acceptor.subkey.unwrap());
    }
}

#[test]
fn a_client_asks_for_proof_in_both_places_or_in_none() {
    for mutual in [true, false] {
        let options = NegotiateOptions { mutual, ..NegotiateOptions::default() };
        let acceptor = Acceptor::open_init(begin(&options).token());
        let cksum = acceptor.authenticator.cksum.unwrap();
        let checksum = GssChecksum::read(&cksum.checksum).unwrap();
        assert_eq!(checksum.flags.contains(GssFlags::MUTUAL), mutual);
        assert_eq!(acceptor.options.bit(ap::MUTUAL_REQUIRED), mutual);
    }
}

#[test]
fn what_the_client_says_is_in_the_authenticator() {
    let options = NegotiateOptions {
        authorization_data: vec![ap_options(0x4000), client_target("HTTP/a@B")],
        bindings: Some([5; 16]),
        flags: GssFlags::CONF.with(GssFlags::INTEG),
        ..NegotiateOptions::default()
    };
    let inside = Acceptor::open_init(begin(&options).token()).authenticator;
    let cksum = inside.cksum.unwrap();
    let checksum = GssChecksum::read(&cksum.checksum).unwrap();
    assert_eq!((checksum.bindings, checksum.flags), ([5; 16], GssFlags(0x32)));
    assert_eq!(inside.ctime.seconds(), Some(1_795_328_385));
    assert_eq!(inside.cusec, 253_897);
    assert!(inside.subkey.is_some() && inside.seq_number.unwrap() < 1 << 30);

    let outer = inside.authorization_data.unwrap().0;
    assert_eq!((outer.len(), outer[0].ad_type), (1, ad_type::IF_RELEVANT));
    let [first, second] = &AuthorizationData::decode(&outer[0].ad_data).unwrap().0[..] else { panic!() };
    assert_eq!((first.ad_type, first.ad_data.as_octets()), (143, &b"\0\x40\0\0"[..]));
    assert_eq!((second.ad_type, second.ad_data.as_octets()), (144, &b"H\0T\0T\0P\0/\0a\0@\0B\0"[..]));
}

#[test]
fn a_bare_token_is_answered_by_a_bare_token() {
    let options = NegotiateOptions { mechs: Vec::new(), ..NegotiateOptions::default() };
    let mut negotiate = begin(&options);
    let acceptor = Acceptor::open(negotiate.token());
    assert!(done(negotiate.reply(&acceptor.ap_rep())).proved);
}

#[test]
fn windows_list_takes_either_oid_as_what_stands_first() {
    for chosen in [Mech::MsKrb5, Mech::Krb5] {
        let mechs = vec![Mech::MsKrb5, Mech::Krb5, Mech::Ntlm];
        let mut negotiate = begin(&NegotiateOptions { mechs, ..NegotiateOptions::default() });
        let proof = Acceptor::open_init(negotiate.token()).ap_rep();
        let answer = NegTokenResp {
            neg_state: Some(NegState::AcceptCompleted),
            supported_mech: Some(chosen.oid()),
            response_token: Some(&proof),
            mech_list_mic: None,
        };
        assert!(done(negotiate.reply(&answer.encode())).proved);
    }
}

/// Kerberos behind NTLM: the service asks for the token and for integrity codes, in further rounds.
#[test]
fn where_kerberos_is_not_first_both_sides_vouch_for_the_list() {
    for mutual in [true, false] {
        let mechs = vec![Mech::Ntlm, Mech::Krb5];
        let mut negotiate = begin(&NegotiateOptions { mechs, mutual, ..NegotiateOptions::default() });
        let token = negotiate.token().to_vec();
        let init = read_init(gss::unframe(&token).unwrap().inner).unwrap();
        assert!(init.mech_token.is_none() && negotiate.finish().is_err());
        let list = init.mech_types.der();

        let second = next(negotiate.reply(&answer(NegState::RequestMic, None, None)));
        let second = spnego::read_resp(&second).unwrap();
        assert_eq!(second.neg_state, Some(NegState::AcceptIncomplete));
        let acceptor = Acceptor::open(second.response_token.unwrap());
        if mutual {
            let acceptor = acceptor.with_subkey();
            assert_eq!(second.mech_list_mic, None, "its key is not known yet");
            let (proof, code) = (acceptor.ap_rep(), acceptor.sign(list));
            let third = next(negotiate.reply(&answer(NegState::AcceptIncomplete, Some(&proof), Some(&code))));
            let third = spnego::read_resp(&third).unwrap();
            assert_eq!((third.neg_state, third.response_token), (Some(NegState::AcceptCompleted), None));
            assert!(acceptor.verify(list, third.mech_list_mic.unwrap()).is_ok());
            // MIT's acceptor has nothing more to say then; others say that they are done.
            assert!(negotiate.finish().unwrap().proved);
            assert!(done(negotiate.reply(&answer(NegState::AcceptCompleted, None, None))).proved);
        } else {
            assert!(acceptor.verify(list, second.mech_list_mic.unwrap()).is_ok());
            let code = acceptor.sign(list);
            let last = negotiate.reply(&answer(NegState::AcceptCompleted, None, Some(&code)));
            assert!(!done(last).proved);
        }
    }
}

#[test]
fn a_service_that_passed_the_first_token_over_gets_it_again() {
    let mut negotiate = begin(&NegotiateOptions::default());
    let first = negotiate.token().to_vec();
    let first = read_init(gss::unframe(&first).unwrap().inner).unwrap().mech_token.unwrap();
    let second = next(negotiate.reply(&answer(NegState::RequestMic, None, None)));
    assert_eq!(spnego::read_resp(&second).unwrap().response_token, Some(first));
}

#[test]
fn a_service_may_ask_for_an_integrity_code_though_kerberos_is_first() {
    let mut negotiate = begin(&NegotiateOptions::default());
    let acceptor = Acceptor::open_init(negotiate.token()).with_subkey();
    let list = spnego::mech_list(&[Mech::Krb5]);
    let (proof, code) = (acceptor.ap_rep(), acceptor.sign(&list));
    let ours = next(negotiate.reply(&answer(NegState::RequestMic, Some(&proof), Some(&code))));
    let ours = spnego::read_resp(&ours).unwrap();
    assert!(acceptor.verify(&list, ours.mech_list_mic.unwrap()).is_ok());
}

#[test]
fn a_client_that_waits_for_nothing_can_vouch_at_once() {
    let options = NegotiateOptions { mutual: false, ..NegotiateOptions::default() };
    let mut draft = NegotiateDraft::new(&credential(SHA1), &options, now(), &mut dice()).unwrap();
    draft.mech_list_mic = true;
    let negotiate = draft.send(&mut dice()).unwrap();
    let init = read_init(gss::unframe(negotiate.token()).unwrap().inner).unwrap();
    let acceptor = Acceptor::open(init.mech_token.unwrap());
    assert!(acceptor.verify(init.mech_types.der(), init.mech_list_mic.unwrap()).is_ok());
}

#[test]
fn a_list_that_was_changed_on_its_way_is_found() {
    let mut negotiate = begin(&NegotiateOptions::default());
    let acceptor = Acceptor::open_init(negotiate.token());
    let code = acceptor.sign(&spnego::mech_list(&[Mech::Krb5, Mech::Ntlm]));
    let step = negotiate.reply(&answer(NegState::AcceptCompleted, Some(&acceptor.ap_rep()), Some(&code)));
    assert!(matches!(step, Err(NegotiateError::Gss(GssError::Mic))), "{step:?}");
}

#[test]
fn a_service_that_had_to_vouch_and_did_not_is_not_believed() {
    let mechs = vec![Mech::Ntlm, Mech::Krb5];
    let mut negotiate = begin(&NegotiateOptions { mechs, ..NegotiateOptions::default() });
    let second = next(negotiate.reply(&answer(NegState::AcceptIncomplete, None, None)));
    let acceptor = Acceptor::open(spnego::read_resp(&second).unwrap().response_token.unwrap());
    let step = negotiate.reply(&answer(NegState::AcceptCompleted, Some(&acceptor.ap_rep()), None));
    assert!(matches!(step, Err(NegotiateError::NoMechListMic)), "{step:?}");
}

/// Windows 2000 and its imitators.
#[test]
fn a_token_that_is_repeated_as_integrity_code_is_passed_over() {
    let mut negotiate = begin(&NegotiateOptions::default());
    let proof = Acceptor::open_init(negotiate.token()).ap_rep();
    assert!(done(negotiate.reply(&answer(NegState::AcceptCompleted, Some(&proof), Some(&proof)))).proved);
}

#[test]
fn a_service_without_proof_is_not_believed() {
    let mut negotiate = begin(&NegotiateOptions::default());
    let step = negotiate.reply(&answer(NegState::AcceptCompleted, None, None));
    assert!(matches!(step, Err(NegotiateError::NoProof)), "{step:?}");
}

/// Answers with a proof that `falsify` changed, sealed for `usage`.
fn falsified(usage: Usage, falsify: impl FnOnce(&mut EncApRepPart)) -> Result<Step, NegotiateError> {
    let mut negotiate = begin(&NegotiateOptions::default());
    let acceptor = Acceptor::open_init(negotiate.token());
    let mut proof = acceptor.proof();
    falsify(&mut proof);
    let token = acceptor.seal(usage, &proof);
    negotiate.reply(&answer(NegState::AcceptCompleted, Some(&token), None))
}

#[test]
fn a_proof_of_another_time_is_not_believed() {
    assert!(done(falsified(Usage::AP_REP, |_| {})).proved);
    for step in [
        falsified(Usage::AP_REP, |proof| proof.cusec += 1),
        falsified(Usage::AP_REP, |proof| proof.ctime = b"20200101000000Z".to_vec().into()),
    ] {
        assert!(matches!(step, Err(NegotiateError::OtherRequest)), "{step:?}");
    }
}

#[test]
fn a_proof_sealed_for_another_usage_is_not_believed() {
    let step = falsified(Usage::AP_REQ_AUTHENTICATOR, |_| {});
    assert!(matches!(step, Err(NegotiateError::Crypto(_))), "{step:?}");
}

#[test]
fn a_subkey_of_an_enctype_that_the_client_did_not_use_is_refused() {
    for (number, length) in [(23, 16), (17, 16), (20, 32)] {
        let step = falsified(Usage::AP_REP, |proof| {
            proof.subkey = Some(EncryptionKey::new(number, vec![0; length]));
        });
        let refused = matches!(step, Err(NegotiateError::SubkeyEnctype { number: found }) if found == i64::from(number));
        assert!(refused, "{step:?}");
    }
}

fn refusal() -> Vec<u8> {
    let error = KrbError {
        pvno: 5,
        msg_type: 30,
        ctime: None,
        cusec: None,
        stime: b"20260101000000Z".to_vec().into(),
        susec: 0,
        error_code: KRB_AP_ERR_SKEW,
        crealm: None,
        cname: None,
        realm: "CLIENT.TEST".into(),
        sname: service("et18.client.test"),
        e_text: None,
        e_data: None,
    };
    gss::frame(Mech::Krb5, &gss::with_id(TokenId::Error, &error.encode().unwrap()))
}

#[test]
fn the_services_own_reason_is_passed_on() {
    let bare = NegotiateOptions { mechs: Vec::new(), ..NegotiateOptions::default() };
    for step in [
        begin(&bare).reply(&refusal()),
        begin(&NegotiateOptions::default()).reply(&answer(NegState::Reject, Some(&refusal()), None)),
    ] {
        match step {
            Err(NegotiateError::Refused(refusal)) => assert_eq!(refusal.code, KRB_AP_ERR_SKEW),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_refusal_without_a_reason_is_one() {
    for token in [None, Some(&b"noise"[..]), Some(&b""[..])] {
        let step = begin(&NegotiateOptions::default()).reply(&answer(NegState::Reject, token, None));
        assert!(matches!(step, Err(NegotiateError::Rejected)), "{step:?}");
    }
}

#[test]
fn a_mechanism_that_is_not_kerberos_or_was_not_offered_is_refused() {
    for mech in [Mech::Ntlm, Mech::MsKrb5] {
        let mechs = vec![Mech::Krb5, Mech::Ntlm];
        let mut negotiate = begin(&NegotiateOptions { mechs, ..NegotiateOptions::default() });
        let supported_mech = Some(mech.oid());
        let neg_state = Some(NegState::AcceptIncomplete);
        let answer = NegTokenResp { neg_state, supported_mech, ..NegTokenResp::default() };
        let step = negotiate.reply(&answer.encode());
        assert!(
            matches!(step, Err(NegotiateError::OtherMech { mech: Some(found) }) if found == mech),
            "{step:?}"
        );
    }
}

#[test]
fn a_list_without_kerberos_is_not_sent() {
    let options = NegotiateOptions { mechs: vec![Mech::Ntlm], ..NegotiateOptions::default() };
    let refused = Negotiate::new(&credential(SHA1), &options, now(), &mut dice());
    assert!(matches!(refused, Err(NegotiateError::NoKerberos)));
}

#[test]
fn a_service_that_asks_for_ever_is_left() {
    let mut negotiate = begin(&NegotiateOptions { mutual: false, ..NegotiateOptions::default() });
    next(negotiate.reply(&answer(NegState::RequestMic, None, None)));
    let step = negotiate.reply(&answer(NegState::RequestMic, None, None));
    assert!(matches!(step, Err(NegotiateError::Unexpected)), "{step:?}");
}

#[test]
fn a_clock_before_1970_is_refused() {
    let now = UNIX_EPOCH - std::time::Duration::from_secs(1);
    let refused = Negotiate::new(&credential(SHA1), &NegotiateOptions::default(), now, &mut dice());
    assert!(matches!(refused, Err(NegotiateError::TimeOutOfRange)));
}

#[test]
fn debug_shows_no_octet_of_a_token() {
    let negotiate = begin(&NegotiateOptions::default());
    let shown = format!("{negotiate:?}");
    assert_eq!(shown, format!("Negotiate {{ token: {}, .. }}", negotiate.token().len()));
}

#[test]
fn another_message_is_refused_and_no_alteration_is_believed_or_panics() {
    let negotiate = || captured_draft("spnegomut", 18).send(&mut dice()).unwrap();
    let step = negotiate().reply(b"NTLMSSP\0");
    assert!(matches!(step, Err(NegotiateError::Spnego(SpnegoError::NotResp { .. }))), "{step:?}");
    let whole = captured("wire/gss-spnegomut-0-acc");
    for place in 0..whole.len() {
        let mut altered = whole.clone();
        altered[place] ^= 0x40;
        assert!(!matches!(negotiate().reply(&altered), Ok(Step::Send(_))), "{place}");
        assert!(negotiate().reply(&whole[..place]).is_err(), "{place}");
        // Behind the clear fields stands the proof itself.
        if place > 80 {
            assert!(negotiate().reply(&altered).is_err(), "{place}");
        }
    }
}
