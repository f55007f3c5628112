//! Credential caches of other writers, written again, cut and bent.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::crypto::tests::hex;
use crate::flags;
use crate::msg::addr_type;
use crate::msg::ticket::Ticket;
use crate::name::KerberosString;

/// A file of tests/data/ccache; README.md there has the origin of each.
fn sample(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../tests/data/ccache/{name}.ccache", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read(name: &str) -> Ccache {
    Ccache::read(&sample(name)).unwrap()
}

/// The servers of the tickets, without configuration.
fn servers(ccache: &Ccache) -> Vec<String> {
    ccache
        .credentials
        .iter()
        .filter(|entry| !entry.is_config())
        .map(|entry| entry.server.to_string())
        .collect()
}

fn principal(components: &[&str], krb_realm: &str) -> Principal {
    Principal {
        name: PrincipalName::new(NT_PRINCIPAL, components.iter().copied()),
        krb_realm: krb_realm.into(),
    }
}

/// A cache of one ticket and one value.
fn small() -> Ccache {
    let client = principal(&["alice"], "C.TEST");
    let mut ticket = Credential::for_config(client.clone(), "", None, b"ticket");
    ticket.server = principal(&["HTTP", "gw.test"], "C.TEST");
    ticket.times = Times { auth: 1, start: 2, end: 3, renew_till: 4 };
    ticket.key = EncryptionKey::new(18, vec![7; 32]);
    let value = Credential::for_config(client.clone(), "key", None, b"value");
    Ccache { time_offset: None, principal: client, credentials: vec![ticket, value] }
}

#[test]
fn tickets_of_mit_are_read_with_all_that_belongs_to_them() {
    let ccache = read("mit-4");
    assert_eq!(ccache.principal.to_string(), "alice@TGG.TEST");
    assert_eq!(ccache.time_offset, Some(TimeOffset { seconds: 0, microseconds: 0 }));
    assert_eq!(
        servers(&ccache),
        ["krbtgt/TGG.TEST@TGG.TEST", "HTTP/gw.tgg.test@TGG.TEST", "host/svc.tgg.test@TGG.TEST"]
    );
    let service = &ccache.credentials[3];
    assert_eq!((service.key.keytype, service.key.keyvalue.as_octets().len()), (18, 32));
    let times = service.times;
    // As klist prints them: 11/22/26 09:06:56, 11/22/26 19:06:56, 11/23/26 09:06:56.
    assert_eq!((times.start, times.end, times.renew_till), (1_795_338_416, 1_795_374_416, 1_795_424_816));
    for flag in [flags::ticket::FORWARDABLE, flags::ticket::RENEWABLE, flags::ticket::PRE_AUTHENT] {
        assert!(service.flags.bit(flag));
    }
    assert!(!service.flags.bit(flags::ticket::INITIAL) && !service.is_skey);
    let ticket = Ticket::decode(&service.ticket).unwrap();
    assert_eq!((ticket.sname.to_string().as_str(), ticket.enc_part.etype), ("HTTP/gw.tgg.test", 20));
}

#[test]
fn addresses_are_read() {
    let ccache = read("mit-addresses");
    let addresses: Vec<_> = ccache.credentials.iter().flat_map(|entry| &entry.addresses).collect();
    assert_eq!(addresses.len(), 2);
    assert_eq!((addresses[0].addr_type, &*addresses[0].address), (addr_type::IPV4, &[192, 0, 2, 2][..]));
    assert_eq!((addresses[1].addr_type, addresses[1].address.len()), (addr_type::IPV6, 16));
}

#[test]
fn version_3_is_read() {
    let ccache = read("mit-3");
    assert_eq!((ccache.principal.to_string().as_str(), ccache.time_offset), ("bob@TGG.TEST", None));
    assert_eq!(servers(&ccache), ["krbtgt/TGG.TEST@TGG.TEST", "HTTP/localhost@TGG.TEST"]);
}

#[test]
fn a_ticket_that_heimdal_removed_is_left_out() {
    let ccache = read("heimdal");
    assert_eq!(servers(&ccache), ["krbtgt/TGG.TEST@TGG.TEST", "HTTP/localhost@TGG.TEST"]);
}

#[test]
fn a_ticket_that_mit_removed_is_left_out() {
    let mut ccache = small();
    ccache.credentials[0].times = Times { auth: u32::MAX, end: 0, ..ccache.credentials[0].times };
    let read = Ccache::read(&ccache.encode().unwrap()).unwrap();
    assert_eq!(read.credentials, ccache.credentials[1..]);
}

#[test]
fn configuration_that_was_removed_is_left_out() {
    let mut ccache = small();
    ccache.credentials[1].server.krb_realm = "X-RMED-CONF:".into();
    let read = Ccache::read(&ccache.encode().unwrap()).unwrap();
    assert_eq!(read.credentials, ccache.credentials[..1]);
}

#[test]
fn configuration_is_found_by_key_and_service() {
    let krbtgt = principal(&["krbtgt", "TGG.TEST"], "TGG.TEST");
    for (name, key, service, value) in [
        ("mit-4", "fast_avail", Some(&krbtgt), Some(&b"yes"[..])),
        ("mit-4", "pa_type", Some(&krbtgt), Some(b"2")),
        ("mit-4", "pa_type", None, None),
        ("heimdal", "fast_avail", Some(&krbtgt), Some(b"yes")),
        ("heimdal", "start_realm", None, Some(b"TGG.TEST")),
        ("heimdal", "start_realm", Some(&krbtgt), None),
    ] {
        assert_eq!(read(name).config(key, service), value, "{name} {key}");
    }
}

#[test]
fn configuration_is_written_as_mit_writes_it() {
    let ccache = read("mit-4");
    let krbtgt = principal(&["krbtgt", "TGG.TEST"], "TGG.TEST");
    let made = Credential::for_config(ccache.principal.clone(), "fast_avail", Some(&krbtgt), b"yes");
    assert_eq!(ccache.credentials[0], made);
}

/// MIT krb5 1.20.1, src/lib/krb5/ccache/t_marshal.c: every field of `verify_cred1` and `verify_cred2`.
#[test]
fn the_credentials_of_mits_own_test_have_their_values() {
    let client = principal(&["testclient"], "KRBTEST.COM");
    let first = Credential {
        client: client.clone(),
        server: principal(&["test", "host"], "EXAMPLE.COM"),
        key: EncryptionKey::new(17, hex("000102030405060708090a0b0c0d0e0f")),
        times: Times { auth: 11, start: 222, end: 3333, renew_till: 1_000_000_000 },
        is_skey: false,
        flags: Flags::with(&[flags::ticket::FORWARDABLE, flags::ticket::RENEWABLE]),
        addresses: vec![HostAddress { addr_type: addr_type::IPV4, address: vec![10, 0, 0, 1].into() }],
        authdata: vec![
            AuthorizationDataElement { ad_type: 512, ad_data: b"signticket"[..].into() },
            AuthorizationDataElement { ad_type: -100, ad_data: Octets::default() },
        ],
        ticket: b"ticket"[..].into(),
        second_ticket: Octets::default(),
    };
    let second = Credential {
        client: client.clone(),
        server: principal(&[], ""),
        key: EncryptionKey::new(23, hex("0f0e0d0c0b0a09080706050403020100")),
        is_skey: true,
        second_ticket: b"2ticket"[..].into(),
        ..Credential::for_config(client.clone(), "", None, b"ticket")
    };
    let mut expected = Ccache { time_offset: None, principal: client, credentials: vec![first, second] };
    // The name type of an empty name is the test's own.
    expected.credentials[1].server.name.name_type =
        read("krb5-t_marshal-3").credentials[1].server.name.name_type;
    assert_eq!(read("krb5-t_marshal-3"), expected);
    expected.time_offset = Some(TimeOffset { seconds: 300, microseconds: 54_321 });
    assert_eq!(read("krb5-t_marshal-4"), expected);
}

#[test]
fn version_4_is_written_as_others_wrote_it() {
    for name in ["mit-4", "mit-addresses", "krb5-t_marshal-4"] {
        let octets = sample(name);
        assert_eq!(*Ccache::read(&octets).unwrap().encode().unwrap(), octets, "{name}");
    }
}

#[test]
fn tags_of_the_header_that_nobody_knows_are_passed_over() {
    let rest = &sample("mit-4")[16..];
    for (header, offset) in [
        ("0000", None),
        ("0004 7fff 0000", None),
        ("0007 0002 0003 aabbcc", None),
        ("0011 0002 0001 aa 0001 0008 ffffffff 00000005", Some((-1, 5))),
    ] {
        let file = [&hex("0504")[..], &hex(&header.replace(' ', "")), rest].concat();
        let ccache = Ccache::read(&file).unwrap();
        let found = ccache.time_offset.map(|offset| (offset.seconds, offset.microseconds));
        assert_eq!(found, offset, "{header}");
        assert_eq!(ccache.credentials, read("mit-4").credentials);
    }
}

#[test]
fn a_header_whose_lengths_do_not_fit_is_refused() {
    let rest = &sample("mit-4")[16..];
    for (header, at) in [
        ("0003 000100", 4),
        ("0004 0002 0001", 4),
        ("000b 0001 0007 00000000000000", 4),
        ("000d 0001 0009 000000000000000000", 4),
        ("0006 0002 0000 0001", 8),
    ] {
        let file = [&hex("0504")[..], &hex(&header.replace(' ', "")), rest].concat();
        assert_eq!(Ccache::read(&file), Err(CcacheError::Header { at }), "{header}");
    }
}

#[test]
fn a_file_that_ends_too_early_says_within_what() {
    let whole = sample("krb5-t_marshal-4");
    // Version and header, the client, two credentials: the lengths that t_marshal.c gives.
    let ends = [16, 53, 226, 347];
    assert_eq!(whole.len(), ends[3]);
    for length in 0..whole.len() {
        let read = Ccache::read(&whole[..length]);
        if ends[1..].contains(&length) {
            assert!(read.is_ok(), "{length} octets are a whole file");
            continue;
        }
        let Err(CcacheError::Truncated { entry, at, missing }) = read else {
            panic!("{length} octets: {read:?}");
        };
        let expected = match length {
            ..2 => 0,
            2..16 => 2,
            _ => *ends.iter().rfind(|end| **end <= length).unwrap(),
        };
        assert_eq!(entry, expected, "{length} octets");
        assert!(at <= length && missing > 0 && length + missing <= whole.len(), "{length} octets");
    }
}

#[test]
fn what_is_no_credential_cache_is_called_so() {
    assert_eq!(Ccache::read(b"\x05\x02\0\0"), Err(CcacheError::Version { found: 0x0502 }));
    assert_eq!(Ccache::read(b"\x05\x05\0\0"), Err(CcacheError::Version { found: 0x0505 }));
    assert_eq!(Ccache::read(b"-----BEGIN"), Err(CcacheError::NotACcache { found: b'-' }));
    let long = [&[5, 4][..], &vec![0; MAX_LENGTH - 1]].concat();
    assert_eq!(Ccache::read(&long), Err(CcacheError::TooLong { length: MAX_LENGTH + 1 }));
}

#[test]
fn a_list_that_claims_more_than_any_has_is_not_read() {
    let whole = small().encode().unwrap();
    // Behind version, empty header and name type: the client's components.
    let mut file = whole.clone();
    file[8..12].copy_from_slice(&(MAX_COUNT + 1).to_be_bytes());
    assert_eq!(Ccache::read(&file), Err(CcacheError::TooMany { at: 8, count: MAX_COUNT + 1 }));
    // Before the counts of addresses and authorization data, and two empty parts, at the end of the file.
    for from_end in [16 + 5, 12 + 5] {
        let mut file = whole.clone();
        let at = file.len() - from_end;
        file[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(Ccache::read(&file), Err(CcacheError::TooMany { at, count: u32::MAX }));
    }
}

#[test]
fn what_the_format_cannot_hold_is_not_written() {
    let mut name = small();
    name.principal.name.name_string = vec!["a".into(); usize::try_from(MAX_COUNT).unwrap() + 1];
    assert_eq!(name.encode(), Err(CcacheError::UnwritableName));

    let bend: [fn(&mut Credential); 4] = [
        |entry| entry.key = EncryptionKey::new(0x8000, vec![1; 16]),
        |entry| entry.addresses = vec![HostAddress { addr_type: -1, address: Octets::default() }],
        |entry| {
            entry.authdata = vec![AuthorizationDataElement { ad_type: 0x8000, ad_data: Octets::default() }];
        },
        |entry| {
            let address = HostAddress { addr_type: 2, address: Octets::default() };
            entry.addresses = vec![address; usize::try_from(MAX_COUNT).unwrap() + 1];
        },
    ];
    for bend in bend {
        let mut ccache = small();
        bend(&mut ccache.credentials[1]);
        assert_eq!(ccache.encode(), Err(CcacheError::UnwritableCredential { index: 1 }));
    }
}

#[test]
fn debug_shows_no_octet_of_a_key() {
    assert!(format!("{:?}", small()).contains("keyvalue: [32 octets]"));
}

prop_compose! {
    fn any_principal()(
        name_type: i32,
        components in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..4),
        krb_realm in prop::collection::vec(any::<u8>(), 0..6),
    ) -> Principal {
        let name_string = components.into_iter().map(KerberosString).collect();
        Principal { name: PrincipalName { name_type, name_string }, krb_realm: krb_realm.into() }
    }
}

prop_compose! {
    fn any_credential()(
        (client, server) in (any_principal(), any_principal()),
        (keytype, key) in (any::<i16>(), prop::collection::vec(any::<u8>(), 0..40)),
        // An end of 0 is that of an entry that was removed.
        (auth, start, end, renew_till) in (any::<u32>(), any::<u32>(), 1u32.., any::<u32>()),
        (is_skey, flags) in any::<(bool, u32)>(),
        addresses in prop::collection::vec((any::<u16>(), any::<[u8; 4]>()), 0..3),
        authdata in prop::collection::vec((any::<i16>(), any::<[u8; 3]>()), 0..3),
        ticket in prop::collection::vec(any::<u8>(), 0..50),
        second_ticket in prop::collection::vec(any::<u8>(), 0..9),
    ) -> Credential {
        Credential {
            client,
            server,
            key: EncryptionKey::new(keytype.into(), key),
            times: Times { auth, start, end, renew_till },
            is_skey,
            flags: flags.into(),
            addresses: addresses
                .into_iter()
                .map(|(kind, address)| HostAddress { addr_type: kind.into(), address: address.to_vec().into() })
                .collect(),
            authdata: authdata
                .into_iter()
                .map(|(kind, data)| (kind.into(), data.to_vec().into()))
                .map(|(ad_type, ad_data)| AuthorizationDataElement { ad_type, ad_data })
                .collect(),
            ticket: ticket.into(),
            second_ticket: second_ticket.into(),
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_reads_the_same(
        principal in any_principal(),
        offset in any::<Option<(i32, i32)>>(),
        credentials in prop::collection::vec(any_credential(), 0..4),
    ) {
        let time_offset = offset.map(|(seconds, microseconds)| TimeOffset { seconds, microseconds });
        let ccache = Ccache { time_offset, principal, credentials };
        let file = ccache.encode().unwrap();
        prop_assert!(file.capacity() - file.len() <= 12, "the buffer did not grow");
        prop_assert_eq!(Ccache::read(&file), Ok(ccache));
    }

    #[test]
    fn octets_of_any_kind_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = [&[5, 3][..], &octets].concat();
        if let Ok(ccache) = Ccache::read(&file) {
            prop_assert!(ccache.encode().is_ok());
        }
    }
}
