//! Responses of the gateway's own, whose record is written when the last octet is out.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, combinators::UnsyncBoxBody};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::{
    body::{Body, BodyError},
    record::visit::{End, Visit},
};

/// A body whose visit is over when its last octet is out. Octets of our own are out at once.
#[must_use]
pub(super) fn recorded(body: Body, mut visit: Visit) -> Body {
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
