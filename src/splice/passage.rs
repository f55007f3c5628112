//! What happens to octets on their way between two sides, by what each of them speaks.

use std::ops::Range;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::{
    Side,
    pipe::{Passed, ROOM, Then},
    talk::{Spoken, Talk},
};
use crate::{
    ambient,
    answer::Goodbye,
    ws::frame::{self, Boundaries, MAX_SERVER_HEADER},
};

/// What the two sides of a pair speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speaks {
    /// The client WebSocket and the back end a stream of octets: the client's messages are opened, and the back
    /// end's octets are made messages.
    Octets,
    /// Both a stream of octets.
    Plain,
    /// Both WebSocket: frames pass unchanged.
    WebSocket,
    /// The client a stream of octets and the back end WebSocket, whose client is the gateway: the client's octets
    /// are made messages, and the back end's messages are opened.
    Wrapped,
}

impl Speaks {
    /// Whether a side answers pings.
    pub(super) const fn answers(self, side: Side) -> bool {
        match (self, side) {
            (Self::WebSocket, _) | (Self::Octets, Side::Client) | (Self::Wrapped, Side::Backend) => true,
            (Self::Plain, _) | (Self::Octets, Side::Backend) | (Self::Wrapped, Side::Client) => false,
        }
    }
}

/// The state of what is spoken.
#[derive(Debug)]
pub(super) enum Passage {
    /// It is known where frames end.
    Frames { up: Boundaries, down: Boundaries },
    /// The client's messages are opened.
    Opened(Box<Talk>),
    /// Octets pass as they are.
    Plain,
    /// The back end's messages are opened.
    Wrapped(Box<Talk>),
}

impl Passage {
    /// `most` is how many octets a message of a client may have.
    pub(super) fn new(speaks: Speaks, most: u64) -> Self {
        match speaks {
            Speaks::Octets => Self::Opened(Box::new(Talk::with_client(most))),
            Speaks::Plain => Self::Plain,
            Speaks::WebSocket => Self::Frames { up: Boundaries::at_most(most), down: Boundaries::default() },
            Speaks::Wrapped => Self::Wrapped(Box::new(Talk::with_server())),
        }
    }

    /// What becomes of octets of the client; of none, at their end. They begin at [`ROOM`].
    pub(super) fn pass_up(&mut self, octets: &mut [u8]) -> Result<Passed, Goodbye> {
        match self {
            Self::Frames { up, .. } => {
                let passed = follow(up, octets);
                if up.too_long() { Err(Goodbye::TooLong) } else { Ok(passed) }
            }
            Self::Opened(talk) => talk.open(octets),
            Self::Plain => Ok(unchanged(octets)),
            Self::Wrapped(talk) => Ok(wrapped(octets, talk)),
        }
    }

    /// What becomes of octets of the back end; of none, at their end. They begin at [`ROOM`].
    pub(super) fn pass_down(&mut self, octets: &mut [u8]) -> Result<Passed, Goodbye> {
        match self {
            Self::Frames { down, .. } => Ok(follow(down, octets)),
            Self::Opened(_) => Ok(Passed { onward: sealed(octets), then: Then::GoOn }),
            Self::Plain => Ok(unchanged(octets)),
            Self::Wrapped(talk) => talk.open(octets),
        }
    }

    /// What this side has to be told beside the octets of the other one. It can be told when nothing else waits
    /// for it.
    pub(super) fn owed(&mut self, side: Side) -> Option<Spoken> {
        match (self, side) {
            (Self::Opened(talk), Side::Client) | (Self::Wrapped(talk), Side::Backend) => talk.owed.take(),
            _ => None,
        }
    }

    /// Whether this side has sent its close frame. The connection should follow, but a peer may forget it.
    pub(super) const fn has_closed(&self, side: Side) -> bool {
        match (self, side) {
            (Self::Frames { up, .. }, Side::Client) => up.closed(),
            (Self::Frames { down, .. }, Side::Backend) => down.closed(),
            _ => false,
        }
    }

    /// The ping that asks a side whether it still exists, if one can stand behind what it was sent. It may stand between
    /// two frames of one message (RFC 6455 section 5.4). Where frames pass unchanged the answer passes, too: whoever is
    /// sent an answer that it did not ask for lets it be (section 5.5.3).
    pub(super) fn ping(&self, side: Side) -> Option<Vec<u8>> {
        match (self, side) {
            (Self::Frames { down, .. }, Side::Client) if down.at_one() && !down.closed() => {
                Some(frame::ping())
            }
            (Self::Frames { up, .. }, Side::Backend) if up.at_one() && !up.closed() => {
                Some(frame::masked_ping(ambient::random()))
            }
            (Self::Opened(_), Side::Client) => Some(frame::ping()),
            (Self::Wrapped(talk), Side::Backend) if !talk.has_closed => {
                Some(frame::masked_ping(ambient::random()))
            }
            _ => None,
        }
    }

    /// The close frame that says goodbye to the client, if it can be told.
    pub(super) fn close_to_client(&self, goodbye: Goodbye) -> Option<Vec<u8>> {
        match self {
            Self::Frames { down, .. } if down.closed() => None,
            Self::Frames { .. } | Self::Opened(_) => {
                let CloseFrame { code, reason } = goodbye.frame();
                Some(frame::close(code.into(), &reason))
            }
            Self::Plain | Self::Wrapped(_) => None,
        }
    }

    /// The close frame that says goodbye to the back end, if it can be told: between two frames.
    pub(super) fn close_to_backend(&self, goodbye: Goodbye) -> Option<Vec<u8>> {
        let told = match self {
            Self::Frames { up, .. } if up.at_one() && !up.closed() => Goodbye::GoingAway,
            // What waits for it are whole frames. It is told what it did wrong itself.
            Self::Wrapped(talk) if !talk.has_closed => match goodbye {
                Goodbye::Protocol => goodbye,
                _ => Goodbye::GoingAway,
            },
            _ => return None,
        };
        let CloseFrame { code, reason } = told.frame();
        Some(frame::masked_close(code.into(), &reason, ambient::random()))
    }
}

fn unchanged(octets: &[u8]) -> Passed {
    Passed { onward: ROOM..octets.len(), then: Then::GoOn }
}

fn follow(boundaries: &mut Boundaries, octets: &[u8]) -> Passed {
    boundaries.pass(octets.get(ROOM..).unwrap_or_default());
    unchanged(octets)
}

/// Makes what a back end sent a message; the end of its octets is a close frame. Where in `octets` that stands.
fn sealed(octets: &mut [u8]) -> Range<usize> {
    let read = octets.len() - ROOM;
    let Some(room) = octets.first_chunk_mut::<ROOM>() else { return 0..0 };
    if read > 0 {
        let Some(room) = room.last_chunk_mut() else { return 0..0 };
        return ROOM - MAX_SERVER_HEADER + frame::seal(room, read)..octets.len();
    }
    let CloseFrame { code, reason } = Goodbye::Done.frame();
    0..put(&frame::close(code.into(), &reason), room)
}

/// Makes what a client sent a message; the end of its octets is a close frame, behind which the back end still has the
/// word.
fn wrapped(octets: &mut [u8], talk: &mut Talk) -> Passed {
    let nothing = Passed { onward: 0..0, then: Then::End };
    let whole = octets.len();
    let Some((room, payload)) = octets.split_first_chunk_mut::<ROOM>() else { return nothing };
    if payload.is_empty() {
        return Passed { onward: 0..put(&talk.close(), room), then: Then::Hush };
    }
    Passed { onward: frame::seal_masked(room, payload, ambient::random())..whole, then: Then::GoOn }
}

/// Puts a short frame where a header would stand; how long it is.
fn put(frame: &[u8], room: &mut [u8; ROOM]) -> usize {
    for (place, octet) in room.iter_mut().zip(frame) {
        *place = *octet;
    }
    frame.len().min(ROOM)
}
