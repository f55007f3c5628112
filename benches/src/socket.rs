//! A client behind a proxy of WebSockets: it opens one, with a ticket where that is asked for, and sends messages
//! of one length, each after the answer to the one before.

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    lane::{self, Failed, Stream},
    tally::Asks,
};

/// A binary message in one frame (RFC 6455 section 5.2).
const BINARY: u8 = 0x82;

/// Octets that a read asks for.
const READ: usize = 256 * 1024;

/// Tokens that were made ahead, each to be used once.
#[derive(Debug, Default)]
pub struct Tokens {
    tokens: Vec<Vec<u8>>,
    used: AtomicUsize,
}

impl Tokens {
    /// Reads a file of tokens, each with a length of four octets in front.
    ///
    /// # Errors
    ///
    /// If there is no such file, or it ends early.
    pub fn read(file: &Path) -> Result<Self, Failed> {
        let octets = fs::read(file)?;
        let (mut rest, mut tokens) = (octets.as_slice(), Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_be_bytes(*length))?;
            let (token, behind) = behind.split_at_checked(length).ok_or("a token ends early")?;
            tokens.push(token.to_vec());
            rest = behind;
        }
        Ok(Self { tokens, used: AtomicUsize::default() })
    }

    /// Writes tokens so that [`read`](Self::read) finds them.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(file: &Path, tokens: &[Vec<u8>]) -> Result<(), Failed> {
        let mut octets = Vec::new();
        for token in tokens {
            octets.extend(u32::try_from(token.len())?.to_be_bytes());
            octets.extend(token);
        }
        Ok(fs::write(file, octets)?)
    }

    fn next(&self) -> io::Result<&[u8]> {
        let place = self.used.fetch_add(1, Ordering::Relaxed);
        let token = self.tokens.get(place).ok_or_else(|| io::Error::other("no token is left"))?;
        Ok(token)
    }
}

/// Where to, and with what.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where it is.
    pub to: SocketAddr,
    /// What TLS trusts, if it is spoken.
    pub tls: Option<Arc<ClientConfig>>,
    /// What is asked for.
    pub path: String,
    /// Header fields of each request.
    pub fields: Vec<String>,
    /// Tickets, one for each WebSocket; without them none is sent.
    pub tokens: Option<Arc<Tokens>>,
}

impl Door {
    /// Opens a WebSocket.
    async fn open(&self) -> io::Result<Stream> {
        let mut stream = lane::stream(self.to, self.tls.as_ref()).await?;
        let mut head = format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            self.path
        );
        if let Some(tokens) = &self.tokens {
            head.push_str("Authorization: Negotiate ");
            STANDARD.encode_string(tokens.next()?, &mut head);
            head.push_str("\r\n");
        }
        lane::push_fields(&mut head, &self.fields);
        stream.write_all(head.as_bytes()).await?;
        lane::upgraded(&mut stream).await?;
        Ok(stream)
    }
}

/// A WebSocket that is open.
pub struct Socket {
    stream: Stream,
    message: Arc<[u8]>,
    answer: usize,
    read: Vec<u8>,
}

impl Socket {
    /// Opens one whose messages have so many octets.
    ///
    /// # Errors
    ///
    /// If it is refused.
    pub async fn open(door: &Door, message: &Arc<[u8]>) -> Result<Self, Failed> {
        let stream = door.open().await?;
        // The answer is as long as the message, but for the mask, which only clients have.
        let answer = message.len() - MASK.len();
        Ok(Self { stream, message: Arc::clone(message), answer, read: Vec::with_capacity(READ.min(answer)) })
    }
}

/// No mask at all: what is measured does not depend on it, and the answer is the same octets.
const MASK: [u8; 4] = [0; 4];

/// A message of so many octets as a client sends it.
#[must_use]
pub fn message(length: usize) -> Arc<[u8]> {
    let mut frame = header(length, 0x80);
    frame.extend(MASK);
    frame.resize(frame.len() + length, b'x');
    frame.into()
}

/// The header of a frame with a payload of so many octets, but for the mask. `masked` is the bit that announces it.
#[must_use]
pub fn header(length: usize, masked: u8) -> Vec<u8> {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => vec![BINARY, masked | short],
        (_, Ok(long)) => [&[BINARY, masked | 126][..], &long.to_be_bytes()].concat(),
        _ => [&[BINARY, masked | 127][..], &u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()].concat(),
    }
}

impl Asks for Socket {
    async fn ask(&mut self, _number: u32) -> io::Result<()> {
        self.stream.write_all(&self.message).await?;
        let mut missing = self.answer;
        while missing > 0 {
            self.read.clear();
            let read = self.stream.read_buf(&mut self.read).await?;
            let right = read > 0 && (missing < self.answer || self.read.first() == Some(&BINARY));
            missing = missing.checked_sub(read).filter(|_| right).ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(())
    }
}

/// Opens a WebSocket each time, and closes it.
pub struct Opens(pub Door);

impl Asks for Opens {
    async fn ask(&mut self, _number: u32) -> io::Result<()> {
        self.0.open().await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_as_long_as_its_header_says() {
        for (length, header_length) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            assert_eq!(header(length, 0).len(), header_length);
            assert_eq!(message(length).len(), header_length + 4 + length);
        }
    }

    #[test]
    fn tokens_are_read_as_they_were_written_and_given_once() {
        let file = std::env::temp_dir().join(format!("tokens-{}", std::process::id()));
        Tokens::write(&file, &[b"one".to_vec(), Vec::new(), b"three".to_vec()]).unwrap();
        let tokens = Tokens::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let given: Vec<_> = (0..3).map(|_| tokens.next().unwrap()).collect();
        assert_eq!(given, [&b"one"[..], b"", b"three"]);
        assert!(tokens.next().is_err());
    }
}
