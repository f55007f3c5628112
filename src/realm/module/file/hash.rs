//! Hashes of passwords: which are known, what they may cost, and whether a password is the one of a hash.
//!
//! A hash is judged when it is read, not when somebody logs in: what it costs is in it, and an absurd cost would stop the
//! gateway. All are compared in constant time, and none is ever formatted.

mod argon2id;
mod bcrypt;
mod crypt64;
mod pbkdf2;
mod sha_crypt;
mod yescrypt;

use std::fmt;

use self::{argon2id::Argon2id, bcrypt::Bcrypt, pbkdf2::Pbkdf2, sha_crypt::ShaCrypt, yescrypt::Yescrypt};

pub use argon2id::make;

/// Longest password that is hashed, in octets: that of crypt(5), whose SHA-crypt takes time with the square of it.
pub const MAX_PASSWORD: usize = 512;

/// Most memory that a hash may take, in octets.
pub const MAX_MEMORY: u64 = 1 << 30;

/// How much memory a hash may write in all, in octets: seconds of one processor.
const MAX_WRITTEN: u64 = 4 << 30;

/// The hash of a password.
#[derive(Clone)]
pub enum Hash {
    /// `$argon2id$` (RFC 9106).
    Argon2id(Argon2id),
    /// `$2a$`, `$2b$`, `$2y$`.
    Bcrypt(Bcrypt),
    /// `$pbkdf2-sha256$`, `$pbkdf2-sha512$` (RFC 8018 section 5.2).
    Pbkdf2(Pbkdf2),
    /// `$5$`, `$6$`.
    ShaCrypt(ShaCrypt),
    /// `$y$`.
    Yescrypt(Yescrypt),
}

/// What a hash costs: two of one recipe take the same time, whatever the password.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Recipe {
    /// argon2id.
    Argon2id {
        /// The version, 16 or 19.
        version: u32,
        /// KiB of memory.
        memory: u32,
        /// How often that is written.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// bcrypt.
    Bcrypt {
        /// The logarithm of its rounds.
        cost: u32,
    },
    /// PBKDF2.
    Pbkdf2 {
        /// Whether it is made of SHA-512, else of SHA-256.
        is_512: bool,
        /// How often it is applied.
        rounds: u32,
    },
    /// SHA-crypt.
    ShaCrypt {
        /// Whether it is made of SHA-512, else of SHA-256.
        is_512: bool,
        /// How often it is applied.
        rounds: u32,
    },
    /// yescrypt.
    Yescrypt {
        /// The logarithm of the number of blocks.
        blocks: u32,
        /// Their size, in units of 128 octets.
        size: u32,
    },
}

/// Why text is no hash that can be used. It never has any of the text in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// It costs too much.
    #[error(
        "the hash has {what} {given}, and {most} is the most that is computed; make one with `ticketgate passwd`"
    )]
    Costly {
        /// What of it.
        what: &'static str,
        /// How much it is.
        given: u64,
        /// How much it may be.
        most: u64,
    },
    /// It is cut off, or has something in it that does not belong there.
    #[error("it begins like a hash of {0} and is none; copy it whole, or make one with `ticketgate passwd`")]
    Malformed(&'static str),
    /// It begins like a hash, and nobody knows of which kind.
    #[error(
        "it begins with a dollar as hashes do, and is of no kind that is known; make one with `ticketgate passwd`"
    )]
    Unknown,
    /// It is of a kind that is not used.
    #[error("{0} is not supported; make a hash with `ticketgate passwd`")]
    Unsupported(&'static str),
}

/// A hash that could not be computed: there is not enough memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the hash of a password could not be computed; is there enough memory?")]
pub struct Broken;

impl Hash {
    /// Reads a hash. Text that does not begin with a dollar is none.
    ///
    /// # Errors
    ///
    /// Any [`HashError`].
    pub fn read(text: &str) -> Result<Self, HashError> {
        let (id, rest) =
            text.strip_prefix('$').and_then(|text| text.split_once('$')).ok_or(HashError::Unknown)?;
        Ok(match id {
            "argon2id" => Self::Argon2id(Argon2id::read(rest)?),
            "2a" | "2b" | "2y" => Self::Bcrypt(Bcrypt::read(text)?),
            "pbkdf2-sha256" => Self::Pbkdf2(Pbkdf2::read(false, rest)?),
            "pbkdf2-sha512" => Self::Pbkdf2(Pbkdf2::read(true, rest)?),
            "5" => Self::ShaCrypt(ShaCrypt::read(false, text, rest)?),
            "6" => Self::ShaCrypt(ShaCrypt::read(true, text, rest)?),
            "y" => Self::Yescrypt(Yescrypt::read(text, rest)?),
            "argon2i" | "argon2d" => return Err(HashError::Unsupported("argon2 other than argon2id")),
            "2" | "2x" => return Err(HashError::Unsupported("bcrypt of before 2a")),
            "pbkdf2" => return Err(HashError::Unsupported("PBKDF2 with SHA-1")),
            "1" | "apr1" | "md5" => return Err(HashError::Unsupported("a hash of MD5")),
            "3" => return Err(HashError::Unsupported("the hash of NT")),
            "7" | "scrypt" => return Err(HashError::Unsupported("scrypt")),
            "gy" => return Err(HashError::Unsupported("yescrypt with GOST")),
            _ => return Err(HashError::Unknown),
        })
    }

    /// What it costs.
    #[must_use]
    pub const fn recipe(&self) -> Recipe {
        match self {
            Self::Argon2id(hash) => hash.recipe(),
            Self::Bcrypt(hash) => hash.recipe(),
            Self::Pbkdf2(hash) => hash.recipe(),
            Self::ShaCrypt(hash) => hash.recipe(),
            Self::Yescrypt(hash) => hash.recipe(),
        }
    }

    /// Whether it is the hash of this password. It takes the same time for each password of one length.
    ///
    /// # Errors
    ///
    /// [`Broken`] if it cannot be computed.
    pub fn is_of(&self, password: &[u8]) -> Result<bool, Broken> {
        let is_equal = match self {
            Self::Argon2id(hash) => hash.is_of(password)?,
            Self::Bcrypt(hash) => hash.is_of(password)?,
            Self::Pbkdf2(hash) => hash.is_of(password),
            Self::ShaCrypt(hash) => hash.is_of(password)?,
            Self::Yescrypt(hash) => hash.is_of(password)?,
        };
        // For crypt(3) a password ends at NUL, and for bcrypt one that is repeated behind it is the same. The work has
        // been done all the same.
        Ok(is_equal && !password.contains(&0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({:?})", self.recipe())
    }
}

/// A cost that may not be above a bound.
const fn bound(what: &'static str, given: u64, most: u64) -> Result<(), HashError> {
    if given > most { Err(HashError::Costly { what, given, most }) } else { Ok(()) }
}

/// A number as hashes write it: digits alone, without a zero in front.
fn number(text: &str) -> Option<u32> {
    let is_plain =
        text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests;
