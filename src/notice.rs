//! The word that a socket is to end, given from outside: the gateway goes down, or an operator closes it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::answer::Goodbye;

/// What a socket listens to beside its peers. Clones are of one notice.
#[derive(Clone, Debug)]
pub struct Notice {
    token: CancellationToken,
    closed: Arc<AtomicBool>,
}

impl Notice {
    /// A notice of its own that is given when `draining` is, too.
    #[must_use]
    pub fn below(draining: &CancellationToken) -> Self {
        Self { token: draining.child_token(), closed: Arc::default() }
    }

    /// Has the socket closed by order of an operator.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.token.cancel();
    }

    /// Waits until it is given; [`Self::goodbye`] then says what to tell the peer.
    pub fn given(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// Whether it is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.token.is_cancelled()
    }

    /// What the peer is told.
    #[must_use]
    pub fn goodbye(&self) -> Goodbye {
        if self.closed.load(Ordering::Acquire) { Goodbye::Closed } else { Goodbye::GoingAway }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_goes_down_and_an_operator_say_different_things() {
        let draining = CancellationToken::new();
        let (one, other) = (Notice::below(&draining), Notice::below(&draining));
        one.close();
        assert!(one.token.is_cancelled() && !other.token.is_cancelled());
        assert_eq!(one.goodbye(), Goodbye::Closed);
        draining.cancel();
        assert!(other.token.is_cancelled());
        assert_eq!(other.goodbye(), Goodbye::GoingAway);
    }
}
