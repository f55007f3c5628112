//! Tokens that were changed on the way, and noise: nothing panics, and nobody is let in by chance.

use krb::{
    crypto::{Usage, UsageKeys},
    flags::Flags,
    gss::{self, Mech, TokenId},
    msg::ap::ApReq,
    spnego,
};
use proptest::prelude::*;
use tpg::acceptor::Verdict;

use crate::forge::{Door, Forge, alice};

/// Where `part` stands in `whole`.
fn place(whole: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let start = whole.windows(part.len()).position(|window| window == part).unwrap();
    start..start + part.len()
}

/// What nothing protects, by RFC 4120 sections 5.3 and 5.5.1: who changes it changes who is answered and how, and
/// never who is let in.
fn unprotected(forge: &Forge, token: &[u8]) -> Vec<(&'static str, std::ops::Range<usize>)> {
    let ticket = forge.ticket();
    let options = bit_string(&forge.draft().ap_options);
    let list = spnego::mech_list(&forge.options.mechs);
    let mut octets = vec![
        ("the name of the service in the ticket", place(token, &ticket.sname.encode().unwrap())),
        // [1] INTEGER 1, before the ciphertext.
        ("the key version in the ticket", place(token, &[0xa1, 3, 2, 1, 1, 0xa2])),
        ("the options of the AP-REQ", place(token, &options)),
    ];
    if !forge.options.mechs.is_empty() {
        // One flip makes Microsoft's OID of the standard one. Nothing is chosen by it.
        octets.push(("the list of mechanisms, unless it is signed", place(token, &list)));
    }
    octets
}

/// The BIT STRING of options.
fn bit_string(options: &Flags) -> Vec<u8> {
    [&[0x03, 0x05, 0x00][..], &options.word().to_be_bytes()].concat()
}

fn each_flipped(forge: &Forge) {
    let token = forge.token();
    let unprotected = unprotected(forge, &token);
    for (at, bit) in (0..token.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut flipped = token.clone();
        flipped[at] ^= 1 << bit;
        let door = Door::default();
        if let Verdict::Granted { permit, .. } = door.judge(&flipped, None).verdict {
            assert_eq!(permit.identity().client, alice());
            let known = unprotected.iter().any(|(_, octets)| octets.contains(&at));
            assert!(known, "bit {bit} of octet {at} ({:02x}) is not protected", token[at]);
            assert_eq!(door.refused(&token), "replay");
        }
    }
}

#[test]
fn a_bare_token_with_any_bit_flipped_is_refused_but_for_what_nothing_protects() {
    let mut forge = Forge::mutual();
    forge.options.mechs.clear();
    each_flipped(&forge);
}

#[test]
fn a_negotiated_token_with_any_bit_flipped_is_refused_but_for_what_nothing_protects() {
    each_flipped(&Forge::default());
}

#[test]
fn a_signed_list_of_mechanisms_is_protected() {
    let forge = Forge::default();
    let token = forge.token_with(|draft| draft.mech_list_mic = true);
    let list = place(&token, &spnego::mech_list(&forge.options.mechs));
    for (at, bit) in list.flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut flipped = token.clone();
        flipped[at] ^= 1 << bit;
        let judgement = Door::default().judge(&flipped, None);
        assert!(!matches!(judgement.verdict, Verdict::Granted { .. }), "bit {bit} of octet {at}");
    }
}

/// Changes of a few octets: where, as a part of the whole, and to what.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
}

fn edited(mut octets: Vec<u8>, edits: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (at, octet) in edits {
        let at = at.index(octets.len());
        octets[at] = *octet;
    }
    octets
}

proptest! {
    #[test]
    fn noise_is_refused_without_panic(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        let door = Door::default();
        door.refusal(&octets);
        for mech in Mech::ALL {
            let judgement = door.judge(&gss::frame(mech, &octets), None);
            let granted = matches!(judgement.verdict, Verdict::Granted { .. });
            prop_assert!(!granted);
        }
    }

    #[test]
    fn a_ticket_that_says_anything_is_judged_without_panic(edits in edits()) {
        let forge = Forge::mutual();
        let ticket = forge.ticket_of(&edited(forge.part.encode().unwrap(), &edits));
        let judgement = Door::default().judge(&forge.token_of(&forge.draft_of(ticket)), None);
        if let Verdict::Granted { permit, .. } = judgement.verdict {
            prop_assert_eq!(&permit.identity().client.name.name_string, &alice().name.name_string);
        }
    }

    #[test]
    fn an_authenticator_that_says_anything_is_judged_without_panic(edits in edits()) {
        let forge = Forge::mutual();
        let draft = forge.draft();
        let plain = edited(draft.authenticator.encode().unwrap(), &edits);
        let keys = UsageKeys::derive(&draft.session, Usage::AP_REQ_AUTHENTICATOR).unwrap();
        let request = ApReq::new(draft.ap_options.clone(), draft.ticket.clone(), keys.seal_data(&[7; 16], &plain));
        let token = gss::frame(Mech::Krb5, &gss::with_id(TokenId::ApReq, &request.encode().unwrap()));
        if let Verdict::Granted { permit, .. } = Door::default().judge(&token, None).verdict {
            prop_assert_eq!(permit.identity().client.clone(), alice());
        }
    }
}
