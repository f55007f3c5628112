//! What Kerberos bytes mean. Pure: no sockets, no clock, no randomness.

#[cfg(test)]
mod captured;
#[cfg(feature = "crypto")]
pub mod ccache;
mod codec;
#[cfg(feature = "crypto")]
pub mod crypto;
pub mod der;
pub mod error_code;
pub mod etype;
#[cfg(feature = "crypto")]
pub mod fields;
pub mod flags;
pub mod frame;
pub mod gss;
#[cfg(feature = "crypto")]
pub mod keytab;
pub mod kkdcp;
pub mod kpasswd;
pub mod msg;
pub mod name;
pub mod octets;
#[cfg(feature = "crypto")]
pub mod pac;
pub mod peek;
pub mod sealed;
pub mod spnego;
pub mod time;
