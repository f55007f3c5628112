//! A point in time on the calendar, as the shell reads it and as messages carry it.

use std::fmt;

use krb::time::KerberosTime;

const MICROS_A_SECOND: i64 = 1_000_000;

/// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Utc(i64);

impl Utc {
    /// The time this many seconds and microseconds after 1970.
    #[must_use]
    pub const fn new(seconds: i64, micros: u32) -> Self {
        #[expect(clippy::as_conversions, reason = "u32 fits into i64, and From is not const")]
        Self(seconds.saturating_mul(MICROS_A_SECOND).saturating_add(micros as i64))
    }

    /// The time that a message names; `None` if it names none.
    #[must_use]
    pub fn of(time: &KerberosTime) -> Option<Self> {
        time.seconds().map(|seconds| Self::new(seconds, 0))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_A_SECOND)
    }

    /// Microseconds beyond [`Self::seconds`].
    #[must_use]
    pub fn micros(self) -> u32 {
        u32::try_from(self.0.rem_euclid(MICROS_A_SECOND)).unwrap_or_default()
    }

    /// Microseconds from `earlier` to here; negative if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time this many seconds later.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS_A_SECOND)))
    }

    /// As a message carries it, without the microseconds.
    #[must_use]
    pub fn kerberos(self) -> KerberosTime {
        // Beyond the year 9999 there is none; the epoch misleads nobody by then.
        KerberosTime::from_seconds(self.seconds()).unwrap_or_else(|| KerberosTime::from(Vec::new()))
    }
}

/// As ISO 8601 has it, such as `2026-11-22T08:51:56Z`.
impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.kerberos();
        let text = str::from_utf8(time.as_octets()).unwrap_or_default();
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or("?");
        let (date, clock) = ((part(0..4), part(4..6), part(6..8)), (part(8..10), part(10..12), part(12..14)));
        write!(f, "{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, clock.0, clock.1, clock.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_people_write_it() {
        assert_eq!(Utc::new(1_795_336_316, 999_999).to_string(), "2026-11-22T08:31:56Z");
    }

    #[test]
    fn seconds_and_microseconds_come_back_on_both_sides_of_1970() {
        for (seconds, micros) in [(0, 0), (1, 999_999), (-1, 1), (1_795_337_516, 5)] {
            let time = Utc::new(seconds, micros);
            assert_eq!((time.seconds(), time.micros()), (seconds, micros));
        }
    }

    #[test]
    fn a_time_of_a_message_is_the_same_time() {
        let time = KerberosTime::from(b"20261122083156Z".to_vec());
        assert_eq!(Utc::of(&time), Some(Utc::new(1_795_336_316, 0)));
        assert_eq!(Utc::new(1_795_336_316, 7).kerberos(), time);
        assert_eq!(Utc::of(&KerberosTime::from(b"20261322083156Z".to_vec())), None);
    }
}
