//! Counts by a word of the program, such as the reason of a refusal.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

/// One count for each word that ever came. The words are the program's own, so there are few.
#[derive(Debug, Default)]
pub(super) struct Words(RwLock<Vec<(&'static str, AtomicU64)>>);

impl Words {
    /// Counts one.
    pub(super) fn count(&self, word: &'static str) {
        if !self.raise(word) {
            let mut counts = self.0.write().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have been first.
            match counts.iter().find(|(known, _)| *known == word) {
                Some((_, count)) => drop(count.fetch_add(1, Ordering::Relaxed)),
                None => counts.push((word, AtomicU64::new(1))),
            }
        }
    }

    /// Counts one for a word that is known.
    fn raise(&self, word: &'static str) -> bool {
        let counts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = counts.iter().find(|(known, _)| *known == word);
        known.map(|(_, count)| count.fetch_add(1, Ordering::Relaxed)).is_some()
    }

    /// All words and their counts, in the order of the alphabet.
    pub(super) fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> =
            counts.iter().map(|(word, count)| (*word, count.load(Ordering::Relaxed))).collect();
        all.sort_unstable();
        all
    }

    /// The counts of all words together.
    pub(super) fn sum(&self) -> u64 {
        let counts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        counts.iter().fold(0, |sum, (_, count)| sum.saturating_add(count.load(Ordering::Relaxed)))
    }
}
