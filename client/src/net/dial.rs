//! The way to a server that a `ws`, `wss`, `http` or `https` URL names: its addresses, a connection, TLS.
//!
//! Of several addresses each has a head start of a quarter of a second before the next one, as RFC 8305 has it, so
//! that a network without a working IPv6 costs no more than that.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;
use url::{Host, Url};

/// A connection to a server: without TLS, or with it.
pub type Connection = Either<TcpStream, TlsStream<TcpStream>>;

/// How long it may take until a connection is there, with its TLS handshake.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long an address is tried alone before the next one is tried beside it (RFC 8305 section 8).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 16;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// Nobody answers at any address.
    #[error(
        "{authority} cannot be reached: {source}; see that the server runs, and that host and port are right"
    )]
    Absent {
        /// Host and port.
        authority: String,
        /// What the last address said.
        source: io::Error,
    },
    /// The URL has a name or a password in it, which would end in logs.
    #[error("a URL must not have a name or a password in it; take out what stands before the @")]
    Credentials,
    /// A file of certificates cannot be used.
    #[error(
        "cannot read certificates from {path}: {source}; it must be PEM, those of the authorities to trust"
    )]
    Pem {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// A file of certificates has none, or none that can sign others.
    #[error("{path} holds no certificate of an authority; it must be PEM, those of the authorities to trust")]
    PemEmpty {
        /// The file.
        path: PathBuf,
    },
    /// Its addresses cannot be looked up.
    #[error(
        "the name {host} cannot be looked up: {source}; see that it is spelt right, and that the DNS knows it"
    )]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// No URL of this kind is served by what speaks HTTP.
    #[error("a URL must begin with ws://, wss://, http:// or https://, and name a host")]
    Scheme,
    /// No connection in time.
    #[error("{authority} does not answer within {} seconds; see that the server runs, and what lies between", patience.as_secs_f32())]
    Silent {
        /// Host and port.
        authority: String,
        /// How long was waited.
        patience: Duration,
    },
    /// The server cannot prove who it is, or no TLS is spoken there.
    #[error(
        "no TLS with {authority}: {source}; if its certificate is not signed by a known authority, name a PEM file with the one that signs it"
    )]
    Tls {
        /// Host and port.
        authority: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Nobody is trusted, so that no server could prove who it is.
    #[error(
        "the system has no trusted certificates; install ca-certificates, or name a PEM file of authorities"
    )]
    Nobody,
}

impl DialError {
    /// Whether the same may succeed later: the server or the network is at fault, not what was asked for.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Absent { .. } | Self::Resolve { .. } | Self::Silent { .. })
    }
}

/// Who signs the certificates of servers: whom the system trusts, and others by name.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    others: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Trusts also the authorities of this PEM file.
    ///
    /// # Errors
    ///
    /// [`DialError::Pem`], [`DialError::PemEmpty`].
    pub fn also(mut self, path: &Path) -> Result<Self, DialError> {
        let unreadable = |source| DialError::Pem { path: path.to_owned(), source };
        let read: Vec<_> = CertificateDer::pem_file_iter(path)
            .map_err(unreadable)?
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        let (usable, _) = RootCertStore::empty().add_parsable_certificates(read.iter().cloned());
        if usable == 0 {
            return Err(DialError::PemEmpty { path: path.to_owned() });
        }
        self.others.extend(read);
        Ok(self)
    }

    fn config(&self) -> Result<ClientConfig, DialError> {
        let mut roots = RootCertStore::empty();
        // A single bad file among hundreds is no reason to reach nobody. `SSL_CERT_FILE` and `SSL_CERT_DIR` stand in the
        // system's place.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(self.others.iter().cloned());
        if roots.is_empty() {
            return Err(DialError::Nobody);
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| DialError::Nobody)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // A server that speaks HTTP/2 must not choose it.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Opens connections to servers.
#[derive(Debug)]
pub struct Dialler {
    trust: Trust,
    /// Made when it is needed first: a plain URL needs no authorities.
    tls: OnceLock<Arc<ClientConfig>>,
    patience: Duration,
}

impl Default for Dialler {
    fn default() -> Self {
        Self::new(Trust::default())
    }
}

impl Dialler {
    /// Trusts these, and waits for [`PATIENCE`].
    #[must_use]
    pub const fn new(trust: Trust) -> Self {
        Self { trust, tls: OnceLock::new(), patience: PATIENCE }
    }

    /// Waits so long for a connection, TLS included.
    #[must_use]
    pub const fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Opens a connection to the server that `url` names; its path is of no account.
    ///
    /// # Errors
    ///
    /// Any [`DialError`]; [`DialError::is_passing`] says whether another attempt can help.
    pub async fn dial(&self, url: &Url) -> Result<Connection, DialError> {
        let host = url.host().ok_or(DialError::Scheme)?;
        let is_secure = is_secure(url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DialError::Credentials);
        }
        let port = url.port_or_known_default().ok_or(DialError::Scheme)?;
        let tls = if is_secure { Some((self.tls()?, server_name(&host)?)) } else { None };
        let authority = format!("{host}:{port}");
        let opened = timeout(self.patience, async {
            let stream = connect(&host, port, &authority).await?;
            // Messages are small, and each is waited for.
            let _ = stream.set_nodelay(true);
            let Some((config, name)) = tls else { return Ok(Either::Left(stream)) };
            let secured = TlsConnector::from(config).connect(name, stream).await;
            secured
                .map(Either::Right)
                .map_err(|source| DialError::Tls { authority: authority.clone(), source })
        });
        opened.await.unwrap_or_else(|_| {
            Err(DialError::Silent { authority: authority.clone(), patience: self.patience })
        })
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, DialError> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.trust.config()?);
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }
}

/// Whether TLS carries what is asked for at this URL.
///
/// # Errors
///
/// [`DialError::Scheme`] for one that is neither HTTP nor WebSocket.
pub fn is_secure(url: &Url) -> Result<bool, DialError> {
    match url.scheme() {
        "http" | "ws" => Ok(false),
        "https" | "wss" => Ok(true),
        _ => Err(DialError::Scheme),
    }
}

/// Host and port as the field `Host` has them: the port only where it is not the usual one.
///
/// # Errors
///
/// [`DialError::Scheme`] for a URL without a host.
pub fn authority(url: &Url) -> Result<String, DialError> {
    let host = url.host().ok_or(DialError::Scheme)?;
    Ok(url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}")))
}

/// The server's own certificate in DER, for the bindings of a channel; `None` without TLS.
#[must_use]
pub fn server_certificate(connection: &Connection) -> Option<&CertificateDer<'static>> {
    match connection {
        Either::Left(_) => None,
        Either::Right(stream) => stream.get_ref().1.peer_certificates()?.first(),
    }
}

fn server_name(host: &Host<&str>) -> Result<ServerName<'static>, DialError> {
    Ok(match host {
        Host::Domain(name) => ServerName::try_from((*name).to_owned()).map_err(|_| DialError::Scheme)?,
        Host::Ipv4(address) => ServerName::from(IpAddr::from(*address)),
        Host::Ipv6(address) => ServerName::from(IpAddr::from(*address)),
    })
}

async fn connect(host: &Host<&str>, port: u16, authority: &str) -> Result<TcpStream, DialError> {
    let addresses: Vec<SocketAddr> = match host {
        // The resolver is a thread's work, which an address does not need.
        Host::Ipv4(address) => vec![(IpAddr::from(*address), port).into()],
        Host::Ipv6(address) => vec![(IpAddr::from(*address), port).into()],
        Host::Domain(name) => lookup_host((*name, port))
            .await
            .map_err(|source| DialError::Resolve { host: (*name).to_owned(), source })?
            .collect(),
    };
    race(&alternating(addresses))
        .await
        .map_err(|source| DialError::Absent { authority: authority.to_owned(), source })
}

/// The same addresses, each kind in its order, the kinds in turn from that of the first (RFC 8305 section 4).
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (favoured, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut favoured, mut others) = (favoured.into_iter(), others.into_iter());
    let mut ordered = Vec::new();
    while ordered.len() < MAX_ADDRESSES {
        let pair = [favoured.next(), others.next()];
        if pair == [None, None] {
            break;
        }
        ordered.extend(pair.into_iter().flatten());
    }
    ordered
}

/// The first connection that opens. The next address is tried when one fails, or has not opened in its head start.
async fn race(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut left = addresses.iter();
    let mut attempts = FuturesUnordered::new();
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    loop {
        let begun = left.next().map(|address| attempts.push(TcpStream::connect(*address))).is_some();
        if !begun && attempts.is_empty() {
            return Err(failed);
        }
        tokio::select! {
            biased;
            Some(opened) = attempts.next() => match opened {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            },
            () = sleep(HEAD_START), if begun => {}
        }
    }
}

#[cfg(test)]
mod tests;
