//! A connection to a directory server: one request at a time, and whatever comes back that is no answer to it ends the
//! connection.
//!
//! None of this bounds the time: whoever calls does, and drops a connection whose answer it did not wait for.

use std::{fmt, io, pin::Pin, sync::Arc, task::Context};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::{
    ber::{self, Malformed},
    message::{self, Answer, Entry, Outcome, Search},
    server::{Protection, Server},
};

/// Octets of one message. An entry with a picture has fewer.
const MAX_MESSAGE: usize = 1024 * 1024;
/// Octets of all answers to one search.
const MAX_SEARCH: usize = 4 * MAX_MESSAGE;
/// Octets that are read at once.
const READ: usize = 8 * 1024;

/// Why a server gives no answer. The next one may.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Trouble {
    /// It ended the connection.
    #[error("it closed the connection; look at its log")]
    Closed,
    /// It cannot be reached.
    #[error("it cannot be reached: {0}; look whether it runs, and at <userProvider>")]
    Connect(io::Error),
    /// It broke in the middle.
    #[error("the connection broke: {0}; look at its log")]
    Io(io::Error),
    /// What it sends is no LDAP.
    #[error("{0}; look whether a directory server listens there, and whether it wants TLS from the start")]
    Malformed(#[from] Malformed),
    /// It answers what it was not asked.
    #[error("it answered another request than it was asked; look whether a directory server listens there")]
    Other,
    /// It answers too much.
    #[error(
        "it answered with more entries than were asked for, or with more than {MAX_SEARCH} octets; make <userFilter> or <groupFilter> narrower"
    )]
    TooLong,
    /// It does not go on with TLS.
    #[error("it refused StartTLS: {0}; give it a certificate, or use ldaps://")]
    StartTls(Outcome),
    /// TLS does not come about.
    #[error(
        "no TLS with it: {0}; its certificate must be for the host in <userProvider>, from an authority in <truststore> or, without that, one that the system trusts"
    )]
    Tls(io::Error),
    /// It cannot do what it is asked now.
    #[error("it says {0}; look at its log")]
    Refused(Outcome),
}

/// What carries messages.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// A connection.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// What was read and not yet understood.
    ahead: Vec<u8>,
    last: i32,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("last", &self.last).finish_non_exhaustive()
    }
}

impl Connection {
    /// Opens a connection, with TLS if this is how: from the start, or asked for first.
    pub(super) async fn open(
        server: &Server,
        tls: Option<&(Arc<ClientConfig>, ServerName<'static>)>,
    ) -> Result<Self, Trouble> {
        let tcp = TcpStream::connect((server.host.as_str(), server.port)).await.map_err(Trouble::Connect)?;
        // Messages are small, and each is waited for.
        let _ = tcp.set_nodelay(true);
        let Some((config, name)) = tls else { return Ok(Self::over(Box::new(tcp))) };
        let tcp = if server.protection == Protection::StartTls { start_tls(tcp).await? } else { tcp };
        let secured = TlsConnector::from(Arc::clone(config)).connect(name.clone(), tcp).await;
        secured.map(|stream| Self::over(Box::new(stream))).map_err(Trouble::Tls)
    }

    fn over(stream: Box<dyn Stream>) -> Self {
        Self { stream, ahead: Vec::new(), last: 0 }
    }

    /// Asks whether this is the password of this entry.
    pub(super) async fn bind(&mut self, dn: &str, password: &str) -> Result<Outcome, Trouble> {
        let id = self.next();
        self.send(message::bind(id, dn, password)).await?;
        match self.answer(id).await? {
            (Answer::Bind(outcome), _) => Ok(outcome),
            _ => Err(Trouble::Other),
        }
    }

    /// Asks for entries. References to other servers are passed over.
    pub(super) async fn search(&mut self, search: &Search<'_>) -> Result<(Vec<Entry>, Outcome), Trouble> {
        let id = self.next();
        self.send(message::search(id, search)).await?;
        let (mut entries, mut room) = (Vec::new(), MAX_SEARCH);
        loop {
            let (answer, length) = self.answer(id).await?;
            room = room.checked_sub(length).ok_or(Trouble::TooLong)?;
            match answer {
                Answer::Entry(entry) if entries.len() < search.entries => entries.push(entry),
                Answer::Entry(_) => return Err(Trouble::TooLong),
                Answer::Reference => {}
                Answer::SearchDone(outcome) => return Ok((entries, outcome)),
                _ => return Err(Trouble::Other),
            }
        }
    }

    /// Whether nothing has come since the last answer: neither the end of the connection nor a word that nobody asked for.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut octet = [0; 1];
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.ahead.is_empty()
            && Pin::new(&mut self.stream).poll_read(&mut context, &mut ReadBuf::new(&mut octet)).is_pending()
    }

    /// Says good-bye.
    pub(super) async fn close(mut self) {
        let id = self.next();
        let _ = self.send(message::unbind(id)).await;
        let _ = self.stream.shutdown().await;
    }

    fn next(&mut self) -> i32 {
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.last
    }

    async fn send(&mut self, message: Zeroizing<Vec<u8>>) -> Result<(), Trouble> {
        self.stream.write_all(&message).await.map_err(Trouble::Io)?;
        self.stream.flush().await.map_err(Trouble::Io)
    }

    /// The next answer, which must be to this request, and how long it was.
    async fn answer(&mut self, id: i32) -> Result<(Answer, usize), Trouble> {
        let (answered, answer, length) = read(&mut self.stream, &mut self.ahead).await?;
        match answered {
            _ if answered == id => Ok((answer, length)),
            // The notice that it is about to close (RFC 4511 section 4.4.1).
            0 => Err(Trouble::Closed),
            _ => Err(Trouble::Other),
        }
    }
}

/// Has a server go on with TLS (RFC 4511 section 4.14).
async fn start_tls(mut tcp: TcpStream) -> Result<TcpStream, Trouble> {
    tcp.write_all(&message::start_tls(1)).await.map_err(Trouble::Io)?;
    let mut ahead = Vec::new();
    let (id, answer, _) = read(&mut tcp, &mut ahead).await?;
    match answer {
        Answer::Extended(Outcome { code: 0, .. }) if id == 1 => {}
        Answer::Extended(outcome) => return Err(Trouble::StartTls(outcome)),
        _ => return Err(Trouble::Other),
    }
    // What came in the clear must not be taken for what is said under TLS.
    if ahead.is_empty() { Ok(tcp) } else { Err(Trouble::Other) }
}

/// Reads a message; what came behind it stays in `ahead`.
async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    ahead: &mut Vec<u8>,
) -> Result<(i32, Answer, usize), Trouble> {
    loop {
        // What is no message at all may be shorter than what its second octet stands for.
        if ahead.first().is_some_and(|first| *first != ber::SEQUENCE) {
            return Err(Malformed.into());
        }
        if let Some(length) = ber::announced(ahead)? {
            if length > MAX_MESSAGE {
                return Err(Trouble::TooLong);
            }
            if let Some(octets) = ahead.get(..length) {
                let (id, answer) = message::read(octets)?;
                ahead.drain(..length);
                return Ok((id, answer, length));
            }
        }
        let mut some = [0; READ];
        let count = stream.read(&mut some).await.map_err(Trouble::Io)?;
        if count == 0 {
            return Err(Trouble::Closed);
        }
        ahead.extend_from_slice(some.get(..count).unwrap_or_default());
    }
}
