//! One address of a KDC or password server: its health, its sockets, its share of connections.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tgg::{
    health::{Experience, Health, Standing},
    moment::Moment,
};
use tokio::sync::Semaphore;
use tracing::{info, warn};

use super::datagram::Socket;

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
    /// Sockets that wait for their next exchange, the longest waiting first.
    sockets: Mutex<VecDeque<Socket>>,
    health: Mutex<Health>,
}

impl Target {
    /// A target that nothing is known of.
    #[must_use]
    pub fn new(name: String, address: SocketAddr) -> Self {
        Self {
            name,
            address,
            streams: Semaphore::new(MAX_STREAMS),
            sockets: Mutex::default(),
            health: Mutex::default(),
        }
    }

    /// Remembers how an exchange or a probe went, and tells the operator when that changes anything.
    pub(super) fn note(&self, experience: Experience, now: Moment) {
        let mut health = unpoisoned(&self.health);
        let changed = health.note(experience, now);
        let down = health.standing(now).down;
        drop(health);
        match (changed, down) {
            (true, true) => warn!(
                kdc = %self.name, address = %self.address,
                "KDC is down; it is asked again once it answers a probe"
            ),
            (true, false) => info!(kdc = %self.name, address = %self.address, "KDC is back"),
            (false, _) => {}
        }
    }

    pub(super) fn standing(&self, now: Moment) -> Standing {
        unpoisoned(&self.health).standing(now)
    }

    pub(super) fn take_probe(&self, now: Moment) -> bool {
        unpoisoned(&self.health).take_probe(now)
    }

    pub(super) fn sockets(&self) -> MutexGuard<'_, VecDeque<Socket>> {
        unpoisoned(&self.sockets)
    }
}

/// Locks what stays usable if another thread panicked: each change under these locks is complete in itself.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
