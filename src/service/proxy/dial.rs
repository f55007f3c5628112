//! A connection to a back end, plain or with TLS, and why there is none.

use std::{
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::{ClientConfig, pki_types::ServerName};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{failure::BackendFailure, url::BackendUrl};
use crate::listener;

/// Knows the way to one back end.
#[derive(Clone, Debug)]
pub struct Dialler {
    host: String,
    port: u16,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    patience: Duration,
}

impl Dialler {
    /// The way to this back end. `tls` is used if its scheme asks for it; `None` if it does and its host cannot
    /// be named in a certificate.
    #[must_use]
    pub fn new(url: &BackendUrl, tls: Option<&Arc<ClientConfig>>, patience: Duration) -> Option<Self> {
        let tls = match tls.filter(|_| url.scheme.is_secure()) {
            Some(tls) => Some((Arc::clone(tls), ServerName::try_from(url.host.clone()).ok()?)),
            None => None,
        };
        Some(Self { host: url.host.clone(), port: url.port, tls, patience })
    }

    /// Opens a connection. Of several addresses each is tried, in the order of the system's resolver.
    ///
    /// # Errors
    ///
    /// [`BackendFailure::Absent`], [`BackendFailure::Silent`] or [`BackendFailure::Tls`].
    pub async fn dial(&self) -> Result<Connection, BackendFailure> {
        timeout(self.patience, self.connect()).await.map_err(|_| BackendFailure::Silent)?
    }

    async fn connect(&self) -> Result<Connection, BackendFailure> {
        let stream = self.tcp().await.map_err(BackendFailure::Absent)?;
        // As for clients: messages are small, and a back end that vanished must be noticed.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&listener::keepalive());
        let Some((config, name)) = &self.tls else { return Ok(Connection::Plain(stream)) };
        let secured = TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream).await;
        secured.map(|stream| Connection::Tls(Box::new(stream))).map_err(BackendFailure::Tls)
    }

    async fn tcp(&self) -> io::Result<TcpStream> {
        // The resolver is a thread's work, which an address does not need.
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return TcpStream::connect(SocketAddr::from((address, self.port))).await;
        }
        let mut failed = io::ErrorKind::NotFound.into();
        for address in lookup_host((self.host.as_str(), self.port)).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// A connection to a back end.
#[derive(Debug)]
pub enum Connection {
    /// Without TLS.
    Plain(TcpStream),
    /// With it. Boxed, because the plain kind is to stay small.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, octets),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, octets),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
