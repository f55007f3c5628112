//! SHA-crypt, as crypt(5) has it.

use sha_crypt::{PasswordVerifier as _, password_hash::Error};

use super::{Broken, HashError, Recipe, bound, crypt64, number};

/// Rounds where none are written.
const ROUNDS: u32 = 5_000;

/// The fewest. crypt(5) counts fewer as so many, or refuses them.
const LEAST_ROUNDS: u32 = 1_000;

/// Rounds: seconds of one processor.
const MAX_ROUNDS: u32 = 5_000_000;

/// A hash.
#[derive(Clone)]
pub struct ShaCrypt {
    text: String,
    is_512: bool,
    rounds: u32,
}

impl ShaCrypt {
    /// Reads the whole text, and what stands in it behind `$5$` or `$6$`.
    pub(super) fn read(is_512: bool, text: &str, rest: &str) -> Result<Self, HashError> {
        let malformed = HashError::Malformed("SHA-crypt");
        let mut fields = rest.split('$').peekable();
        let rounds = match fields.next_if(|field| field.starts_with("rounds=")) {
            None => ROUNDS,
            Some(field) => field
                .strip_prefix("rounds=")
                .and_then(number)
                .filter(|rounds| *rounds >= LEAST_ROUNDS)
                .ok_or(malformed)?,
        };
        bound("rounds:", rounds.into(), MAX_ROUNDS.into())?;
        let [Some(salt), Some(tag), None] = [fields.next(), fields.next(), fields.next()] else {
            return Err(malformed);
        };
        let is_salt =
            (1..=16).contains(&salt.len()) && salt.bytes().all(|octet| crypt64::value(octet).is_some());
        let length = if is_512 { 86 } else { 43 };
        if !is_salt || tag.len() != length || !crypt64::is_sound(tag) {
            return Err(malformed);
        }
        Ok(Self { text: text.to_owned(), is_512, rounds })
    }

    pub(super) const fn recipe(&self) -> Recipe {
        Recipe::ShaCrypt { is_512: self.is_512, rounds: self.rounds }
    }

    pub(super) fn is_of(&self, password: &[u8]) -> Result<bool, Broken> {
        match sha_crypt::ShaCrypt::default().verify_password(password, self.text.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(Broken),
        }
    }
}
