//! What is said with a client beside the octets of a stream: messages are opened and made, pings answered.

use std::ops::Range;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::pipe::ROOM;
use crate::{
    answer::Goodbye,
    ws::frame::{self, Aside, Opener},
};

/// What a client of a stream of octets has to be told beside the octets.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) opener: Opener,
    /// An answer to a ping, until it can be written.
    pub(super) pong: Option<Vec<u8>>,
}

impl Talk {
    /// Takes what a client says beside its payload; whether it closes.
    pub(super) fn hear(&mut self, aside: Option<Aside>) -> bool {
        match aside {
            Some(Aside::Close) => return true,
            Some(Aside::Ping(payload)) => self.pong = Some(frame::pong(&payload)),
            None => {}
        }
        false
    }
}

/// Makes what a back end sent a message; the end of its octets is a close frame. Where in `octets` that stands.
pub(super) fn sealed(octets: &mut [u8]) -> Range<usize> {
    let read = octets.len() - ROOM;
    let Some(room) = octets.first_chunk_mut() else { return 0..0 };
    if read > 0 {
        return frame::seal(room, read)..octets.len();
    }
    let CloseFrame { code, reason } = Goodbye::Done.frame();
    let close = frame::close(code.into(), &reason);
    for (place, octet) in room.iter_mut().zip(&close) {
        *place = *octet;
    }
    0..close.len().min(ROOM)
}
