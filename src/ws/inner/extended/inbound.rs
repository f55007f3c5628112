//! What a client sends, with its commands of `x-kaazing-ping-pong` made frames of RFC 6455.

use bytes::BytesMut;

use super::super::{
    super::frame::{BINARY, FIN, Header, MAX_HEADER, TEXT, unmask},
    extensions::CONTROL,
};

/// The commands, behind the control octets.
const PING: [u8; 2] = [0x09, 0];
const PONG: [u8; 2] = [0x0a, 0];

/// Octets of a command, with the control octets.
const COMMAND: usize = CONTROL.len() + PING.len();

/// A ping and a pong without a payload, as clients send them: under a mask that changes nothing.
const MASKED_PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];
const MASKED_PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// A frame that every reader takes for a breach of the protocol (RFC 6455 section 5.2): an opcode of nobody.
const BREACH: [u8; 6] = [0x8f, 0x80, 0, 0, 0, 0];

/// Follows what a client sends.
#[derive(Debug)]
pub(super) struct Inbound {
    ping_pong: bool,
    /// The beginning of a frame that is not yet judged: its header and the first octets of its payload.
    held: Vec<u8>,
    /// Octets of the frame that go on as they are.
    left: u64,
    /// Whether the next message is the application's, however it begins.
    is_literal: bool,
    /// Whether nothing more goes on.
    is_over: bool,
}

impl Inbound {
    pub(super) const fn new(ping_pong: bool) -> Self {
        Self { ping_pong, held: Vec::new(), left: 0, is_literal: false, is_over: false }
    }

    /// Passes octets on to `out`; returns how many pings among them were commands, so that their answers are, too.
    pub(super) fn pass(&mut self, mut octets: &[u8], out: &mut BytesMut) -> usize {
        if !self.ping_pong {
            out.extend_from_slice(octets);
            return 0;
        }
        let mut pings = 0;
        while !octets.is_empty() && !self.is_over {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(octets.len());
                let (passing, rest) = octets.split_at(here);
                out.extend_from_slice(passing);
                self.left -= u64::try_from(here).unwrap_or_default();
                octets = rest;
                continue;
            }
            let missing = wanted(&self.held, COMMAND) - self.held.len();
            let (taken, rest) = octets.split_at(missing.min(octets.len()));
            self.held.extend_from_slice(taken);
            octets = rest;
            if wanted(&self.held, COMMAND) == self.held.len() {
                pings += self.judge(out);
            }
        }
        pings
    }

    /// Judges the frame whose beginning is held.
    fn judge(&mut self, out: &mut BytesMut) -> usize {
        let held = std::mem::take(&mut self.held);
        let Some((header, length)) = Header::read(&held) else { return 0 };
        let (head, begun) = held.split_at(length);
        let is_data = matches!(header.opcode(), TEXT | BINARY);
        let is_literal = is_data && std::mem::take(&mut self.is_literal);
        let mut payload = begun.to_vec();
        if let Some(mut mask) = header.mask {
            unmask(&mut payload, &mut mask);
        }
        if !is_data || is_literal || !payload.starts_with(&CONTROL) {
            out.extend_from_slice(head);
            out.extend_from_slice(begun);
            self.left = header.payload - u64::try_from(begun.len()).unwrap_or_default();
            return 0;
        }
        let is_whole = header.first & FIN != 0 && u64::try_from(payload.len()) == Ok(header.payload);
        match payload.get(CONTROL.len()..).filter(|_| is_whole) {
            Some([]) => self.is_literal = true,
            Some(command) if *command == PING => {
                out.extend_from_slice(&MASKED_PING);
                return 1;
            }
            Some(command) if *command == PONG => out.extend_from_slice(&MASKED_PONG),
            // Whoever serves the socket closes it, as for any other breach.
            _ => {
                out.extend_from_slice(&BREACH);
                self.is_over = true;
            }
        }
        0
    }
}

/// How many octets the beginning of a frame must have to be judged, as far as can be said: its header, and of its
/// payload so many if it has them.
pub(super) fn wanted(held: &[u8], peek: usize) -> usize {
    let Some((header, length)) = Header::read(held) else {
        let [_, second, ..] = held else { return 2 };
        let length = match second & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        return (length + if second & 0x80 == 0 { 0 } else { 4 }).min(MAX_HEADER);
    };
    let is_data = matches!(header.opcode(), TEXT | BINARY);
    let payload = usize::try_from(header.payload).unwrap_or(usize::MAX);
    length + if is_data { payload.min(peek) } else { 0 }
}
