//! How a back end fared that nobody probes: what its last visits showed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use tgg::moment::Moment;

use super::{Health, Kind, Watch};
use crate::ambient;

/// Failures in a row after which it counts as down, as for KDCs.
const DOWN_AFTER: u32 = 3;

/// How long a failure counts.
///
/// Whoever asks `/ready` before sending visitors sends none to a back end that is down. Without visits nothing would
/// ever be learnt of it again.
const LATELY: Duration = Duration::from_secs(30);

/// What the last visits to a back end showed.
#[derive(Debug)]
pub struct BackendHealth {
    service: Arc<str>,
    name: Arc<str>,
    failures: AtomicU32,
    /// When it failed last, in milliseconds since the start.
    failed_at: AtomicI64,
    /// When it was last seen to go down or to come back, in seconds since 1970; zero: never.
    since: AtomicI64,
}

impl BackendHealth {
    /// A back end that nothing is known of, which counts as up.
    #[must_use]
    pub fn new(service: &str, name: &str) -> Self {
        Self {
            service: service.into(),
            name: name.into(),
            failures: AtomicU32::new(0),
            failed_at: AtomicI64::new(0),
            since: AtomicI64::new(0),
        }
    }

    /// A connection to it was opened, or it answered.
    pub fn answered(&self) {
        // Most find nothing to write, and do not take the line from other threads.
        if self.failures.load(Ordering::Relaxed) > 0 && self.failures.swap(0, Ordering::Relaxed) >= DOWN_AFTER
        {
            self.since.store(ambient::time_of_day().0, Ordering::Relaxed);
        }
    }

    /// No connection to it could be opened, or it did not answer.
    pub fn failed(&self) {
        self.failed_at.store(millis(ambient::now()), Ordering::Relaxed);
        let before =
            self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
        if before == Ok(DOWN_AFTER - 1) {
            self.since.store(ambient::time_of_day().0, Ordering::Relaxed);
        }
    }

    fn at(&self, now: Moment) -> Health {
        let failed = self.failures.load(Ordering::Relaxed) >= DOWN_AFTER;
        let ago = millis(now).saturating_sub(self.failed_at.load(Ordering::Relaxed));
        let is_up = !failed || ago >= millis(Moment::after_start(LATELY));
        let since = self.since.load(Ordering::Relaxed);
        Health {
            kind: Kind::Backend,
            of: Arc::clone(&self.service),
            name: Arc::clone(&self.name),
            is_up,
            // Of one that is not known to be back it is not known since when.
            since: (since != 0 && is_up != failed).then_some(since),
        }
    }
}

impl Watch for BackendHealth {
    fn health(&self) -> Vec<Health> {
        vec![self.at(ambient::now())]
    }
}

fn millis(moment: Moment) -> i64 {
    i64::try_from(moment.since_start().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(times: u32) -> BackendHealth {
        let backend = BackendHealth::new("shop", "tcp://10.0.0.1:80");
        (0..times).for_each(|_| backend.failed());
        backend
    }

    #[test]
    fn a_back_end_is_down_after_three_failures_in_a_row() {
        assert!(failed(2).at(ambient::now()).is_up);
        let down = failed(3).at(ambient::now());
        assert!(!down.is_up && down.since.is_some());
    }

    #[test]
    fn one_answer_brings_it_back() {
        let backend = failed(7);
        backend.answered();
        assert!(backend.at(ambient::now()).is_up);
        backend.failed();
        assert!(backend.at(ambient::now()).is_up);
    }

    #[test]
    fn visitors_are_let_try_again_after_half_a_minute() {
        let backend = failed(3);
        let later = ambient::now() + LATELY;
        let seen = backend.at(later);
        assert!(seen.is_up && seen.since.is_none());
    }
}
