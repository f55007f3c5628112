//! How Kerberos is agreed on, in one token, two or three (RFC 4178 sections 4.2 and 5).

use client::negotiate::NegotiateDraft;
use krb::{
    crypto::{Enctype, Key, Usage},
    gss::{
        self, Mech,
        mic::{self, MicFlags},
    },
    spnego::{self, MechTypes, NegState, NegTokenInit, NegTokenResp},
};
use tpg::{acceptor::Verdict, negotiation::Wrapping, refusal::Refusal};

use crate::forge::{Door, Forge, alice, key, state};

/// What other acceptors were seen to answer, octet by octet.
mod known {
    use krb::gss::Mech;

    /// `oRQwEqADCgEAoQsGCSqGSIb3EgECAg==` and its likes: the state, and the mechanism by the client's OID.
    pub(super) fn answer(state: u8, mech: Mech) -> Vec<u8> {
        let head = [0xa1, 0x14, 0x30, 0x12, 0xa0, 0x03, 0x0a, 0x01, state, 0xa1, 0x0b, 0x06, 0x09];
        [&head[..], mech.oid()].concat()
    }

    /// `oQcwBaADCgEC`.
    pub(super) const REJECT: [u8; 9] = [0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x02];
}

/// A first token with this list and this token in it.
fn init(mechs: &[Mech], token: Option<&[u8]>) -> Vec<u8> {
    let list = spnego::mech_list(mechs);
    let init =
        NegTokenInit { mech_types: MechTypes::read(&list).unwrap(), mech_token: token, mech_list_mic: None };
    gss::frame(Mech::Spnego, &init.encode())
}

/// The token of Kerberos alone.
fn inner(forge: &Forge) -> Vec<u8> {
    forge.token_with(|draft| draft.mechs.clear())
}

fn listing(mechs: &[Mech]) -> Forge {
    let mut forge = Forge::default();
    forge.options.mechs = mechs.to_vec();
    forge
}

#[test]
fn acceptance_is_the_twenty_two_octets_that_mit_answers() {
    let (_, reply) = Door::default().granted(&Forge::default().token());
    assert_eq!(reply.unwrap(), known::answer(0, Mech::Krb5));
}

#[test]
fn the_list_of_windows_is_accepted_and_answered_with_its_first_oid() {
    let forge = listing(&[Mech::MsKrb5, Mech::Krb5, Mech::NegoEx, Mech::Ntlm]);
    let (_, reply) = Door::default().granted(&forge.token());
    assert_eq!(reply.unwrap(), known::answer(0, Mech::MsKrb5));
}

/// Token and answer are those of `test_mskrb_oid` in MIT krb5 1.20.1, src/tests/gssapi/t_spnego.c.
#[test]
fn a_list_with_microsofts_oid_alone_is_accepted() {
    let (_, reply) = Door::default().granted(&listing(&[Mech::MsKrb5]).token());
    assert_eq!(reply.unwrap(), known::answer(0, Mech::MsKrb5));
}

#[test]
fn microsofts_oid_inside_is_refused_unless_it_is_allowed() {
    let forge = listing(&[Mech::MsKrb5]);
    let token = forge.token_with(|draft| draft.inner = Mech::MsKrb5);
    assert_eq!(Door::default().refused(&token), "ms_framing");
    Door::that(|policy| policy.allow_ms_framing = true).accepts(&token);
}

#[test]
fn other_mechanisms_inside_are_refused() {
    for (mech, word) in [(Mech::Iakerb, "iakerb_offered"), (Mech::Ntlm, "unknown_mechanism")] {
        let token = init(&[Mech::Krb5], Some(&gss::frame(mech, b"\x01\x00x")));
        assert_eq!(Door::default().refused(&token), word);
    }
}

#[test]
fn an_empty_list_is_refused() {
    // SEQUENCE { [0] SEQUENCE {} }.
    let token = gss::frame(Mech::Spnego, &[0xa0, 0x06, 0x30, 0x04, 0xa0, 0x02, 0x30, 0x00]);
    assert_eq!(Door::default().refused(&token), "negotiation");
}

#[test]
fn a_list_without_kerberos_is_refused_by_the_names_in_it() {
    for mech in [Mech::Ntlm, Mech::NegoEx] {
        let (refusal, reply, _) = Door::default().refusal(&init(&[mech], Some(b"NTLMSSP\0")));
        let Refusal::KerberosNotOffered { offered } = refusal else { panic!("{refusal:?}") };
        assert_eq!(offered.0, [mech.name()]);
        assert_eq!(reply.unwrap(), known::REJECT);
    }
}

#[test]
fn a_bad_ticket_is_rejected_in_nine_octets() {
    let forge = Forge { kvno: Some(1), key: key(Enctype::Aes256CtsHmacSha1_96, 0x99), ..Forge::default() };
    let (_, reply, found) = Door::default().refusal(&forge.token());
    assert_eq!(reply.unwrap(), known::REJECT);
    assert_eq!(found.wrapping, Some(Wrapping::Spnego(Mech::Krb5)));
}

#[test]
fn kerberos_without_a_token_is_asked_for_it() {
    for token in [None, Some(&b""[..])] {
        let (door, forge) = (Door::default(), Forge::default());
        let (reply, pending) = door.more(&init(&[Mech::Krb5], token), None);
        assert_eq!(reply, known::answer(1, Mech::Krb5));
        let inner = inner(&forge);
        let next = NegTokenResp { response_token: Some(&inner), ..NegTokenResp::default() }.encode();
        let judgement = door.judge(&next, Some(pending));
        assert!(matches!(judgement.verdict, Verdict::Granted { .. }), "{judgement:?}");
    }
}

#[test]
fn kerberos_as_second_choice_is_never_taken_from_the_first_token() {
    let (door, forge) = (Door::default(), Forge::default());
    let (reply, _) = door.more(&init(&[Mech::Ntlm, Mech::Krb5], Some(&inner(&forge))), None);
    assert_eq!(reply, known::answer(3, Mech::Krb5));
}

#[test]
fn kerberos_as_second_choice_takes_two_tokens_and_signatures_of_the_list() {
    let forge = listing(&[Mech::Ntlm, Mech::Krb5]);
    let (permit, _, sent) = Door::default().converse(forge.send(&forge.draft()));
    assert_eq!((permit.identity().client.clone(), sent), (alice(), 2));
}

#[test]
fn kerberos_as_second_choice_takes_three_tokens_with_mutual_authentication() {
    let mut forge = listing(&[Mech::NegoEx, Mech::MsKrb5, Mech::Krb5]);
    forge.options.mutual = true;
    let (permit, established, sent) = Door::default().converse(forge.send(&forge.draft()));
    assert_eq!((permit.identity().client.clone(), established.proved, sent), (alice(), true, 3));
}

#[test]
fn the_last_of_three_tokens_is_told_of_like_the_others() {
    let (door, mut client) = (Door::default(), third());
    let (reply, pending) = door.more(client.token(), None);
    let client::negotiate::Step::Send(second) = client.reply(&reply).unwrap() else { panic!() };
    let (reply, pending) = door.more(&second, Some(pending));
    assert_eq!(state(&reply), NegState::AcceptIncomplete);
    let client::negotiate::Step::Send(last) = client.reply(&reply).unwrap() else { panic!() };
    let judgement = door.judge(&last, Some(pending));
    assert!(matches!(judgement.verdict, Verdict::Granted { .. }));
    assert_eq!(judgement.found.client, Some(alice()));
}

/// A client of three tokens.
fn third() -> client::negotiate::Negotiate {
    let mut forge = listing(&[Mech::Ntlm, Mech::Krb5]);
    forge.options.mutual = true;
    forge.send(&forge.draft())
}

/// The second answer of a door to a client of three tokens, and what is pending then.
fn before_the_last(door: &Door) -> (client::negotiate::Negotiate, Vec<u8>, tpg::negotiation::Pending) {
    let mut client = third();
    let (reply, pending) = door.more(client.token(), None);
    let client::negotiate::Step::Send(second) = client.reply(&reply).unwrap() else { panic!() };
    let (reply, pending) = door.more(&second, Some(pending));
    (client, reply, pending)
}

#[test]
fn a_third_token_without_the_signature_is_refused() {
    let door = Door::default();
    let (_, _, pending) = before_the_last(&door);
    let last =
        NegTokenResp { neg_state: Some(NegState::AcceptCompleted), ..NegTokenResp::default() }.encode();
    let Verdict::Refused { refusal, .. } = door.judge(&last, Some(pending)).verdict else { panic!() };
    assert_eq!(refusal.word(), "mech_list_mic_missing");
}

#[test]
fn a_third_token_with_another_signature_is_refused() {
    let door = Door::default();
    let (mut client, reply, pending) = before_the_last(&door);
    let client::negotiate::Step::Send(mut last) = client.reply(&reply).unwrap() else { panic!() };
    *last.last_mut().unwrap() ^= 1;
    let Verdict::Refused { refusal, .. } = door.judge(&last, Some(pending)).verdict else { panic!() };
    assert_eq!(refusal.word(), "mech_list_mic");
}

#[test]
fn a_second_choice_without_the_signature_is_refused() {
    let (door, forge) = (Door::default(), Forge::default());
    let (_, pending) = door.more(&init(&[Mech::Ntlm, Mech::Krb5], None), None);
    let inner = inner(&forge);
    let next = NegTokenResp { response_token: Some(&inner), ..NegTokenResp::default() }.encode();
    let Verdict::Refused { refusal, .. } = door.judge(&next, Some(pending)).verdict else { panic!() };
    assert_eq!(refusal.word(), "mech_list_mic_missing");
    assert!(door.store.is_empty(), "it takes no room in the replay cache");
}

/// Signs the list of `draft` or another one.
fn signed(forge: &Forge, draft: &NegotiateDraft, usage: Usage, list: &[u8]) -> Vec<u8> {
    let key = Key::try_from(draft.authenticator.subkey.as_ref().unwrap()).unwrap();
    let code = mic::make(&key, usage, MicFlags::default(), 0, list).unwrap();
    let inner = forge.token_of(&NegotiateDraft { mechs: Vec::new(), ..draft.clone() });
    let own = spnego::mech_list(&draft.mechs);
    let init = NegTokenInit {
        mech_types: MechTypes::read(&own).unwrap(),
        mech_token: Some(&inner),
        mech_list_mic: Some(&code),
    };
    gss::frame(Mech::Spnego, &init.encode())
}

#[test]
fn a_signature_that_need_not_be_there_is_answered_with_ours() {
    for mutual in [false, true] {
        let mut forge = Forge::default();
        forge.options.mutual = mutual;
        let mut draft = forge.draft();
        draft.mech_list_mic = true;
        let (_, reply) = Door::default().granted(&forge.token_of(&draft));
        assert!(spnego::read_resp(&reply.unwrap()).unwrap().mech_list_mic.is_some());
        let mut draft = forge.draft();
        draft.mech_list_mic = true;
        let _ = Door::default().converse(forge.send(&draft));
    }
}

#[test]
fn a_signature_that_need_not_be_there_must_be_right() {
    let forge = listing(&[Mech::Krb5, Mech::Ntlm]);
    let draft = forge.draft();
    let list = spnego::mech_list(&draft.mechs);
    let others = spnego::mech_list(&[Mech::Krb5]);
    Door::default().accepts(&signed(&forge, &draft, Usage::GSS_INITIATOR_SIGN, &list));
    for token in [
        signed(&forge, &draft, Usage::GSS_INITIATOR_SIGN, &others),
        signed(&forge, &draft, Usage::GSS_ACCEPTOR_SIGN, &list),
        signed(&forge, &draft, Usage::GSS_INITIATOR_SIGN, &[&[0xa0, 0x18], &list[..]].concat()),
    ] {
        let door = Door::default();
        assert_eq!(door.refused(&token), "mech_list_mic");
        assert!(door.store.is_empty(), "it takes no room in the replay cache");
    }
}

#[test]
fn the_session_key_signs_where_there_is_no_subkey() {
    let forge = listing(&[Mech::Ntlm, Mech::Krb5]);
    let mut draft = forge.draft();
    draft.authenticator.subkey = None;
    let (permit, ..) = Door::default().converse(forge.send(&draft));
    assert_eq!(permit.identity().client, alice());
}

#[test]
fn a_list_cannot_be_signed_with_a_weak_key() {
    for weak in Enctype::WEAK {
        let forge = Forge::with_session(key(weak, 0x5e));
        let door = Door::that(|policy| policy.enctypes.weak = Enctype::WEAK.to_vec());
        door.accepts(&forge.token());
        let token = forge.token_with(|draft| draft.mech_list_mic = true);
        assert_eq!(door.refused(&token), "mech_list_mic_enctype");
        let (_, pending) = door.more(&init(&[Mech::Ntlm, Mech::Krb5], None), None);
        let inner = inner(&forge);
        let next = NegTokenResp { response_token: Some(&inner), ..NegTokenResp::default() }.encode();
        let Verdict::Refused { refusal, .. } = door.judge(&next, Some(pending)).verdict else { panic!() };
        assert_eq!(refusal.word(), "mech_list_mic_enctype");
    }
}

#[test]
fn our_sequence_numbers_start_where_the_clients_do_without_a_proof() {
    for (number, wanted) in [(Some(7), 7), (Some(-1), 0xffff_ffff), (None, 0), (Some(i64::MAX), 0)] {
        let forge = Forge::default();
        let mut draft = forge.draft();
        draft.mech_list_mic = true;
        draft.authenticator.seq_number = number;
        let (_, reply) = Door::default().granted(&forge.token_of(&draft));
        let reply = reply.unwrap();
        let code = spnego::read_resp(&reply).unwrap().mech_list_mic.unwrap();
        assert_eq!(u64::from_be_bytes(code[8..16].try_into().unwrap()), wanted);
    }
}

#[test]
fn a_first_token_begins_anew_whatever_is_pending() {
    let door = Door::default();
    let (_, pending) = door.more(&init(&[Mech::Krb5], None), None);
    let judgement = door.judge(&Forge::default().token(), Some(pending));
    assert!(matches!(judgement.verdict, Verdict::Granted { .. }));
}

#[test]
fn a_later_token_that_holds_nothing_is_refused() {
    let door = Door::default();
    for later in [NegTokenResp::default().encode(), vec![0xa1, 0x00], vec![0xa1]] {
        let (_, pending) = door.more(&init(&[Mech::Krb5], None), None);
        let Verdict::Refused { refusal, .. } = door.judge(&later, Some(pending)).verdict else { panic!() };
        assert!(matches!(refusal.word(), "framing" | "negotiation"), "{refusal}");
    }
}
