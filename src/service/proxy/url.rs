//! The URL of a back end, as an operator writes it.

use std::{fmt, str::FromStr};

use http::{Uri, uri::Scheme as UriScheme};

/// How a back end is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// HTTP, and WebSocket where the request is an upgrade.
    Http,
    /// The same over TLS.
    Https,
    /// A stream of octets over TLS.
    Ssl,
    /// A stream of octets.
    Tcp,
    /// WebSocket.
    Ws,
    /// The same over TLS.
    Wss,
}

impl Scheme {
    /// As it stands in the URL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Ssl => "ssl",
            Self::Tcp => "tcp",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// Whether TLS carries it.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Https | Self::Ssl | Self::Wss)
    }

    /// Whether it is a stream of octets, not HTTP or WebSocket.
    #[must_use]
    pub const fn is_octets(self) -> bool {
        matches!(self, Self::Ssl | Self::Tcp)
    }

    /// Whether ordinary requests go there, not only sockets.
    #[must_use]
    pub const fn takes_requests(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    const fn port(self) -> Option<u16> {
        match self {
            Self::Http | Self::Ws => Some(80),
            Self::Https | Self::Wss => Some(443),
            Self::Ssl | Self::Tcp => None,
        }
    }
}

/// Where a back end is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackendUrl {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Its name or address; an IPv6 one without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Host and port as they were written, for the header `Host`.
    pub authority: String,
    /// What stands in front of every request's path: empty, or a path without a slash at its end.
    pub base: String,
    /// Whether it was written with that slash. It counts for a request of the accept's own path.
    pub ends_with_slash: bool,
}

/// Why text is not the URL of a back end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is none at all, or has parts that have no meaning here.
    #[error(
        "write it as ws://HOST[:PORT][/PATH], wss://, http://, https://, tcp://HOST:PORT or ssl://HOST:PORT"
    )]
    Malformed,
    /// A stream of octets has no paths.
    #[error("a stream of octets has no path; write it as tcp://HOST:PORT or ssl://HOST:PORT")]
    Path,
    /// A stream of octets has no port that is the usual one.
    #[error("a stream of octets needs a port; write it as tcp://HOST:PORT or ssl://HOST:PORT")]
    Port,
    /// Another scheme.
    #[error("its scheme must be ws, wss, tcp, ssl, http or https")]
    Scheme,
}

impl FromStr for BackendUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        let scheme = match uri.scheme().map(UriScheme::as_str) {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some("ssl" | "tls") => Scheme::Ssl,
            Some("tcp") => Scheme::Tcp,
            Some("ws") => Scheme::Ws,
            Some("wss") => Scheme::Wss,
            Some(_) => return Err(UrlError::Scheme),
            None => return Err(UrlError::Malformed),
        };
        let authority = uri.authority().ok_or(UrlError::Malformed)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if uri.query().is_some() || text.contains(['@', '#']) || host.is_empty() {
            return Err(UrlError::Malformed);
        }
        let port = authority.port_u16().or(scheme.port()).filter(|port| *port != 0).ok_or(UrlError::Port)?;
        let base = uri.path().trim_end_matches('/');
        if scheme.is_octets() && !base.is_empty() {
            return Err(UrlError::Path);
        }
        Ok(Self {
            scheme,
            host: host.to_owned(),
            port,
            authority: authority.as_str().to_owned(),
            base: base.to_owned(),
            ends_with_slash: uri.path().len() > base.len(),
        })
    }
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.word(), self.authority, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BackendUrl, UrlError> {
        text.parse()
    }

    #[test]
    fn the_usual_port_need_not_be_written() {
        for (text, port) in
            [("ws://a", 80), ("wss://a/", 443), ("http://a:8080", 8080), ("https://[::1]", 443)]
        {
            assert_eq!(read(text).unwrap().port, port, "{text}");
        }
        for text in ["tcp://a", "ssl://a", "tls://a/"] {
            assert_eq!(read(text), Err(UrlError::Port), "{text}");
        }
    }

    #[test]
    fn a_path_is_kept_without_its_last_slash() {
        for (text, base) in
            [("ws://a", ""), ("ws://a/", ""), ("ws://a/app/", "/app"), ("http://a/b/c", "/b/c")]
        {
            assert_eq!(read(text).unwrap().base, base, "{text}");
        }
        assert_eq!(read("tcp://a:1/x"), Err(UrlError::Path));
    }

    #[test]
    fn an_address_loses_its_brackets_only_where_it_is_dialled() {
        let url = read("tcp://[::1]:6379").unwrap();
        assert_eq!((url.host.as_str(), url.authority.as_str()), ("::1", "[::1]:6379"));
        assert_eq!(url.to_string(), "tcp://[::1]:6379");
    }

    #[test]
    fn octets_over_tls_have_two_names() {
        let url = read("tls://a:5671").unwrap();
        assert_eq!((url.scheme, url.to_string().as_str()), (Scheme::Ssl, "ssl://a:5671"));
    }

    #[test]
    fn what_has_no_meaning_here_is_refused() {
        for text in ["", "a:80", "ws://", "ws://a?x", "ws://u:p@a", "http://a#b", "/a"] {
            assert_eq!(read(text), Err(UrlError::Malformed), "{text}");
        }
        assert_eq!(read("ftp://a"), Err(UrlError::Scheme));
        assert_eq!(read("ws://a:0"), Err(UrlError::Port));
    }
}
