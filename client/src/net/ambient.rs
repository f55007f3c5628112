//! The clock and the dice of a client, nowhere else.

use std::time::SystemTime;

/// The time of day.
#[must_use]
pub fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the one place of a client that asks the clock")]
    SystemTime::now()
}

/// Overwrites `octets` with random ones from the operating system; a [`Dice`](crate::Dice).
///
/// # Panics
///
/// If the operating system has none: nothing that needs them can go on.
pub fn fill(octets: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "without randomness no key can be made")]
    getrandom::fill(octets).expect("the operating system has no randomness");
}
