//! PKCS#12 (RFC 7292), as keytool, OpenSSL and Windows write it.
//!
//! `p12-keystore` bounds the rounds of its key derivation. Of what it opens, keys are copied and not overwritten.

use std::path::Path;

use p12_keystore::{Certificate, CertificateBag, Pkcs12Archive, PrivateKeyBag, error::Error};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{Entry, KeystoreError, Listed, Password, Store, paired::paired};

/// Opens a store; without a password with the empty one, which some have.
///
/// # Errors
///
/// [`KeystoreError::NoPassword`], [`KeystoreError::WrongPassword`] or [`KeystoreError::Pkcs12`].
pub(super) fn open(
    octets: &[u8],
    password: Option<&Password>,
    store: &Store,
) -> Result<Pkcs12Archive, KeystoreError> {
    let path = || store.path.clone();
    let opened = Pkcs12Archive::from_pkcs12(octets, password.map_or("", Password::as_str));
    opened.map_err(|source| match (source, &store.password) {
        (Error::MacError(_), Some(password)) => {
            KeystoreError::WrongPassword { path: path(), password: password.clone() }
        }
        (Error::MacError(_), None) => KeystoreError::NoPassword { path: path() },
        (source, _) => KeystoreError::Pkcs12 { path: path(), source },
    })
}

/// The keys, each with its certificates.
///
/// # Errors
///
/// [`KeystoreError::NoCertificate`] or [`KeystoreError::Pair`].
pub(super) fn entries(archive: &Pkcs12Archive, path: &Path) -> Result<Vec<Entry>, KeystoreError> {
    let entry = |(bag, place): (&PrivateKeyBag, u32)| Entry {
        alias: bag.friendly_name.clone().unwrap_or_else(|| place.to_string()),
        chain: Vec::new(),
        key: PrivateKeyDer::Pkcs8(bag.key.as_der().to_vec().into()),
    };
    let keys = archive.keys.iter().zip(1..).map(entry).collect();
    let certificates: Vec<_> = archive.certs.iter().map(|bag| owned(&bag.cert)).collect();
    paired(keys, &certificates, path)
}

/// The trusted certificates: those that Java has marked, or, as OpenSSL marks none, all that are no key's.
pub(super) fn trusted(archive: &Pkcs12Archive) -> Vec<CertificateDer<'static>> {
    let has_marks = archive.certs.iter().any(|bag| bag.trusted);
    archive
        .certs
        .iter()
        .filter(|bag| if has_marks { bag.trusted } else { bag.local_key_id.is_none() })
        .map(|bag| owned(&bag.cert))
        .collect()
}

/// All certificates but those that lead from a key's own to who signed it.
pub(super) fn listed(archive: &Pkcs12Archive) -> Vec<Listed> {
    let is_own = |bag: &CertificateBag| bag.trusted || bag.local_key_id.is_some() || archive.keys.is_empty();
    let bags = archive.certs.iter().filter(|bag| is_own(bag)).zip(1_u32..);
    let listed = |(bag, place): (&CertificateBag, u32)| Listed {
        alias: bag.friendly_name.clone().unwrap_or_else(|| place.to_string()),
        certificate: owned(&bag.cert),
    };
    bags.map(listed).collect()
}

fn owned(certificate: &Certificate) -> CertificateDer<'static> {
    CertificateDer::from(certificate.as_der().to_vec())
}
