//! The clock of the benchmarks, which exist to read it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time on the clock that never goes back.
#[must_use]
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the one place of this package that asks the clock")]
    Instant::now()
}

/// The time of day, since 1970, UTC. What others sign is good now and not at another time.
#[must_use]
pub fn time_of_day() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "the one place of this package that asks the clock")]
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
