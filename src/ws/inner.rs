//! The handshake that is played inside a WebSocket, because a page cannot set the fields of an upgrade:
//! `x-kaazing-handshake`.
//!
//! The upgrade chooses the sub-protocol of this name. Then the client sends HTTP requests as messages, each answered
//! by one, until an answer is not 401. If that is 101 the socket is open from there on, with the sub-protocol and the
//! extensions that were chosen inside; otherwise it is closed.
//!
//! Clients that have `.kl=Y` in the query of the upgrade wait for more: an empty message behind each answer, and a
//! word of the balancer before their first request and after 101.

pub mod asked;
pub mod extended;
pub mod extensions;
pub mod line;
pub mod said;

use http::HeaderMap;
use url::Url;

use super::offered;

/// The sub-protocol.
pub const PROTOCOL: &str = "x-kaazing-handshake";

/// Says to a client that waits for it that it is where it should be: U+F0FF and `N`.
pub const STAY: &[u8] = b"\xef\x83\xbfN";

/// Says to a client that waits for it that it should go to the URL behind this: U+F0FF and `R`.
const GO: &[u8] = b"\xef\x83\xbfR";

/// Whether a client offers to play the handshake.
#[must_use]
pub fn is_offered(headers: &HeaderMap) -> bool {
    offered(headers).any(|name| name == PROTOCOL)
}

/// What a client waits for beside the answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Form {
    /// An empty message behind each answer.
    pub is_terminated: bool,
    /// The words of the balancer.
    pub is_balanced: bool,
}

impl Form {
    /// What the query of the upgrade says. Clients of the Java and JavaScript libraries ask for both, those of older
    /// ones with `.kv=10.05` for the first.
    #[must_use]
    pub fn of(query: Option<&str>) -> Self {
        let has = |pair: &str| query.unwrap_or_default().split('&').any(|one| one == pair);
        let is_balanced = has(".kl=Y");
        Self { is_terminated: is_balanced || has(".kv=10.05"), is_balanced }
    }
}

/// Where a socket is that `location` leads to from `base`, the URL of another: with the query of the upgrade, by which
/// clients say how they play.
#[must_use]
pub fn place(base: &str, location: &str, query: Option<&str>) -> Option<String> {
    let mut url = Url::parse(base).ok()?.join(location).ok()?;
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        _ => return None,
    };
    // A URL of one of these may become one of another, whatever its port.
    url.set_scheme(scheme).ok()?;
    url.set_fragment(None);
    let both = url.query().into_iter().chain(query).collect::<Vec<_>>().join("&");
    url.set_query(Some(both.as_str()).filter(|both| !both.is_empty()));
    Some(url.into())
}

/// The word of the balancer that has a client go to `url`.
#[must_use]
pub fn go_to(url: &str) -> Vec<u8> {
    let mut word = [GO, url.as_bytes()].concat();
    // The JavaScript client takes every word that ends with `N` for the one to stay. An empty pair changes nothing.
    if word.ends_with(b"N") {
        word.extend_from_slice(if url.contains('?') { b"&" } else { b"?" });
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_say_in_the_query_what_they_wait_for() {
        let said = |query: Option<&str>| {
            let form = Form::of(query);
            (form.is_terminated, form.is_balanced)
        };
        assert_eq!(said(None), (false, false));
        assert_eq!(said(Some("x=1&.kl=Y")), (true, true));
        assert_eq!(said(Some(".kv=10.05")), (true, false));
        assert_eq!(said(Some(".kl=N&a.kl=Y")), (false, false));
    }

    #[test]
    fn another_place_is_one_for_sockets_and_keeps_the_query() {
        let at = |location| place("ws://h:8001/echo", location, Some(".kl=Y"));
        assert_eq!(at("http://other:9/echo").unwrap(), "ws://other:9/echo?.kl=Y");
        assert_eq!(at("https://other/a?b=c#d").unwrap(), "wss://other/a?b=c&.kl=Y");
        assert_eq!(at("/there").unwrap(), "ws://h:8001/there?.kl=Y");
        assert_eq!(at("ftp://other/"), None);
        assert_eq!(place("wss://h/a", "b", None).unwrap(), "wss://h/b");
    }

    #[test]
    fn a_word_to_go_elsewhere_never_ends_like_the_one_to_stay() {
        assert_eq!(go_to("ws://h/echo?.kl=Y"), b"\xef\x83\xbfRws://h/echo?.kl=Y");
        assert_eq!(go_to("ws://h/N"), b"\xef\x83\xbfRws://h/N?");
        assert_eq!(go_to("ws://h/?a=N"), b"\xef\x83\xbfRws://h/?a=N&");
    }
}
