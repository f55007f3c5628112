//! Why a back end did not serve a request that may be served.

use std::io;

use super::preface::LONGEST;
use crate::{answer::BadHead, ws::client::HandshakeError};

/// What is wrong with a back end or the way to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendFailure {
    /// No connection can be opened.
    #[error("cannot connect to the back end: {0}; is it running, and is its URL right?")]
    Absent(io::Error),
    /// It answered an upgrade with another key than the client's.
    #[error("the back end answered the upgrade with a wrong Sec-WebSocket-Accept; is it a WebSocket server?")]
    Accept,
    /// It broke the connection off or did not answer in HTTP.
    #[error("the back end broke off: {0}; look at its log")]
    Broken(hyper::Error),
    /// It could not be connected to, and has not answered a probe since.
    #[error("the back end is down; it is served again as soon as it can be connected to")]
    Down,
    /// It did not agree to a WebSocket that the gateway asked for.
    #[error("the back end did not agree to a WebSocket: {0}")]
    Handshake(HandshakeError),
    /// It was connected to and gave no answer in time.
    #[error(
        "the back end did not answer in time; if it may take longer, raise http.response.timeout (--response-timeout)"
    )]
    Late,
    /// The request was here before.
    #[error("the request came back to the service that passed it on; does its back end lead to the gateway?")]
    Loop,
    /// It did not let itself be connected to in time.
    #[error("the back end cannot be reached in time; is a firewall in between?")]
    Silent,
    /// No connection can be opened from the address that is configured for it.
    #[error(
        "cannot connect from the address of tcp.bind: {0}; is it this host's, and of the back end's kind?"
    )]
    Source(io::Error),
    /// There is no TLS with it.
    #[error("no TLS with the back end: {0}; name who signs its certificate in the truststore (--backend-ca)")]
    Tls(io::Error),
    /// What it is to be told of the user is too long.
    #[error(
        "the PROXY header with the user would have {0} octets, and {LONGEST} are the most; grant fewer roles, or set tcp.proxy.protocol to address"
    )]
    Untold(usize),
    /// It switched to what was not asked for: another protocol, sub-protocol, or any at all.
    #[error("the back end switched to a protocol that was not asked for; is it a WebSocket server?")]
    Unasked,
}

/// Why a request that may be served is not.
#[derive(Debug)]
pub enum Refused {
    /// For something about the back end.
    Backend(BackendFailure),
    /// For something about its head.
    Head(BadHead),
}

impl From<BackendFailure> for Refused {
    fn from(why: BackendFailure) -> Self {
        Self::Backend(why)
    }
}

impl From<BadHead> for Refused {
    fn from(bad: BadHead) -> Self {
        Self::Head(bad)
    }
}

impl BackendFailure {
    /// Whether there was no connection: nothing of the request was sent, and another back end may be asked.
    #[must_use]
    pub const fn is_before_sending(&self) -> bool {
        matches!(self, Self::Absent(_) | Self::Silent | Self::Source(_) | Self::Tls(_))
    }

    /// One word for logs and counters.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Absent(_) => "backend_absent",
            Self::Accept => "backend_accept",
            Self::Broken(_) => "backend_broken",
            Self::Down => "backend_down",
            Self::Handshake(_) => "backend_handshake",
            Self::Late => "backend_late",
            Self::Loop => "backend_loop",
            Self::Silent => "backend_silent",
            Self::Source(_) => "backend_source",
            Self::Tls(_) => "backend_tls",
            Self::Unasked => "backend_unasked",
            Self::Untold(_) => "backend_untold",
        }
    }
}
