//! Why a store cannot be used, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{MAX_FILE, StoreKind, jks::JksError};

/// Why a store cannot be used. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// A certificate that cannot be an authority's.
    #[error("{path} has a certificate that cannot be trusted: {source}; it must be an authority's own")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: rustls::Error,
    },
    /// The keys in the file have passwords.
    #[error(
        "the key in {path} has a password; write it without one: `openssl pkey -in {} -out OTHER`",
        quoted(path)
    )]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// The store is in a format that only Java has.
    #[error(
        "{path} is a JCEKS store, which only Java reads; convert it with `{}` and name that file, type PKCS12",
        conversion(path)
    )]
    Jceks {
        /// The file.
        path: PathBuf,
    },
    /// It is no store of JKS that can be used.
    #[error("cannot use the JKS store {path}: {source}")]
    Jks {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: JksError,
    },
    /// It is of another kind than is said.
    #[error("{path} is said to be {said}, but is {found}; say so, or name the other file")]
    Kind {
        /// The file.
        path: PathBuf,
        /// What the configuration says.
        said: StoreKind,
        /// What it is.
        found: StoreKind,
    },
    /// A key without its certificate.
    #[error("{path} has a private key ({alias}) without its certificate; put the certificate beside it")]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// The key.
        alias: String,
    },
    /// It has no private key.
    #[error("{path} has no private key; is it the truststore, or only the certificate?")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// No password is there where one is needed.
    #[error("{path} cannot be opened without a password; name a password file")]
    NoPassword {
        /// The file.
        path: PathBuf,
    },
    /// It trusts nobody.
    #[error("{path} has no trusted certificate; is it the keystore? Import one with keytool -importcert")]
    NoTrust {
        /// The file.
        path: PathBuf,
    },
    /// A key that TLS cannot use, or that is not that of its certificate.
    #[error(
        "the key {alias} in {path} cannot be used with its certificate: {source}; RSA keys, those on the curves P-256, P-384 and P-521, and Ed25519 can be: make another, or remove this one"
    )]
    Pair {
        /// The file.
        path: PathBuf,
        /// The key.
        alias: String,
        /// What went wrong.
        source: rustls::Error,
    },
    /// The password file cannot be read.
    #[error(
        "cannot read the password file {path}: {source}; it must be UTF-8, with the password in its first line"
    )]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no PEM that can be used.
    #[error("{path} is not whole PEM: {source}; write it again")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// It is no PKCS#12 that can be used.
    #[error(
        "cannot use the PKCS#12 store {path}: {source}; if its password is right, write it again with keytool or openssl"
    )]
    Pkcs12 {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: p12_keystore::error::Error,
    },
    /// The file cannot be read.
    #[error("cannot read {path}: {source}; it must exist, and be readable by the gateway's user")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is too long.
    #[error("{path} has more than {MAX_FILE} octets, which no store has; name another file")]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It is of no kind that is known.
    #[error(
        "{path} is neither PEM, PKCS#12 nor JKS; name another file, or make PEM of a certificate in DER: `openssl x509 -inform DER -in {} -out OTHER`",
        quoted(path)
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// The password does not fit.
    #[error(
        "{path} cannot be opened: the password in {password} is not its password, or the file is damaged"
    )]
    WrongPassword {
        /// The file.
        path: PathBuf,
        /// Where the password came from.
        password: PathBuf,
    },
}

/// The command that makes a store of JCEKS one that others can read.
fn conversion(path: &Path) -> String {
    let mut converted = path.as_os_str().to_owned();
    converted.push(".p12");
    format!(
        "keytool -importkeystore -srckeystore {} -srcstoretype JCEKS -destkeystore {} -deststoretype PKCS12",
        quoted(path),
        quoted(Path::new(&converted))
    )
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "/._-".contains(sign);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
