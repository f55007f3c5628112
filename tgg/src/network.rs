//! Which addresses a looked-up server may have.
//!
//! A name is resolved by a zone that others may control. Its addresses are therefore judged before anything
//! is sent: the gateway's own host and link are refused unless the operator names them.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why text is not a network.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a network; write it as 10.0.0.0/8, 2001:db8::/32 or a single address")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width).ok_or(NetworkError)?,
            None => width,
        };
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    /// Whether `address` lies in it. An IPv4 address counts as itself also where it is mapped into IPv6.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                same_bits(u128::from(net.to_bits()), u128::from(address.to_bits()), 32, self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                same_bits(net.to_bits(), address.to_bits(), 128, self.bits)
            }
            _ => false,
        }
    }
}

fn same_bits(one: u128, other: u128, width: u32, bits: u8) -> bool {
    (one ^ other).checked_shr(width - u32::from(bits)).unwrap_or(0) == 0
}

/// Where servers may be.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Networks {
    /// The networks that the operator named. None: everywhere but the gateway's own host and link.
    pub named: Vec<Network>,
}

impl Networks {
    /// Whether an address that was looked up may be asked.
    #[must_use]
    pub fn permit(&self, address: IpAddr) -> bool {
        if self.named.is_empty() {
            !is_own(address.to_canonical())
        } else {
            self.named.iter().any(|network| network.contains(address))
        }
    }
}

/// Whether an address means this host, this link, or no single host at all.
fn is_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_own_v4(v4),
        IpAddr::V6(v6) => {
            let embedded = v6.to_ipv4().is_some_and(is_own_v4);
            v6.is_unspecified()
                || v6.is_loopback()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || embedded && v6 != Ipv6Addr::LOCALHOST
        }
    }
}

const fn is_own_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    first == 0
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn loopback_and_link_local_are_refused_unless_named() {
        let anywhere = Networks::default();
        for own in [
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.1.1",
            "::127.0.0.1",
        ] {
            assert!(!anywhere.permit(address(own)), "{own}");
        }
        for other in ["10.0.0.1", "192.0.2.1", "2001:db8::1", "fd00::1"] {
            assert!(anywhere.permit(address(other)), "{other}");
        }
        let named = Networks { named: vec!["127.0.0.0/8".parse().unwrap()] };
        assert!(named.permit(address("127.0.0.1")));
        assert!(named.permit(address("::ffff:127.0.0.1")));
    }

    #[test]
    fn naming_networks_refuses_all_others() {
        let named =
            Networks { named: vec!["10.1.0.0/16".parse().unwrap(), "2001:db8::/33".parse().unwrap()] };
        assert!(named.permit(address("10.1.255.1")));
        assert!(!named.permit(address("10.2.0.1")));
        assert!(named.permit(address("2001:db8:7fff::1")));
        assert!(!named.permit(address("2001:db8:8000::1")));
    }

    #[test]
    fn the_ends_of_the_prefix_range_hold() {
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains(address("255.1.2.3")));
        let everything: Network = "::/0".parse().unwrap();
        assert!(everything.contains(address("ffff::")));
        let one: Network = "192.0.2.1".parse().unwrap();
        assert!(one.contains(address("192.0.2.1")) && !one.contains(address("192.0.2.0")));
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "a/8", "10.0.0.0/-1"] {
            assert_eq!(wrong.parse::<Network>(), Err(NetworkError), "{wrong}");
        }
    }
}
