//! One address of a KDC or password server: its health, its sockets, its share of connections.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    net::SocketAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use tgg::{
    health::{Experience, Health, Standing},
    moment::Moment,
};
use tokio::sync::{Notify, Semaphore};
use tracing::{info, warn};

use super::datagram::Sockets;
use crate::ambient;

/// Most TCP connections to one KDC in flight. MIT's KDC has a backlog of 5, keeps 45 and then drops the
/// oldest; a waiting request is better off here.
const MAX_STREAMS: usize = 32;

/// One address that is asked.
#[derive(Debug)]
pub struct Target {
    /// The server as the operator or the DNS named it, for logs.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// A permit for each TCP connection.
    pub(super) streams: Semaphore,
    /// The sockets for datagrams.
    pub(super) sockets: Sockets,
    health: Mutex<Health>,
    /// Digests of the requests that it is asked now.
    asked: Mutex<HashSet<u64>>,
    digests: RandomState,
    /// One of them is not any more.
    freed: Notify,
    /// When it last went down or came back, in seconds since 1970, UTC; zero: never.
    changed: AtomicI64,
}

/// A request that nobody else asks now, until this is dropped.
#[derive(Debug)]
#[must_use = "dropped, others may ask it"]
pub(super) struct Alone<'a> {
    target: &'a Target,
    digest: u64,
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.target.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.digest);
        self.target.freed.notify_waiters();
    }
}

impl Target {
    /// A target that nothing is known of.
    #[must_use]
    pub fn new(name: String, address: SocketAddr) -> Self {
        Self {
            name,
            address,
            streams: Semaphore::new(MAX_STREAMS),
            sockets: Sockets::new(address),
            health: Mutex::default(),
            asked: Mutex::default(),
            digests: RandomState::new(),
            freed: Notify::new(),
            changed: AtomicI64::new(0),
        }
    }

    /// Remembers how an exchange or a probe went, and tells the operator when that changes anything.
    pub(super) fn note(&self, experience: Experience, now: Moment) {
        let mut health = self.health();
        let changed = health.note(experience, now);
        let down = health.standing(now).down;
        drop(health);
        if changed {
            self.changed.store(ambient::time_of_day().0, Ordering::Relaxed);
        }
        match (changed, down) {
            (true, true) => warn!(
                kdc = %self.name, address = %self.address,
                "KDC is down; it is asked again once it answers a probe"
            ),
            (true, false) => info!(kdc = %self.name, address = %self.address, "KDC is back"),
            (false, _) => {}
        }
    }

    /// Waits until this request is not with the KDC already. Others that have the same digest wait too.
    pub(super) async fn alone_with(&self, message: &[u8]) -> Alone<'_> {
        let digest = self.digests.hash_one(message);
        loop {
            let freed = self.freed.notified();
            if self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(digest) {
                return Alone { target: self, digest };
            }
            freed.await;
        }
    }

    pub(super) fn standing(&self, now: Moment) -> Standing {
        self.health().standing(now)
    }

    /// When it last went down or came back, in seconds since 1970, UTC.
    pub(super) fn changed(&self) -> Option<i64> {
        Some(self.changed.load(Ordering::Relaxed)).filter(|changed| *changed != 0)
    }

    pub(super) fn take_probe(&self, now: Moment) -> bool {
        self.health().take_probe(now)
    }

    /// Stays usable if another thread panicked: each change under the lock is complete in itself.
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
