//! A certificate authority that nobody else knows, and the certificate that it gives the gateway.

use std::{fs, path::PathBuf, sync::OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};

use crate::world::realm;

/// PEM files for both ends of TLS. The certificate is for `localhost` and 127.0.0.1.
pub(crate) struct Authority {
    /// What a client trusts.
    pub(crate) anchor: PathBuf,
    /// What the gateway shows.
    pub(crate) certificate: PathBuf,
    /// The key that belongs to it.
    pub(crate) key: PathBuf,
}

impl Authority {
    /// Makes new files in the directory of the shared realm, which goes when the tests end.
    fn new() -> Self {
        let dir = realm().dir().join("tls");
        fs::create_dir(&dir).unwrap();
        let p256 = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();

        let mut authority = CertificateParams::new([]).unwrap();
        // Without a name of its own it could not be told from what it signs.
        authority.distinguished_name.push(DnType::CommonName, "Ticketgate tests");
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = CertifiedIssuer::self_signed(authority, p256()).unwrap();
        let key = p256();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();

        let write = |name: &str, pem: String| {
            let file = dir.join(name);
            fs::write(&file, pem).unwrap();
            file
        };
        Self {
            anchor: write("ca.pem", authority.pem()),
            certificate: write("gateway.pem", certificate.pem()),
            key: write("gateway.key", key.serialize_pem()),
        }
    }
}

/// The authority that all tests share.
pub(crate) fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(Authority::new)
}
