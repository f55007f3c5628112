//! Why a key, a sealed message or a password could not be used.

use super::Enctype;

/// What can go wrong in this room.
///
/// None of these goes away by trying again with the same octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// A checksum has another type than the key makes.
    #[error("the checksum is of type {found}, but the key makes type {expected}")]
    ChecksumType {
        /// The number on the wire.
        found: i32,
        /// What goes with the key's enctype.
        expected: i32,
    },
    /// A message is sealed with another enctype than the key has.
    #[error("the message is sealed with enctype {found}, but the key is for {}", expected.number())]
    EnctypeMismatch {
        /// The number on the wire.
        found: i64,
        /// The key's enctype.
        expected: Enctype,
    },
    /// The checksum does not fit: another key, another usage, or altered
    /// octets. Which of them cannot be told.
    #[error("the checksum does not fit: wrong key, or the message was altered")]
    Integrity,
    /// The number of PBKDF2 rounds is outside of what is accepted.
    #[error("{count} rounds of password hashing were asked for; accepted are {least} to {most}")]
    IterationCount {
        /// What was asked for. 0 on the wire means 2^32 and is reported as 0.
        count: u32,
        /// The least that is accepted: the enctype's default.
        least: u32,
        /// The most that is accepted.
        most: u32,
    },
    /// A key does not have the length of its enctype.
    #[error("a key of {length} octets is no {} key", enctype.name())]
    KeyLength {
        /// The enctype that was claimed.
        enctype: Enctype,
        /// Octets found.
        length: usize,
    },
    /// The string-to-key parameters are not four octets, or are there for a weak enctype, which has none.
    #[error("string-to-key parameters of {length} octets, which the enctype does not have")]
    ParameterLength {
        /// Octets found.
        length: usize,
    },
    /// The password is not UTF-8, which the enctype needs it to be.
    #[error("the password is not UTF-8")]
    PasswordText,
    /// A sealed message is shorter than a confounder and a checksum.
    #[error("{length} octets are too few to be sealed; {least} are the least")]
    TooShort {
        /// Octets found.
        length: usize,
        /// The least for this enctype.
        least: usize,
    },
    /// There is no cipher here for this enctype, or it is weak and was not asked for.
    #[error("enctype {number} is not supported; use 17, 18, 19 or 20")]
    UnknownEnctype {
        /// The number on the wire.
        number: i64,
    },
}
