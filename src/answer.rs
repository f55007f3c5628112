//! Every "no", and how the peer is told: HTTP status, WebSocket close code, KRB-ERROR.
//!
//! The tables follow what stock clients do with an answer, measured on MIT krb5 1.20: it goes to its next
//! proxy at once on an empty 503 and only after 20 s on KRB-ERROR 29, and it shows its user the text of
//! KRB-ERROR 12. A peer is never told the operator's sentence.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, Version, header};
use http_body_util::Full;
use tgg::failure::{Failure, Refusal, Unanswered};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// The body of every response.
pub type Body = Full<Bytes>;

/// How a relayed request is answered over HTTP when there is no reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OverHttp {
    /// Status 200 with a KRB-ERROR, for a refusal that a person should read.
    Error,
    /// A status alone.
    Status(StatusCode),
}

/// The answer over HTTP (MS-KKDCP).
#[must_use]
pub const fn over_http(unanswered: &Unanswered) -> OverHttp {
    match unanswered {
        Unanswered::Failed(Failure::Silent) => OverHttp::Status(StatusCode::GATEWAY_TIMEOUT),
        Unanswered::Failed(_) => OverHttp::Status(StatusCode::SERVICE_UNAVAILABLE),
        Unanswered::Refused(refusal) => match refusal {
            Refusal::KpasswdNotServed | Refusal::TooManyForPrincipal => OverHttp::Error,
            Refusal::TooManyFromPeer => OverHttp::Status(StatusCode::TOO_MANY_REQUESTS),
            Refusal::Wrapping(malformed) if malformed.is_too_long() => {
                OverHttp::Status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            Refusal::Message(_) | Refusal::PasswordChange(_) | Refusal::Wrapping(_) => {
                OverHttp::Status(StatusCode::BAD_REQUEST)
            }
            _ => OverHttp::Status(StatusCode::FORBIDDEN),
        },
    }
}

/// How a relayed request is answered on a stream of messages when there is no reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnStream {
    /// The stream is closed: it carries no Kerberos, or cannot be read any further.
    Close(CloseCode),
    /// A KRB-ERROR in the wrapping of the request.
    Error,
}

/// The answer on a WebSocket or a raw listener.
#[must_use]
pub const fn on_stream(unanswered: &Unanswered) -> OnStream {
    match unanswered {
        Unanswered::Refused(Refusal::Wrapping(malformed)) if malformed.is_too_long() => {
            OnStream::Close(CloseCode::Size)
        }
        Unanswered::Refused(
            Refusal::Kind | Refusal::Message(_) | Refusal::PasswordChange(_) | Refusal::Wrapping(_),
        ) => OnStream::Close(CloseCode::Policy),
        _ => OnStream::Error,
    }
}

/// Why a WebSocket is closed by the gateway.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Goodbye {
    /// The gateway is going down.
    GoingAway,
    /// Nothing came for the idle time, or a message was begun and not finished.
    Idle,
    /// The peer broke the WebSocket protocol.
    Protocol,
    /// A request was refused in a way that ends the socket.
    Refused(CloseCode),
    /// A text frame came where only binary ones carry Kerberos.
    Text,
    /// A message is above the limit.
    TooLong,
}

impl Goodbye {
    /// The close frame.
    #[must_use]
    pub fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::GoingAway => (CloseCode::Away, "going away"),
            Self::Idle => (CloseCode::Normal, "idle"),
            Self::Protocol => (CloseCode::Protocol, ""),
            Self::Refused(CloseCode::Size) | Self::TooLong => (CloseCode::Size, "message too long"),
            Self::Refused(code) => (code, "not a Kerberos request that is relayed here"),
            Self::Text => (CloseCode::Unsupported, "Kerberos is carried in binary messages"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

/// A response with this status and nothing in it.
#[must_use]
pub fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    let extra = match status {
        StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST, OPTIONS")),
        StatusCode::TOO_MANY_REQUESTS => Some((header::RETRY_AFTER, "1")),
        StatusCode::UPGRADE_REQUIRED => Some((header::SEC_WEBSOCKET_VERSION, "13")),
        _ => None,
    };
    if let Some((name, value)) = extra {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Tells a page what it may send. sspi-rs, compiled for browsers, adds a `keep-alive` header.
#[must_use]
pub fn preflight() -> Response<Body> {
    let mut response = status(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type, keep-alive, cache-control, pragma, client-request-id"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets a page of this origin read the response (Fetch, CORS).
pub fn permit_page(response: &mut Response<Body>, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-ms-request-id"));
}

/// Says that an HTTP/1.0 connection is closed. Such clients read to its end, whatever they say of keeping it.
pub fn close_if_old(version: Version, response: &mut Response<Body>) {
    if version < Version::HTTP_11 {
        // Of this version too, or hyper adds that it is kept where the peer asked for that.
        *response.version_mut() = Version::HTTP_10;
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Why a request head is not served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadHead {
    /// No body where one is needed, and no length said.
    LengthRequired,
    /// Another method than the path takes.
    Method,
    /// Nothing is at this path.
    NotFound,
    /// The page that sent it may not.
    Origin,
    /// The body is above the limit.
    TooLong,
    /// The body did not arrive in time.
    TooSlow,
    /// An upgrade that breaks RFC 6455 section 4.2.1.
    Upgrade,
    /// An upgrade of another version of the WebSocket protocol.
    Version,
}

/// The response to a head that is not served.
#[must_use]
pub fn bad_head(bad: BadHead) -> Response<Body> {
    status(match bad {
        BadHead::LengthRequired => StatusCode::LENGTH_REQUIRED,
        BadHead::Method => StatusCode::METHOD_NOT_ALLOWED,
        BadHead::NotFound => StatusCode::NOT_FOUND,
        BadHead::Origin => StatusCode::FORBIDDEN,
        BadHead::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        BadHead::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BadHead::Upgrade => StatusCode::BAD_REQUEST,
        BadHead::Version => StatusCode::UPGRADE_REQUIRED,
    })
}
