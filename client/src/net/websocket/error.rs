//! Why there is no WebSocket, or no more.

use http::StatusCode;
use tokio_tungstenite::tungstenite;

use crate::{
    challenge::ChallengeError,
    handshake::HandshakeError,
    net::{dial::DialError, upgrade::UpgradeError},
};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The socket broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] tungstenite::Error),
    /// A challenge cannot be answered.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// The server is never content.
    #[error("the server asks who is there again and again; it was answered {} times", super::MAX_CHALLENGES)]
    Challenges,
    /// The server closed the socket before it let in.
    #[error("the server closed the WebSocket with code {code} before it let in; its log says why")]
    ClosedInside {
        /// The code.
        code: u16,
    },
    /// What is answered cannot stand in a request.
    #[error("the credentials have control characters in them; write them without")]
    Credentials,
    /// There is no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The handshake inside failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// Nothing was heard for as long as the server had said it would.
    #[error("the server was silent for longer than it said it would be; the network may be gone")]
    Idle,
    /// The server sends the client where it must not go, or where nothing is.
    #[error("the server sends the client to where it must not go; connect there yourself if you trust it")]
    Location,
    /// The server did not choose the handshake inside.
    #[error("the server does not play x-kaazing-handshake; leave it to the server")]
    NotInside,
    /// The server sends the client in circles.
    #[error("the server redirects more than {} times", super::MAX_REDIRECTS)]
    Redirects,
    /// The server says no.
    #[error("the server refuses: {status}{}", remedy(*.status))]
    Refused {
        /// The status.
        status: StatusCode,
        /// Its words.
        reason: String,
    },
    /// No URL of a WebSocket.
    #[error("the URL of a WebSocket begins with ws:// or wss://")]
    Scheme,
    /// The server does not answer.
    #[error("the server does not answer in time")]
    Silent,
    /// Nobody has an answer to what the server asks, or there is none that it has not refused.
    #[error("the server wants a login by {}, and none is left to try; give other credentials", schemes.join(" or "))]
    Unanswered {
        /// The schemes that it takes.
        schemes: Vec<String>,
    },
    /// The upgrade failed.
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
}

impl WebSocketError {
    /// Whether the server, or the service, said no: to ask again with the same credentials is of no use.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::ClosedInside { .. }
                | Self::Handshake(HandshakeError::Refused { .. })
                | Self::Refused { .. }
                | Self::Unanswered { .. }
        )
    }
}

fn remedy(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => {
            "; this user may lack a role, or the page that --origin names is not invited"
        }
        StatusCode::NOT_FOUND => "; see that host and path are right",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "; try again later",
        _ => "",
    }
}
