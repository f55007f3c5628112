//! Known answers for the whole room: the appendices of RFC 8009, the vectors
//! of MIT krb5, and tickets that a MIT KDC made.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::usage_keys::Purpose;
use super::*;
use crate::error_code::KDC_ERR_PREAUTH_REQUIRED;
use crate::msg::ap::ApReq;
use crate::msg::kdc::{AsRep, AsReq, TgsRep};
use crate::msg::krb_error::KrbError;
use crate::msg::opened::{EncKdcRepPart, EncTicketPart};
use crate::msg::padata::{EtypeInfo2, MethodData, PA_ENC_TIMESTAMP, PA_ETYPE_INFO2, PaData, PaEncTsEnc};
use crate::msg::ticket::Ticket;
use crate::name::{Principal, PrincipalName};
use crate::sealed::EncryptedData;

/// The octets that a string of hexadecimal digits stands for.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn key(number: i32, digits: &str) -> Key {
    Key::new(Enctype::try_from(number).unwrap(), &hex(digits)).unwrap()
}

const SHA256_KEY: &str = "3705d96080c17728a0e800eab6e0d23c";
const SHA384_KEY: &str = "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52";

fn sha256_key() -> Key {
    key(19, SHA256_KEY)
}

fn sha384_key() -> Key {
    key(20, SHA384_KEY)
}

/// MIT krb5 src/lib/crypto/crypto_tests/t_derive.c: Kc, Ke and Ki of usage 2
/// from the first two keys of RFC 3962 appendix B.
#[test]
fn keys_of_rfc_3962_derive_as_in_mit() {
    let small = key(17, "42263c6e89f4fc28b8df68ee09799f15");
    let large = key(18, "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161");
    for (base, purpose, expected) in [
        (&small, Purpose::Checksum, "34280a382bc92769b2da2f9ef066854b"),
        (&small, Purpose::Encryption, "5b14fc4e250e14ddf9dccf1af6674f53"),
        (&small, Purpose::Integrity, "4ed31063621684f09ae8d89991af3e8f"),
        (&large, Purpose::Checksum, "bfab388bdcb238e9f9c98d6a878304f04d30c82556375ac507a7a852790f4674"),
        (&large, Purpose::Encryption, "c7cfd9cd75fe793a586a542d87e0d1396f1134a104bb1a9190b8c90ada3ddf37"),
        (&large, Purpose::Integrity, "97151b4c76945063e2eb0529dc067d97d7bba90776d8126d91f34f3101aea8ba"),
    ] {
        let derived = aes_sha1::derive(base, &purpose.constant(Usage::TICKET)).unwrap();
        assert_eq!(derived.octets(), hex(expected));
    }
}

/// RFC 8009 appendix A, "Sample results for key derivation".
#[test]
fn the_published_derivations_of_rfc_8009_come_out() {
    for (base, purpose, expected) in [
        (sha256_key(), Purpose::Checksum, "b31a018a48f54776f403e9a396325dc3"),
        (sha256_key(), Purpose::Encryption, "9b197dd1e8c5609d6e67c3e37c62c72e"),
        (sha256_key(), Purpose::Integrity, "9fda0e56ab2d85e1569a688696c26a6c"),
        (sha384_key(), Purpose::Checksum, "ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d"),
        (
            sha384_key(),
            Purpose::Encryption,
            "56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49",
        ),
        (sha384_key(), Purpose::Integrity, "69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f"),
    ] {
        let expected = hex(expected);
        let derived = aes_sha2::derive(&base, &purpose.constant(Usage::TICKET), expected.len()).unwrap();
        assert_eq!(*derived, expected);
    }
}

/// RFC 8009 appendix A, "Sample encryptions", all of usage 2.
#[test]
fn the_published_encryptions_of_rfc_8009_come_out_and_open() {
    let six = "000102030405";
    let sixteen = "000102030405060708090a0b0c0d0e0f";
    let more = "000102030405060708090a0b0c0d0e0f1011121314";
    for (base, confounder, plaintext, expected) in [
        (
            sha256_key(),
            "7e5895eaf2672435bad817f545a37148",
            "",
            "ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718",
        ),
        (
            sha256_key(),
            "7bca285e2fd4130fb55b1a5c83bc5b24",
            six,
            "84d7f30754ed987bab0bf3506beb09cfb55402cef7e6877ce99e247e52d16ed4421dfdf8976c",
        ),
        (
            sha256_key(),
            "56ab21713ff62c0a1457200f6fa9948f",
            sixteen,
            "3517d640f50ddc8ad3628722b3569d2ae07493fa8263254080ea65c1008e8fc2\
             95fb4852e7d83e1e7c48c37eebe6b0d3",
        ),
        (
            sha256_key(),
            "a7a4e29a4728ce10664fb64e49ad3fac",
            more,
            "720f73b18d9859cd6ccb4346115cd336c70f58edc0c4437c5573544c31c813bc\
             e1e6d072c186b39a413c2f92ca9b8334a287ffcbfc",
        ),
        (
            sha384_key(),
            "f764e9fa15c276478b2c7d0c4e5f58e4",
            "",
            "41f53fa5bfe7026d91faf9be959195a058707273a96a40f0a01960621ac61274\
             8b9bbfbe7eb4ce3c",
        ),
        (
            sha384_key(),
            "b80d3251c1f6471494256ffe712d0b9a",
            six,
            "4ed7b37c2bcac8f74f23c1cf07e62bc7b75fb3f637b9f559c7f664f69eab7b60\
             92237526ea0d1f61cb20d69d10f2",
        ),
        (
            sha384_key(),
            "53bf8a0d105265d4e276428624ce5e63",
            sixteen,
            "bc47ffec7998eb91e8115cf8d19dac4bbbe2e163e87dd37f49beca92027764f6\
             8cf51f14d798c2273f35df574d1f932e40c4ff255b36a266",
        ),
        (
            sha384_key(),
            "763e65367e864f02f55153c7e3b58af1",
            more,
            "40013e2df58e8751957d2878bcd2d6fe101ccfd556cb1eae79db3c3ee86429f2\
             b2a602ac86fef6ecb647d6295fae077a1feb517508d2c16b4192e01f62",
        ),
    ] {
        let keys = UsageKeys::derive(&base, Usage::TICKET).unwrap();
        let confounder = hex(confounder).try_into().unwrap();
        let sealed = keys.seal(&confounder, &hex(plaintext));
        assert_eq!(sealed, hex(expected));
        assert_eq!(keys.open(&sealed).unwrap(), hex(plaintext));
    }
}

/// RFC 8009 appendix A, "Sample checksums"; for RFC 3962, which has none, MIT
/// krb5 src/lib/crypto/crypto_tests/t_cksums.c.
#[test]
fn the_published_checksums_come_out_and_verify() {
    let more = hex("000102030405060708090a0b0c0d0e0f1011121314");
    for (base, usage, message, expected) in [
        (sha256_key(), 2, &more[..], "d78367186643d67b411cba9139fc1dee"),
        (sha384_key(), 2, &more[..], "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a"),
        (
            key(17, "9062430c8cda3388922e6d6a509f5b7a"),
            3,
            b"eight nine ten eleven twelve thirteen",
            "01a4b088d45628f6946614e3",
        ),
        (
            key(18, "b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7"),
            4,
            b"fourteen",
            "e08739e3279e2903ec8e3836",
        ),
    ] {
        let checksum = ChecksumKey::derive(&base, Usage(usage)).unwrap();
        assert_eq!(checksum.make(message), hex(expected));
        assert_eq!(checksum.verify(message, &hex(expected)), Ok(()));
    }
}

/// MIT krb5 src/lib/crypto/crypto_tests/t_decrypt.c.
#[test]
fn messages_of_rfc_3962_that_mit_sealed_open() {
    for (number, base, usage, sealed, plaintext) in [
        (
            17,
            "5a5c0f0ba54f3828b2195e66ca24a289",
            0,
            "49ff8e11c173d9583a3254fbe7b1f1df36c538e8416784a1672e6676",
            "",
        ),
        (
            17,
            "98450e3f3baa13f5c99beb936981b06f",
            1,
            "f86742f537b35dc2174a4dbaa920faf9042090b065e1ebb1cad9a65394",
            "1",
        ),
        (
            17,
            "9062430c8cda3388922e6d6a509f5b7a",
            2,
            "68fb9679601f45c78857b2bf820fd6e53eca8d42fd4b1d7024a09205abb7cd2ec26c355d2f",
            "9 bytesss",
        ),
        (
            17,
            "033ee6502c54fd23e27791e987983827",
            3,
            "ec366d0327a933bf49330e650e49bc6b974637fe80bf532fe51795b4809718e6194724db948d1fd637",
            "13 bytes byte",
        ),
        (
            17,
            "dceeb70b3de76562e689226c76429148",
            4,
            "c96081032d5d8eeb7e32b4089f789d0faa481dea74c0f97cbf3146ddfcf8e800\
             156ecb532fc203e30ff600b63b350939fece510f02d7ff1e7bac",
            "30 bytes bytes bytes bytes byt",
        ),
        (
            18,
            "17f275f2954f2ed1f90c377ba7f4d6a369aa0136e0bf0c927ad6133c693759a9",
            0,
            "e5094c55ee7b38262e2b044280b069379a95bf95bd8376fb3281b435",
            "",
        ),
        (
            18,
            "b9477e1ff0329c0050e20ce6c72d2dff27e8fe541ab0954429a9cb5b4f7b1e2a",
            1,
            "406150b97aeb76d43b36b62cc1ecdfbe6f40e95755e0beb5c27825f3a4",
            "1",
        ),
        (
            18,
            "b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7",
            2,
            "09957aa25fcaf88f7b39e4406e633012d5fea21853f6478da7065caef41fd454a40824eec5",
            "9 bytesss",
        ),
        (
            18,
            "e5a72be9b7926c1225bafef9c1872e7ba4cdb2b17893d84abd90acdd8764d966",
            3,
            "d8f1aafeec84587cc3e700a774e56651a6d693e174ec4473b5e6d96f80297a653fb818ad893e719f96",
            "13 bytes byte",
        ),
        (
            18,
            "f1c795e9248a09338d82c3f8d5b567040b0110736845041347235b1404231398",
            4,
            "d1137a4d634cfece924dbc3bf6790648bd5cff7de0e7b99460211d0daef3d79a\
             295c688858f3b34b9cbd6eebae81daf6b734d4d498b6714f1c1d",
            "30 bytes bytes bytes bytes byt",
        ),
    ] {
        let keys = UsageKeys::derive(&key(number, base), Usage(usage)).unwrap();
        assert_eq!(keys.open(&hex(sealed)).unwrap(), plaintext.as_bytes());
    }
}

/// The keys of enctypes 17 to 20 in svc.keytab and child.keytab of
/// tests/data/mit-1.20.1, as `klist -Kek` prints them.
const SERVICE_KEYS: &[(&str, i32, &str)] = &[
    ("HTTP/gw.h4.test@H4.TEST", 18, "f3fbc539873ad31f0c021f65edc0595546a4dabb3d786506e2ef8d3f5cee0fb9"),
    ("HTTP/gw.h4.test@H4.TEST", 17, "3255e4ec8239231f0d28385703e87715"),
    ("HTTP/gw.h4.test@H4.TEST", 20, "e30af3b80b048854244eda037a0014ec8450baf4dcf0306568098320f0e836dc"),
    ("HTTP/gw.h4.test@H4.TEST", 19, "3f970bc9f90e6b9ddfa38e8947716ba1"),
    ("HTTP/sha2.h4.test@H4.TEST", 20, "d5a5b34c846e4af1fd070b0281560d3ef9476c403199d120582e34e658533d35"),
    ("HTTP/sha2a.h4.test@H4.TEST", 19, "629d5aef8291809ad8219a257bddb748"),
    ("HTTP/aes128.h4.test@H4.TEST", 17, "10dd211e6ac56b47ad85e417bb919c8b"),
    ("HTTP/deleg.h4.test@H4.TEST", 18, "9ae486517778f2ee063f314ab804b5ec3606f8e4e6abb1735e6ef6358c867ddb"),
    ("HTTP/deleg.h4.test@H4.TEST", 17, "b434de47645d7d43a9c2d9a54493484c"),
    ("HTTP/deleg.h4.test@H4.TEST", 20, "b61f4af28f5b9d742dbcd8ff7c788c61a74592bfd571d6f4c40965ee4127eae9"),
    ("HTTP/deleg.h4.test@H4.TEST", 19, "d4497fa56596db0d13084518597aa296"),
    ("krbtgt/H4.TEST@H4.TEST", 18, "8ad32a8e002d118f0d27fea5d85727ca9c1809de6b43e9edd362b86443e81caa"),
    ("krbtgt/H4.TEST@H4.TEST", 17, "306bdb591d83421b87d8838367798aa6"),
    ("krbtgt/H4.TEST@H4.TEST", 20, "bdd271c76f35dead3cec9b124e91cc234b1255c93c42fa0f9b2b6add74bd5726"),
    ("krbtgt/H4.TEST@H4.TEST", 19, "1e916e55e6d74cbd1b0c0b18478ad2c0"),
    ("krbtgt/CHILD.H4.TEST@H4.TEST", 18, "298b9feb49998927aef373ec8aca9f633e5758b1df4d5f232543929b4354acbb"),
    (
        "HTTP/web.child.h4.test@CHILD.H4.TEST",
        18,
        "1de265952ab4ca1683b4bf7890b4a3b73a9e7928ef9021e8930582677a163960",
    ),
    ("HTTP/web.child.h4.test@CHILD.H4.TEST", 19, "69982abb1e009d15cf4b15208061fb39"),
];

fn service_key(service: &Principal, number: i64) -> Key {
    let service = service.to_string();
    let (_, enctype, digits) = SERVICE_KEYS
        .iter()
        .find(|(name, enctype, _)| *name == service && i64::from(*enctype) == number)
        .unwrap_or_else(|| panic!("no key of {service} with enctype {number}"));
    key(*enctype, digits)
}

fn open(key: &Key, usage: Usage, sealed: &EncryptedData) -> Vec<u8> {
    UsageKeys::derive(key, usage).unwrap().open_data(sealed).unwrap()
}

fn open_ticket(ticket: &Ticket) -> Vec<u8> {
    let service = Principal { name: ticket.sname.clone(), krb_realm: ticket.realm.clone() };
    open(&service_key(&service, ticket.enc_part.etype), Usage::TICKET, &ticket.enc_part)
}

fn mit(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mit-1.20.1").join(path)
}

/// The names in decrypted/ that end in `ending`, without it.
fn stems(ending: &str) -> Vec<String> {
    fs::read_dir(mit("decrypted"))
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(ending)?.to_owned()))
        .collect()
}

/// The ticket in the recorded message that `stem` names.
fn recorded_ticket(stem: &str) -> Ticket {
    if let Ok(octets) = fs::read(mit(format!("decrypted/{stem}-ApReq.bin"))) {
        return ApReq::decode(&octets).unwrap().ticket;
    }
    let octets = fs::read(mit(format!("wire/{stem}.bin"))).unwrap();
    if stem.ends_with("app11") {
        AsRep::decode(&octets).unwrap().0.ticket
    } else {
        TgsRep::decode(&octets).unwrap().0.ticket
    }
}

/// Origin: tests/data/mit-1.20.1/README.md.
#[test]
fn every_ticket_that_mit_sealed_opens() {
    let mut opened = 0;
    for enctype in Enctype::ALL {
        let ending = format!("-et{}-EncTicketPart.bin", enctype.number());
        for stem in stems(&ending) {
            let expected = fs::read(mit(format!("decrypted/{stem}{ending}"))).unwrap();
            assert_eq!(open_ticket(&recorded_ticket(&stem)), expected, "{stem}");
            opened += 1;
        }
    }
    assert!(opened >= 35, "only {opened} tickets found");
}

/// Origin: tests/data/mit-1.20.1/README.md.
#[test]
fn every_authenticator_that_mit_sealed_opens() {
    let mut opened = 0;
    for stem in stems("-Authenticator.bin") {
        let request = fs::read(mit(format!("decrypted/{stem}-ApReq.bin"))).unwrap();
        let request = ApReq::decode(&request).unwrap();
        // RC4, which is not spoken here.
        if request.ticket.enc_part.etype == 23 || request.authenticator.etype == 23 {
            continue;
        }
        let part = EncTicketPart::decode(&open_ticket(&request.ticket)).unwrap();
        let session = Key::try_from(&part.key).unwrap();
        let usage =
            if stem.starts_with("gss") { Usage::AP_REQ_AUTHENTICATOR } else { Usage::TGS_REQ_AUTHENTICATOR };
        let expected = fs::read(mit(format!("decrypted/{stem}-Authenticator.bin"))).unwrap();
        assert_eq!(open(&session, usage, &request.authenticator), expected, "{stem}");
        opened += 1;
    }
    assert!(opened >= 20, "only {opened} authenticators found");
}

/// Origin: tests/data/mit-1.20.1/README.md, case encts: alice/alicepw.
#[test]
fn a_password_makes_the_key_that_mit_used() {
    let value_of = |padata: &[PaData], kind: i32| {
        padata.iter().find(|data| data.padata_type == kind).unwrap().padata_value.clone()
    };
    let wanted = KrbError::decode(&fs::read(mit("wire/005-encts-rep-app30.bin")).unwrap()).unwrap();
    assert_eq!(wanted.error_code, KDC_ERR_PREAUTH_REQUIRED);
    let methods = MethodData::decode(&wanted.e_data.unwrap()).unwrap().0;
    let info = EtypeInfo2::decode(&value_of(&methods, PA_ETYPE_INFO2)).unwrap();
    let entry = &info.0[0];
    let enctype = Enctype::try_from(entry.etype).unwrap();
    let salt = entry.salt.as_ref().map_or(&b"H4.TESTalice"[..], |salt| salt.as_octets());
    let alice = string_to_key(enctype, b"alicepw", salt, entry.s2kparams.as_deref()).unwrap();

    let request = AsReq::decode(&fs::read(mit("wire/006-encts-req-app10.bin")).unwrap()).unwrap();
    let proof = value_of(request.padata.as_ref().unwrap(), PA_ENC_TIMESTAMP);
    let time = open(&alice, Usage::PA_ENC_TIMESTAMP, &EncryptedData::decode(&proof).unwrap());
    assert!(PaEncTsEnc::decode(&time).unwrap().patimestamp.seconds().is_some());

    let answer = AsRep::decode(&fs::read(mit("wire/007-encts-rep-app11.bin")).unwrap()).unwrap();
    let part = EncKdcRepPart::decode(&open(&alice, Usage::AS_REP, &answer.enc_part)).unwrap();
    assert_eq!(part.nonce, request.req_body.nonce);
    assert_eq!(part.sname, PrincipalName::krbtgt(&"H4.TEST".into()));
}

/// Origin: tests/data/mit-1.20.1/README.md.
#[test]
fn a_ticket_opens_under_no_other_usage_and_no_other_key() {
    let ticket = recorded_ticket("043-tgs-gw-rep-app13");
    let gw = Principal { name: ticket.sname.clone(), krb_realm: ticket.realm.clone() };
    let right = service_key(&gw, 18);
    let wrong = key(18, &"5a".repeat(32));
    for (key, usage) in [(&right, Usage::AS_REP), (&wrong, Usage::TICKET)] {
        let keys = UsageKeys::derive(key, usage).unwrap();
        assert_eq!(keys.open(&ticket.enc_part.cipher), Err(CryptoError::Integrity));
    }
}

fn any_key() -> impl Strategy<Value = Key> {
    (prop::sample::select(&Enctype::ALL[..]), any::<[u8; 32]>())
        .prop_map(|(enctype, octets)| Key::new(enctype, &octets[..enctype.key_length()]).unwrap())
}

proptest! {
    #[test]
    fn what_was_sealed_opens(
        key in any_key(),
        usage: u32,
        confounder: [u8; 16],
        plaintext in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let keys = UsageKeys::derive(&key, Usage(usage)).unwrap();
        let sealed = keys.seal(&confounder, &plaintext);
        let longer = CONFOUNDER_LENGTH + key.enctype().checksum_length();
        prop_assert_eq!(sealed.len(), plaintext.len() + longer);
        prop_assert_eq!(keys.open(&sealed), Ok(plaintext));
    }

    #[test]
    fn what_was_altered_does_not_open(
        key in any_key(),
        plaintext in prop::collection::vec(any::<u8>(), 0..80),
        place: prop::sample::Index,
        flip in 1..=255u8,
    ) {
        let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
        let mut sealed = keys.seal(&[3; 16], &plaintext);
        let place = place.index(sealed.len());
        sealed[place] ^= flip;
        prop_assert_eq!(keys.open(&sealed), Err(CryptoError::Integrity));
    }

    #[test]
    fn what_was_cut_or_made_up_does_not_open(key in any_key(), octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let keys = UsageKeys::derive(&key, Usage::TICKET).unwrap();
        let least = CONFOUNDER_LENGTH + key.enctype().checksum_length();
        let expected = if octets.len() < least {
            CryptoError::TooShort { length: octets.len(), least }
        } else {
            CryptoError::Integrity
        };
        prop_assert_eq!(keys.open(&octets), Err(expected));
        let sealed = keys.seal(&[3; 16], b"some plaintext");
        for length in 0..sealed.len() {
            prop_assert!(keys.open(&sealed[..length]).is_err());
        }
    }

    #[test]
    fn a_checksum_fits_its_message_only(
        key in any_key(),
        message in prop::collection::vec(any::<u8>(), 1..80),
        place: prop::sample::Index,
    ) {
        let checksums = ChecksumKey::derive(&key, Usage::TGS_REQ_CHECKSUM).unwrap();
        let checksum = checksums.make(&message);
        prop_assert_eq!(checksums.verify(&message, &checksum), Ok(()));
        let mut other = message.clone();
        other[place.index(message.len())] ^= 1;
        prop_assert_eq!(checksums.verify(&other, &checksum), Err(CryptoError::Integrity));
        prop_assert_eq!(checksums.verify(&message, &checksum[1..]), Err(CryptoError::Integrity));
        prop_assert_eq!(checksums.verify(&message, &[]), Err(CryptoError::Integrity));
    }
}
