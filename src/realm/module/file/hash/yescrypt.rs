//! yescrypt, as crypt(5) makes its hashes; Debian and its kin do by default.

use yescrypt::{PasswordVerifier as _, password_hash::Error};

use super::{Broken, HashError, MAX_MEMORY, Recipe, bound, crypt64};

/// A hash.
#[derive(Clone)]
pub struct Yescrypt {
    text: String,
    blocks: u32,
    size: u32,
}

impl Yescrypt {
    /// Reads the whole text, and what stands in it behind `$y$`.
    pub(super) fn read(text: &str, rest: &str) -> Result<Self, HashError> {
        let malformed = HashError::Malformed("yescrypt");
        let mut fields = rest.split('$');
        let [Some(costs), Some(salt), Some(tag), None] =
            [fields.next(), fields.next(), fields.next(), fields.next()]
        else {
            return Err(malformed);
        };
        // Three characters are all that crypt_gensalt(3) makes: the flavour, the logarithm of the number of blocks, and
        // their size, the two as numbers below 48 that count from 1. What else yescrypt can be told, nobody uses.
        let &[b'j', blocks, size] = costs.as_bytes() else {
            return Err(HashError::Unsupported("yescrypt with settings that crypt(5) does not make"));
        };
        let cost = |character| crypt64::value(character).filter(|value| *value < 48).map(|value| value + 1);
        let (Some(blocks), Some(size)) = (cost(blocks), cost(size)) else { return Err(malformed) };
        let octets = u64::from(size).saturating_mul(128).saturating_mul(1 << blocks);
        bound("octets of memory:", octets, MAX_MEMORY)?;
        let is_salt = salt.len() <= 86 && crypt64::is_sound(salt);
        if !is_salt || tag.len() != 43 || !crypt64::is_sound(tag) {
            return Err(malformed);
        }
        Ok(Self { text: text.to_owned(), blocks, size })
    }

    pub(super) const fn recipe(&self) -> Recipe {
        Recipe::Yescrypt { blocks: self.blocks, size: self.size }
    }

    pub(super) fn is_of(&self, password: &[u8]) -> Result<bool, Broken> {
        match yescrypt::Yescrypt::default().verify_password(password, self.text.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(Broken),
        }
    }
}
