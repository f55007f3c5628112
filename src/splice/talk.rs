//! What is said with the side of a pair that speaks WebSocket where the other one speaks octets: messages are opened,
//! pings answered, a close frame heard.

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::pipe::{Passed, ROOM, Then};
use crate::{
    ambient,
    answer::Goodbye,
    ws::frame::{self, Aside, Opener},
};

/// The gateway's side of a conversation.
#[derive(Debug, Default)]
pub(super) struct Talk {
    opener: Opener,
    is_with_server: bool,
    /// Whether the gateway has said its close frame to a server, or is about to.
    pub(super) has_closed: bool,
    /// What is to be told beside the octets, until it can be written.
    pub(super) owed: Option<Spoken>,
}

/// A frame of the gateway's own.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) frame: Vec<u8>,
    /// Whether nothing may follow it.
    pub(super) is_last: bool,
}

impl Talk {
    /// A conversation with a client whose messages have so many octets at most.
    pub(super) fn with_client(most: u64) -> Self {
        Self { opener: Opener::at_most(most), ..Self::default() }
    }

    /// A conversation with a server.
    pub(super) fn with_server() -> Self {
        Self { opener: Opener::of_server(), is_with_server: true, ..Self::default() }
    }

    /// Takes the payload out of frames that begin at [`ROOM`], and hears what is said beside it.
    pub(super) fn open(&mut self, octets: &mut [u8]) -> Result<Passed, Goodbye> {
        let read = octets.get_mut(ROOM..).unwrap_or_default();
        let (payload, aside) = self.opener.open(read)?;
        let then = self.hear(aside);
        Ok(Passed { onward: ROOM + payload.start..ROOM + payload.end, then })
    }

    /// The close frame for a server.
    pub(super) fn close(&mut self) -> Vec<u8> {
        self.has_closed = true;
        let CloseFrame { code, reason } = Goodbye::Done.frame();
        frame::masked_close(code.into(), &reason, ambient::random())
    }

    fn hear(&mut self, aside: Option<Aside>) -> Then {
        match aside {
            Some(Aside::Close) => {
                // A client is told when the other side has ended, too. A server only hears that it was heard.
                if self.is_with_server && !self.has_closed {
                    self.owed = Some(Spoken { frame: self.close(), is_last: true });
                }
                Then::End
            }
            Some(Aside::Ping(payload)) => {
                let frame = if self.is_with_server {
                    frame::masked_pong(&payload, ambient::random())
                } else {
                    frame::pong(&payload)
                };
                self.owed = Some(Spoken { frame, is_last: false });
                Then::GoOn
            }
            None => Then::GoOn,
        }
    }
}
