//! Why a challenge is not answered, or an answer not believed.

use crate::negotiate::NegotiateError;

/// What can go wrong between a challenge and its answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The server's challenges are longer than any that make sense.
    #[error("the server's challenges have more than {} octets", super::MAX_FIELD)]
    Long,
    /// The server challenges in too many ways.
    #[error("the server sent more than {} challenges", super::MAX_CHALLENGES)]
    Many,
    /// The ticket was not accepted, or the service is not the one that it is for.
    #[error("{0}")]
    Negotiate(#[from] NegotiateError),
    /// There is no ticket for the service.
    #[error("no ticket for {service}: {source}")]
    Ticket {
        /// Its name.
        service: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What the server wrote as a challenge is none.
    #[error("the server's challenge cannot be read")]
    Unreadable,
    /// The name cannot stand in such an answer (RFC 7617 section 2).
    #[error("a user name must not have a colon in it, or control characters; write it without")]
    UserName,
}
