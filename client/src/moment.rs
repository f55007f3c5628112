//! How the caller's clock and the times in messages correspond (RFC 4120
//! section 5.2.3).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use krb::time::KerberosTime;

use crate::error::ClientError;

/// `now` as messages have it: whole seconds, and microseconds beside them.
pub(crate) fn stamp(now: SystemTime) -> Result<(KerberosTime, u32), ClientError> {
    let since = now.duration_since(UNIX_EPOCH).map_err(|_| ClientError::TimeOutOfRange)?;
    let seconds = i64::try_from(since.as_secs()).ok().and_then(KerberosTime::from_seconds);
    Ok((seconds.ok_or(ClientError::TimeOutOfRange)?, since.subsec_micros()))
}

/// The time `later` than `now`, in whole seconds.
pub(crate) fn after(now: SystemTime, later: Duration) -> Result<KerberosTime, ClientError> {
    let then = now.checked_add(later).ok_or(ClientError::TimeOutOfRange)?;
    stamp(then).map(|(seconds, _)| seconds)
}

/// The moment that a message names.
pub(crate) fn read(time: &KerberosTime) -> Result<SystemTime, ClientError> {
    let seconds = time.seconds().ok_or(ClientError::TimeOutOfRange)?;
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moment =
        if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    moment.ok_or(ClientError::TimeOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_its_microseconds_apart_and_read_without() {
        let now = UNIX_EPOCH + Duration::from_micros(1_767_225_600_000_042);
        let (seconds, micros) = stamp(now).unwrap();
        assert_eq!((seconds.as_octets(), micros), (&b"20260101000000Z"[..], 42));
        assert_eq!(read(&seconds).unwrap(), UNIX_EPOCH + Duration::from_secs(1_767_225_600));
    }

    #[test]
    fn moments_that_messages_cannot_name_are_refused() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert!(matches!(stamp(before), Err(ClientError::TimeOutOfRange)));
        assert!(matches!(after(UNIX_EPOCH, Duration::MAX), Err(ClientError::TimeOutOfRange)));
        let late = Duration::from_secs(253_402_300_800);
        assert!(matches!(after(UNIX_EPOCH, late), Err(ClientError::TimeOutOfRange)));
        assert!(matches!(read(&b"soon".to_vec().into()), Err(ClientError::TimeOutOfRange)));
    }
}
