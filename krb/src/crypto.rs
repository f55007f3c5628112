//! Kerberos encryption: keys, what they seal and open, and the checksums they
//! make (RFC 3961, RFC 3962, RFC 4757, RFC 8009).
//!
//! Enctypes 17 to 20, and for those who ask by name the weak ones 16 and 23:
//! no conversion from a number or a message gives a weak key, only
//! [`Enctype::allowing_weak`] and [`Key::allowing_weak`] do. Nothing here draws
//! randomness: the confounder of a sealed message is an argument.
//!
//! ```
//! use krb::crypto::{Enctype, Usage, UsageKeys, string_to_key};
//!
//! # fn main() -> Result<(), krb::crypto::CryptoError> {
//! let key = string_to_key(Enctype::Aes128CtsHmacSha1_96, b"secret", b"EXAMPLE.COMalice", None)?;
//! let keys = UsageKeys::derive(&key, Usage::TICKET)?;
//! let sealed = keys.seal(&[7; 16], b"sixteen random octets come first");
//! assert_eq!(keys.open(&sealed)?, b"sixteen random octets come first");
//! # Ok(())
//! # }
//! ```

mod aes_sha2;
mod arcfour;
mod checksum;
mod cts;
mod des3;
mod enctype;
mod error;
mod key;
mod mac;
mod message;
mod nfold;
mod password;
mod prf;
mod simplified;
mod usage;
mod usage_keys;

pub use checksum::ChecksumKey;
pub use enctype::Enctype;
pub use error::CryptoError;
pub use key::Key;
pub use password::{MAX_ITERATIONS, string_to_key};
pub use prf::{combine, prf};
pub use usage::Usage;
pub use usage_keys::{CONFOUNDER_LENGTH, UsageKeys};

#[cfg(test)]
pub(crate) mod tests;
