//! Mutations of a token, the same in each run.

use std::fmt;

/// What was done to a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mutation {
    Cut { at: usize },
    Flip { at: usize, bits: u8 },
    Insert { at: usize, octet: u8 },
    Remove { at: usize },
    Repeat { at: usize, length: usize },
    Set { at: usize, octet: u8 },
    Swap { at: usize },
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Mutation {
    fn apply(self, token: &[u8]) -> Vec<u8> {
        let mut mutated = token.to_vec();
        match self {
            Self::Cut { at } => mutated.truncate(at),
            Self::Flip { at, bits } => mutated[at] ^= bits,
            Self::Insert { at, octet } => mutated.insert(at, octet),
            Self::Remove { at } => drop(mutated.remove(at)),
            Self::Repeat { at, length } => {
                let repeated = token[at..(at + length).min(token.len())].to_vec();
                mutated.splice(at..at, repeated);
            }
            Self::Set { at, octet } => mutated[at] = octet,
            Self::Swap { at } => mutated.swap(at, at + 1),
        }
        mutated
    }
}

/// Mutations without end: first each octet's of the head, where the structure is, then anywhere.
pub(crate) struct Mutations<'a> {
    token: &'a [u8],
    state: u64,
    count: usize,
}

impl<'a> Mutations<'a> {
    pub(crate) const fn of(token: &'a [u8]) -> Self {
        Self { token, state: 0x9e37_79b9_7f4a_7c15, count: 0 }
    }

    /// xorshift64*, so that each run judges the same.
    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        usize::try_from(self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % below
    }
}

/// Octets at the front in which the lengths, tags and names are.
const HEAD: usize = 200;

impl Iterator for Mutations<'_> {
    type Item = (Mutation, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        self.count += 1;
        let length = self.token.len();
        let at = if self.count <= HEAD {
            self.count - 1
        } else if self.count.is_multiple_of(2) {
            self.random(HEAD)
        } else {
            self.random(length - 1)
        };
        let octet = u8::try_from(self.random(256)).unwrap();
        let mutation = match self.random(10) {
            0 => Mutation::Cut { at },
            1 => Mutation::Insert { at, octet },
            2 => Mutation::Remove { at },
            3 => Mutation::Repeat { at, length: 1 + usize::from(octet) % 32 },
            4 | 5 => Mutation::Set { at, octet },
            6 => Mutation::Swap { at },
            _ => Mutation::Flip { at, bits: 1 << (octet % 8) },
        };
        Some((mutation, mutation.apply(self.token)))
    }
}
