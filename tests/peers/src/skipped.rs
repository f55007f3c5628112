//! What a test does on a machine that lacks its counterpart.

use std::env;

use crate::error::Error;

/// The counterpart; `None`, with the reason printed, where the machine lacks it.
///
/// # Panics
///
/// If anything else went wrong, and where `CI` is set, which skips nothing.
#[track_caller]
pub fn or_skipped<T>(found: Result<T, Error>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(error) if error.is_missing() && env::var_os("CI").is_none() => {
            eprintln!("skipped: {error}");
            None
        }
        #[expect(clippy::panic, reason = "a test fails by panicking")]
        Err(error) => panic!("{error}"),
    }
}
