//! The service that sends clients elsewhere: `http.redirect`.
//!
//! All go to the one place that is configured. What stands below the accept in the request's path is not carried
//! along, as KAAZING Gateway does not.

use http::{HeaderValue, Response, Uri};

use crate::{
    answer::file::{self as answer, Redirection},
    body::Body,
};

/// Where clients are sent, and how.
#[derive(Clone, Debug)]
pub struct Redirect {
    how: Redirection,
    location: HeaderValue,
}

/// Why a redirection cannot be. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// The place is none that a client could go to.
    #[error(
        "{location:?} is no place to send clients to; write an absolute URI as https://host/path, or a path that begins with /"
    )]
    Location {
        /// What is configured.
        location: String,
    },
    /// The status is no redirection.
    #[error("status {code} does not send clients elsewhere; use 301, 302, 303, 307 or 308")]
    Status {
        /// What is configured.
        code: u16,
    },
}

impl Redirect {
    /// Sends clients to `location`, an absolute URI or a path, with this status.
    ///
    /// # Errors
    ///
    /// [`RedirectError`].
    pub fn new(location: &str, code: u16) -> Result<Self, RedirectError> {
        let how = Redirection::of(code).ok_or(RedirectError::Status { code })?;
        let leads = |uri: Uri| location.starts_with('/') || (uri.scheme().is_some() && uri.host().is_some());
        let sound = location.bytes().all(|sign| sign.is_ascii_graphic()) && location.parse().is_ok_and(leads);
        match HeaderValue::from_str(location) {
            Ok(location) if sound => Ok(Self { how, location }),
            _ => Err(RedirectError::Location { location: location.to_owned() }),
        }
    }

    /// The answer to every request.
    #[must_use]
    pub fn answer(&self) -> Response<Body> {
        answer::redirect(self.how, self.location.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_sent_to_the_one_place_with_each_status() {
        for code in [301, 302, 303, 307, 308] {
            let response = Redirect::new("https://app.test/new?a=b#part", code).unwrap().answer();
            assert_eq!(response.status().as_u16(), code);
            assert_eq!(response.headers()["location"], "https://app.test/new?a=b#part");
        }
    }

    #[test]
    fn a_path_is_a_place() {
        assert_eq!(Redirect::new("/new/", 302).unwrap().answer().headers()["location"], "/new/");
    }

    #[test]
    fn a_status_that_redirects_nobody_is_refused() {
        for code in [200, 300, 304, 305, 306, 404] {
            assert_eq!(Redirect::new("/", code).unwrap_err(), RedirectError::Status { code });
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for wrong in ["", "new/", "app.test", "https://", "https://a b/", "/a\r\nSet-Cookie: x", "/\u{e9}"] {
            let refused = Redirect::new(wrong, 302).unwrap_err();
            assert_eq!(refused, RedirectError::Location { location: wrong.to_owned() });
        }
    }
}
