//! The time of one request, in the two forms that messages need: whole seconds, and microseconds beside them.

use std::time::{SystemTime, UNIX_EPOCH};

use krb::time::KerberosTime;

/// The last moment that a KerberosTime can name: 9999-12-31T23:59:59Z.
pub(super) const LAST: i64 = 253_402_300_799;

/// When a request is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Seconds since 1970.
    pub(super) seconds: i64,
    /// 0 to 999,999.
    pub(super) micros: u32,
}

impl Now {
    /// A clock before 1970 shows 1970.
    pub(super) fn new(now: SystemTime) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(LAST).min(LAST);
        Self { seconds, micros: since.subsec_micros() }
    }

    /// Whole seconds, as messages have them.
    pub(super) fn stamp(self) -> KerberosTime {
        stamp(self.seconds)
    }

    /// Whether a peer's clock is off by more than is allowed, in seconds.
    pub(super) const fn is_off(self, theirs: i64, allowed: i64) -> bool {
        self.seconds.abs_diff(theirs) > allowed.unsigned_abs()
    }
}

/// Seconds since 1970 as a message has them, kept within the years that it can name.
pub(super) fn stamp(seconds: i64) -> KerberosTime {
    KerberosTime::from_seconds(seconds.clamp(0, LAST)).unwrap_or_else(|| b"19700101000000Z".to_vec().into())
}

/// Seconds since 1970 of the time that an account ends.
pub(super) fn seconds(at: SystemTime) -> i64 {
    Now::new(at).seconds
}
