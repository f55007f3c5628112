//! A response inside a WebSocket, as KAAZING Gateway writes it octet by octet: scripts count them, and its JavaScript
//! client reads names of fields in one case alone.

use std::{collections::BTreeMap, time::SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, header, response::Parts};

use super::super::switches;

/// What the gateway is called inside: clients' scripts expect an answer of this very length.
const SERVER: HeaderValue = HeaderValue::from_static("Kaazing Gateway");

/// The reason of 101, as KAAZING Gateway gives it.
const SWITCHING: &str = "Web Socket Protocol Handshake";

/// Fields that are for caches and connections, of which there are none inside.
const OUTSIDE: [HeaderName; 6] = [
    header::CACHE_CONTROL,
    header::CONTENT_LENGTH,
    header::EXPIRES,
    header::PRAGMA,
    header::TRANSFER_ENCODING,
    header::VARY,
];

/// Writes a response. `body` may have no line that begins with `HTTP/`: a client could take it for the response.
#[must_use]
pub fn write(head: &Parts, names_itself: bool, body: &[u8], now: SystemTime) -> Vec<u8> {
    let mut fields = fields(&head.headers);
    let is_switch = switches(&http::Response::from_parts(head.clone(), ()));
    if is_switch {
        let date = HeaderValue::try_from(httpdate::fmt_http_date(now));
        fields.extend(date.ok().map(|date| ("Date".to_owned(), vec![date])));
        fields.remove("Server");
        if names_itself {
            fields.insert("Server".to_owned(), vec![SERVER]);
        }
    }
    let reason = if is_switch { SWITCHING } else { head.status.canonical_reason().unwrap_or_default() };
    let mut text = format!("HTTP/1.1 {} {reason}\r\n", head.status.as_u16()).into_bytes();
    for (name, values) in &fields {
        for value in values {
            push(&mut text, name, value.as_bytes());
        }
    }
    if !is_switch {
        push(&mut text, "Content-Length", body.len().to_string().as_bytes());
    }
    text.extend_from_slice(b"\r\n");
    if !is_switch {
        text.extend_from_slice(body);
    }
    text
}

fn push(text: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        text.extend_from_slice(part);
    }
}

/// The fields that count inside, by their names as they are written there.
fn fields(headers: &HeaderMap) -> BTreeMap<String, Vec<HeaderValue>> {
    let mut fields = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        if !OUTSIDE.contains(name) {
            fields.entry(written(name)).or_default().push(value.clone());
        }
    }
    fields
}

/// A name as it is written inside.
fn written(name: &HeaderName) -> String {
    let words = name.as_str().split('-').map(|word| match word {
        "www" => "WWW".to_owned(),
        "websocket" => "WebSocket".to_owned(),
        _ => {
            let mut characters = word.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters).collect()
        }
    });
    words.collect::<Vec<_>>().join("-")
}

/// Whether a body can stand behind a head: clients look for the status in the last line that looks like one.
#[must_use]
pub fn is_sendable(body: &[u8]) -> bool {
    !body.split(|octet| matches!(octet, b'\r' | b'\n')).any(|line| line.starts_with(b"HTTP/"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::Response;

    use super::*;
    use crate::{answer::login, ws};

    /// Tue, 13 Feb 2018 20:02:57 GMT
    const THEN: Duration = Duration::from_secs(1_518_552_177);

    fn text<B>(response: Response<B>, body: &str) -> String {
        let (head, _) = response.into_parts();
        String::from_utf8(write(&head, true, body.as_bytes(), UNIX_EPOCH + THEN)).unwrap()
    }

    fn switch(protocol: Option<&'static str>) -> Response<crate::body::Body> {
        let key = HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        ws::switch(key, protocol.map(HeaderValue::from_static))
    }

    #[test]
    fn a_switch_is_written_as_kaazing_gateway_writes_it() {
        let mut both = switch(None);
        both.headers_mut().append(
            header::SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static("x-kaazing-ping-pong; 01010102"),
        );
        assert_eq!(
            text(both, ""),
            "HTTP/1.1 101 Web Socket Protocol Handshake\r\nConnection: Upgrade\r\n\
             Date: Tue, 13 Feb 2018 20:02:57 GMT\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
             Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102\r\nServer: Kaazing Gateway\r\n\
             Upgrade: websocket\r\n\r\n"
        );
        // What scripts of KAAZING Gateway expect of it.
        assert_eq!(text(switch(None), "").len(), 0xc9);
        assert_eq!(text(switch(Some("foo")), "").len(), 0xe6);
    }

    #[test]
    fn challenges_and_denials_are_as_long_as_kaazing_gateways() {
        for (challenge, length) in [
            ("Application Basic realm=\"demo\"", 0xbc),
            ("Application Token", 0xaf),
            ("Application Token foo=\"bar\"", 0xb9),
            ("Application Negotiate", 0xb3),
        ] {
            let page = "<html><head></head><body><h1>401 Unauthorized</h1></body></html>";
            let written = text(login::challenge(HeaderValue::from_static(challenge)), page);
            assert_eq!(written.len(), length, "{written}");
            assert!(written.starts_with(&format!(
                "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nWWW-Authenticate: {challenge}\r\n\
                 Content-Length: 64\r\n\r\n<html>"
            )));
        }
        let page = "<html><head></head><body><h1>403 Forbidden</h1></body></html>";
        assert_eq!(text(login::denied(None), page).len(), 0x84);
    }

    #[test]
    fn a_body_that_looks_like_a_response_is_not_sent() {
        assert!(is_sendable(b"<h1>about HTTP/1.1 101</h1>"));
        assert!(!is_sendable(b"x\nHTTP/1.1 101 OK\r\n"));
        assert!(!is_sendable(b"HTTP/1.1 101"));
    }
}
