//! Frames and what stands in them: real tokens, each malformed shape, and our own read again.

use proptest::collection::vec;
use proptest::prelude::*;

use super::checksum::{GssChecksum, GssFlags};
use super::*;
use crate::captured::{hex, mit};
use crate::der::DerError;

/// The first tokens that MIT krb5 sent.
fn first_tokens() -> Vec<Vec<u8>> {
    ["krb5", "krb5mut", "spnego", "spnegocb", "spnegodce", "spnegomut", "spnegosha2"]
        .map(|case| mit(&format!("wire/gss-{case}-0-init")))
        .to_vec()
}

#[test]
fn real_first_tokens_are_opened_and_closed_to_the_octet() {
    for token in first_tokens() {
        let framed = unframe(&token).unwrap();
        let mech = Mech::of(framed.oid).unwrap();
        assert!(matches!(mech, Mech::Krb5 | Mech::Spnego));
        assert_eq!(frame(mech, framed.inner), token);
    }
}

#[test]
fn a_bare_token_of_kerberos_holds_an_ap_req_and_its_answer_an_ap_rep() {
    for (name, id, tag) in
        [("gss-krb5mut-0-init", TokenId::ApReq, 0x6e), ("gss-krb5mut-0-acc", TokenId::ApRep, 0x6f)]
    {
        let token = mit(&format!("wire/{name}"));
        let framed = unframe(&token).unwrap();
        assert_eq!(framed.oid, Mech::Krb5.oid());
        let (found, message) = split_id(framed.inner).unwrap();
        assert_eq!((found, message[0]), (id, tag));
        assert_eq!(with_id(found, message), framed.inner);
    }
}

#[test]
fn what_clients_send_in_place_of_a_token_is_told_apart() {
    let ntlm = b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2";
    for (octets, refused) in [
        (&b""[..], GssError::Empty),
        (ntlm, GssError::Ntlm),
        (b"NTLMSSP", GssError::NoToken { found: b'N' }),
        (b"\xa0\x03\x30\x01\x00", GssError::Unframed),
        (b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02", GssError::NotFirst),
        (b"\x6e\x82\x02\xba", GssError::NakedApReq),
        (b"Basic", GssError::NoToken { found: b'B' }),
    ] {
        assert_eq!(unframe(octets), Err(refused), "{octets:02x?}");
    }
}

/// Heimdal's length arithmetic went below zero here (CVE-2022-3437).
#[test]
fn a_tag_and_a_length_and_nothing_else_is_no_token() {
    for octets in
        [&b"\x60"[..], b"\x60\x06", b"\x60\x84\xff\xff\xff\xff", b"\x60\x82\x01", b"\x60\x02\x06\x09"]
    {
        assert_eq!(unframe(octets), Err(GssError::Encoding(DerError::CutShort)), "{octets:02x?}");
    }
    assert_eq!(unframe(b"\x60\0"), Err(GssError::Encoding(DerError::CutShort)));
}

/// MIT krb5 1.20.1, src/tests/gssapi/t_invalid.c, `test_short_encapsulation`; its licence is in
/// tests/data/krb5/NOTICE.
#[test]
fn frames_that_end_within_their_headers_are_refused() {
    for octets in [&b"\x60"[..], b"\x60\x84", b"\x60\x40\x06", b"\x60\x40\x06\x09"] {
        assert_eq!(unframe(octets), Err(GssError::Encoding(DerError::CutShort)), "{octets:02x?}");
    }
}

#[test]
fn lengths_that_are_indefinite_not_minimal_or_reserved_are_refused() {
    let whole = frame(Mech::Krb5, b"inner");
    for length in [&b"\x80"[..], b"\x81\x10", b"\x82\x00\x10", b"\x85\0\0\0\0\x10", b"\xff"] {
        let token = [&[FIRST], length, &whole[2..]].concat();
        assert_eq!(unframe(&token), Err(GssError::Encoding(DerError::Length)), "{length:02x?}");
    }
}

#[test]
fn octets_after_the_token_are_refused() {
    let mut token = frame(Mech::Krb5, b"inner");
    token.extend_from_slice(b"\0\0");
    assert_eq!(unframe(&token), Err(GssError::Encoding(DerError::Trailing)));
}

#[test]
fn a_token_must_name_its_mechanism_first() {
    let refused = GssError::Encoding(DerError::Tag { wanted: der::OBJECT_IDENTIFIER, found: 0x30 });
    assert_eq!(unframe(b"\x60\x02\x30\x00"), Err(refused));
}

#[test]
fn two_thousand_nested_tokens_are_one_token() {
    let nested = (0..2_000).fold(Vec::new(), |inner, _| frame(Mech::Spnego, &inner));
    assert_eq!(unframe(&nested).map(|framed| framed.oid), Ok(Mech::Spnego.oid()));
}

#[test]
fn each_mechanism_has_one_oid_and_one_name() {
    for mech in Mech::ALL {
        assert_eq!(Mech::of(mech.oid()), Some(mech));
        assert_eq!(Mech::ALL.iter().filter(|other| other.name() == mech.name()).count(), 1);
    }
    assert_eq!(Mech::of(b""), None);
}

#[test]
fn an_unknown_token_id_is_refused() {
    assert_eq!(split_id(b"\x01\x01\x11\x00"), Err(GssError::TokenId { found: [1, 1] }));
    assert_eq!(split_id(b"\x01"), Err(GssError::CutShort));
    assert_eq!(GssError::TokenId { found: [1, 1] }.to_string(), "the token id 0101 is unknown");
}

/// Messages that RFC 1964 wraps for 3DES and RC4: the tokens of `tests` in MIT krb5 1.20.1,
/// src/tests/gssapi/t_invalid.c; its licence is in tests/data/krb5/NOTICE.
const RFC_1964: [&str; 2] = [
    "603f06092a864886f712010202020104000200ffffebf39a892457b8639525e86e8e79e62ecad3ff579f8cabefdd28102f93212ef252\
     b66fa8bb8a6daa6fb7f4d4",
    "603306092a864886f712010202020111001000ffff35d479f38c478f6e236f3ecc5e575c6a89f0a2034f0b5111ee897ed6f6b5d651",
];

/// Such a token in the mechanism's own octets, and the same as the code of a message, which has another id.
fn of_rfc_1964(token: &str) -> [Vec<u8>; 2] {
    let inner = unframe(&hex(token)).unwrap().inner.to_vec();
    let code = [&[1, 1], &inner[2..]].concat();
    [inner, code]
}

/// Short ones were read beyond their end by MIT krb5, and lengths went below zero (CVE-2014-4341).
#[test]
fn tokens_of_rfc_1964_are_refused_by_their_ids_whatever_their_length() {
    for token in RFC_1964 {
        let [wrapped, code] = of_rfc_1964(token);
        for length in 2..=wrapped.len() {
            assert_eq!(split_id(&wrapped[..length]), Err(GssError::TokenId { found: [2, 1] }));
            assert_eq!(split_id(&code[..length]), Err(GssError::TokenId { found: [1, 1] }));
        }
    }
}

/// The checksum of a captured authenticator, which starts behind `cksumtype`, in octets from the start.
fn captured_checksum(case: &str) -> Vec<u8> {
    let octets = mit(&format!("decrypted/gss-{case}-0-init-Authenticator"));
    let start = octets.windows(4).position(|window| window == b"\x04\x18\x10\0").unwrap() + 2;
    octets[start..start + 24].to_vec()
}

#[test]
fn what_mit_asks_for_is_read_from_its_checksum() {
    for (case, flags) in [("krb5", 0x130), ("spnego", 0x130), ("spnegomut", 0x132)] {
        let octets = captured_checksum(case);
        let read = GssChecksum::read(&octets).unwrap();
        assert_eq!((read.bindings, read.flags, read.delegated), ([0; 16], GssFlags(flags), None), "{case}");
        assert_eq!(read.encode(), octets);
    }
    assert!(GssFlags(0x132).contains(GssFlags::MUTUAL) && !GssFlags(0x130).contains(GssFlags::MUTUAL));
}

#[test]
fn bindings_that_mit_was_given_are_read_from_its_checksum() {
    let octets = captured_checksum("spnegocb");
    let read = GssChecksum::read(&octets).unwrap();
    assert_eq!(read.bindings.as_slice(), hex("7834a8d7ed064e94fb3285bad73e3b8c"));
    assert!(read.extensions.is_empty());
}

#[test]
fn a_checksum_shorter_than_its_fields_is_refused() {
    let whole = GssChecksum {
        bindings: [7; 16],
        flags: GssFlags::DELEG,
        delegated: Some(b"KRB-CRED"),
        extensions: b"",
    }
    .encode();
    assert!(GssChecksum::read(&whole).is_ok());
    for end in 0..whole.len() {
        assert_eq!(GssChecksum::read(&whole[..end]), Err(GssError::CutShort), "{end}");
    }
}

#[test]
fn a_checksum_with_bindings_of_another_length_is_refused() {
    for found in [0, 15, 17, u32::MAX] {
        let octets = [&found.to_le_bytes()[..], &[0; 40]].concat();
        assert_eq!(GssChecksum::read(&octets), Err(GssError::BindingsLength { found }));
    }
}

#[test]
fn another_delegation_option_is_refused() {
    let octets = hex("100000000000000000000000000000000000000001000000020000000000");
    assert_eq!(GssChecksum::read(&octets), Err(GssError::DelegationOption { found: 2 }));
}

#[test]
fn delegation_is_written_as_flag_and_message_or_not_at_all() {
    let long = vec![0; 0x1_0000];
    for (delegated, due) in [(None, false), (Some(&b"cred"[..]), true), (Some(&long[..]), false)] {
        let flags = if due { GssFlags::MUTUAL } else { GssFlags::MUTUAL.with(GssFlags::DELEG) };
        let octets = GssChecksum { bindings: [0; 16], flags, delegated, extensions: b"" }.encode();
        let read = GssChecksum::read(&octets).unwrap();
        assert_eq!((read.flags.contains(GssFlags::DELEG), read.delegated.is_some()), (due, due));
    }
}

#[test]
fn debug_shows_no_octet_of_what_is_delegated() {
    let checksum = GssChecksum {
        bindings: [0; 16],
        flags: GssFlags::DELEG,
        delegated: Some(b"secret"),
        extensions: b"",
    };
    assert!(format!("{checksum:?}").contains("delegated: Some(6)"));
}

proptest! {
    #[test]
    fn opens_what_it_closed(choice in 0_usize..6, inner in vec(any::<u8>(), 0..400)) {
        let mech = Mech::ALL[choice];
        let token = frame(mech, &inner);
        prop_assert_eq!(unframe(&token), Ok(Framed { oid: mech.oid(), inner: &inner }));
    }

    #[test]
    fn reads_the_checksum_it_wrote(
        bindings: [u8; 16],
        flags: u32,
        delegated in proptest::option::of(vec(any::<u8>(), 0..300)),
        extensions in vec(any::<u8>(), 0..40),
    ) {
        let flags = match delegated {
            Some(_) => GssFlags(flags).with(GssFlags::DELEG),
            None => GssFlags(flags).without(GssFlags::DELEG),
        };
        let checksum =
            GssChecksum { bindings, flags, delegated: delegated.as_deref(), extensions: &extensions };
        let written = checksum.encode();
        prop_assert_eq!(GssChecksum::read(&written), Ok(checksum));
    }

    #[test]
    fn altered_tokens_and_noise_never_panic(
        choice in 0_usize..7, place: prop::sample::Index, octet: u8, noise in vec(any::<u8>(), 0..60),
    ) {
        let mut token = first_tokens().swap_remove(choice);
        let place = place.index(token.len());
        token[place] = octet;
        for octets in [&token[..], &token[..place], &token[place..], &noise] {
            if let Ok(framed) = unframe(octets) {
                let _ = split_id(framed.inner);
            }
            let _ = (GssChecksum::read(octets), split_id(octets));
        }
    }
}

#[cfg(feature = "crypto")]
mod with_keys {
    //! Integrity codes.

    use super::*;
    use crate::crypto::{Enctype, Key, Usage};
    use crate::gss::mic::{self, MicFlags};

    const MESSAGE: &[u8] = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";

    fn key(enctype: Enctype) -> Key {
        Key::new(enctype, &vec![7; enctype.key_length()]).unwrap()
    }

    fn acceptors(key: &Key) -> Vec<u8> {
        mic::make(key, Usage::GSS_ACCEPTOR_SIGN, MicFlags::SENT_BY_ACCEPTOR, 0x0102_0304, MESSAGE).unwrap()
    }

    fn verify(key: &Key, flags: MicFlags, message: &[u8], token: &[u8]) -> Result<u64, GssError> {
        mic::verify(key, Usage::GSS_ACCEPTOR_SIGN, flags, message, token)
    }

    #[test]
    fn a_code_fits_and_gives_its_sequence_number() {
        for enctype in Enctype::ALL {
            let key = key(enctype);
            let token = acceptors(&key);
            assert_eq!(&token[..16], b"\x04\x04\x01\xff\xff\xff\xff\xff\0\0\0\0\x01\x02\x03\x04");
            assert_eq!(token.len(), 16 + enctype.checksum_length());
            assert_eq!(verify(&key, MicFlags::SENT_BY_ACCEPTOR, MESSAGE, &token), Ok(0x0102_0304));
        }
    }

    #[test]
    fn a_code_that_was_altered_anywhere_does_not_fit() {
        let key = key(Enctype::Aes256CtsHmacSha1_96);
        let token = acceptors(&key);
        for place in 0..token.len() {
            let mut altered = token.clone();
            altered[place] ^= 0x10;
            assert!(verify(&key, MicFlags::SENT_BY_ACCEPTOR, MESSAGE, &altered).is_err(), "{place}");
            assert!(verify(&key, MicFlags::SENT_BY_ACCEPTOR, MESSAGE, &token[..place]).is_err(), "{place}");
        }
    }

    #[test]
    fn a_code_over_another_message_or_under_another_key_does_not_fit() {
        let (one, other) = (key(Enctype::Aes256CtsHmacSha1_96), key(Enctype::Aes256CtsHmacSha384_192));
        let token = acceptors(&one);
        let flags = MicFlags::SENT_BY_ACCEPTOR;
        assert_eq!(verify(&one, flags, &MESSAGE[1..], &token), Err(GssError::Mic));
        assert_eq!(verify(&other, flags, MESSAGE, &token), Err(GssError::Mic));
        let initiators = mic::verify(&one, Usage::GSS_INITIATOR_SIGN, flags, MESSAGE, &token);
        assert_eq!(initiators, Err(GssError::Mic));
    }

    #[test]
    fn a_code_sent_back_to_whom_it_came_from_is_refused() {
        let key = key(Enctype::Aes128CtsHmacSha256_128);
        let refused = GssError::MicFlags { wanted: 0, found: 1 };
        assert_eq!(verify(&key, MicFlags::default(), MESSAGE, &acceptors(&key)), Err(refused));
    }

    /// With keys of RFC 4121 alone it made MIT krb5 follow a null pointer (CVE-2014-4342).
    #[test]
    fn a_code_of_rfc_1964_is_no_integrity_code() {
        for enctype in [Enctype::Aes128CtsHmacSha1_96, Enctype::ArcfourHmac] {
            for token in RFC_1964 {
                let [_, code] = of_rfc_1964(token);
                let refused = Err(GssError::TokenId { found: [1, 1] });
                assert_eq!(verify(&key(enctype), MicFlags::default(), MESSAGE, &code), refused);
            }
        }
    }

    #[test]
    fn another_token_of_kerberos_is_no_integrity_code() {
        let key = key(Enctype::Aes128CtsHmacSha256_128);
        let wrap = with_id(TokenId::Wrap, &[0; 40]);
        let refused = GssError::OtherTokenId { wanted: TokenId::Mic, found: TokenId::Wrap };
        assert_eq!(verify(&key, MicFlags::default(), MESSAGE, &wrap), Err(refused));
    }
}
