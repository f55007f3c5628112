//! What Kerberos bytes mean. Pure: no sockets, no clock, no randomness.

mod codec;
#[cfg(feature = "crypto")]
pub mod crypto;
pub mod der;
pub mod error_code;
pub mod etype;
pub mod flags;
pub mod frame;
pub mod kkdcp;
pub mod kpasswd;
pub mod msg;
pub mod name;
pub mod octets;
pub mod peek;
pub mod sealed;
pub mod time;
