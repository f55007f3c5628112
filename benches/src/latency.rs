//! How long exchanges took, and what stands out among them.

use std::time::Duration;

/// The durations of many exchanges.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Adds those of another.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that so many of a thousand do not exceed; zero if there is none.
    #[must_use]
    pub fn of_thousand(&mut self, share: usize) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * share.min(1000) / 1000).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends_are_found_whatever_the_order() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.of_thousand(500), Duration::ZERO);
        for millis in (0..=1000).rev() {
            latencies.add(Duration::from_millis(millis));
        }
        let found = [0, 500, 990, 1000].map(|share| latencies.of_thousand(share).as_millis());
        assert_eq!(found, [0, 500, 990, 1000]);
    }
}
