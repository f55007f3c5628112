//! Network addresses that a ticket is asked for or bound to.

use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use crate::octets::Octets;

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
