//! What was found of a token while it was judged, whatever the verdict: for the log and for who asks why.

use krb::{gss::checksum::GssFlags, name::Principal};

use crate::{groups::Judged, negotiation::Wrapping, ticket::Times, utc::Utc};

/// As far as the judgement came; what it did not reach is absent.
#[derive(Debug, Default)]
pub struct Found {
    /// How the token came.
    pub wrapping: Option<Wrapping>,
    /// The ticket, from the outside.
    pub ticket: Option<Outside>,
    /// Whether the client asked for proof of the service's identity in the AP-REQ.
    pub mutual: Option<bool>,
    /// The key that opened the ticket.
    pub key: Option<Opened>,
    /// Whose ticket it is.
    pub client: Option<Principal>,
    /// When it is valid.
    pub times: Option<Times>,
    /// Its flags, flag 0 in the highest bit.
    pub flags: Option<u32>,
    /// To how many addresses the ticket is bound.
    pub addresses: Option<usize>,
    /// The enctype of the session key, by its number.
    pub session_enctype: Option<i64>,
    /// When the authenticator was made, by the client's clock.
    pub made: Option<Utc>,
    /// The enctype of the client's subkey, by its number.
    pub subkey_enctype: Option<i64>,
    /// What the client asks of the context.
    pub gss_flags: Option<GssFlags>,
    /// Its channel binding; zero is none.
    pub bindings: Option<[u8; 16]>,
    /// The service that it meant.
    pub target: Option<String>,
    /// The PAC.
    pub pac: Option<Judged>,
    /// How the client logged in.
    pub indicators: Vec<String>,
}

/// A ticket as everybody sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outside {
    /// The service that it names. Nothing protects the name.
    pub service: Principal,
    /// The enctype of the sealed part, by its number.
    pub enctype: i64,
    /// The version of the key that sealed it.
    pub kvno: Option<u32>,
}

/// The key that opened a ticket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opened {
    /// Whose key it is.
    pub principal: Principal,
    /// Its version.
    pub kvno: u32,
}
