//! Whether a back end can be connected to, as far as the last tries tell, and when it is tried again.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tgg::moment::Moment;
use tokio::{sync::Notify, time::sleep};
use tracing::{info, warn};

use super::failure::BackendFailure;
use crate::ambient;

/// How long a back end that could not be connected to is asked after its neighbours. nginx waits as long.
const REST: Duration = Duration::from_secs(10);

/// What is known of one back end.
#[derive(Debug)]
pub struct Recovery {
    /// For the log.
    name: Arc<str>,
    /// The longest time between two probes. Without it there are none, and the back end is never down.
    interval: Option<Duration>,
    is_down: AtomicBool,
    went_down: Notify,
    /// Spares those who ask for a healthy one the lock.
    is_suspect: AtomicBool,
    failed: Mutex<Option<Moment>>,
}

impl Recovery {
    /// A back end that nothing is known of. If there is an `interval`, it is down from its first failure until it can be
    /// connected to by [`Self::watch`].
    #[must_use]
    pub fn new(name: Arc<str>, interval: Option<Duration>) -> Self {
        Self {
            name,
            interval,
            is_down: AtomicBool::new(false),
            went_down: Notify::new(),
            is_suspect: AtomicBool::new(false),
            failed: Mutex::default(),
        }
    }

    /// Whether requests may be sent to it at all.
    #[must_use]
    pub fn is_up(&self) -> bool {
        !self.is_down.load(Ordering::Relaxed)
    }

    /// Whether it could be connected to, or it is so long ago that it could not that it is worth a try.
    #[must_use]
    pub fn is_trusted(&self, now: Moment) -> bool {
        !self.is_suspect.load(Ordering::Relaxed)
            || self.is_up() && self.failed().is_none_or(|failed| now.since(failed) >= REST)
    }

    /// Takes note of a connection that could be opened, or why it could not.
    pub fn note(&self, failed: Option<&BackendFailure>) {
        let is_open = failed.is_none();
        if is_open && !self.is_suspect.load(Ordering::Relaxed) {
            return;
        }
        *self.failed() = (!is_open).then(ambient::now);
        self.is_suspect.store(!is_open, Ordering::Relaxed);
        if self.interval.is_none() || self.is_down.swap(!is_open, Ordering::Relaxed) != is_open {
            return;
        }
        match failed {
            None => info!(backend = %self.name, "Back end is back"),
            Some(why) => {
                warn!(backend = %self.name, "Back end is down, and served again once it can be connected to: {why}");
                self.went_down.notify_one();
            }
        }
    }

    /// Probes it at once and, whenever it is down, after 0, 1, 2, 4 … seconds until it is not. Goes on for ever; returns
    /// if it is never to be probed.
    pub async fn watch<F>(&self, probe: impl Fn() -> F)
    where
        F: Future<Output = Result<(), BackendFailure>>,
    {
        let Some(interval) = self.interval else { return };
        loop {
            let mut failures = 0;
            while let Err(why) = probe().await {
                self.note(Some(&why));
                failures += 1;
                sleep(pause(failures, interval)).await;
            }
            self.note(None);
            // The news of a failure that a probe met itself is old by now.
            while self.is_up() {
                self.went_down.notified().await;
            }
        }
    }

    /// Stays usable if another thread panicked: each change under the lock is complete in itself.
    fn failed(&self) -> MutexGuard<'_, Option<Moment>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait after so many failures in a row: 1, 2, 4 … seconds, at most `longest`.
#[must_use]
pub(super) fn pause(failures: u32, longest: Duration) -> Duration {
    Duration::from_secs(1 << failures.clamp(1, 16).saturating_sub(1)).min(longest)
}

#[cfg(test)]
mod tests {
    use tokio::{sync::mpsc::unbounded_channel, task::yield_now};

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses = [1, 2, 3, 4, 5, 99].map(|failures| pause(failures, Duration::from_secs(10)).as_secs());
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn a_back_end_without_probes_rests_but_is_never_down() {
        let back_end = Recovery::new("".into(), None);
        back_end.note(Some(&BackendFailure::Silent));
        assert!(back_end.is_up());
        let now = ambient::now();
        assert!(!back_end.is_trusted(now));
        assert!(back_end.is_trusted(now + REST));
        back_end.note(None);
        assert!(back_end.is_trusted(now));
    }

    async fn until(condition: impl Fn() -> bool) {
        while !condition() {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_back_end_is_down_from_a_failure_until_a_probe_succeeds() {
        let back_end = Recovery::new("".into(), Some(Duration::from_millis(1)));
        let (asking, mut asked) = unbounded_channel();
        let (answering, answered) = unbounded_channel();
        let answered = tokio::sync::Mutex::new(answered);
        let watch = back_end.watch(|| async {
            asking.send(()).unwrap();
            answered.lock().await.recv().await.unwrap()
        });
        let told = async {
            for _ in 0..2 {
                asked.recv().await.unwrap();
                answering.send(Err(BackendFailure::Silent)).unwrap();
            }
            asked.recv().await.unwrap();
            assert!(!back_end.is_up(), "two probes failed");
            answering.send(Ok(())).unwrap();
            until(|| back_end.is_up()).await;
            assert!(asked.try_recv().is_err(), "one that is up is left alone");
            back_end.note(Some(&BackendFailure::Silent));
            asked.recv().await.unwrap();
            assert!(!back_end.is_up(), "a request could not be sent");
            answering.send(Ok(())).unwrap();
            until(|| back_end.is_up()).await;
        };
        tokio::select! {
            () = watch => panic!("it is watched for ever"),
            () = told => {}
        }
    }
}
