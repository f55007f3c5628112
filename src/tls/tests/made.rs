//! What tests of TLS make: folders, authorities and certificates.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    SignatureAlgorithm,
};
use rustls_pki_types::CertificateDer;

use crate::tls::keystore::Store;

/// A folder of its own, which goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ticketgate-tls-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, octets: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, octets).unwrap();
        path
    }

    /// Writes a store of any kind.
    pub(crate) fn store(&self, octets: impl AsRef<[u8]>) -> Store {
        stored(&self.file("store", octets))
    }

    pub(crate) fn password(&self, octets: impl AsRef<[u8]>) -> PathBuf {
        self.file("password", octets)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A store of which only the place is known.
pub(crate) fn stored(path: &Path) -> Store {
    Store { path: path.to_owned(), kind: None, password: None }
}

/// One who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(parameters(name), KeyPair::generate().unwrap()).unwrap())
    }

    /// Another, whom this one vouches for.
    pub(crate) fn below(&self, name: &str) -> Self {
        Self(CertifiedIssuer::signed_by(parameters(name), KeyPair::generate().unwrap(), &self.0).unwrap())
    }

    /// The certificate of a host: a name, one with `*.`, or an address.
    pub(crate) fn host(&self, name: &str) -> Host {
        self.host_with(name, &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// The same with another kind of key.
    pub(crate) fn host_with(&self, name: &str, kind: &'static SignatureAlgorithm) -> Host {
        let key = KeyPair::generate_for(kind).unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        Host { certificate: parameters.signed_by(&key, &self.0).unwrap(), key }
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }
}

fn parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters
}

/// A certificate and its key.
pub(crate) struct Host {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
}

impl Host {
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// Both.
    pub(crate) fn pem(&self) -> String {
        [self.certificate.pem(), self.key.serialize_pem()].concat()
    }
}
