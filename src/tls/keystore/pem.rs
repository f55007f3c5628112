//! Keys and certificates in one PEM file, in any order (RFC 7468).

use std::path::Path;

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{PemObject as _, SectionKind},
};
use zeroize::Zeroize as _;

use super::{Entry, KeystoreError, paired::paired};

/// What every section starts with.
const BEGIN: &[u8] = b"-----BEGIN ";

/// The label of a key with a password (RFC 7468 section 11).
const ENCRYPTED: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// The header of a key with a password in OpenSSL's older form (RFC 1421 section 4.6.1.1).
const ENCRYPTED_BEFORE: &[u8] = b"Proc-Type: 4,ENCRYPTED";

/// Whether a PEM section starts somewhere in these octets: text may stand before it.
pub(super) fn is_pem(octets: &[u8]) -> bool {
    has(octets, BEGIN)
}

fn has(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Pem {
    /// All certificates, in their order.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// The keys, not yet with their certificates.
    keys: Vec<Entry>,
    /// Whether there is a key with a password.
    is_encrypted: bool,
}

impl Pem {
    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// [`KeystoreError::EncryptedKey`] or [`KeystoreError::Pem`].
    pub(super) fn read(octets: &[u8], path: &Path) -> Result<Self, KeystoreError> {
        let is_encrypted = has(octets, ENCRYPTED) || has(octets, ENCRYPTED_BEFORE);
        let mut found = Self { certificates: Vec::new(), keys: Vec::new(), is_encrypted };
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(octets) {
            let (kind, mut der) = section.map_err(|source| match is_encrypted {
                // The headers of the older form are no base64.
                true => KeystoreError::EncryptedKey { path: path.to_owned() },
                false => KeystoreError::Pem { path: path.to_owned(), source },
            })?;
            match kind {
                SectionKind::Certificate => found.certificates.push(der.into()),
                SectionKind::PrivateKey => found.key(PrivateKeyDer::Pkcs8(der.into())),
                SectionKind::RsaPrivateKey => found.key(PrivateKeyDer::Pkcs1(der.into())),
                SectionKind::EcPrivateKey => found.key(PrivateKeyDer::Sec1(der.into())),
                _ => der.zeroize(),
            }
        }
        Ok(found)
    }

    fn key(&mut self, key: PrivateKeyDer<'static>) {
        let alias = self.keys.len().saturating_add(1).to_string();
        self.keys.push(Entry { alias, chain: Vec::new(), key });
    }

    /// The keys, each with its certificates.
    ///
    /// # Errors
    ///
    /// [`KeystoreError::EncryptedKey`], [`KeystoreError::NoCertificate`] or [`KeystoreError::Pair`].
    pub(super) fn entries(self, path: &Path) -> Result<Vec<Entry>, KeystoreError> {
        if self.is_encrypted {
            return Err(KeystoreError::EncryptedKey { path: path.to_owned() });
        }
        paired(self.keys, &self.certificates, path)
    }
}
