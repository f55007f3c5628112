//! A KDC that decides nothing: a thread for datagrams and one for streams, and replies captured long ago.
//!
//! It shows what a relay costs when the KDC costs almost nothing. With `--before ADDR` it is instead the
//! least that a relay can be: it passes each datagram on to that address and the answer back, one at a time.
//! Either way it prints the address it takes requests at.

#![expect(clippy::print_stdout, reason = "its address is its output")]

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use clap::Parser;
use krb::{frame, peek};

/// Captured from MIT krb5 1.20.1 (`tests/data/mit-1.20.1`): the demand for pre-authentication, and tickets.
const PREAUTH_REQUIRED: &[u8] = include_bytes!("../../../tests/data/mit-1.20.1/wire/001-spake-rep-app30.bin");
const AS_REP: &[u8] = include_bytes!("../../../tests/data/mit-1.20.1/wire/003-spake-rep-app11.bin");
const TGS_REP: &[u8] = include_bytes!("../../../tests/data/mit-1.20.1/wire/043-tgs-gw-rep-app13.bin");

/// Requests for a first ticket of fewer octets carry no pre-authentication.
const WITHOUT_PREAUTH: usize = 300;

fn reply(request: &[u8]) -> &'static [u8] {
    match peek::application_tag(request) {
        Some(peek::TGS_REQ) => TGS_REP,
        _ if request.len() < WITHOUT_PREAUTH => PREAUTH_REQUIRED,
        _ => AS_REP,
    }
}

/// Answers Kerberos requests with canned replies.
#[derive(Debug, Parser)]
struct Args {
    /// Pass datagrams on to this address instead of answering them
    #[arg(long, value_name = "ADDR")]
    before: Option<SocketAddr>,
}

fn main() -> io::Result<()> {
    let (datagrams, streams) = bind()?;
    println!("{}", datagrams.local_addr()?);
    match Args::parse().before {
        Some(kdc) => relay(&datagrams, kdc),
        None => serve(&datagrams, streams),
    }
}

/// Takes a port that is free for datagrams and streams.
fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    loop {
        let datagrams = UdpSocket::bind("127.0.0.1:0")?;
        match TcpListener::bind(datagrams.local_addr()?) {
            Ok(streams) => return Ok((datagrams, streams)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
}

fn relay(clients: &UdpSocket, kdc: SocketAddr) -> io::Result<()> {
    let onward = UdpSocket::bind("127.0.0.1:0")?;
    onward.connect(kdc)?;
    let mut octets = [0; 65_536];
    loop {
        let (length, from) = clients.recv_from(&mut octets)?;
        onward.send(octets.get(..length).unwrap_or_default())?;
        let length = onward.recv(&mut octets)?;
        clients.send_to(octets.get(..length).unwrap_or_default(), from)?;
    }
}

fn serve(datagrams: &UdpSocket, streams: TcpListener) -> io::Result<()> {
    thread::spawn(move || {
        for stream in streams.incoming() {
            // A client that breaks off is its own affair.
            let _ = stream.and_then(answer);
        }
    });
    let mut octets = [0; 65_536];
    loop {
        let (length, from) = datagrams.recv_from(&mut octets)?;
        let request = octets.get(..length).unwrap_or_default();
        // Nobody there any more: the others go on.
        let _ = datagrams.send_to(reply(request), from);
    }
}

/// Answers one request on a connection and closes it, as krb5kdc does.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut length = [0; frame::PREFIX];
    stream.read_exact(&mut length)?;
    let announced = frame::announced(&length).ok().flatten().ok_or(io::ErrorKind::InvalidData)?;
    let mut request = vec![0; announced];
    stream.read_exact(&mut request)?;
    let reply = reply(&request);
    stream.write_all(&[&frame::prefix(reply.len()), reply].concat())
}
