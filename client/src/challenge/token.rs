//! `Token`, `Bearer` and other schemes whose answer the caller makes.

use std::{fmt, future::ready};

use super::{Answering, Challenge, ChallengeHandler, ChallengeRequest, Credentials};

/// Answers one scheme with what a function makes of the challenge.
pub struct Token<F> {
    scheme: String,
    make: F,
    attempts: u32,
}

impl<F> fmt::Debug for Token<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl<F> Token<F>
where
    F: FnMut(&Challenge, u32) -> Option<Credentials> + Send,
{
    /// `make` is given a challenge of this scheme and how many were answered before on the same connection, and returns the
    /// whole value of `Authorization`, or `None` to give up. A login in several steps sees each.
    pub fn new(scheme: impl Into<String>, make: F) -> Self {
        Self { scheme: scheme.into(), make, attempts: 0 }
    }
}

impl<F> ChallengeHandler for Token<F>
where
    F: FnMut(&Challenge, u32) -> Option<Credentials> + Send,
{
    fn can_handle(&self, request: &ChallengeRequest<'_>) -> bool {
        request.challenge.is(&self.scheme)
    }

    fn handle<'a>(&'a mut self, request: ChallengeRequest<'a>) -> Answering<'a> {
        let attempt = self.attempts;
        self.attempts = self.attempts.saturating_add(1);
        Box::pin(ready(Ok((self.make)(request.challenge, attempt))))
    }

    fn begin(&mut self) {
        self.attempts = 0;
    }
}
