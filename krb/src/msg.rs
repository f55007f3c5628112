//! Kerberos messages, field by field (RFC 4120 section 5, whose module KerberosV5Spec2 is mirrored here).
//!
//! Fields have the names of the standard and plain types. Numbers that the standard calls UInt32 and that some
//! peers send as a negative Int32 are `i64`, so that either comes back as it was sent. Reading checks the form
//! alone: version, message type, ranges and names are for the caller, who knows which error to answer.

mod address;
pub mod ap;
#[cfg(feature = "crypto")]
pub mod cammac;
pub mod kdc;
pub mod krb_error;
#[cfg(feature = "crypto")]
pub mod krb_priv;
mod number;
#[cfg(feature = "crypto")]
pub mod opened;
pub mod padata;
pub mod ticket;

pub use address::{HostAddress, addr_type};
pub use number::{PVNO, msg_type};

pub use crate::codec::{Asn1Fault, MsgError};
