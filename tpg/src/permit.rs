//! Proof that a ticket was judged and found good, and what it says of the client.

use krb::{crypto::Enctype, name::Principal, pac::Sid};

use crate::{groups::Groups, ticket::Times, utc::Utc};

/// Who the client is: all of it from the ticket, which the KDC sealed, and none from the authenticator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The client.
    pub client: Principal,
    /// What its PAC says, if it has a good one.
    pub groups: Groups,
    /// How it logged in, in the words of its realm (RFC 8129).
    pub indicators: Vec<String>,
}

impl Identity {
    /// The SIDs of the account and its groups.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        self.groups.user.iter().chain(&self.groups.groups)
    }
}

/// Says that every check of RFC 4120 section 3.2.3 was made and passed.
///
/// Only this crate can make one, so what asks for a permit cannot be reached by a peer that has none:
///
/// ```compile_fail,E0451
/// let forged = tpg::permit::Permit { ..panic!() };
/// ```
#[derive(Debug)]
#[must_use = "a permit that nobody asks for protects nothing"]
pub struct Permit {
    identity: Identity,
    facts: Facts,
}

/// What else was found of the ticket and the token.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The service whose key opened the ticket. The name in the ticket itself is anybody's.
    pub service: Principal,
    /// The version of that key.
    pub kvno: u32,
    /// The enctype of the ticket.
    pub ticket_enctype: Enctype,
    /// The enctype of the session key.
    pub session_enctype: Enctype,
    /// When the ticket is valid.
    pub times: Times,
    /// The ticket's flags, flag 0 in the highest bit (RFC 4120 section 5.3).
    pub flags: u32,
    /// Microseconds that the client's clock is ahead of ours.
    pub skew: i64,
    /// Whether the token is bound to this TLS connection.
    pub bound: bool,
    /// Whether the client said, sealed, that it meant this service.
    pub targeted: bool,
    /// Whether the client asked for proof that the service opened the ticket.
    pub mutual: bool,
}

impl Permit {
    pub(crate) const fn grant(identity: Identity, facts: Facts) -> Self {
        Self { identity, facts }
    }

    /// Who the client is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What else was found.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// When the ticket ends.
    #[must_use]
    pub const fn ends(&self) -> Utc {
        self.facts.times.ends
    }

    /// Who the client is, for keeps.
    #[must_use]
    pub fn into_identity(self) -> Identity {
        self.identity
    }
}
