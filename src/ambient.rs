//! The clock and the dice, nowhere else.

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tgg::moment::Moment;

/// The start that all moments of this process share.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time on the clock that never goes back.
#[must_use]
pub fn now() -> Moment {
    Moment::after_start(START.elapsed())
}

/// The instant that tokio's timers know a moment by.
#[must_use]
pub fn instant(moment: Moment) -> tokio::time::Instant {
    tokio::time::Instant::from_std(*START + moment.since_start())
}

/// The time of day: seconds and microseconds since 1970, UTC.
#[must_use]
pub fn time_of_day() -> (i64, u32) {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_micros())
}

/// The moment of a time of day in seconds since 1970; now, if that has passed.
#[must_use]
pub fn moment(utc: i64) -> Moment {
    let (today, _) = time_of_day();
    let left = Duration::from_secs(u64::try_from(utc.saturating_sub(today)).unwrap_or(0));
    // A timer cannot be set to the end of time.
    now() + left.min(Duration::from_secs(365 * 86_400))
}

/// Random octets from the operating system.
///
/// # Panics
///
/// If the operating system has none: nothing that needs them can go on.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    fill(&mut octets);
    octets
}

/// Overwrites `octets` with random ones, as [`random`] returns them.
///
/// # Panics
///
/// As [`random`].
pub fn fill(octets: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "a kernel without getrandom cannot run the gateway")]
    getrandom::fill(octets).expect("the operating system has no randomness");
}
