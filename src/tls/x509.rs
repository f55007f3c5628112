//! What is read of certificates to choose among them: their names, who signed them, until when they are good.
//!
//! Nobody is trusted for it. Certificates of peers are verified by rustls.

use std::net::IpAddr;

use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// What a certificate says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The hosts it is for, in lower case; `*.` may stand in front. Without any, and without addresses, the common
    /// name, as in stores of old.
    pub(super) hosts: Vec<String>,
    /// The addresses it is for.
    pub(super) addresses: Vec<IpAddr>,
    /// In DER.
    pub(super) subject: Vec<u8>,
    /// In DER.
    pub(super) issuer: Vec<u8>,
    /// `SubjectPublicKeyInfo` in DER.
    pub(super) public_key: Vec<u8>,
    /// The last second that it is good, since 1970, UTC.
    pub(super) ends: i64,
}

impl Facts {
    /// Those of a certificate in DER; `None` if it is none.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let (mut hosts, mut addresses) = (Vec::new(), Vec::new());
        let names = certificate.subject_alternative_name().ok().flatten();
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(host) => hosts.push(host.to_ascii_lowercase()),
                GeneralName::IPAddress(octets) => addresses.extend(address(octets)),
                _ => {}
            }
        }
        if hosts.is_empty() && addresses.is_empty() {
            let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
            hosts.extend(common.map(str::to_ascii_lowercase));
        }
        Some(Self {
            hosts,
            addresses,
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            public_key: certificate.public_key().raw.to_vec(),
            ends: certificate.validity().not_after.timestamp(),
        })
    }

    /// Whether it names itself as the one who signed it.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair};

    use super::*;

    fn facts(names: &[&str], common: &str) -> Facts {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, DnValue::Utf8String(common.to_owned()));
        let made = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Facts::of(made.der()).unwrap()
    }

    #[test]
    fn hosts_are_in_lower_case_and_addresses_apart() {
        let facts = facts(&["GW.tgg.test", "*.tgg.test", "10.0.0.1", "::1"], "other.test");
        assert_eq!(facts.hosts, ["gw.tgg.test", "*.tgg.test"]);
        assert_eq!(facts.addresses, ["10.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
    }

    #[test]
    fn the_common_name_counts_where_there_is_no_other() {
        assert_eq!(facts(&[], "Gw.tgg.test").hosts, ["gw.tgg.test"]);
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        assert!(Facts::of(b"\x30\x03\x02\x01\x05").is_none());
    }
}
