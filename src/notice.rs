//! The word that a socket is to end, given from outside: the gateway goes down, an operator closes it, or its user logs out.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::answer::Goodbye;

/// What a socket listens to beside its peers. Clones are of one notice.
#[derive(Clone, Debug)]
pub struct Notice {
    token: CancellationToken,
    /// Who closes it: one of the two below, or the gateway.
    closer: Arc<AtomicU8>,
}

const OPERATOR: u8 = 1;
const USER: u8 = 2;

impl Notice {
    /// A notice of its own that is given when `draining` is, too.
    #[must_use]
    pub fn below(draining: &CancellationToken) -> Self {
        Self { token: draining.child_token(), closer: Arc::default() }
    }

    /// Has the socket closed by order of an operator.
    pub fn close(&self) {
        self.closer.store(OPERATOR, Ordering::Release);
        self.token.cancel();
    }

    /// Has the socket closed because its user has logged out.
    pub fn log_out(&self) {
        self.closer.store(USER, Ordering::Release);
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
        match self.closer.load(Ordering::Acquire) {
            OPERATOR => Goodbye::Closed,
            USER => Goodbye::LoggedOut,
            _ => Goodbye::GoingAway,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_goes_down_an_operator_and_a_user_say_different_things() {
        let draining = CancellationToken::new();
        let [one, other, left] = [(); 3].map(|()| Notice::below(&draining));
        left.log_out();
        assert_eq!(left.goodbye(), Goodbye::LoggedOut);
        one.close();
        assert!(one.token.is_cancelled() && !other.token.is_cancelled());
        assert_eq!(one.goodbye(), Goodbye::Closed);
        draining.cancel();
        assert!(other.token.is_cancelled());
        assert_eq!(other.goodbye(), Goodbye::GoingAway);
    }
}
