//! WebSocket frames as they pass by (RFC 6455 section 5): where one ends, what one holds, how one is made.
//!
//! Nothing here keeps a payload: frames may be of any length and arrive in pieces of any size.

use std::ops::Range;

/// Octets of the longest header: two, eight of length, four of mask.
pub const MAX_HEADER: usize = 14;
/// Octets of the longest header that a server writes: it does not mask.
pub const MAX_SERVER_HEADER: usize = 10;
/// Octets of the longest payload of a control frame (RFC 6455 section 5.5).
const MAX_CONTROL: u64 = 125;

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

pub(super) const FIN: u8 = 0x80;
/// In the second octet.
const MASKED: u8 = 0x80;
const RESERVED: u8 = 0x70;

/// What the header of a frame says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    /// FIN, the reserved bits and the opcode.
    pub(super) first: u8,
    pub(super) mask: Option<[u8; 4]>,
    pub(super) payload: u64,
}

impl Header {
    /// Reads a header off the start of `octets`, with its length; `None` while it is not whole.
    pub(super) fn read(octets: &[u8]) -> Option<(Self, usize)> {
        let ([first, second], mut rest) = octets.split_first_chunk::<2>()?;
        let payload = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(*take(&mut rest)?)),
            127 => u64::from_be_bytes(*take(&mut rest)?),
            short => u64::from(short),
        };
        let mask = if second & MASKED == 0 { None } else { Some(*take(&mut rest)?) };
        Some((Self { first: *first, mask, payload }, octets.len() - rest.len()))
    }

    pub(super) const fn opcode(self) -> u8 {
        self.first & 0x0f
    }

    /// Whether it breaks the protocol where no extension is in use (RFC 6455 section 5.2 and 5.5).
    pub(super) const fn is_unsound(self) -> bool {
        let is_control = self.first & 0x08 != 0;
        let is_unknown = !matches!(self.opcode(), CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
        let is_long = is_control && (self.first & FIN == 0 || self.payload > MAX_CONTROL);
        is_unknown || is_long || self.first & RESERVED != 0 || self.payload > u64::MAX >> 1
    }
}

fn take<'a, const N: usize>(octets: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = octets.split_first_chunk()?;
    *octets = rest;
    Some(taken)
}

/// A header of which only the beginning has arrived.
#[derive(Clone, Copy, Debug, Default)]
struct Partial {
    octets: [u8; MAX_HEADER],
    filled: usize,
}

impl Partial {
    /// Reads on in `octets`: how many of them belong to the header, and the header once it is whole.
    fn read(&mut self, octets: &[u8]) -> (usize, Option<Header>) {
        if self.filled == 0
            && let Some((header, length)) = Header::read(octets)
        {
            return (length, Some(header));
        }
        for (taken, octet) in octets.iter().enumerate() {
            if let Some(place) = self.octets.get_mut(self.filled) {
                *place = *octet;
                self.filled += 1;
            }
            if let Some((header, _)) = self.octets.get(..self.filled).and_then(Header::read) {
                self.filled = 0;
                return (taken + 1, Some(header));
            }
        }
        (octets.len(), None)
    }
}

/// How long the messages of a peer are, and may be.
#[derive(Clone, Copy, Debug)]
struct Size {
    most: u64,
    /// Of the message that is passing, as far as its frames have begun.
    message: u64,
}

impl Size {
    const fn at_most(most: u64) -> Self {
        Self { most, message: 0 }
    }

    /// Takes a frame to the message that it belongs to; whether that may be so long.
    const fn takes(&mut self, header: Header) -> bool {
        match header.opcode() {
            CONTINUATION => self.message = self.message.saturating_add(header.payload),
            TEXT | BINARY => self.message = header.payload,
            _ => return true,
        }
        self.message <= self.most
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::at_most(u64::MAX)
    }
}

/// Finds the ends of frames in octets that pass unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Boundaries {
    header: Partial,
    left: u64,
    size: Size,
    closed: bool,
    too_long: bool,
}

impl Boundaries {
    /// For messages of so many octets at most.
    #[must_use]
    pub fn at_most(octets: u64) -> Self {
        Self { size: Size::at_most(octets), ..Self::default() }
    }

    /// Whether a message has begun to pass that is too long.
    #[must_use]
    pub const fn too_long(&self) -> bool {
        self.too_long
    }

    /// Whether what has passed ends with a frame.
    #[must_use]
    pub const fn at_one(&self) -> bool {
        self.left == 0 && self.header.filled == 0
    }

    /// Whether a close frame has begun to pass. No frame may follow it (RFC 6455 section 5.5.1).
    #[must_use]
    pub const fn closed(&self) -> bool {
        self.closed
    }

    /// Follows all of `octets`.
    pub fn pass(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            let passed = self.pass_frame(octets);
            octets = octets.get(passed..).unwrap_or_default();
        }
    }

    /// Follows `octets` to the end of the frame that they begin or go on with; how many those are.
    pub fn pass_frame(&mut self, octets: &[u8]) -> usize {
        let mut passed = 0;
        if self.left == 0 {
            let (length, header) = self.header.read(octets);
            let Some(header) = header else { return length };
            passed = length;
            self.left = header.payload;
            self.closed |= header.opcode() == CLOSE;
            self.too_long |= !self.size.takes(header);
        }
        let here = least(self.left, octets.len() - passed);
        self.left -= widen(here);
        passed + here
    }
}

/// Why a peer's frames are not read any further.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Breach {
    /// They break the protocol.
    Protocol,
    /// A message is above the limit.
    TooLong,
}

/// What a peer says beside its payload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Aside {
    /// It closes. What follows is not read.
    Close,
    /// It wants these octets back.
    Ping(Vec<u8>),
}

/// Takes the payload out of a peer's frames: a client's, unless it is made for a server's.
///
/// Text and binary are taken alike: a text message is as good a piece of a stream of octets.
#[derive(Debug, Default)]
pub struct Opener {
    is_of_server: bool,
    header: Partial,
    current: Current,
    left: u64,
    size: Size,
    mask: [u8; 4],
    in_message: bool,
    control: Vec<u8>,
}

/// The frame that is being read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Current {
    Close,
    #[default]
    Data,
    Ping,
    Pong,
}

impl Opener {
    /// For messages of so many octets at most.
    #[must_use]
    pub fn at_most(octets: u64) -> Self {
        Self { size: Size::at_most(octets), ..Self::default() }
    }

    /// For the frames of a server, which are not masked.
    #[must_use]
    pub fn of_server() -> Self {
        Self { is_of_server: true, ..Self::default() }
    }

    /// Takes the frames off `octets` in place: where in them the payload stands, and what was said beside it.
    ///
    /// # Errors
    ///
    /// [`Breach::Protocol`] if these are not the frames of such a peer without extensions, and [`Breach::TooLong`];
    /// nothing can be read any further.
    pub fn open(&mut self, octets: &mut [u8]) -> Result<(Range<usize>, Option<Aside>), Breach> {
        let (mut at, mut payload, mut aside) = (0, 0..0, None);
        while at < octets.len() {
            if self.left == 0 {
                let (length, header) = self.header.read(octets.get(at..).unwrap_or_default());
                at += length;
                let Some(header) = header else { break };
                self.begin(header)?;
            }
            let here = least(self.left, octets.len() - at);
            let masked = octets.get_mut(at..at + here).unwrap_or_default();
            if !self.is_of_server {
                unmask(masked, &mut self.mask);
            }
            if self.current == Current::Data {
                if payload.is_empty() {
                    payload = at..at + here;
                } else {
                    octets.copy_within(at..at + here, payload.end);
                    payload.end += here;
                }
            } else if self.current == Current::Ping {
                self.control.extend_from_slice(masked);
            }
            self.left -= widen(here);
            at += here;
            if self.left == 0 {
                match self.current {
                    Current::Close => return Ok((payload, Some(Aside::Close))),
                    // Of several only the last is answered (RFC 6455 section 5.5.3).
                    Current::Ping => aside = Some(Aside::Ping(std::mem::take(&mut self.control))),
                    Current::Data | Current::Pong => {}
                }
            }
        }
        Ok((payload, aside))
    }

    fn begin(&mut self, header: Header) -> Result<(), Breach> {
        let is_last = header.first & FIN != 0;
        self.current = match header.opcode() {
            CONTINUATION if self.in_message => Current::Data,
            TEXT | BINARY if !self.in_message => Current::Data,
            CLOSE => Current::Close,
            PING => Current::Ping,
            PONG => Current::Pong,
            _ => return Err(Breach::Protocol),
        };
        if self.current == Current::Data {
            self.in_message = !is_last;
        }
        if header.is_unsound() {
            return Err(Breach::Protocol);
        }
        self.mask = match (header.mask, self.is_of_server) {
            (Some(mask), false) => mask,
            (None, true) => [0; 4],
            // RFC 6455 section 5.1: a client masks and a server does not.
            _ => return Err(Breach::Protocol),
        };
        if !self.size.takes(header) {
            return Err(Breach::TooLong);
        }
        self.left = header.payload;
        Ok(())
    }
}

/// Applies a mask, and turns it so that it goes on where it ended.
pub(super) fn unmask(octets: &mut [u8], mask: &mut [u8; 4]) {
    let [a, b, c, d] = *mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = octets.chunks_exact_mut(8);
    for word in &mut words {
        if let Ok(octets) = <[u8; 8]>::try_from(&*word) {
            word.copy_from_slice(&(u64::from_ne_bytes(octets) ^ wide).to_ne_bytes());
        }
    }
    let rest = words.into_remainder();
    for (octet, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *octet ^= mask;
    }
    mask.rotate_left(rest.len() % 4);
}

/// Puts the header of a binary message in front of its payload. `room` ends where the payload begins; the
/// header fills it from behind, and its first octet is returned.
#[must_use]
pub fn seal(room: &mut [u8; MAX_SERVER_HEADER], payload: usize) -> usize {
    let length = widen(payload);
    let first = FIN | BINARY;
    let [.., s, t] = room;
    if let Some(short) = u8::try_from(length).ok().filter(|short| u64::from(*short) <= MAX_CONTROL) {
        (*s, *t) = (first, short);
        return MAX_SERVER_HEADER - 2;
    }
    if let Ok(length) = u16::try_from(length) {
        let [.., a, b, c, d] = room;
        (*a, *b) = (first, 126);
        [*c, *d] = length.to_be_bytes();
        return MAX_SERVER_HEADER - 4;
    }
    let [a, b, rest @ ..] = room;
    (*a, *b) = (first, 127);
    *rest = length.to_be_bytes();
    0
}

/// The same as a client does it: the payload is masked where it stands, and the mask is the last of the header.
#[must_use]
pub fn seal_masked(room: &mut [u8; MAX_HEADER], payload: &mut [u8], mut mask: [u8; 4]) -> usize {
    let Some((header, place)) = room.split_first_chunk_mut::<MAX_SERVER_HEADER>() else { return 0 };
    let start = seal(header, payload.len());
    if let Some(length) = header.get_mut(start + 1) {
        *length |= MASKED;
    }
    place.copy_from_slice(&mask);
    unmask(payload, &mut mask);
    start
}

/// A ping without a payload.
#[must_use]
pub fn ping() -> Vec<u8> {
    control(PING, &[])
}

/// The same as a client sends it, with this mask.
#[must_use]
pub fn masked_ping(mask: [u8; 4]) -> Vec<u8> {
    masked(ping(), mask)
}

/// The answer to a ping.
#[must_use]
pub fn pong(payload: &[u8]) -> Vec<u8> {
    control(PONG, payload)
}

/// A close frame with this code and reason.
#[must_use]
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    control(CLOSE, &[&code.to_be_bytes()[..], reason.as_bytes()].concat())
}

/// The same as a client sends it, with this mask.
#[must_use]
pub fn masked_close(code: u16, reason: &str, mask: [u8; 4]) -> Vec<u8> {
    masked(close(code, reason), mask)
}

/// The answer to a ping as a client sends it, with this mask.
#[must_use]
pub fn masked_pong(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    masked(pong(payload), mask)
}

/// Masks a control frame.
fn masked(mut frame: Vec<u8>, mut mask: [u8; 4]) -> Vec<u8> {
    let mut payload = frame.split_off(2);
    if let Some(length) = frame.get_mut(1) {
        *length |= MASKED;
    }
    frame.extend_from_slice(&mask);
    unmask(&mut payload, &mut mask);
    frame.extend_from_slice(&payload);
    frame
}

fn control(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or_default() & 0x7f;
    let mut frame = vec![FIN | opcode, length];
    frame.extend_from_slice(payload.get(..usize::from(length)).unwrap_or_default());
    frame
}

fn least(wide: u64, narrow: usize) -> usize {
    usize::try_from(wide).unwrap_or(usize::MAX).min(narrow)
}

fn widen(octets: usize) -> u64 {
    u64::try_from(octets).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
