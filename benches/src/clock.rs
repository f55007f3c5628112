//! The clock of the benchmarks, which exist to read it.

use std::time::Instant;

/// The time on the clock that never goes back.
#[must_use]
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the one place of this package that asks the clock")]
    Instant::now()
}
