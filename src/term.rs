//! When a socket is closed at the latest, and with which words.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tgg::moment::Moment;

use crate::{ambient, answer::Goodbye};

/// The end of a socket: one that stays, and one that a user moves who logs in again.
#[derive(Clone, Debug, Default)]
pub struct Term {
    /// The end that stays.
    pub fixed: Option<(Moment, Goodbye)>,
    /// The one that moves.
    pub authorization: Option<Authorization>,
}

/// Until when the user of a socket need not log in again.
#[derive(Clone, Debug)]
pub struct Authorization(Arc<AtomicI64>);

impl Authorization {
    /// Until this time of day, in seconds since 1970, UTC.
    #[must_use]
    pub fn until(utc: i64) -> Self {
        Self(Arc::new(AtomicI64::new(micros(ambient::moment(utc)))))
    }

    /// The user has logged in again: it lasts until then, unless it does for longer already.
    pub fn extend(&self, utc: i64) {
        self.0.fetch_max(micros(ambient::moment(utc)), Ordering::Relaxed);
    }

    fn ends(&self) -> Moment {
        let micros = u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or_default();
        Moment::after_start(Duration::from_micros(micros))
    }

    /// The same as a time of day, in seconds since 1970, UTC.
    #[must_use]
    pub fn utc(&self) -> i64 {
        let left = i64::try_from(self.ends().since(ambient::now()).as_secs()).unwrap_or(i64::MAX);
        ambient::time_of_day().0.saturating_add(left)
    }
}

fn micros(moment: Moment) -> i64 {
    i64::try_from(moment.since_start().as_micros()).unwrap_or(i64::MAX)
}

impl Term {
    /// An end that stays.
    #[must_use]
    pub const fn fixed(at: Moment, goodbye: Goodbye) -> Self {
        Self { fixed: Some((at, goodbye)), authorization: None }
    }

    /// The same, and another end that stays: the first of both counts.
    #[must_use]
    pub fn or(mut self, at: Moment, goodbye: Goodbye) -> Self {
        if self.fixed.is_none_or(|(fixed, _)| at < fixed) {
            self.fixed = Some((at, goodbye));
        }
        self
    }

    /// When it ends as it stands now; a user may move that to later.
    #[must_use]
    pub fn next(&self) -> Option<Moment> {
        self.ends().map(|(at, _)| at).min()
    }

    /// What the peer is told, if it is over.
    #[must_use]
    pub fn over(&self, now: Moment) -> Option<Goodbye> {
        self.ends().filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at).map(|(_, goodbye)| goodbye)
    }

    fn ends(&self) -> impl Iterator<Item = (Moment, Goodbye)> {
        let authorization = self.authorization.as_ref();
        let authorization = authorization.map(|until| (until.ends(), Goodbye::AuthorizationOver));
        self.fixed.into_iter().chain(authorization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_ends_the_first_counts_and_one_of_them_moves() {
        let today = ambient::time_of_day().0;
        let in_seconds = |seconds| ambient::now() + Duration::from_secs(seconds);
        let authorization = Authorization::until(today + 100);
        let term = Term::fixed(in_seconds(200), Goodbye::SessionOver);
        let term = Term { authorization: Some(authorization.clone()), ..term };
        assert!(term.next().unwrap() <= in_seconds(100));
        assert_eq!(term.over(in_seconds(50)), None);
        assert_eq!(term.over(in_seconds(150)), Some(Goodbye::AuthorizationOver));
        authorization.extend(today + 300);
        assert_eq!(term.over(in_seconds(150)), None, "the user has logged in again");
        assert_eq!(term.over(in_seconds(250)), Some(Goodbye::SessionOver), "the session ends all the same");
        authorization.extend(today + 10);
        assert_eq!(term.over(in_seconds(150)), None, "it is not made shorter");
        assert!((today + 298..=today + 301).contains(&authorization.utc()));
    }

    #[test]
    fn a_socket_without_an_end_has_none() {
        assert_eq!(Term::default().next(), None);
        assert_eq!(Term::default().over(ambient::now() + Duration::from_secs(1_000_000)), None);
    }
}
