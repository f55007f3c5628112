//! How far the KDC's clock is from the caller's, and how that is learnt.

use std::time::{Duration, SystemTime};

use krb::ccache::TimeOffset;
use krb::time::KerberosTime;

use crate::error::ClientError;
use crate::moment;

/// Clocks that differ by less are taken for one: what they show also differs
/// by the time that an answer is on its way. Services tolerate five minutes.
const TOLERATED: i64 = 60;

/// What to add to the caller's clock to get the KDC's, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockOffset(i32);

impl ClockOffset {
    /// The offset at which the KDC's clock shows `time` when the caller's shows
    /// `now`.
    pub(crate) fn between(now: SystemTime, time: &KerberosTime) -> Result<Self, ClientError> {
        let theirs = time.seconds().ok_or(ClientError::TimeOutOfRange)?;
        let ours = moment::stamp(now)?.0.seconds().ok_or(ClientError::TimeOutOfRange)?;
        let apart = theirs.checked_sub(ours).and_then(|seconds| i32::try_from(seconds).ok());
        apart.map(Self).ok_or(ClientError::TimeOutOfRange)
    }

    /// Seconds, negative where the KDC's clock is behind.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        self.0
    }

    /// Whether two clocks with this offset may count as one.
    #[must_use]
    pub fn is_small(self) -> bool {
        i64::from(self.0).abs() <= TOLERATED
    }

    /// What the KDC's clock shows when the caller's shows `now`; `now` where that
    /// is no time that the system can express.
    #[must_use]
    pub fn apply(self, now: SystemTime) -> SystemTime {
        let distance = Duration::from_secs(self.0.unsigned_abs().into());
        let there = if self.0 < 0 { now.checked_sub(distance) } else { now.checked_add(distance) };
        there.unwrap_or(now)
    }
}

/// The offset that a credential cache keeps, without its microseconds.
impl From<TimeOffset> for ClockOffset {
    fn from(offset: TimeOffset) -> Self {
        Self(offset.seconds)
    }
}

/// As a credential cache keeps it.
impl From<ClockOffset> for TimeOffset {
    fn from(offset: ClockOffset) -> Self {
        Self { seconds: offset.0, microseconds: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn an_offset_leads_from_one_clock_to_the_other() {
        let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        for (theirs, seconds) in [("20260101010000Z", 3600), ("20251231230000Z", -3600)] {
            let time = KerberosTime::from(theirs.as_bytes().to_vec());
            let offset = ClockOffset::between(now, &time).unwrap();
            assert_eq!(offset.seconds(), seconds);
            assert_eq!(moment::read(&time).unwrap(), offset.apply(now));
            assert!(!offset.is_small());
            assert_eq!(ClockOffset::from(TimeOffset::from(offset)), offset);
        }
        assert!(ClockOffset::default().is_small());
    }

    #[test]
    fn a_clock_in_another_century_is_not_followed() {
        let time = KerberosTime::from(b"99991231235959Z".to_vec());
        assert!(matches!(ClockOffset::between(UNIX_EPOCH, &time), Err(ClientError::TimeOutOfRange)));
        assert_eq!(ClockOffset(i32::MIN).apply(UNIX_EPOCH), UNIX_EPOCH - Duration::from_secs(1 << 31));
    }
}
