//! Noise: whatever a peer sends, reading it ends with a message or an error.

use std::ops::Range;

use crate::captures::all;

/// Mutations of each capture; about 20,000 in all.
const ROUNDS: usize = 110;

/// The splitmix64 generator: the same noise in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("sizes fit");
        usize::try_from(self.next() % end).expect("sizes fit")
    }

    fn octet(&mut self) -> u8 {
        // Every second one is a value that lengths, tags and integers turn on.
        const EDGES: [u8; 12] = [0x00, 0x01, 0x1F, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xBF, 0xFF];
        let edge = EDGES[self.below(EDGES.len())];
        if self.below(2) == 0 { edge } else { self.next().to_be_bytes()[0] }
    }

    fn range(&mut self, end: usize) -> Range<usize> {
        let start = self.below(end);
        start..(start + 1 + self.below(8)).min(end)
    }

    fn mutate(&mut self, octets: &mut Vec<u8>) {
        if octets.is_empty() {
            octets.push(self.octet());
            return;
        }
        let place = self.below(octets.len());
        match self.below(7) {
            0 => octets[place] ^= 1 << self.below(8),
            1 => octets[place] = self.octet(),
            2 => octets[place] = octets[place].wrapping_add(if self.below(2) == 0 { 1 } else { 0xFF }),
            3 => octets.insert(place, self.octet()),
            4 => drop(octets.drain(self.range(octets.len()))),
            5 => {
                let copy = octets[self.range(octets.len())].to_vec();
                octets.splice(place..place, copy);
            }
            _ => octets.truncate(place),
        }
    }
}

#[test]
fn noise_is_read_without_panic_and_what_is_read_can_be_written() {
    let mut noise = Noise(0x4B52_4235);
    let mut read = 0;
    for capture in all() {
        for round in 0..ROUNDS {
            let mut octets = capture.octets.clone();
            for _ in 0..=noise.below(3) {
                noise.mutate(&mut octets);
            }
            if let Ok(written) = capture.kind.reread(&octets) {
                read += 1;
                let again = capture.kind.reread(&written).expect("our own DER can be read");
                assert_eq!(again, written, "{} round {round}: one DER form", capture.name);
            }
        }
    }
    // Mutations of content leave a message whole: if none did, the noise would be too loud to test anything.
    assert!(read > 2_000, "{read}");
}
