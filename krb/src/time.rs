//! KerberosTime: a GeneralizedTime in UTC without fractions (RFC 4120 section 5.2.3).
//!
//! The octets are kept as they came, so that an odd time still makes a message that can be answered; whoever
//! needs a moment asks for [`KerberosTime::seconds`] and may be told that there is none.

use std::fmt;

use rasn::types::{Identifier, Tag};

use crate::codec::raw_string;
use crate::name::write_component;

const SECONDS_A_DAY: i64 = 86_400;

/// A time as it stands in a message, such as `20380119031407Z`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KerberosTime(Vec<u8>);

impl KerberosTime {
    /// The time that lies `seconds` after 1970-01-01T00:00:00Z; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_A_DAY))?;
        let second = seconds.rem_euclid(SECONDS_A_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        Some(Self(format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z").into_bytes()))
    }

    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    ///
    /// `None` if the octets are not `YYYYMMDDHHMMSSZ` or name a day that no calendar has. Second 60 is the
    /// one after second 59, as MIT krb5 has it.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        let [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, i1, i2, s1, s2, b'Z'] = *self.0.as_slice() else {
            return None;
        };
        let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
        let (month, day) = (two_digits(m1, m2)?, two_digits(d1, d2)?);
        let (hour, minute, second) = (two_digits(h1, h2)?, two_digits(i1, i2)?, two_digits(s1, s2)?);
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_from_civil(year, month, day)?;
        Some(days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second)
    }

    /// The octets as they stand in the message.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

raw_string!(KerberosTime, Tag::GENERALIZED_TIME, Identifier::GENERALIZED_TIME);

/// A time that stands in the message as `octets`, whether or not it is one.
impl From<Vec<u8>> for KerberosTime {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

/// The octets, made safe to print.
impl fmt::Display for KerberosTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_component(&self.0, f)
    }
}

impl fmt::Debug for KerberosTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    let digit = |octet: u8| char::from(octet).to_digit(10).map(i64::from);
    Some(digit(tens)? * 10 + digit(ones)?)
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days in `month`, 1 to 12.
const fn month_length(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if is_leap(year) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

/// Days from 0000-01-01 to the first day of `year`, 0 or later.
const fn days_before(year: i64) -> i64 {
    // Year 0 is itself a leap year, so the years counted are one more than `year - 1` shows.
    if year == 0 { 0 } else { year * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 }
}

/// Days from 0000-01-01 to 1970-01-01.
const EPOCH: i64 = days_before(1970);

fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if day < 1 || day > month_length(year, month)? {
        return None;
    }
    let months: i64 = (1..month).filter_map(|month| month_length(year, month)).sum();
    Some(days_before(year) + months + day - 1 - EPOCH)
}

/// Year (0 to 9999), month and day of the day that lies `days` after 1970-01-01.
fn civil_from_days(days: i64) -> Option<(i64, i64, i64)> {
    let days = days.checked_add(EPOCH)?;
    if !(0..days_before(10_000)).contains(&days) {
        return None;
    }
    // 366 days a year never guesses too late; in year 9999 it is 21 years early.
    let mut year = days / 366;
    while days >= days_before(year + 1) {
        year += 1;
    }
    let mut left = days - days_before(year);
    for month in 1..=12 {
        let length = month_length(year, month)?;
        if left < length {
            return Some((year, month, left + 1));
        }
        left -= length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> KerberosTime {
        KerberosTime::from(text.as_bytes().to_vec())
    }

    #[test]
    fn known_moments_convert_both_ways() {
        // Seconds from GNU date.
        for (text, seconds) in [
            ("00000101000000Z", -62_167_219_200),
            ("16010101000000Z", -11_644_473_600),
            ("19700101000000Z", 0),
            ("20000229235959Z", 951_868_799),
            ("20380119031408Z", 2_147_483_648),
            ("21000301000000Z", 4_107_542_400),
            ("99991231235959Z", 253_402_300_799),
        ] {
            assert_eq!(time(text).seconds(), Some(seconds), "{text}");
            assert_eq!(KerberosTime::from_seconds(seconds), Some(time(text)), "{text}");
        }
    }

    #[test]
    fn every_day_of_ten_thousand_years_follows_the_one_before() {
        let mut expected = -62_167_219_200;
        for year in 0..10_000 {
            for (month, length) in (1..=12).filter_map(|month| Some((month, month_length(year, month)?))) {
                let last = time(&format!("{year:04}{month:02}{length:02}000000Z"));
                expected += (length - 1) * SECONDS_A_DAY;
                assert_eq!(last.seconds(), Some(expected), "{last}");
                assert_eq!(KerberosTime::from_seconds(expected).as_ref(), Some(&last));
                expected += SECONDS_A_DAY;
            }
        }
    }

    #[test]
    fn a_time_that_no_calendar_has_is_no_moment() {
        for text in [
            "",
            "Z",
            "00000000000000Z",
            "20260001000000Z",
            "20261301000000Z",
            "20260100000000Z",
            "20260431000000Z",
            "21000229000000Z",
            "20260101240000Z",
            "20260101006000Z",
            "20260101000061Z",
            "20260101000000",
            "20260101000000z",
            "20260101000000.5Z",
            "20260101000000+0000",
            "2026010100000/Z",
            "+0260101000000Z",
        ] {
            assert_eq!(time(text).seconds(), None, "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_the_one_after_fifty_nine() {
        assert_eq!(time("20161231235960Z").seconds(), time("20170101000000Z").seconds());
        assert_eq!(time("20161231235960Z").as_octets(), b"20161231235960Z");
    }

    #[test]
    fn moments_outside_four_digit_years_have_no_form() {
        for seconds in [i64::MIN, -62_167_219_201, 253_402_300_800, i64::MAX] {
            assert_eq!(KerberosTime::from_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn a_hostile_time_prints_on_one_line() {
        assert_eq!(time("2026\n\u{1b}").to_string(), "2026\\n\\x1b");
    }
}
