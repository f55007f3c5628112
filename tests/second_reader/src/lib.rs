//! Compares two independent readers of Kerberos messages: `krb`, which ships, and `kerberos_asn1`.
//!
//! Whatever one of them makes of a message, real or mutated, the other must make of it too, or the difference
//! has a name and a reason in [`difference`]. This package is under AGPL-3.0-only, see its LICENSE.

pub mod capture;
pub mod difference;
pub mod noise;
pub mod oddity;
pub mod verdict;
