//! The AP-REQ: its versions, its type and its options (RFC 4120 sections 3.2.3 and 5.5.1).

use krb::{
    crypto::Usage,
    flags::{Flags, ap},
    gss::{self, Mech, TokenId},
    msg::ap::ApReq,
};

use crate::forge::{Door, Forge, code};

/// A token with the request that this makes of an honest one, from a client that reads errors.
fn token(change: impl FnOnce(&mut ApReq)) -> Vec<u8> {
    let mut forge = Forge::mutual();
    forge.options.mechs.clear();
    let mut request = forge.draft().ap_req(&mut |octets: &mut [u8]| forge.dice.fill(octets)).unwrap();
    change(&mut request);
    gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, &request.encode().unwrap()))
}

#[test]
fn another_version_of_the_protocol_is_refused() {
    for version in [4, 6, -5] {
        assert_eq!(Door::default().refused(&token(|request| request.pvno = version)), "version");
        assert_eq!(Door::default().refused(&token(|request| request.ticket.tkt_vno = version)), "version");
    }
}

#[test]
fn another_type_of_message_is_refused() {
    assert_eq!(Door::default().refused(&token(|request| request.msg_type = 15)), "message_type");
}

#[test]
fn a_ticket_under_a_session_key_is_refused() {
    let token =
        token(|request| request.ap_options = Flags::with(&[ap::USE_SESSION_KEY, ap::MUTUAL_REQUIRED]));
    assert_eq!(Door::default().refused(&token), "user_to_user");
}

#[test]
fn options_that_mean_nothing_are_passed_over() {
    let all: Vec<u8> = (2..32).chain([0]).collect();
    Door::default().accepts(&token(|request| request.ap_options = Flags::with(&all)));
}

#[test]
fn what_is_no_ap_req_is_malformed() {
    for octets in [&b""[..], b"\x6e\x00", b"\x6e\x02\x30\x00", b"\x30\x00", b"\x6e\x80\x00\x00"] {
        let token = gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, octets));
        assert_eq!(Door::default().refused(&token), "malformed");
    }
}

#[test]
fn a_refusal_before_anything_is_opened_is_told_by_its_code() {
    // The options are read after the version: of these the client learns only by asking for mutual authentication
    // in a request that can be read.
    let door = Door::default();
    let other = token(|request| request.ticket.realm = "OTHER.TEST".into());
    assert_eq!(code(door.refusal(&other).1), Some(35));
}

#[test]
fn an_authenticator_for_a_tgs_opens_nothing_here() {
    let mut forge = Forge::default();
    forge.options.mechs.clear();
    let draft = forge.draft();
    let keys = krb::crypto::UsageKeys::derive(&draft.session, Usage::TGS_REQ_AUTHENTICATOR).unwrap();
    let sealed = keys.seal_data(&[1; 16], &draft.authenticator.encode().unwrap());
    let request = ApReq::new(draft.ap_options.clone(), draft.ticket.clone(), sealed);
    let token = gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, &request.encode().unwrap()));
    assert_eq!(Door::default().refused(&token), "bad_authenticator");
}
