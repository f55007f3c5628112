//! PACs that MIT's KDC signed, that others encoded, that nobody may write, and our own.

mod published;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::captured::{hex, mit};
use crate::crypto::{Enctype, Key, Usage};
use crate::msg::opened::{AuthorizationData, EncTicketPart, ad_type};
use crate::name::{NT_ENTERPRISE, NT_PRINCIPAL, PrincipalName};

/// Tickets of tests/data/mit-1.20.1 with the enctype and the octets of their keys, which svc.keytab has.
const TICKETS: [(&str, i32, &str); 4] = [
    ("gss-spnegomut-0-init-et18", 18, "f3fbc539873ad31f0c021f65edc0595546a4dabb3d786506e2ef8d3f5cee0fb9"),
    ("045-tgs-sha2-rep-app13-et20", 20, "d5a5b34c846e4af1fd070b0281560d3ef9476c403199d120582e34e658533d35"),
    ("047-tgs-sha2a-rep-app13-et19", 19, "629d5aef8291809ad8219a257bddb748"),
    ("049-tgs-aes128-rep-app13-et17", 17, "10dd211e6ac56b47ad85e417bb919c8b"),
];

/// KERB_VALIDATION_INFO as the Python package impacket 0.13.1 encodes it (`impacket.krb5.pac.KERB_VALIDATION_INFO`),
/// with pointers that do not count upwards and padding that is not zero.
const VALIDATION_INFO: &str = "01100800cccccccc58020000cccccccc7ad500008035dbea54ffd8018035dbea54ffd8018035dbea54ffd8018035dbea54ff\
    d8018035dbea54ffd8018035dbea54ffd8010e000e00d6e8000012001200ae0800000000000081bd000000000000da700000\
    18001800f72b000004000400e2d00000f40101005004000001020000030000000d5c00002002000000000000000000000000\
    000000000000060006003c2b000008000800d24c00003f160000000000000000000010020000000000000000000000000000\
    0000000000000000000000000000000003000000c8ba00001630000001000000018d00000700000000000000070000006d00\
    fc006e006300680065006e00abab0900000000000000090000004d002e002000dc006e006300680065006e00abab00000000\
    00000000000000000000000000000000000000000c000000000000000c0000005c005c00660069006c00650073005c006800\
    6f006d00650002000000000000000200000048003a00030000000102000007000000b104000007000000b204000010000000\
    030000000000000003000000440043003100abab04000000000000000400000043004f005200500004000000010400000000\
    000515000000e9030000d2070000bb0b00000300000094230000070000004e1700000700002072a100000300000001000000\
    0101000000000012010000000500000001050000000000051500000007000000080000000900000007020000050000000105\
    0000000000051500000007000000080000000900000008020000040000000104000000000005150000000400000005000000\
    06000000010000001405000007000020";

/// UPN_DNS_INFO in its extended form, laid out with the same package (`impacket.krb5.pac.UPN_DNS_INFO_FULL`).
const UPN_DNS_INFO: &str = "2400180018004000030000000a0058001c0068000000000061006c00690063006500400063006f00720070002e0065007800\
    61006d0070006c0065000000000043004f00520050002e004500580041004d0050004c00450061006c006900630065000000\
    00000000010500000000000515000000e9030000d2070000bb0b000050040000";

fn key(number: i32, digits: &str) -> Key {
    Key::new(Enctype::allowing_weak(number.into()).unwrap(), &hex(digits)).unwrap()
}

fn signing(key: &Key) -> ChecksumKey {
    ChecksumKey::derive(key, Usage::PAC_SIGNATURE).unwrap()
}

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

/// The opened ticket and its PAC.
fn captured(name: &str) -> (EncTicketPart, Vec<u8>) {
    let ticket = EncTicketPart::decode(&mit(&format!("decrypted/{name}-EncTicketPart"))).unwrap();
    let pac = pac_of(&ticket);
    (ticket, pac)
}

fn pac_of(ticket: &EncTicketPart) -> Vec<u8> {
    let outer = ticket.authorization_data.as_ref().unwrap();
    let inner = AuthorizationData::decode(&outer.0[0].ad_data).unwrap();
    let pac = inner.0.iter().find(|element| element.ad_type == ad_type::WIN2K_PAC).unwrap();
    pac.ad_data.as_octets().to_vec()
}

/// The header of a PAC with these types, sizes and offsets, and `contents` octets behind it.
fn header(infos: &[(u32, u32, u64)], contents: usize) -> Vec<u8> {
    let mut octets = u32::try_from(infos.len()).unwrap().to_le_bytes().to_vec();
    octets.extend_from_slice(&[0; 4]);
    for (kind, size, offset) in infos {
        octets.extend_from_slice(&kind.to_le_bytes());
        octets.extend_from_slice(&size.to_le_bytes());
        octets.extend_from_slice(&offset.to_le_bytes());
    }
    octets.resize(octets.len() + contents, 0);
    octets
}

fn refused(octets: &[u8]) -> PacError {
    Pac::read(octets).err().unwrap()
}

#[test]
fn the_signatures_of_mits_kdc_fit() {
    for (name, number, digits) in TICKETS {
        let (ticket, octets) = captured(name);
        let pac = Pac::read(&octets).unwrap();
        assert_eq!(pac.verify_server(&signing(&key(number, digits))), Ok(()), "{name}");
        let authtime = ticket.authtime.seconds().unwrap();
        let info = pac.client_info().unwrap();
        assert!(info.matches(&ticket.cname, authtime), "{name}");
        assert_eq!((info.name.as_str(), info.auth_time()), ("alice", Some(authtime)));
    }
}

/// MIT's KDC from 1.20 on writes such PACs; acceptors that ask for logon information refuse all of its tickets.
#[test]
fn a_pac_without_logon_information_is_one() {
    let (_, octets) = captured(TICKETS[0].0);
    let pac = Pac::read(&octets).unwrap();
    let kinds: Vec<_> = pac.buffers().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [buffer::CLIENT_INFO, buffer::TICKET_CHECKSUM, buffer::SERVER_CHECKSUM, buffer::KDC_CHECKSUM]
    );
    assert_eq!((pac.logon_info(), pac.upn_dns_info()), (Ok(None), Ok(None)));
}

#[test]
fn a_pac_that_was_altered_anywhere_else_than_in_its_signatures_does_not_fit() {
    let (name, number, digits) = TICKETS[0];
    let (_, octets) = captured(name);
    let keys = signing(&key(number, digits));
    let place = |kind: u32| {
        let pac = Pac::read(&octets).unwrap();
        let found = pac.find(kind).unwrap();
        found.offset + SIGNATURE_TYPE..found.offset + found.contents.len()
    };
    let (theirs, kdcs) = (place(buffer::SERVER_CHECKSUM), place(buffer::KDC_CHECKSUM));
    for at in 0..octets.len() {
        let mut altered = octets.clone();
        altered[at] ^= 1;
        let verdict = Pac::read(&altered).and_then(|pac| pac.verify_server(&keys));
        // What the KDC signed the server's signature with is for the KDC alone.
        assert_eq!(verdict.is_ok(), kdcs.contains(&at), "{at}");
        if theirs.contains(&at) {
            assert_eq!(verdict, Err(PacError::Signature));
        }
    }
}

#[test]
fn another_key_does_not_make_the_signature() {
    let (_, octets) = captured(TICKETS[0].0);
    let pac = Pac::read(&octets).unwrap();
    let other = key(18, &"5a".repeat(32));
    assert_eq!(pac.verify_server(&signing(&other)), Err(PacError::Signature));
    let other = key(17, &"5a".repeat(16));
    let refused = PacError::SignatureType { found: 16, expected: 15 };
    assert_eq!(pac.verify_server(&signing(&other)), Err(refused));
}

#[test]
fn a_pac_without_either_signature_is_not_believed() {
    let keys = signing(&key(18, TICKETS[0].2));
    for kind in [buffer::SERVER_CHECKSUM, buffer::KDC_CHECKSUM] {
        let (_, mut octets) = captured(TICKETS[0].0);
        let place = octets.chunks(4).position(|chunk| chunk == kind.to_le_bytes()).unwrap() * 4;
        octets[place] = 0x77;
        let missing = Pac::read(&octets).unwrap().verify_server(&keys);
        assert_eq!(missing, Err(PacError::Missing { kind }));
    }
}

/// A checksum without a key proves nothing, whatever it is called.
#[test]
fn a_signature_without_a_key_is_refused() {
    let (_, mut octets) = captured(TICKETS[0].0);
    let place = Pac::read(&octets).unwrap().find(buffer::SERVER_CHECKSUM).unwrap().offset;
    // 7 is MD5, 14 SHA-1.
    for found in [7, 14] {
        octets[place] = found;
        let verdict = Pac::read(&octets).unwrap().verify_server(&signing(&key(18, TICKETS[0].2)));
        assert_eq!(verdict, Err(PacError::SignatureType { found: found.into(), expected: 16 }));
    }
}

#[test]
fn the_number_of_a_read_only_domain_controller_may_follow_a_signature() {
    let (server, kdc) = (key(18, &"11".repeat(32)), key(17, &"22".repeat(16)));
    let mut octets = PacBuilder::new().sign(&server, &kdc).unwrap();
    // The size of the KDC's signature, which is the last buffer.
    assert_eq!(octets[28..32], [16, 0, 0, 0]);
    octets[28] = 18;
    octets.extend_from_slice(&[0x34, 0x12, 0, 0, 0, 0, 0, 0]);
    let keys = signing(&server);
    let pac = Pac::read(&octets).unwrap();
    let sum = keys.make(&pac.without_signatures().unwrap());
    let place = pac.find(buffer::SERVER_CHECKSUM).unwrap().offset + SIGNATURE_TYPE;
    octets[place..place + 12].copy_from_slice(&sum);
    assert_eq!(Pac::read(&octets).unwrap().verify_server(&keys), Ok(()));
}

/// Count times size, and offset plus size, were computed in 32 bits and wrapped around (MIT krb5 and Heimdal).
#[test]
fn cve_2022_42898_counts_sizes_and_offsets_that_wrap_around_are_refused() {
    for count in [65, 0x1000_0000, 0x2000_0000, 0x8000_0000, 0xf000_0001, u32::MAX] {
        let octets = [&count.to_le_bytes()[..], &[0; 1_100]].concat();
        assert_eq!(refused(&octets), PacError::BufferCount { count });
    }
    assert_eq!(refused(&[0; 8]), PacError::BufferCount { count: 0 });
    let out = PacError::OutOfBounds { kind: 1 };
    for (size, offset) in [
        (1, 32),
        (9, 24),
        (u32::MAX, 24),
        (u32::MAX - 23, 24),
        (0, 40),
        (8, u64::MAX - 7),
        (16, u64::MAX - 7),
        (0, u64::MAX - 7),
        (8, 1 << 32),
        (0, 1 << 63),
        (0, 0),
        (8, 16),
    ] {
        assert_eq!(refused(&header(&[(1, size, offset)], 8)), out, "{size} at {offset}");
    }
    assert!(Pac::read(&header(&[(1, 8, 24)], 8)).is_ok());
    assert!(Pac::read(&header(&[(1, 0, 32)], 8)).is_ok());
}

#[test]
fn a_header_that_is_cut_short_is_refused() {
    let whole = header(&[(1, 0, 40), (10, 0, 40)], 0);
    assert!(Pac::read(&whole).is_ok());
    for end in 0..whole.len() {
        assert_eq!(refused(&whole[..end]), PacError::CutShort, "{end}");
    }
}

#[test]
fn another_version_is_refused() {
    let mut octets = header(&[(1, 0, 24)], 0);
    octets[4] = 1;
    assert_eq!(refused(&octets), PacError::Version { found: 1 });
}

#[test]
fn a_buffer_that_is_not_aligned_is_refused() {
    for offset in [25, 28, 31] {
        assert_eq!(refused(&header(&[(10, 1, offset)], 16)), PacError::Alignment { kind: 10 });
    }
}

#[test]
fn buffers_that_overlap_are_refused_in_whatever_order() {
    for infos in [[(1, 9, 40), (10, 8, 48)], [(10, 8, 48), (1, 9, 40)], [(2, 8, 40), (3, 1, 40)]] {
        assert_eq!(refused(&header(&infos, 16)), PacError::Overlap);
    }
    assert!(Pac::read(&header(&[(1, 8, 40), (10, 8, 48)], 16)).is_ok());
}

#[test]
fn what_may_be_there_once_is_refused_twice() {
    for kind in SINGLE {
        assert_eq!(refused(&header(&[(kind, 0, 40), (kind, 0, 40)], 0)), PacError::Duplicate { kind });
    }
    let claims = buffer::CLIENT_CLAIMS;
    assert!(Pac::read(&header(&[(claims, 0, 40), (claims, 0, 40)], 0)).is_ok());
}

#[test]
fn the_client_is_compared_with_name_and_time_to_the_unit() {
    let (ticket, octets) = captured(TICKETS[0].0);
    let authtime = ticket.authtime.seconds().unwrap();
    let info = Pac::read(&octets).unwrap().client_info().unwrap();
    let alice = |name_type| PrincipalName::new(name_type, ["alice"]);
    assert!(info.matches(&alice(NT_PRINCIPAL), authtime) && info.matches(&alice(NT_ENTERPRISE), authtime));
    assert!(!info.matches(&alice(NT_PRINCIPAL), authtime + 1));
    assert!(!info.matches(&PrincipalName::new(NT_PRINCIPAL, ["Alice"]), authtime));
    assert!(!info.matches(&PrincipalName::new(NT_PRINCIPAL, ["alice", "admin"]), authtime));
    let late = ClientInfo { filetime: info.filetime + 1, ..info };
    assert!(!late.matches(&alice(NT_PRINCIPAL), authtime));
    assert_eq!(late.auth_time(), Some(authtime));
}

/// As in MIT krb5 1.20.1, src/lib/krb5/krb/t_pac.c: neither escapes nor a realm stand in the name.
#[test]
fn an_enterprise_name_stands_in_the_pac_as_its_owner_types_it() {
    let named = |name: &str| ClientInfo { filetime: filetime(0).unwrap(), name: name.into() };
    let enterprise = PrincipalName::new(NT_ENTERPRISE, ["w2k8u@abc"]);
    assert!(named("w2k8u@abc").matches(&enterprise, 0));
    for other in ["w2k8u\\@abc", "w2k8u@abc@ACME.COM", "w2k8u", "W2K8U@abc"] {
        assert!(!named(other).matches(&enterprise, 0), "{other}");
    }
    let service = PrincipalName::new(NT_PRINCIPAL, ["HTTP", "www.example.com"]);
    assert!(named("HTTP/www.example.com").matches(&service, 0));
}

#[test]
fn times_are_counted_from_1601() {
    // The example of MS-PAC section 3: 2006-04-28T01:42:50Z.
    assert_eq!(filetime(1_146_188_570), Some(127_906_621_700_000_000));
    assert_eq!(filetime(-11_644_473_600), Some(0));
    assert_eq!(filetime(-11_644_473_601), None);
    assert_eq!(filetime(i64::MAX), None);
    let never = ClientInfo { filetime: u64::MAX, name: String::new() };
    assert_eq!(never.auth_time(), None);
}

#[test]
fn client_information_that_lacks_octets_or_is_no_text_is_refused() {
    let kind = buffer::CLIENT_INFO;
    let whole = ClientInfo { filetime: 7, name: "ab".into() }.encode();
    for end in 0..whole.len() {
        assert_eq!(ClientInfo::read(&whole[..end]), Err(PacError::Malformed { kind }), "{end}");
    }
    let odd = [&[0; 8][..], &[1, 0, b'a']].concat();
    assert_eq!(ClientInfo::read(&odd), Err(PacError::Malformed { kind }));
    let half_a_pair = [&[0; 8][..], &[2, 0, 0, 0xd8]].concat();
    assert_eq!(ClientInfo::read(&half_a_pair), Err(PacError::Text { kind }));
}

#[test]
fn logon_information_names_the_user_and_the_groups_that_grant() {
    let info = ValidationInfo::read(&hex(VALIDATION_INFO)).unwrap().evaluate().unwrap();
    assert_eq!((info.account.as_str(), info.domain.as_str()), ("münchen", "CORP"));
    assert_eq!(info.user, sid("S-1-5-21-1001-2002-3003-1104"));
    assert_eq!(info.primary_group, sid("S-1-5-21-1001-2002-3003-513"));
    // 1202 is for denying only, 520 is not enabled.
    assert_eq!(info.groups, ["S-1-5-21-1001-2002-3003-513", "S-1-5-21-1001-2002-3003-1201"].map(sid));
    assert_eq!(info.extra, ["S-1-18-1", "S-1-5-21-7-8-9-519"].map(sid));
    assert_eq!(info.resource_groups, [sid("S-1-5-21-4-5-6-1300")]);
    assert_eq!(info.sids().count(), 7);
}

#[test]
fn lists_that_the_flags_do_not_announce_are_not_believed() {
    let mut raw = ValidationInfo::read(&hex(VALIDATION_INFO)).unwrap();
    raw.user_flags = 0;
    let info = raw.evaluate().unwrap();
    assert!(info.extra.is_empty() && info.resource_groups.is_empty());
    assert_eq!(info.groups.len(), 2);
}

#[test]
fn a_user_without_a_number_is_the_first_extra_sid() {
    let mut raw = ValidationInfo::read(&hex(VALIDATION_INFO)).unwrap();
    raw.user_id = 0;
    let info = raw.evaluate().unwrap();
    assert_eq!((info.user, info.extra), (sid("S-1-18-1"), vec![sid("S-1-5-21-7-8-9-519")]));
    raw.user_flags = 0;
    assert_eq!(raw.evaluate(), Err(PacError::NoUserSid));
}

#[test]
fn a_user_without_a_domain_has_no_sid() {
    let raw = ValidationInfo { user_id: 500, ..ValidationInfo::default() };
    assert_eq!(raw.evaluate(), Err(PacError::NoUserSid));
}

#[test]
fn logon_information_that_is_cut_short_is_refused() {
    let whole = hex(VALIDATION_INFO);
    let kind = buffer::LOGON_INFO;
    for end in 0..whole.len() {
        assert_eq!(ValidationInfo::read(&whole[..end]), Err(PacError::Malformed { kind }), "{end}");
    }
}

#[test]
fn an_array_that_is_longer_than_what_is_there_is_refused_before_room_is_made() {
    let kind = buffer::LOGON_INFO;
    let whole = ValidationInfo { groups: vec![(513, 7)], ..ValidationInfo::default() }.encode();
    // The count in the structure, and the count in front of the array.
    let structure = 16 + 4 + 48 + 48 + 4 + 8;
    let array = 16 + 4 + 48 + 48 + 4 + 8 + 8 + 4 + 16 + 16 + 4 + 40 + 20 + 6 * 12;
    for count in [2, 3, 0x1fff_ffff, 0x2000_0001, u32::MAX] {
        let mut octets = whole.clone();
        for place in [structure, array] {
            assert_eq!(octets[place..place + 4], [1, 0, 0, 0]);
            octets[place..place + 4].copy_from_slice(&count.to_le_bytes());
        }
        assert_eq!(ValidationInfo::read(&octets), Err(PacError::Malformed { kind }), "{count}");
        octets[array..array + 4].copy_from_slice(&[1, 0, 0, 0]);
        assert_eq!(ValidationInfo::read(&octets), Err(PacError::Malformed { kind }), "{count}");
    }
}

#[test]
fn more_sids_than_a_logon_can_have_are_refused() {
    let info = |count| ValidationInfo { groups: vec![(513, 7); count], ..ValidationInfo::default() }.encode();
    assert_eq!(ValidationInfo::read(&info(MAX_SIDS)).unwrap().groups.len(), MAX_SIDS);
    assert_eq!(ValidationInfo::read(&info(MAX_SIDS + 1)), Err(PacError::TooManySids));
}

#[test]
fn a_sid_of_too_many_numbers_is_refused() {
    let raw = ValidationInfo {
        user_id: 500,
        domain_sid: Some(Sid::new(5, &[1; MAX_SUBAUTHORITIES]).unwrap()),
        ..ValidationInfo::default()
    };
    let raw = ValidationInfo::read(&raw.encode()).unwrap();
    assert_eq!(raw.evaluate(), Err(PacError::Malformed { kind: buffer::LOGON_INFO }));
}

#[test]
fn another_form_of_the_encoding_is_refused() {
    // Version 2, big-endian, another header.
    for (place, octet) in [(0, 2), (1, 0), (2, 16)] {
        let mut octets = hex(VALIDATION_INFO);
        octets[place] = octet;
        assert_eq!(ValidationInfo::read(&octets), Err(PacError::Malformed { kind: buffer::LOGON_INFO }));
    }
}

#[test]
fn names_and_sid_are_read_from_the_extended_form() {
    let info = UpnDnsInfo::read(&hex(UPN_DNS_INFO)).unwrap();
    assert_eq!((info.upn.as_str(), info.dns_domain.as_str()), ("alice@corp.example", "CORP.EXAMPLE"));
    assert_eq!(info.sam_name.as_deref(), Some("alice"));
    assert_eq!(info.sid, Some(sid("S-1-5-21-1001-2002-3003-1104")));
    assert!(info.upn_constructed);
}

#[test]
fn names_that_lie_outside_are_refused() {
    let whole = hex(UPN_DNS_INFO);
    // Lengths and offsets of the four values; one octet more of any, or an offset beyond the end.
    for place in [2, 6, 14, 18, 0, 4, 12, 16] {
        let mut octets = whole.clone();
        octets[place + 1] = 0xff;
        let refused = UpnDnsInfo::read(&octets);
        assert_eq!(refused, Err(PacError::Malformed { kind: buffer::UPN_DNS_INFO }), "{place}");
    }
}

#[test]
fn debug_shows_types_and_sizes_alone() {
    let (_, octets) = captured(TICKETS[0].0);
    let shown = format!("{:?}", Pac::read(&octets).unwrap());
    assert_eq!(shown, "{10: 20, 16: 16, 6: 16, 7: 16}");
}

fn any_sid() -> impl Strategy<Value = Sid> {
    (0_u64..1 << 48, vec(any::<u32>(), 0..=15))
        .prop_map(|(authority, rest)| Sid::new(authority, &rest).unwrap())
}

prop_compose! {
    fn validation_info()(
        (account, domain) in ("\\PC{0,20}", "\\PC{0,15}"),
        (user_id, primary_group_id, user_flags) in any::<(u32, u32, u32)>(),
        groups in vec(any::<(u32, u32)>(), 0..9),
        domain_sid in proptest::option::of(any_sid()),
        extra in vec((any_sid(), any::<u32>()), 0..6),
        resource_domain in proptest::option::of(any_sid()),
        resource_groups in vec(any::<(u32, u32)>(), 0..5),
    ) -> ValidationInfo {
        ValidationInfo {
            account, domain, user_id, primary_group_id, groups, user_flags, domain_sid, extra,
            resource_domain, resource_groups,
        }
    }
}

prop_compose! {
    fn upn_dns_info()(
        (upn, dns_domain, upn_constructed) in ("\\PC{0,30}", "\\PC{0,20}", any::<bool>()),
        extended in proptest::option::of(("\\PC{0,20}", any_sid())),
    ) -> UpnDnsInfo {
        let (sam_name, sid) = extended.unzip();
        UpnDnsInfo { upn, dns_domain, upn_constructed, sam_name, sid }
    }
}

fn any_key() -> impl Strategy<Value = Key> {
    (prop::sample::select(&Enctype::ALL[..]), any::<u8>())
        .prop_map(|(enctype, octet)| Key::new(enctype, &vec![octet; enctype.key_length()]).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_and_believes_the_pac_it_built(
        (server, kdc) in (any_key(), any_key()),
        (name, seconds) in ("\\PC{0,20}", 0_i64..1 << 33),
        (logon, names) in (validation_info(), upn_dns_info()),
        claims in vec(any::<u8>(), 0..50),
    ) {
        let client = ClientInfo { filetime: filetime(seconds).unwrap(), name };
        let octets = PacBuilder::new()
            .logon_info(&logon)
            .client_info(&client)
            .buffer(buffer::CLIENT_CLAIMS, claims.clone())
            .upn_dns_info(&names)
            .sign(&server, &kdc)
            .unwrap();
        let pac = Pac::read(&octets).unwrap();
        prop_assert_eq!(pac.verify_server(&signing(&server)), Ok(()));
        prop_assert_eq!(pac.client_info(), Ok(client));
        prop_assert_eq!(ValidationInfo::read(pac.buffer(buffer::LOGON_INFO).unwrap()), Ok(logon));
        prop_assert_eq!(pac.upn_dns_info(), Ok(Some(names)));
        prop_assert_eq!(pac.buffer(buffer::CLIENT_CLAIMS), Some(&claims[..]));
    }

    #[test]
    fn altered_pacs_and_noise_never_panic(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), noise in vec(any::<u8>(), 0..200),
    ) {
        let mut buffers = [hex(VALIDATION_INFO), hex(UPN_DNS_INFO), noise.clone()];
        let server = key(17, &"11".repeat(16));
        let mut whole = PacBuilder::new()
            .buffer(buffer::LOGON_INFO, buffers[0].clone())
            .buffer(buffer::UPN_DNS_INFO, buffers[1].clone())
            .sign(&server, &server)
            .unwrap();
        for (place, octet) in changes {
            for octets in buffers.iter_mut().chain([&mut whole]).filter(|octets| !octets.is_empty()) {
                let place = place.index(octets.len());
                octets[place] = octet;
            }
        }
        for octets in &buffers {
            let _ = ValidationInfo::read(octets).map(|info| info.evaluate());
            let _ = (UpnDnsInfo::read(octets), ClientInfo::read(octets), Sid::read(octets));
        }
        for octets in [&whole, &noise] {
            if let Ok(pac) = Pac::read(octets) {
                let _ = (pac.logon_info(), pac.upn_dns_info(), pac.client_info());
                let _ = pac.verify_server(&signing(&server));
            }
        }
    }
}
