//! Redirects that the gateway follows itself, so that the client need not know of them.

use http::{HeaderMap, Uri, header};
use url::Url;

use super::{head, url::BackendUrl};

/// Where at the same back end a redirect leads.
///
/// It is for the client to follow, and `None` here, if it leads to another scheme, host or port, or out of the path that
/// is served: a back end that redirects wherever it is asked to would else open all of itself. One that sets a cookie is
/// too, since the client could not keep it.
#[must_use]
pub fn onward(headers: &HeaderMap, asked: &Uri, backend: &BackendUrl) -> Option<Uri> {
    let mut named = headers.get_all(header::LOCATION).iter();
    let (Some(location), None) = (named.next(), named.next()) else { return None };
    if headers.contains_key(header::SET_COOKIE) {
        return None;
    }
    let scheme = if backend.scheme.is_secure() { "https" } else { "http" };
    let here = Url::parse(&format!("{scheme}://{}{asked}", backend.authority)).ok()?;
    let location = location.to_str().ok()?;
    let there = here.join(location).ok()?;
    let is_same = is_secure(there.scheme()) == Some(backend.scheme.is_secure())
        && there.host() == here.host()
        && there.port_or_known_default() == here.port_or_known_default()
        && there.username().is_empty()
        && there.password().is_none();
    let path = there.path();
    let is_below =
        path.strip_prefix(backend.base.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !is_same || !is_below || (!backend.base.is_empty() && head::climbs(path)) {
        return None;
    }
    let query = there.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{path}{query}").parse().ok()
}

/// Whether TLS is below; a back end that is asked for a socket may name its place in either way.
fn is_secure(scheme: &str) -> Option<bool> {
    match scheme {
        "http" | "ws" => Some(false),
        "https" | "wss" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn led(backend: &str, location: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append("location", HeaderValue::from_str(location).unwrap());
        let asked = "/app/old/page?q".parse().unwrap();
        onward(&headers, &asked, &backend.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn a_redirect_within_what_is_served_is_followed() {
        for (location, target) in [
            ("/app/new", "/app/new"),
            ("new?x=1#part", "/app/old/new?x=1"),
            ("../new", "/app/new"),
            ("?x", "/app/old/page?x"),
            ("http://be.test/app/new", "/app/new"),
            ("HTTP://BE.test:80/app", "/app"),
            ("ws://be.test/app/new", "/app/new"),
            ("//be.test/app/new", "/app/new"),
        ] {
            assert_eq!(led("http://be.test/app", location).as_deref(), Some(target), "{location}");
        }
        assert_eq!(led("wss://be.test", "wss://be.test:443/x").as_deref(), Some("/x"));
    }

    #[test]
    fn a_redirect_to_anywhere_else_is_for_the_client() {
        for location in [
            "https://be.test/app/new",
            "http://be.test:81/app/new",
            "http://be.test@evil.test/app/new",
            "http://u@be.test/app/new",
            "http://evil.test/app/new",
            "//evil.test/app/new",
            "/admin",
            "/apple",
            "/app/../admin",
            "/app/%2e%2e/admin",
            "/app/..%2fadmin",
            "/app/..;x/admin",
            "mailto:a@be.test",
            "http://",
        ] {
            assert_eq!(led("http://be.test/app", location), None, "{location}");
        }
    }

    #[test]
    fn a_redirect_that_gives_the_client_something_to_keep_is_for_the_client() {
        let mut headers = HeaderMap::new();
        headers.append("location", HeaderValue::from_static("/new"));
        let (asked, backend) = (Uri::from_static("/"), "http://be.test".parse().unwrap());
        assert!(onward(&headers, &asked, &backend).is_some());
        headers.append("set-cookie", HeaderValue::from_static("a=1"));
        assert_eq!(onward(&headers, &asked, &backend), None);
    }

    #[test]
    fn two_places_are_none() {
        let mut headers = HeaderMap::new();
        headers.append("location", HeaderValue::from_static("/a"));
        headers.append("location", HeaderValue::from_static("/b"));
        let (asked, backend) = (Uri::from_static("/"), "http://be.test".parse().unwrap());
        assert_eq!(onward(&headers, &asked, &backend), None);
    }
}
