//! Whether a certificate of a client is good now, by whom somebody trusts, after its handshake.

use std::{fmt, sync::Arc, time::Duration};

use rustls::{
    RootCertStore,
    crypto::aws_lc_rs,
    server::{VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::{keystore, keystore::Listed, names::is_authority};

/// Those who may sign certificates of clients, and certificates that are trusted by themselves.
pub struct Trust {
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    known: Vec<CertificateDer<'static>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl Trust {
    /// By the authorities of a truststore, as at the handshake.
    ///
    /// # Errors
    ///
    /// What the verifier of rustls does not take.
    pub fn by(roots: RootCertStore) -> Result<Self, VerifierBuilderError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Ok(Self { verifier: Some(verifier), known: Vec::new() })
    }

    /// By these: each is good itself, and what it signed if it is an authority.
    ///
    /// # Errors
    ///
    /// As [`Self::by`].
    pub fn among(listed: Vec<Listed>) -> Result<Self, VerifierBuilderError> {
        let known: Vec<_> = listed.into_iter().map(|listed| listed.certificate).collect();
        let mut roots = RootCertStore::empty();
        // A user's certificate is no authority, whatever its holder signs.
        roots.add_parsable_certificates(known.iter().filter(|der| is_authority(der)).cloned());
        let signed = if roots.is_empty() { None } else { Some(Self::by(roots)?) };
        Ok(Self { verifier: signed.and_then(|signed| signed.verifier), known })
    }

    /// Whether the first of these is good at this time, in seconds since 1970, UTC; the others lead to who signed it.
    ///
    /// # Errors
    ///
    /// Why not, as rustls says it.
    pub fn judge(&self, shown: &[CertificateDer<'_>], now: i64) -> Result<(), rustls::Error> {
        let (own, others) = shown.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
        if self.known.iter().any(|known| known == own) {
            return Ok(());
        }
        let unknown = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let verifier = self.verifier.as_ref().ok_or_else(unknown)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or_default()));
        verifier.verify_client_cert(own, others, now).map(drop)
    }
}

/// The certificates of a store for [`Trust::among`], or the one with this alias.
///
/// # Errors
///
/// As [`keystore::read_listed`].
pub fn listed(store: &keystore::Store, alias: Option<&str>) -> Result<Vec<Listed>, keystore::KeystoreError> {
    let mut listed = keystore::read_listed(store)?;
    // Java does not tell cases apart in aliases.
    listed.retain(|one| alias.is_none_or(|alias| one.alias.eq_ignore_ascii_case(alias)));
    Ok(listed)
}
