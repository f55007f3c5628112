//! One client: a connection, or a new one each time, over which it asks and waits for the answer.

use std::{error::Error, io, net::SocketAddr, sync::Arc};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;

use crate::{
    tally::Asks,
    wire::{Arrived, Wire, Wrapping, is_answer, reply},
};

/// Why something could not be measured: to be printed.
pub type Failed = Box<dyn Error + Send + Sync>;

/// How a KDC or gateway is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Way {
    /// A TLS handshake and nothing in it, on a new connection each time
    Handshake,
    /// MS-KKDCP on a connection that stays
    Kkdcp,
    /// MS-KKDCP over TLS on a connection that stays
    KkdcpTls,
    /// MS-KKDCP over TLS as MIT krb5 speaks it: a new connection and a full handshake each time
    KkdcpTlsOnce,
    /// Framed messages, a new connection each time
    Tcp,
    /// Datagrams
    Udp,
    /// WebSocket
    Ws,
    /// WebSocket over TLS
    Wss,
}

impl Way {
    const fn wrapping(self) -> Wrapping {
        match self {
            Self::Kkdcp | Self::KkdcpTls => Wrapping::Kkdcp,
            Self::KkdcpTlsOnce => Wrapping::KkdcpOnce,
            Self::Tcp => Wrapping::Framed,
            Self::Handshake | Self::Udp => Wrapping::Bare,
            Self::Ws | Self::Wss => Wrapping::WebSocket,
        }
    }

    /// Whether TLS is spoken.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Handshake | Self::KkdcpTls | Self::KkdcpTlsOnce | Self::Wss)
    }

    const fn is_once(self) -> bool {
        matches!(self, Self::Handshake | Self::KkdcpTlsOnce | Self::Tcp)
    }
}

/// Where to and how.
#[derive(Clone, Debug)]
pub struct Route {
    /// How it is spoken to.
    pub way: Way,
    /// Where it is.
    pub to: SocketAddr,
    /// What TLS trusts, if it is spoken.
    pub tls: Option<Arc<ClientConfig>>,
    /// Whether a refusal is the answer to wait for, and a ticket a mistake.
    pub refused: bool,
}

/// The key of RFC 6455 section 1.3, good enough for a peer that is no browser.
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Octets that a read asks for. The replies of these benchmarks fit.
const READ: usize = 8192;

enum Carrier {
    Datagram(UdpSocket),
    Stream(Either<TcpStream, Box<TlsStream<TcpStream>>>),
}

/// One client.
pub struct Lane {
    route: Route,
    wire: Wire,
    carrier: Option<Carrier>,
}

impl Lane {
    /// A client of this route that sends `message` again and again. Connections that stay are opened here.
    ///
    /// # Errors
    ///
    /// If `message` is no request, or nobody answers there.
    pub async fn open(route: Route, message: &[u8]) -> Result<Self, Failed> {
        let wire = Wire::new(message, route.way.wrapping()).ok_or("the request cannot be used")?;
        let carrier = if route.way.is_once() { None } else { Some(connect(&route).await?) };
        Ok(Self { route, wire, carrier })
    }
}

impl Asks for Lane {
    /// The number goes into the nonce. An answer that is not the KDC's is an error; the next exchange is then on a
    /// new connection.
    async fn ask(&mut self, nonce: u32) -> io::Result<()> {
        let mut carrier = match self.carrier.take() {
            Some(carrier) => carrier,
            None => connect(&self.route).await?,
        };
        let way = self.route.way;
        if way == Way::Handshake {
            return Ok(());
        }
        let octets = self.wire.with_nonce(nonce);
        match &mut carrier {
            Carrier::Datagram(socket) => {
                socket.send(octets).await?;
                let mut reply = [0; READ];
                let length = socket.recv(&mut reply).await?;
                if !is_answer(reply.get(..length).unwrap_or_default()) {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
            Carrier::Stream(stream) => {
                stream.write_all(octets).await?;
                if read(stream, way.wrapping()).await? == self.route.refused {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
        }
        if !way.is_once() {
            self.carrier = Some(carrier);
        }
        Ok(())
    }
}

async fn connect(route: &Route) -> io::Result<Carrier> {
    if route.way == Way::Udp {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(route.to).await?;
        return Ok(Carrier::Datagram(socket));
    }
    let mut stream = stream(route.to, route.tls.as_ref()).await?;
    if matches!(route.way, Way::Ws | Way::Wss) {
        stream.write_all(UPGRADE).await?;
        upgraded(&mut stream).await?;
    }
    Ok(Carrier::Stream(stream))
}

/// A connection, with or without TLS.
pub(crate) type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

pub(crate) async fn stream(to: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> io::Result<Stream> {
    let io = TcpStream::connect(to).await?;
    io.set_nodelay(true)?;
    match tls {
        Some(config) => {
            let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
            let stream = TlsConnector::from(Arc::clone(config)).connect(name, io).await?;
            Ok(Either::Right(Box::new(stream)))
        }
        None => Ok(Either::Left(io)),
    }
}

/// Ends the head of a request with these fields.
pub(crate) fn push_fields(head: &mut String, fields: &[String]) {
    for field in fields {
        head.push_str(field);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
}

/// Reads the head of the response; whether a WebSocket is open.
pub(crate) async fn upgraded(stream: &mut Stream) -> io::Result<()> {
    let mut head = Vec::with_capacity(READ);
    // A refusal may have a body behind its head.
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if head.starts_with(b"HTTP/1.1 101") { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
}

/// Reads to the end of the answer; whether it is the KDC's.
async fn read(stream: &mut Stream, wrapping: Wrapping) -> io::Result<bool> {
    let mut octets = Vec::with_capacity(READ);
    loop {
        if stream.read_buf(&mut octets).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match reply(&octets, wrapping) {
            Arrived::Message(message) => return Ok(is_answer(message)),
            Arrived::Part => {}
            Arrived::Refused => return Ok(false),
        }
    }
}
