//! Bodies on their way through: not kept, only counted, and the record written when the last octet is out.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    ext::on_informational,
};
use tokio::{sync::Notify, time::timeout};

use super::{head, identity::Identity, pool::Lease};
use crate::{
    answer,
    record::visit::{End, Visit},
};

/// A client's body on its way to a back end.
#[derive(Debug)]
pub struct Outgoing(Option<Underway>);

#[derive(Debug)]
struct Underway {
    body: Incoming,
    octets: Arc<AtomicU64>,
    identity: Arc<Identity>,
    sender: Sender,
    /// What the client waits for before it sends its body.
    wanted: Option<Wanted>,
}

impl Outgoing {
    /// A body whose octets are counted there. `identity` are the fields that name the user: trailers must not.
    #[must_use]
    pub(super) fn new(body: Option<Incoming>, octets: &Arc<AtomicU64>, identity: &Arc<Identity>) -> Self {
        let Some(body) = body.filter(|body| !body.is_end_stream()) else { return Self(None) };
        let (octets, identity) = (Arc::clone(octets), Arc::clone(identity));
        Self(Some(Underway { body, octets, identity, sender: Sender::default(), wanted: None }))
    }

    /// No body.
    #[must_use]
    pub(super) const fn nothing() -> Self {
        Self(None)
    }

    /// Whether there is none.
    #[must_use]
    pub(super) const fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// The client, who sends the body.
    #[must_use]
    pub(super) fn sender(&self) -> Sender {
        self.0.as_ref().map(|underway| underway.sender.clone()).unwrap_or_default()
    }

    /// Leaves the body with the client until it is wanted.
    pub(super) fn wait(&mut self, wanted: Wanted) {
        if let Some(underway) = &mut self.0 {
            underway.wanted = Some(wanted);
        }
    }
}

/// Whoever sends a body, as it is seen while the body is on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Sender(Arc<AtomicBool>);

impl Sender {
    /// Whether the back end has taken all that came and waits for more.
    #[must_use]
    pub(super) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Octets of a body that nobody wants, and that is read all the same.
const MAX_DISCARDED: u64 = 16 * 1024 * 1024;

/// Reads the body of a request that is turned away, for so long, and keeps nothing. Octets that nobody reads have the
/// connection reset, and a browser that still sends its form would not see the challenge.
pub async fn discard(body: &mut Incoming, patience: Duration) {
    let mut left = MAX_DISCARDED;
    let _ = timeout(patience, async {
        while let Some(Ok(frame)) = body.frame().await {
            let octets = frame.data_ref().map_or(0, Bytes::len);
            left = left.checked_sub(u64::try_from(octets).ok()?)?;
        }
        Some(())
    })
    .await;
}

/// The news that a back end wants a body (RFC 9110 section 10.1.1). As soon as the body is read, the client is told
/// to go on.
pub(super) struct Wanted(Pin<Box<dyn Future<Output = ()> + Send + Sync>>);

impl Wanted {
    /// Has the response 100 to this request be the news. Back ends that never send it, which older ones do not, are
    /// given the body a second later.
    pub(super) fn by<B>(request: &mut Request<B>) -> Self {
        let news = Arc::new(Notify::new());
        let told = Arc::clone(&news);
        on_informational(request, move |response| {
            if answer::wants_body(response.status()) {
                told.notify_one();
            }
        });
        Self(Box::pin(async move {
            let _ = timeout(PATIENCE, news.notified()).await;
        }))
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wanted")
    }
}

/// How long a back end may take to say that it wants a body.
const PATIENCE: Duration = Duration::from_secs(1);

impl Body for Outgoing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(Underway { body, octets, identity, sender, wanted }) = &mut self.0 else {
            return Poll::Ready(None);
        };
        if let Some(Wanted(news)) = wanted {
            ready!(news.as_mut().poll(context));
            *wanted = None;
        }
        let polled = Pin::new(body).poll_frame(context);
        sender.0.store(polled.is_pending(), Ordering::Relaxed);
        let mut frame = ready!(polled);
        if let Some(Ok(frame)) = &mut frame {
            if let Some(data) = frame.data_ref() {
                octets.fetch_add(u64::try_from(data.len()).unwrap_or_default(), Ordering::Relaxed);
            }
            if let Some(trailers) = frame.trailers_mut() {
                head::strip_request(trailers, identity);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|underway| underway.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |underway| underway.body.size_hint())
    }
}

/// A back end's body on its way to a client.
#[derive(Debug)]
pub struct Returning {
    body: Incoming,
    lease: Option<Lease>,
    visit: Visit,
}

impl Returning {
    /// A body with the connection that it comes over, if that may be used again, and the record of its request.
    #[must_use]
    pub const fn new(body: Incoming, lease: Option<Lease>, visit: Visit) -> Self {
        Self { body, lease, visit }
    }
}

impl Body for Returning {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                self.visit.octets_out +=
                    frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap_or_default());
            }
            Some(Err(_)) => self.visit.end(End::BackendBroke),
            None => {}
        }
        if frame.is_none() || self.body.is_end_stream() {
            self.visit.end(End::Answered);
            if let Some(lease) = self.lease.take() {
                lease.give_back();
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Returning {
    /// Without a body nothing is ever read of it; else the client left.
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            self.visit.end(End::Answered);
            if let Some(lease) = self.lease.take() {
                lease.give_back();
            }
        }
    }
}
