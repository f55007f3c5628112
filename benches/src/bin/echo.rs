//! A back end that costs almost nothing: it opens every WebSocket and answers each message with one as long.
//!
//! It looks at nothing but lengths, and answers the one key that the load generator sends. It prints its address.

#![expect(clippy::print_stdout, reason = "its address is its output")]

use std::io;

use benches::socket::header;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// The answer to the key of RFC 6455 section 1.3.
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Octets that a read asks for.
const READ: usize = 64 * 1024;

/// The opcode of a frame that ends the connection (RFC 6455 section 5.2).
const CLOSE: u8 = 8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that breaks off is its own affair.
        tokio::spawn(async move { drop(serve(stream).await) });
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut octets = Vec::with_capacity(1024);
    while !octets.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut octets).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(SWITCHING).await?;
    octets.clear();
    let mut answer = Vec::new();
    loop {
        let Some((opcode, start, length)) = head(&octets) else {
            if stream.read_buf(&mut octets).await? == 0 {
                return Ok(());
            }
            continue;
        };
        // Idle sockets by the thousand shall not each keep a buffer for the longest message.
        let mut missing = (start + length).saturating_sub(octets.len());
        octets.drain(..octets.len().min(start + length));
        while missing > 0 {
            octets.clear();
            octets.reserve(missing.min(READ));
            match stream.read_buf(&mut octets).await? {
                0 => return Ok(()),
                read => {
                    let of_this = read.min(missing);
                    missing -= of_this;
                    octets.drain(..of_this);
                }
            }
        }
        if opcode == CLOSE {
            return Ok(());
        }
        let header = header(length, 0);
        if answer.len() != header.len() + length {
            answer.clear();
            answer.extend(header);
            answer.resize(answer.len() + length, b'x');
        }
        stream.write_all(&answer).await?;
    }
}

/// Opcode, length of the header with its mask, and length of the payload, once the header is there.
fn head(octets: &[u8]) -> Option<(u8, usize, usize)> {
    let (&[first, second], rest) = octets.split_first_chunk::<2>()?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (extended, length) = match second & 0x7f {
        126 => (2, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (8, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
        short => (0, usize::from(short)),
    };
    let start = 2 + extended + mask;
    (octets.len() >= start).then_some((first & 0x0f, start, length))
}
