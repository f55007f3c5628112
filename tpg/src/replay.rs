//! Authenticators that were seen: one call tests and remembers, and nothing is forgotten before its time.
//!
//! RFC 4120 section 3.2.3. An entry is kept until its authenticator is too old for the skew, counted from its
//! own time and not from its arrival: one from a clock that is ahead stays good for longer. A store that is full
//! refuses; one that forgets instead lets a flood make room for a replay.

use std::{
    collections::{BTreeMap, HashSet},
    future::{Future, ready},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};

use crate::{keys::KeyId, utc::Utc};

/// What names one authenticator: nothing in it can be varied without the session key.
///
/// The name of the service stands in clear text beside it, so it is not part of this; the key that opened the
/// ticket is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tag([u8; 16]);

impl Tag {
    /// The tag of the authenticator with this ciphertext, under a ticket that `key` opened.
    #[must_use]
    pub fn new(key: &KeyId, authenticator: &[u8]) -> Self {
        let sum = Sha256::new().chain_update(key.octets()).chain_update(authenticator).finalize();
        let mut tag = [0; 16];
        tag.iter_mut().zip(sum).for_each(|(into, octet)| *into = octet);
        Self(tag)
    }

    /// The octets, to keep or to send to another store.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for Tag {
    fn from(octets: [u8; 16]) -> Self {
        Self(octets)
    }
}

/// Why an authenticator does not count as new.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFresh {
    /// It was made before the store began to remember, or its time is over.
    #[error("it is older than what the replay cache remembers")]
    BeforeStart,
    /// There is no room to remember it.
    #[error("the replay cache is full")]
    Full,
    /// It was presented before.
    #[error("it was presented before")]
    Seen,
    /// The store does not answer.
    #[error("the replay cache does not answer")]
    Unavailable,
}

/// One use of an authenticator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Use {
    /// Which authenticator.
    pub tag: Tag,
    /// When it was made, by the client's clock.
    pub made: Utc,
    /// Until when it could be presented again, in seconds since 1970.
    pub until: i64,
}

/// Where uses are remembered.
///
/// The one implementation here serves a process. One for several nodes answers from elsewhere, which is why the
/// answer is a future.
pub trait ReplayStore: Sync {
    /// Remembers `this` if it is the first of its tag. Testing and remembering are one step that no other call
    /// comes between.
    ///
    /// # Errors
    ///
    /// [`NotFresh`]; the authenticator must then be refused.
    fn remember(&self, this: Use, now: Utc) -> impl Future<Output = Result<(), NotFresh>> + Send;
}

/// Parts that are locked apart from each other.
const SHARDS: usize = 16;

/// The store of one process, in memory.
#[derive(Debug)]
pub struct Memory {
    shards: [Mutex<Shard>; SHARDS],
    /// Uses that a shard has room for.
    room: usize,
    /// What was made before is refused: whether it was seen is not known.
    since: Utc,
}

/// Uses by the second in which they end, so that forgetting them costs no search.
#[derive(Debug, Default)]
struct Shard {
    ends: BTreeMap<i64, HashSet<Tag>>,
    count: usize,
    /// Uses that ended before this second are forgotten.
    horizon: i64,
}

impl Memory {
    /// An empty store with room for `capacity` uses, which refuses what was made before `since`: the start of the
    /// process. Clocks that are ahead make authenticators that a process before this one may have seen; add the
    /// skew to be sure of those too.
    #[must_use]
    pub fn new(capacity: usize, since: Utc) -> Self {
        Self { shards: Default::default(), room: capacity.div_ceil(SHARDS).max(1), since }
    }

    /// Remembers `this` if it is the first of its tag.
    ///
    /// # Errors
    ///
    /// [`NotFresh::BeforeStart`], [`NotFresh::Full`] or [`NotFresh::Seen`].
    pub fn first(&self, this: Use, now: Utc) -> Result<(), NotFresh> {
        if this.made < self.since {
            return Err(NotFresh::BeforeStart);
        }
        let Some(shard) = self.shards.get(usize::from(this.tag.0[0]) % SHARDS) else {
            return Err(NotFresh::Unavailable);
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.forget(now.seconds());
        // A clock that was set back, or a call that waited for the lock: its first use may be forgotten.
        if this.until < shard.horizon {
            return Err(NotFresh::BeforeStart);
        }
        // The same octets always end in the same second.
        if shard.ends.get(&this.until).is_some_and(|tags| tags.contains(&this.tag)) {
            return Err(NotFresh::Seen);
        }
        if shard.count >= self.room {
            return Err(NotFresh::Full);
        }
        shard.ends.entry(this.until).or_default().insert(this.tag);
        shard.count += 1;
        Ok(())
    }

    /// Remembers a use of an earlier process, even above the capacity: it must not be forgotten.
    pub fn restore(&self, tag: Tag, until: i64, now: Utc) {
        if let Some(shard) = self.shards.get(usize::from(tag.0[0]) % SHARDS)
            && until >= now.seconds()
        {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if shard.ends.entry(until).or_default().insert(tag) {
                shard.count += 1;
            }
        }
    }

    /// All uses that could be presented at `now`, and until when, to keep them elsewhere.
    #[must_use]
    pub fn alive(&self, now: Utc) -> Vec<(Tag, i64)> {
        let mut alive = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.forget(now.seconds());
            alive.extend(shard.ends.iter().flat_map(|(until, tags)| tags.iter().map(|tag| (*tag, *until))));
        }
        alive
    }

    /// How many uses are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).count).sum()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shard {
    /// Forgets what could not be presented at `now` any more.
    fn forget(&mut self, now: i64) {
        self.horizon = self.horizon.max(now);
        while let Some(first) = self.ends.first_entry() {
            if *first.key() >= now {
                break;
            }
            self.count = self.count.saturating_sub(first.remove().len());
        }
    }
}

impl ReplayStore for Memory {
    fn remember(&self, this: Use, now: Utc) -> impl Future<Output = Result<(), NotFresh>> + Send {
        ready(self.first(this, now))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const START: Utc = Utc::new(1_000_000, 0);

    fn a_use(number: u8, until: i64) -> Use {
        let mut tag = [0; 16];
        tag[0] = number;
        Use { tag: Tag(tag), made: START, until }
    }

    #[test]
    fn the_second_use_is_refused() {
        let store = Memory::new(100, START);
        assert_eq!(store.first(a_use(1, 1_000_300), START), Ok(()));
        assert_eq!(store.first(a_use(1, 1_000_300), START.plus(1)), Err(NotFresh::Seen));
        assert_eq!(store.first(a_use(2, 1_000_300), START.plus(1)), Ok(()));
    }

    #[test]
    fn one_from_a_clock_ahead_is_remembered_until_its_own_end() {
        let store = Memory::new(100, START);
        let ahead = a_use(1, 1_000_600);
        assert_eq!(store.first(ahead, START), Ok(()));
        assert_eq!(store.first(ahead, START.plus(599)), Err(NotFresh::Seen));
        assert_eq!(
            store.first(ahead, START.plus(600)),
            Err(NotFresh::Seen),
            "its last second is within the skew"
        );
    }

    #[test]
    fn a_full_store_refuses_and_forgets_nobody() {
        let store = Memory::new(SHARDS, START);
        assert_eq!(store.first(a_use(0, 1_000_300), START), Ok(()));
        assert_eq!(store.first(a_use(16, 1_000_300), START), Err(NotFresh::Full), "16 is of the same shard");
        assert_eq!(store.first(a_use(0, 1_000_300), START), Err(NotFresh::Seen));
    }

    #[test]
    fn room_comes_back_with_time_alone() {
        let store = Memory::new(SHARDS, START);
        assert_eq!(store.first(a_use(0, 1_000_300), START), Ok(()));
        assert_eq!(store.first(a_use(16, 1_000_700), START.plus(301)), Ok(()));
        assert_eq!(store.len(), 1);
    }

    /// As `expiry_test` of MIT krb5 1.20.1, src/lib/krb5/rcache/t_rcfile2.c.
    #[test]
    fn uses_that_end_before_the_next_begins_need_no_more_room_than_a_few() {
        let store = Memory::new(SHARDS, START);
        for number in 0..10_000_u32 {
            let now = START.plus(10 * i64::from(number));
            let mut tag = [0; 16];
            tag[..4].copy_from_slice(&number.to_le_bytes());
            let this = Use { tag: Tag(tag), made: now, until: now.seconds() + 5 };
            assert_eq!(store.first(this, now), Ok(()));
            assert!(store.len() <= SHARDS);
        }
    }

    /// As `concurrency_test` there.
    #[test]
    fn the_uses_of_many_at_once_are_all_remembered() {
        let store = Memory::new(10_000, START);
        let of = |process: u8, number: u8| {
            let mut tag = [0; 16];
            (tag[0], tag[1]) = (number, process);
            Use { tag: Tag(tag), made: START, until: 1_000_300 }
        };
        std::thread::scope(|scope| {
            for process in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    for wanted in [Ok(()), Err(NotFresh::Seen)] {
                        for number in 0..100 {
                            assert_eq!(store.first(of(process, number), START), wanted);
                        }
                    }
                });
            }
        });
        assert_eq!(store.len(), 800);
    }

    #[test]
    fn what_is_forgotten_is_not_new_when_the_clock_is_set_back() {
        let store = Memory::new(SHARDS, START);
        assert_eq!(store.first(a_use(1, 1_000_300), START), Ok(()));
        assert_eq!(store.first(a_use(17, 1_000_900), START.plus(600)), Ok(()), "17 is of the same shard");
        assert_eq!(store.len(), 1);
        assert_eq!(store.first(a_use(1, 1_000_300), START), Err(NotFresh::BeforeStart));
    }

    #[test]
    fn what_was_made_before_the_store_began_is_refused() {
        let store = Memory::new(100, START);
        let before = Use { made: Utc::new(999_999, 999_999), ..a_use(1, 1_000_300) };
        assert_eq!(store.first(before, START), Err(NotFresh::BeforeStart));
        assert!(store.is_empty());
    }

    #[test]
    fn of_many_at_once_one_is_the_first() {
        let store = Memory::new(1000, START);
        let accepted = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for number in 0..100 {
                        if store.first(a_use(number, 1_000_300), START).is_ok() {
                            accepted.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(accepted.into_inner(), 100);
    }

    #[test]
    fn a_tag_depends_on_the_key_and_on_every_octet_of_the_ciphertext() {
        let (one, other) = (KeyId::from([1; 32]), KeyId::from([2; 32]));
        let tag = Tag::new(&one, b"ciphertext");
        assert_eq!(tag, Tag::new(&one, b"ciphertext"));
        assert_ne!(tag, Tag::new(&other, b"ciphertext"));
        assert_ne!(tag, Tag::new(&one, b"cipherteyt"));
    }
}
