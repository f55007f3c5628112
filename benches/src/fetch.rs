//! A client that fetches a file again and again over a connection that stays.

use std::{io, net::SocketAddr, sync::Arc};

use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    lane::{self, Failed, Stream},
    tally::Asks,
};

/// Octets that a read asks for.
const READ: usize = 256 * 1024;

/// A connection over which a file is fetched.
pub struct Fetch {
    stream: Stream,
    request: Vec<u8>,
    read: Vec<u8>,
}

impl Fetch {
    /// Opens one, to fetch what is at this path, with these header fields in each request.
    ///
    /// # Errors
    ///
    /// If nobody answers there.
    pub async fn open(
        to: SocketAddr,
        tls: Option<&Arc<ClientConfig>>,
        path: &str,
        fields: &[String],
    ) -> Result<Self, Failed> {
        let stream = lane::stream(to, tls).await?;
        // What a browser sends beside it differs from one to the next; both servers read all of it.
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n");
        lane::push_fields(&mut request, fields);
        let request = request.into_bytes();
        Ok(Self { stream, request, read: Vec::new() })
    }
}

impl Asks for Fetch {
    async fn ask(&mut self, _number: u32) -> io::Result<()> {
        self.stream.write_all(&self.request).await?;
        self.read.clear();
        let mut missing = loop {
            self.read.reserve(READ);
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((head, body)) = split(&self.read) {
                let length = length(head).ok_or(io::ErrorKind::InvalidData)?;
                break length.checked_sub(body.len()).ok_or(io::ErrorKind::InvalidData)?;
            }
        };
        while missing > 0 {
            self.read.clear();
            let read = self.stream.read_buf(&mut self.read).await?;
            missing = missing.checked_sub(read).filter(|_| read > 0).ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        Ok(())
    }
}

/// The head of a response and what has come of its body.
fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    octets.split_at_checked(end + 4)
}

/// Octets of the body, if this is the head of a file.
fn length(head: &[u8]) -> Option<usize> {
    let head = str::from_utf8(head).ok().filter(|head| head.starts_with("HTTP/1.1 200 "))?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let (_, length) = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    length.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_file_is_read_whatever_the_case_of_the_field() {
        let response = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-length: 12\r\n\r\nfirst";
        let (head, body) = split(response).unwrap();
        assert_eq!((length(head), body), (Some(12), &b"first"[..]));
    }

    #[test]
    fn a_refusal_is_no_file() {
        assert_eq!(length(b"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\n"), None);
    }
}
