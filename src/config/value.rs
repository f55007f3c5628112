//! How single values are written: times, sizes, rates, switches, lists, addresses to listen on, counts.
//!
//! What KAAZING Gateway accepts is accepted, with two differences: a fraction of a time is kept (there, 1.5 hours was 1
//! hour), and every unit can be used everywhere.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    ops::RangeInclusive,
    time::Duration,
};

use super::{
    report::{Problem, nearest, quoted},
    xml::Text,
};

/// Longest time that can be configured: a hundred years. Moments that far away can still be computed with.
pub const MAX_TIME: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

const NANOS: u128 = 1_000_000_000;

/// The units of time, each with its length in nanoseconds and all its words.
const UNITS: [(u128, &[&str]); 7] = [
    (NANOS / 1000, &["milliseconds", "millisecond", "millis", "milli", "ms"]),
    (NANOS, &["seconds", "second", "secs", "sec", "s"]),
    (60 * NANOS, &["minutes", "minute", "mins", "min", "m"]),
    (3600 * NANOS, &["hours", "hour", "h"]),
    (24 * 3600 * NANOS, &["days", "day", "d"]),
    (7 * 24 * 3600 * NANOS, &["weeks", "week", "w"]),
    (365 * 24 * 3600 * NANOS, &["years", "year", "y"]),
];

/// Why a text is not the value that is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ValueError {
    /// It is no address to listen on.
    Bind,
    /// It is no whole number between these bounds.
    Count {
        /// The smallest that is possible.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// An item of the list is empty.
    List,
    /// It is no rate, or none at which anything moves.
    Rate,
    /// It is no size.
    Size,
    /// It is neither on nor off.
    Switch,
    /// It is no time.
    Time,
    /// It is longer than [`MAX_TIME`].
    TimeTooLong,
}

impl ValueError {
    /// Tells it as what is wrong with the text of the element (or attribute) of this name.
    #[must_use]
    pub fn problem(self, name: &str, text: &Text) -> Problem {
        let says = if text.value.is_empty() {
            format!("<{name}> is empty")
        } else {
            format!("<{name}> is {}, which is {self}", quoted(&text.value))
        };
        let problem = Problem::error(text.span.clone(), says);
        match self.meant(&text.value) {
            Some(meant) => problem.help(format!("did you mean `{meant}`? {}", self.remedy())),
            None => problem.help(self.remedy()),
        }
    }

    /// How it is written, with an example.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Bind => "write HOST:PORT or a port alone: 192.0.2.1:8443, [2001:db8::1]:8443, or 8443",
            Self::Count { .. } => "write it in digits, such as 20",
            Self::List => "write items with a comma between two, such as GET,POST",
            Self::Rate => {
                "write a whole number above 0 and B/s, kB/s, KiB/s, MB/s or MiB/s, such as 512 KiB/s"
            }
            Self::Size => {
                "write a whole number of octets, or one with k or M (1024 and 1048576 octets), such as 128k"
            }
            Self::Switch => "write enabled or disabled",
            Self::Time => {
                "write a number and ms, seconds, minutes, hours, days, weeks or years, such as 30 seconds or 1.5 hours"
            }
            Self::TimeTooLong => "write at most 100 years",
        }
    }

    /// The value that was probably meant.
    fn meant(self, text: &str) -> Option<String> {
        let number_end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.'));
        let (number, unit) = text.split_at_checked(number_end.unwrap_or(text.len()))?;
        match self {
            Self::Bind => text.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]:PORT")),
            Self::Switch => nearest(text, ["enabled", "disabled"]).map(str::to_owned),
            Self::Time if !number.is_empty() => {
                let words = UNITS.iter().flat_map(|(_, words)| *words).copied();
                // With one or two letters, every unit is near.
                let unit = nearest(unit.trim(), words.filter(|word| word.len() > 2))?;
                Some(format!("{number} {unit}"))
            }
            _ => None,
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind => f.write_str("no address to listen on"),
            Self::Count { least, most: u64::MAX } => write!(f, "no whole number from {least}"),
            Self::Count { least, most } => write!(f, "no whole number from {least} to {most}"),
            Self::List => f.write_str("a list with an empty item"),
            Self::Rate => f.write_str("no rate"),
            Self::Size => f.write_str("no size"),
            Self::Switch => f.write_str("neither enabled nor disabled"),
            Self::Time => f.write_str("no time"),
            Self::TimeTooLong => f.write_str("too long a time"),
        }
    }
}

impl std::error::Error for ValueError {}

/// A time: a number, which may have a fraction, then a unit; without a unit, seconds.
///
/// Units are written in any case. A day has 24 hours, a year 365 days. What is below a nanosecond is dropped.
///
/// # Errors
///
/// [`ValueError::Time`] if it is none, [`ValueError::TimeTooLong`] above [`MAX_TIME`].
pub fn time(text: &str) -> Result<Duration, ValueError> {
    let (number, unit) = split_unit(text, |letter| letter.is_ascii_digit() || letter == '.');
    let unit = match unit {
        "" => NANOS,
        unit => {
            let is_it = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(unit));
            UNITS.iter().find(|(_, words)| is_it(words)).ok_or(ValueError::Time)?.0
        }
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Err(ValueError::Time);
    }
    let whole = if whole.is_empty() { 0 } else { number_of(whole).ok_or(ValueError::TimeTooLong)? };
    let mut nanos = whole.checked_mul(unit).ok_or(ValueError::TimeTooLong)?;
    // Further digits make less than a nanosecond, even of a year.
    let fraction = fraction.get(..18).unwrap_or(fraction);
    if let (Some(part), Ok(digits)) = (number_of(fraction), u32::try_from(fraction.len())) {
        nanos = nanos.saturating_add(part * unit / 10_u128.pow(digits));
    }
    let too_long = |_| ValueError::TimeTooLong;
    let time = Duration::from_nanos(u64::try_from(nanos).map_err(too_long)?);
    if time > MAX_TIME { Err(ValueError::TimeTooLong) } else { Ok(time) }
}

/// A number of octets: digits, then perhaps `k` (1024) or `M` (1048576), in any case and with or without `B` or `iB`.
///
/// # Errors
///
/// [`ValueError::Size`] if it is none, or more than 64 bits hold.
pub fn size(text: &str) -> Result<u64, ValueError> {
    let (number, unit) = split_unit(text, |letter| letter.is_ascii_digit());
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1024,
        "m" | "mb" | "mib" => 1024 * 1024,
        _ => return Err(ValueError::Size),
    };
    product(number, factor).ok_or(ValueError::Size)
}

/// Octets in a second: digits, then `B/s`, `kB/s` (1000), `KiB/s` (1024), `MB/s` or `MiB/s`, in any case.
///
/// # Errors
///
/// [`ValueError::Rate`] if it is none, or 0, or more than 64 bits hold.
pub fn rate(text: &str) -> Result<u64, ValueError> {
    let (number, unit) = split_unit(text, |letter| letter.is_ascii_digit());
    let factor = match unit.to_ascii_lowercase().as_str() {
        "b/s" => 1,
        "kb/s" => 1000,
        "kib/s" => 1024,
        "mb/s" => 1_000_000,
        "mib/s" => 1024 * 1024,
        _ => return Err(ValueError::Rate),
    };
    product(number, factor).filter(|rate| *rate > 0).ok_or(ValueError::Rate)
}

/// Whether something is on: `enabled` or `disabled`, `true` or `false`, in any case.
///
/// # Errors
///
/// [`ValueError::Switch`] for any other word.
pub fn switch(text: &str) -> Result<bool, ValueError> {
    let is = |words: [&str; 2]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match (is(["enabled", "true"]), is(["disabled", "false"])) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(ValueError::Switch),
    }
}

/// The items of a list with commas, without the blanks around them, each with its place.
///
/// # Errors
///
/// [`ValueError::List`] if an item is empty, or all is.
pub fn list(text: &Text) -> Result<Vec<Text>, ValueError> {
    let mut at = 0;
    let mut items = Vec::new();
    for item in text.value.split(',') {
        let trimmed = item.trim();
        if trimmed.is_empty() {
            return Err(ValueError::List);
        }
        let start = at + item.len() - item.trim_start().len();
        items.push(Text::new(trimmed, text.place(start..start + trimmed.len())));
        at += item.len() + 1;
    }
    Ok(items)
}

/// An address to listen on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bind {
    /// A name or an address, without brackets; `None` is every address of this host.
    pub host: Option<String>,
    /// The port; 0 is any that is free.
    pub port: u16,
}

/// Where to listen: `HOST:PORT`, or a port alone. An IPv6 address stands in brackets.
///
/// # Errors
///
/// [`ValueError::Bind`] for anything else.
pub fn bind(text: &str) -> Result<Bind, ValueError> {
    let (host, port) = match text.rsplit_once(':') {
        None => (None, text),
        Some((host, port)) => (Some(host), port),
    };
    let port = number_of(port).and_then(|port| u16::try_from(port).ok()).ok_or(ValueError::Bind)?;
    let host = match host {
        None => None,
        Some(host) => Some(bare_host(host).ok_or(ValueError::Bind)?.to_owned()),
    };
    Ok(Bind { host, port })
}

/// A host without its brackets, if it can be one.
fn bare_host(host: &str) -> Option<&str> {
    if let Some(inside) = host.strip_prefix('[') {
        return inside.strip_suffix(']').filter(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_name = !host.is_empty()
        && host.chars().all(|letter| letter.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&letter));
    // What ends with a number is no name (WHATWG URL, section 3.5): it must be a whole address.
    let ends_with_number = host.rsplit('.').next().is_some_and(|label| number_of(label).is_some());
    (is_name && (!ends_with_number || host.parse::<IpAddr>().is_ok())).then_some(host)
}

/// A whole number between bounds.
///
/// # Errors
///
/// [`ValueError::Count`] if it is none, or outside.
pub fn count(text: &str, bounds: RangeInclusive<u64>) -> Result<u64, ValueError> {
    let wrong = ValueError::Count { least: *bounds.start(), most: *bounds.end() };
    number_of(text)
        .and_then(|count| u64::try_from(count).ok())
        .filter(|count| bounds.contains(count))
        .ok_or(wrong)
}

/// The number at the beginning of a text, and the word after it.
fn split_unit(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|letter| !belongs(letter)).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    (number, unit.trim_start())
}

fn product(number: &str, factor: u64) -> Option<u64> {
    u64::try_from(number_of(number)?.checked_mul(factor.into())?).ok()
}

/// What digits say. The standard library would take a sign too.
fn number_of(digits: &str) -> Option<u128> {
    digits.chars().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = 3600;

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        for (text, seconds) in [
            ("30", 30),
            ("0", 0),
            ("30s", 30),
            ("30 Seconds", 30),
            ("1 sec", 1),
            ("2 mins", 120),
            ("5 M", 300),
            ("4 hours", 4 * HOUR),
            ("2 days", 48 * HOUR),
            ("1w", 7 * 24 * HOUR),
            ("1 year", 365 * 24 * HOUR),
            ("100 years", 100 * 365 * 24 * HOUR),
        ] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn a_fraction_of_a_time_is_kept() {
        for (text, millis) in [
            ("1.5 hours", 90 * 60 * 1000),
            ("0.5 hours", 30 * 60 * 1000),
            (".25 s", 250),
            ("1.s", 1000),
            ("1500 ms", 1500),
            ("2.000000000000000000000000001s", 2000),
            ("250 Millis", 250),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(time("0.000001 ms"), Ok(Duration::from_nanos(1)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "s", "-1", "+1", "1.2.3", "1,5 s", ".", "1 fortnight", "1 s x", "s 1", "1e3", "\u{661}"]
        {
            assert_eq!(time(text), Err(ValueError::Time), "{text}");
        }
        for text in ["100.001 years", "999999999999999999999999999999999999999999", "3153600001"] {
            assert_eq!(time(text), Err(ValueError::TimeTooLong), "{text}");
        }
    }

    #[test]
    fn a_size_is_in_octets_or_has_a_unit() {
        for (text, octets) in [
            ("0", 0),
            ("65536", 65536),
            ("128k", 131_072),
            ("128 K", 131_072),
            ("64kB", 65536),
            ("1m", 1 << 20),
            ("2MB", 2 << 20),
            ("3 MiB", 3 << 20),
            ("4KiB", 4096),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(size(text), Ok(octets), "{text}");
        }
        for text in ["", "k", "-1", "1.5k", "1g", "1 k b", "18446744073709551616", "18014398509481984k"] {
            assert_eq!(size(text), Err(ValueError::Size), "{text}");
        }
    }

    #[test]
    fn a_rate_has_a_unit() {
        for (text, octets) in
            [("1B/s", 1), ("5 kB/s", 5000), ("5KiB/s", 5120), ("2MB/s", 2_000_000), ("2 MiB/s", 2 << 20)]
        {
            assert_eq!(rate(text), Ok(octets), "{text}");
        }
        for text in ["", "5", "5k", "5 kB", "0 B/s", "-1B/s", "1.5 MB/s", "18446744073709551615MB/s"] {
            assert_eq!(rate(text), Err(ValueError::Rate), "{text}");
        }
    }

    #[test]
    fn a_switch_is_on_or_off() {
        for (text, is_on) in [("enabled", true), ("true", true), ("Disabled", false), ("false", false)] {
            assert_eq!(switch(text), Ok(is_on), "{text}");
        }
        for text in ["", "enable", "1", "yes"] {
            assert_eq!(switch(text), Err(ValueError::Switch), "{text}");
        }
    }

    #[test]
    fn items_of_a_list_know_their_places() {
        let items = list(&Text::new("GET, POST ,PUT", 10..24)).unwrap();
        let items: Vec<_> = items.iter().map(|item| (item.value.as_str(), item.span.clone())).collect();
        assert_eq!(items, [("GET", 10..13), ("POST", 15..19), ("PUT", 21..24)]);
        for text in ["", "a,,b", "a,", ", a"] {
            assert_eq!(list(&Text::new(text, 0..text.len())), Err(ValueError::List), "{text}");
        }
    }

    #[test]
    fn an_address_to_listen_on_is_a_host_and_a_port_or_a_port() {
        for (text, host, port) in [
            ("8443", None, 8443),
            ("0", None, 0),
            ("192.0.2.1:80", Some("192.0.2.1"), 80),
            ("[2001:db8::1]:443", Some("2001:db8::1"), 443),
            ("gate.example:65535", Some("gate.example"), 65535),
            ("a_b-1:1", Some("a_b-1"), 1),
        ] {
            assert_eq!(bind(text), Ok(Bind { host: host.map(str::to_owned), port }), "{text}");
        }
        let wrong = "-1|a|:80|a:|65536|a:+1|::1:80|[::1]|[a]:80|[::1:80|*:80|a b:80|ws://a:80|1.2.3:80|1.2.3.256:80|a/b:80";
        for text in wrong.split('|').chain([""]) {
            assert_eq!(bind(text), Err(ValueError::Bind), "{text}");
        }
    }

    #[test]
    fn a_count_has_bounds() {
        assert_eq!((count("1", 1..=5), count("5", 1..=5)), (Ok(1), Ok(5)));
        for text in ["0", "6", "", "-1", "+1", "1.0", "99999999999999999999"] {
            assert_eq!(count(text, 1..=5), Err(ValueError::Count { least: 1, most: 5 }), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_write() {
        let told = |error: ValueError, value: &str| {
            let problem = error.problem("x", &Text::new(value, 7..7 + value.len()));
            assert_eq!(problem.span, 7..7 + value.len());
            format!("{}; {}", problem.says, problem.help.unwrap())
        };
        for (error, value, start) in [
            (
                ValueError::Time,
                "30 minuets",
                "<x> is `30 minuets`, which is no time; did you mean `30 minutes`? w",
            ),
            (ValueError::Time, "soon", "<x> is `soon`, which is no time; write a number and"),
            (ValueError::Time, "", "<x> is empty; write a number"),
            (
                ValueError::Switch,
                "enable",
                "<x> is `enable`, which is neither enabled nor disabled; did you mean `e",
            ),
            (
                ValueError::Bind,
                "::1",
                "<x> is `::1`, which is no address to listen on; did you mean `[::1]:PORT`?",
            ),
            (
                ValueError::Count { least: 1, most: 5 },
                "6",
                "<x> is `6`, which is no whole number from 1 to 5; write it",
            ),
        ] {
            let told = told(error, value);
            assert!(told.starts_with(start), "{told}");
        }
    }

    #[test]
    fn every_example_that_is_given_can_be_read() {
        fn all<T>(error: ValueError, before: &str, read: impl Fn(&str) -> Result<T, ValueError>) {
            let (_, examples) = error.remedy().split_once(before).unwrap();
            for example in
                examples.split(", or ").flat_map(|part| part.split(" or ")).flat_map(|part| part.split(", "))
            {
                assert!(read(example).is_ok(), "{example}");
            }
        }
        all(ValueError::Bind, "alone: ", bind);
        all(ValueError::Count { least: 1, most: 99 }, "such as ", |text| count(text, 1..=99));
        all(ValueError::Rate, "such as ", rate);
        all(ValueError::Size, "such as ", size);
        all(ValueError::Switch, "write ", switch);
        all(ValueError::Time, "such as ", time);
        all(ValueError::TimeTooLong, "at most ", time);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(
            seconds in 0..MAX_TIME.as_secs(),
            nanos in 0..1_000_000_000_u32,
            octets: u64,
            port: u16,
            host in r"[a-z]{1,9}(\.[a-z]{1,9})?",
        ) {
            let written = format!("{seconds}.{nanos:09}");
            prop_assert_eq!(time(&written), Ok(Duration::new(seconds, nanos)));
            prop_assert_eq!(time(&format!("{seconds} ms")), Ok(Duration::from_millis(seconds)));
            prop_assert_eq!(size(&octets.to_string()), Ok(octets));
            prop_assert_eq!(count(&octets.to_string(), 0..=u64::MAX), Ok(octets));
            let written = format!("{host}:{port}");
            prop_assert_eq!(bind(&written), Ok(Bind { host: Some(host), port }));
        }

        #[test]
        fn any_text_is_read_or_refused(text in r"[0-9a-z.:,/\[\] \PC]{0,24}") {
            let _ = (time(&text), size(&text), rate(&text), switch(&text), bind(&text), count(&text, 0..=9));
            let text = Text::new(text.as_str(), 0..text.len());
            for item in list(&text).into_iter().flatten() {
                prop_assert_eq!(&text.value[item.span.clone()], &item.value);
            }
            for error in [ValueError::Time, ValueError::Bind, ValueError::Switch] {
                prop_assert!(!error.problem("x", &text).says.contains('\n'));
            }
        }
    }
}
