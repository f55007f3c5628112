//! The kinds of service: what happens to a request once it is known which service it is for.

pub mod kerberos5_proxy;
pub mod kkdcp;
pub mod raw;
pub mod relay;
