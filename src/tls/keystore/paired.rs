//! Which certificates belong to which key, where they only lie beside each other.

use std::path::Path;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{super::x509::Facts, Entry, KeystoreError};

/// Finds the certificates of keys that lie beside them in any order: a key's own by its public key, and each next
/// by who has signed the one before. What signed itself is left out behind the first: who does not trust it already will
/// not because it is sent (RFC 8446 section 4.4.2).
pub(super) fn paired(
    keys: Vec<(String, PrivateKeyDer<'static>)>,
    certificates: &[CertificateDer<'static>],
    path: &Path,
) -> Result<Vec<Entry>, KeystoreError> {
    let known: Vec<_> =
        certificates.iter().filter_map(|der| Facts::of(der).map(|facts| (facts, der))).collect();
    let entry = |(alias, key): (String, PrivateKeyDer<'static>)| {
        let mut entry = Entry { alias, chain: Vec::new(), key };
        let public = any_supported_type(&entry.key).map_err(|source| KeystoreError::Pair {
            path: path.to_owned(),
            alias: entry.alias.clone(),
            source,
        })?;
        let public = public.public_key();
        let is_own = |(facts, _): &&(Facts, _)| public.as_ref().is_some_and(|key| facts.public_key == **key);
        let own = known.iter().find(is_own).ok_or_else(|| KeystoreError::NoCertificate {
            path: path.to_owned(),
            alias: entry.alias.clone(),
        })?;
        let mut next = Some(own);
        while let Some((facts, der)) = next {
            entry.chain.push((*der).clone());
            let is_issuer = |(other, der): &&(Facts, &CertificateDer<'static>)| {
                other.subject == facts.issuer && !other.is_self_issued() && !entry.chain.contains(der)
            };
            next = known.iter().find(is_issuer);
        }
        Ok(entry)
    };
    keys.into_iter().map(entry).collect()
}
