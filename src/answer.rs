//! Every "no", and how the peer is told: HTTP status, WebSocket close code, KRB-ERROR.
//!
//! The tables follow what stock clients do with an answer, measured on MIT krb5 1.20: it goes to its next
//! proxy at once on an empty 503 and only after 20 s on KRB-ERROR 29, and it shows its user the text of
//! KRB-ERROR 12. A peer is never told the operator's sentence.

pub mod file;
pub mod login;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use tgg::failure::{Failure, Refusal, Unanswered};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

use crate::{
    body::{self, Body},
    service::proxy::failure::BackendFailure,
    ws::frame::Breach,
};

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
    /// The user has to log in again.
    AuthorizationOver,
    /// An operator closed it.
    Closed,
    /// The client was not let in by the handshake inside the socket.
    Denied,
    /// The back end has ended its stream of octets.
    Done,
    /// The pass that the socket was opened with has ended.
    Expired,
    /// The gateway is going down.
    GoingAway,
    /// Nothing came for the idle time, or a message was begun and not finished.
    Idle,
    /// The user has logged out.
    LoggedOut,
    /// A text message is no UTF-8.
    NotUtf8,
    /// The peer broke the WebSocket protocol.
    Protocol,
    /// A request was refused in a way that ends the socket.
    Refused(CloseCode),
    /// The time of a session is over.
    SessionOver,
    /// More waits for the peer than it may have waiting: it takes too little of what it is sent.
    Slow,
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
            Self::AuthorizationOver => (CloseCode::Library(3000), "authorization expired"),
            Self::Closed => (CloseCode::Policy, "closed by the operator"),
            // As KAAZING Gateway ends one: the answer inside said it already.
            Self::Denied => (CloseCode::Policy, ""),
            // Without a reason, so that it fits where the header of a message would stand.
            Self::Done => (CloseCode::Normal, ""),
            // Of the codes that IANA registers for WebSocket the one that says "Unauthorized".
            Self::Expired => (CloseCode::Library(3000), "ticket expired"),
            Self::GoingAway => (CloseCode::Away, "going away"),
            Self::Idle => (CloseCode::Normal, "idle"),
            Self::LoggedOut => (CloseCode::Library(3000), "logged out"),
            Self::NotUtf8 => (CloseCode::Invalid, ""),
            Self::Protocol => (CloseCode::Protocol, ""),
            Self::Refused(CloseCode::Size) | Self::TooLong => (CloseCode::Size, "message too long"),
            Self::Refused(code) => (code, "not a Kerberos request that is relayed here"),
            // As KAAZING Gateway ends one: the client is to see a clean end without a word.
            Self::SessionOver => (CloseCode::Normal, ""),
            Self::Slow => (CloseCode::Policy, "too slow"),
            Self::Text => (CloseCode::Unsupported, "Kerberos is carried in binary messages"),
        };
        CloseFrame { code, reason: reason.into() }
    }

    /// One word for logs and counters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuthorizationOver => "authorization_over",
            Self::Closed => "operator",
            Self::Denied => "denied",
            Self::Done => "done",
            Self::Expired => "expired",
            Self::GoingAway => "drained",
            Self::Idle => "idle",
            Self::LoggedOut => "logged_out",
            Self::NotUtf8 => "not_utf8",
            Self::Protocol => "protocol",
            Self::Refused(_) => "refused",
            Self::SessionOver => "session_over",
            Self::Slow => "slow",
            Self::Text => "text",
            Self::TooLong => "too_long",
        }
    }
}

impl From<Breach> for Goodbye {
    fn from(breach: Breach) -> Self {
        match breach {
            Breach::Protocol => Self::Protocol,
            Breach::TooLong => Self::TooLong,
        }
    }
}

/// A response with this status and nothing in it.
#[must_use]
pub fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(body::whole(Bytes::new()));
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
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let exposed = headers.entry(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    exposed.or_insert(HeaderValue::from_static("x-ms-request-id"));
}

/// Answers a page that asks what it may send: yes, to what its headers then name.
#[must_use]
pub fn preflight_allowed() -> Response<Body> {
    status(StatusCode::OK)
}

/// Says that an HTTP/1.0 connection is closed. Such clients read to its end, whatever they say of keeping it.
pub fn close_if_old(version: Version, response: &mut Response<Body>) {
    if version < Version::HTTP_11 {
        // Of this version too, or hyper adds that it is kept where the peer asked for that.
        *response.version_mut() = Version::HTTP_10;
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Why a request head is not served. All are the peer's fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadHead {
    /// No host, or several.
    #[error("there is not just one sound Host")]
    Host,
    /// No body where one is needed, and no length said.
    #[error("there is no body")]
    LengthRequired,
    /// Another method than the path takes.
    #[error("the method is not served")]
    Method,
    /// Who wants to log out has not logged in.
    #[error("there is no session to end")]
    NoSession,
    /// Nothing is at this path.
    #[error("nothing is at this path")]
    NotFound,
    /// The page that sent it may not.
    #[error(
        "the page that asks may not; if it should, allow its origin with --allow-origin (<cross-site-constraint>)"
    )]
    Origin,
    /// The path leaves the one that is served.
    #[error("the path leaves the one that is served")]
    Path,
    /// Only sockets are served here.
    #[error(
        "only WebSocket is served here; for requests take an http:// back end (--connect), or an http:// <accept>"
    )]
    SocketsOnly,
    /// The body is above the limit.
    #[error("the body is too long")]
    TooLong,
    /// The peer is over its rate, or has too many requests in flight.
    #[error("the peer is over its rate or has too many requests in flight")]
    TooMany,
    /// The body did not arrive in time.
    #[error("the body came too slowly")]
    TooSlow,
    /// A method that no back end is asked.
    #[error("the method is for forward proxies, or shows what passes between servers")]
    Unserved,
    /// An upgrade that breaks RFC 6455 section 4.2.1.
    #[error("the upgrade is not sound")]
    Upgrade,
    /// An upgrade of another version of the WebSocket protocol.
    #[error("the upgrade is of another version than 13")]
    Version,
}

impl BadHead {
    /// One word for logs and counters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::LengthRequired => "no_length",
            Self::Method => "method",
            Self::NoSession => "no_session",
            Self::NotFound => "not_found",
            Self::Origin => "origin",
            Self::Path => "path",
            Self::SocketsOnly => "sockets_only",
            Self::TooLong => "too_long",
            Self::TooMany => "peer_rate",
            Self::TooSlow => "too_slow",
            Self::Unserved => "method",
            Self::Upgrade => "upgrade",
            Self::Version => "version",
        }
    }
}

/// The response to a head that is not served.
#[must_use]
pub fn bad_head(bad: BadHead) -> Response<Body> {
    status(match bad {
        BadHead::Host | BadHead::Path => StatusCode::BAD_REQUEST,
        BadHead::LengthRequired => StatusCode::LENGTH_REQUIRED,
        BadHead::Method => StatusCode::METHOD_NOT_ALLOWED,
        BadHead::NoSession => StatusCode::FORBIDDEN,
        BadHead::NotFound => StatusCode::NOT_FOUND,
        BadHead::Origin => StatusCode::FORBIDDEN,
        BadHead::SocketsOnly => return sockets_only(),
        BadHead::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        BadHead::TooMany => StatusCode::TOO_MANY_REQUESTS,
        BadHead::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BadHead::Unserved => StatusCode::NOT_IMPLEMENTED,
        BadHead::Upgrade => StatusCode::BAD_REQUEST,
        BadHead::Version => StatusCode::UPGRADE_REQUIRED,
    })
}

/// Says that a request has to be an upgrade (RFC 9110 section 15.5.22).
fn sockets_only() -> Response<Body> {
    let mut response = status(StatusCode::UPGRADE_REQUIRED);
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    response
}

/// The response to a request that a back end did not serve.
#[must_use]
pub fn backend(why: &BackendFailure) -> Response<Body> {
    status(match why {
        BackendFailure::Absent(_) | BackendFailure::Source(_) => StatusCode::SERVICE_UNAVAILABLE,
        // As an accept of KAAZING Gateway answers that is not bound for as long.
        BackendFailure::Down => StatusCode::NOT_FOUND,
        BackendFailure::Late | BackendFailure::Silent => StatusCode::GATEWAY_TIMEOUT,
        BackendFailure::Loop => StatusCode::LOOP_DETECTED,
        BackendFailure::Accept
        | BackendFailure::Broken(_)
        | BackendFailure::Handshake(_)
        | BackendFailure::Tls(_)
        | BackendFailure::Unasked
        | BackendFailure::Untold(_) => StatusCode::BAD_GATEWAY,
    })
}

/// Whether a back end's interim response asks for the body (RFC 9110 section 15.2.1).
#[must_use]
pub fn wants_body(status: StatusCode) -> bool {
    status == StatusCode::CONTINUE
}

/// Whether a back end's response sends on to another place, where the same may be asked with the same method (RFC 9110
/// section 15.4). It is asked of `GET` and `HEAD` alone, for which 303 is no other than 302.
#[must_use]
pub const fn sends_on(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

/// Whether a response asks for other credentials, so that its client may ask again.
#[must_use]
pub fn asks_again(status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED
}

/// Says that another method than these was used.
#[must_use]
pub fn method(allowed: &'static str) -> Response<Body> {
    let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Says, with these words, that nobody is served here for now.
#[must_use]
pub fn not_now(words: Bytes) -> Response<Body> {
    status(StatusCode::SERVICE_UNAVAILABLE).map(|_| body::whole(words))
}

/// Sends a browser from a folder's path to the same one with a slash, below which relative links lead.
///
/// The new place is relative to the old one: of a path that begins with two slashes a browser would take the first part
/// for another host.
#[must_use]
pub fn with_slash(path: &str) -> Response<Body> {
    let last = path.rsplit('/').next().unwrap_or_default();
    let Ok(place) = HeaderValue::try_from(format!("./{last}/")) else { return status(StatusCode::NOT_FOUND) };
    let mut response = status(StatusCode::PERMANENT_REDIRECT);
    response.headers_mut().insert(header::LOCATION, place);
    response
}

/// Says that a response is JSON.
pub fn json(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
}

/// Says that nothing may keep a response.
pub fn store_nowhere(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Says that a response is for those who ask with the same proof (RFC 9110 section 12.5.5). Its back end does not know
/// that there is one, and may let caches in front of the gateway keep it.
pub fn vary_by_who_asks(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("authorization, cookie"));
}

/// Says what answers, where a back end has not said it of itself.
pub fn name_itself(headers: &mut HeaderMap) {
    headers.entry(header::SERVER).or_insert(HeaderValue::from_static("ticketgate"));
}

/// Has a response be of the gateway's own version of HTTP, whatever its back end speaks (RFC 9110 section 2.5).
pub fn own_version<B>(response: &mut Response<B>) {
    *response.version_mut() = Version::HTTP_11;
}
