//! How often logins may fail before whoever tries must wait: against guessing, and without a way to lock others out.
//!
//! Failures are counted for a peer, for a user, and for a user at a peer. Who has logged in from a peer before is not
//! held up by what others try there. Where many peers try for one user, each of them has one try at a time instead of
//! several, so that the user's own first try from anywhere is always judged.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tgg::moment::Moment;

use crate::{ambient, limits::network};

/// In which as many failures are forgiven as are allowed.
const WINDOW: Duration = Duration::from_secs(300);
/// Failures of one user that are allowed for each that is allowed to a peer, from all peers together.
const PEERS: u32 = 4;
/// Peers, users and pairs that are remembered, of each.
const MAX_KNOWN: usize = 100_000;
/// For how long it is remembered that a user logged in from a peer.
const TRUST: Duration = Duration::from_secs(30 * 86_400);

/// What is remembered of failed logins in one realm.
#[derive(Debug)]
pub struct Attempts {
    allowed: u32,
    /// Users are remembered by a number that nobody outside can make two of them have.
    hasher: RandomState,
    counts: Mutex<Counts>,
}

/// A login that is tried. Until it is known how it ended it counts as one that failed, so that guesses are no more for
/// being made at once.
#[derive(Debug)]
#[must_use = "a login that nobody judges has not failed"]
pub struct Try<'a> {
    attempts: &'a Attempts,
    peer: IpAddr,
    user: Option<u64>,
    fills_peer: bool,
    /// Whether it is not known yet how it ended.
    is_open: bool,
}

impl Try<'_> {
    /// It failed.
    pub fn failed(mut self) {
        self.is_open = false;
    }

    /// The user has logged in.
    pub fn succeeded(self) {
        let Self { attempts, peer, user, is_open, .. } = self;
        drop(self);
        if let Some(user) = user.filter(|_| is_open) {
            attempts.note_success(peer, user, ambient::now());
        }
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let allowed = self.attempts.allowed;
        let mut counts = self.attempts.counts();
        if self.fills_peer {
            counts.peers.drain(self.peer, allowed);
        }
        if let Some(user) = self.user {
            counts.users.drain(user, allowed.saturating_mul(PEERS));
            counts.pairs.drain((self.peer, user), allowed);
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    peers: Buckets<IpAddr>,
    users: Buckets<u64>,
    pairs: Buckets<(IpAddr, u64)>,
    /// Users who have logged in, where from, and until when that counts.
    good: HashMap<(IpAddr, u64), Moment>,
}

/// Buckets that each failure fills a bit and time empties, kept as the moment at which they are empty.
#[derive(Debug)]
struct Buckets<K>(HashMap<K, Moment>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    /// How long it takes until there is room for one more of `allowed`; nothing if there is.
    fn wait(&self, key: K, allowed: u32, now: Moment) -> Option<Duration> {
        let filled = self.0.get(&key)?.since(now);
        let each = WINDOW / allowed.max(1);
        let room = WINDOW.saturating_sub(each);
        (filled > room).then(|| filled.saturating_sub(room))
    }

    /// Whether a failure is not forgiven yet.
    fn has_any(&self, key: K, now: Moment) -> bool {
        self.0.get(&key).is_some_and(|empty| *empty > now)
    }

    /// Takes back what a failure filled.
    fn drain(&mut self, key: K, allowed: u32) {
        if let Some(empty) = self.0.get_mut(&key) {
            *empty = Moment::after_start(empty.since_start().saturating_sub(WINDOW / allowed.max(1)));
        }
    }

    fn fill(&mut self, key: K, allowed: u32, now: Moment) {
        make_room(&mut self.0, &key, now);
        let empty = self.0.entry(key).or_insert(now);
        *empty = (*empty).max(now) + WINDOW / allowed.max(1);
    }
}

/// Makes room for a key: first of what has passed, and where nothing has of any.
fn make_room<K: Copy + Eq + Hash>(known: &mut HashMap<K, Moment>, key: &K, now: Moment) {
    if known.len() < MAX_KNOWN || known.contains_key(key) {
        return;
    }
    known.retain(|_, until| *until > now);
    if known.len() >= MAX_KNOWN
        && let Some(any) = known.keys().next().copied()
    {
        known.remove(&any);
    }
}

impl Attempts {
    /// As many failures of one peer in five minutes; 0 allows any number.
    #[must_use]
    pub fn new(allowed: u32) -> Self {
        Self { allowed, hasher: RandomState::new(), counts: Mutex::default() }
    }

    /// How many failures are allowed.
    #[must_use]
    pub const fn allowed(&self) -> u32 {
        self.allowed
    }

    /// Tries a login: for this user, or with a token that names nobody.
    ///
    /// # Errors
    ///
    /// How long the peer has to wait.
    pub fn begin(&self, peer: IpAddr, user: Option<&str>) -> Result<Try<'_>, Duration> {
        self.begin_at(network(peer), self.number(user), ambient::now())
    }

    fn begin_at(&self, peer: IpAddr, user: Option<u64>, now: Moment) -> Result<Try<'_>, Duration> {
        let mut tried = Try { attempts: self, peer, user, fills_peer: false, is_open: self.allowed > 0 };
        if self.allowed > 0 {
            if let Some(wait) = self.judge(peer, user, now) {
                tried.is_open = false;
                return Err(wait);
            }
            tried.fills_peer = self.note_failure(peer, user, now);
        }
        Ok(tried)
    }

    fn judge(&self, peer: IpAddr, user: Option<u64>, now: Moment) -> Option<Duration> {
        let counts = self.counts();
        let Some(user) = user else { return counts.peers.wait(peer, self.allowed, now) };
        let pair = (peer, user);
        if counts.good.get(&pair).is_some_and(|until| *until > now) {
            return counts.pairs.wait(pair, self.allowed, now);
        }
        let of_peer = counts.peers.wait(peer, self.allowed, now);
        let of_user = counts.users.wait(user, self.allowed.saturating_mul(PEERS), now);
        of_peer.or_else(|| of_user.filter(|_| counts.pairs.has_any(pair, now)))
    }

    /// Returns whether it counts for the peer too.
    fn note_failure(&self, peer: IpAddr, user: Option<u64>, now: Moment) -> bool {
        let mut counts = self.counts();
        let is_good = |user| counts.good.get(&(peer, user)).is_some_and(|until| *until > now);
        // What a user mistypes where it logs in every day holds up nobody else there.
        let fills_peer = !user.is_some_and(is_good);
        if fills_peer {
            counts.peers.fill(peer, self.allowed, now);
        }
        if let Some(user) = user {
            counts.users.fill(user, self.allowed.saturating_mul(PEERS), now);
            counts.pairs.fill((peer, user), self.allowed, now);
        }
        fills_peer
    }

    fn note_success(&self, peer: IpAddr, user: u64, now: Moment) {
        let mut counts = self.counts();
        make_room(&mut counts.good, &(peer, user), now);
        counts.good.insert((peer, user), now + TRUST);
        counts.pairs.0.remove(&(peer, user));
    }

    fn number(&self, user: Option<&str>) -> Option<u64> {
        user.map(|user| self.hasher.hash_one(user))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Option<u64> = Some(1);
    const BOB: Option<u64> = Some(2);

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(1_000_000 + seconds))
    }

    fn peer(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    fn failed(attempts: &Attempts, peer: IpAddr, user: Option<u64>, times: u32) {
        for _ in 0..times {
            attempts.note_failure(peer, user, at(0));
        }
    }

    #[test]
    fn a_peer_that_failed_as_often_as_it_may_waits_until_time_has_passed() {
        let attempts = Attempts::new(10);
        failed(&attempts, peer(1), ALICE, 9);
        assert_eq!(attempts.judge(peer(1), ALICE, at(0)), None);
        failed(&attempts, peer(1), ALICE, 1);
        assert_eq!(attempts.judge(peer(1), ALICE, at(0)), Some(Duration::from_secs(30)));
        assert_eq!(attempts.judge(peer(1), BOB, at(0)), Some(Duration::from_secs(30)), "guessing another");
        assert_eq!(attempts.judge(peer(1), ALICE, at(30)), None);
        assert_eq!(attempts.judge(peer(2), BOB, at(0)), None);
    }

    #[test]
    fn who_has_logged_in_there_is_not_held_up_by_what_others_try() {
        let attempts = Attempts::new(10);
        attempts.note_success(peer(1), 2, at(0));
        failed(&attempts, peer(1), ALICE, 20);
        assert_eq!(attempts.judge(peer(1), BOB, at(0)), None);
        failed(&attempts, peer(1), BOB, 10);
        assert!(attempts.judge(peer(1), BOB, at(0)).is_some(), "nor may a password be guessed there");
    }

    #[test]
    fn what_a_user_mistypes_at_home_holds_up_nobody_else_there() {
        let attempts = Attempts::new(10);
        attempts.note_success(peer(1), 1, at(0));
        failed(&attempts, peer(1), ALICE, 10);
        assert_eq!(attempts.judge(peer(1), BOB, at(0)), None);
    }

    #[test]
    fn many_peers_that_guess_for_one_user_have_one_try_each_and_the_user_is_not_locked_out() {
        let attempts = Attempts::new(10);
        for number in 0..40 {
            failed(&attempts, peer(number), ALICE, 1);
        }
        assert!(attempts.judge(peer(0), ALICE, at(0)).is_some(), "a second try");
        assert_eq!(attempts.judge(peer(0), BOB, at(0)), None, "another user there");
        assert_eq!(attempts.judge(peer(200), ALICE, at(0)), None, "the user's own first try from anywhere");
        attempts.note_success(peer(200), 1, at(0));
        failed(&attempts, peer(200), ALICE, 3);
        assert_eq!(attempts.judge(peer(200), ALICE, at(0)), None, "and where it has logged in");
    }

    #[test]
    fn tokens_that_name_nobody_are_counted_for_their_peer() {
        let attempts = Attempts::new(2);
        failed(&attempts, peer(1), None, 2);
        assert_eq!(attempts.judge(peer(1), None, at(0)), Some(Duration::from_secs(150)));
        assert_eq!(attempts.judge(peer(2), None, at(0)), None);
    }

    #[test]
    fn a_flood_of_peers_takes_no_more_memory_than_there_is_room_for() {
        let attempts = Attempts::new(10);
        for number in 0..=u32::try_from(MAX_KNOWN).unwrap() {
            attempts.note_failure(IpAddr::V4(number.into()), None, at(0));
        }
        assert!(attempts.counts().peers.0.len() <= MAX_KNOWN);
    }

    #[test]
    fn where_any_number_may_fail_nobody_waits() {
        let attempts = Attempts::new(0);
        for _ in 0..100 {
            attempts.begin(peer(1), Some("alice")).unwrap().failed();
        }
        assert!(attempts.begin(peer(1), Some("alice")).is_ok());
    }

    #[test]
    fn guesses_are_no_more_for_being_made_at_once_and_what_was_no_failure_is_taken_back() {
        let attempts = Attempts::new(3);
        let begin = || attempts.begin_at(peer(1), ALICE, at(0));
        let tries: Vec<_> = (0..3).map(|_| begin().unwrap()).collect();
        assert_eq!(begin().unwrap_err(), Duration::from_secs(100));
        drop(tries);
        assert_eq!(attempts.judge(peer(1), ALICE, at(0)), None, "nobody could say");
        begin().unwrap().failed();
        begin().unwrap().failed();
        begin().unwrap().succeeded();
        assert!(attempts.begin_at(peer(1), BOB, at(0)).is_ok(), "two of three have failed");
        begin().unwrap().failed();
        assert!(attempts.begin_at(peer(1), BOB, at(0)).is_ok(), "what is mistyped at home holds up nobody");
    }
}
