//! Server TLS from PEM files, swapped without a restart.

pub mod binding;
pub mod client;
pub mod front;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    sign::{CertifiedKey, SingleCertAndKey},
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
    end_points: Vec<[u8; 16]>,
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub fn load(files: Files) -> Result<Self, TlsError> {
        let certificate = read(&files)?;
        let end_points = certificate.end_entity_cert().ok().and_then(|der| binding::end_point(der));
        let resolver = Arc::new(SingleCertAndKey::from(certificate));
        let mut config = ServerConfig::builder().with_no_client_auth().with_cert_resolver(resolver);
        // HTTP/2 is not offered: WebSocket over it is another protocol (RFC 8441), and no Kerberos client has it.
        config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
        Ok(Self { files, end_points: end_points.into_iter().collect(), config: Arc::new(config) })
    }

    /// The same files read again. Bindings of past certificates stay good, for connections that were opened with them.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub fn renewed(&self) -> Result<Self, TlsError> {
        let mut fresh = Self::load(self.files.clone())?;
        let mut end_points = self.end_points.clone();
        end_points.append(&mut fresh.end_points);
        let too_many = end_points.len().saturating_sub(PAST_CERTIFICATES);
        fresh.end_points = end_points.split_off(too_many);
        Ok(fresh)
    }

    /// The channel bindings that a token on this connection may have.
    #[must_use]
    pub fn bindings(&self, connection: &rustls::ServerConnection) -> Vec<[u8; 16]> {
        self.end_points.iter().copied().chain(binding::exporter(connection)).collect()
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
