//! What bounds a login: after which times its user must log in again, and whatever it opened ends.

use std::time::Duration;

use super::module::Brought;

/// What bounds a login.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Lease {
    /// After which a socket's user must log in again.
    pub authorization: Option<Duration>,
    /// After which a socket ends.
    pub session: Option<Duration>,
    /// Whether sockets go on when the ticket or token ends that they were opened with.
    pub outlives_proof: bool,
}

impl Lease {
    /// When a session ends that is begun now with credentials that end then: a module may ask for a shorter time.
    pub(super) fn bounding(&self, proof: Option<i64>, now: i64) -> Option<i64> {
        let session =
            self.session.map(|time| now.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)));
        proof.into_iter().chain(session).min()
    }

    /// The same, where modules ask for shorter times: the smaller one counts.
    pub(super) fn shortened(self, brought: &[Brought]) -> Self {
        let least = |own: Option<Duration>, asked: fn(&Brought) -> Option<Duration>| {
            brought.iter().filter_map(asked).chain(own).min()
        };
        Self {
            authorization: least(self.authorization, |one| one.authorization_timeout),
            session: least(self.session, |one| one.session_timeout),
            ..self
        }
    }
}
