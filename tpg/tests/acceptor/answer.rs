//! What the client is answered: the proof, or the reason (RFC 4120 sections 3.2.4, 5.5.2 and 5.9.1).

use client::negotiate::NegotiateDraft;
use krb::{
    crypto::{Enctype, Key, Usage, UsageKeys},
    error_code::{KRB_AP_ERR_SKEW, KRB_AP_ERR_TKT_EXPIRED},
    flags::Flags,
    gss::{self, Mech, TokenId, checksum::GssFlags},
    msg::{ap::ApRep, opened::EncApRepPart},
    spnego::{self, NegState},
};

use crate::forge::{Door, Forge, NOW, code, gw, instant, krb_error, principal, state, time};

/// The AP-REP in a reply, opened as a client opens it: with the session key.
pub(crate) fn ap_rep(draft: &NegotiateDraft, reply: &[u8]) -> EncApRepPart {
    let keys = UsageKeys::derive(&draft.session, Usage::AP_REP).unwrap();
    EncApRepPart::decode(&keys.open_data(&sealed(reply).enc_part).unwrap()).unwrap()
}

fn sealed(reply: &[u8]) -> ApRep {
    let token = spnego::read_resp(reply).unwrap().response_token.unwrap();
    let framed = gss::unframe(token).unwrap();
    assert_eq!(Mech::of(framed.oid), Some(Mech::Krb5));
    let (id, message) = gss::split_id(framed.inner).unwrap();
    assert_eq!(id, TokenId::ApRep);
    ApRep::decode(message).unwrap()
}

#[test]
fn the_ap_rep_is_sealed_with_the_session_key() {
    let forge = Forge::mutual();
    let draft = forge.draft();
    let (_, reply) = Door::default().granted(&forge.token_of(&draft));
    let reply = reply.unwrap();
    let part = ap_rep(&draft, &reply);
    assert_eq!((part.ctime, part.cusec), (draft.authenticator.ctime, draft.authenticator.cusec));
    let subkey = Key::try_from(draft.authenticator.subkey.as_ref().unwrap()).unwrap();
    let keys = UsageKeys::derive(&subkey, Usage::AP_REP).unwrap();
    assert!(keys.open_data(&sealed(&reply).enc_part).is_err());
}

#[test]
fn the_proof_brings_a_fresh_subkey_and_a_sequence_number_with_room_to_grow() {
    let mut seen = Vec::new();
    let door = Door::default();
    for second in 0..20 {
        let forge = Forge { clock: instant(NOW + second, 0), ..Forge::mutual() };
        let draft = forge.draft();
        let (_, reply) = door.granted(&forge.token_of(&draft));
        let part = ap_rep(&draft, &reply.unwrap());
        let number = part.seq_number.unwrap();
        assert!((0..1 << 30).contains(&number));
        let subkey = part.subkey.unwrap();
        assert_eq!(subkey.keytype, 18);
        assert!(!seen.iter().any(|(other, key)| *other == number || *key == subkey));
        seen.push((number, subkey));
    }
}

#[test]
fn our_own_client_believes_the_proof_with_every_enctype() {
    for enctype in Enctype::ALL {
        let mut forge = Forge::of(enctype);
        forge.options.mutual = true;
        let (permit, established, sent) = Door::default().converse(forge.send(&forge.draft()));
        assert_eq!((permit.facts().mutual, established.proved, sent), (true, true, 1));
    }
}

#[test]
fn either_bit_asks_for_the_proof() {
    let forge = Forge::mutual();
    let mut by_option = forge.draft();
    by_option.authenticator.cksum = Forge::default().draft().authenticator.cksum;
    let mut by_flag = forge.draft();
    by_flag.ap_options = Flags::with(&[]);
    for draft in [by_option, by_flag] {
        let (permit, reply) = Door::default().granted(&forge.token_of(&draft));
        assert!(permit.facts().mutual);
        ap_rep(&draft, &reply.unwrap());
    }
}

#[test]
fn who_does_not_ask_for_a_proof_gets_none() {
    let (permit, reply) = Door::default().granted(&Forge::default().token());
    assert!(!permit.facts().mutual);
    assert_eq!(spnego::read_resp(&reply.unwrap()).unwrap().response_token, None);
}

/// A token whose ticket ended yesterday.
fn expired(mut forge: Forge) -> Vec<u8> {
    forge.part.endtime = time(NOW - 86_400);
    forge.token()
}

#[test]
fn a_refusal_is_told_by_a_krb_error_to_who_asks_for_mutual_authentication() {
    let (_, reply, _) = Door::default().refusal(&expired(Forge::mutual()));
    let reply = reply.unwrap();
    assert_eq!(state(&reply), NegState::Reject);
    let error = krb_error(&reply).unwrap();
    assert_eq!(error.error_code, KRB_AP_ERR_TKT_EXPIRED);
    assert_eq!(error.stime, time(NOW));
    assert_eq!(error.e_text, None, "the sentence is the operator's");
}

#[test]
fn either_bit_asks_for_the_krb_error() {
    let mut forge = Forge::mutual();
    forge.part.endtime = time(NOW - 86_400);
    assert_eq!(code(Door::default().refusal(&forge.token()).1), Some(KRB_AP_ERR_TKT_EXPIRED));
    // The flag of the checksum is known from the authenticator on.
    let forge = Forge::mutual();
    let token = forge.token_with(|draft| draft.ap_options = Flags::with(&[]));
    let door = Door::default();
    door.accepts(&token);
    assert_eq!(code(door.refusal(&token).1), Some(34));
}

#[test]
fn a_refusal_is_a_plain_rejection_without_mutual_authentication() {
    let (_, reply, _) = Door::default().refusal(&expired(Forge::default()));
    assert_eq!(code(reply), None);
}

#[test]
fn a_bare_token_is_refused_in_silence_or_by_a_bare_error() {
    let mut forge = Forge::default();
    forge.options.mechs.clear();
    assert_eq!(Door::default().refusal(&expired(forge)).1, None);
    let mut forge = Forge::mutual();
    forge.options.mechs.clear();
    let reply = Door::default().refusal(&expired(forge)).1.unwrap();
    assert_eq!((reply[0], code(Some(reply.clone()))), (0x60, Some(KRB_AP_ERR_TKT_EXPIRED)));
}

#[test]
fn a_krb_error_names_our_service_and_not_what_the_ticket_names() {
    let forge = Forge { service: principal(&["HTTP", "GW.TGG.TEST"], "TGG.TEST"), ..Forge::mutual() };
    let error = krb_error(&Door::default().refusal(&expired(forge)).1.unwrap()).unwrap();
    assert_eq!((error.sname, error.realm), (gw().name, gw().krb_realm));
    let forge = Forge { service: principal(&["host", "evil"], "TGG.TEST"), ..Forge::mutual() };
    let error = krb_error(&Door::default().refusal(&forge.token()).1.unwrap()).unwrap();
    assert_eq!((error.sname, error.cname), (gw().name, None));
}

#[test]
fn skew_is_answered_with_an_error_even_without_mutual() {
    let forge = Forge { clock: instant(NOW - 4000, 0), ..Forge::default() };
    let reply = Door::default().refusal(&forge.token()).1;
    let error = krb_error(&reply.unwrap()).unwrap();
    assert_eq!(
        (error.error_code, error.stime),
        (KRB_AP_ERR_SKEW, time(NOW)),
        "so the client can correct its clock"
    );
    let mut bare = Forge { clock: instant(NOW + 4000, 0), ..Forge::default() };
    bare.options.mechs.clear();
    assert_eq!(code(Door::default().refusal(&bare.token()).1), Some(KRB_AP_ERR_SKEW));
}

#[test]
fn our_own_client_understands_the_refusal() {
    let mut forge = Forge::mutual();
    forge.part.endtime = time(NOW - 86_400);
    let mut client = forge.send(&forge.draft());
    let reply = Door::default().refusal(client.token()).1.unwrap();
    let error = client.reply(&reply).unwrap_err();
    assert!(matches!(error, client::NegotiateError::Refused { .. }), "{error:?}");
}

#[test]
fn flags_of_the_context_that_ask_for_nothing_here_are_passed_over() {
    let mut forge = Forge::default();
    let flags = [
        GssFlags::REPLAY,
        GssFlags::SEQUENCE,
        GssFlags::CONF,
        GssFlags::IDENTIFY,
        GssFlags::EXTENDED_ERROR,
        GssFlags(0x8000_0000),
    ];
    forge.options.flags = flags.into_iter().fold(GssFlags::default(), GssFlags::with);
    Door::default().accepts(&forge.token());
}
