//! `proxy`: those who are admitted reach a back end, and nobody else.
//!
//! The back end is reached first, and only then is the client told 101. Nothing that a client sent before that goes to
//! the back end first.

pub mod backends;
pub mod body;
pub mod dial;
pub mod failure;
pub mod follow;
pub mod forwarding;
pub mod head;
mod joined;
pub mod later;
mod offers;
pub mod pool;
pub mod ready;
pub mod recovery;
pub mod rewrite;
pub mod url;
pub mod via;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header, request::Parts, uri::Authority};
use hyper::{body::Incoming, upgrade};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;

use self::{
    body::{Outgoing, Returning, Wanted},
    dial::{Connection, Dialler},
    failure::BackendFailure,
    offers::Offers,
    pool::{Keeping, Lease, Pool},
    ready::Ready,
    url::{BackendUrl, Scheme},
};
use crate::{
    answer::{self, BadHead},
    body::{Body, passed_on},
    connection::Caller,
    realm::Pass,
    record::visit::Visit,
    splice::Speaks,
    ws,
};

pub use joined::Joined;

/// What a proxy is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where sockets go, if anywhere.
    pub sockets: Option<BackendUrl>,
    /// Where ordinary requests go, if anywhere.
    pub requests: Option<BackendUrl>,
    /// The field that tells the back end who asks.
    pub identity: HeaderName,
    /// What back ends are called in `Host`; without it what their URL calls them.
    pub host: Option<HeaderValue>,
    /// How long a connection to a back end may take.
    pub connect: Duration,
    /// How long the head of a back end's response may take.
    pub respond: Duration,
    /// How long a joined socket may last, whatever its pass says.
    pub lifetime: Option<Duration>,
    /// How long a joined socket may idle.
    pub idle: Option<Duration>,
    /// Who signs the certificates of back ends; without it those whom the system trusts.
    pub authorities: Option<PathBuf>,
}

/// A way to back ends.
#[derive(Debug)]
pub struct Proxy {
    sockets: Option<Arc<Backend>>,
    requests: Option<Arc<Backend>>,
    identity: HeaderName,
    respond: Duration,
    lifetime: Option<Duration>,
    idle: Option<Duration>,
}

/// One back end.
#[derive(Debug)]
struct Backend {
    scheme: Scheme,
    base: String,
    /// For the record.
    name: Arc<str>,
    host: HeaderValue,
    pool: Arc<Pool>,
}

/// A request whose head is sound.
#[derive(Debug)]
pub struct Asked {
    /// Its head.
    pub head: Parts,
    /// Its body.
    pub body: Incoming,
    /// What the client called the gateway.
    pub host: Option<Authority>,
    /// For an upgrade: what the client takes for an answer to its key.
    pub key: Option<HeaderValue>,
    /// Octets of its path that are the way in to the service.
    pub mount: usize,
}

/// What came of reaching a back end.
enum Reached {
    /// A response to pass back, and the connection that it comes over if that may be used again.
    Response(Response<Incoming>, Option<Lease>),
    /// A socket: what the client is told, the connection, and what was read of it already.
    Socket(Response<Body>, Connection, Bytes, Speaks),
}

/// Why a request is not served.
enum Refused {
    Backend(BackendFailure),
    Head(BadHead),
}

impl From<BadHead> for Refused {
    fn from(bad: BadHead) -> Self {
        Self::Head(bad)
    }
}

impl From<BackendFailure> for Refused {
    fn from(why: BackendFailure) -> Self {
        Self::Backend(why)
    }
}

impl Settings {
    /// Whether back ends can be told who asks in this field: it must have no meaning of its own.
    #[must_use]
    pub fn may_name(identity: &HeaderName) -> bool {
        head::may_name(identity)
    }

    /// Whether a back end is reached over TLS.
    #[must_use]
    pub fn needs_tls(&self) -> bool {
        [&self.sockets, &self.requests].into_iter().flatten().any(|url| url.scheme.is_secure())
    }
}

impl Proxy {
    /// A proxy; `None` if a back end's host cannot be named in a certificate or in `Host`.
    #[must_use]
    pub fn new(settings: Settings, tls: Option<&Arc<ClientConfig>>) -> Option<Self> {
        let Settings { identity, host, connect, respond, lifetime, idle, .. } = settings;
        let backend = |url: &BackendUrl| {
            Some(Arc::new(Backend {
                scheme: url.scheme,
                base: url.base.clone(),
                name: url.to_string().into(),
                host: host.clone().or_else(|| HeaderValue::from_str(&url.authority).ok())?,
                pool: Pool::new(Ready::new(Dialler::new(url, tls, connect)?, 0, false), Keeping::default()),
            }))
        };
        let requests = match &settings.requests {
            Some(url) => Some(backend(url)?),
            None => None,
        };
        let sockets = match &settings.sockets {
            Some(url) => Some(backend(url)?),
            None => requests.clone(),
        };
        Some(Self { sockets, requests, identity, respond, lifetime, idle })
    }

    /// What stands in front of the paths of requests at the back end.
    #[must_use]
    pub fn base(&self, is_upgrade: bool) -> &str {
        let backend = if is_upgrade { &self.sockets } else { &self.requests };
        backend.as_ref().map_or("", |backend| &backend.base)
    }

    /// Answers a request. If the answer is 101 the client's connection is to be joined with the back end's.
    pub async fn answer(
        &self,
        asked: Asked,
        pass: &Pass,
        caller: &Caller,
        mut visit: Visit,
    ) -> (Response<Body>, Option<Joined>) {
        let backend = if asked.key.is_some() { &self.sockets } else { &self.requests };
        visit.backend = backend.as_ref().map(|backend| Arc::clone(&backend.name));
        let octets = Arc::clone(&visit.octets_in);
        let ends = pass.ends;
        match self.reach(backend.as_deref(), asked, pass, caller, &octets).await {
            Err(refused) => (refuse(refused, visit), None),
            Ok(Reached::Response(mut response, lease)) => {
                head::strip_response(response.headers_mut());
                answer::own_version(&mut response);
                visit.status = Some(response.status());
                (response.map(|body| passed_on(Returning::new(body, lease, visit))), None)
            }
            Ok(Reached::Socket(response, connection, early, speaks)) => {
                visit.status = Some(response.status());
                if speaks == Speaks::Octets {
                    visit.via = "tcp";
                }
                let joined = Joined {
                    connection,
                    early,
                    speaks,
                    ends: joined::end(ends, self.lifetime),
                    idle: self.idle,
                    visit,
                };
                (response, Some(joined))
            }
        }
    }

    /// Has the back end serve a request that may be served.
    async fn reach(
        &self,
        backend: Option<&Backend>,
        mut asked: Asked,
        pass: &Pass,
        caller: &Caller,
        octets: &Arc<AtomicU64>,
    ) -> Result<Reached, Refused> {
        let backend = backend.ok_or(BadHead::SocketsOnly)?;
        let (key, offers) = (asked.key.take(), Offers::of(&asked.head.headers));
        let asked = self.ask(backend, asked, pass, caller, octets)?;
        Ok(match key {
            None => self.request(backend, asked, octets).await?,
            Some(key) => self.socket(backend, asked, key, &offers, octets).await?,
        })
    }

    /// What the back end is asked.
    fn ask(
        &self,
        backend: &Backend,
        asked: Asked,
        pass: &Pass,
        caller: &Caller,
        octets: &Arc<AtomicU64>,
    ) -> Result<Request<Outgoing>, BadHead> {
        let Asked { head: Parts { method, uri, mut headers, .. }, body, host, .. } = asked;
        let takes_trailers = ws::has_token(&headers, header::TE, "trailers");
        head::strip_request(&mut headers, &self.identity);
        head::forward(&mut headers, caller.visitor.address, host.as_ref(), caller.scheme);
        headers.insert(header::HOST, backend.host.clone());
        if let Some(subject) = &pass.subject {
            headers.insert(self.identity.clone(), subject.header());
        }
        if takes_trailers {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        }
        let mut request = Request::new(Outgoing::new(body, octets, &self.identity));
        *request.method_mut() = method;
        *request.uri_mut() = head::target(&uri, &backend.base)?;
        let waits = ws::has_token(&headers, header::EXPECT, "100-continue");
        *request.headers_mut() = headers;
        if waits {
            let wanted = Wanted::by(&mut request);
            request.body_mut().wait(wanted);
        }
        Ok(request)
    }

    async fn request(
        &self,
        backend: &Backend,
        request: Request<Outgoing>,
        octets: &AtomicU64,
    ) -> Result<Reached, BackendFailure> {
        let (response, lease) = backend.pool.send(request, self.respond, octets).await?;
        if ws::switches(&response) {
            return Err(BackendFailure::Unasked);
        }
        Ok(Reached::Response(response, Some(lease)))
    }

    async fn socket(
        &self,
        backend: &Backend,
        mut request: Request<Outgoing>,
        key: HeaderValue,
        offers: &Offers,
        octets: &AtomicU64,
    ) -> Result<Reached, BackendFailure> {
        if backend.scheme == Scheme::Tcp {
            let connection = backend.pool.ready().dialler().dial().await?;
            let response = ws::switch(key, offers.for_octets());
            return Ok(Reached::Socket(response, connection, Bytes::new(), Speaks::Octets));
        }
        ws::set_upgrade(request.headers_mut());
        let mut response = backend.pool.ask_once(request, self.respond, octets).await?;
        if !ws::switches(&response) {
            return Ok(Reached::Response(response, None));
        }
        if !ws::is_switch(&response) || !offers.allow(response.headers()) {
            return Err(BackendFailure::Unasked);
        }
        if response.headers().get(header::SEC_WEBSOCKET_ACCEPT) != Some(&key) {
            return Err(BackendFailure::Accept);
        }
        let upgraded = upgrade::on(&mut response).await.map_err(BackendFailure::Broken)?;
        // The connection's own type, so that what HTTP needed of it is given back.
        let parts = upgraded.downcast::<TokioIo<Connection>>().map_err(|_| BackendFailure::Unasked)?;
        let mut answer = answer::status(response.status());
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        head::strip_response(answer.headers_mut());
        ws::set_upgrade(answer.headers_mut());
        Ok(Reached::Socket(answer, parts.io.into_inner(), parts.read_buf, Speaks::WebSocket))
    }
}

/// The response to a request that is not served, and its record.
fn refuse(refused: Refused, mut visit: Visit) -> Response<Body> {
    let (response, outcome, blame, why): (_, _, _, Box<dyn std::fmt::Display>) = match refused {
        Refused::Backend(why) => (answer::backend(&why), why.word(), "backend", Box::new(why)),
        Refused::Head(bad) => (answer::bad_head(bad), bad.word(), "peer", Box::new(bad)),
    };
    visit.status = Some(response.status());
    visit.refused(outcome, blame, &why);
    response
}
