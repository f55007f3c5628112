//! Which handler answers, by where the challenge was met: patterns such as `*.example.com:*/app/*`.
//!
//! As KAAZING's documentation has them and its Java client matches them: `(scheme://)?host(:port)?(/path)?`. In a host
//! `*` stands for one or more labels, in front only; as a port for any; at the end of a path for whatever comes there.
//! A pattern without a port means the scheme's usual one, and any without a scheme. The pattern that says the most wins:
//! labels of the host first, then the port, then the path.

use std::fmt;

use super::{Answering, Challenge, ChallengeError, ChallengeHandler, ChallengeRequest};

/// Why text is no pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It has no host, or a star where none may be.
    #[error(
        "a pattern is written as [SCHEME://]HOST[:PORT][/PATH], with * for labels in front, a port or a path's end"
    )]
    Unreadable,
}

/// Handlers by patterns of locations.
#[derive(Default)]
pub struct Dispatch {
    entries: Vec<(String, Pattern, Box<dyn ChallengeHandler>)>,
    /// Who answered last.
    last: Option<String>,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|(text, ..)| text)).finish()
    }
}

impl Dispatch {
    /// Has a handler answer where this pattern matches. Of several for one pattern the first that can does.
    ///
    /// # Errors
    ///
    /// [`PatternError`].
    pub fn register(
        &mut self,
        pattern: &str,
        handler: impl ChallengeHandler + 'static,
    ) -> Result<&mut Self, PatternError> {
        let read = Pattern::read(pattern).ok_or(PatternError::Unreadable)?;
        self.entries.push((pattern.to_owned(), read, Box::new(handler)));
        Ok(self)
    }

    /// Forgets all handlers of this pattern.
    pub fn unregister(&mut self, pattern: &str) -> &mut Self {
        self.entries.retain(|(text, ..)| text != pattern);
        self
    }

    /// Forgets all handlers.
    pub fn clear(&mut self) -> &mut Self {
        self.entries.clear();
        self
    }

    /// The place of who answers.
    fn find(&self, request: &ChallengeRequest<'_>) -> Option<usize> {
        let location = Location::read(request.location)?;
        let matching =
            self.entries.iter().enumerate().filter(|(_, (_, pattern, handler))| {
                pattern.matches(&location) && handler.can_handle(request)
            });
        // Of equals the first: `max_by_key` would give the last.
        let mut best: Option<(usize, Weight)> = None;
        for (place, (_, pattern, _)) in matching {
            let weight = pattern.weight();
            if best.is_none_or(|(_, heaviest)| weight > heaviest) {
                best = Some((place, weight));
            }
        }
        best.map(|(place, _)| place)
    }
}

impl ChallengeHandler for Dispatch {
    fn can_handle(&self, request: &ChallengeRequest<'_>) -> bool {
        self.find(request).is_some()
    }

    fn handle<'a>(&'a mut self, request: ChallengeRequest<'a>) -> Answering<'a> {
        let found = self.find(&request);
        match found.and_then(|place| self.entries.get_mut(place)) {
            Some((text, _, handler)) => {
                self.last = Some(text.clone());
                handler.handle(request)
            }
            None => Box::pin(std::future::ready(Ok(None))),
        }
    }

    fn agreed(&mut self, proof: Option<&Challenge>) -> Result<(), ChallengeError> {
        let last = self.last.take();
        let mut answered = self.entries.iter_mut().filter(|(text, ..)| Some(text) == last.as_ref());
        answered.try_for_each(|(_, _, handler)| handler.agreed(proof))
    }

    fn begin(&mut self) {
        self.last = None;
        self.entries.iter_mut().for_each(|(_, _, handler)| handler.begin());
    }
}

/// How much a pattern says: labels, whether all of them; whether a port; segments, whether all of them.
type Weight = (usize, bool, bool, usize, bool);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Pattern {
    /// From the right.
    labels: Vec<String>,
    /// Whether others may stand in front of these.
    any_labels: bool,
    /// `None` for any.
    port: Option<Port>,
    segments: Vec<String>,
    /// Whether others may come behind these.
    any_segments: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Port {
    Is(u16),
    /// That of the location's scheme.
    Usual,
}

struct Location {
    labels: Vec<String>,
    port: Option<u16>,
    usual: Option<u16>,
    segments: Vec<String>,
}

impl Pattern {
    fn read(text: &str) -> Option<Self> {
        let (scheme, authority, path) = parts(text);
        let (host, port) = split_port(authority);
        let (mut labels, mut any_labels) = (labels(host)?, false);
        if labels.last().is_some_and(|label| label == "*") {
            labels.pop();
            any_labels = true;
        }
        if labels.iter().any(|label| label.contains('*')) {
            return None;
        }
        let port = match (port, scheme) {
            (Some("*"), _) => None,
            (Some(port), _) => Some(Port::Is(port.parse().ok()?)),
            (None, Some(scheme)) => Some(Port::Is(usual_port(scheme)?)),
            // A host of any name is any server of it: `*/` matches everything.
            (None, None) if labels.is_empty() => None,
            (None, None) => Some(Port::Usual),
        };
        let mut segments = segments(path);
        let mut any_segments = segments.is_empty() && any_labels && labels.is_empty();
        if segments.last().is_some_and(|segment| segment == "*") {
            segments.pop();
            any_segments = true;
        }
        if segments.iter().any(|segment| segment.contains('*')) {
            return None;
        }
        Some(Self { labels, any_labels, port, segments, any_segments })
    }

    fn weight(&self) -> Weight {
        let Self { labels, any_labels, port, segments, any_segments } = self;
        (labels.len(), !any_labels, port.is_some(), segments.len(), !any_segments)
    }

    fn matches(&self, location: &Location) -> bool {
        let host = if self.any_labels {
            location.labels.len() > self.labels.len() && location.labels.starts_with(&self.labels)
        } else {
            location.labels == self.labels
        };
        let port = match self.port {
            None => true,
            Some(Port::Is(port)) => location.port.or(location.usual) == Some(port),
            Some(Port::Usual) => location.port.is_none() || location.port == location.usual,
        };
        let path = if self.any_segments {
            location.segments.starts_with(&self.segments)
        } else {
            self.segments.is_empty() && location.segments.is_empty() || location.segments == self.segments
        };
        host && port && path
    }
}

impl Location {
    fn read(text: &str) -> Option<Self> {
        let (scheme, authority, path) = parts(text);
        let (host, port) = split_port(authority);
        let port = port.map(str::parse).transpose().ok()?;
        Some(Self { labels: labels(host)?, port, usual: usual_port(scheme?), segments: segments(path) })
    }
}

/// Scheme, host with its port, and path without its query.
fn parts(text: &str) -> (Option<&str>, &str, &str) {
    let (scheme, rest) = text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let authority = authority.rsplit_once('@').map_or(authority, |(_, behind)| behind);
    (scheme, authority, path)
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    // The colons of an address in brackets belong to it.
    let after_address = authority.rfind(']').map_or(0, |at| at + 1);
    match authority.get(after_address..).and_then(|rest| rest.rfind(':')) {
        Some(at) => {
            let (host, port) = authority.split_at_checked(after_address + at).unwrap_or((authority, ""));
            (host, port.strip_prefix(':'))
        }
        None => (authority, None),
    }
}

/// The labels of a host, from the right; an address is one.
fn labels(host: &str) -> Option<Vec<String>> {
    if host.is_empty() {
        return None;
    }
    if host.starts_with('[') {
        return Some(vec![host.to_ascii_lowercase()]);
    }
    let labels: Vec<_> = host.rsplit('.').map(str::to_ascii_lowercase).collect();
    (!labels.iter().any(String::is_empty)).then_some(labels)
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, location: &str) -> bool {
        Pattern::read(pattern).unwrap().matches(&Location::read(location).unwrap())
    }

    #[test]
    fn patterns_mean_what_their_documentation_says() {
        // KAAZING's documentation of DispatchChallengeHandler, as its Java client matches.
        for (pattern, location) in [
            ("*/", "ws://h:8001/echo"),
            ("*/*", "wss://a.b.c/"),
            ("ws://h:8001/echo", "ws://h:8001/echo"),
            ("h:8001/*", "ws://h:8001/echo/deep"),
            ("*.hostname.com:8000", "ws://server.hostname.com:8000/"),
            ("*.hostname.com:8000", "ws://a.b.hostname.com:8000"),
            ("ws://h/echo", "ws://h/echo?x=1"),
            ("ws://h/echo", "ws://h:80/echo"),
            ("server.hostname.com:*/*", "wss://server.hostname.com:8443/any/path"),
            ("HOST.test/*", "ws://host.TEST/x"),
            ("[::1]:8001/*", "ws://[::1]:8001/x"),
        ] {
            assert!(matches(pattern, location), "{pattern} {location}");
        }
        for (pattern, location) in [
            ("ws://h:8001/echo", "ws://h:8001/other"),
            ("h:8001/*", "ws://h:8002/echo"),
            ("*.hostname.com:8000", "ws://hostname.com:8000/"),
            ("*.hostname.com:8000", "ws://evilhostname.com:8000/"),
            ("ws://h/echo", "wss://h/echo"),
            ("ws://h/echo", "ws://h:8080/echo"),
            ("h/*", "ws://h:8080/echo"),
            ("server.hostname.com:*/*", "ws://other.hostname.com/"),
        ] {
            assert!(!matches(pattern, location), "{pattern} {location}");
        }
    }

    #[test]
    fn the_pattern_that_says_the_most_wins() {
        let patterns = ["*/*", "*.test:*/*", "a.test:*/*", "a.test:80/*", "a.test:80/x/*", "ws://a.test/x/y"];
        let weights: Vec<_> = patterns.iter().map(|text| Pattern::read(text).unwrap().weight()).collect();
        assert!(weights.is_sorted_by(|less, more| less < more), "{weights:?}");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", "/x", "a.*.test/", "h:many/", "ftp://h/", "h/*/x", "a..test"] {
            assert_eq!(Pattern::read(text), None, "{text}");
        }
    }
}
