//! How requests for files are answered, and requests that are sent elsewhere.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::status;
use crate::body::Body;

/// Why a file is not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoFile {
    /// A condition of the request does not hold.
    #[error("a condition of the request does not hold")]
    Condition,
    /// The system does not give it.
    #[error("the system does not give the file")]
    Failed,
    /// Another method than `GET` and `HEAD`.
    #[error("the method is not served")]
    Method,
    /// There is none that may be seen.
    #[error("nothing is at this path")]
    Missing,
    /// The path is none, or leaves the directory.
    #[error("the path leaves the one that is served")]
    Path,
    /// It has not the octets that are asked for.
    #[error("the range lies outside of the file")]
    Range {
        /// Octets that it has.
        length: u64,
    },
}

/// The response to a request that no file is sent for.
#[must_use]
pub fn refuse(why: NoFile) -> Response<Body> {
    let mut response = status(match why {
        NoFile::Condition => StatusCode::PRECONDITION_FAILED,
        NoFile::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        NoFile::Method => StatusCode::METHOD_NOT_ALLOWED,
        NoFile::Missing => StatusCode::NOT_FOUND,
        NoFile::Path => StatusCode::BAD_REQUEST,
        NoFile::Range { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
    });
    match why {
        NoFile::Method => {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        NoFile::Range { length } => say_range(response.headers_mut(), format!("bytes */{length}")),
        _ => {}
    }
    response
}

/// Says that what the client has is still good.
#[must_use]
pub fn not_modified() -> Response<Body> {
    status(StatusCode::NOT_MODIFIED)
}

/// Says that the body is this part, which is not empty, of a file that has `length` octets.
pub fn mark_as_part<B>(response: &mut Response<B>, part: &Range<u64>, length: u64) {
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let last = part.end.saturating_sub(1);
    say_range(response.headers_mut(), format!("bytes {}-{last}/{length}", part.start));
}

fn say_range(headers: &mut HeaderMap, range: String) {
    if let Ok(range) = HeaderValue::try_from(range) {
        headers.insert(header::CONTENT_RANGE, range);
    }
}

/// How a client is sent elsewhere (RFC 9110 section 15.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Redirection {
    /// 302: for now.
    Found,
    /// 301: for good.
    Moved,
    /// 308: for good, with the same method and body.
    Permanent,
    /// 303: with `GET`.
    SeeOther,
    /// 307: for now, with the same method and body.
    Temporary,
}

impl Redirection {
    /// The one with this status, if there is one.
    #[must_use]
    pub const fn of(code: u16) -> Option<Self> {
        match code {
            301 => Some(Self::Moved),
            302 => Some(Self::Found),
            303 => Some(Self::SeeOther),
            307 => Some(Self::Temporary),
            308 => Some(Self::Permanent),
            _ => None,
        }
    }
}

/// Sends a client elsewhere.
#[must_use]
pub fn redirect(how: Redirection, location: HeaderValue) -> Response<Body> {
    let mut response = status(match how {
        Redirection::Found => StatusCode::FOUND,
        Redirection::Moved => StatusCode::MOVED_PERMANENTLY,
        Redirection::Permanent => StatusCode::PERMANENT_REDIRECT,
        Redirection::SeeOther => StatusCode::SEE_OTHER,
        Redirection::Temporary => StatusCode::TEMPORARY_REDIRECT,
    });
    response.headers_mut().insert(header::LOCATION, location);
    response
}
