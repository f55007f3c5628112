//! The client's side of TLS: trusts one authority, and makes a full handshake each time.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::lane::Failed;

/// How the two sides agree on a key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum KeyExchange {
    /// X25519, which OpenSSL 3.0 to 3.4 offers first.
    #[default]
    X25519,
    /// X25519MLKEM768, which browsers, OpenSSL 3.5 and rustls offer first.
    Hybrid,
}

/// A configuration that trusts the certificate in this PEM file.
///
/// # Errors
///
/// If the file holds no certificate.
pub fn client(authority: &Path, key_exchange: KeyExchange) -> Result<Arc<ClientConfig>, Failed> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let group = match key_exchange {
        KeyExchange::X25519 => aws_lc_rs::kx_group::X25519,
        KeyExchange::Hybrid => aws_lc_rs::kx_group::X25519MLKEM768,
    };
    let provider = CryptoProvider { kx_groups: vec![group], ..aws_lc_rs::default_provider() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
