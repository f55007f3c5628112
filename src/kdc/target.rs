//! One address of a KDC or password server: its health, its sockets, its share of connections.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tgg::{
    health::{Experience, Health, Standing},
    moment::Moment,
};
use tokio::sync::Semaphore;

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
    /// Sockets that wait for their next exchange.
    sockets: Mutex<Vec<Socket>>,
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

    pub(super) fn note(&self, experience: Experience, now: Moment) -> bool {
        unpoisoned(&self.health).note(experience, now)
    }

    pub(super) fn standing(&self, now: Moment) -> Standing {
        unpoisoned(&self.health).standing(now)
    }

    pub(super) fn take_probe(&self, now: Moment) -> bool {
        unpoisoned(&self.health).take_probe(now)
    }

    pub(super) fn sockets(&self) -> MutexGuard<'_, Vec<Socket>> {
        unpoisoned(&self.sockets)
    }
}

/// Locks what stays usable if another thread panicked: each change under these locks is complete in itself.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
