//! A back end's own names in its responses, put into the words of the client: redirects and cookies.
//!
//! A back end knows itself by its own host and path, the client knows the gateway's. Where a response would send the
//! client to the back end, or have its cookies kept for it, it would get nowhere.

use std::net::Ipv4Addr;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{self, Entry},
    uri::Authority,
};

use super::url::BackendUrl;

/// What is put for what stands there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mapping {
    /// What a back end writes.
    pub from: String,
    /// What a client reads.
    pub to: String,
}

/// What is rewritten in responses. A list that is there but empty stands for the back end's own names; mappings are
/// tried before those, in their order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rewriting {
    /// Domains of cookies.
    pub cookie_domain: Option<Vec<Mapping>>,
    /// Paths of cookies.
    pub cookie_path: Option<Vec<Mapping>>,
    /// `Location` and `Content-Location`.
    pub location: Option<Vec<Mapping>>,
}

/// What the two sides call the same place.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The back end's URL.
    pub backend: &'a BackendUrl,
    /// What the back end was called in `Host`; it builds its redirects from that.
    pub called: &'a HeaderValue,
    /// `http` or `https`, as the client's connection is.
    pub scheme: &'static str,
    /// What the client called the gateway.
    pub host: Option<&'a Authority>,
    /// The path of the accept: empty, or without a slash at its end.
    pub path: &'a str,
}

impl Default for Rewriting {
    fn default() -> Self {
        Self { cookie_domain: None, cookie_path: None, location: Some(Vec::new()) }
    }
}

impl Rewriting {
    /// Rewrites the head of a response. What cannot be read, or is nobody's of the two, stays as it is.
    pub fn apply(&self, headers: &mut HeaderMap, sides: &Sides<'_>) {
        if let Some(mappings) = &self.location {
            for name in [header::LOCATION, header::CONTENT_LOCATION] {
                each(headers, &name, |text| location(text, mappings, sides));
            }
        }
        if self.cookie_domain.is_some() || self.cookie_path.is_some() {
            each(headers, &header::SET_COOKIE, |text| self.cookie(text, sides));
        }
    }

    /// A cookie with other attributes, of which each octet that means nothing else stays (RFC 6265 section 5.2).
    fn cookie(&self, text: &str, sides: &Sides<'_>) -> Option<String> {
        let (pair, attributes) = text.split_once(';')?;
        // Its name promises that it has the path of all and no domain (RFC 6265bis section 4.1.3.2).
        let is_host = pair.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("__Host-"));
        let mut written = String::from(pair);
        let mut has_changed = false;
        for attribute in attributes.split(';') {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            // Taken out where there is nothing to put.
            let rewritten: Option<Option<String>> = match (&self.cookie_domain, &self.cookie_path) {
                (Some(mappings), _) if name.trim().eq_ignore_ascii_case("domain") => {
                    domain(value.trim(), mappings, sides)
                }
                (_, Some(mappings)) if !is_host && name.trim().eq_ignore_ascii_case("path") => {
                    path(value.trim(), mappings, sides).map(Some)
                }
                _ => None,
            };
            has_changed |= rewritten.is_some();
            match rewritten {
                Some(Some(value)) => written.extend([";", name, "=", &value]),
                Some(None) => {}
                None => written.extend([";", attribute]),
            }
        }
        has_changed.then_some(written)
    }
}

/// Where a client finds what a back end names by this reference (RFC 3986 section 4.1).
fn location(text: &str, mappings: &[Mapping], sides: &Sides<'_>) -> Option<String> {
    if let Some(mapped) = mapped(text, mappings) {
        return Some(mapped);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|octet| octet.is_ascii_alphabetic()) => (scheme, rest),
        _ => match text.strip_prefix("//") {
            Some(rest) => ("", rest),
            None => return path(text, &[], sides),
        },
    };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !sides.is_backend(scheme, authority) {
        return None;
    }
    let rest = below(rest, &sides.backend.base)?;
    let Some(host) = sides.host else { return Some(no_host(sides.front(rest))) };
    let scheme = match (scheme.to_ascii_lowercase().as_str(), sides.scheme) {
        ("", _) => return Some(format!("//{host}{}", sides.front(rest))),
        ("ws" | "wss", "https") => "wss",
        ("ws" | "wss", _) => "ws",
        (_, scheme) => scheme,
    };
    Some(format!("{scheme}://{host}{}", sides.front(rest)))
}

/// The path at the gateway of a path at the back end; `None` if it is the same, or none of those that are served.
fn path(text: &str, mappings: &[Mapping], sides: &Sides<'_>) -> Option<String> {
    if let Some(mapped) = mapped(text, mappings) {
        return Some(mapped);
    }
    if !text.starts_with('/') || sides.backend.base == sides.path {
        return None;
    }
    Some(no_host(sides.front(below(text, &sides.backend.base)?)))
}

/// A path that is read as one: two slashes at its start would name a host (RFC 3986 section 4.2).
fn no_host(path: String) -> String {
    if path.starts_with("//") { format!("/.{path}") } else { path }
}

/// The domain that a cookie has at the gateway; without one, which is the inner `None`, it is the gateway's own.
fn domain(text: &str, mappings: &[Mapping], sides: &Sides<'_>) -> Option<Option<String>> {
    let bare = |name: &str| name.trim_start_matches('.').to_ascii_lowercase();
    let asked = bare(text);
    if let Some(Mapping { to, .. }) = mappings.iter().find(|mapping| bare(&mapping.from) == asked) {
        return Some(Some(to.clone()));
    }
    let holds = |host: &str| {
        let host = host.to_ascii_lowercase();
        host == asked || host.strip_suffix(&asked).is_some_and(|start| start.ends_with('.'))
    };
    let called = sides.called.to_str().ok().and_then(|host| Authority::try_from(host).ok());
    if asked.is_empty() || !(holds(&sides.backend.host) || called.is_some_and(|called| holds(called.host())))
    {
        return None;
    }
    // An address is no domain (RFC 6265 section 5.1.3).
    let is_name = |host: &str| !host.starts_with('[') && host.parse::<Ipv4Addr>().is_err();
    Some(sides.host.map(|host| host.host().to_owned()).filter(|host| is_name(host)))
}

/// What the first mapping that fits makes of a text. It has to end where a segment of the path does.
fn mapped(text: &str, mappings: &[Mapping]) -> Option<String> {
    mappings.iter().find_map(|Mapping { from, to }| {
        let rest = if from.ends_with('/') { text.strip_prefix(from) } else { below(text, from) };
        rest.filter(|_| !from.is_empty()).map(|rest| format!("{to}{rest}"))
    })
}

/// What of a path is below another, with its query.
fn below<'a>(text: &'a str, base: &str) -> Option<&'a str> {
    text.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// Rewrites each value of a field for which there is another one.
fn each(headers: &mut HeaderMap, name: &HeaderName, rewritten: impl Fn(&str) -> Option<String>) {
    let Entry::Occupied(mut entry) = headers.entry(name) else { return };
    for value in entry.iter_mut() {
        let text = str::from_utf8(value.as_bytes()).ok();
        let new =
            text.and_then(&rewritten).and_then(|text| HeaderValue::from_maybe_shared(Bytes::from(text)).ok());
        if let Some(new) = new {
            *value = new;
        }
    }
}

impl Sides<'_> {
    /// Whether this is what a back end calls itself. Without a scheme it is the one that it is spoken to over.
    fn is_backend(&self, scheme: &str, authority: &str) -> bool {
        let is_secure = self.backend.scheme.is_secure();
        let same_scheme = match scheme.to_ascii_lowercase().as_str() {
            "" => true,
            "http" | "ws" => !is_secure,
            "https" | "wss" => is_secure,
            _ => false,
        };
        let usual = if is_secure { 443 } else { 80 };
        let same = |own: &[u8]| {
            let (Ok(own), Ok(named)) = (Authority::try_from(own), Authority::try_from(authority)) else {
                return false;
            };
            own.host().eq_ignore_ascii_case(named.host())
                && own.port_u16().unwrap_or(usual) == named.port_u16().unwrap_or(usual)
                && !authority.contains('@')
        };
        same_scheme && (same(self.backend.authority.as_bytes()) || same(self.called.as_bytes()))
    }

    /// The path at the gateway of what is below the back end's base.
    fn front(&self, rest: &str) -> String {
        let slash = if self.path.is_empty() && !rest.starts_with('/') { "/" } else { "" };
        format!("{}{slash}{rest}", self.path)
    }
}

#[cfg(test)]
mod tests;
