//! Why a handshake inside a WebSocket ends without a service.

use crate::challenge::ChallengeError;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A challenge cannot be read.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// The response is too long.
    #[error("the server's response inside the WebSocket has more than {} octets", super::MAX_RESPONSE)]
    Long,
    /// The balancer has nobody to serve.
    #[error("the server's balancer has no member to serve; try again later")]
    NoMember,
    /// The service says no.
    #[error("the service refuses: {status} {reason}")]
    Refused {
        /// The status.
        status: u16,
        /// Its words.
        reason: String,
    },
    /// The server agreed to a sub-protocol or an extension that it was not asked for.
    #[error("the server agreed to what it was not asked for")]
    Unasked,
    /// What the server said is no part of the handshake.
    #[error("what the server says inside the WebSocket cannot be read; does it play x-kaazing-handshake?")]
    Unreadable,
    /// The request cannot be written.
    #[error("a path and sub-protocols must not have blanks or control characters in them")]
    Unwritable,
}
