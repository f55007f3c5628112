//! The pass: proof that a request may be served, for whom and until when.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;

use super::{Lease, chain::Departure, subject::Subject};
use crate::{
    ambient,
    answer::Goodbye,
    term::{Authorization, Term},
};

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
    /// When the pass ends as it stands, in seconds since 1970, UTC.
    pub ends: Option<i64>,
    /// The same, were its user to log in again each time that is due.
    pub last: Option<i64>,
    /// What ends a socket that is opened with it.
    pub term: Term,
    /// Tells the login modules that the user has gone. A socket keeps it as long as it lives.
    pub departure: Option<Departure>,
    _seal: Seal,
}

/// Keeps others from making a pass.
#[derive(Debug)]
struct Seal;

/// When a pass ends.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    first: Option<i64>,
    last: Option<i64>,
    term: Term,
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
            last: None,
            term: Term { fixed: None, authorization: None },
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
        ends: Ends,
        departure: Option<Departure>,
    ) -> Self {
        let (subject, realm) = (Some(subject), Some(Arc::clone(realm)));
        let Ends { first: ends, last, term } = ends;
        Self { subject, realm, reply, set_cookie, ends, last, term, departure, _seal: Seal }
    }
}

impl Ends {
    /// The ends of a login at this time: of what was presented, and those of its times.
    pub(super) fn of(lease: &Lease, proof: Option<i64>, now: i64) -> Self {
        let after = |time: Duration| now.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        let (session, authorization) = (lease.session.map(after), lease.authorization.map(after));
        let fixed = [(proof, Goodbye::Expired), (session, Goodbye::SessionOver)];
        // Of equals the first.
        let fixed =
            fixed.into_iter().filter_map(|(at, goodbye)| Some((at?, goodbye))).min_by_key(|(at, _)| *at);
        let last = fixed.map(|(at, _)| at);
        let first = last.into_iter().chain(authorization).min();
        let term = Term {
            fixed: fixed.map(|(at, goodbye)| (ambient::moment(at), goodbye)),
            authorization: authorization.map(Authorization::until),
        };
        Self { first, last, term }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_ends_with_whatever_ends_first() {
        let lease = Lease {
            authorization: Some(Duration::from_secs(30)),
            session: Some(Duration::from_secs(40)),
            outlives_proof: false,
        };
        let now = ambient::time_of_day().0;
        let said = |lease: &Lease, proof: Option<i64>| {
            let ends = Ends::of(lease, proof.map(|proof| now + proof), now);
            let far = ambient::now() + Duration::from_secs(3000);
            (ends.first.map(|first| first - now), ends.term.over(far))
        };
        assert_eq!(said(&lease, None), (Some(30), Some(Goodbye::AuthorizationOver)));
        assert_eq!(said(&lease, Some(20)), (Some(20), Some(Goodbye::Expired)));
        let session = Lease { authorization: None, ..lease };
        assert_eq!(said(&session, Some(2000)), (Some(40), Some(Goodbye::SessionOver)));
        assert_eq!(said(&Lease::default(), None), (None, None));
    }
}
