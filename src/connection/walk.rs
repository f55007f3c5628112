//! The walk of a request to its service: the page that sent it, its head, the gate, the service.
//!
//! The order is what protects. Nothing is said to a page that was not invited, and nothing of a service to those who
//! are not let in.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header, request::Parts, uri::Authority};
use hyper::body::{Body as _, Incoming};
use tracing::debug;

use super::{
    account,
    inside::{self, Inside},
    recorded::recorded,
};
use crate::{
    ambient,
    answer::{self, BadHead, login},
    body::Body,
    caller::Caller,
    notice::Notice,
    pages::{Judgement, Marks},
    realm::{Admission, Asks, Case, pass::Pass},
    record::{RequestId, Via, visit::Visit},
    router::{Found, Hosted, Manner},
    service::{
        Kept, Own, Service, Socket,
        kerberos5_proxy::Kerberos5Proxy,
        kkdcp,
        management::Operator,
        proxy::{Asked, body::discard, head},
        relay::Protocol,
        ways::{self, Way},
    },
    sessions::Entry,
    ws::{self, inner},
};

/// A socket that is about to open, and what operators are shown of it.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) socket: Socket,
    pub(super) entry: Entry,
}

/// What the answer 101 leads to.
#[derive(Debug)]
pub(super) enum Opens {
    /// The handshake inside, and a socket if that ends well.
    Inside(Box<Inside>),
    /// A socket.
    Socket(Box<Opening>),
}

/// Answers a request. If it opens something the answer is 101, and the connection is the socket's once that is out.
pub(super) async fn answer(
    found: &Found,
    request: Request<Incoming>,
    caller: &Caller,
) -> (Response<Body>, Option<Opens>) {
    let (mut response, opens) = match &found.hosted.service {
        Service::Kerberos5Proxy(service) => relay(found, service, request, caller).await,
        _ => visit(found, request, caller).await,
    };
    if found.hosted.manner.names_itself {
        answer::name_itself(response.headers_mut());
    }
    (response, opens)
}

/// All else: one record for each request and each socket.
async fn visit(
    found: &Found,
    request: Request<Incoming>,
    caller: &Caller,
) -> (Response<Body>, Option<Opens>) {
    let hosted = &found.hosted;
    let via = if ws::is_upgrade(&request) { "ws" } else { "http" };
    let mut visit = begin(hosted, caller, via, request.method().clone(), request.uri().clone());
    // Held until the head of the response is there.
    let Ok(_in_flight) = caller.peer.request() else { return (too_many(hosted, visit), None) };
    // Not more often than the peer may ask, but before anything else is said.
    let marks = match hosted.pages.judge(&request, &hosted.own(caller.scheme)) {
        Judgement::Served(marks) => marks,
        Judgement::Preflight(response) => {
            visit.forget();
            return (response, None);
        }
        Judgement::Refused => return (not_served(BadHead::Origin, visit), None),
    };
    if let Some(mut response) = account::log_out(found, &request, caller) {
        visit.forget();
        marks.add_to(&mut response);
        return (response, None);
    }
    let (host, key) = match check(&request) {
        Ok(checked) => checked,
        Err(bad) => return (not_served(bad, visit), None),
    };
    // Public keys are for back ends, which have no pass. Whoever sends a body with that goes the way of all others.
    if let Service::Management(management) = &hosted.service
        && request.body().is_end_stream()
        && let Some(mut response) =
            management.keys(&request, request.uri().path().get(found.mount..).unwrap_or_default())
    {
        marks.add_to(&mut response);
        return (answered(response, visit), None);
    }
    let plays = key.is_some() && hosted.service.takes_handshake() && inner::is_offered(request.headers());
    if plays && hosted.gate.asks_page() {
        visit.forget();
        let (head, body) = request.into_parts();
        let asked = Asked { head, body: Some(body), host, key, mount: found.mount };
        let (mut response, opens) = inside::begin(hosted, asked, None, caller);
        marks.add_to(&mut response);
        return (response, opens);
    }
    let (mut pass, mut asked) = match admit(hosted, request, caller, visit.id).await {
        Ok((mut pass, request)) => {
            if let Some(mut response) = account::session(found, &request, &pass, caller) {
                visit.principal = pass.subject.as_ref().map(|subject| subject.principal.clone());
                mark(&mut response, &mut pass);
                marks.add_to(&mut response);
                return (answered(response, visit), None);
            }
            let (mut head, body) = request.into_parts();
            hosted.gate.conceal(&mut head);
            (pass, Asked { head, body: Some(body), host, key, mount: found.mount })
        }
        Err(mut response) => {
            // The gate wrote why.
            visit.forget();
            marks.add_to(&mut response);
            return (response, None);
        }
    };
    if plays {
        visit.forget();
        let mut marked = Response::new(());
        mark(&mut marked, &mut pass);
        let (mut response, opens) = inside::begin(hosted, asked, Some(pass), caller);
        response.headers_mut().extend(std::mem::take(marked.headers_mut()));
        marks.add_to(&mut response);
        return (response, opens);
    }
    // Of what answers by itself nothing reads a body.
    if !matches!(hosted.service, Service::Proxy(_))
        && let Some(body) = &mut asked.body
    {
        leave(&asked.head.headers, body, caller).await;
    }
    let (mut response, opening) = serve(hosted, asked, &mut pass, caller, visit).await;
    mark(&mut response, &mut pass);
    marks.add_to(&mut response);
    (response, opening.map(|opening| Opens::Socket(Box::new(opening))))
}

/// Has a service serve a request that was let in.
pub(super) async fn serve(
    hosted: &Hosted,
    asked: Asked,
    pass: &mut Pass,
    caller: &Caller,
    mut visit: Visit,
) -> (Response<Body>, Option<Opening>) {
    visit.principal = pass.subject.as_ref().map(|subject| subject.principal.clone());
    match &hosted.service {
        Service::Proxy(proxy) => {
            let id = visit.id;
            let (response, joined) = proxy.answer(asked, pass, caller, visit).await;
            let opening = joined.map(|joined| {
                let backend = joined.backend();
                let socket = Socket::Joined(Box::new(joined));
                Opening { socket, entry: Entry { backend, ..entry(id, hosted, caller, pass) } }
            });
            (response, opening)
        }
        Service::Broadcast(broadcast) => {
            own(Kept::Broadcast(broadcast.clone()), asked, pass, hosted, caller, visit)
        }
        Service::Directory(directory) => {
            let Asked { head, mount, .. } = asked;
            let below = head.uri.path().get(mount..).unwrap_or_default().to_owned();
            let request = Request::from_parts(head, ());
            (answered(directory.answer(&request, &below).await, visit), None)
        }
        Service::Management(management) => match Operator::of(pass, caller.visitor.address) {
            Some(operator) => {
                let below = asked.head.uri.path().get(asked.mount..).unwrap_or_default().to_owned();
                let request = Request::from_parts(asked.head, ());
                (answered(management.answer(&request, &below, &operator), visit), None)
            }
            None => (not_served(BadHead::NotFound, visit), None),
        },
        Service::Redirect(redirect) => (answered(redirect.answer(), visit), None),
        Service::Echo(echo) => own(Kept::Echo(*echo), asked, pass, hosted, caller, visit),
        Service::Kerberos5Proxy(service) => {
            let id = visit.id;
            // Each exchange has a record of its own.
            visit.forget();
            let Some(key) = asked.key else { return (answer::bad_head(BadHead::SocketsOnly), None) };
            let (name, opening) = relaying(hosted, service, &asked.head.headers, pass, caller, id);
            (ws::switch(key, name.map(HeaderValue::from_static)), Some(opening))
        }
    }
}

/// The record of a request that begins.
pub(super) fn begin(hosted: &Hosted, caller: &Caller, via: &'static str, method: Method, uri: Uri) -> Visit {
    let mut visit = Visit::new(Arc::clone(&hosted.name), caller.visitor.address, via, method, uri);
    visit.metrics = Some(Arc::clone(&hosted.metrics));
    visit
}

/// The response to a request beyond what its peer may ask. One line for each would let a flood fill the disk.
pub(super) fn too_many(hosted: &Hosted, visit: Visit) -> Response<Body> {
    visit.forget();
    hosted.metrics.refused(BadHead::TooMany.word());
    answer::bad_head(BadHead::TooMany)
}

/// A response of the gateway's own. Its record counts what is sent of it.
fn answered(response: Response<Body>, mut visit: Visit) -> Response<Body> {
    visit.status = Some(response.status());
    response.map(|body| recorded(body, visit))
}

/// Opens a socket that ends in the gateway.
fn own(
    service: Kept,
    asked: Asked,
    pass: &mut Pass,
    hosted: &Hosted,
    caller: &Caller,
    mut visit: Visit,
) -> (Response<Body>, Option<Opening>) {
    let Some(key) = asked.key else { return (not_served(BadHead::SocketsOnly, visit), None) };
    let response = ws::switch(key, None);
    visit.status = Some(response.status());
    let Manner { max_message, inactivity, .. } = hosted.manner;
    let ends = pass.term.clone();
    let entry = entry(visit.id, hosted, caller, pass);
    let socket = Socket::Own(Box::new(Own { service, max_message, inactivity, ends, visit }));
    (response, Some(Opening { socket, entry }))
}

/// What operators are shown of a socket.
fn entry(id: RequestId, hosted: &Hosted, caller: &Caller, pass: &mut Pass) -> Entry {
    let subject = pass.subject.as_ref();
    Entry {
        id,
        service: Arc::clone(&hosted.metrics),
        principal: subject.map(|subject| subject.principal.clone()),
        roles: subject.map(|subject| subject.roles.iter().cloned().collect()).unwrap_or_default(),
        peer: caller.visitor.address,
        via: "ws",
        backend: None,
        since: ambient::time_of_day().0,
        last: pass.last,
        authorization: pass.term.authorization.clone(),
        notice: Notice::below(&caller.draining),
        realm: pass.realm.clone(),
        departure: pass.departure.take(),
    }
}

/// Puts on a response what comes with a pass.
pub(super) fn mark<B>(response: &mut Response<B>, pass: &mut Pass) {
    let headers = response.headers_mut();
    if let Some(reply) = pass.reply.take() {
        headers.append(header::WWW_AUTHENTICATE, reply);
    }
    if let Some(cookie) = pass.set_cookie.take() {
        headers.append(header::SET_COOKIE, cookie);
        answer::store_nowhere(headers);
    }
    if pass.subject.is_some() {
        answer::vary_by_who_asks(headers);
    }
}

/// Checks a head: the host that it names, and for an upgrade what the client takes for an answer to its key.
fn check(request: &Request<Incoming>) -> Result<(Option<Authority>, Option<HeaderValue>), BadHead> {
    let is_upgrade = ws::is_upgrade(request);
    let host = head::check(request)?;
    let key = if is_upgrade { Some(ws::accept_key(request)?) } else { None };
    // Octets behind the head would stand before the first frame.
    if is_upgrade && !request.body().is_end_stream() {
        return Err(BadHead::Upgrade);
    }
    Ok((host, key))
}

/// Has the gate judge a request; the response if it may not pass.
async fn admit(
    hosted: &Hosted,
    request: Request<Incoming>,
    caller: &Caller,
    id: RequestId,
) -> Result<(Pass, Request<Incoming>), Response<Body>> {
    let (head, mut body) = request.into_parts();
    let asks = if ws::asks_for_socket(&head.headers) { Asks::Socket } else { Asks::Response };
    match judge(hosted, &head, asks, caller, id).await {
        Ok(pass) => Ok((pass, Request::from_parts(head, body))),
        Err(response) => {
            leave(&head.headers, &mut body, caller).await;
            Err(response)
        }
    }
}

/// The pass of a request, or the response if it may not have one.
pub(super) async fn judge(
    hosted: &Hosted,
    head: &Parts,
    asks: Asks,
    caller: &Caller,
    id: RequestId,
) -> Result<Pass, Response<Body>> {
    let case = Case {
        id,
        visitor: &caller.visitor,
        service: &hosted.name,
        asks,
        tickets_from: &hosted.tickets_from,
        metrics: &hosted.metrics,
    };
    Err(match hosted.gate.admit(case, head).await {
        Admission::Pass(pass) => return Ok(*pass),
        Admission::Challenge { challenge, set_cookie } => {
            let mut response = login::challenge(challenge);
            response.headers_mut().extend(set_cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            response
        }
        Admission::Denied { reply } => login::denied(reply),
        Admission::Unavailable => login::unjudged(),
        Admission::Unreadable => login::unreadable(),
        Admission::Wait(time) => login::wait(time),
    })
}

/// Lets a body pass that nobody wants.
async fn leave(headers: &HeaderMap, body: &mut Incoming, caller: &Caller) {
    // A client that waits to be told so has not sent its body.
    if !ws::has_token(headers, header::EXPECT, "100-continue") {
        discard(body, caller.timeouts.message).await;
    }
}

/// The response to a request that is not served, and its record.
fn not_served(bad: BadHead, mut visit: Visit) -> Response<Body> {
    let response = answer::bad_head(bad);
    visit.status = Some(response.status());
    visit.refused(bad.word(), "peer", &bad);
    response
}

/// Kerberos: each exchange is counted and recorded on its own, whatever carries it.
async fn relay(
    found: &Found,
    service: &Arc<Kerberos5Proxy>,
    request: Request<Incoming>,
    caller: &Caller,
) -> (Response<Body>, Option<Opens>) {
    let hosted = &found.hosted;
    let (answered, marks) = match hosted.pages.judge(&request, &hosted.own(caller.scheme)) {
        Judgement::Served(marks) => (granted(found, service, request, caller).await, marks),
        Judgement::Preflight(response) => return (response, None),
        Judgement::Refused => (Err(BadHead::Origin), Marks::default()),
    };
    let (mut response, opens) = answered.unwrap_or_else(|bad| {
        debug!(peer = %caller.visitor.address, "Request head is not served: {bad}");
        (answer::bad_head(bad), None)
    });
    marks.add_to(&mut response);
    (response, opens)
}

async fn granted(
    found: &Found,
    service: &Arc<Kerberos5Proxy>,
    request: Request<Incoming>,
    caller: &Caller,
) -> Result<(Response<Body>, Option<Opens>), BadHead> {
    let hosted = &found.hosted;
    let plays = ws::is_upgrade(&request) && inner::is_offered(request.headers());
    let inside = |request: Request<Incoming>, pass| {
        let (host, key) = check(&request)?;
        let (head, body) = request.into_parts();
        Ok(inside::begin(
            hosted,
            Asked { head, body: Some(body), host, key, mount: found.mount },
            pass,
            caller,
        ))
    };
    if plays && hosted.gate.asks_page() {
        return inside(request, None);
    }
    let id = RequestId::next();
    let (mut pass, request) = match admit(hosted, request, caller, id).await {
        Ok(admitted) => admitted,
        Err(response) => return Ok((response, None)),
    };
    if plays {
        let mut marked = Response::new(());
        mark(&mut marked, &mut pass);
        let (mut response, opens) = inside(request, Some(pass))?;
        response.headers_mut().extend(std::mem::take(marked.headers_mut()));
        return Ok((response, opens));
    }
    let via = |over| Via { peer: caller.visitor.address, over };
    let below = request.uri().path().get(found.mount..).unwrap_or_default();
    let mut opens = None;
    let mut response = match ways::find(&request, below)? {
        Way::Kkdcp => kkdcp::post(service, request, &caller.peer, via("kkdcp"), caller.timeouts).await?,
        Way::Heimdal(message) => kkdcp::heimdal(service, message, &caller.peer, via("heimdal")).await,
        Way::Preflight => answer::preflight(),
        Way::Relay => {
            let (name, opening) = relaying(hosted, service, request.headers(), &mut pass, caller, id);
            opens = Some(Opens::Socket(Box::new(opening)));
            ws::accept(&request, name)?
        }
    };
    mark(&mut response, &mut pass);
    Ok((response, opens))
}

/// A socket that carries Kerberos, in the form that it is asked for; and the name of that form.
fn relaying(
    hosted: &Hosted,
    service: &Arc<Kerberos5Proxy>,
    headers: &HeaderMap,
    pass: &mut Pass,
    caller: &Caller,
    id: RequestId,
) -> (Option<&'static str>, Opening) {
    let (protocol, name) = Protocol::choose(ws::offered(headers));
    let via = Via { peer: caller.visitor.address, over: "ws" };
    let Manner { max_message, inactivity, .. } = hosted.manner;
    let (service, ends) = (Arc::clone(service), pass.term.clone());
    let socket = Socket::Relay { service, protocol, via, ends, max_message, inactivity };
    (name, Opening { socket, entry: entry(id, hosted, caller, pass) })
}
