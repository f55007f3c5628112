//! What somebody who watches is told: that the KDC starts, each exchange, and in which words.

use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use krb::name::Principal;

use super::refusal::Refusal;

/// Something to show or to log, in a line of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An exchange is over.
    Exchange(Exchange),
    /// A [`Server`](super::Server) listens at these addresses.
    Start(Vec<SocketAddr>),
}

/// Which exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A password becomes a ticket.
    As,
    /// A password is changed.
    Kpasswd,
    /// A ticket-granting ticket becomes a ticket.
    Tgs,
}

/// One exchange that is over.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Which exchange.
    pub kind: Kind,
    /// Who asked, as far as it was read: proven in a TGS exchange and a password change that were granted.
    pub client: Option<Principal>,
    /// What was asked for.
    pub server: Option<Principal>,
    /// Why not; `None` if it was granted. [`Refusal::code`] is the number on the wire.
    pub refusal: Option<Refusal>,
    /// When, by the clock of the KDC.
    pub time: SystemTime,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(exchange) => exchange.fmt(f),
            Self::Start(addrs) => {
                f.write_str("an embedded KDC for tests and demonstrations answers at")?;
                addrs.iter().try_for_each(|addr| write!(f, " {addr}"))?;
                f.write_str("; never use it in production")
            }
        }
    }
}

/// One line, such as `TGS alice@DEMO.TEST for HTTP/localhost@DEMO.TEST: granted`.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::As => "AS ",
            Kind::Kpasswd => "password change ",
            Kind::Tgs => "TGS ",
        })?;
        match &self.client {
            Some(client) => write!(f, "{client}")?,
            None => f.write_str("somebody")?,
        }
        if let Some(server) = &self.server {
            write!(f, " for {server}")?;
        }
        match &self.refusal {
            Some(refusal) => write!(f, ": {refusal} ({})", refusal.code()),
            None => f.write_str(": granted"),
        }
    }
}
