//! A connection to a back end, plain or with TLS, and why there is none.

use std::{
    fmt,
    io::{self, IoSlice},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::{ClientConfig, pki_types::ServerName};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{failure::BackendFailure, later::Later, url::BackendUrl};
use crate::keepalive::keepalive;

/// Knows the way to one back end.
#[derive(Clone, Debug)]
pub struct Dialler {
    host: String,
    port: u16,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    patience: Duration,
    source: Option<SocketAddr>,
}

impl Dialler {
    /// The way to this back end. `tls` is used if its scheme asks for it; `None` if it does and its host cannot
    /// be named in a certificate.
    #[must_use]
    pub fn new(url: &BackendUrl, tls: Option<&Arc<ClientConfig>>, patience: Duration) -> Option<Self> {
        let tls = match tls.filter(|_| url.scheme.is_secure()) {
            Some(tls) => {
                let mut tls = Arc::clone(tls);
                if url.scheme.is_octets() {
                    // The back end would take an offer of HTTP for a mistake (RFC 7301 section 3.2).
                    Arc::make_mut(&mut tls).alpn_protocols.clear();
                }
                Some((tls, ServerName::try_from(url.host.clone()).ok()?))
            }
            None => None,
        };
        Some(Self { host: url.host.clone(), port: url.port, tls, patience, source: None })
    }

    /// The same way from this address of the gateway's host. Port 0 takes a free one; with any other there is only one
    /// connection at a time to each address of the back end.
    #[must_use]
    pub const fn from(mut self, source: Option<SocketAddr>) -> Self {
        self.source = source;
        self
    }

    /// Opens a connection. Of several addresses each is tried, in the order of the system's resolver.
    ///
    /// # Errors
    ///
    /// [`BackendFailure::Absent`], [`BackendFailure::Silent`], [`BackendFailure::Source`] or [`BackendFailure::Tls`].
    pub async fn dial(&self) -> Result<Connection, BackendFailure> {
        timeout(self.patience, self.connect()).await.map_err(|_| BackendFailure::Silent)?
    }

    /// Writes what is said on a connection before anything else.
    ///
    /// # Errors
    ///
    /// [`BackendFailure::Absent`] or [`BackendFailure::Silent`]; nothing of a client's was sent.
    pub(super) async fn begin(
        &self,
        connection: &mut Connection,
        preface: &[u8],
    ) -> Result<(), BackendFailure> {
        if preface.is_empty() {
            return Ok(());
        }
        let written = timeout(self.patience, async {
            connection.write_all(preface).await?;
            connection.flush().await
        });
        written.await.map_err(|_| BackendFailure::Silent)?.map_err(BackendFailure::Absent)
    }

    async fn connect(&self) -> Result<Connection, BackendFailure> {
        let stream = self.tcp().await?;
        // As for clients: messages are small, and a back end that vanished must be noticed.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive());
        let Some((config, name)) = &self.tls else { return Ok(Connection::Plain(stream)) };
        let secured = TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream).await;
        secured.map(|stream| Connection::Tls(Box::new(stream))).map_err(BackendFailure::Tls)
    }

    async fn tcp(&self) -> Result<TcpStream, BackendFailure> {
        // The resolver is a thread's work, which an address does not need.
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return self.to(SocketAddr::from((address, self.port))).await;
        }
        let mut failed = BackendFailure::Absent(io::ErrorKind::NotFound.into());
        for address in lookup_host((self.host.as_str(), self.port)).await.map_err(BackendFailure::Absent)? {
            match self.to(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn to(&self, address: SocketAddr) -> Result<TcpStream, BackendFailure> {
        let opened = match self.source {
            None => TcpStream::connect(address).await,
            Some(source) => {
                socket_at(source, address).map_err(BackendFailure::Source)?.connect(address).await
            }
        };
        opened.map_err(BackendFailure::Absent)
    }
}

impl fmt::Display for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A socket of the kind that reaches `address`, at `source`.
fn socket_at(source: SocketAddr, address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that a connection had is taken for a minute longer.
    socket.set_reuseaddr(source.port() != 0)?;
    // Where only a port is said, it is one of whichever kind.
    let any =
        if address.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let at = if source.ip().is_unspecified() { any } else { source.ip() };
    socket.bind(SocketAddr::new(at, source.port()))?;
    Ok(socket)
}

/// A connection to a back end.
#[derive(Debug)]
pub enum Connection {
    /// Not opened before there is something to send.
    Later(Box<Later>),
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
            Self::Later(later) => Pin::new(&mut **later).poll_read(context, into),
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Later(later) => Pin::new(&mut **later).poll_write(context, octets),
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
            Self::Later(later) => Pin::new(&mut **later).poll_write_vectored(context, octets),
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, octets),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Later(_) => false,
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Later(later) => Pin::new(&mut **later).poll_flush(context),
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Later(later) => Pin::new(&mut **later).poll_shutdown(context),
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
