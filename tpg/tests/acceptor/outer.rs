//! What comes first in a token: framing, mechanisms, and what clients send in place of a ticket (RFC 2743 section
//! 3.1, RFC 4121 section 4.1).

use krb::{
    der,
    gss::{self, Mech, TokenId},
    spnego::NegTokenResp,
};
use tpg::policy::MAX_TOKEN;

use crate::forge::{Door, Forge, at_once};

/// A token that is refused before its framing is known gets no answer but the challenge.
fn refused_in_silence(token: &[u8]) -> &'static str {
    let (refusal, reply, _) = Door::default().refusal(token);
    assert_eq!(reply, None);
    refusal.word()
}

fn bare() -> Forge {
    let mut forge = Forge::default();
    forge.options.mechs.clear();
    forge
}

fn ap_req(forge: &Forge) -> Vec<u8> {
    forge.draft().ap_req(&mut |octets: &mut [u8]| forge.dice.fill(octets)).unwrap().encode().unwrap()
}

#[test]
fn ntlm_is_refused_by_its_name() {
    assert_eq!(refused_in_silence(b"NTLMSSP\0\x01\0\0\0"), "ntlm_offered");
}

#[test]
fn iakerb_is_refused_by_its_name() {
    assert_eq!(refused_in_silence(&gss::frame(Mech::Iakerb, b"\x05\x01")), "iakerb_offered");
}

#[test]
fn a_framed_mechanism_that_is_not_kerberos_is_not_offered() {
    assert_eq!(refused_in_silence(&gss::frame(Mech::Ntlm, b"x")), "kerberos_not_offered");
    assert_eq!(refused_in_silence(&gss::frame(Mech::NegoEx, b"x")), "kerberos_not_offered");
}

#[test]
fn a_mechanism_that_nobody_knows_is_refused() {
    let mut token = gss::frame(Mech::Krb5, b"x");
    token[12] ^= 1;
    assert_eq!(refused_in_silence(&token), "unknown_mechanism");
}

#[test]
fn a_negotiation_without_its_frame_is_refused() {
    let token = Forge::default().token();
    let inner = gss::unframe(&token).unwrap().inner;
    assert_eq!(refused_in_silence(inner), "framing");
}

#[test]
fn a_later_token_without_a_negotiation_is_refused() {
    assert_eq!(refused_in_silence(&NegTokenResp::default().encode()), "later_token");
}

#[test]
fn a_naked_ap_req_is_refused() {
    assert_eq!(refused_in_silence(&ap_req(&Forge::default())), "framing");
}

#[test]
fn no_token_and_what_is_none_are_refused() {
    for token in
        [&b""[..], b"x", b"\x60", b"\x60\x00", b"\x60\x05", b"\x60\x80\x00\x00", b"\x60\xff", b"\x30\x00"]
    {
        assert_eq!(refused_in_silence(token), "framing", "{token:02x?}");
    }
}

#[test]
fn octets_behind_the_token_are_refused() {
    for forge in [Forge::default(), bare()] {
        let mut token = forge.token();
        token.extend_from_slice(b"xx");
        assert_eq!(refused_in_silence(&token), "framing");
    }
}

#[test]
fn octets_behind_the_ap_req_are_refused() {
    let (door, forge) = (Door::default(), bare());
    let message = [ap_req(&forge), vec![0, 0]].concat();
    assert_eq!(door.refused(&gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, &message))), "malformed");
}

#[test]
fn a_length_in_more_octets_than_it_needs_is_refused() {
    let token = Forge::default().token();
    let [0x60, 0x82, high, low, ..] = token[..] else { panic!("another form of length") };
    let longer = [&[0x60, 0x83, 0, high, low], &token[4..]].concat();
    assert_eq!(refused_in_silence(&longer), "framing");
}

#[test]
fn a_token_that_is_cut_off_is_refused_wherever_it_is_cut() {
    for forge in [Forge::default(), bare()] {
        let (door, token) = (Door::default(), forge.token());
        for length in 0..token.len() {
            assert_eq!(door.refused(&token[..length]), "framing");
        }
        door.accepts(&token);
    }
}

#[test]
fn a_token_that_is_too_long_is_refused_unread() {
    assert_eq!(refused_in_silence(&vec![0x60; MAX_TOKEN + 1]), "too_long");
}

#[test]
fn a_token_of_the_greatest_length_is_read() {
    let mut octets = vec![0; MAX_TOKEN];
    octets[..1].copy_from_slice(&[der::application(0)]);
    assert_eq!(refused_in_silence(&octets), "framing");
}

#[test]
fn tags_in_tags_exhaust_nothing() {
    for tag in [0x60, 0x30, 0xa0, 0x6e] {
        let mut nested = Vec::new();
        for _ in 0..8000 {
            let mut outer = Vec::new();
            der::push_header(&mut outer, tag, nested.len());
            nested.splice(0..0, outer);
        }
        let token = gss::frame(Mech::Spnego, &nested);
        let refused = Door::default().refused(&token);
        assert!(matches!(refused, "negotiation" | "too_long"), "{refused}");
        let token = gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, &nested));
        let refused = Door::default().refused(&token);
        assert!(matches!(refused, "malformed" | "too_long"), "{refused}");
    }
}

#[test]
fn kerberos_without_a_negotiation_is_accepted_and_not_answered() {
    let (_, reply) = Door::default().granted(&bare().token());
    assert_eq!(reply, None);
}

#[test]
fn kerberos_without_a_negotiation_is_answered_by_a_bare_proof() {
    let mut forge = bare();
    forge.options.mutual = true;
    let (_, established, _) = Door::default().converse(forge.send(&forge.draft()));
    assert!(established.proved);
}

#[test]
fn microsofts_oid_around_a_token_is_accepted_only_where_it_is_allowed() {
    let token = bare().token_with(|draft| draft.inner = Mech::MsKrb5);
    assert_eq!(refused_in_silence(&token), "ms_framing");
    Door::that(|policy| policy.allow_ms_framing = true).accepts(&token);
}

#[test]
fn other_messages_of_the_mechanism_are_refused() {
    let (door, forge) = (Door::default(), bare());
    let message = ap_req(&forge);
    for id in [TokenId::ApRep, TokenId::Error, TokenId::Mic, TokenId::Wrap] {
        assert_eq!(door.refused(&gss::frame(Mech::Krb5, &gss::with_id(id, &message))), "framing");
    }
    // The others are a code and a wrapped message of RFC 1964.
    for unknown in [b"\x07\x07", b"\x01\x01", b"\x02\x01"] {
        for length in 0..message.len() {
            let token = gss::frame(Mech::Krb5, &[unknown, &message[..length]].concat());
            assert_eq!(door.refused(&token), "framing");
        }
    }
}

#[test]
fn the_future_of_a_judgement_can_move_between_threads() {
    fn moves<F: Future<Output = T> + Send, T>(future: F) -> T {
        at_once(future)
    }
    let (door, token) = (Door::default(), Forge::default().token());
    let seen = tpg::acceptor::Seen::default();
    let dice = |octets: &mut [u8]| door.dice.fill(octets);
    let judgement = moves(door.acceptor.accept(&token, None, &seen, &door.store, door.now, &dice));
    assert!(matches!(judgement.verdict, tpg::acceptor::Verdict::Granted { .. }));
}
