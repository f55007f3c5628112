//! Both readers judge real and mutated messages alike, but for the differences that have a name.

use std::collections::BTreeSet;

use second_reader::capture;
use second_reader::difference::Contrast::{self, BothRead, OnlyOurs, OnlyTheirs, Panic};
use second_reader::difference::{KNOWN, contrast, named};
use second_reader::noise::Noise;
use second_reader::oddity::Oddity::{self, *};
use second_reader::oddity::survey;
use second_reader::verdict::{Kind, Verdict};

/// Mutations of each capture; about 60,000 in all.
const ROUNDS: usize = 330;

#[test]
fn every_real_message_is_read_by_both_as_it_stands() {
    let captures = capture::all().unwrap();
    assert_eq!(captures.len(), 185);
    for capture in captures {
        // The opened des3 ticket is followed by its block padding: both refuse it whole.
        let expected = match &*capture.name {
            name if name.contains("-et16-") => Verdict::Refused,
            _ => Verdict::Read(capture.octets.clone()),
        };
        assert_eq!(capture.kind.ours(&capture.octets), expected, "ours, {}", capture.name);
        assert_eq!(capture.kind.theirs(&capture.octets), expected, "theirs, {}", capture.name);
        assert_eq!(survey(&capture.octets), BTreeSet::new(), "{}", capture.name);
    }
}

#[test]
fn every_mutated_message_is_judged_alike_or_the_difference_has_a_name() {
    let mut noise = Noise::new(0x4B52_4235);
    let (mut alike, mut read) = (0, 0);
    for capture in capture::all().unwrap() {
        for _ in 0..ROUNDS {
            let octets = noise.mutated(&capture.octets);
            let (ours, theirs) = (capture.kind.ours(&octets), capture.kind.theirs(&octets));
            read += usize::from(matches!(ours, Verdict::Read(_)));
            let Some(contrast) = contrast(&ours, &theirs) else {
                alike += 1;
                continue;
            };
            let oddities = survey(&octets);
            assert!(
                named(contrast, &oddities).next().is_some(),
                "a {:?} from {}: {contrast:?} with {oddities:?}\nours {ours:02x?}\ntheirs {theirs:02x?}\n{octets:02x?}",
                capture.kind,
                capture.name,
            );
        }
    }
    // With few whole messages among the mutations, or few alike, the comparison would say little.
    assert!(read > 10_000 && alike > 50_000, "{read} read, {alike} alike");
}

/// An octet string as an element.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("the examples are small");
    assert!(length < 0x80, "the examples are small");
    [&[tag, length], content].concat()
}

/// A small AS-REQ, its parts to be replaced.
struct Example {
    pvno: Vec<u8>,
    flags: Vec<u8>,
    realm: Vec<u8>,
    till: Vec<u8>,
    nonce: Vec<u8>,
    etypes: Vec<u8>,
    addresses: Vec<u8>,
}

impl Example {
    fn new() -> Self {
        Self {
            pvno: tlv(0xA1, &tlv(0x02, &[5])),
            flags: tlv(0x03, &[0, 0x40, 0, 0, 0]),
            realm: tlv(0x1B, b"H4.TEST"),
            till: tlv(0x18, b"20260101000000Z"),
            nonce: tlv(0xA7, &tlv(0x02, &[1])),
            etypes: tlv(0xA8, &tlv(0x30, &[])),
            addresses: Vec::new(),
        }
    }

    fn octets(&self) -> Vec<u8> {
        let body = [
            tlv(0xA0, &self.flags),
            tlv(0xA2, &self.realm),
            tlv(0xA5, &self.till),
            self.nonce.clone(),
            self.etypes.clone(),
            self.addresses.clone(),
        ];
        let request =
            [self.pvno.clone(), tlv(0xA2, &tlv(0x02, &[10])), tlv(0xA4, &tlv(0x30, &body.concat()))];
        tlv(0x6A, &tlv(0x30, &request.concat()))
    }
}

#[test]
fn the_plain_example_is_read_by_both() {
    let octets = Example::new().octets();
    assert_eq!(Kind::AsReq.ours(&octets), Verdict::Read(octets.clone()));
    assert_eq!(Kind::AsReq.theirs(&octets), Verdict::Read(octets));
}

/// Each known difference with octets that are odd in that one way.
#[test]
#[cfg_attr(not(debug_assertions), ignore = "two of the panics are overflows, which wrap in a release build")]
fn every_known_difference_shows_in_an_example_that_has_nothing_else() {
    let plain = Example::new;
    let time = |text: &[u8]| Example { till: tlv(0x18, text), ..plain() }.octets();
    let flags = |content: &[u8]| Example { flags: tlv(0x03, content), ..plain() }.octets();
    let pvno = |tag: &[u8]| Example { pvno: [tag, &tlv(3, &[2, 1, 5])[1..]].concat(), ..plain() }.octets();
    let nonce = |content: &[u8]| Example { nonce: tlv(0xA7, content), ..plain() }.octets();
    let outer_length_one_short = {
        let mut octets = plain().octets();
        octets[1] -= 1;
        octets
    };
    let examples: Vec<(Contrast, Oddity, Vec<u8>)> = vec![
        (BothRead, OddFlags, flags(&[0, 0x40, 0, 0, 0, 0x80])),
        (BothRead, OddTime, time(b"+0260101000000Z")),
        (OnlyOurs, OddTime, time(b"")),
        (OnlyOurs, RawString, Example { realm: tlv(0x1B, b"\xFF\xFE"), ..plain() }.octets()),
        (OnlyOurs, WideInteger, nonce(&tlv(0x02, &[0, 0xFF, 0xFF, 0xFF, 0xFF]))),
        (OnlyTheirs, Crowded, nonce(&[2, 1, 1, 5, 0])),
        (OnlyTheirs, HighTag, pvno(&[0xBF, 1])),
        (OnlyTheirs, HugeLength, nonce(&[2, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1])),
        (OnlyTheirs, Indefinite, Example { etypes: vec![0xA8, 2, 0x30, 0x80], ..plain() }.octets()),
        (OnlyTheirs, OddFlags, flags(&[5])),
        (OnlyTheirs, OuterLength, outer_length_one_short),
        (Panic, HighTag, pvno(&[0xBF, 0x81, 0x81, 1])),
        (Panic, OddFlags, flags(&[9, 0x40, 0, 0, 0])),
        (Panic, OddTime, time(b"00000000000000Z")),
        (Panic, Overrun, Example { addresses: vec![0xA9, 3, 0x30, 0], ..plain() }.octets()),
    ];
    for (expected, oddity, octets) in &examples {
        let (ours, theirs) = (Kind::AsReq.ours(octets), Kind::AsReq.theirs(octets));
        assert_eq!(contrast(&ours, &theirs), Some(*expected), "{oddity:?}: {ours:02x?} {theirs:02x?}");
        assert_eq!(survey(octets), BTreeSet::from([*oddity]), "{expected:?}");
    }
    let shown: Vec<_> = examples.iter().map(|(contrast, oddity, _)| (*contrast, *oddity)).collect();
    let known: Vec<_> = KNOWN.iter().map(|known| (known.contrast, known.oddity)).collect();
    assert_eq!(shown, known);
}
