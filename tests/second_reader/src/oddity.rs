//! What is odd about the form of some octets, found by walking their elements without knowing the message.
//!
//! An oddity is a fact about the input that a third, much simpler reader can see. Differences between the two
//! readers must rest on one, so that none is explained away by its outcome alone.

use std::collections::BTreeSet;

/// Something that DER or RFC 4120 does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// A context tag around no element, or more than one.
    Crowded,
    /// A tag number in the long form, which no Kerberos message needs.
    HighTag,
    /// A length of more octets than a machine word has.
    HugeLength,
    /// A length in the indefinite form.
    Indefinite,
    /// Flags of other than 32 bits, or with unused bits.
    OddFlags,
    /// A time that is not `YYYYMMDDHHMMSSZ` or names a moment that no clock shows.
    OddTime,
    /// An application tag whose length is not that of the one element in it.
    OuterLength,
    /// An element that is longer than what it stands in.
    Overrun,
    /// A GeneralString that is not UTF-8.
    RawString,
    /// An integer of more than four octets.
    WideInteger,
}

/// All oddities in `octets`.
#[must_use]
pub fn survey(octets: &[u8]) -> BTreeSet<Oddity> {
    let mut found = BTreeSet::new();
    walk(octets, &mut found);
    found
}

/// One element.
struct Element<'a> {
    tag: u8,
    /// What its length covers; `None` if there is less.
    content: Option<&'a [u8]>,
    /// All that stands behind its length.
    after_length: &'a [u8],
    /// What stands behind the content.
    rest: &'a [u8],
}

const CONSTRUCTED: u8 = 0x20;

/// Walks all elements of `octets`, says how many there are. One that is cut short counts and ends the walk.
fn walk(mut octets: &[u8], found: &mut BTreeSet<Oddity>) -> usize {
    let mut count = 0;
    while !octets.is_empty() {
        count += 1;
        let Some(element) = split(octets, found) else { break };
        let application = element.tag & 0xC0 == 0x40;
        octets = match element.content {
            // As if the tag were not there: what its length says is what is odd.
            _ if application && !holds_one(element.content) => {
                found.insert(Oddity::OuterLength);
                element.after_length
            }
            Some(content) => {
                look_at(element.tag, content, found);
                element.rest
            }
            None => {
                found.insert(Oddity::Overrun);
                break;
            }
        };
    }
    count
}

fn holds_one(content: Option<&[u8]>) -> bool {
    content
        .and_then(|content| split(content, &mut BTreeSet::new()))
        .is_some_and(|inner| inner.content.is_some() && inner.rest.is_empty())
}

fn look_at(tag: u8, content: &[u8], found: &mut BTreeSet<Oddity>) {
    let tagging = tag & 0xC0 != 0;
    match tag {
        0x02 if content.len() > 4 => drop(found.insert(Oddity::WideInteger)),
        0x03 if content.len() != 5 || content.first() != Some(&0) => drop(found.insert(Oddity::OddFlags)),
        0x18 if !is_time(content) => drop(found.insert(Oddity::OddTime)),
        0x1B if str::from_utf8(content).is_err() => drop(found.insert(Oddity::RawString)),
        _ if !tagging && tag & CONSTRUCTED == 0 => {}
        _ => {
            let crowded = walk(content, found) != 1 && tagging;
            if crowded {
                found.insert(Oddity::Crowded);
            }
        }
    }
}

/// Takes the first element off; `None` if tag or length are cut short.
fn split<'a>(octets: &'a [u8], found: &mut BTreeSet<Oddity>) -> Option<Element<'a>> {
    let (&tag, mut octets) = octets.split_first()?;
    if tag & 0x1F == 0x1F {
        found.insert(Oddity::HighTag);
        let end = octets.iter().position(|octet| octet & 0x80 == 0)?;
        octets = octets.get(end + 1..)?;
    }
    let (&first, octets) = octets.split_first()?;
    let (length, after_length) = match first {
        0..=0x7F => (usize::from(first), octets),
        0x80 => {
            found.insert(Oddity::Indefinite);
            (0, octets)
        }
        _ => {
            let (length, after) = octets.split_at_checked(usize::from(first & 0x7F))?;
            if length.len() > size_of::<usize>() {
                found.insert(Oddity::HugeLength);
            }
            (length.iter().fold(0, |value, octet| value << 8 | usize::from(*octet)), after)
        }
    };
    let (content, rest) = match after_length.split_at_checked(length) {
        Some((content, rest)) => (Some(content), rest),
        None => (None, <&[u8]>::default()),
    };
    Some(Element { tag, content, after_length, rest })
}

/// Whether the octets are `YYYYMMDDHHMMSSZ` and name a moment, leap seconds aside.
fn is_time(octets: &[u8]) -> bool {
    let [digits @ .., b'Z'] = octets else { return false };
    if digits.len() != 14 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let part = |start: usize, length: usize| {
        let digits = digits.get(start..start + length).unwrap_or_default();
        digits.iter().fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'))
    };
    let (year, month, day) = (part(0, 4), part(4, 2), part(6, 2));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day) && part(8, 2) < 24 && part(10, 2) < 60 && part(12, 2) < 60
}
