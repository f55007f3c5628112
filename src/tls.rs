//! Server TLS: certificates and what is asked of clients, read at the start and swapped without a restart.

pub mod binding;
pub mod client;
pub mod front;
mod generation;
pub mod keystore;
pub mod names;
pub mod protocols;
pub mod suites;
pub mod trust;
mod x509;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::server::{Acceptor, VerifierBuilderError};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use self::{
    generation::Generation,
    keystore::{Entry, KeystoreError, Store, read_keystore},
    protocols::Protocols,
    suites::Suites,
};

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
    /// Clients' certificates cannot be verified by these authorities.
    #[error(
        "clients' certificates cannot be verified by the truststore: {0}; put their authority's own into it"
    )]
    ClientAuthorities(#[from] VerifierBuilderError),
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
    /// All suites that are left are for keys of another kind.
    #[error(
        "ssl.ciphers and ssl.protocols leave no suite for the key {alias} in {path}: names with ECDSA are for keys on curves, names with RSA for RSA keys; add those of its kind, or TLSv1.3"
    )]
    KeyWithoutSuite {
        /// The key.
        alias: String,
        /// Its file.
        path: PathBuf,
    },
    /// A keystore or truststore cannot be used.
    #[error("{0}")]
    Keystore(#[from] KeystoreError),
    /// None of the suites is of the protocols.
    #[error("no suite of ssl.ciphers is of a protocol of ssl.protocols; leave one of them out")]
    NoSuite,
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
    /// Keys for the tickets of sessions cannot be made.
    #[error("cannot make keys for TLS sessions: {0}; the system has no randomness")]
    Tickets(rustls::Error),
    /// A certificate that no token can be bound to.
    #[error(
        "{path}: tokens cannot be bound to this certificate, for its kind of signature names no hash function (RFC 5929 section 4.1); leave --binding-cert (<bindingCert>) out"
    )]
    Unbindable {
        /// Its file.
        path: PathBuf,
    },
}

/// Where a certificate and its key are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Files {
    /// PEM certificates, the server's own first.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

/// Where the certificates and keys of a server are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Identities {
    /// One, in two files.
    Files(Files),
    /// Any number, in a store.
    Store(Store),
}

impl Identities {
    /// The file that an operator looks into.
    fn path(&self) -> &Path {
        match self {
            Self::Files(files) => &files.certificate,
            Self::Store(store) => &store.path,
        }
    }

    fn entries(&self) -> Result<Vec<Entry>, TlsError> {
        let files = match self {
            Self::Files(files) => files,
            Self::Store(store) => return Ok(read_keystore(store)?),
        };
        let chain = certificates(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|source| TlsError::Key { path: files.key.clone(), source })?;
        Ok(vec![Entry { alias: "1".to_owned(), chain, key }])
    }

    /// The error about a key and certificate that cannot be used together.
    fn unpaired(&self, entry: &Entry, source: rustls::Error) -> TlsError {
        match self {
            Self::Files(Files { certificate, key }) => {
                TlsError::Pair { certificate: certificate.clone(), key: key.clone(), source }
            }
            Self::Store(store) => {
                KeystoreError::Pair { path: store.path.clone(), alias: entry.alias.clone(), source }.into()
            }
        }
    }
}

/// Keys and certificates of one reading. Each file is read once for all addresses, which so serve the same ones while
/// somebody writes it; and its password is slow to try.
#[derive(Debug, Default)]
pub struct Keys {
    known: Vec<(Identities, Arc<[Entry]>)>,
}

impl Keys {
    fn of(&mut self, identities: &Identities) -> Result<Arc<[Entry]>, TlsError> {
        if let Some((_, entries)) = self.known.iter().find(|(known, _)| known == identities) {
            return Ok(Arc::clone(entries));
        }
        let entries: Arc<[Entry]> = identities.entries()?.into();
        self.known.push((identities.clone(), Arc::clone(&entries)));
        Ok(entries)
    }
}

/// Whether clients show certificates, and whose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    None,
    /// They are asked. What they show must be signed by an authority of this store.
    Optional(Store),
    /// Without one there is no connection.
    Required(Store),
}

/// What server TLS is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The certificates and keys.
    pub identities: Identities,
    /// Whose certificate clients are shown that name no host, or one without a certificate. Without it the first.
    pub default_host: Option<String>,
    /// The versions of TLS that are spoken.
    pub protocols: Protocols,
    /// The suites that are offered.
    pub suites: Suites,
    /// Whether clients show certificates.
    pub client: ClientCertificates,
}

impl From<Files> for Settings {
    fn from(files: Files) -> Self {
        Self {
            identities: Identities::Files(files),
            default_host: None,
            protocols: Protocols::default(),
            suites: Suites::default(),
            client: ClientCertificates::None,
        }
    }
}

/// A connection whose handshake is done.
#[derive(Debug)]
pub struct Accepted<I> {
    /// What is said on it.
    pub stream: TlsStream<I>,
    /// What the client has shown, its own first, if it has: an authority of the truststore has signed it.
    pub certificates: Option<Arc<Vec<CertificateDer<'static>>>>,
    /// The channel bindings that a token on it may have: of the certificate that serves it, of those that its name
    /// had before, of the connection itself.
    pub bindings: Vec<[u8; 16]>,
}

/// The certificates of one reading, and the configurations that serve them. To read again makes another, its
/// successor: what is open lives on.
#[derive(Debug)]
pub struct ServerTls {
    generation: Generation,
}

impl ServerTls {
    /// Reads what the settings name.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub fn load(settings: Settings) -> Result<Self, TlsError> {
        Self::read(&settings, &mut Keys::default(), None)
    }

    /// Reads what settings name, the same or others, to come after this one: bindings of its certificates stay
    /// good there. This one is not changed, whatever comes of it.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub fn successor(&self, settings: Settings) -> Result<Self, TlsError> {
        Self::read(&settings, &mut Keys::default(), Some(self))
    }

    /// Reads what settings name, but for the keys that are known: for one of many addresses.
    ///
    /// With one before it, it is that one's [successor](Self::successor).
    ///
    /// # Errors
    ///
    /// Any [`TlsError`].
    pub fn read(settings: &Settings, keys: &mut Keys, before: Option<&Self>) -> Result<Self, TlsError> {
        let entries = keys.of(&settings.identities)?;
        let before = before.map(|before| &before.generation);
        Ok(Self { generation: Generation::read(settings, &entries, before)? })
    }

    /// The names of its certificates, and when they end, in seconds since 1970, UTC.
    #[must_use]
    pub fn certificates(&self) -> Vec<(String, i64)> {
        self.generation.certificates()
    }

    /// Makes the handshake with a client. It takes as long as the client likes: the caller has a limit.
    ///
    /// # Errors
    ///
    /// What the client, or the way to it, did wrong.
    pub async fn accept<I>(&self, io: I) -> io::Result<Accepted<I>>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let started = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
        let hello = started.client_hello();
        let identity = self.generation.choose(hello.server_name(), hello.signature_schemes());
        let stream = started.into_stream(Arc::clone(&identity.config)).await?;
        let connection = stream.get_ref().1;
        let exporter = binding::exporter(connection);
        let certificates = connection.peer_certificates().filter(|shown| !shown.is_empty());
        let certificates = certificates.map(|shown| Arc::new(shown.to_vec()));
        let bindings = identity.bindings.iter().copied().chain(exporter).collect();
        Ok(Accepted { stream, certificates, bindings })
    }
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

#[cfg(test)]
mod tests;
