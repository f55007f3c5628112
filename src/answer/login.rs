//! What is said to whoever is not let in by a realm, or not any more.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::{status, store_nowhere, vary_by_who_asks};
use crate::body::{self, Body};

/// What a browser shows of a challenge that its user does not answer; as KAAZING Gateway has it.
const UNAUTHORIZED: &str = "<html><head></head><body><h1>401 Unauthorized</h1></body></html>";

/// What a browser shows of a denial; as KAAZING Gateway has it.
const FORBIDDEN: &str = "<html><head></head><body><h1>403 Forbidden</h1></body></html>";

/// Asks for a proof. The connection stays open: .NET's WebSocket client repeats its request on the same one.
#[must_use]
pub fn challenge(challenge: HeaderValue) -> Response<Body> {
    let mut response = with_page(unstored(StatusCode::UNAUTHORIZED), UNAUTHORIZED);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// Says that whoever is known may not. The reply to a proof comes along; there is no challenge.
#[must_use]
pub fn denied(reply: Option<HeaderValue>) -> Response<Body> {
    let mut response = with_page(unstored(StatusCode::FORBIDDEN), FORBIDDEN);
    if let Some(reply) = reply {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, reply);
    }
    response
}

/// Has whoever failed too often wait (RFC 6585 section 4).
#[must_use]
pub fn wait(time: Duration) -> Response<Body> {
    let mut response = unstored(StatusCode::TOO_MANY_REQUESTS);
    let seconds = time.as_secs().saturating_add(1);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Says that the gateway cannot judge a proof, and that it is not the peer's fault.
#[must_use]
pub fn unjudged() -> Response<Body> {
    unstored(StatusCode::SERVICE_UNAVAILABLE)
}

/// Says that the credentials cannot be read.
#[must_use]
pub fn unreadable() -> Response<Body> {
    unstored(StatusCode::BAD_REQUEST)
}

/// Says that a user is logged out.
#[must_use]
pub fn logged_out() -> Response<Body> {
    status(StatusCode::NO_CONTENT)
}

fn with_page(response: Response<Body>, page: &'static str) -> Response<Body> {
    let mut response = response.map(|_| body::whole(Bytes::from_static(page.as_bytes())));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// A status that depends on who asks, so that nothing between keeps it for others (RFC 9111 section 3.5).
fn unstored(code: StatusCode) -> Response<Body> {
    let mut response = status(code);
    store_nowhere(response.headers_mut());
    vary_by_who_asks(response.headers_mut());
    response
}
