//! Encodings that peers really send, or might, next to what we make of them.

use krb::flags::Flags;
use krb::msg::MsgError;
use krb::msg::kdc::KdcReqBody;
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{Authenticator, EncApRepPart, EncKdcRepPart, LastReqEntry};
use krb::msg::opened::{EncAsRepPart, EncTgsRepPart, EncryptionKey};
use krb::name::{NT_PRINCIPAL, PrincipalName};
use krb::sealed::EncryptedData;
use krb::time::KerberosTime;

/// A DER element with a short or two-octet length.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    match u8::try_from(content.len()).unwrap() {
        short @ 0..=0x7F => octets.push(short),
        long => octets.extend([0x81, long]),
    }
    octets.extend_from_slice(content);
    octets
}

fn sequence(fields: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &fields.concat())
}

/// EncryptedData whose kvno has these content octets.
fn sealed_with_kvno(kvno: &[u8]) -> Vec<u8> {
    sequence(&[
        tlv(0xA0, &tlv(0x02, &[18])),
        tlv(0xA1, &tlv(0x02, kvno)),
        tlv(0xA2, &tlv(0x04, b"ciphertext")),
    ])
}

fn body() -> KdcReqBody {
    KdcReqBody {
        kdc_options: Flags::from(0),
        cname: Some(PrincipalName::new(NT_PRINCIPAL, ["alice"])),
        realm: "H4.TEST".into(),
        sname: Some(PrincipalName::krbtgt(&"H4.TEST".into())),
        from: None,
        till: KerberosTime::from_seconds(0).unwrap(),
        rtime: None,
        nonce: 1,
        etype: vec![18],
        addresses: None,
        enc_authorization_data: None,
        additional_tickets: None,
    }
}

fn error_at(stime: &str, susec: &[u8]) -> Vec<u8> {
    let fields = [
        tlv(0xA0, &tlv(0x02, &[5])),
        tlv(0xA1, &tlv(0x02, &[30])),
        tlv(0xA4, &tlv(0x18, stime.as_bytes())),
        tlv(0xA5, &tlv(0x02, susec)),
        tlv(0xA6, &tlv(0x02, &[60])),
        tlv(0xA9, &tlv(0x1B, b"H4.TEST")),
        tlv(0xAA, &sequence(&[tlv(0xA0, &tlv(0x02, &[0])), tlv(0xA1, &sequence(&[]))])),
    ];
    tlv(0x7E, &sequence(&fields))
}

fn name_with(component: &[u8]) -> Vec<u8> {
    sequence(&[tlv(0xA0, &tlv(0x02, &[1])), tlv(0xA1, &sequence(&[tlv(0x1B, component)]))])
}

#[test]
fn a_key_version_is_read_as_five_unsigned_octets_and_as_a_negative_number() {
    for (octets, kvno) in [
        (&[0x00, 0xFF, 0xFF, 0xFF, 0xFF][..], 0xFFFF_FFFF),
        (&[0x00, 0x80, 0x01, 0x00, 0x02], 0x8001_0002),
        // A read-only domain controller's number in the upper half.
        (&[0x80, 0x01, 0x00, 0x02], 0x8001_0002_i64 - 0x1_0000_0000),
        (&[0xFF], -1),
    ] {
        let octets = sealed_with_kvno(octets);
        let sealed = EncryptedData::decode(&octets).unwrap();
        assert_eq!(sealed.kvno, Some(kvno));
        assert_eq!(sealed.encode().unwrap(), octets);
    }
}

#[test]
fn a_nonce_of_either_kind_comes_back_as_it_was() {
    for nonce in [i64::from(i32::MIN), -1, 0, i64::from(i32::MAX), 0x8000_0000, 0xFFFF_FFFF] {
        let octets = KdcReqBody { nonce, ..body() }.encode().unwrap();
        let read = KdcReqBody::decode(&octets).unwrap();
        assert_eq!((read.nonce, read.encode().unwrap()), (nonce, octets));
    }
}

#[test]
fn a_sequence_number_of_either_kind_comes_back_as_it_was() {
    for seq_number in [-1, 0xFFFF_FFFF] {
        let part = EncApRepPart {
            ctime: KerberosTime::from_seconds(0).unwrap(),
            cusec: 0,
            subkey: None,
            seq_number: Some(seq_number),
        };
        assert_eq!(EncApRepPart::decode(&part.encode().unwrap()).unwrap(), part);
    }
}

#[test]
fn a_number_beyond_64_bits_is_refused() {
    assert!(EncryptedData::decode(&sealed_with_kvno(&[0x01, 0, 0, 0, 0, 0, 0, 0, 0])).is_err());
    assert!(EncryptedData::decode(&sealed_with_kvno(&[])).is_err());
}

#[test]
fn microseconds_out_of_range_are_left_to_the_caller() {
    for (octets, susec) in
        [(&[0][..], 0), (&[0x0F, 0x42, 0x3F], 999_999), (&[0x0F, 0x42, 0x40], 1_000_000), (&[0xFF], -1)]
    {
        let octets = error_at("20260101000000Z", octets);
        let error = KrbError::decode(&octets).unwrap();
        assert_eq!((error.susec, error.encode().unwrap()), (susec, octets));
    }
}

#[test]
fn a_name_is_kept_whether_or_not_it_is_text() {
    // Ü is C3 9C, and 用户 has octets 94 and 88: none of them is in the alphabet of a GeneralString.
    for component in ["Übung".as_bytes(), "用户".as_bytes(), b"\xFF\xFE", b"", b"a\0b"] {
        let octets = name_with(component);
        let name = PrincipalName::decode(&octets).unwrap();
        assert_eq!(name.name_string[0].as_octets(), component);
        assert_eq!(name.encode().unwrap(), octets);
    }
}

#[test]
fn a_name_may_have_no_component_at_all() {
    let octets = error_at("20260101000000Z", &[0]);
    assert_eq!(KrbError::decode(&octets).unwrap().sname.to_string(), "");
}

#[test]
fn a_name_in_another_string_type_is_refused() {
    for tag in [0x0C, 0x16, 0x04, 0x3B] {
        let octets = sequence(&[tlv(0xA0, &tlv(0x02, &[1])), tlv(0xA1, &sequence(&[tlv(tag, b"alice")]))]);
        assert!(PrincipalName::decode(&octets).is_err(), "{tag:02x}");
    }
}

#[test]
fn an_unknown_field_is_refused_and_not_dropped() {
    let mut fields = vec![tlv(0xA0, &tlv(0x02, &[18])), tlv(0xA2, &tlv(0x04, b"ciphertext"))];
    assert!(EncryptedData::decode(&sequence(&fields)).is_ok());
    fields.push(tlv(0xA3, &tlv(0x02, &[1])));
    assert!(matches!(EncryptedData::decode(&sequence(&fields)), Err(MsgError::Malformed(_))));
}

#[test]
fn a_field_that_is_missing_twice_there_or_out_of_order_is_refused() {
    let [etype, kvno, cipher] =
        [tlv(0xA0, &tlv(0x02, &[18])), tlv(0xA1, &tlv(0x02, &[1])), tlv(0xA2, &tlv(0x04, b"ciphertext"))];
    for fields in [
        vec![],
        vec![etype.clone()],
        vec![kvno.clone(), cipher.clone()],
        vec![etype.clone(), etype.clone(), cipher.clone()],
        vec![etype.clone(), kvno.clone(), kvno.clone(), cipher.clone()],
        vec![etype.clone(), cipher.clone(), kvno.clone()],
        vec![cipher, etype],
    ] {
        assert!(EncryptedData::decode(&sequence(&fields)).is_err(), "{fields:02x?}");
    }
}

#[test]
fn an_impossible_time_does_not_spoil_the_message() {
    for stime in ["00000000000000Z", "20161231235960Z", "99999999999999Z", "20260101000000.123Z", ""] {
        let octets = error_at(stime, &[0]);
        let error = KrbError::decode(&octets).unwrap();
        assert_eq!(error.stime.as_octets(), stime.as_bytes());
        assert_eq!(error.encode().unwrap(), octets);
    }
}

#[test]
fn flags_of_8_and_40_bits_come_back_as_they_were() {
    for octets in [vec![0x40], vec![0x40, 0, 0, 0x10, 0x80]] {
        let body = KdcReqBody { kdc_options: Flags::from(octets.clone()), ..body() };
        let written = body.encode().unwrap();
        let read = KdcReqBody::decode(&written).unwrap();
        assert_eq!((read.kdc_options.len(), read.kdc_options.bit(1)), (octets.len() * 8, true));
        assert_eq!(read.encode().unwrap(), written);
    }
}

#[test]
fn ber_lengths_and_padded_integers_are_read_and_written_as_der() {
    let strict = EncryptedData::decode(&sealed_with_kvno(&[1])).unwrap();
    let padded = sealed_with_kvno(&[0, 0, 0, 1]);
    let long_form = {
        let mut octets = vec![0x30, 0x82, 0x00];
        octets.extend_from_slice(&sealed_with_kvno(&[1])[1..]);
        octets
    };
    for lenient in [padded, long_form] {
        let read = EncryptedData::decode(&lenient).unwrap();
        assert_eq!(read, strict);
        assert_ne!(read.encode().unwrap(), lenient);
    }
}

#[test]
fn indefinite_lengths_and_strings_in_pieces_are_refused() {
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&sealed_with_kvno(&[1])[2..]);
    indefinite.extend([0, 0]);
    assert!(EncryptedData::decode(&indefinite).is_err());

    let pieces = sequence(&[tlv(0xA0, &tlv(0x02, &[18])), tlv(0xA2, &tlv(0x24, &tlv(0x04, b"ciphertext")))]);
    assert!(EncryptedData::decode(&pieces).is_err());
}

#[test]
fn an_identifier_that_hides_whether_it_holds_elements_is_refused() {
    let fields = |tag: u8, integer: u8| {
        sequence(&[tlv(tag, &tlv(integer, &[18])), tlv(0xA2, &tlv(0x04, b"ciphertext"))])
    };
    assert!(EncryptedData::decode(&fields(0xA0, 0x02)).is_ok());
    for octets in [fields(0x80, 0x02), fields(0xA0, 0x22)] {
        assert!(matches!(EncryptedData::decode(&octets), Err(MsgError::Malformed(_))), "{octets:02x?}");
    }

    let mut error = error_at("20260101000000Z", &[0]);
    error[0] = 0x5E;
    assert!(matches!(KrbError::decode(&error), Err(MsgError::Malformed(_))));
}

#[test]
fn a_tag_number_in_more_octets_than_it_needs_is_refused() {
    let mut octets = vec![0xBF, 0x00];
    octets.extend_from_slice(&tlv(0xA0, &tlv(0x02, &[18]))[1..]);
    let octets = sequence(&[octets, tlv(0xA2, &tlv(0x04, b"ciphertext"))]);
    assert!(matches!(EncryptedData::decode(&octets), Err(MsgError::Malformed(_))));
}

#[test]
fn a_length_beyond_the_input_is_refused_before_anything_is_reserved() {
    for octets in [
        &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF][..],
        &[0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x30, 0xFF],
        &[0x30, 0x01],
    ] {
        assert!(matches!(EncryptedData::decode(octets), Err(MsgError::Malformed(_))), "{octets:02x?}");
    }
}

#[test]
fn what_follows_a_message_is_counted_and_refused() {
    let mut octets = error_at("20260101000000Z", &[0]);
    octets.extend([0x30, 0x00]);
    assert!(matches!(KrbError::decode(&octets), Err(MsgError::Trailing { count: 2 })));
    assert_eq!(KrbError::decode(&octets).unwrap_err().to_string(), "2 octets follow the end of the message");
}

#[test]
fn the_opened_part_of_an_as_rep_may_have_the_tag_of_a_tgs_rep() {
    let part = EncKdcRepPart {
        key: EncryptionKey::new(18, vec![7; 32]),
        last_req: vec![LastReqEntry { lr_type: 0, lr_value: KerberosTime::from_seconds(0).unwrap() }],
        nonce: 42,
        key_expiration: None,
        flags: Flags::from(0),
        authtime: KerberosTime::from_seconds(1).unwrap(),
        starttime: None,
        endtime: KerberosTime::from_seconds(2).unwrap(),
        renew_till: None,
        srealm: "H4.TEST".into(),
        sname: PrincipalName::krbtgt(&"H4.TEST".into()),
        caddr: None,
        encrypted_pa_data: None,
    };
    let as_rep = EncAsRepPart(part.clone()).encode().unwrap();
    let tgs_rep = EncTgsRepPart(part.clone()).encode().unwrap();
    assert!(EncAsRepPart::decode(&tgs_rep).is_err() && EncTgsRepPart::decode(&as_rep).is_err());
    assert_eq!(EncKdcRepPart::decode(&as_rep).unwrap(), part);
    assert_eq!(EncKdcRepPart::decode(&tgs_rep).unwrap(), part);
}

#[test]
fn an_error_tells_what_the_reader_objected_to_without_the_octets() {
    let error = Authenticator::decode(b"\x62\x02\x30\x00secret").unwrap_err();
    assert!(std::error::Error::source(&error).is_some());
    assert!(!format!("{error} {error:?}").contains("secret"));
}
