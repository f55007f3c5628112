//! What Kerberos bytes mean. Pure: no sockets, no clock, no randomness.

#[cfg(feature = "crypto")]
pub mod crypto;
