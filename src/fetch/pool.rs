//! Connections to one service: dialled, kept while they are fresh, and not too many at a time.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tgg::moment::Moment;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    sync::{Semaphore, SemaphorePermit},
};
use tokio_rustls::TlsConnector;
use tracing::debug;
use url::Host;

use super::{FetchError, Way};
use crate::{ambient, keepalive::keepalive};

/// How long an idle connection is kept: servers close theirs after 5 s (Apache, Node) to 75 s (nginx), and one that is
/// used while it closes costs a request.
const FRESH: Duration = Duration::from_secs(4);
/// Octets that are read ahead; a response's head must fit as well.
const MAX_BUFFER: usize = 16 * 1024;

/// Requests with a body of our own.
type Sender = SendRequest<Full<Bytes>>;

/// The way to a service, and the connections that are open.
pub(super) struct Pool {
    way: Way,
    places: Semaphore,
    idle: Mutex<Vec<(Sender, Moment)>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("way", &self.way).finish_non_exhaustive()
    }
}

impl Pool {
    /// Without any connection yet, for so many requests at a time.
    pub(super) fn new(way: Way, places: usize) -> Self {
        Self { way, places: Semaphore::new(places.max(1)), idle: Mutex::default() }
    }

    /// A place for a request.
    pub(super) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.places.acquire().await.ok()
    }

    /// Sends a request over a connection that is open, or else over a new one.
    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Sender), FetchError> {
        while let Some(mut sender) = self.take() {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((response, sender)),
                // It was closed while it waited, and nothing was sent.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(FetchError::Broken(error.into_error())),
                },
            }
        }
        let mut sender = self.way.dial().await?;
        let response = sender.send_request(request).await.map_err(FetchError::Broken)?;
        Ok((response, sender))
    }

    /// Keeps a connection whose answer is whole.
    pub(super) fn keep(&self, sender: Sender) {
        // No more than there are places for: each was in use.
        if !sender.is_closed() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((sender, ambient::now()));
        }
    }

    /// The connection that was used last, if it is fresh; older ones are closed.
    fn take(&self) -> Option<Sender> {
        let now = ambient::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(sender, since)| !sender.is_closed() && now.since(*since) < FRESH);
        let ready = idle.iter().rposition(|(sender, _)| sender.is_ready())?;
        Some(idle.swap_remove(ready).0)
    }
}

impl Way {
    async fn dial(&self) -> Result<Sender, FetchError> {
        let stream = self.tcp().await?;
        // Messages are small, and a service that vanished must be noticed.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive());
        let Some((config, name)) = &self.tls else { return speak(stream).await };
        let secured = TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream).await;
        speak(secured.map_err(FetchError::Tls)?).await
    }

    async fn tcp(&self) -> Result<TcpStream, FetchError> {
        let name = match &self.host {
            Host::Domain(name) => name,
            // The resolver is a thread's work, which an address does not need.
            Host::Ipv4(address) => return self.to((IpAddr::from(*address), self.port).into()).await,
            Host::Ipv6(address) => return self.to((IpAddr::from(*address), self.port).into()).await,
        };
        let mut failed = FetchError::Absent(io::ErrorKind::NotFound.into());
        for address in lookup_host((name.as_str(), self.port)).await.map_err(FetchError::Absent)? {
            match self.to(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn to(&self, address: SocketAddr) -> Result<TcpStream, FetchError> {
        self.takes(address)?;
        TcpStream::connect(address).await.map_err(FetchError::Absent)
    }
}

/// Begins to speak HTTP on a connection.
async fn speak<S>(stream: S) -> Result<Sender, FetchError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let built = http1::Builder::new().max_buf_size(MAX_BUFFER).handshake(TokioIo::new(stream)).await;
    let (sender, connection) = built.map_err(FetchError::Broken)?;
    // It ends when its sender is dropped, or when the service closes.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!("Connection to a web service ended: {error}");
        }
    });
    Ok(sender)
}
