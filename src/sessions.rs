//! The sockets that are open: who is connected, as whom, until when; and the order to close one.
//!
//! A socket has an entry for as long as its [`Guard`] lives. Its octets are counted by whoever moves them, on
//! atomics that nobody else writes; they reach the counters of its service when somebody looks and at its end.

mod list;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use tokio::sync::broadcast;

use crate::{
    ambient,
    limits::network,
    metrics::ServiceMetrics,
    notice::Notice,
    realm::{chain::Departure, session},
    record::RequestId,
    term::Authorization,
};

pub use list::{Page, Wanted};

/// Parts of the registry that are locked on their own, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// Events that a slow listener may be behind before it loses some.
const QUEUE: usize = 1024;

/// What is known of a socket when it opens.
#[derive(Debug)]
pub struct Entry {
    /// Names it in the log and to the operator.
    pub id: RequestId,
    /// The service that it was opened for.
    pub service: Arc<ServiceMetrics>,
    /// Who is admitted, if the service asks.
    pub principal: Option<String>,
    /// The realm that says so.
    pub realm: Option<Arc<str>>,
    /// What the principal may be.
    pub roles: Vec<String>,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Over what: `ws`, `tcp`.
    pub via: &'static str,
    /// Where it goes to, if anywhere.
    pub backend: Option<Arc<str>>,
    /// When it was opened, in seconds since 1970, UTC.
    pub since: i64,
    /// When it ends, whoever logs in again, in seconds since 1970, UTC.
    pub last: Option<i64>,
    /// Until when its user need not log in again.
    pub authorization: Option<Authorization>,
    /// Has it closed.
    pub notice: Notice,
    /// Tells the login modules that the user has gone, when the socket has.
    pub departure: Option<Departure>,
}

impl Entry {
    /// When it ends as it stands now, in seconds since 1970, UTC.
    #[must_use]
    pub fn ends(&self) -> Option<i64> {
        self.last.into_iter().chain(self.authorization.as_ref().map(Authorization::utc)).min()
    }
}

/// Octets that a socket has carried until now.
#[derive(Debug, Default)]
pub struct Octets {
    /// From the client.
    pub received: AtomicU64,
    /// To the client.
    pub sent: AtomicU64,
}

impl Octets {
    /// Notes how many there are by now, both since the socket opened.
    pub fn set(&self, received: u64, sent: u64) {
        self.received.store(received, Ordering::Relaxed);
        self.sent.store(sent, Ordering::Relaxed);
    }

    fn now(&self) -> (u64, u64) {
        (self.received.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed))
    }
}

/// A socket that is open.
#[derive(Debug)]
pub struct Session {
    /// What was known when it opened.
    pub entry: Entry,
    /// What it has carried.
    pub octets: Arc<Octets>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A socket opened.
    Opened(Arc<Session>),
    /// A socket ended, for this reason.
    Closed(Arc<Session>, &'static str),
}

/// All sockets that are open.
#[derive(Debug)]
pub struct Sessions {
    shards: [Mutex<BTreeMap<RequestId, Kept>>; SHARDS],
    events: broadcast::Sender<Event>,
    /// What spares users to log in again, realm by realm.
    cookies: ArcSwap<Vec<Arc<session::Sessions>>>,
}

/// A socket in the registry.
#[derive(Debug)]
struct Kept {
    session: Arc<Session>,
    /// The octets that its service has counted. Changed under the lock of the shard, so that none counts twice.
    settled: (u64, u64),
}

impl Kept {
    /// Has the service count what the socket has carried since the last time.
    fn settle(&mut self) {
        let (received, sent) = self.session.octets.now();
        let (received_before, sent_before) = self.settled;
        let service = &self.session.entry.service;
        service.moved(received.saturating_sub(received_before), sent.saturating_sub(sent_before));
        self.settled = (received, sent);
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            shards: Default::default(),
            events: broadcast::Sender::new(QUEUE),
            cookies: ArcSwap::default(),
        }
    }
}

impl Sessions {
    /// Enters a socket until the guard is dropped.
    pub fn open(self: &Arc<Self>, entry: Entry) -> Guard {
        entry.service.socket_opened();
        let session = Arc::new(Session { entry, octets: Arc::default() });
        if let Some(mut shard) = self.shard(session.entry.id) {
            shard.insert(session.entry.id, Kept { session: Arc::clone(&session), settled: (0, 0) });
        }
        self.tell(|| Event::Opened(Arc::clone(&session)));
        Guard { sessions: Arc::clone(self), session, reason: "cut_off" }
    }

    /// Has a socket closed. Returns whether it was open.
    pub fn close(&self, id: RequestId) -> bool {
        let found = self.shard(id).and_then(|shard| shard.get(&id).map(|kept| Arc::clone(&kept.session)));
        found.map(|session| session.entry.notice.close()).is_some()
    }

    /// Has all sockets of a principal closed, in all realms, and ends what spares it to log in again. Returns how many
    /// sockets.
    pub fn close_principal(&self, principal: &str) -> usize {
        let now = ambient::time_of_day().0;
        self.cookies.load().iter().for_each(|cookies| cookies.end_all_of(principal, now));
        self.close_all(Notice::close, |entry| entry.principal.as_deref() == Some(principal))
    }

    /// Has all sockets of a user of one realm closed, who has logged out. Returns how many.
    pub fn log_out(&self, realm: &str, principal: &str) -> usize {
        let is_theirs = |entry: &Entry| {
            entry.realm.as_deref() == Some(realm) && entry.principal.as_deref() == Some(principal)
        };
        self.close_all(Notice::log_out, is_theirs)
    }

    fn close_all(&self, close: fn(&Notice), is_meant: impl Fn(&Entry) -> bool) -> usize {
        let mut count = 0;
        for shard in self.all_shards() {
            let open = shard.values().map(|kept| &kept.session.entry);
            for entry in open.filter(|entry| is_meant(entry)) {
                close(&entry.notice);
                count += 1;
            }
        }
        count
    }

    /// A user has logged in again from this network: its sockets from there last until then, in seconds since 1970, UTC, as
    /// far as they would end for want of it. Returns how many.
    pub fn extend(&self, realm: &str, principal: &str, peer: IpAddr, until: i64) -> usize {
        let mut count = 0;
        for shard in self.all_shards() {
            for entry in shard.values().map(|kept| &kept.session.entry) {
                let is_theirs = entry.realm.as_deref() == Some(realm)
                    && entry.principal.as_deref() == Some(principal)
                    && network(entry.peer.ip()) == network(peer);
                if let Some(authorization) = entry.authorization.as_ref().filter(|_| is_theirs) {
                    authorization.extend(until);
                    count += 1;
                }
            }
        }
        count
    }

    /// Takes note of what spares users to log in again, in the realms that are in force.
    pub fn put_cookies(&self, cookies: Vec<Arc<session::Sessions>>) {
        self.cookies.store(Arc::new(cookies));
    }

    /// Sockets that are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all_shards().map(|shard| shard.len()).sum()
    }

    /// Has the services count what their sockets have carried until now.
    pub fn settle(&self) {
        for mut shard in self.all_shards() {
            shard.values_mut().for_each(Kept::settle);
        }
    }

    /// What happens from now on. Who is too slow loses events, and is told how many.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn tell(&self, event: impl FnOnce() -> Event) {
        if self.events.receiver_count() > 0 {
            // Whoever listened may have left meanwhile.
            let _ = self.events.send(event());
        }
    }

    fn shard(&self, id: RequestId) -> Option<MutexGuard<'_, BTreeMap<RequestId, Kept>>> {
        self.shards.get(id.place(SHARDS)).map(lock)
    }

    fn all_shards(&self) -> impl Iterator<Item = MutexGuard<'_, BTreeMap<RequestId, Kept>>> {
        self.shards.iter().map(lock)
    }
}

/// Stays usable if another thread panicked: each change under the lock is complete in itself.
fn lock(shard: &Mutex<BTreeMap<RequestId, Kept>>) -> MutexGuard<'_, BTreeMap<RequestId, Kept>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a socket in the registry.
#[derive(Debug)]
#[must_use = "without its guard a socket is in no list"]
pub struct Guard {
    sessions: Arc<Sessions>,
    session: Arc<Session>,
    reason: &'static str,
}

impl Guard {
    /// Where to count what the socket carries.
    #[must_use]
    pub fn octets(&self) -> &Arc<Octets> {
        &self.session.octets
    }

    /// Takes the socket out, for this reason. Dropped without one it was cut off.
    pub fn ended(mut self, reason: &'static str) {
        self.reason = reason;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let id = self.session.entry.id;
        if let Some(mut shard) = self.sessions.shard(id)
            && let Some(mut kept) = shard.remove(&id)
        {
            // Before the lock is given back, so that no rendering falls between.
            kept.settle();
        }
        self.session.entry.service.socket_closed(self.reason);
        self.sessions.tell(|| Event::Closed(Arc::clone(&self.session), self.reason));
    }
}

#[cfg(test)]
pub(crate) mod tests;
