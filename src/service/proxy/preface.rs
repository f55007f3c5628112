//! What a back end of octets is told before a client's own: a header of the PROXY protocol, version 2, with who asks.
//!
//! It is the first that is written on a connection, inside TLS where that is spoken: names of users are for the back end, and
//! nobody on the way may change them. The numbers of the additional fields are published in `docs/identity.md`.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::uri::Authority;

use super::failure::BackendFailure;
use crate::{
    realm::{pass::Pass, subject::encoded},
    record::RequestId,
};

/// What each header begins with (section 2.2 of the specification).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, for a client.
const PROXY: u8 = 0x21;
/// Streams over IPv4 and IPv6.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
/// The longest header: nginx reads no longer one. What is above that is not cut, since half a list of roles says something else.
pub const LONGEST: usize = 4096;

/// The host that the client asked for.
const AUTHORITY: u8 = 0x02;
/// What the connection is called in the log.
const UNIQUE_ID: u8 = 0x05;
/// The first of those that are for anybody's own use (section 2.2.7): the user.
const PRINCIPAL: u8 = 0xe0;
const ROLES: u8 = 0xe1;
const REALM: u8 = 0xe2;
const ENDS: u8 = 0xe3;

/// What a back end of octets is told of clients.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Preface {
    /// Nothing.
    #[default]
    Nothing,
    /// Where they are.
    Address,
    /// Who they are, too.
    Identity,
}

/// A client as a back end is told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client<'a> {
    /// Where it is.
    pub(super) peer: SocketAddr,
    /// What it called the gateway.
    pub(super) host: Option<&'a Authority>,
    /// What it is called in the log.
    pub(super) id: RequestId,
    /// What it was let in with.
    pub(super) pass: Option<&'a Pass>,
}

impl Preface {
    /// The octets to begin with.
    ///
    /// # Errors
    ///
    /// [`BackendFailure::Untold`] if they were more than [`LONGEST`].
    pub(super) fn of(self, client: &Client<'_>) -> Result<Bytes, BackendFailure> {
        if self == Self::Nothing {
            return Ok(Bytes::new());
        }
        // Where the client came in is not told: the gateway may stand behind others.
        let mut body = Vec::new();
        let port = client.peer.port().to_be_bytes();
        let family = match client.peer.ip().to_canonical() {
            IpAddr::V4(from) => {
                body.extend([&from.octets()[..], &[0; 4], &port, &[0; 2]].concat());
                TCP4
            }
            IpAddr::V6(from) => {
                body.extend([&from.octets()[..], &[0; 16], &port, &[0; 2]].concat());
                TCP6
            }
        };
        let mut add = |kind: u8, value: &str| {
            // Longer ones are found out below.
            let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
            body.push(kind);
            body.extend(length.to_be_bytes());
            body.extend(value.as_bytes());
        };
        if let Some(host) = client.host {
            add(AUTHORITY, host.host());
        }
        add(UNIQUE_ID, &client.id.to_string());
        if let (Self::Identity, Some(pass)) = (self, client.pass)
            && let Some(subject) = &pass.subject
        {
            add(PRINCIPAL, &encoded(subject.called()));
            add(ROLES, &subject.listed_roles());
            if let Some(realm) = pass.realm.as_deref().filter(|realm| !realm.is_empty()) {
                add(REALM, &encoded(realm));
            }
            if let Some(ends) = pass.ends {
                add(ENDS, &ends.to_string());
            }
        }
        let whole = SIGNATURE.len() + 4 + body.len();
        let length = u16::try_from(body.len()).ok().filter(|_| whole <= LONGEST);
        let length = length.ok_or(BackendFailure::Untold(whole))?;
        let fixed = [&SIGNATURE[..], &[PROXY, family], &length.to_be_bytes()].concat();
        Ok([fixed, body].concat().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::proxy_protocol::{Progress, parse};

    fn client(peer: &str) -> Client<'static> {
        Client { peer: peer.parse().unwrap(), host: None, id: RequestId::next(), pass: None }
    }

    #[test]
    fn the_reader_of_such_headers_finds_the_client_in_it() {
        for (peer, found) in [
            ("192.0.2.7:50000", "192.0.2.7:50000"),
            ("[2001:db8::7]:50000", "[2001:db8::7]:50000"),
            ("[::ffff:192.0.2.7]:50000", "192.0.2.7:50000"),
        ] {
            let header = Preface::Address.of(&client(peer)).unwrap();
            assert_eq!(parse(&header).unwrap(), Progress::Whole(Some(found.parse().unwrap())));
        }
    }

    #[test]
    fn a_header_that_is_too_long_is_not_cut() {
        let host: Authority = format!("{}.test", "a".repeat(LONGEST)).parse().unwrap();
        let long = Client { host: Some(&host), ..client("192.0.2.7:1") };
        assert!(
            matches!(Preface::Address.of(&long), Err(BackendFailure::Untold(length)) if length > LONGEST)
        );
        let longer: Authority = "a".repeat(65_000).parse().unwrap();
        let long = Client { host: Some(&longer), ..client("192.0.2.7:1") };
        assert!(Preface::Address.of(&long).is_err());
    }

    #[test]
    fn nothing_is_told_where_nothing_is_asked_for() {
        assert!(Preface::default().of(&client("192.0.2.7:1")).unwrap().is_empty());
    }
}
