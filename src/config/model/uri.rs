//! Where services are reached and where their back ends are: the URIs of `<accept>` and `<connect>`.

use std::{fmt, str::FromStr};

use http::Uri;

use crate::config::report::nearest;

/// How an address is spoken to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// A stream of octets over TLS.
    Ssl,
    /// A stream of octets.
    Tcp,
    /// Datagrams.
    Udp,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Http, Self::Https, Self::Ssl, Self::Tcp, Self::Udp, Self::Ws, Self::Wss];

    /// As it stands in a URI.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Ssl => "ssl",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// Whether TLS carries it, unless `ssl.encryption` is disabled.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Https | Self::Ssl | Self::Wss)
    }

    /// Whether it has paths.
    #[must_use]
    pub const fn is_web(self) -> bool {
        matches!(self, Self::Http | Self::Https | Self::Ws | Self::Wss)
    }

    /// Whether it is WebSocket.
    #[must_use]
    pub const fn is_socket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    const fn port(self) -> Option<u16> {
        match self {
            Self::Http | Self::Ws => Some(80),
            Self::Https | Self::Wss => Some(443),
            Self::Ssl | Self::Tcp | Self::Udp => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where clients reach a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcceptUri {
    /// How.
    pub scheme: Scheme,
    /// The name or address; in lower case, an IPv6 one without brackets.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The path, which begins with a slash; empty where there are none.
    pub path: String,
}

/// Where a back end is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectUri {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// The name or address; in lower case, an IPv6 one without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as they were written, for the header `Host`.
    pub authority: String,
    /// What stands in front of every request's path: empty, or a path without a slash at its end.
    pub base: String,
    /// Whether it was written with that slash.
    pub ends_with_slash: bool,
}

/// Why text is not such a URI. All of them are the operator's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// A scheme of the emulation of WebSocket, or of its layers.
    #[error("`{0}` is a layer or an emulation of WebSocket; write it as {1}://")]
    Emulated(String, Scheme),
    /// The name of a network interface.
    #[error("a network interface cannot be named; write its address")]
    Interface,
    /// It is none at all.
    #[error(
        "it is no URI; write it as ws://HOST[:PORT]/PATH, wss://, http://, https://, tcp://HOST:PORT or ssl://"
    )]
    Malformed,
    /// No host.
    #[error("it has no host; write it as SCHEME://HOST[:PORT]")]
    NoHost,
    /// No port, where none is usual.
    #[error("{0}:// needs a port; write it as {0}://HOST:PORT")]
    NoPort(Scheme),
    /// No scheme.
    #[error("it has no scheme; write it as ws://{0} or tcp://{0}")]
    NoScheme(String),
    /// A path, where there are none.
    #[error("{0}:// has no path; write it as {0}://HOST:PORT")]
    Path(Scheme),
    /// A scheme that connects services inside of the process.
    #[error(
        "services do not call each other inside the process; connect them over the loopback address with tcp://"
    )]
    Pipe,
    /// A port that is none.
    #[error("its port is not a number from {0} to 65535")]
    Port(u16),
    /// A query, a fragment, or a user.
    #[error(
        "it has a user, a query or a fragment, which have no meaning here; write it as SCHEME://HOST[:PORT]/PATH"
    )]
    Superfluous,
    /// Another scheme.
    #[error("its scheme is `{0}`; use ws, wss, http, https, tcp, ssl or udp")]
    Unknown(String),
    /// A scheme that is misspelt.
    #[error("its scheme is `{0}`; did you mean `{1}`?")]
    UnknownNear(String, &'static str),
}

impl FromStr for AcceptUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let Parts { scheme, host, port, path, .. } = Parts::read(text, 0)?;
        let path = match path {
            "" if scheme.is_web() => "/",
            path => path,
        };
        Ok(Self { scheme, host, port, path: path.to_owned() })
    }
}

impl FromStr for ConnectUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let Parts { scheme, host, port, authority, path } = Parts::read(text, 1)?;
        Ok(Self {
            scheme,
            host,
            port,
            authority: authority.to_owned(),
            base: path.trim_end_matches('/').to_owned(),
            ends_with_slash: path.ends_with('/'),
        })
    }
}

struct Parts<'a> {
    scheme: Scheme,
    host: String,
    port: u16,
    authority: &'a str,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str, least_port: u16) -> Result<Self, UriError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let looks_like_host = !text.is_empty() && !text.contains(['/', ' ']) && text.contains(':');
            return Err(if looks_like_host {
                UriError::NoScheme(text.to_owned())
            } else {
                UriError::Malformed
            });
        };
        let scheme = scheme_of(scheme)?;
        if rest.contains(['@', '?', '#']) {
            let interface = rest.starts_with('@') || rest.starts_with("[@");
            return Err(if interface { UriError::Interface } else { UriError::Superfluous });
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_port(authority).ok_or(UriError::Malformed)?;
        if host.is_empty() {
            return Err(UriError::NoHost);
        }
        let port = match port {
            Some(port) => {
                port.parse().ok().filter(|port| *port >= least_port).ok_or(UriError::Port(least_port))?
            }
            None => scheme.port().ok_or(UriError::NoPort(scheme))?,
        };
        // The library judges which characters may stand where.
        text.parse::<Uri>().map_err(|_| UriError::Malformed)?;
        if !scheme.is_web() && !matches!(path, "" | "/") {
            return Err(UriError::Path(scheme));
        }
        let path = if scheme.is_web() { path } else { "" };
        Ok(Self { scheme, host: host.to_ascii_lowercase(), port, authority, path })
    }
}

/// Host without brackets, and what stands behind its colon.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None if rest.is_empty() => Some((host, None)),
            None => None,
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

fn scheme_of(text: &str) -> Result<Scheme, UriError> {
    let lower = text.to_ascii_lowercase();
    if let Some(scheme) = Scheme::ALL.into_iter().find(|scheme| scheme.word() == lower) {
        return Ok(scheme);
    }
    match lower.as_str() {
        // What Java calls SSL has been TLS for long.
        "tls" => Ok(Scheme::Ssl),
        "pipe" => Err(UriError::Pipe),
        "sse" | "wse" | "wsn" | "wsx" | "ws-draft" => Err(UriError::Emulated(lower, Scheme::Ws)),
        "sse+ssl" | "wse+ssl" | "wsn+ssl" | "wsx+ssl" => Err(UriError::Emulated(lower, Scheme::Wss)),
        "httpx" | "httpxe" => Err(UriError::Emulated(lower, Scheme::Http)),
        "httpx+ssl" | "httpxe+ssl" => Err(UriError::Emulated(lower, Scheme::Https)),
        _ => Err(match nearest(text, Scheme::ALL.map(Scheme::word)) {
            Some(meant) => UriError::UnknownNear(text.to_owned(), meant),
            None => UriError::Unknown(text.to_owned()),
        }),
    }
}

/// Host and port as they stand in a URI.
struct Authority<'a>(&'a str, u16);

impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, port) = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl fmt::Display for AcceptUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, Authority(&self.host, self.port), self.path)
    }
}

impl fmt::Display for ConnectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Result<AcceptUri, UriError> {
        text.parse()
    }

    fn connect(text: &str) -> Result<ConnectUri, UriError> {
        text.parse()
    }

    #[test]
    fn what_is_written_comes_back_with_its_port_and_path() {
        for (text, whole) in [
            ("ws://A.example/echo", "ws://a.example:80/echo"),
            ("WSS://a", "wss://a:443/"),
            ("tls://a:9000", "ssl://a:9000"),
            ("http://[::1]:0/x/", "http://[::1]:0/x/"),
            ("udp://0.0.0.0:88", "udp://0.0.0.0:88"),
        ] {
            assert_eq!(accept(text).unwrap().to_string(), whole);
            assert_eq!(accept(whole).unwrap().to_string(), whole);
        }
    }

    #[test]
    fn a_back_end_keeps_how_it_was_called() {
        let url = connect("https://App.example/base/").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("app.example", 443));
        assert_eq!((url.authority.as_str(), url.base.as_str()), ("App.example", "/base"));
        assert!(url.ends_with_slash && !connect("ws://app.example/base").unwrap().ends_with_slash);
    }

    #[test]
    fn what_is_no_address_is_told_by_its_kind() {
        for (text, error) in [
            ("", UriError::Malformed),
            ("/echo", UriError::Malformed),
            ("a:80", UriError::NoScheme("a:80".to_owned())),
            ("ws://", UriError::NoHost),
            ("ws://:80", UriError::NoHost),
            ("tcp://a", UriError::NoPort(Scheme::Tcp)),
            ("tcp://a:1/x", UriError::Path(Scheme::Tcp)),
            ("ws://a:65536", UriError::Port(0)),
            ("ws://a:", UriError::Port(0)),
            ("ws://a?x", UriError::Superfluous),
            ("ws://u:p@a", UriError::Superfluous),
            ("tcp://@eth0:1", UriError::Interface),
            ("tcp://[@eth0]:1", UriError::Interface),
            ("pipe://a", UriError::Pipe),
            ("wse+ssl://a", UriError::Emulated("wse+ssl".to_owned(), Scheme::Wss)),
            ("wws://a", UriError::UnknownNear("wws".to_owned(), "ws")),
            ("gopher://a", UriError::Unknown("gopher".to_owned())),
            ("ws://a b/", UriError::Malformed),
            ("ws://::1/", UriError::Malformed),
        ] {
            assert_eq!(accept(text).unwrap_err(), error, "{text}");
        }
        assert_eq!(connect("tcp://a:0").unwrap_err(), UriError::Port(1));
    }
}
