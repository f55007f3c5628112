//! Which certificates belong to which key, where they only lie beside each other.

use std::path::Path;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::CertificateDer;

use super::{super::x509::Facts, Entry, KeystoreError};

/// Finds the certificates of keys that have none yet: a key's own by its public key, and each next by who has
/// signed the one before. Behind the first, what signed itself is left out: who does not trust it already will not
/// because it is sent (RFC 8446 section 4.4.2).
///
/// # Errors
///
/// [`KeystoreError::NoCertificate`], or [`KeystoreError::Pair`] for a key that TLS has no use for.
pub(super) fn paired(
    mut keys: Vec<Entry>,
    certificates: &[CertificateDer<'static>],
    path: &Path,
) -> Result<Vec<Entry>, KeystoreError> {
    let known: Vec<_> =
        certificates.iter().filter_map(|der| Facts::of(der).map(|facts| (facts, der))).collect();
    for entry in &mut keys {
        entry.chain = chain(entry, &known, path)?;
    }
    Ok(keys)
}

fn chain(
    entry: &Entry,
    known: &[(Facts, &CertificateDer<'static>)],
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, KeystoreError> {
    let (path, alias) = (path.to_owned(), entry.alias.clone());
    let key = match any_supported_type(&entry.key) {
        Ok(key) => key,
        Err(source) => return Err(KeystoreError::Pair { path, alias, source }),
    };
    let public = key.public_key();
    let is_own = |(facts, _): &&(Facts, _)| public.as_ref().is_some_and(|key| facts.public_key == **key);
    // A certificate that was renewed for the same key may lie beside its successor.
    let own = known.iter().filter(is_own).max_by_key(|(facts, _)| facts.ends);
    let mut next = Some(own.ok_or(KeystoreError::NoCertificate { path, alias })?);
    let mut chain = Vec::new();
    while let Some((facts, der)) = next {
        chain.push((*der).clone());
        let is_issuer = |(other, der): &&(Facts, &CertificateDer<'static>)| {
            other.subject == facts.issuer && !other.is_self_issued() && !chain.contains(der)
        };
        next = known.iter().find(is_issuer);
    }
    Ok(chain)
}
