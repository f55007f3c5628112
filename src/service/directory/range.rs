//! The octets of a file that a request asks for (RFC 9110 section 14).
//!
//! One range is served. Of several none is: a server may leave them out (section 14.2), browsers never ask for them, and
//! many small ones are a known way to make a server work (CVE-2011-3192).

use std::ops::Range;

/// What is sent of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Extent {
    /// Nothing: it has not these octets.
    Outside,
    /// These octets.
    Part(Range<u64>),
    /// All of it.
    Whole,
}

/// What a `Range` field asks for of a file that has `length` octets. A field that is not understood asks for nothing.
pub(super) fn asked(field: &[u8], length: u64) -> Extent {
    one_range(field).map_or(Extent::Whole, |(first, last)| cut(first, last, length))
}

/// The two numbers of the only range.
fn one_range(field: &[u8]) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = std::str::from_utf8(field).ok()?.split_once('=')?;
    let (first, last) = range.trim_matches([' ', '\t']).split_once('-')?;
    let range = (number(first)?, number(last)?);
    let ordered = match range {
        (Some(first), Some(last)) => first <= last,
        (None, None) => false,
        _ => true,
    };
    (ordered && unit.eq_ignore_ascii_case("bytes")).then_some(range)
}

/// A number, or nothing where there is none. One that no file reaches stands for the highest.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

fn cut(first: Option<u64>, last: Option<u64>, length: u64) -> Extent {
    match (first, last) {
        (None, Some(0)) => Extent::Outside,
        // Nothing can be said of a part of an empty file.
        (None, Some(_)) if length == 0 => Extent::Whole,
        (None, Some(suffix)) => Extent::Part(length.saturating_sub(suffix)..length),
        (None, None) => Extent::Whole,
        (Some(first), _) if first >= length => Extent::Outside,
        (Some(first), last) => {
            Extent::Part(first..last.map_or(length, |last| last.saturating_add(1).min(length)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_cut_out() {
        for (field, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-99", 0..10),
            ("bytes=3-5", 3..6),
            ("bytes=9-9", 9..10),
            ("bytes=4-", 4..10),
            ("bytes=-3", 7..10),
            ("bytes=-99", 0..10),
            ("Bytes= 1-2 ", 1..3),
            ("bytes=1-99999999999999999999999", 1..10),
        ] {
            assert_eq!(asked(field.as_bytes(), 10), Extent::Part(part), "{field}");
        }
    }

    #[test]
    fn octets_that_the_file_has_not_are_outside() {
        for field in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(asked(field.as_bytes(), 10), Extent::Outside, "{field}");
        }
        assert_eq!(asked(b"bytes=0-", 0), Extent::Outside);
    }

    #[test]
    fn what_is_not_understood_and_several_ranges_ask_for_the_whole() {
        for field in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1-2-3",
            "rows=1-2",
            "bytes=0-1,3-4",
            "bytes=0-0,-1",
            "bytes =0-1",
            "bytes=0 -1",
        ] {
            assert_eq!(asked(field.as_bytes(), 10), Extent::Whole, "{field}");
        }
        assert_eq!(asked(b"bytes=\xff-", 10), Extent::Whole);
    }

    #[test]
    fn the_end_of_an_empty_file_is_the_whole_of_it() {
        assert_eq!(asked(b"bytes=-5", 0), Extent::Whole);
    }
}
