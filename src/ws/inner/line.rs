//! A socket while the handshake is played on it: messages are taken one at a time, and what follows the last of them is
//! left for whoever serves the socket then.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::super::frame::{self, BINARY, Breach, CLOSE, CONTINUATION, FIN, Header, PING, TEXT, unmask};

/// What a client says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Heard {
    /// It closes, or is gone.
    Closed,
    /// A message, text or binary alike.
    Message(Bytes),
    /// It wants these octets back.
    Ping(Bytes),
    /// It answers a ping.
    Pong,
}

/// Why a client cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// It breaks the protocol, or says too much.
    #[error("the frames of the handshake are not sound: {0:?}")]
    Breach(Breach),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Broke(#[from] io::Error),
}

/// A socket on which the handshake is played.
#[derive(Debug)]
pub struct Line<I> {
    io: I,
    /// What was read and is not taken.
    held: BytesMut,
    /// The message of which the last frame has not come, if one has begun.
    message: Option<BytesMut>,
    /// Octets of the longest message.
    max_message: usize,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Line<I> {
    /// The line of a connection that was just upgraded. `early` is what was read behind the upgrade.
    pub fn new(io: I, early: &[u8], max_message: usize) -> Self {
        Self { io, held: early.into(), message: None, max_message }
    }

    /// The next that the client says. It may be dropped before it is ready, and nothing is lost.
    ///
    /// # Errors
    ///
    /// Any [`Lost`]; nothing can be heard any more.
    pub async fn hear(&mut self) -> Result<Heard, Lost> {
        loop {
            if let Some(heard) = self.take().map_err(Lost::Breach)? {
                return Ok(heard);
            }
            if self.io.read_buf(&mut self.held).await? == 0 {
                return Ok(Heard::Closed);
            }
        }
    }

    /// Takes frames off what was read, until one of them says something.
    fn take(&mut self) -> Result<Option<Heard>, Breach> {
        while let Some((header, length)) = Header::read(&self.held) {
            let Some(mut mask) = header.mask.filter(|_| !header.is_unsound()) else {
                return Err(Breach::Protocol);
            };
            let begun = self.message.as_ref().map_or(0, BytesMut::len);
            let payload = usize::try_from(header.payload).unwrap_or(usize::MAX);
            if payload.saturating_add(begun) > self.max_message {
                return Err(Breach::TooLong);
            }
            if self.held.len() - length < payload {
                return Ok(None);
            }
            self.held.advance(length);
            let mut octets = self.held.split_to(payload);
            unmask(&mut octets, &mut mask);
            match (header.opcode(), &mut self.message) {
                (CLOSE, _) => return Ok(Some(Heard::Closed)),
                (PING, _) => return Ok(Some(Heard::Ping(octets.freeze()))),
                (TEXT | BINARY, None) => self.message = Some(octets),
                (CONTINUATION, Some(message)) => message.extend_from_slice(&octets),
                (TEXT | BINARY | CONTINUATION, _) => return Err(Breach::Protocol),
                _ => return Ok(Some(Heard::Pong)),
            }
            if header.first & FIN != 0 {
                return Ok(self.message.take().map(|message| Heard::Message(message.freeze())));
            }
        }
        Ok(None)
    }

    /// Sends binary messages, all of them at once.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn say(&mut self, messages: &[&[u8]]) -> io::Result<()> {
        let mut octets = Vec::new();
        for message in messages {
            let mut room = [0; frame::MAX_SERVER_HEADER];
            let start = frame::seal(&mut room, message.len());
            octets.extend_from_slice(room.get(start..).unwrap_or_default());
            octets.extend_from_slice(message);
        }
        self.write(&octets).await
    }

    /// Sends a frame as it is.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.io.write_all(frame).await?;
        self.io.flush().await
    }

    /// Closes the connection once the client has done so, or has sent so many octets more.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn leave(mut self, linger: u64) -> io::Result<()> {
        self.io.shutdown().await?;
        // Unread octets would have the connection reset, and the client might not get what it was told last.
        tokio::io::copy(&mut (&mut self.io).take(linger), &mut tokio::io::sink()).await?;
        Ok(())
    }

    /// The connection, and what was read of it behind the last message.
    pub fn into_parts(self) -> (I, Bytes) {
        (self.io, self.held.freeze())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut octets = payload.to_vec();
        let mut room = [0; frame::MAX_HEADER];
        let start = frame::seal_masked(&mut room, &mut octets, mask);
        let mut frame = room[start..].to_vec();
        frame[0] = first;
        frame.extend_from_slice(&octets);
        frame
    }

    async fn heard(octets: &[u8], max_message: usize) -> (Vec<Heard>, Option<Breach>, Bytes) {
        let (mut client, server) = duplex(1 << 20);
        client.write_all(octets).await.unwrap();
        drop(client);
        let mut line = Line::new(server, b"", max_message);
        let mut all = Vec::new();
        loop {
            match line.hear().await {
                Ok(Heard::Closed) => break (all, None, line.into_parts().1),
                Ok(heard) => all.push(heard),
                Err(Lost::Breach(breach)) => break (all, Some(breach), Bytes::new()),
                Err(Lost::Broke(error)) => panic!("{error}"),
            }
        }
    }

    fn message(text: &'static str) -> Heard {
        Heard::Message(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn messages_are_heard_whole_whatever_comes_between_their_frames() {
        let octets = [
            frame(0x81, b"GET"),
            frame(0x02, b"a"),
            frame(0x89, b"ping"),
            frame(0x8a, b""),
            frame(0x00, b"b"),
            frame(0x80, b"c"),
            frame(0x82, b""),
        ]
        .concat();
        let ping = Heard::Ping(Bytes::from_static(b"ping"));
        let all = vec![message("GET"), ping, Heard::Pong, message("abc"), message("")];
        assert_eq!(heard(&octets, 100).await, (all, None, Bytes::new()));
    }

    #[tokio::test]
    async fn what_follows_a_message_is_left_for_others() {
        let (mut client, server) = duplex(1 << 20);
        let rest = [frame(0x81, b"data"), vec![0x81]].concat();
        client.write_all(&[frame(0x81, b"GET"), rest.clone()].concat()).await.unwrap();
        let mut line = Line::new(server, b"", 100);
        assert_eq!(line.hear().await.unwrap(), message("GET"));
        assert_eq!(line.into_parts().1, rest);
    }

    #[tokio::test]
    async fn octets_that_came_early_are_heard_first() {
        let (_client, server) = duplex(64);
        let mut line = Line::new(server, &frame(0x81, b"early"), 100);
        assert_eq!(line.hear().await.unwrap(), message("early"));
    }

    #[tokio::test]
    async fn what_is_no_frame_of_a_client_is_a_breach() {
        let long = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4];
        for (octets, breach) in [
            (&[0x81, 0x01, b'x'][..], Breach::Protocol),
            (&frame(0xc1, b"x"), Breach::Protocol),
            (&frame(0x83, b"x"), Breach::Protocol),
            (&frame(0x09, b"x"), Breach::Protocol),
            (&frame(0x80, b"x"), Breach::Protocol),
            (&[frame(0x01, b"x"), frame(0x81, b"y")].concat(), Breach::Protocol),
            (&frame(0x81, &[b'x'; 101]), Breach::TooLong),
            (&[frame(0x01, &[b'x'; 60]), frame(0x80, &[b'x'; 41])].concat(), Breach::TooLong),
            (&long, Breach::TooLong),
        ] {
            assert_eq!(heard(octets, 100).await.1, Some(breach), "{octets:?}");
        }
    }

    #[tokio::test]
    async fn short_and_long_answers_are_framed() {
        let (client, server) = duplex(1 << 20);
        let mut line = Line::new(client, b"", 100);
        line.say(&[b"ab", b"", &[b'x'; 300]]).await.unwrap();
        drop(line);
        let mut octets = Vec::new();
        let mut server = server;
        server.read_to_end(&mut octets).await.unwrap();
        assert_eq!(octets[..4], [0x82, 2, b'a', b'b']);
        assert_eq!(octets[4..10], [0x82, 0, 0x82, 0x7e, 0x01, 0x2c]);
        assert_eq!(octets.len(), 10 + 300);
    }
}
