//! Negotiation tokens: real ones, each malformed shape, and our own read again.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::captured::{hex, mit};
use crate::der::DerError;
use crate::gss::{self, GssError, Mech, TokenId};

fn init(token: &[u8]) -> NegTokenInit<'_> {
    let framed = gss::unframe(token).unwrap();
    assert_eq!(Mech::of(framed.oid), Some(Mech::Spnego));
    read_init(framed.inner).unwrap()
}

fn mechs(init: &NegTokenInit<'_>) -> Vec<Mech> {
    init.mech_types.iter().map(|oid| Mech::of(oid).unwrap()).collect()
}

/// A negotiation with this list of mechanisms and these octets as its further fields.
fn begin(list: &[u8], fields: &[u8]) -> Vec<u8> {
    let list = element(der::context(0), list);
    element(INIT, &element(der::SEQUENCE, &[&list, fields].concat()))
}

/// What Windows sends: both OIDs of Kerberos and NTLM, around an AP-REQ under the standard OID.
fn windows() -> Vec<u8> {
    let list = mech_list(&[Mech::MsKrb5, Mech::Krb5, Mech::Ntlm]);
    let inner = mit("wire/gss-krb5mut-0-init");
    let mech_types = MechTypes::read(&list).unwrap();
    let init = NegTokenInit { mech_types, mech_token: Some(&inner), mech_list_mic: None };
    gss::frame(Mech::Spnego, &init.encode())
}

fn krb5() -> Vec<u8> {
    mech_list(&[Mech::Krb5])
}

#[test]
fn mit_lists_kerberos_alone() {
    for case in ["spnego", "spnegocb", "spnegomut", "spnegosha2"] {
        let token = mit(&format!("wire/gss-{case}-0-init"));
        let init = init(&token);
        assert_eq!((mechs(&init), init.mech_list_mic), (vec![Mech::Krb5], None));
        let inner = gss::unframe(init.mech_token.unwrap()).unwrap();
        assert_eq!(inner.oid, Mech::Krb5.oid());
        assert_eq!(gss::split_id(inner.inner).unwrap().0, TokenId::ApReq);
        assert_eq!(gss::frame(Mech::Spnego, &init.encode()), token);
    }
}

#[test]
fn windows_lists_microsofts_oid_first_and_frames_its_token_with_the_standard_one() {
    let token = windows();
    let list = hex("a024302206092a864882f71201020206092a864886f712010202060a2b06010401823702020a");
    assert!(token.windows(list.len()).any(|octets| octets == list));
    let init = init(&token);
    assert_eq!(mechs(&init), [Mech::MsKrb5, Mech::Krb5, Mech::Ntlm]);
    let inner = gss::unframe(init.mech_token.unwrap()).unwrap();
    assert_eq!(inner.oid, Mech::Krb5.oid());
}

#[test]
fn dce_puts_a_naked_ap_req_into_the_negotiation() {
    let token = mit("wire/gss-spnegodce-0-init");
    assert_eq!(gss::unframe(init(&token).mech_token.unwrap()), Err(GssError::NakedApReq));
}

#[test]
fn the_answers_of_mit_are_read_and_written_to_the_octet() {
    for (name, state, mech, length) in [
        ("spnego-0-acc", NegState::AcceptCompleted, Some(Mech::Krb5), None),
        ("spnegomut-0-acc", NegState::AcceptCompleted, Some(Mech::Krb5), Some(170)),
        ("spnegodce-0-acc", NegState::AcceptIncomplete, Some(Mech::Krb5), Some(154)),
        ("spnegodce-1-init", NegState::AcceptIncomplete, None, Some(105)),
        ("spnegodce-1-acc", NegState::AcceptCompleted, None, None),
    ] {
        let token = mit(&format!("wire/gss-{name}"));
        let resp = read_resp(&token).unwrap();
        assert_eq!((resp.neg_state, resp.supported_mech), (Some(state), mech.map(Mech::oid)), "{name}");
        assert_eq!((resp.response_token.map(<[u8]>::len), resp.mech_list_mic), (length, None), "{name}");
        assert_eq!(resp.encode(), token, "{name}");
    }
}

/// The answers that mod_auth_gssapi gives to a client that asks for no proof of the server.
#[test]
fn answers_without_a_token_are_these_octets() {
    use NegState::{AcceptCompleted, AcceptIncomplete, Reject};
    for (state, mech, octets) in [
        (AcceptCompleted, Some(Mech::Krb5), "a1143012a0030a0100a10b06092a864886f712010202"),
        (AcceptCompleted, Some(Mech::MsKrb5), "a1143012a0030a0100a10b06092a864882f712010202"),
        (AcceptIncomplete, Some(Mech::Krb5), "a1143012a0030a0101a10b06092a864886f712010202"),
        (Reject, None, "a1073005a0030a0102"),
    ] {
        let resp = NegTokenResp {
            neg_state: Some(state),
            supported_mech: mech.map(Mech::oid),
            ..NegTokenResp::default()
        };
        assert_eq!(resp.encode(), hex(octets));
    }
}

#[test]
fn the_integrity_code_is_over_the_list_without_its_context_tag() {
    let token = windows();
    let list = init(&token).mech_types.der();
    assert_eq!(list, mech_list(&[Mech::MsKrb5, Mech::Krb5, Mech::Ntlm]));
    assert_eq!(list.as_ptr(), token[22..].as_ptr(), "the octets that arrived, not a copy");
}

/// Taking the first of an empty list was a remote panic in gokrb5.
#[test]
fn an_empty_list_of_mechanisms_is_refused() {
    assert_eq!(read_init(&begin(&[0x30, 0], &[])), Err(SpnegoError::NoMechs));
    assert_eq!(MechTypes::read(&mech_list(&[])), Err(SpnegoError::NoMechs));
}

#[test]
fn a_list_may_be_as_long_as_the_limit_and_no_longer() {
    let list = |count| mech_list(&vec![Mech::Krb5; count]);
    assert_eq!(MechTypes::read(&list(MAX_MECHS)).unwrap().iter().count(), MAX_MECHS);
    assert_eq!(MechTypes::read(&list(MAX_MECHS + 1)), Err(SpnegoError::TooManyMechs));
}

#[test]
fn a_mechanism_with_an_oid_as_long_as_nobody_needs_is_refused() {
    let list = |length: u8| [&[0x30, length + 2, 6, length][..], &vec![1; length.into()]].concat();
    assert!(MechTypes::read(&list(64)).is_ok());
    assert_eq!(MechTypes::read(&list(65)), Err(SpnegoError::Oid));
}

#[test]
fn a_mechanism_that_is_no_object_identifier_is_refused() {
    assert_eq!(read_init(&begin(&[0x30, 2, 6, 0], &[])), Err(SpnegoError::Oid));
    assert_eq!(read_init(&begin(&[0x30, 4, 6, 2, 0x2b, 0x86], &[])), Err(SpnegoError::Oid));
    let wrong = DerError::Tag { wanted: der::OBJECT_IDENTIFIER, found: der::OCTET_STRING };
    assert_eq!(read_init(&begin(&[0x30, 3, 4, 1, 0x2b], &[])), Err(SpnegoError::Encoding(wrong)));
}

#[test]
fn a_negotiation_without_a_list_is_refused() {
    let token = element(INIT, &element(der::SEQUENCE, &[]));
    assert_eq!(read_init(&token), Err(SpnegoError::Encoding(DerError::CutShort)));
}

#[test]
fn asked_for_flags_and_microsofts_hints_are_passed_over() {
    let flags = [0xa1, 4, 3, 2, 1, 0x7e];
    // MS-SPNG section 2.2.1: hintName is "not_defined_in_RFC4178@please_ignore".
    let name =
        element(der::context(0), &element(der::GENERAL_STRING, b"not_defined_in_RFC4178@please_ignore"));
    let hints = element(der::context(3), &element(der::SEQUENCE, &name));
    let mut code = Vec::new();
    push_octets(&mut code, der::context(4), Some(b"code"));

    let token = begin(&krb5(), &[&flags[..], &hints, &code].concat());
    let read = read_init(&token).unwrap();
    assert_eq!((mechs(&read), read.mech_token), (vec![Mech::Krb5], None));
    assert_eq!(read.mech_list_mic, Some(&b"code"[..]));

    let mut plain = Vec::new();
    push_octets(&mut plain, der::context(3), Some(b"code"));
    assert_eq!(read_init(&begin(&krb5(), &plain)).unwrap().mech_list_mic, Some(&b"code"[..]));
}

/// MIT krb5 1.20.1, src/tests/gssapi/t_spnego.c, `test_neghints`; its licence is in tests/data/krb5/NOTICE.
#[test]
fn the_hints_that_mit_gives_to_who_sends_nothing_are_read() {
    let framing = hex("604706062b0601050502a03d303b");
    let list = hex("a00d300b06092a864886f712010202");
    let hints = [&hex("a32a3028a0261b24")[..], b"not_defined_in_RFC4178@please_ignore"].concat();
    let token = [framing, list, hints].concat();
    let read = init(&token);
    assert_eq!((mechs(&read), read.mech_token, read.mech_list_mic), (vec![Mech::Krb5], None, None));
}

/// MIT krb5 1.20.1, src/tests/gssapi/t_spnego.c, `create_mskrb5_spnego_token`; its licence is in
/// tests/data/krb5/NOTICE.
#[test]
fn a_list_with_microsofts_oid_alone_is_read() {
    let list = hex("a00d300b06092a864882f712010202");
    let token = element(INIT, &element(der::SEQUENCE, &[&list[..], b"\xa2\x06\x04\x04ktok"].concat()));
    let read = read_init(&token).unwrap();
    assert_eq!((mechs(&read), read.mech_token), (vec![Mech::MsKrb5], Some(&b"ktok"[..])));
}

#[test]
fn an_empty_token_differs_from_none() {
    let token = begin(&krb5(), &[0xa2, 2, 4, 0]);
    assert_eq!(read_init(&token).unwrap().mech_token, Some(&b""[..]));
}

#[test]
fn fields_out_of_order_twice_or_unknown_are_refused() {
    for fields in [
        &[0xa3, 2, 4, 0, 0xa2, 2, 4, 0][..],
        &[0xa2, 2, 4, 0, 0xa2, 2, 4, 0],
        &[0xa5, 2, 4, 0],
        &[0xa2, 3, 4, 0, 0],
    ] {
        let trailing = SpnegoError::Encoding(DerError::Trailing);
        assert_eq!(read_init(&begin(&krb5(), fields)), Err(trailing), "{fields:02x?}");
    }
}

#[test]
fn one_kind_of_token_is_not_taken_for_the_other() {
    let (first, later) = (begin(&krb5(), &[]), hex("a1073005a0030a0102"));
    assert_eq!(read_init(&later), Err(SpnegoError::NotInit { found: Some(0xa1) }));
    assert_eq!(read_resp(&first), Err(SpnegoError::NotResp { found: Some(0xa0) }));
    assert_eq!(read_resp(&[]), Err(SpnegoError::NotResp { found: None }));
    let ntlm = NegToken::read(b"NTLMSSP\0");
    assert_eq!(ntlm, Err(SpnegoError::NotInit { found: Some(b'N') }));
    assert!(matches!(NegToken::read(&first), Ok(NegToken::Init(_))));
    assert!(matches!(NegToken::read(&later), Ok(NegToken::Resp(_))));
}

#[test]
fn a_state_that_does_not_exist_is_refused() {
    for state in ["a1073005a0030a0104", "a1063004a0020a00", "a1083006a0040a020000", "a1073005a0030a01ff"] {
        assert_eq!(read_resp(&hex(state)), Err(SpnegoError::NegState), "{state}");
    }
}

#[test]
fn octets_after_a_token_are_refused() {
    let trailing = SpnegoError::Encoding(DerError::Trailing);
    let first = [begin(&krb5(), &[]), vec![0]].concat();
    assert_eq!(read_init(&first), Err(trailing));
    assert_eq!(read_resp(&hex("a1073005a0030a010200")), Err(trailing));
    assert_eq!(read_resp(&hex("a1093005a0030a01020500")), Err(trailing));
}

#[test]
fn every_truncation_is_refused() {
    let token = windows();
    let inner = gss::unframe(&token).unwrap().inner;
    let answer = mit("wire/gss-spnegomut-0-acc");
    for whole in [inner, &answer] {
        assert!(NegToken::read(whole).is_ok());
        for end in 0..whole.len() {
            assert!(NegToken::read(&whole[..end]).is_err(), "{end}");
        }
    }
}

#[test]
fn debug_shows_no_octet_of_a_token() {
    let token = windows();
    let shown = format!("{:?}", init(&token));
    assert_eq!(
        shown,
        "NegTokenInit { mech_types: [Some(MsKrb5), Some(Krb5), Some(Ntlm)], mech_token: Some(719), \
         mech_list_mic: None }"
    );
}

fn octets() -> impl Strategy<Value = Option<Vec<u8>>> {
    proptest::option::of(vec(any::<u8>(), 0..300))
}

proptest! {
    #[test]
    fn reads_the_negotiation_it_began(
        list in vec(proptest::sample::select(&Mech::ALL[..]), 1..MAX_MECHS),
        (token, mic) in (octets(), octets()),
    ) {
        let list = mech_list(&list);
        let init = NegTokenInit {
            mech_types: MechTypes::read(&list).unwrap(),
            mech_token: token.as_deref(),
            mech_list_mic: mic.as_deref(),
        };
        let written = init.encode();
        prop_assert_eq!(NegToken::read(&written), Ok(NegToken::Init(init)));
    }

    #[test]
    fn reads_the_answer_it_wrote(
        state in 0_usize..5, mech in proptest::option::of(proptest::sample::select(&Mech::ALL[..])),
        (token, mic) in (octets(), octets()),
    ) {
        use NegState::{AcceptCompleted, AcceptIncomplete, Reject, RequestMic};
        let resp = NegTokenResp {
            neg_state: [AcceptCompleted, AcceptIncomplete, Reject, RequestMic].get(state).copied(),
            supported_mech: mech.map(Mech::oid),
            response_token: token.as_deref(),
            mech_list_mic: mic.as_deref(),
        };
        let written = resp.encode();
        prop_assert_eq!(NegToken::read(&written), Ok(NegToken::Resp(resp)));
    }

    #[test]
    fn altered_tokens_and_noise_never_panic_and_what_is_read_can_be_written(
        answer: bool, place: prop::sample::Index, octet: u8, noise in vec(any::<u8>(), 0..60),
    ) {
        let mut token = if answer { mit("wire/gss-spnegomut-0-acc") } else { windows() };
        let start = if answer { 0 } else { token.len() - gss::unframe(&token).unwrap().inner.len() };
        // The headers stand at the start; most of the rest is the ticket.
        let place = start + place.index(60);
        token[place] = octet;
        for octets in [&token[start..], &token[start..place], &noise] {
            if let Ok(read) = NegToken::read(octets) {
                let written = read.encode();
                prop_assert_eq!(NegToken::read(&written), Ok(read));
            }
        }
    }
}
