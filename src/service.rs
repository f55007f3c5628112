//! The kinds of service: what happens to a request once it is known which service it is for.

pub mod kerberos5_proxy;
pub mod kkdcp;
pub mod proxy;
pub mod raw;
pub mod relay;

use std::sync::Arc;

/// What is behind the hall.
#[derive(Clone, Debug)]
pub enum Service {
    /// KDCs.
    Kerberos5Proxy(Arc<kerberos5_proxy::Kerberos5Proxy>),
    /// Back ends.
    Proxy(Arc<proxy::Proxy>),
}
