//! Stores of keys and of trusted certificates on disk: PEM, PKCS#12 and JKS, each known by its first octets.

mod error;
pub mod jks;
mod kind;
mod paired;
mod password;
mod pem;
mod pkcs12;

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tracing::warn;
use zeroize::{Zeroize as _, Zeroizing};

use self::jks::{Jks, JksError};

pub use error::KeystoreError;
pub use kind::StoreKind;
pub use password::Password;

/// Octets of the longest file that is read: thousands of certificates.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Where a store is, and how it is opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Store {
    /// The file.
    pub path: PathBuf,
    /// What it is said to be; without it what it is.
    pub kind: Option<StoreKind>,
    /// The file whose first line is its password.
    pub password: Option<PathBuf>,
}

/// A private key and its certificates.
#[derive(Debug)]
pub struct Entry {
    /// Its name in the store; in PEM and where there is none its place, from 1.
    pub alias: String,
    /// Its certificates, its own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

/// A certificate of a store, whether there is a key for it or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its name in the store; in PEM and where there is none its place, from 1.
    pub alias: String,
    /// The certificate.
    pub certificate: CertificateDer<'static>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// A store as it was read. What is needed of it is taken out, the rest goes.
enum Contents {
    Jks(Zeroizing<Vec<u8>>),
    Pem(pem::Pem),
    Pkcs12(p12_keystore::Pkcs12Archive),
}

/// Reads the private keys of a store and their certificates, at least one. That key and certificate belong
/// together, and that TLS can use them, is for whoever uses them to see.
///
/// # Errors
///
/// Any [`KeystoreError`] but [`KeystoreError::NoTrust`].
pub fn read_keystore(store: &Store) -> Result<Vec<Entry>, KeystoreError> {
    let path = &store.path;
    let (contents, password) = open(store)?;
    let entries = match contents {
        Contents::Jks(octets) => {
            let password = password.ok_or_else(|| KeystoreError::NoPassword { path: path.clone() })?;
            jks_entries(&octets, &password).map_err(jks_failed(store))?
        }
        Contents::Pem(pem) => pem.entries(path)?,
        Contents::Pkcs12(archive) => pkcs12::entries(&archive, path)?,
    };
    if entries.is_empty() { Err(KeystoreError::NoKey { path: path.clone() }) } else { Ok(entries) }
}

/// Reads the trusted certificates of a store, at least one.
///
/// # Errors
///
/// Any [`KeystoreError`] but [`KeystoreError::NoKey`], [`KeystoreError::NoCertificate`] and [`KeystoreError::Pair`].
pub fn read_truststore(store: &Store) -> Result<Vec<CertificateDer<'static>>, KeystoreError> {
    let path = &store.path;
    let (contents, password) = open(store)?;
    let trusted = match contents {
        Contents::Jks(octets) => jks_trusted(&octets, password.as_ref()).map_err(jks_failed(store))?,
        Contents::Pem(pem) => pem.certificates,
        Contents::Pkcs12(archive) => pkcs12::trusted(&archive),
    };
    if trusted.is_empty() { Err(KeystoreError::NoTrust { path: path.clone() }) } else { Ok(trusted) }
}

/// Reads the certificates of a store, trusted ones and those of keys, at least one. Those behind a key's own are not
/// among them.
///
/// # Errors
///
/// As [`read_truststore`].
pub fn read_listed(store: &Store) -> Result<Vec<Listed>, KeystoreError> {
    let path = &store.path;
    let (contents, password) = open(store)?;
    let listed = match contents {
        Contents::Jks(octets) => jks_listed(&octets, password.as_ref()).map_err(jks_failed(store))?,
        Contents::Pem(pem) => {
            let certificates = pem.certificates.into_iter().zip(1_u32..);
            certificates
                .map(|(certificate, place)| Listed { alias: place.to_string(), certificate })
                .collect()
        }
        Contents::Pkcs12(archive) => pkcs12::listed(&archive),
    };
    if listed.is_empty() { Err(KeystoreError::NoTrust { path: path.clone() }) } else { Ok(listed) }
}

/// The authorities of a store, at least one, as peers' certificates are verified by them.
///
/// # Errors
///
/// As [`read_truststore`], and [`KeystoreError::Authority`].
pub fn roots(store: &Store) -> Result<RootCertStore, KeystoreError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_truststore(store)? {
        let failed = |source| KeystoreError::Authority { path: store.path.clone(), source };
        roots.add(certificate).map_err(failed)?;
    }
    Ok(roots)
}

/// Reads a store and its password, and sees what it is.
fn open(store: &Store) -> Result<(Contents, Option<Password>), KeystoreError> {
    let path = &store.path;
    let octets = read(path)?;
    let found = StoreKind::of(&octets).ok_or_else(|| KeystoreError::UnknownKind { path: path.clone() })?;
    if found == StoreKind::Jceks {
        return Err(KeystoreError::Jceks { path: path.clone() });
    }
    match store.kind {
        Some(said) if !said.takes(found) => {
            return Err(KeystoreError::Kind { path: path.clone(), said, found });
        }
        Some(said) if said != found => {
            warn!(store = %path.display(), %said, %found, "The store is of another kind than is said; say what it is");
        }
        _ => {}
    }
    let password = store.password.as_deref().map(Password::read).transpose()?;
    let contents = match found {
        StoreKind::Jks | StoreKind::Jceks => Contents::Jks(octets),
        StoreKind::Pem => Contents::Pem(pem::Pem::read(&octets, path)?),
        StoreKind::Pkcs12 => Contents::Pkcs12(pkcs12::open(&octets, password.as_ref(), store)?),
    };
    Ok((contents, password))
}

/// Reads a file that is not too long into a buffer that is never outgrown, so that no copy of a key is left behind.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let failed = |source| KeystoreError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let capacity = usize::try_from(length.min(MAX_FILE)).unwrap_or_default().saturating_add(1);
    let mut octets = Zeroizing::new(Vec::with_capacity(capacity));
    let read = file.take(MAX_FILE.saturating_add(1)).read_to_end(&mut octets).map_err(failed)?;
    if u64::try_from(read).is_ok_and(|read| read <= MAX_FILE) {
        Ok(octets)
    } else {
        Err(KeystoreError::TooLong { path: path.to_owned() })
    }
}

fn jks_entries(octets: &[u8], password: &Password) -> Result<Vec<Entry>, JksError> {
    let jks = Jks::parse(octets)?;
    jks.verify(password)?;
    let entry = |key: &jks::Key<'_>| {
        let octets = key.open(password)?;
        Ok(Entry {
            alias: key.alias.clone(),
            chain: key.chain.iter().map(|der| CertificateDer::from(der.to_vec())).collect(),
            key: PrivateKeyDer::Pkcs8(octets.to_vec().into()),
        })
    };
    jks.keys.iter().map(entry).collect()
}

/// The certificates need no password: as in Java, only that nobody has changed them is known by it.
fn jks_trusted(octets: &[u8], password: Option<&Password>) -> Result<Vec<CertificateDer<'static>>, JksError> {
    let jks = Jks::parse(octets)?;
    if let Some(password) = password {
        jks.verify(password)?;
    }
    Ok(jks.trusted.iter().map(|(_, der)| CertificateDer::from(der.to_vec())).collect())
}

fn jks_listed(octets: &[u8], password: Option<&Password>) -> Result<Vec<Listed>, JksError> {
    let jks = Jks::parse(octets)?;
    if let Some(password) = password {
        jks.verify(password)?;
    }
    let keys = jks.keys.iter().filter_map(|key| Some((&key.alias, *key.chain.first()?)));
    let trusted = jks.trusted.iter().map(|(alias, der)| (alias, *der));
    let listed = |(alias, der): (&String, &[u8])| Listed {
        alias: alias.clone(),
        certificate: CertificateDer::from(der.to_vec()),
    };
    Ok(keys.chain(trusted).map(listed).collect())
}

fn jks_failed(store: &Store) -> impl Fn(JksError) -> KeystoreError {
    |source| match (source, &store.password) {
        (JksError::Integrity, Some(password)) => {
            KeystoreError::WrongPassword { path: store.path.clone(), password: password.clone() }
        }
        (source, _) => KeystoreError::Jks { path: store.path.clone(), source },
    }
}

#[cfg(test)]
mod tests;
