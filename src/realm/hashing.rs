//! Threads for what passwords cost: as many as there are processors, and each computes one thing at a time.
//!
//! More at once would not be faster, and each takes its memory. They are threads of their own because an allocator
//! keeps for each thread what that had once: a pool that grows would keep it many times.

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use tokio::sync::oneshot;
use tracing::error;

type Job = Box<dyn FnOnce() + Send>;

/// The threads. They begin with the first job, and end with the last that knows of them.
#[derive(Clone, Debug)]
pub struct Hashing {
    threads: usize,
    jobs: Arc<OnceLock<Sender<Job>>>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self::with(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

impl Hashing {
    /// So many threads.
    #[must_use]
    pub fn with(threads: NonZeroUsize) -> Self {
        Self { threads: threads.get(), jobs: Arc::default() }
    }

    /// What `job` comes to, once a thread was free for it. Where nobody waits any more it is not begun; what has begun
    /// goes on to its end. `None` if it broke.
    pub async fn compute<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let job = Box::new(move || {
            if !tell.is_closed() {
                let _ = tell.send(job());
            }
        });
        self.jobs.get_or_init(|| begin(self.threads)).send(job).ok()?;
        told.await.ok()
    }
}

fn begin(threads: usize) -> Sender<Job> {
    let (jobs, queue) = channel();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..threads {
        let queue = Arc::clone(&queue);
        if let Err(fault) = thread::Builder::new().name("hashing".to_owned()).spawn(move || work(&queue)) {
            error!(
                "A thread for hashes of passwords cannot be started: {fault}; look at the limit of processes"
            );
        }
    }
    jobs
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Whoever waits for it is told by its end of the channel.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_is_computed_at_once_than_there_are_threads() {
        let hashing = Hashing::with(NonZeroUsize::MIN);
        let (go_on, wait) = channel::<()>();
        let first = hashing.compute(move || wait.recv().is_ok());
        let second = hashing.compute(|| 2);
        tokio::pin!(first, second);
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        go_on.send(()).unwrap();
        assert_eq!((first.await, second.await), (Some(true), Some(2)));
        assert_eq!(
            hashing.clone().compute(|| thread::current().name().map(str::to_owned)).await,
            Some(Some("hashing".to_owned()))
        );
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_begun() {
        let hashing = Hashing::with(NonZeroUsize::MIN);
        let (go_on, wait) = channel::<()>();
        let (begun, is_begun) = channel::<()>();
        let first = hashing.compute(move || wait.recv().is_ok());
        tokio::pin!(first);
        assert!(futures_util::poll!(&mut first).is_pending());
        {
            let given_up = hashing.compute(move || begun.send(()));
            tokio::pin!(given_up);
            assert!(futures_util::poll!(&mut given_up).is_pending());
        }
        go_on.send(()).unwrap();
        assert_eq!((first.await, hashing.compute(|| 3).await), (Some(true), Some(3)));
        assert!(is_begun.recv().is_err());
    }

    #[tokio::test]
    async fn a_job_that_breaks_takes_no_thread_with_it() {
        let hashing = Hashing::with(NonZeroUsize::MIN);
        assert_eq!(hashing.compute(|| panic!("it breaks")).await, None::<()>);
        assert_eq!(hashing.compute(|| 4).await, Some(4));
    }
}
