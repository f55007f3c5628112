//! Server TLS from PEM files, swapped without a restart.

pub mod binding;
pub mod client;
pub mod front;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// Why a certificate and key cannot be used. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate file cannot be read.
    #[error("cannot read certificates from {path}: {source}; it must be PEM, the server's own first")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// The certificate file holds none.
    #[error("{path} holds no certificate; it must be PEM, the server's own first")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The key file cannot be read.
    #[error("cannot read a private key from {path}: {source}; it must be PEM, without a password")]
    Key {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// The two do not belong together, or are of a kind that TLS has no use for.
    #[error("certificate {certificate} and key {key} cannot be used together: {source}")]
    Pair {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What went wrong.
        source: rustls::Error,
    },
    /// A certificate that no token can be bound to.
    #[error(
        "{path}: tokens cannot be bound to this certificate, for its kind of signature names no hash function (RFC 5929 section 4.1); leave --binding-cert out"
    )]
    Unbindable {
        /// Its file.
        path: PathBuf,
    },
}

/// Where the certificate and its key are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Files {
    /// PEM certificates, the server's own first.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

/// Certificates that were in use and whose bindings are still good: connections outlive a reload.
const PAST_CERTIFICATES: usize = 4;

/// The certificate in use, and the configuration that serves it.
#[derive(Debug)]
pub struct ServerTls {
    files: Files,
    /// The end-point bindings of the certificates, the one in use last.
    end_points: ArcSwap<Vec<[u8; 16]>>,
    certificate: Arc<Current>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl ServerTls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub fn load(files: Files) -> Result<Self, TlsError> {
        let certificate = Arc::new(Current(ArcSwap::from_pointee(read(&files)?)));
        let resolver: Arc<dyn ResolvesServerCert> = certificate.clone();
        let mut config = ServerConfig::builder().with_no_client_auth().with_cert_resolver(resolver);
        // HTTP/2 is not offered: WebSocket over it is another protocol (RFC 8441), and no Kerberos client has it.
        config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
        let end_points = certificate.0.load().end_entity_cert().ok().and_then(|der| binding::end_point(der));
        let end_points = ArcSwap::from_pointee(end_points.into_iter().collect());
        Ok(Self { files, end_points, certificate, config: Arc::new(config) })
    }

    /// Reads the files again. If they cannot be used, the certificate in use stays.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let certificate = read(&self.files)?;
        if let Some(end_point) = certificate.end_entity_cert().ok().and_then(|der| binding::end_point(der)) {
            let mut end_points = Vec::clone(&self.end_points.load());
            end_points.push(end_point);
            let too_many = end_points.len().saturating_sub(PAST_CERTIFICATES);
            self.end_points.store(Arc::new(end_points.split_off(too_many)));
        }
        self.certificate.0.store(Arc::new(certificate));
        Ok(())
    }

    /// The channel bindings that a token on this connection may have.
    #[must_use]
    pub fn bindings(&self, connection: &rustls::ServerConnection) -> Vec<[u8; 16]> {
        self.end_points.load().iter().copied().chain(binding::exporter(connection)).collect()
    }

    /// The configuration for new connections.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

fn read(files: &Files) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|source| TlsError::Key { path: files.key.clone(), source })?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|source| TlsError::Pair {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    })
}

/// Reads the certificates of a PEM file, of which there is at least one.
///
/// # Errors
///
/// [`TlsError::Certificate`] or [`TlsError::Empty`].
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Certificate { path: path.to_owned(), source };
    let chain = CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    if chain.is_empty() { Err(TlsError::Empty { path: path.to_owned() }) } else { Ok(chain) }
}
