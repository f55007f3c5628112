//! n-fold: stretches or shrinks a string to a fixed length (RFC 3961 section
//! 5.1).

/// Bits by which each further copy of the input is turned to the right
/// (RFC 3961 section 5.1).
const TURN: usize = 13;

/// Folds `input` into the length of `output`, which comes in as zeros.
///
/// Copies of the input, each turned [`TURN`] bits further to the right, are
/// laid end to end until they fill a whole number of outputs; those are added
/// in ones' complement. An empty input folds to zeros.
pub(super) fn nfold(input: &[u8], output: &mut [u8]) {
    if input.is_empty() || output.is_empty() {
        return;
    }
    let bits = input.len() * 8;
    let copies = output.len() / gcd(input.len(), output.len());
    let mut places = (0..output.len()).rev().cycle();
    let mut carry = 0;
    // From the last octet to the first, so that the carry runs the right way; `start` is the bit of the input
    // at which the octet begins. It is stepped, for a division an octet costs more than all the rest.
    let mut start = step(bits - TURN * (copies - 1) % bits, bits - 8, bits);
    for _ in 0..copies {
        for place in places.by_ref().take(input.len()) {
            add(output, place, octet_at(input, start), &mut carry);
            start = step(start, bits - 8, bits);
        }
        start = step(start, TURN % bits, bits);
    }
    // The carry out of the top comes back in at the bottom. It can ripple
    // once through every octet but not come out again.
    for place in (0..output.len()).rev() {
        add(output, place, 0, &mut carry);
    }
}

/// `bit`, moved on by `by` in an endless row of inputs; both are `bits` at
/// most.
const fn step(bit: usize, by: usize, bits: usize) -> usize {
    let bit = bit + by;
    if bit < bits { bit } else { bit - bits }
}

/// Adds `octet` and the carry to one octet of the sum.
fn add(sum: &mut [u8], place: usize, octet: u8, carry: &mut u16) {
    if let Some(slot) = sum.get_mut(place) {
        let total = u16::from(*slot) + u16::from(octet) + *carry;
        let [high, low] = total.to_be_bytes();
        *slot = low;
        *carry = u16::from(high);
    }
}

/// The octet that begins at bit `start` of `input`, after whose end it begins
/// again.
fn octet_at(input: &[u8], start: usize) -> u8 {
    let octet = |at: usize| input.get(at).or(input.first()).copied().unwrap_or_default();
    let pair = u16::from_be_bytes([octet(start / 8), octet(start / 8 + 1)]);
    let [_, low] = (pair >> (8 - start % 8)).to_be_bytes();
    low
}

const fn gcd(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The words of RFC 3961 section 5.1, bit by bit.
    fn by_definition(input: &[u8], length: usize) -> Vec<u8> {
        let bits = input.len() * 8;
        let bit = |at: usize| u32::from(input[at / 8] >> (7 - at % 8) & 1);
        // The least common multiple of both lengths, of copies turned by 13 bits more each.
        let total = (1..).map(|times| times * length).find(|total| total % input.len() == 0).unwrap();
        let row: Vec<u32> = (0..total * 8)
            .map(|at| (at / bits, at % bits))
            .map(|(copy, at)| bit((at + bits - 13 * copy % bits) % bits))
            .collect();
        let octets = row.chunks(8).map(|bits| bits.iter().fold(0, |octet, bit| octet << 1 | bit));
        let mut sum = vec![0; length];
        for part in octets.collect::<Vec<u32>>().chunks(length) {
            for (place, octet) in part.iter().enumerate() {
                sum[place] += octet;
            }
        }
        // Carries go one octet up, and from the first to the last, until there are none.
        while let Some(place) = sum.iter().position(|octet| *octet > 0xFF) {
            let carry = sum[place] >> 8;
            sum[place] &= 0xFF;
            sum[(place + length - 1) % length] += carry;
        }
        sum.into_iter().map(|octet| u8::try_from(octet).unwrap()).collect()
    }

    #[test]
    fn nothing_folds_to_zeros() {
        let mut folded = [0; 16];
        nfold(b"", &mut folded);
        assert_eq!(folded, [0; 16]);
    }

    proptest! {
        #[test]
        fn every_length_folds_as_defined(input in prop::collection::vec(any::<u8>(), 1..40), length in 1..33usize) {
            let mut folded = vec![0; length];
            nfold(&input, &mut folded);
            prop_assert_eq!(folded, by_definition(&input, length));
        }
    }
}
