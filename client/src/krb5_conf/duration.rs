//! Durations as krb5.conf and `kinit -l` have them: `10h`, `1d 12h`, `24:00`,
//! `3600` (MIT krb5's doc/basic/date_format.rst).

use std::time::Duration;

/// Reads a duration: a number of seconds, `h:m` or `h:m:s`, `d-h:m:s`, or numbers
/// with the units `d`, `h`, `m` and `s` in this order; `None` for anything else
/// and for what is longer than a century.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds = if let Some((days, clock)) = text.split_once('-') {
        number(days)?.checked_mul(86_400)?.checked_add(clock_seconds(clock)?)?
    } else if text.contains(':') {
        clock_seconds(text)?
    } else if text.bytes().all(|octet| octet.is_ascii_digit()) {
        number(text)?
    } else {
        with_units(text)?
    };
    (seconds <= 100 * 366 * 86_400).then(|| Duration::from_secs(seconds))
}

/// `h:m` or `h:m:s`.
fn clock_seconds(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = parts.next().map_or(Some(0), number)?;
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)
}

fn with_units(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    for (unit, length) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((count, behind)) = rest.split_once(unit) {
            seconds = seconds.checked_add(number(count.trim())?.checked_mul(length)?)?;
            rest = behind.trim_start();
        }
    }
    rest.is_empty().then_some(seconds)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_manual_is_read() {
        for (text, seconds) in [
            ("3600", 3600),
            ("10h", 36_000),
            ("1d 2h 3m 4s", 93_784),
            ("1d2h3m4s", 93_784),
            ("90m", 5400),
            ("7d 0h 0m 0s", 604_800),
            ("24:00", 86_400),
            ("1:2:3", 3723),
            ("1-02:03:04", 93_784),
            (" 5m ", 300),
            ("0", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "h",
            "1x",
            "1m 1h",
            "-1",
            "1:60",
            "1:2:3:4",
            "1:",
            "99999999999999999999",
            "10h foo",
            "1,5h",
            "40000d",
        ] {
            assert_eq!(duration(text), None, "{text:?}");
        }
    }
}
