//! A KDC that decides nothing: a thread for datagrams and one for streams, and replies captured long ago.
//!
//! It shows what a relay costs when the KDC costs almost nothing. It prints the address it takes requests at.

#![expect(clippy::print_stdout, reason = "its address is its output")]

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

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

fn main() -> io::Result<()> {
    let datagrams = UdpSocket::bind("127.0.0.1:0")?;
    let streams = TcpListener::bind(datagrams.local_addr()?)?;
    println!("{}", datagrams.local_addr()?);
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
