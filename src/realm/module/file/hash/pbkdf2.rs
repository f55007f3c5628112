//! PBKDF2 with HMAC-SHA-256 or HMAC-SHA-512 (RFC 8018 section 5.2), in the two ways in which tools write it.
//!
//! In a PHC string the rounds are `i=29000`, perhaps with the length `l=32`, and base64 is the usual one without padding; passlib
//! writes the number alone, and a full stop in place of the plus.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::{HashError, Recipe, bound, number};

/// Rounds: seconds of one processor.
const MAX_ROUNDS: u32 = 10_000_000;

/// A hash.
#[derive(Clone)]
pub struct Pbkdf2 {
    is_512: bool,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Pbkdf2 {
    /// What stands behind `$pbkdf2-sha256$` or `$pbkdf2-sha512$`.
    pub(super) fn read(is_512: bool, rest: &str) -> Result<Self, HashError> {
        let malformed = HashError::Malformed("PBKDF2");
        let mut fields = rest.split('$');
        let [Some(costs), Some(salt), Some(tag), None] =
            [fields.next(), fields.next(), fields.next(), fields.next()]
        else {
            return Err(malformed);
        };
        let (rounds, length) = match costs.strip_prefix("i=") {
            None => (costs, None),
            Some(costs) => match costs.split_once(",l=") {
                None => (costs, None),
                Some((rounds, length)) => (rounds, Some(number(length).ok_or(malformed)?)),
            },
        };
        let rounds = number(rounds).and_then(NonZeroU32::new).ok_or(malformed)?;
        bound("rounds:", rounds.get().into(), MAX_ROUNDS.into())?;
        let decode = |text: &str, sound: fn(usize) -> bool| {
            let text = text.replace('.', "+");
            STANDARD_NO_PAD.decode(text).ok().filter(|octets| sound(octets.len())).ok_or(malformed)
        };
        let salt = decode(salt, |length| (1..=1024).contains(&length))?;
        // A longer one would be made of several blocks, each for the full price. A shorter one is announced, or it was cut
        // off.
        let whole = if is_512 { 64 } else { 32 };
        let announced = length.map_or(Some(whole), |length| usize::try_from(length).ok());
        let tag = decode(tag, |length| (16..=64).contains(&length))?;
        if tag.len() > whole || announced != Some(tag.len()) {
            return Err(malformed);
        }
        Ok(Self { is_512, rounds, salt, tag })
    }

    pub(super) const fn recipe(&self) -> Recipe {
        Recipe::Pbkdf2 { is_512: self.is_512, rounds: self.rounds.get() }
    }

    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let algorithm = if self.is_512 { PBKDF2_HMAC_SHA512 } else { PBKDF2_HMAC_SHA256 };
        // It compares in constant time.
        pbkdf2::verify(algorithm, self.rounds, &self.salt, password, &self.tag).is_ok()
    }
}
