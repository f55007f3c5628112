//! bcrypt, as crypt(5) has it.

use std::str::FromStr as _;

use bcrypt::HashParts;

use super::{Broken, HashError, Recipe, bound};

/// Octets of a password that bcrypt reads.
const READ: usize = 72;

/// The logarithm of the rounds: seconds of one processor.
const MAX_COST: u32 = 16;

/// A hash.
#[derive(Clone)]
pub struct Bcrypt {
    text: String,
    cost: u32,
}

impl Bcrypt {
    /// Reads the whole text.
    pub(super) fn read(text: &str) -> Result<Self, HashError> {
        let parts = HashParts::from_str(text).map_err(|_| HashError::Malformed("bcrypt"))?;
        let cost = parts.get_cost();
        if cost < 4 {
            return Err(HashError::Malformed("bcrypt"));
        }
        bound("cost", cost.into(), MAX_COST.into())?;
        Ok(Self { text: text.to_owned(), cost })
    }

    pub(super) const fn recipe(&self) -> Recipe {
        Recipe::Bcrypt { cost: self.cost }
    }

    /// Of a longer password bcrypt would read the beginning alone, so it is the hash of none.
    pub(super) fn is_of(&self, password: &[u8]) -> Result<bool, Broken> {
        let is_equal = bcrypt::verify(password, &self.text).map_err(|_| Broken)?;
        Ok(is_equal && password.len() <= READ)
    }
}
