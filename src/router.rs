//! Which service a request head is for, and whether the page that sent it may.
//!
//! A gateway of mode `tgg` has one service: a WebSocket upgrade on any path, MS-KKDCP at `/KdcProxy`, and
//! Heimdal's form at the path that is its request. The origin is judged before anything else is said.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};

use crate::{answer::BadHead, service::kkdcp, ws};

/// Where MS-KKDCP is posted to (MS-KKDCP section 2.1).
pub const KDC_PROXY_PATH: &str = "/KdcProxy";

/// What a request head asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Route {
    /// Heimdal's form: the request that its path was.
    Heimdal(Bytes),
    /// MS-KKDCP.
    Kkdcp,
    /// A page asks what it may send (Fetch, CORS preflight).
    Preflight,
    /// A WebSocket.
    Relay,
}

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

/// Finds what a request asks for. `scheme` is `http` or `https`, as the connection is.
///
/// # Errors
///
/// [`BadHead::Origin`] before all others, then [`BadHead::Method`] or [`BadHead::NotFound`].
pub fn find<B>(request: &Request<B>, origins: &Origins, scheme: &str) -> Result<Route, BadHead> {
    if let Some(origin) = origin(request.headers())
        && !origins.permit(&String::from_utf8_lossy(origin), scheme, host(request.headers()))
    {
        return Err(BadHead::Origin);
    }
    if ws::is_upgrade(request) {
        return Ok(Route::Relay);
    }
    let path = request.uri().path();
    let is_kdc_proxy = path.trim_end_matches('/').eq_ignore_ascii_case(KDC_PROXY_PATH);
    match *request.method() {
        Method::POST if is_kdc_proxy => Ok(Route::Kkdcp),
        Method::OPTIONS if is_kdc_proxy => Ok(Route::Preflight),
        _ if is_kdc_proxy => Err(BadHead::Method),
        Method::GET => kkdcp::heimdal_request(path).map(Route::Heimdal).ok_or(BadHead::NotFound),
        _ => Err(BadHead::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, path: &str, origin: Option<&str>) -> Request<()> {
        let mut request = Request::builder().method(method).uri(path).header("host", "gw.test:8443");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.body(()).unwrap()
    }

    fn route(method: Method, path: &str) -> Result<Route, BadHead> {
        find(&request(method, path, None), &Origins::default(), "https")
    }

    #[test]
    fn kkdcp_is_posted_to_its_path_in_any_case() {
        for path in ["/KdcProxy", "/kdcproxy", "/KdcProxy/", "/KdcProxy?x=1"] {
            assert_eq!(route(Method::POST, path), Ok(Route::Kkdcp), "{path}");
        }
        assert_eq!(route(Method::GET, "/KdcProxy"), Err(BadHead::Method));
        assert_eq!(route(Method::POST, "/"), Err(BadHead::NotFound));
        assert_eq!(route(Method::POST, "/KdcProxy/x"), Err(BadHead::NotFound));
    }

    #[test]
    fn heimdals_path_must_be_a_message() {
        assert_eq!(route(Method::GET, "/agA="), Ok(Route::Heimdal(Bytes::from_static(&[0x6a, 0]))));
        for path in ["/", "/index.html", "/MAA=", "/%6agA="] {
            assert_eq!(route(Method::GET, path), Err(BadHead::NotFound), "{path}");
        }
    }

    #[test]
    fn a_page_of_another_origin_is_refused_before_anything_else_is_said() {
        let none = Origins::default();
        for path in ["/KdcProxy", "/nowhere"] {
            let request = request(Method::GET, path, Some("https://evil.test"));
            assert_eq!(find(&request, &none, "https"), Err(BadHead::Origin));
        }
    }

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
