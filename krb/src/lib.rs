//! What Kerberos bytes mean. Pure: no sockets, no clock, no randomness.

mod codec;
#[cfg(feature = "crypto")]
pub mod crypto;
pub mod error_code;
pub mod etype;
pub mod flags;
pub mod msg;
pub mod name;
pub mod octets;
pub mod sealed;
pub mod time;
