//! TLS towards back ends: whose certificates are trusted.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{ClientConfig, RootCertStore};

use super::{TlsError, certificates};

/// Why back ends cannot be reached over TLS. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientTlsError {
    /// The file of authorities cannot be used.
    #[error("{0}")]
    Authorities(#[from] TlsError),
    /// A certificate in it cannot be an authority's.
    #[error("{path} holds a certificate that cannot be trusted: {source}; it must be an authority's own")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: rustls::Error,
    },
    /// The system trusts nobody.
    #[error(
        "the system has no trusted certificates; install ca-certificates, or name a file with --backend-ca"
    )]
    Nobody,
}

/// A configuration that trusts the authorities in this PEM file alone; without one, those of the system.
///
/// # Errors
///
/// Any [`ClientTlsError`].
pub fn trusting(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, ClientTlsError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            for certificate in certificates(path)? {
                let failed = |source| ClientTlsError::Authority { path: path.to_owned(), source };
                roots.add(certificate).map_err(failed)?;
            }
        }
        None => {
            // A single bad file among hundreds is no reason not to start.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(ClientTlsError::Nobody);
            }
        }
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    // A back end that offers HTTP/2 must not choose it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
