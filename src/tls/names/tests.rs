//! Names of certificates, as rcgen writes them.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, KeyPair, SanType,
};

use super::*;

fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.distinguished_name = DistinguishedName::new();
    change(&mut parameters);
    parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[test]
fn the_last_part_of_a_subject_comes_first_and_signs_are_escaped() {
    let der = made(|parameters| {
        parameters.distinguished_name.push(DnType::OrganizationName, "Example, Inc.");
        parameters
            .distinguished_name
            .push(DnType::CommonName, DnValue::Utf8String(" #joe\n\"\\ ".to_owned()));
    });
    let names = Names::of(&der).unwrap();
    assert_eq!(names.subject.as_deref(), Some(r#"CN=\ #joe\0A\"\\\ ,O=Example\, Inc."#));
    assert_eq!(names.common_names, [" #joe\n\"\\ "]);
}

#[test]
fn a_certificate_without_a_subject_has_other_names() {
    let der = made(|parameters| {
        parameters.subject_alt_names = vec![
            SanType::Rfc822Name("joe@x.test".try_into().unwrap()),
            SanType::URI("urn:joe".try_into().unwrap()),
            SanType::DnsName("joe.test".try_into().unwrap()),
        ];
    });
    let names = Names::of(&der).unwrap();
    assert_eq!(names.subject, None);
    assert_eq!(
        (&names.emails[..], &names.uris[..]),
        (&["joe@x.test".to_owned()][..], &["urn:joe".to_owned()][..])
    );
    assert_eq!(names.hosts, ["joe.test"]);
}

#[test]
fn what_is_no_certificate_has_no_names_and_what_is_no_authority_is_none() {
    assert_eq!(Names::of(b"\x30\x03\x02\x01\x05"), None);
    assert_eq!(ends(b""), None);
    assert!(!is_authority(&made(|_| {})) && !is_authority(b"x"));
    assert!(is_authority(&made(|parameters| parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))));
}
