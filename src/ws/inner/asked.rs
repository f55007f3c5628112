//! A request inside a WebSocket, and how it is merged with the upgrade that opened that.
//!
//! Of the request inside only credentials, sub-protocols and extensions count; all else is the upgrade's own: its
//! host, origin, cookies and query, which a page cannot choose.

use http::{HeaderName, HeaderValue, header, request::Parts};

use super::PROTOCOL;

/// Octets of the longest request.
pub const MAX_LENGTH: usize = 32 * 1024;

/// Most fields of a request.
const MAX_FIELDS: usize = 64;

/// Fields that mean something to the connection that a request came over, or to what is behind: none may be said here
/// on behalf of it. `proxy-` and `sec-` begin further ones.
const FORBIDDEN: [&str; 14] = [
    "accept-charset",
    "accept-encoding",
    "content-length",
    "content-transfer-encoding",
    "date",
    "expect",
    "keep-alive",
    "referer",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Spellings of the field with sub-protocols, all of which may stand side by side.
const PROTOCOLS: [&str; 3] = ["sec-websocket-protocol", "websocket-protocol", "x-websocket-protocol"];

/// The same of the field with extensions.
const EXTENSIONS: [&str; 3] = ["sec-websocket-extensions", "websocket-extensions", "x-websocket-extensions"];

/// What counts of a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asked {
    /// Credentials.
    pub authorization: Option<HeaderValue>,
    /// Sub-protocols, in the client's order.
    pub protocols: Vec<String>,
    /// Names of extensions.
    pub extensions: Vec<String>,
}

/// Why a message is no request that can be answered with anything but 400.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// A field that has no place here.
    #[error("a request inside the socket has a field that may not stand there")]
    Field,
    /// No request head, or more than one.
    #[error("a message before the end of the handshake is no HTTP request")]
    Head,
    /// Another method than `GET`.
    #[error("a request inside the socket has another method than GET")]
    Method,
    /// Another path than the upgrade's.
    #[error("a request inside the socket has another path than its upgrade")]
    Path,
}

impl Asked {
    /// Reads a request that is to be for `path`.
    ///
    /// # Errors
    ///
    /// Any [`Malformed`].
    pub fn read(octets: &[u8], path: &str) -> Result<Self, Malformed> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(octets) {
            Ok(httparse::Status::Complete(length)) if length == octets.len() => {}
            _ => return Err(Malformed::Head),
        }
        if request.version != Some(1) {
            return Err(Malformed::Head);
        }
        if request.method != Some("GET") {
            return Err(Malformed::Method);
        }
        let target = request.path.unwrap_or_default();
        if target.split(['?', '#']).next() != Some(path) {
            return Err(Malformed::Path);
        }
        let mut asked = Self::default();
        for field in request.headers.iter() {
            asked.take(field)?;
        }
        asked.protocols.retain(|name| name != PROTOCOL);
        Ok(asked)
    }

    fn take(&mut self, field: &httparse::Header<'_>) -> Result<(), Malformed> {
        let name = field.name.to_ascii_lowercase();
        let is_one = |names: &[&str]| names.contains(&name.as_str());
        if name == "authorization" {
            let value = HeaderValue::from_bytes(field.value).map_err(|_| Malformed::Field)?;
            return match self.authorization.replace(value) {
                None => Ok(()),
                Some(_) => Err(Malformed::Field),
            };
        }
        let list = if is_one(&PROTOCOLS) {
            &mut self.protocols
        } else if is_one(&EXTENSIONS) {
            &mut self.extensions
        } else if is_one(&FORBIDDEN) || name.starts_with("proxy-") || name.starts_with("sec-") {
            return Err(Malformed::Field);
        } else {
            return Ok(());
        };
        let value = std::str::from_utf8(field.value).map_err(|_| Malformed::Field)?;
        for token in value.split(',') {
            // Parameters of an extension mean nothing to those that there are.
            let token = token.split(';').next().unwrap_or_default().trim();
            if !token.is_empty() && !list.iter().any(|one| one == token) {
                list.push(token.to_owned());
            }
        }
        Ok(())
    }

    /// The head of the upgrade as if it had asked for this itself. Credentials of the upgrade stay where the request
    /// has none: clients that can set fields may use them.
    #[must_use]
    pub fn merged(&self, upgrade: &Parts) -> Parts {
        let mut head = upgrade.clone();
        for name in PROTOCOLS.into_iter().chain(EXTENSIONS) {
            head.headers.remove(HeaderName::from_static(name));
        }
        if let Some(authorization) = &self.authorization {
            head.headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if !self.protocols.is_empty()
            && let Ok(protocols) = HeaderValue::try_from(self.protocols.join(", "))
        {
            head.headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocols);
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// The first request of KAAZING's JavaScript client.
    const SCRIPT: &str = "GET /echo HTTP/1.1\r\nWebSocket-Protocol: \r\nSec-WebSocket-Protocol: \r\nSec-WebSocket-Extensions: x-kaazing-idle-timeout,x-kaazing-ping-pong\r\n\r\n";

    fn read(text: &str) -> Result<Asked, Malformed> {
        Asked::read(text.as_bytes(), "/echo")
    }

    fn with(field: &str) -> Result<Asked, Malformed> {
        read(&format!("GET /echo HTTP/1.1\r\n{field}\r\n\r\n"))
    }

    #[test]
    fn the_javascript_clients_request_is_understood() {
        assert_eq!(SCRIPT.len(), 140);
        let asked = read(SCRIPT).unwrap();
        assert_eq!(asked.extensions, ["x-kaazing-idle-timeout", "x-kaazing-ping-pong"]);
        assert_eq!((asked.protocols.len(), asked.authorization), (0, None));
        let retried = SCRIPT.replace("\r\n\r\n", "\r\nAuthorization: Basic am9lOndlbGNvbWU=\r\n\r\n");
        assert_eq!(retried.len(), 179);
        assert_eq!(read(&retried).unwrap().authorization.unwrap(), "Basic am9lOndlbGNvbWU=");
    }

    #[test]
    fn the_shortest_request_is_understood() {
        assert_eq!(read("GET /echo HTTP/1.1\r\n\r\n"), Ok(Asked::default()));
        assert_eq!(read("GET /echo?a=b HTTP/1.1\r\n\r\n"), Ok(Asked::default()));
    }

    #[test]
    fn sub_protocols_are_taken_from_each_spelling_and_the_handshake_is_none() {
        let asked =
            with("WebSocket-Protocol: foo, bar\r\nSec-WebSocket-Protocol: x-kaazing-handshake,foo").unwrap();
        assert_eq!(asked.protocols, ["foo", "bar"]);
        assert_eq!(with("X-WebSocket-Extensions: a; b=1, c").unwrap().extensions, ["a", "c"]);
    }

    #[test]
    fn fields_that_mean_something_to_the_connection_are_refused_and_others_ignored() {
        for name in
            FORBIDDEN.into_iter().chain(["Proxy-Authorization", "Sec-WebSocket-Key", "SEC-FETCH-SITE"])
        {
            assert_eq!(with(&format!("{name}: x")), Err(Malformed::Field), "{name}");
        }
        for name in ["Host", "Connection", "Cookie", "Origin", "User-Agent", "X-Whatever"] {
            assert_eq!(with(&format!("{name}: x")), Ok(Asked::default()), "{name}");
        }
        assert_eq!(with("Authorization: a\r\nAuthorization: b"), Err(Malformed::Field));
    }

    #[test]
    fn what_is_no_request_for_this_path_is_refused() {
        for (text, why) in [
            ("", Malformed::Head),
            ("hello", Malformed::Head),
            ("GET /echo HTTP/1.1\r\n", Malformed::Head),
            ("GET /echo HTTP/1.0\r\n\r\n", Malformed::Head),
            ("GET /echo HTTP/1.1\r\n\r\nGET /echo HTTP/1.1\r\n\r\n", Malformed::Head),
            ("POST /echo HTTP/1.1\r\n\r\n", Malformed::Method),
            ("GET /other HTTP/1.1\r\n\r\n", Malformed::Path),
            ("GET /echo/ HTTP/1.1\r\n\r\n", Malformed::Path),
            ("GET http://h/echo HTTP/1.1\r\n\r\n", Malformed::Path),
        ] {
            assert_eq!(read(text), Err(why), "{text:?}");
        }
        let many = "a: b\r\n".repeat(MAX_FIELDS + 1);
        assert_eq!(with(many.trim_end()), Err(Malformed::Head));
    }

    #[test]
    fn the_merged_head_is_the_upgrades_but_for_what_the_request_says() {
        let upgrade = Request::get("/echo?.kl=Y&token=7")
            .header("host", "h")
            .header("cookie", "a=b")
            .header("sec-websocket-protocol", "x-kaazing-handshake, foo")
            .header("sec-websocket-extensions", "permessage-deflate")
            .header("authorization", "Basic outer");
        let (upgrade, ()) = upgrade.body(()).unwrap().into_parts();
        let plain = read("GET /echo HTTP/1.1\r\nCookie: evil=1\r\n\r\n").unwrap().merged(&upgrade);
        assert_eq!(plain.uri, upgrade.uri);
        assert_eq!(
            (&plain.headers["cookie"], &plain.headers["authorization"]),
            (&"a=b".parse().unwrap(), &"Basic outer".parse().unwrap())
        );
        assert!(!plain.headers.contains_key("sec-websocket-protocol"));
        assert!(!plain.headers.contains_key("sec-websocket-extensions"));
        let asked =
            with("Authorization: Token 1\r\nSec-WebSocket-Protocol: bar,baz").unwrap().merged(&upgrade);
        assert_eq!(asked.headers["authorization"], "Token 1");
        assert_eq!(asked.headers["sec-websocket-protocol"], "bar, baz");
    }
}
