//! The body of a response: octets of our own, a file's as they are read, or a back end's as they arrive.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::record::visit::{End, Visit};

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

/// A body whose visit is over when its last octet is out. Octets of our own are out at once.
#[must_use]
pub fn recorded(body: Body, mut visit: Visit) -> Body {
    match body {
        Either::Left(whole) => {
            visit.octets_out = whole.size_hint().exact().unwrap_or_default();
            visit.end(End::Answered);
            Either::Left(whole)
        }
        Either::Right(body) => Either::Right(Recorded { body, visit }.boxed_unsync()),
    }
}

/// A body that is on its way, and the record of its visit.
struct Recorded {
    body: UnsyncBoxBody<Bytes, BodyError>,
    visit: Visit,
}

impl HttpBody for Recorded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &polled {
            let octets = frame.data_ref().map_or(0, Bytes::len);
            let octets = u64::try_from(octets).unwrap_or(u64::MAX);
            self.visit.octets_out = self.visit.octets_out.saturating_add(octets);
        }
        // Nobody asks again behind the last octet where the length was known.
        if polled.is_none() || self.body.is_end_stream() {
            self.visit.end(End::Answered);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
