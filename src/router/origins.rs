//! Which pages may use a service: browsers say on whose behalf they ask.

use http::{HeaderMap, Method, Request, header};

use crate::{answer::BadHead, ws};

/// The origins whose pages may use the gateway, beside its own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origins {
    allowed: Vec<String>,
}

/// Why text is not an origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an origin; write it as https://host, https://host:port, or * for all")]
pub struct OriginError;

impl Origins {
    /// Reads origins as the operator wrote them.
    ///
    /// # Errors
    ///
    /// [`OriginError`].
    pub fn new(allowed: impl IntoIterator<Item = String>) -> Result<Self, OriginError> {
        let allowed: Vec<String> =
            allowed.into_iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        let sound = |origin: &String| {
            origin == "*"
                || origin.split_once("://").is_some_and(|(scheme, host)| {
                    !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '?', '#', '@'])
                })
        };
        if allowed.iter().all(sound) { Ok(Self { allowed }) } else { Err(OriginError) }
    }

    /// Whether a page of this origin may speak to a gateway that it calls `host` over `scheme`.
    ///
    /// Browsers put the origin on requests that pages make; other clients send none and are not pages.
    #[must_use]
    pub fn permit(&self, origin: &str, scheme: &str, host: Option<&str>) -> bool {
        let origin = origin.to_ascii_lowercase();
        let own = host.is_some_and(|host| origin == format!("{scheme}://{}", host.to_ascii_lowercase()));
        own || self.list(&origin)
    }

    /// Whether the page that sent a request, if one did, may speak to a service that is known by what it answers alone.
    #[must_use]
    pub fn permit_page(&self, headers: &HeaderMap, scheme: &str) -> bool {
        origin(headers).is_none_or(|page| self.permit(&String::from_utf8_lossy(page), scheme, host(headers)))
    }

    /// Whether the operator named this origin, or all.
    fn list(&self, origin: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
    }
}

/// The origin of the page that sent a request, if a page did.
#[must_use]
pub fn origin(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(header::ORIGIN).map(http::HeaderValue::as_bytes)
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

/// Judges the page that sent a request to a service whose visitors are known by what their browser adds of its
/// own accord: a ticket, a cookie. Such a request must not be made by a page that the service did not invite.
///
/// Without an origin it comes from no page, or a person followed a link. Chromium says nothing more than the
/// origin when it opens a WebSocket; where a browser says `Sec-Fetch-Site` that must agree.
///
/// # Errors
///
/// [`BadHead::Origin`].
pub fn invited<B>(request: &Request<B>, origins: &Origins, scheme: &str) -> Result<(), BadHead> {
    let headers = request.headers();
    let mut named = headers.get_all(header::ORIGIN).iter();
    let origin = match (named.next(), named.next()) {
        (None, _) => None,
        (Some(origin), None) => Some(origin.to_str().map_err(|_| BadHead::Origin)?),
        (Some(_), Some(_)) => return Err(BadHead::Origin),
    };
    // `null` is what a page in a sandbox says, whoever wrote it.
    if origin.is_some_and(|origin| origin == "null" || !origins.permit(origin, scheme, host(headers))) {
        return Err(BadHead::Origin);
    }
    let says =
        |name: &str, what: &str| headers.get(name).is_some_and(|value| value.as_bytes() == what.as_bytes());
    let is_link = *request.method() == Method::GET
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
        && !ws::is_upgrade(request);
    let is_listed = origin.is_some_and(|origin| origins.list(origin));
    if says("sec-fetch-site", "cross-site") && !is_listed && !is_link {
        return Err(BadHead::Origin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_own_pages_and_allowed_ones_pass() {
        let origins = Origins::new(["https://App.test".into()]).unwrap();
        let permit = |origin| origins.permit(origin, "https", Some("gw.test:8443"));
        assert!(permit("https://gw.test:8443") && permit("https://app.test"));
        for other in ["http://gw.test:8443", "https://gw.test", "https://app.test:444", "null", ""] {
            assert!(!permit(other), "{other}");
        }
        assert!(!origins.permit("https://", "https", None));
        assert!(Origins::new(["*".into()]).unwrap().permit("null", "https", None));
    }

    #[test]
    fn what_is_not_an_origin_is_refused_when_it_is_configured() {
        for wrong in ["", "app.test", "https://app.test/path", "https://", "://app.test", "https://a@b"] {
            assert_eq!(Origins::new([wrong.into()]), Err(OriginError), "{wrong}");
        }
    }
}
