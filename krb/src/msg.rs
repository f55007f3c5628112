//! Kerberos messages, field by field (RFC 4120 section 5, whose module KerberosV5Spec2 is mirrored here).
//!
//! Fields have the names of the standard and plain types. Numbers that the standard calls UInt32 and that some
//! peers send as a negative Int32 are `i64`, so that either comes back as it was sent. Reading checks the form
//! alone: version, message type, ranges and names are for the caller, who knows which error to answer.

pub mod ap;
pub mod kdc;
pub mod krb_error;
#[cfg(feature = "crypto")]
pub mod opened;
pub mod padata;
pub mod ticket;

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

pub use crate::codec::{Asn1Fault, MsgError};
use crate::octets::Octets;

/// The protocol version of every message, `pvno` and `tkt-vno`.
pub const PVNO: i64 = 5;

/// Message types, which are the application tags too (RFC 4120 section 7.5.7).
pub mod msg_type {
    /// AS-REQ.
    pub const AS_REQ: i64 = 10;
    /// AS-REP.
    pub const AS_REP: i64 = 11;
    /// TGS-REQ.
    pub const TGS_REQ: i64 = 12;
    /// TGS-REP.
    pub const TGS_REP: i64 = 13;
    /// AP-REQ.
    pub const AP_REQ: i64 = 14;
    /// AP-REP.
    pub const AP_REP: i64 = 15;
    /// KRB-ERROR.
    pub const KRB_ERROR: i64 = 30;
}

/// Address types (RFC 4120 section 7.5.3).
pub mod addr_type {
    /// Four octets of an IPv4 address.
    pub const IPV4: i32 = 2;
    /// A direction, for messages between two parties at one address.
    pub const DIRECTIONAL: i32 = 3;
    /// A NetBIOS name, padded with spaces to sixteen octets.
    pub const NETBIOS: i32 = 20;
    /// Sixteen octets of an IPv6 address.
    pub const IPV6: i32 = 24;
}

/// A network address (RFC 4120 section 5.2.5).
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq, Hash)]
pub struct HostAddress {
    /// What kind of address, see [`addr_type`].
    #[rasn(tag(explicit(0)))]
    pub addr_type: i32,
    /// The address, most significant octet first.
    #[rasn(tag(explicit(1)))]
    pub address: Octets,
}
