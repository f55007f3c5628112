//! A connection to a back end that is not opened before a client has something to send.
//!
//! The client was told 101 by then. If no connection can be opened its socket breaks off, which pages see as a close
//! without a code.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{dial::Connection, failure::BackendFailure};

type Opening = Pin<Box<dyn Future<Output = Result<Connection, BackendFailure>> + Send>>;

/// A connection that is still to be opened, or was.
pub struct Later {
    /// Not begun before it is polled. Without it and a connection there will be none.
    opening: Option<Opening>,
    connection: Option<Connection>,
    /// Who waits to read.
    reader: Option<Waker>,
    failure: Arc<OnceLock<BackendFailure>>,
}

impl Later {
    /// A connection that is opened so.
    #[must_use]
    pub fn new(opening: impl Future<Output = Result<Connection, BackendFailure>> + Send + 'static) -> Self {
        Self { opening: Some(Box::pin(opening)), connection: None, reader: None, failure: Arc::default() }
    }

    /// Where it will stand why there is no connection.
    #[must_use]
    pub fn failure(&self) -> Arc<OnceLock<BackendFailure>> {
        Arc::clone(&self.failure)
    }

    /// The connection, which is opened now if it is not.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&mut Connection>> {
        if let Some(opening) = &mut self.opening {
            match ready!(opening.as_mut().poll(context)) {
                Ok(connection) => self.connection = Some(connection),
                // Nobody else writes it.
                Err(why) => drop(self.failure.set(why)),
            }
            self.opened();
        }
        Poll::Ready(self.connection.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }

    fn opened(&mut self) {
        self.opening = None;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for Later {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match &mut this.connection {
            Some(connection) => Pin::new(connection).poll_read(context, into),
            None if this.opening.is_some() => {
                this.reader = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Later {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if octets.is_empty() {
            return Poll::Ready(Ok(0));
        }
        Pin::new(ready!(self.get_mut().poll_open(context))?).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().connection {
            Some(connection) => Pin::new(connection).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(connection) = &mut this.connection {
            return Pin::new(connection).poll_shutdown(context);
        }
        this.opened();
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").field("connection", &self.connection).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// A connection that is opened to a listener of this test, and that listener.
    async fn waiting() -> (Later, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let opening = async move {
            TcpStream::connect(address).await.map(Connection::Plain).map_err(BackendFailure::Absent)
        };
        (Later::new(opening), listener)
    }

    #[tokio::test]
    async fn the_first_octet_opens_it_and_octets_then_pass_both_ways() {
        let (later, listener) = waiting().await;
        let (mut reads, mut writes) = tokio::io::split(later);
        let reader = tokio::spawn(async move {
            let mut read = [0; 2];
            reads.read_exact(&mut read).await.map(|_| read)
        });
        writes.write_all(b"to").await.unwrap();
        let (mut backend, _) = listener.accept().await.unwrap();
        let mut sent = [0; 2];
        backend.read_exact(&mut sent).await.unwrap();
        assert_eq!(&sent, b"to");
        backend.write_all(b"fro"[..2].as_ref()).await.unwrap();
        assert_eq!(&reader.await.unwrap().unwrap(), b"fr");
    }

    #[tokio::test]
    async fn nothing_is_opened_for_a_client_that_leaves_without_a_word() {
        let opening = async { unreachable!("it is opened") };
        let mut later = Later::new(opening);
        later.flush().await.unwrap();
        assert_eq!(later.write(b"").await.unwrap(), 0);
        later.shutdown().await.unwrap();
        assert_eq!(later.read(&mut [0; 1]).await.unwrap(), 0);
        assert!(later.failure().get().is_none());
    }

    #[tokio::test]
    async fn why_there_is_none_is_kept_for_the_record() {
        let mut later = Later::new(async { Err(BackendFailure::Silent) });
        let failure = later.failure();
        assert_eq!(later.write(b"x").await.unwrap_err().kind(), io::ErrorKind::NotConnected);
        assert!(matches!(failure.get(), Some(BackendFailure::Silent)));
        assert_eq!(later.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
