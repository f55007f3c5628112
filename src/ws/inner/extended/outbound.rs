//! What a client is sent, with pings and pongs of RFC 6455 made commands of `x-kaazing-ping-pong`.

use bytes::BytesMut;

use super::{
    super::{
        super::frame::{BINARY, CLOSE, CONTINUATION, FIN, Header, PING, PONG, TEXT},
        extensions::CONTROL,
    },
    inbound::wanted,
};

/// The commands, each a text message.
const PING_COMMAND: [u8; 8] = [0x81, 6, 1, 1, 1, 2, 0x09, 0];
const PONG_COMMAND: [u8; 8] = [0x81, 6, 1, 1, 1, 2, 0x0a, 0];

/// A pong without a payload, as RFC 6455 has it.
const PLAIN_PONG: [u8; 2] = [FIN | PONG, 0];

/// Follows what a client is sent.
#[derive(Debug)]
pub(super) struct Outbound {
    ping_pong: bool,
    /// The beginning of a frame that is not yet judged.
    held: Vec<u8>,
    /// Octets of the frame that go on as they are.
    left: u64,
    /// Whether the frames of a message have begun and not ended: no other message may stand between them.
    in_message: bool,
    /// Pings that were commands and are not answered.
    owed: usize,
    /// Whether a close frame went out. Nothing may follow it.
    is_over: bool,
}

impl Outbound {
    pub(super) const fn new(ping_pong: bool) -> Self {
        Self { ping_pong, held: Vec::new(), left: 0, in_message: false, owed: 0, is_over: false }
    }

    /// Takes note of pings that are to be answered by commands.
    pub(super) const fn owe(&mut self, pings: usize) {
        self.owed = self.owed.saturating_add(pings);
    }

    /// Passes octets on to `out`.
    pub(super) fn pass(&mut self, mut octets: &[u8], out: &mut BytesMut) {
        while !octets.is_empty() {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(octets.len());
                let (passing, rest) = octets.split_at(here);
                out.extend_from_slice(passing);
                self.left -= u64::try_from(here).unwrap_or_default();
                octets = rest;
                continue;
            }
            let missing = wanted(&self.held, CONTROL.len()) - self.held.len();
            let (taken, rest) = octets.split_at(missing.min(octets.len()));
            self.held.extend_from_slice(taken);
            octets = rest;
            if wanted(&self.held, CONTROL.len()) == self.held.len() {
                self.judge(out);
            }
        }
    }

    /// Judges the frame whose beginning is held.
    fn judge(&mut self, out: &mut BytesMut) {
        let held = std::mem::take(&mut self.held);
        let Some((header, length)) = Header::read(&held) else { return };
        let begun = held.get(length..).unwrap_or_default();
        // A command would part the frames of a message that is going out.
        let is_empty = self.ping_pong && header.payload == 0 && !self.in_message;
        match header.opcode() {
            TEXT | BINARY => {
                self.in_message = header.first & FIN == 0;
                if self.ping_pong && begun == CONTROL {
                    out.extend_from_slice(&[FIN | header.opcode(), 4]);
                    out.extend_from_slice(&CONTROL);
                }
            }
            CONTINUATION => self.in_message = header.first & FIN == 0,
            PING if is_empty => return out.extend_from_slice(&PING_COMMAND),
            PONG if is_empty && self.owed > 0 => {
                self.owed -= 1;
                return out.extend_from_slice(&PONG_COMMAND);
            }
            CLOSE => self.is_over = true,
            _ => {}
        }
        out.extend_from_slice(&held);
        self.left = header.payload - u64::try_from(begun.len()).unwrap_or_default();
    }

    /// Has a pong that nobody asked for go to `out`, if one may stand there now.
    pub(super) fn pulse(&self, out: &mut BytesMut) -> bool {
        let may = self.left == 0 && self.held.is_empty() && !self.in_message && !self.is_over;
        if may {
            out.extend_from_slice(if self.ping_pong { &PONG_COMMAND } else { &PLAIN_PONG });
        }
        may
    }
}
