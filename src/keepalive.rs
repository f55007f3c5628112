//! How connections are kept honest while nothing is said on them.

use std::time::Duration;

use socket2::TcpKeepalive;

/// How a peer that is silent is asked whether it still exists: after a minute, and given up a minute later.
#[must_use]
pub fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4)
}
