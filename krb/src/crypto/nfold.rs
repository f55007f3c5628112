//! n-fold: stretches or shrinks a string to a fixed length (RFC 3961 section
//! 5.1).

use super::cts::BLOCK;

/// Bits by which each further copy of the input is turned to the right
/// (RFC 3961 section 5.1).
const TURN: usize = 13;

/// Folds `input` to one cipher block.
///
/// The constants of a key derivation, the only use of it here, are five or
/// eight octets of our own choosing.
pub(super) fn nfold_block(input: &[u8]) -> [u8; BLOCK] {
    let mut folded = [0; BLOCK];
    nfold(input, &mut folded);
    folded
}

/// Folds `input` into the length of `output`, which comes in as zeros.
///
/// Copies of the input, each turned [`TURN`] bits further to the right, are
/// laid end to end until they fill a whole number of outputs; those are added
/// in ones' complement. An empty input folds to zeros.
fn nfold(input: &[u8], output: &mut [u8]) {
    if input.is_empty() || output.is_empty() {
        return;
    }
    let total = input.len() / gcd(input.len(), output.len()) * output.len();
    let mut carry = 0u16;
    // From the last octet to the first, so that the carry runs the right way.
    for place in (0..total).rev() {
        add(output, place % output.len(), turned(input, place), &mut carry);
    }
    // The carry out of the top comes back in at the bottom. It can ripple
    // once through every octet but not come out again.
    for place in (0..output.len()).rev() {
        add(output, place, 0, &mut carry);
    }
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

/// The octet at `place` in the endless row of turned copies of `input`.
fn turned(input: &[u8], place: usize) -> u8 {
    let bits = input.len() * 8;
    let turn = TURN * (place / input.len()) % bits;
    let first = ((place % input.len()) * 8 + bits - turn) % bits;
    let octet = |at: usize| input.get(at % input.len()).copied().unwrap_or_default();
    let pair = u16::from_be_bytes([octet(first / 8), octet(first / 8 + 1)]);
    let [_, low] = (pair >> (8 - first % 8)).to_be_bytes();
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
    use super::*;
    use crate::crypto::tests::hex;

    /// Every vector of RFC 3961 appendix A.1.
    #[test]
    fn the_published_foldings_come_out() {
        for (input, expected) in [
            ("012345", "be072631276b1955"),
            ("password", "78a07b6caf85fa"),
            ("Rough Consensus, and Running Code", "bb6ed30870b7f0e0"),
            ("password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"),
            ("MASSACHVSETTS INSTITVTE OF TECHNOLOGY", "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b"),
            ("Q", "518a54a215a8452a518a54a215a8452a518a54a215"),
            ("ba", "fb25d531ae8974499f52fd92ea9857c4ba24cf297e"),
            ("kerberos", "6b65726265726f73"),
            ("kerberos", "6b65726265726f737b9b5b2b93132b93"),
            ("kerberos", "8372c236344e5f1550cd0747e15d62ca7a5a3bcea4"),
            ("kerberos", "6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4"),
        ] {
            let expected = hex(expected);
            let mut folded = vec![0; expected.len()];
            nfold(input.as_bytes(), &mut folded);
            assert_eq!(folded, expected, "{}-fold of {input}", expected.len() * 8);
        }
    }

    #[test]
    fn nothing_folds_to_zeros() {
        assert_eq!(nfold_block(b""), [0; BLOCK]);
    }
}
