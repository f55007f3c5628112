//! How a Kerberos message is wrapped on its way to the gateway, and back in the same wrapping.
//!
//! A stream is cut into units by their first octet: a length (RFC 4120 section 7.2.2) starts with an octet
//! below 0x30 as long as messages stay below 768 MiB, a KDC-PROXY-MESSAGE with 0x30, and a bare KDC request
//! with its application tag. No two can be confused, so each unit is answered as it was asked.

use bytes::{Buf, Bytes, BytesMut};
use krb::{
    der::{self, DerError},
    frame::{self, FrameError},
    kkdcp::{self, KkdcpError, ProxyMessage},
};

/// Longest unit, in octets: the longest message, and room for the envelope and a realm around it.
pub const MAX_UNIT: usize = frame::MAX_MESSAGE + 1024;

/// The wrapping of one message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Envelope {
    /// None: the message is all there is.
    Bare,
    /// The four-octet length of a stream.
    Framed,
    /// KDC-PROXY-MESSAGE.
    Kkdcp {
        /// Whether the message inside has its length in front of it.
        prefixed: bool,
    },
}

impl Envelope {
    /// Wraps `message` for the way back.
    #[must_use]
    pub fn seal(self, message: Bytes) -> Bytes {
        match self {
            Self::Bare => message,
            Self::Framed => {
                let mut framed = BytesMut::with_capacity(frame::PREFIX + message.len());
                framed.extend_from_slice(&frame::prefix(message.len()));
                framed.extend_from_slice(&message);
                framed.freeze()
            }
            Self::Kkdcp { prefixed } => kkdcp::seal(&ProxyMessage {
                message: &message,
                prefixed,
                target_domain: None,
                dclocator_hint: None,
            })
            .into(),
        }
    }
}

/// A message out of its wrapping.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opened {
    /// How it was wrapped.
    pub envelope: Envelope,
    /// The realm that the wrapping names. A KDC-PROXY-MESSAGE from a client always does.
    pub krb_realm: Option<Bytes>,
    /// The Kerberos message, as it arrived.
    pub message: Bytes,
}

impl Opened {
    /// A message without a wrapping.
    #[must_use]
    pub const fn bare(message: Bytes) -> Self {
        Self { envelope: Envelope::Bare, krb_realm: None, message }
    }
}

/// Why a unit cannot be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The length of a bare message or an envelope cannot be read.
    #[error("{0}")]
    Encoding(#[from] DerError),
    /// The length in front of a message is not acceptable.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// Not a KDC-PROXY-MESSAGE.
    #[error("{0}")]
    Kkdcp(#[from] KkdcpError),
    /// A KDC-PROXY-MESSAGE from a client without the realm (MS-KKDCP section 3.2.5.1).
    #[error("the KDC-PROXY-MESSAGE names no target-domain")]
    NoTargetDomain,
    /// A unit of more than [`MAX_UNIT`] octets is announced.
    #[error("a unit of {announced} octets is announced, allowed are {MAX_UNIT}")]
    TooLong {
        /// Octets that were announced.
        announced: usize,
    },
    /// A unit of another kind than this stream is declared to carry.
    #[error("the stream carries only messages with a length in front")]
    WrongWrapping,
}

impl Malformed {
    /// Whether it is refused for its size alone.
    ///
    /// Where only lengths are read, the octet that would start another wrapping starts a length of more than
    /// 768 MiB.
    #[must_use]
    pub const fn is_too_long(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::Frame(_) | Self::WrongWrapping)
    }
}

/// Opens a KDC-PROXY-MESSAGE from a client.
///
/// # Errors
///
/// [`Malformed::Kkdcp`] or [`Malformed::NoTargetDomain`].
pub fn open_kkdcp(unit: &Bytes) -> Result<Opened, Malformed> {
    let opened = kkdcp::open(unit)?;
    let krb_realm = opened.target_domain.ok_or(Malformed::NoTargetDomain)?;
    if opened.message.len() > frame::MAX_MESSAGE {
        return Err(Malformed::TooLong { announced: opened.message.len() });
    }
    Ok(Opened {
        envelope: Envelope::Kkdcp { prefixed: opened.prefixed },
        krb_realm: Some(unit.slice_ref(krb_realm)),
        message: unit.slice_ref(opened.message),
    })
}

/// Which units a stream may carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carries {
    /// Any of the three, told apart by the first octet.
    Any,
    /// Only messages with a length in front.
    Framed,
}

/// Cuts a stream into units, wherever its transport has cut it.
#[derive(Debug)]
pub struct Stream {
    carries: Carries,
    /// The start of a unit that has not arrived whole. Never holds more than [`MAX_UNIT`] octets.
    held: BytesMut,
    /// What arrived last and was not cut yet.
    arrived: Bytes,
}

impl Stream {
    /// An empty stream.
    #[must_use]
    pub fn new(carries: Carries) -> Self {
        Self { carries, held: BytesMut::new(), arrived: Bytes::new() }
    }

    /// Takes the next octets. [`Stream::unit`] must have returned `None` since the last call.
    pub fn push(&mut self, octets: Bytes) {
        debug_assert!(self.arrived.is_empty(), "units are left to be taken");
        self.arrived = octets;
    }

    /// Whether a unit has begun and is not whole.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.held.is_empty()
    }

    /// Octets of the unit that has begun or could not be read.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len() + self.arrived.len()
    }

    /// The next whole unit, opened; `None` when more octets are needed.
    ///
    /// Memory is taken for octets that arrived, never for octets that were announced. A unit that arrives
    /// whole and alone is not copied.
    ///
    /// # Errors
    ///
    /// Any [`Malformed`]; the stream cannot be read any further.
    pub fn unit(&mut self) -> Result<Option<Opened>, Malformed> {
        if self.held.is_empty() {
            match self.announced(&self.arrived)? {
                Some(length) if length <= self.arrived.len() => {
                    let unit = self.arrived.split_to(length);
                    return self.open(&unit).map(Some);
                }
                _ => {
                    self.held.extend_from_slice(&self.arrived);
                    self.arrived = Bytes::new();
                    return Ok(None);
                }
            }
        }
        // A few octets say how long the unit is; the rest is taken in one go.
        loop {
            let wanted = match self.announced(&self.held)? {
                Some(length) => length,
                None => self.held.len() + 1,
            };
            let missing = wanted - self.held.len();
            if missing == 0 {
                let unit = self.held.split().freeze();
                // The buffer would otherwise keep the size of the longest unit for as long as the peer stays.
                self.held = BytesMut::new();
                return self.open(&unit).map(Some);
            }
            if self.arrived.is_empty() {
                return Ok(None);
            }
            let taken = missing.min(self.arrived.len());
            self.held.extend_from_slice(self.arrived.get(..taken).unwrap_or_default());
            self.arrived.advance(taken);
        }
    }

    /// Octets of the unit that `octets` start with, if that can be told yet.
    fn announced(&self, octets: &[u8]) -> Result<Option<usize>, Malformed> {
        let Some(&first) = octets.first() else { return Ok(None) };
        let announced = if is_der(first) {
            if self.carries == Carries::Framed {
                return Err(Malformed::WrongWrapping);
            }
            der::announced(octets)?
        } else {
            frame::announced(octets)?.map(|length| frame::PREFIX + length)
        };
        match announced {
            Some(announced) if announced > MAX_UNIT => Err(Malformed::TooLong { announced }),
            other => Ok(other),
        }
    }

    fn open(&self, unit: &Bytes) -> Result<Opened, Malformed> {
        match unit.first() {
            Some(&der::SEQUENCE) => open_kkdcp(unit),
            Some(&first) if is_der(first) => Ok(Opened::bare(unit.clone())),
            _ => Ok(Opened {
                envelope: Envelope::Framed,
                krb_realm: None,
                message: unit.slice(frame::PREFIX.min(unit.len())..),
            }),
        }
    }
}

/// Whether an octet starts an envelope or a bare message, not a length.
const fn is_der(first: u8) -> bool {
    first == der::SEQUENCE || first & 0xe0 == 0x60
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bare(length: usize) -> Bytes {
        let mut octets = Vec::new();
        der::push_header(&mut octets, 0x6a, length);
        octets.resize(octets.len() + length, 0);
        octets.into()
    }

    fn kkdcp(length: usize, prefixed: bool) -> Bytes {
        kkdcp::seal(&ProxyMessage {
            message: &bare(length),
            prefixed,
            target_domain: Some(b"TGG.TEST"),
            dclocator_hint: None,
        })
        .into()
    }

    fn units(stream: &mut Stream) -> Vec<Opened> {
        std::iter::from_fn(|| stream.unit().unwrap()).collect()
    }

    #[test]
    fn a_unit_is_opened_by_its_first_octet() {
        let mut stream = Stream::new(Carries::Any);
        let mut octets = BytesMut::new();
        octets.extend_from_slice(&Envelope::Framed.seal(bare(20)));
        octets.extend_from_slice(&bare(200));
        octets.extend_from_slice(&kkdcp(30, true));
        octets.extend_from_slice(&kkdcp(3000, false));
        stream.push(octets.freeze());
        let opened = units(&mut stream);
        let wrappings: Vec<_> = opened.iter().map(|unit| (unit.envelope, unit.message.len())).collect();
        assert_eq!(
            wrappings,
            [
                (Envelope::Framed, 22),
                (Envelope::Bare, 203),
                (Envelope::Kkdcp { prefixed: true }, 32),
                (Envelope::Kkdcp { prefixed: false }, 3004),
            ]
        );
        assert!(!stream.is_partial());
    }

    #[test]
    fn an_unfinished_unit_is_held_and_said_to_be() {
        let framed = Envelope::Framed.seal(bare(20));
        let mut stream = Stream::new(Carries::Any);
        for octet in framed.iter().take(framed.len() - 1) {
            stream.push(Bytes::copy_from_slice(&[*octet]));
            assert_eq!(stream.unit(), Ok(None));
            assert!(stream.is_partial());
        }
        stream.push(framed.slice(framed.len() - 1..));
        assert_eq!(units(&mut stream).len(), 1);
        assert!(!stream.is_partial());
    }

    #[test]
    fn a_length_past_the_limit_is_refused_before_its_octets_arrive() {
        for octets in [&[0, 2, 0, 1][..], &[0x6a, 0x83, 0xff, 0xff, 0xff], &[0x30, 0x84, 0x7f, 0, 0, 0]] {
            let mut stream = Stream::new(Carries::Any);
            stream.push(Bytes::copy_from_slice(octets));
            assert!(stream.unit().unwrap_err().is_too_long(), "{octets:02x?}");
        }
    }

    #[test]
    fn a_set_reserved_bit_ends_the_stream() {
        let mut stream = Stream::new(Carries::Any);
        stream.push(Bytes::from_static(&[0x80, 0, 0, 1]));
        assert_eq!(stream.unit(), Err(Malformed::Frame(FrameError::Reserved)));
    }

    #[test]
    fn a_declared_stream_of_frames_carries_nothing_else() {
        for octets in [bare(4), kkdcp(4, true)] {
            let mut stream = Stream::new(Carries::Framed);
            stream.push(octets);
            assert_eq!(stream.unit(), Err(Malformed::WrongWrapping));
        }
    }

    #[test]
    fn an_envelope_without_a_realm_is_refused() {
        let unit = Envelope::Kkdcp { prefixed: true }.seal(bare(4));
        assert_eq!(open_kkdcp(&unit), Err(Malformed::NoTargetDomain));
    }

    #[test]
    fn a_whole_unit_is_not_copied() {
        let framed = Envelope::Framed.seal(bare(100));
        let mut stream = Stream::new(Carries::Any);
        stream.push(framed.clone());
        let opened = stream.unit().unwrap().unwrap();
        assert_eq!(opened.message.as_ptr(), framed.slice(4..).as_ptr());
    }

    proptest! {
        #[test]
        fn the_cuts_of_the_transport_do_not_matter(
            lengths in proptest::collection::vec((0_usize..4, 0_usize..600), 1..6),
            cuts in proptest::collection::vec(1_usize..97, 1..40),
        ) {
            let mut octets = BytesMut::new();
            for (kind, length) in &lengths {
                octets.extend_from_slice(&match kind {
                    0 => bare(*length),
                    1 => kkdcp(*length, true),
                    2 => kkdcp(*length, false),
                    _ => Envelope::Framed.seal(bare(*length)),
                });
            }
            let mut octets = octets.freeze();
            let mut whole = Stream::new(Carries::Any);
            whole.push(octets.clone());
            let expected = units(&mut whole);
            prop_assert_eq!(expected.len(), lengths.len());

            let mut stream = Stream::new(Carries::Any);
            let mut found = Vec::new();
            for cut in cuts.iter().cycle() {
                if octets.is_empty() {
                    break;
                }
                stream.push(octets.split_to((*cut).min(octets.len())));
                found.extend(units(&mut stream));
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn never_panics_and_never_holds_more_than_a_unit(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..20),
        ) {
            let mut stream = Stream::new(Carries::Any);
            for piece in pieces {
                stream.push(piece.into());
                loop {
                    match stream.unit() {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => return Ok(()),
                    }
                }
                prop_assert!(stream.held.len() <= MAX_UNIT);
            }
        }
    }
}
