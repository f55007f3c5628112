//! Asking a KDC over TCP (RFC 4120 section 7.2.2): one connection, one request, one reply.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use krb::frame;
use tgg::{
    exchange::{End, Transport},
    request::Request,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout_at,
};

use super::{judge, target::Target};
use crate::ambient;

/// Octets that the reply's buffer starts with. It grows with what arrives, not with what is announced.
const FIRST_READ: usize = 4096;

/// Sends the request on a new connection and reads its reply.
pub(super) async fn ask(
    target: &Target,
    request: &Request<'_>,
    connect_within: Duration,
) -> Result<Bytes, End> {
    let by = ambient::instant(ambient::now() + connect_within);
    let Ok(Ok(_permit)) = timeout_at(by, target.streams.acquire()).await else { return Err(End::Busy) };
    let Ok(Ok(mut stream)) = timeout_at(by, TcpStream::connect(target.address)).await else {
        return Err(End::NotRead);
    };
    // A request is one write; waiting to fill a segment would only delay it.
    let _ = stream.set_nodelay(true);
    let octets = converse(&mut stream, request.message()).await.map_err(|_| End::Broken)?;
    match judge(target, request, &octets, Transport::Tcp) {
        Some(verdict) => verdict.map(|()| octets),
        None => Err(End::Broken),
    }
}

/// Sends a question of the gateway's own; what comes back.
pub(super) async fn probe(target: &Target, question: &[u8]) -> Option<Bytes> {
    let mut stream = TcpStream::connect(target.address).await.ok()?;
    converse(&mut stream, question).await.ok()
}

/// Whether the target takes a connection.
pub(super) async fn opens(target: &Target) -> bool {
    TcpStream::connect(target.address).await.is_ok()
}

/// Sends one framed message, and reads one and nothing after it.
async fn converse(stream: &mut TcpStream, message: &[u8]) -> io::Result<Bytes> {
    let mut framed = BytesMut::with_capacity(frame::PREFIX + message.len());
    framed.extend_from_slice(&frame::prefix(message.len()));
    framed.extend_from_slice(message);
    stream.write_all(&framed).await?;
    let mut read = BytesMut::with_capacity(FIRST_READ);
    loop {
        let announced = frame::announced(&read).map_err(|_| io::ErrorKind::InvalidData)?;
        if let Some(announced) = announced {
            let wanted = frame::PREFIX + announced;
            if read.len() > wanted {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if read.len() == wanted {
                return Ok(read.split_off(frame::PREFIX).freeze());
            }
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
