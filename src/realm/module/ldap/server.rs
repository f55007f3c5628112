//! Directory servers as operators write them: the URLs of RFC 4516, of which the host, the port and the folder count.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;

/// Where LDAP is spoken.
const PORT: u16 = 389;
/// Where it is spoken over TLS.
const TLS_PORT: u16 = 636;

/// How what is said to a server is protected.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Protection {
    /// Not at all: passwords can be read by all on the way.
    Clear,
    /// By TLS that is asked for first (RFC 4511 section 4.14).
    StartTls,
    /// By TLS from the start.
    #[default]
    Tls,
}

/// The URL of a server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Url {
    /// Whether it is `ldaps`.
    pub is_tls: bool,
    /// The host, without the brackets around an address.
    pub host: String,
    /// The port, if it has one.
    pub port: Option<u16>,
    /// The folder that users are in; empty if it has none.
    pub base: String,
}

/// Why text is no URL of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The name of the folder is not text.
    #[error(
        "what is behind the host is no name of a folder; write it as in ldap://ldap.example.com/ou=people,dc=example"
    )]
    Base,
    /// It names no host, or none that there can be.
    #[error("it names no host; write it as ldap://HOST[:PORT]/BASE")]
    Host,
    /// It names what is said elsewhere.
    #[error("what is behind the question mark is not used; take it out, and say it in <userFilter>")]
    Query,
    /// It is something else.
    #[error("write it as ldap:// or ldaps://HOST[:PORT]/BASE")]
    Scheme,
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "ldap" => false,
            "ldaps" => true,
            _ => return Err(UrlError::Scheme),
        };
        let (place, base) = rest.split_once('/').unwrap_or((rest, ""));
        if place.contains('?') || base.contains('?') {
            return Err(UrlError::Query);
        }
        let (host, port) = match place.strip_prefix('[') {
            Some(address) => {
                let (address, behind) = address.split_once(']').ok_or(UrlError::Host)?;
                address.parse::<std::net::Ipv6Addr>().map_err(|_| UrlError::Host)?;
                (address, behind.strip_prefix(':'))
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        // What can be named in a certificate is a host, and what cannot is none.
        if rustls_pki_types::ServerName::try_from(host).is_err() {
            return Err(UrlError::Host);
        }
        let port = port.map(|port| port.parse().ok().filter(|port| *port != 0).ok_or(UrlError::Host));
        let base = percent_decode_str(base).decode_utf8().map_err(|_| UrlError::Base)?.into_owned();
        let is_folder = base.is_empty() || (base.contains('=') && !base.contains(char::is_control));
        if !is_folder {
            return Err(UrlError::Base);
        }
        Ok(Self { is_tls, host: host.to_owned(), port: port.transpose()?, base })
    }
}

/// A server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// The host: a name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How what is said to it is protected.
    pub protection: Protection,
    /// The folder that users are in.
    pub base: String,
}

impl Server {
    /// The server of a URL, spoken to in this way unless the URL says `ldaps`.
    #[must_use]
    pub fn new(url: Url, protection: Protection) -> Self {
        let Url { is_tls, host, port, base } = url;
        let protection = if is_tls { Protection::Tls } else { protection };
        let known = if protection == Protection::Tls { TLS_PORT } else { PORT };
        Self { host, port: port.unwrap_or(known), protection, base }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.protection == Protection::Tls { "ldaps" } else { "ldap" };
        let Self { host, port, .. } = self;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str, protection: Protection) -> String {
        let server = Server::new(text.parse().unwrap(), protection);
        format!("{server} {:?} {}", server.protection, server.base)
    }

    #[test]
    fn a_server_has_the_port_of_how_it_is_spoken_to() {
        use Protection::{Clear, StartTls, Tls};
        assert_eq!(server("ldap://a/ou=x", Tls), "ldaps://a:636 Tls ou=x");
        assert_eq!(server("LDAP://a/ou=x", StartTls), "ldap://a:389 StartTls ou=x");
        assert_eq!(server("ldap://a", Clear), "ldap://a:389 Clear ");
        assert_eq!(server("ldaps://a/", Clear), "ldaps://a:636 Tls ");
        assert_eq!(server("ldap://a:1389/", Tls), "ldaps://a:1389 Tls ");
        assert_eq!(server("ldap://[::1]:1389/o=a%20b%2c", Clear), "ldap://[::1]:1389 Clear o=a b,");
    }

    #[test]
    fn what_names_no_server_is_told() {
        for (text, expected) in [
            ("ldap.example.com", UrlError::Scheme),
            ("http://a/", UrlError::Scheme),
            ("ldap://", UrlError::Host),
            ("ldap:///ou=x", UrlError::Host),
            ("ldap://:389/", UrlError::Host),
            ("ldap://a:/", UrlError::Host),
            ("ldap://a:0/", UrlError::Host),
            ("ldap://a:99999/", UrlError::Host),
            ("ldap://[a]/", UrlError::Host),
            ("ldap://joe@a/", UrlError::Host),
            ("ldap://a/ou=x?uid?sub", UrlError::Query),
            ("ldap://a/people", UrlError::Base),
            ("ldap://a/ou=%ff", UrlError::Base),
        ] {
            assert_eq!(text.parse::<Url>(), Err(expected), "{text}");
        }
    }
}
