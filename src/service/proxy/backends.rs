//! The back ends of one service, which stand for each other: who is asked, and who next if there is no connection.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use hyper::body::Incoming;
use rustls::ClientConfig;
use tgg::moment::Moment;

use super::{
    body::Outgoing,
    dial::{Connection, Dialler},
    failure::{BackendFailure, Refused},
    follow, head,
    later::Later,
    pool::{Keeping, Lease, Pool, Unserved, spare},
    ready::Ready,
    recovery::Recovery,
    url::BackendUrl,
};
use crate::{
    ambient,
    answer::{self, BadHead},
};

/// How back ends are spoken to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way {
    /// What they are called in `Host`; without it what their URL calls them.
    pub host: Option<HeaderValue>,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long the head of a response may take.
    pub respond: Duration,
    /// The gateway's own address of connections.
    pub source: Option<SocketAddr>,
    /// How connections are kept for further requests.
    pub keeping: Keeping,
    /// Redirects that are followed for one request.
    pub redirects: usize,
    /// Connections that are open before a socket asks for one.
    pub prepared: usize,
    /// The longest time between two probes of one that is down. Without it none is ever down.
    pub recovery: Option<Duration>,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            host: None,
            connect: Duration::from_secs(5),
            respond: Duration::from_secs(60),
            source: None,
            keeping: Keeping::default(),
            redirects: 0,
            prepared: 0,
            recovery: None,
        }
    }
}

/// One back end.
#[derive(Debug)]
pub struct Backend {
    /// Where it is.
    pub url: BackendUrl,
    /// The same for the record.
    pub name: Arc<str>,
    /// What it is called in `Host`.
    pub host: HeaderValue,
    redirects: usize,
    pool: Arc<Pool>,
    recovery: Recovery,
}

/// The back ends that stand for each other.
#[derive(Debug)]
pub struct Backends {
    first: Arc<Backend>,
    others: Vec<Arc<Backend>>,
    respond: Duration,
    /// Who is asked first, round by round.
    turn: AtomicUsize,
}

/// How a request is carried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carriage {
    /// By a connection that others used and will use.
    Kept,
    /// By a connection of its own, which it may turn into another protocol.
    Own,
}

/// What came of it, and of whom.
pub type Outcome<T, E> = (Arc<Backend>, Result<T, E>);

impl Backend {
    fn new(url: BackendUrl, way: &Way, tls: Option<&Arc<ClientConfig>>) -> Option<Arc<Self>> {
        let dialler = Dialler::new(&url, tls, way.connect)?.from(way.source);
        let name: Arc<str> = url.to_string().into();
        Some(Arc::new(Self {
            host: way.host.clone().or_else(|| HeaderValue::from_str(&url.authority).ok())?,
            redirects: way.redirects,
            pool: Pool::new(Ready::new(dialler, way.prepared, url.scheme.is_octets()), way.keeping),
            recovery: Recovery::new(Arc::clone(&name), way.recovery),
            name,
            url,
        }))
    }

    /// Whether it can be connected to, as far as is known.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.recovery.is_up()
    }

    /// Whether it could be connected to, or it is so long ago that it could not that it is worth a try.
    #[must_use]
    pub fn is_trusted(&self, now: Moment) -> bool {
        self.recovery.is_trusted(now)
    }

    /// Makes a request that a client sent for `asked` one to this back end.
    fn aim(&self, request: &mut Request<Outgoing>, asked: &Uri, mount: usize) -> Result<(), BadHead> {
        *request.uri_mut() = head::target(asked, mount, &self.url)?;
        request.headers_mut().insert(header::HOST, self.host.clone());
        Ok(())
    }

    /// Sends a request, and again as often as it is redirected.
    async fn ask(
        &self,
        mut request: Request<Outgoing>,
        carriage: Carriage,
        respond: Duration,
        octets: &AtomicU64,
    ) -> Result<(Response<Incoming>, Option<Lease>), Unserved> {
        let mut left = self.redirects;
        loop {
            let asks = matches!(*request.method(), Method::GET | Method::HEAD);
            let again = if left > 0 && asks { spare(&request) } else { None };
            let (response, lease) = match carriage {
                Carriage::Kept => {
                    let (response, lease) = self.pool.send(request, respond, octets).await?;
                    (response, Some(lease))
                }
                Carriage::Own => (self.pool.ask_once(request, respond, octets).await?, None),
            };
            let onward = again.filter(|_| answer::sends_on(response.status())).and_then(|again| {
                let target = follow::onward(response.headers(), again.uri(), &self.url)?;
                Some((again, target))
            });
            let Some((again, target)) = onward else { return Ok((response, lease)) };
            request = again;
            *request.uri_mut() = target;
            left -= 1;
        }
    }
}

impl Backends {
    /// The back ends at these URLs. `None` if there is no URL, or one whose host cannot be named in a certificate or in
    /// `Host`.
    #[must_use]
    pub fn new(urls: &[BackendUrl], way: &Way, tls: Option<&Arc<ClientConfig>>) -> Option<Arc<Self>> {
        let mut all = urls.iter().map(|url| Backend::new(url.clone(), way, tls));
        let first = all.next()??;
        let others = all.collect::<Option<_>>()?;
        Some(Arc::new(Self { first, others, respond: way.respond, turn: AtomicUsize::new(0) }))
    }

    /// The first of them.
    #[must_use]
    pub const fn first(&self) -> &Arc<Backend> {
        &self.first
    }

    /// All of them, in the order of their URLs.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Backend>> + Clone {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether any is up. If none is, requests are best answered at once.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.all().any(|backend| backend.is_up())
    }

    /// Sends a request with the target that the client asked for, of whose path `mount` octets are the way in. Octets of
    /// its body are counted in `octets`: as long as that moves, the response is not late.
    ///
    /// The next one is asked only while there is no connection: what was sent once may have been acted on.
    pub async fn send(
        &self,
        mut request: Request<Outgoing>,
        mount: usize,
        carriage: Carriage,
        octets: &AtomicU64,
    ) -> Outcome<(Response<Incoming>, Option<Lease>), Refused> {
        let asked = request.uri().clone();
        let mut missed = (Arc::clone(&self.first), BackendFailure::Silent);
        for backend in self.in_turn() {
            if let Err(bad) = backend.aim(&mut request, &asked, mount) {
                return (backend, Err(bad.into()));
            }
            match backend.ask(request, carriage, self.respond, octets).await {
                Ok(served) => {
                    backend.recovery.note(None);
                    return (backend, Ok(served));
                }
                Err(Unserved { why, unsent }) => {
                    backend.recovery.note(Some(&why).filter(|why| why.is_before_sending()));
                    missed = (backend, why);
                    let Some(unsent) = unsent else { break };
                    request = *unsent;
                }
            }
        }
        (missed.0, Err(missed.1.into()))
    }

    /// A connection for a stream of octets, of which `preface` is the first.
    pub async fn dial(&self, preface: &[u8]) -> Outcome<Connection, BackendFailure> {
        let mut missed = (Arc::clone(&self.first), Err(BackendFailure::Silent));
        for backend in self.in_turn() {
            let opened = backend.pool.ready().open(preface).await;
            backend.recovery.note(opened.as_ref().err());
            let is_open = opened.is_ok();
            missed = (backend, opened);
            if is_open {
                break;
            }
        }
        missed
    }

    /// The same, opened when there is something to send.
    pub fn later(self: &Arc<Self>, preface: Bytes) -> Later {
        let backends = Arc::clone(self);
        Later::new(async move { backends.dial(&preface).await.1 })
    }

    /// Probes those that are down and keeps prepared connections open, for as long as it is polled.
    pub async fn watch(&self) {
        join_all(self.all().map(|backend| async move {
            let ready = backend.pool.ready();
            let probe = || async { ready.dialler().dial().await.map(drop) };
            tokio::join!(backend.recovery.watch(probe), ready.keep());
        }))
        .await;
    }

    /// All of them in the order in which they are tried: from another start each time, those that could not be connected
    /// to lately behind the others, and those that are down only if all are.
    fn in_turn(&self) -> Vec<Arc<Backend>> {
        let count = self.others.len() + 1;
        let start = self.turn.fetch_add(1, Ordering::Relaxed) % count;
        let (now, is_up) = (ambient::now(), self.is_up());
        let round = self.all().cycle().skip(start).take(count).filter(|backend| backend.is_up() || !is_up);
        let (mut order, rest): (Vec<_>, Vec<_>) =
            round.map(Arc::clone).partition(|backend| backend.is_trusted(now));
        order.extend(rest);
        order
    }
}

#[cfg(test)]
mod tests;
