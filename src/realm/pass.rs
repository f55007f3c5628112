//! The pass: proof that a request may be served, for whom and until when.

use std::sync::Arc;

use http::HeaderValue;

use super::{Lease, chain::Departure, subject::Subject};
use crate::{ambient, answer::Goodbye, term::Term};

/// Proof that a request may be served. Only a gate makes one; a service is shown it.
#[derive(Debug)]
#[must_use = "a pass that nobody asks for protects nothing"]
pub struct Pass {
    /// Who is admitted; nobody in particular where all may.
    pub subject: Option<Subject>,
    /// The realm that says so.
    pub realm: Option<Arc<str>>,
    /// The gateway's own proof to the peer (`WWW-Authenticate`), which goes on any response to this request.
    pub reply: Option<HeaderValue>,
    /// A cookie that spares the next proof.
    pub set_cookie: Option<HeaderValue>,
    /// When the pass ends. A socket ends then at the latest.
    pub ends: Option<Ends>,
    /// Tells the login modules that the user has gone. A socket keeps it as long as it lives.
    pub departure: Option<Departure>,
    _seal: Seal,
}

/// Keeps others from making a pass.
#[derive(Debug)]
struct Seal;

/// When a pass ends, and with which words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ends {
    /// In seconds since 1970, UTC.
    pub at: i64,
    /// How a socket is closed then.
    pub goodbye: Goodbye,
}

impl Pass {
    /// One for whoever comes.
    pub(super) const fn open() -> Self {
        Self {
            subject: None,
            realm: None,
            reply: None,
            set_cookie: None,
            ends: None,
            departure: None,
            _seal: Seal,
        }
    }

    /// One for this subject.
    pub(super) fn of(
        subject: Subject,
        realm: &Arc<str>,
        reply: Option<HeaderValue>,
        set_cookie: Option<HeaderValue>,
        ends: Option<Ends>,
        departure: Option<Departure>,
    ) -> Self {
        let (subject, realm) = (Some(subject), Some(Arc::clone(realm)));
        Self { subject, realm, reply, set_cookie, ends, departure, _seal: Seal }
    }
}

impl Ends {
    /// The same by the clock that never goes back.
    #[must_use]
    pub fn term(self) -> Term {
        Term { at: ambient::moment(self.at), goodbye: self.goodbye }
    }

    /// The first end of those that a login has: its times, and that of what was presented.
    pub(super) fn of(lease: &Lease, proof: Option<i64>, now: i64) -> Option<Self> {
        let after =
            |time: std::time::Duration| now.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        let ends = [
            (proof, Goodbye::Expired),
            (lease.session.map(after), Goodbye::SessionOver),
            (lease.authorization.map(after), Goodbye::AuthorizationOver),
        ];
        let ends = ends.into_iter().filter_map(|(at, goodbye)| Some(Self { at: at?, goodbye }));
        // Of equals the first.
        ends.min_by_key(|ends| ends.at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_pass_ends_with_whatever_ends_first() {
        let lease = Lease {
            authorization: Some(Duration::from_secs(30)),
            session: Some(Duration::from_secs(40)),
            outlives_proof: false,
        };
        let ends = |proof| Ends::of(&lease, proof, 1000).unwrap();
        assert_eq!(ends(None), Ends { at: 1030, goodbye: Goodbye::AuthorizationOver });
        assert_eq!(ends(Some(1020)), Ends { at: 1020, goodbye: Goodbye::Expired });
        let session = Lease { authorization: None, ..lease };
        assert_eq!(
            Ends::of(&session, Some(2000), 1000),
            Some(Ends { at: 1040, goodbye: Goodbye::SessionOver })
        );
        assert_eq!(Ends::of(&Lease::default(), None, 1000), None);
    }
}
