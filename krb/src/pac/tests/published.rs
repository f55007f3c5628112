//! PACs that Windows domains signed and a ticket that a KDC did, with their keys: what MIT krb5 1.20.1 publishes in
//! src/lib/krb5/krb/t_pac.c. The files and the licence are in tests/data/krb5.

use std::fs;

use super::*;
use crate::crypto::UsageKeys;
use crate::msg::opened::AuthorizationDataElement;
use crate::msg::ticket::Ticket;

/// `member_keyblock` and `kdc_keyblock`: the service and the KDC of `saved_pac`.
const MEMBER: (i32, &str) = (23, "d217faeae5e6b5f95ccc94077ab8a5fc");
const DOMAIN: (i32, &str) = (23, "b286757148af7fd252c53603a150b7e7");

/// `s4u_srv_key`, and `s4u_tgt_srv_key` of the trust with another realm.
const SERVICE: (i32, &str) = (18, "14dfb5b2cdb42c8894da2fa882e9729f4a4dc74ba02a242cc6a8d71079b9ad9a");
const TRUST: (i32, &str) = (18, "420c39c51a175404451f956b8c58e0f41bca669a644795ca6e3ad55a3b918c9f");

/// `ticket_sig_server_key` and `ticket_sig_krbtgt_key`.
const TICKET_SERVICE: (i32, &str) = (23, "ed2311207a214420bfc08d36f7f6b23e");
const TICKET_KDC: (i32, &str) = (18, "7a5898d2afa6afc06ace06044bc270849b8e0a6c4c07dc6fbb4843e1d2aa97f7");

/// `s4u_pacs`: the PACs that a KDC of Windows 2008 made for S4U2Self, with the keys that their server signatures
/// are made with, the times of the logons and the names of the clients.
const S4U: [(&str, (i32, &str), i64, &str); 4] = [
    ("s4u_pac_regular", SERVICE, 1_538_430_362, "w2k8u"),
    ("s4u_pac_enterprise", SERVICE, 1_538_437_551, "w2k8u@abc"),
    ("s4u_pac_xrealm", TRUST, 1_538_469_429, "w2k8u@ACME.COM"),
    ("s4u_pac_ent_xrealm", TRUST, 1_538_484_998, "w2k8u@abc@ACME.COM"),
];

fn published(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../tests/data/krb5/t_pac-{name}.bin", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn keys((number, digits): (i32, &str)) -> ChecksumKey {
    signing(&key(number, digits))
}

/// A signature of the PAC, as long as this key makes it.
fn signature<'a>(pac: &Pac<'a>, kind: u32, key: (i32, &str)) -> &'a [u8] {
    let (found, octets) = pac.find(kind).unwrap().signature().unwrap();
    let enctype = keys(key).enctype();
    assert_eq!(found, enctype.checksum_number());
    &octets[..enctype.checksum_length()]
}

/// Whether the KDC signed what the service's key signed.
fn kdc_signed(pac: &Pac<'_>, service: (i32, &str), kdc: (i32, &str)) -> bool {
    let signed = signature(pac, buffer::SERVER_CHECKSUM, service);
    keys(kdc).verify(signed, signature(pac, buffer::KDC_CHECKSUM, kdc)).is_ok()
}

#[test]
fn both_signatures_of_a_domain_of_2005_fit() {
    let octets = published("saved_pac");
    let pac = Pac::read(&octets).unwrap();
    assert_eq!(pac.verify_server(&keys(MEMBER)), Ok(()));
    assert!(kdc_signed(&pac, MEMBER, DOMAIN));
}

#[test]
fn a_pac_is_signed_as_that_domain_signed_it() {
    let octets = published("saved_pac");
    let pac = Pac::read(&octets).unwrap();
    let again = PacBuilder::new()
        .buffer(buffer::LOGON_INFO, pac.buffer(buffer::LOGON_INFO).unwrap().to_vec())
        .client_info(&pac.client_info().unwrap())
        .sign(&key(MEMBER.0, MEMBER.1), &key(DOMAIN.0, DOMAIN.1));
    assert_eq!(again, Ok(octets));
}

#[test]
fn not_an_octet_of_its_logon_information_can_be_altered() {
    let octets = published("saved_pac");
    let place = Pac::read(&octets).unwrap().find(buffer::LOGON_INFO).unwrap().offset;
    for at in place..place + 472 {
        let mut altered = octets.clone();
        altered[at] ^= 1;
        let verdict = Pac::read(&altered).unwrap().verify_server(&keys(MEMBER));
        assert_eq!(verdict, Err(PacError::Signature), "{at}");
    }
}

#[test]
fn the_account_of_a_computer_and_its_groups_are_read() {
    let octets = published("saved_pac");
    let pac = Pac::read(&octets).unwrap();
    let info = pac.logon_info().unwrap().unwrap();
    assert_eq!((info.account.as_str(), info.domain.as_str()), ("W2003FINAL$", "WIN2K3THINK"));
    assert_eq!(info.user, sid("S-1-5-21-3048156945-3961193616-3706469200-1005"));
    assert_eq!(info.groups, [sid("S-1-5-21-3048156945-3961193616-3706469200-516")]);
    assert_eq!((info.primary_group, info.extra), (info.groups[0], vec![sid("S-1-5-9")]));
    assert!(info.resource_groups.is_empty());
    let client = PrincipalName::new(NT_PRINCIPAL, ["w2003final$"]);
    assert!(pac.client_info().unwrap().matches(&client, 1_120_440_609));
}

#[test]
fn the_server_signatures_of_windows_2008_fit_their_keys_alone() {
    for (name, right, ..) in S4U {
        let octets = published(name);
        let pac = Pac::read(&octets).unwrap();
        for tried in [SERVICE, TRUST] {
            let wanted = if tried == right { Ok(()) } else { Err(PacError::Signature) };
            assert_eq!(pac.verify_server(&keys(tried)), wanted, "{name}");
        }
    }
}

#[test]
fn a_client_is_named_as_the_ticket_names_it() {
    for (name, _, authtime, client) in S4U {
        let octets = published(name);
        let info = Pac::read(&octets).unwrap().client_info().unwrap();
        assert_eq!((info.name.as_str(), info.auth_time()), (client, Some(authtime)));
        for (typed, ticket) in [
            ("s4u_pac_regular", PrincipalName::new(NT_PRINCIPAL, ["w2k8u"])),
            ("s4u_pac_enterprise", PrincipalName::new(NT_ENTERPRISE, ["w2k8u@abc"])),
        ] {
            // With its realm it stands in the tickets of a trust alone, which no service is shown.
            assert_eq!(info.matches(&ticket, authtime), name == typed, "{name} {typed}");
        }
    }
}

#[test]
fn windows_2008_tells_the_names_and_groups_of_a_user() {
    for (name, ..) in S4U {
        let octets = published(name);
        let pac = Pac::read(&octets).unwrap();
        let kinds: Vec<_> = pac.buffers().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [1, 10, 12, 6, 7]);
        let info = pac.logon_info().unwrap().unwrap();
        assert_eq!((info.account.as_str(), info.domain.as_str()), ("w2k8u", "ACME"));
        assert_eq!(info.user, sid("S-1-5-21-9281652-3921847615-585208160-1142"));
        assert_eq!(info.groups, [sid("S-1-5-21-9281652-3921847615-585208160-513")]);
        assert!(info.extra.is_empty() && info.resource_groups.is_empty());
        let names = UpnDnsInfo {
            upn: "w2k8u@abc".into(),
            dns_domain: "ACME.COM".into(),
            upn_constructed: false,
            sam_name: None,
            sid: None,
        };
        assert_eq!(pac.upn_dns_info(), Ok(Some(names)));
    }
}

/// The ticket for `s1@CDOM.COM`, opened.
fn ticket() -> EncTicketPart {
    let ticket = Ticket::decode(&published("ticket_data")).unwrap();
    let keys = UsageKeys::derive(&key(TICKET_SERVICE.0, TICKET_SERVICE.1), Usage::TICKET).unwrap();
    EncTicketPart::decode(&keys.open_data(&ticket.enc_part).unwrap()).unwrap()
}

#[test]
fn the_signatures_of_a_service_with_rc4_and_a_kdc_with_aes_fit() {
    let ticket = ticket();
    let octets = pac_of(&ticket);
    let pac = Pac::read(&octets).unwrap();
    assert_eq!(pac.verify_server(&keys(TICKET_SERVICE)), Ok(()));
    assert!(kdc_signed(&pac, TICKET_SERVICE, TICKET_KDC));
    let authtime = ticket.authtime.seconds().unwrap();
    assert!(pac.client_info().unwrap().matches(&PrincipalName::new(NT_PRINCIPAL, ["s1"]), authtime));
}

/// MS-PAC section 2.8.3: it is over the ticket with a single zero in the place of its PAC.
#[test]
fn the_ticket_signature_fits_the_ticket_as_it_is_written_here() {
    let mut ticket = ticket();
    let octets = pac_of(&ticket);
    let pac = Pac::read(&octets).unwrap();
    let signed = signature(&pac, buffer::TICKET_CHECKSUM, TICKET_KDC);
    let zero = AuthorizationDataElement { ad_type: ad_type::WIN2K_PAC, ad_data: vec![0].into() };
    let inner = AuthorizationData(vec![zero]).encode().unwrap();
    ticket.authorization_data.as_mut().unwrap().0[0].ad_data = inner.into();
    assert_eq!(keys(TICKET_KDC).verify(&ticket.encode().unwrap(), signed), Ok(()));
}

/// Signed anew for its service, the PAC of that ticket has the signature that the KDC gave the ticket, and one over
/// the whole while the other two are empty (MS-PAC section 2.8.4).
#[test]
fn a_pac_for_a_service_is_signed_as_a_kdc_signs_it() {
    let mut ticket = ticket();
    let octets = pac_of(&ticket);
    let published = Pac::read(&octets).unwrap();
    let zero = AuthorizationDataElement { ad_type: ad_type::WIN2K_PAC, ad_data: vec![0].into() };
    let inner = AuthorizationData(vec![zero]).encode().unwrap();
    ticket.authorization_data.as_mut().unwrap().0[0].ad_data = inner.into();
    let key = |(number, digits)| key(number, digits);
    let octets = PacBuilder::new()
        .client_info(&published.client_info().unwrap())
        .sign_for_service(&ticket.encode().unwrap(), &key(TICKET_SERVICE), &key(TICKET_KDC))
        .unwrap();
    let pac = Pac::read(&octets).unwrap();
    let ticket_signature = |pac| signature(pac, buffer::TICKET_CHECKSUM, TICKET_KDC);
    assert_eq!(ticket_signature(&pac), ticket_signature(&published));
    assert_eq!(pac.verify_server(&keys(TICKET_SERVICE)), Ok(()));
    assert!(kdc_signed(&pac, TICKET_SERVICE, TICKET_KDC));

    let full = signature(&pac, buffer::FULL_CHECKSUM, TICKET_KDC).to_vec();
    let mut whole = pac.without_signatures().unwrap();
    let place = pac.find(buffer::FULL_CHECKSUM).unwrap().offset + SIGNATURE_TYPE;
    whole[place..place + full.len()].fill(0);
    assert_eq!(keys(TICKET_KDC).verify(&whole, &full), Ok(()));
}

#[test]
fn what_fuzzing_found_in_mit_krb5_is_refused() {
    for (name, count) in [("fuzz1", 0x1000_0000), ("fuzz2", 0x2000_0000)] {
        assert_eq!(refused(&published(name)), PacError::BufferCount { count });
    }
}
