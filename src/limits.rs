//! How much one peer and one principal may ask for: connections, requests in flight, requests a second.
//!
//! A peer is an IPv4 address or the /64 of an IPv6 address, which is what one subscriber is given.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::metrics::OpenConnection;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tgg::failure::Refusal;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::interval,
};

/// Most peers or principals whose rate is remembered at once. A flood of new ones beyond it is refused:
/// forgetting would let it pass.
const MAX_REMEMBERED: usize = 1 << 20;

/// How often what is no longer of interest is forgotten.
const TIDY: Duration = Duration::from_secs(10);

/// Octets that are still read, and thrown away, of a peer that was told why it is not served any further.
pub const LINGER: u64 = 1024 * 1024;

/// What is allowed. But for `connections` and `handshakes`, zero means without limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowed {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one peer at a time.
    pub connections_per_peer: usize,
    /// TLS handshakes in progress; more wait.
    pub handshakes: usize,
    /// Requests of one peer in flight.
    pub in_flight_per_peer: usize,
    /// Requests a second of one peer; twice as many may come at once.
    pub peer_rate: u32,
}

/// How long peers are waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// A connection or socket without a request, and a peer that takes nothing of its answer.
    pub idle: Duration,
    /// A message, from its first octet to its last: a TLS handshake, a request head, a body, a unit; and for
    /// a peer to take its answer.
    pub message: Duration,
}

/// The address that stands for a peer: its own, or the first of its /64.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

/// A peer, as it is counted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct PeerKey(u64, bool);

impl PeerKey {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u64::from(v4.to_bits()), false),
            IpAddr::V6(v6) => Self(u64::try_from(v6.to_bits() >> 64).unwrap_or_default(), true),
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    in_flight: AtomicUsize,
}

/// Counts peers and principals and says no beyond what is allowed.
#[derive(Debug)]
pub struct Limits {
    allowed: Allowed,
    places: Arc<Semaphore>,
    handshakes: Semaphore,
    /// Places of the whole gateway: each connection is an open file.
    room: Arc<Semaphore>,
    peers: Mutex<HashMap<PeerKey, Arc<Counts>>>,
    peer_rate: Option<DefaultKeyedRateLimiter<PeerKey>>,
}

impl Limits {
    /// Limits that allow this, as long as there is room in the whole gateway.
    #[must_use]
    pub fn new(allowed: Allowed, room: Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self {
            allowed,
            room,
            places: Arc::new(Semaphore::new(allowed.connections.min(Semaphore::MAX_PERMITS))),
            handshakes: Semaphore::new(allowed.handshakes.min(Semaphore::MAX_PERMITS)),
            peers: Mutex::default(),
            peer_rate: limiter(allowed.peer_rate, 2),
        })
    }

    /// The peer at `address`, for a listener without connections.
    #[must_use]
    pub fn peer(self: &Arc<Self>, address: IpAddr) -> Peer {
        let key = PeerKey::of(address);
        let counts =
            Arc::clone(self.peers.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        Peer { limits: Arc::clone(self), key, counts, place: None, open: None }
    }

    /// Waits until there is a place for one connection more.
    ///
    /// Until then nothing should be accepted: the kernel holds peers, and then refuses them.
    pub async fn place(&self) -> Place {
        let here = Arc::clone(&self.places).acquire_owned().await;
        let room = Arc::clone(&self.room).acquire_owned().await;
        // The semaphores are never closed, so these are permits.
        Place { _held: [here.ok(), room.ok()] }
    }

    /// Waits until one TLS handshake more may begin. It goes on for as long as the place is held.
    pub async fn handshake(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.handshakes.acquire().await.ok()
    }

    /// The peer at `address` with one connection more; `None` if that is one too many for it.
    #[must_use]
    pub fn connection(self: &Arc<Self>, address: IpAddr, place: Place) -> Option<Peer> {
        let mut peer = self.peer(address);
        if !raise(&peer.counts.connections, self.allowed.connections_per_peer) {
            return None;
        }
        peer.place = Some(place);
        Some(peer)
    }

    /// Forgets, every few seconds, those whose rate is no longer of interest. It does not end.
    pub async fn tidied(self: Arc<Self>) {
        let mut ticks = interval(TIDY);
        loop {
            ticks.tick().await;
            if let Some(rate) = &self.peer_rate {
                rate.retain_recent();
            }
        }
    }
}

/// Counts the requests for each principal, wherever they come in.
#[derive(Debug)]
pub struct Principals {
    rate: Option<DefaultKeyedRateLimiter<u64>>,
    /// Principals are remembered by a keyed hash, so that nobody can choose two that collide.
    hasher: RandomState,
}

impl Principals {
    /// So many AS requests a second for one client principal, and ten times as many at once; zero means without
    /// limit.
    #[must_use]
    pub fn new(rate: u32) -> Arc<Self> {
        Arc::new(Self { rate: limiter(rate, 10), hasher: RandomState::new() })
    }

    /// Counts a request that names its client.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyForPrincipal`].
    pub fn count(&self, krb_realm: &[u8], name: &impl std::fmt::Display) -> Result<(), Refusal> {
        let Some(rate) = &self.rate else { return Ok(()) };
        let key = self.hasher.hash_one((krb_realm.to_ascii_lowercase(), name.to_string()));
        count(rate, &key).ok_or(Refusal::TooManyForPrincipal)
    }

    /// As [`Limits::tidied`].
    pub async fn tidied(self: Arc<Self>) {
        let mut ticks = interval(TIDY);
        loop {
            ticks.tick().await;
            if let Some(rate) = &self.rate {
                rate.retain_recent();
            }
        }
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone>(rate: u32, burst: u32) -> Option<DefaultKeyedRateLimiter<K>> {
    let rate = NonZeroU32::new(rate)?;
    let burst = NonZeroU32::new(rate.get().saturating_mul(burst)).unwrap_or(rate);
    Some(RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)))
}

fn count<K: std::hash::Hash + Eq + Clone>(rate: &DefaultKeyedRateLimiter<K>, key: &K) -> Option<()> {
    if rate.len() > MAX_REMEMBERED {
        return None;
    }
    rate.check_key(key).ok()
}

/// Adds one to `count` unless it has reached `limit`; zero is no limit.
fn raise(count: &AtomicUsize, limit: usize) -> bool {
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (limit == 0 || count < limit).then_some(count.saturating_add(1))
        })
        .is_ok()
}

/// A peer that is counted for as long as this lives.
#[derive(Debug)]
pub struct Peer {
    limits: Arc<Limits>,
    key: PeerKey,
    counts: Arc<Counts>,
    /// For a connection: held until its last octet, also where it has become a WebSocket.
    place: Option<Place>,
    /// Its count among those that are open at its address.
    open: Option<OpenConnection>,
}

/// A place among all connections.
#[derive(Debug)]
pub struct Place {
    _held: [Option<OwnedSemaphorePermit>; 2],
}

impl Peer {
    /// Counts its connection as open for as long as this lives.
    #[must_use]
    pub fn counted(mut self, open: OpenConnection) -> Self {
        self.open = Some(open);
        self
    }

    /// Counts one request, in flight until the guard is dropped.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyFromPeer`].
    pub fn request(&self) -> Result<InFlight<'_>, Refusal> {
        if let Some(rate) = &self.limits.peer_rate {
            count(rate, &self.key).ok_or(Refusal::TooManyFromPeer)?;
        }
        if !raise(&self.counts.in_flight, self.limits.allowed.in_flight_per_peer) {
            return Err(Refusal::TooManyFromPeer);
        }
        Ok(InFlight(&self.counts))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.counts.connections.fetch_sub(1, Ordering::Relaxed);
        }
        let mut peers = self.limits.peers.lock().unwrap_or_else(PoisonError::into_inner);
        // The map and this one hold the last two: nobody counts for this peer any more.
        if Arc::strong_count(&self.counts) == 2 {
            peers.remove(&self.key);
        }
    }
}

/// A request in flight.
#[derive(Debug)]
pub struct InFlight<'a>(&'a Counts);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Allowed = Allowed {
        connections: 100,
        connections_per_peer: 0,
        handshakes: 100,
        in_flight_per_peer: 0,
        peer_rate: 0,
    };

    fn limits(allowed: Allowed) -> Arc<Limits> {
        Limits::new(allowed, Arc::new(Semaphore::new(100)))
    }

    fn connect(limits: &Arc<Limits>, text: &str) -> Option<Peer> {
        let held = Arc::clone(&limits.places).try_acquire_owned().ok()?;
        limits.connection(address(text), Place { _held: [Some(held), None] })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn connections_of_a_peer_are_counted_while_they_last() {
        let limits = limits(Allowed { connections_per_peer: 2, ..NOTHING });
        let first = connect(&limits, "192.0.2.1").unwrap();
        let second = connect(&limits, "::ffff:192.0.2.1").unwrap();
        assert!(connect(&limits, "192.0.2.1").is_none());
        assert!(connect(&limits, "192.0.2.2").is_some());
        drop(first);
        assert!(connect(&limits, "192.0.2.1").is_some());
        drop(second);
        assert!(limits.peers.lock().unwrap().is_empty(), "nobody is remembered");
    }

    #[test]
    fn connections_in_all_are_counted_while_they_last() {
        let limits = limits(Allowed { connections: 1, ..NOTHING });
        let held = connect(&limits, "192.0.2.1").unwrap();
        assert!(connect(&limits, "192.0.2.2").is_none());
        drop(held);
        assert!(connect(&limits, "192.0.2.2").is_some());
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_peer() {
        let limits = limits(Allowed { connections_per_peer: 1, ..NOTHING });
        let _held = connect(&limits, "2001:db8:0:1::1").unwrap();
        assert!(connect(&limits, "2001:db8:0:1:ffff::").is_none());
        assert!(connect(&limits, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn requests_in_flight_are_counted_over_all_connections_of_a_peer() {
        let limits = limits(Allowed { in_flight_per_peer: 1, ..NOTHING });
        let (one, other) = (limits.peer(address("192.0.2.1")), limits.peer(address("192.0.2.1")));
        let held = one.request().unwrap();
        assert_eq!(other.request().unwrap_err(), Refusal::TooManyFromPeer);
        drop(held);
        assert!(other.request().is_ok());
    }

    #[test]
    fn a_peer_over_its_rate_is_refused_and_others_are_not() {
        let limits = limits(Allowed { peer_rate: 1, ..NOTHING });
        let peer = limits.peer(address("192.0.2.1"));
        let passed = (0..50).filter(|_| peer.request().is_ok()).count();
        assert!((2..5).contains(&passed), "{passed}");
        assert!(limits.peer(address("192.0.2.2")).request().is_ok());
    }

    #[test]
    fn a_principal_over_its_rate_is_refused_in_any_case_of_its_realm() {
        let principals = Principals::new(1);
        let passed = (0..50).filter(|_| principals.count(b"TGG.TEST", &"alice").is_ok()).count();
        assert!((10..13).contains(&passed), "{passed}");
        assert!(principals.count(b"tgg.test", &"alice").is_err());
        assert!(principals.count(b"TGG.TEST", &"bob").is_ok());
        principals.rate.as_ref().unwrap().retain_recent();
        assert!(principals.count(b"TGG.TEST", &"alice").is_err(), "tidying forgets nobody who is over");
    }
}
