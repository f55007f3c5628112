//! The heads that pass between a client and a back end: what is refused, what is taken out, what is put in.
//!
//! Whatever a back end could take for the gateway's word is taken out of the client's request first, in every
//! spelling: servers behind CGI, WSGI or PHP read `x_remote_user` and `x-remote-user` as one name. Only then
//! is the gateway's own put in, and nothing that the client says can have it dropped on the way
//! (`Connection` is written anew).

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header,
    uri::{Authority, PathAndQuery},
};

use super::{identity::Identity, url::BackendUrl};
use crate::{answer::BadHead, cookies, realm::COOKIE_PREFIX, ws};

/// Fields that are for the next hop alone (RFC 9110 section 7.6.1), in any message.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Fields whose look-alikes a back end must not see: it might believe those.
const WEIGHTY: [&str; 6] = ["authorization", "content-length", "content-type", "cookie", "host", "origin"];

/// Checks what no back end should have to judge, and returns the host that the client asked for.
///
/// # Errors
///
/// [`BadHead::Host`], [`BadHead::Path`] or [`BadHead::Unserved`].
pub fn check<B>(head: &Request<B>) -> Result<Option<Authority>, BadHead> {
    // The first is for forward proxies; the other would show a page what the gateway has put in.
    if matches!(*head.method(), Method::CONNECT | Method::TRACE) {
        return Err(BadHead::Unserved);
    }
    let path = head.uri().path();
    // It would leave the path that it is put behind, or the one that another service is behind.
    if !path.starts_with('/') || climbs(path) {
        return Err(BadHead::Path);
    }
    let mut hosts = head.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) if head.version() < Version::HTTP_11 => None,
        (Some(host), None) => Some(host.as_bytes()),
        // RFC 9112 section 3.2.
        _ => return Err(BadHead::Host),
    };
    // A target that names a host goes before the field (RFC 9112 section 3.2.2).
    let host = match (head.uri().authority(), host) {
        (Some(named), _) => Some(named.clone()),
        (None, Some(host)) => Some(Authority::try_from(host).map_err(|_| BadHead::Host)?),
        (None, None) => None,
    };
    match host {
        Some(host) if host.as_str().contains('@') => Err(BadHead::Host),
        host => Ok(host),
    }
}

/// Whether a path leads back towards the root, in whatever way a back end might read it.
pub(super) fn climbs(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    path.split(['/', '\\']).any(|segment| segment.split(';').next() == Some(".."))
}

/// The target at a back end: its own path, then the client's below the way in, which is the first `mount` octets of it,
/// then the client's query.
///
/// # Errors
///
/// [`BadHead::Path`] if that is too long or not a path.
pub fn target(asked: &Uri, mount: usize, backend: &BackendUrl) -> Result<Uri, BadHead> {
    let whole = asked.path_and_query().ok_or(BadHead::Path)?;
    if mount == 0 && backend.base.is_empty() {
        return Ok(Uri::from(whole.clone()));
    }
    let below = whole.path().get(mount..).ok_or(BadHead::Path)?;
    let needs_slash = below.is_empty() && (backend.base.is_empty() || backend.ends_with_slash);
    let slash = if needs_slash { "/" } else { "" };
    let (mark, query) = whole.query().map_or(("", ""), |query| ("?", query));
    let joined = format!("{}{slash}{below}{mark}{query}", backend.base);
    PathAndQuery::try_from(joined).map(Uri::from).map_err(|_| BadHead::Path)
}

/// The client's fields that a back end may see. `identity` are those that name the user.
pub fn strip_request(headers: &mut HeaderMap, identity: &Identity) {
    strip_hop_by_hop(headers);
    let doomed: Vec<_> = headers.keys().filter(|name| is_ours(name.as_str(), identity)).cloned().collect();
    for name in doomed {
        headers.remove(name);
    }
    keep(headers, &header::AUTHORIZATION, |value| !is_negotiate(value));
    cookies::retain(headers, |name| !is_own_cookie(name));
}

/// The back end's fields that a client may see.
pub fn strip_response(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    // A cookie of ours that the gateway did not make, and a challenge whose answer would not reach the back end.
    keep(headers, &header::SET_COOKIE, |value| !is_own_cookie(value.as_bytes()));
    keep(headers, &header::WWW_AUTHENTICATE, |value| !is_negotiate(value));
}

/// Takes out what is for this hop alone, and what the message says is (RFC 9110 section 7.6.1).
fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let nominated: Vec<_> = ws::tokens(headers, header::CONNECTION)
        .filter(|token| !token.eq_ignore_ascii_case("close"))
        .filter_map(|token| HeaderName::from_bytes(token.as_bytes()).ok())
        .collect();
    for name in nominated {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Whether a back end could take a field for one that the gateway puts in, or for one that has weight.
///
/// Every `x-remote-` is, also where nothing is told in it: back ends read roles, groups and more in such fields, and one
/// that was set up for them must not believe a client while the gateway is not set up yet.
fn is_ours(name: &str, identity: &Identity) -> bool {
    let unlike = name.bytes().any(|octet| !octet.is_ascii_alphanumeric() && octet != b'-');
    let begins = |with: &str| name.get(..with.len()).is_some_and(|start| reads_as(start, with));
    identity.fields().any(|field| reads_as(name, field.as_str()))
        || reads_as(name, "forwarded")
        || reads_as(name, "x-real-ip")
        || begins("x-forwarded-")
        || begins("x-remote-")
        || (unlike && WEIGHTY.iter().chain(&HOP_BY_HOP).any(|weighty| reads_as(name, weighty)))
}

/// Whether a field may tell of the user: it must have no meaning of its own.
pub(super) fn may_name(field: &HeaderName) -> bool {
    let name = field.as_str();
    let mut weighty = WEIGHTY.iter().chain(&HOP_BY_HOP).chain(&["forwarded", "expect", "trailer"]);
    !weighty.any(|weighty| reads_as(name, weighty))
        && !["sec-websocket-", "x-forwarded-"].iter().any(|start| name.starts_with(start))
}

/// Whether two names of fields are one to those who read all but letters and digits as `-`, as lighttpd does for CGI.
/// `name` is in lower case.
pub(super) fn reads_as(name: &str, other: &str) -> bool {
    let plain = |octet: u8| if octet.is_ascii_alphanumeric() { octet } else { b'-' };
    name.len() == other.len() && name.bytes().map(plain).eq(other.bytes().map(plain))
}

fn is_negotiate(value: &HeaderValue) -> bool {
    let scheme = value.as_bytes().split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"negotiate"))
}

fn is_own_cookie(cookie: &[u8]) -> bool {
    let name = cookie.trim_ascii_start().get(..COOKIE_PREFIX.len());
    name.is_some_and(|name| name.eq_ignore_ascii_case(COOKIE_PREFIX.as_bytes()))
}

/// Keeps only those values of a field that are as they should be.
fn keep(headers: &mut HeaderMap, name: &HeaderName, is_kept: impl Fn(&HeaderValue) -> bool) {
    if headers.get_all(name).iter().all(&is_kept) {
        return;
    }
    let kept: Vec<_> = headers.get_all(name).iter().filter(|value| is_kept(value)).cloned().collect();
    headers.remove(name);
    for value in kept {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests;
