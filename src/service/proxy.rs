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
pub mod fronting;
pub mod head;
pub mod identity;
mod joined;
pub mod later;
mod offers;
pub mod pool;
pub mod preface;
pub mod ready;
pub mod recovery;
pub mod rewrite;
pub mod stream;
pub mod url;
pub mod via;
pub mod watch;

use std::sync::{Arc, atomic::AtomicU64};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderValue, Request, Response, header, request::Parts, uri::Authority};
use hyper::{body::Incoming, upgrade};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;

use self::{
    backends::{Backend, Backends, Carriage, Outcome, Way},
    body::{Outgoing, Returning, Wanted},
    dial::Connection,
    failure::{BackendFailure, Refused},
    forwarding::{Asker, Forwarding},
    fronting::{Front, Fronting},
    identity::{Identity, token::Tokens},
    offers::Offers,
    pool::Lease,
    preface::{Client, Preface},
    rewrite::Rewriting,
    url::BackendUrl,
};
use crate::{
    answer::{self, BadHead},
    body::{Body, passed_on},
    caller::Caller,
    realm::pass::Pass,
    record::{RequestId, visit::Visit},
    signing::Keyring,
    splice::Speaks,
    tls::client::ClientSettings,
    ws,
};

pub use joined::{Joined, Joining, PENDING};

/// What a proxy is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where sockets go, if anywhere; several stand for each other.
    pub sockets: Vec<BackendUrl>,
    /// Where ordinary requests go, if anywhere; sockets too where none is named for those.
    pub requests: Vec<BackendUrl>,
    /// How back ends are spoken to.
    pub way: Way,
    /// Whether a stream of octets is connected to only when the client has something to send. A back end that refuses
    /// then is seen as a socket that breaks off, since it was opened by that time.
    pub is_deferred: bool,
    /// The fields that tell the back end who asks.
    pub identity: Identity,
    /// What back ends of octets are told before a client's own.
    pub preface: Preface,
    /// What becomes of what clients say of where their requests came from.
    pub forwarding: Forwarding,
    /// What is rewritten in responses by a proxy that stands in front under another name (`http.proxy`).
    pub fronting: Option<Rewriting>,
    /// What bounds joined sockets.
    pub joining: Joining,
    /// How TLS is spoken with back ends.
    pub tls: ClientSettings,
}

/// A way to back ends.
#[derive(Debug)]
pub struct Proxy {
    sockets: Option<Arc<Backends>>,
    requests: Option<Arc<Backends>>,
    is_deferred: bool,
    identity: Arc<Identity>,
    tokens: Option<Tokens>,
    preface: Preface,
    forwarding: Forwarding,
    fronting: Option<Fronting>,
    joining: Joining,
}

/// A request whose head is sound.
#[derive(Debug)]
pub struct Asked {
    /// Its head.
    pub head: Parts,
    /// Its body; one that came inside of a socket has none.
    pub body: Option<Incoming>,
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

impl Settings {
    /// Whether a back end is reached over TLS.
    #[must_use]
    pub fn needs_tls(&self) -> bool {
        self.sockets.iter().chain(&self.requests).any(|url| url.scheme.is_secure())
    }
}

impl Proxy {
    /// A proxy; `None` if a back end's host cannot be named in a certificate or in `Host`, or if there are no keys for the
    /// tokens that it is to tell.
    #[must_use]
    pub fn new(
        settings: Settings,
        tls: Option<&Arc<ClientConfig>>,
        keys: Option<Arc<Keyring>>,
    ) -> Option<Self> {
        let Settings { way, is_deferred, identity, preface, forwarding, joining, .. } = settings;
        let backends = |urls: &[BackendUrl]| match urls {
            [] => Some(None),
            _ => Backends::new(urls, &way, tls).map(Some),
        };
        let requests = backends(&settings.requests)?;
        let sockets = backends(&settings.sockets)?.or_else(|| requests.clone());
        let fronting = settings.fronting.map(Fronting::new);
        let tokens = match &identity.token {
            Some(token) => Some(Tokens::new(token.clone(), keys?)),
            None => None,
        };
        let identity = Arc::new(identity);
        Some(Self {
            sockets,
            requests,
            is_deferred,
            identity,
            tokens,
            preface,
            forwarding,
            fronting,
            joining,
        })
    }

    /// Whether sockets of clients end here, so that what is said in them before is for the gateway. One that stands in
    /// front of a server under another name passes on whatever is said.
    #[must_use]
    pub const fn ends_sockets(&self) -> bool {
        self.fronting.is_none()
    }

    /// Probes back ends that are down and keeps prepared connections open, for as long as it is polled.
    pub async fn watch(&self) {
        join_all(self.groups().map(|backends| backends.watch())).await;
    }

    /// All back ends, each once.
    pub fn backends(&self) -> impl Iterator<Item = &Arc<Backend>> {
        self.groups().flat_map(|backends| backends.all())
    }

    fn groups(&self) -> impl Iterator<Item = &Arc<Backends>> {
        let of_requests = self.requests.as_ref();
        let is_other = |one: &&Arc<Backends>| of_requests.is_none_or(|other| !Arc::ptr_eq(one, other));
        of_requests.into_iter().chain(self.sockets.as_ref().filter(is_other))
    }

    /// Answers a request. If the answer is 101 the client's connection is to be joined with the back end's.
    pub async fn answer(
        &self,
        asked: Asked,
        pass: &Pass,
        caller: &Caller,
        mut visit: Visit,
    ) -> (Response<Body>, Option<Joined>) {
        let Some(backends) = (if asked.key.is_some() { &self.sockets } else { &self.requests }) else {
            return (refuse(BadHead::SocketsOnly.into(), visit), None);
        };
        let front = match self.fronting.as_ref().map(|fronting| fronting.enter(&asked, caller.scheme)) {
            Some(Err(why)) => return (refuse(why.into(), visit), None),
            Some(Ok(front)) => Some(front),
            None => None,
        };
        let octets = Arc::clone(&visit.octets_in);
        let (backend, reached) = self.reach(backends, asked, pass, caller, (visit.id, &octets)).await;
        visit.backend = Some(Arc::clone(&backend.name));
        match reached {
            Err(refused) => (refuse(refused, visit), None),
            Ok(Reached::Response(mut response, lease)) => {
                head::strip_response(response.headers_mut());
                self.leave(&mut response, front.as_ref(), &backend);
                answer::own_version(&mut response);
                visit.status = Some(response.status());
                (response.map(|body| passed_on(Returning::new(body, lease, visit))), None)
            }
            Ok(Reached::Socket(mut response, connection, early, speaks)) => {
                self.leave(&mut response, front.as_ref(), &backend);
                visit.status = Some(response.status());
                if speaks == Speaks::Octets {
                    visit.via = "tcp";
                }
                let (joining, ends) = (self.joining, self.joining.end(pass.term.clone()));
                let joined = Joined { connection, early, speaks, ends, joining, visit };
                (response, Some(joined))
            }
        }
    }

    /// Puts a back end's response into the words of the client, if the proxy stands under another name.
    fn leave<B>(&self, response: &mut Response<B>, front: Option<&Front>, backend: &Backend) {
        if let (Some(fronting), Some(front)) = (&self.fronting, front) {
            fronting.leave(response, front, backend);
        }
    }

    /// Has a back end serve a request that may be served.
    async fn reach(
        &self,
        backends: &Arc<Backends>,
        mut asked: Asked,
        pass: &Pass,
        caller: &Caller,
        (id, octets): (RequestId, &Arc<AtomicU64>),
    ) -> Outcome<Reached, Refused> {
        if !backends.is_up() {
            return (Arc::clone(backends.first()), Err(BackendFailure::Down.into()));
        }
        let key = asked.key.take();
        if let Some(key) = &key
            && backends.first().url.scheme.is_octets()
        {
            let response = ws::switch(key.clone(), Offers::of(&asked.head.headers).for_octets());
            let (peer, host) = (caller.visitor.address, asked.host.as_ref());
            return match self.preface.of(&Client { peer, host, id, pass: Some(pass) }) {
                Ok(preface) => self.octets(backends, response, preface).await,
                Err(why) => (Arc::clone(backends.first()), Err(why.into())),
            };
        }
        let (mount, offers) = (asked.mount, Offers::of(&asked.head.headers));
        let mut request = self.ask(asked, pass, caller, octets);
        let sender = request.body().sender();
        let (backend, reached) = match key {
            None => {
                let (backend, sent) = backends.send(request, mount, Carriage::Kept, octets).await;
                let reached = sent.and_then(|(response, lease)| match ws::switches(&response) {
                    true => Err(BackendFailure::Unasked.into()),
                    false => Ok(Reached::Response(response, lease)),
                });
                (backend, reached)
            }
            Some(key) => {
                ws::set_upgrade(request.headers_mut());
                let (backend, sent) = backends.send(request, mount, Carriage::Own, octets).await;
                let reached = match sent {
                    Ok((response, _)) => socket(response, &key, &offers).await.map_err(Refused::from),
                    Err(refused) => Err(refused),
                };
                (backend, reached)
            }
        };
        // A back end cannot answer what it has not been sent.
        let reached = reached.map_err(|refused| match refused {
            Refused::Backend(BackendFailure::Late) if sender.is_awaited() => BadHead::TooSlow.into(),
            refused => refused,
        });
        (backend, reached)
    }

    /// A socket that is joined with a stream of octets, of which `preface` is the first. `response` is what its client is
    /// told.
    async fn octets(
        &self,
        backends: &Arc<Backends>,
        response: Response<Body>,
        preface: Bytes,
    ) -> Outcome<Reached, Refused> {
        let (backend, opened) = if self.is_deferred {
            (Arc::clone(backends.first()), Ok(Connection::Later(Box::new(backends.later(preface)))))
        } else {
            backends.dial(&preface).await
        };
        let reached =
            opened.map(|connection| Reached::Socket(response, connection, Bytes::new(), Speaks::Octets));
        (backend, reached.map_err(Refused::from))
    }

    /// What a back end is asked. `Host` and target are of whichever that is.
    fn ask(&self, asked: Asked, pass: &Pass, caller: &Caller, octets: &Arc<AtomicU64>) -> Request<Outgoing> {
        let Asked { head: Parts { method, uri, version, mut headers, .. }, body, host, .. } = asked;
        let takes_trailers = ws::has_token(&headers, header::TE, "trailers");
        let claims = self.forwarding.claims(&headers);
        head::strip_request(&mut headers, &self.identity);
        let asker = Asker { peer: caller.visitor.address, host: host.as_ref(), scheme: caller.scheme };
        self.forwarding.tell(&mut headers, claims, &asker);
        if let Some(fronting) = &self.fronting {
            fronting.stamp(&mut headers, version);
        }
        self.identity.tell(&mut headers, pass);
        if let Some((tokens, token)) =
            self.tokens.as_ref().and_then(|tokens| Some((tokens, tokens.of(pass)?)))
        {
            headers.insert(tokens.field().clone(), token);
        }
        if takes_trailers {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        }
        let mut request = Request::new(Outgoing::new(body, octets, &self.identity));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let waits = ws::has_token(&headers, header::EXPECT, "100-continue");
        *request.headers_mut() = headers;
        if waits {
            let wanted = Wanted::by(&mut request);
            request.body_mut().wait(wanted);
        }
        request
    }
}

/// The socket that a back end agreed to, or what it said instead.
async fn socket(
    mut response: Response<Incoming>,
    key: &HeaderValue,
    offers: &Offers,
) -> Result<Reached, BackendFailure> {
    if !ws::switches(&response) {
        return Ok(Reached::Response(response, None));
    }
    if !ws::is_switch(&response) || !offers.allow(response.headers()) {
        return Err(BackendFailure::Unasked);
    }
    if response.headers().get(header::SEC_WEBSOCKET_ACCEPT) != Some(key) {
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
