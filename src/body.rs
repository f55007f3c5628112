//! The body of a response: octets of our own, a file's as they are read, or a back end's as they arrive.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full, combinators::UnsyncBoxBody};
use hyper::body::Body as HttpBody;

/// The body of every response.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, BodyError>>;

/// Why a body ends before it is whole. The connection is broken off, so that the peer does not take it for whole.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// A back end's connection broke.
    #[error("the back end broke off")]
    Backend(#[source] hyper::Error),
    /// A file could not be read to the end that it had when it was opened.
    #[error("a file could not be read to its end")]
    File(#[source] io::Error),
}

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
    Either::Right(body.map_err(BodyError::Backend).boxed_unsync())
}

/// Octets of a file, as they are read.
pub fn read_on<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes, Error = io::Error> + Send + 'static,
{
    Either::Right(body.map_err(BodyError::File).boxed_unsync())
}
