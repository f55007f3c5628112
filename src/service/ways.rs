//! What a request to a service that relays Kerberos asks for.
//!
//! A WebSocket upgrade on any path, MS-KKDCP at `/KdcProxy`, and Heimdal's form at the path that is its request.

use bytes::Bytes;
use http::{Method, Request};

use super::kkdcp;
use crate::{answer::BadHead, ws};

/// Where MS-KKDCP is posted to (MS-KKDCP section 2.1).
const KDC_PROXY: &str = "KdcProxy";

/// What a request head asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    /// Heimdal's form: the request that its path was.
    Heimdal(Bytes),
    /// MS-KKDCP.
    Kkdcp,
    /// A page asks what it may send (Fetch, CORS preflight).
    Preflight,
    /// A WebSocket.
    Relay,
}

/// Finds what a request asks for. `below` is its path below the service's own.
///
/// # Errors
///
/// [`BadHead::Method`] or [`BadHead::NotFound`].
pub fn find<B>(request: &Request<B>, below: &str) -> Result<Way, BadHead> {
    if ws::is_upgrade(request) {
        return Ok(Way::Relay);
    }
    // Below a way in, or the way in itself.
    let whole = request.uri().path();
    let last = whole.trim_end_matches('/').rsplit_once('/').map_or("", |(_, last)| last);
    let below_or_last = if below.trim_matches('/').is_empty() { last } else { below.trim_matches('/') };
    let is_kdc_proxy = below_or_last.eq_ignore_ascii_case(KDC_PROXY);
    match *request.method() {
        Method::POST if is_kdc_proxy => Ok(Way::Kkdcp),
        Method::OPTIONS if is_kdc_proxy => Ok(Way::Preflight),
        _ if is_kdc_proxy => Err(BadHead::Method),
        Method::GET => kkdcp::heimdal_request(below).map(Way::Heimdal).ok_or(BadHead::NotFound),
        _ => Err(BadHead::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Method, path: &str) -> Result<Way, BadHead> {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        find(&request, request.uri().path())
    }

    #[test]
    fn kkdcp_is_posted_to_its_path_in_any_case() {
        for path in ["/KdcProxy", "/kdcproxy", "/KdcProxy/", "/KdcProxy?x=1"] {
            assert_eq!(route(Method::POST, path), Ok(Way::Kkdcp), "{path}");
        }
        assert_eq!(route(Method::GET, "/KdcProxy"), Err(BadHead::Method));
        assert_eq!(route(Method::POST, "/"), Err(BadHead::NotFound));
        assert_eq!(route(Method::POST, "/KdcProxy/x"), Err(BadHead::NotFound));
    }

    #[test]
    fn heimdals_path_must_be_a_message() {
        assert_eq!(route(Method::GET, "/agA="), Ok(Way::Heimdal(Bytes::from_static(&[0x6a, 0]))));
        for path in ["/", "/index.html", "/MAA=", "/%6agA="] {
            assert_eq!(route(Method::GET, path), Err(BadHead::NotFound), "{path}");
        }
    }
}
