//! MS-KKDCP over HTTP, and Heimdal's own form: one request of a KDC in one HTTP request.
//!
//! Stock clients shape the answer. MIT krb5 sends HTTP/1.0, reads to the end of the stream, ignores the status
//! and cannot undo chunking, so every response has a Content-Length and an HTTP/1.0 one closes. Heimdal
//! sends `GET` with the request as base64 in the path and reads a four-octet length in the answer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use krb::frame;
use tgg::envelope::{self, Envelope, MAX_UNIT, Opened};
use tokio::time::timeout;

use super::kerberos5_proxy::{Answered, Kerberos5Proxy};
use crate::{
    answer::{self, BadHead, OverHttp},
    body::{self, Body},
    limits::{Peer, Timeouts},
    record::Via,
};

/// The media type of both directions.
const KERBEROS: HeaderValue = HeaderValue::from_static("application/kerberos");

/// Answers `POST /KdcProxy`.
///
/// # Errors
///
/// [`BadHead`] if there is no body, it is too long, or it does not arrive in time.
pub async fn post(
    service: &Kerberos5Proxy,
    request: Request<Incoming>,
    peer: &Peer,
    via: Via,
    timeouts: Timeouts,
) -> Result<Response<Body>, BadHead> {
    let says_length = request.headers().contains_key(header::CONTENT_LENGTH);
    let body = request.into_body();
    if body.size_hint().exact() == Some(0) && !says_length {
        return Err(BadHead::LengthRequired);
    }
    if body.size_hint().lower() > u64::try_from(MAX_UNIT).unwrap_or(u64::MAX) {
        return Err(BadHead::TooLong);
    }
    let unit = match timeout(timeouts.message, Limited::new(body, MAX_UNIT).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(BadHead::TooLong),
        Ok(Err(_)) | Err(_) => return Err(BadHead::TooSlow),
    };
    let (wrapping, answered) = match envelope::open_kkdcp(&unit) {
        Ok(opened) => (opened.envelope, service.answer(opened, peer, via).await),
        Err(malformed) => (Envelope::Bare, service.refuse(malformed, unit.len(), via)),
    };
    Ok(respond(wrapping, answered))
}

/// The request that Heimdal puts into a path, if that is what the path is.
#[must_use]
pub fn heimdal_request(path: &str) -> Option<Bytes> {
    let message = STANDARD.decode(path.strip_prefix('/')?).ok()?;
    let is_message = message.first()? & 0xe0 == 0x60 && message.len() <= frame::MAX_MESSAGE;
    is_message.then(|| message.into())
}

/// Answers `GET /BASE64`.
pub async fn heimdal(service: &Kerberos5Proxy, message: Bytes, peer: &Peer, via: Via) -> Response<Body> {
    respond(Envelope::Framed, service.answer(Opened::bare(message), peer, via).await)
}

fn respond(wrapping: Envelope, answered: Answered) -> Response<Body> {
    let id = answered.id.to_string();
    let mut response = match answered.reply.as_ref().map_err(answer::over_http) {
        Ok(_) | Err(OverHttp::Error) => {
            let mut response = Response::new(body::whole(wrapping.seal(answered.reply_or_error())));
            response.headers_mut().insert(header::CONTENT_TYPE, KERBEROS);
            response
        }
        Err(OverHttp::Status(status)) => answer::status(status),
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-ms-request-id", id);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
