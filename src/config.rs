//! `gateway-config.xml`: from its octets to what the gateway is told to do, every mistake with its place.

pub mod report;
pub mod substitution;
pub mod value;
pub mod xml;
