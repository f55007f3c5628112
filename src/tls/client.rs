//! TLS towards back ends: whose certificates are trusted. That they are for the name that is dialled is always verified.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore};

use super::{
    keystore::{self, KeystoreError, Store, StoreKind},
    protocols::Protocols,
    suites::Suites,
};

/// Why back ends cannot be reached over TLS. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientTlsError {
    /// The store of authorities cannot be used.
    #[error("{0}")]
    Authorities(#[from] KeystoreError),
    /// None of the suites is of the protocols.
    #[error("connect: no suite of ssl.ciphers is of a protocol of ssl.protocols; leave one of them out")]
    NoSuite,
    /// The system trusts nobody.
    #[error(
        "the system has no trusted certificates; install ca-certificates, or name the authorities of back ends (--backend-ca, <truststore>)"
    )]
    Nobody,
}

/// Who signs the certificates of back ends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Authorities {
    /// Those of a store alone.
    Store(Store),
    /// Those whom the system trusts.
    #[default]
    System,
}

impl Authorities {
    /// Those of a PEM file alone.
    #[must_use]
    pub fn pem(path: &Path) -> Self {
        Self::Store(Store { path: path.to_owned(), kind: Some(StoreKind::Pem), password: None })
    }

    fn roots(&self) -> Result<RootCertStore, ClientTlsError> {
        match self {
            Self::Store(store) => Ok(keystore::roots(store)?),
            Self::System => {
                let mut roots = RootCertStore::empty();
                // A single bad file among hundreds is no reason not to start.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if roots.is_empty() { Err(ClientTlsError::Nobody) } else { Ok(roots) }
            }
        }
    }
}

/// How back ends are reached over TLS.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientSettings {
    /// Who signs their certificates.
    pub authorities: Authorities,
    /// The versions of TLS that are spoken.
    pub protocols: Protocols,
    /// The suites that are offered.
    pub suites: Suites,
}

impl ClientSettings {
    /// Reads the authorities.
    ///
    /// # Errors
    ///
    /// Any [`ClientTlsError`].
    pub fn load(&self) -> Result<Arc<ClientConfig>, ClientTlsError> {
        let provider = self.suites.provider(self.protocols).ok_or(ClientTlsError::NoSuite)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.protocols.versions())
            .map_err(|_| ClientTlsError::NoSuite)?
            .with_root_certificates(self.authorities.roots()?)
            .with_no_client_auth();
        // A back end that offers HTTP/2 must not choose it.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// A configuration that trusts the authorities in this PEM file alone; without one, those of the system.
///
/// # Errors
///
/// Any [`ClientTlsError`].
pub fn trusting(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, ClientTlsError> {
    let authorities = authorities.map_or_else(Authorities::default, Authorities::pem);
    ClientSettings { authorities, ..ClientSettings::default() }.load()
}
