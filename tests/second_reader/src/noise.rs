//! Mutations of a message, the same ones in every run.

use std::ops::Range;

/// The splitmix64 generator: small, seeded, and good enough to spread mutations.
#[derive(Clone, Debug)]
pub struct Noise(u64);

impl Noise {
    /// Noise that depends on `seed` alone.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A copy of `octets` with one to three mutations.
    pub fn mutated(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut octets = octets.to_vec();
        for _ in 0..=self.below(3) {
            self.mutate(&mut octets);
        }
        octets
    }

    fn mutate(&mut self, octets: &mut Vec<u8>) {
        let place = self.below(octets.len());
        let octet = self.octet();
        let Some(there) = octets.get_mut(place) else {
            octets.push(octet);
            return;
        };
        match self.below(7) {
            0 => *there ^= 1 << self.below(8),
            1 => *there = octet,
            2 => *there = there.wrapping_add(1),
            3 => *there = there.wrapping_sub(1),
            4 => octets.insert(place, octet),
            5 => drop(octets.drain(self.range(octets.len()))),
            _ => {
                let copy = octets.get(self.range(octets.len())).unwrap_or_default().to_vec();
                octets.splice(place..place, copy);
            }
        }
    }

    /// Half of the time a value that tags, lengths and integers turn on.
    fn octet(&mut self) -> u8 {
        const EDGES: [u8; 12] = [0x00, 0x01, 0x1F, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xBF, 0xFF];
        let [any, ..] = self.next().to_be_bytes();
        let edge = EDGES.get(self.below(EDGES.len())).copied().unwrap_or(any);
        if self.below(2) == 0 { edge } else { any }
    }

    fn range(&mut self, end: usize) -> Range<usize> {
        let start = self.below(end);
        start..(start + 1 + self.below(8)).min(end)
    }

    /// A number below `end`, or 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
