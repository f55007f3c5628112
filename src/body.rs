//! The body of a response: octets of our own, or a back end's as they arrive.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full, combinators::UnsyncBoxBody};
use hyper::body::Body as HttpBody;

/// The body of every response.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, hyper::Error>>;

/// Octets of our own.
#[must_use]
pub fn whole(octets: Bytes) -> Body {
    Either::Left(Full::new(octets))
}

/// Octets that are passed on as they arrive.
pub fn passed_on<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes, Error = hyper::Error> + Send + 'static,
{
    Either::Right(body.boxed_unsync())
}
