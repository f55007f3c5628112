//! Roles from what the KDC says of a client: groups in the PAC, and how it logged in.
//!
//! MIT's KDC puts no groups into its PACs, so the tickets here are made with the service's real key.

use client::{
    Credential,
    negotiate::{Negotiate, NegotiateOptions},
};
use krb::{
    crypto::{ChecksumKey, Enctype, Key, Usage},
    msg::{
        cammac::{AuthenticationIndicator, Cammac, VerifierMac},
        opened::{AuthorizationData, AuthorizationDataElement, EncTicketPart, ad_type},
    },
    pac::{ClientInfo, PacBuilder, ValidationInfo, filetime},
};

use super::{admission, ask_once, door, site, status};
use crate::{
    ticket::{dice, field, forged, now, service_key},
    world::Gateway,
};

/// SE_GROUP_MANDATORY, SE_GROUP_ENABLED_BY_DEFAULT and SE_GROUP_ENABLED (MS-PAC section 2.2.1).
const ENABLED: u32 = 7;

/// The flags of a door that only staff may pass: a group, or whoever logged in by `otp`.
const STAFF: [&str; 6] =
    ["--require-role", "staff", "--grant", "staff=sid:S-1-5-21-1-2-3-1512", "--grant", "staff=indicator:otp"];

/// Alice's ticket with this authorization data in place of the KDC's own.
fn ticket(data: impl FnOnce(&EncTicketPart) -> AuthorizationDataElement) -> Credential {
    forged(|part| {
        let inner = AuthorizationData(vec![data(part)]).encode().unwrap();
        let relevant = AuthorizationDataElement { ad_type: ad_type::IF_RELEVANT, ad_data: inner.into() };
        part.authorization_data = Some(AuthorizationData(vec![relevant]));
    })
}

/// A ticket whose PAC puts alice into the group 1512, signed with this key.
pub(crate) fn in_group(signer: &Key) -> Credential {
    ticket(|part| {
        let login = part.authtime.seconds().unwrap();
        let info = ValidationInfo {
            account: "alice".to_owned(),
            user_id: 1105,
            primary_group_id: 513,
            groups: vec![(513, ENABLED), (1512, ENABLED)],
            domain_sid: Some("S-1-5-21-1-2-3".parse().unwrap()),
            ..ValidationInfo::default()
        };
        let client = ClientInfo { filetime: filetime(login).unwrap(), name: "alice".to_owned() };
        let kdc = Key::new(Enctype::Aes256CtsHmacSha1_96, &[1; 32]).unwrap();
        let pac = PacBuilder::new().logon_info(&info).client_info(&client).sign(signer, &kdc).unwrap();
        AuthorizationDataElement { ad_type: ad_type::WIN2K_PAC, ad_data: pac.into() }
    })
}

/// A ticket whose KDC says that alice logged in by `otp`, vouched for with this key.
fn by_otp(signer: &Key) -> Credential {
    ticket(|_| {
        let said = AuthenticationIndicator(vec!["otp".to_owned()]).encode().unwrap();
        let indicator =
            AuthorizationDataElement { ad_type: ad_type::AUTHENTICATION_INDICATOR, ad_data: said.into() };
        let elements = AuthorizationData(vec![indicator]);
        let keys = ChecksumKey::derive(signer, Usage::CAMMAC).unwrap();
        let mac = keys.make_checksum(&elements.encode().unwrap());
        let verifier = VerifierMac { identifier: None, kvno: None, enctype: None, mac };
        let cammac =
            Cammac { elements, kdc_verifier: None, svc_verifier: Some(verifier), other_verifiers: None };
        AuthorizationDataElement { ad_type: ad_type::CAMMAC, ad_data: cammac.encode().unwrap().into() }
    })
}

fn status_of(gateway: &Gateway, ticket: &Credential) -> u16 {
    let token = Negotiate::new(ticket, &NegotiateOptions::default(), now(), &mut dice).unwrap();
    status(&ask_once(gateway, &field(token.token())))
}

#[test]
fn a_group_in_a_signed_pac_gives_a_role() {
    let site = site();
    let gateway = door(&site, &STAFF);
    assert_eq!(status_of(&gateway, &in_group(&service_key())), 200);
    assert_eq!(admission(&gateway, "granted")["roles"], "staff");
}

#[test]
fn a_group_in_a_pac_that_is_signed_with_another_key_gives_none() {
    let site = site();
    let gateway = door(&site, &STAFF);
    let another = Key::new(service_key().enctype(), &vec![5; service_key().octets().len()]).unwrap();
    assert_eq!(status_of(&gateway, &in_group(&another)), 403);
    assert!(!site.was_asked());
    let strict = door(&site, &["--pac", "require"]);
    assert_eq!(status_of(&strict, &in_group(&another)), 401);
    admission(&strict, "pac");
}

#[test]
fn how_a_client_logged_in_gives_a_role_where_the_kdc_vouches_for_it() {
    let site = site();
    let gateway = door(&site, &STAFF);
    assert_eq!(status_of(&gateway, &by_otp(&service_key())), 200);
    let another = Key::new(service_key().enctype(), &vec![5; service_key().octets().len()]).unwrap();
    assert_eq!(status_of(&gateway, &by_otp(&another)), 403);
}
