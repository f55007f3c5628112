//! What somebody who watches is told of each exchange, and in which words.

use std::fmt;
use std::time::SystemTime;

use krb::name::Principal;

use super::refusal::Refusal;

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
