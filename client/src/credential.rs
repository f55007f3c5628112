//! What an exchange ends in: a ticket, with all that its owner must know to
//! use it.

use std::time::SystemTime;

use krb::crypto::Key;
use krb::flags::Flags;
use krb::msg::HostAddress;
use krb::msg::ticket::Ticket;
use krb::name::Principal;

/// A ticket with its session key, as a credential cache keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose ticket it is.
    pub client: Principal,
    /// What it is for.
    pub server: Principal,
    /// The session key that client and server share.
    pub key: Key,
    /// When it is valid.
    pub times: Times,
    /// What it may be used for, see [`krb::flags::ticket`].
    pub flags: Flags,
    /// The addresses it may be presented from; none means any.
    pub addresses: Vec<HostAddress>,
    /// The ticket itself, which only the server can open.
    pub ticket: Ticket,
}

/// When a ticket is valid, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When the client proved who it is.
    pub auth: SystemTime,
    /// When the ticket starts to be valid.
    pub start: SystemTime,
    /// When it ends.
    pub end: SystemTime,
    /// Until when it can be renewed, if it can.
    pub renew_till: Option<SystemTime>,
}
