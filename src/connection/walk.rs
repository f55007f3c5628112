//! The walk of a request to its service: the page that sent it, its head, the gate, the service.
//!
//! The order is what protects. Nothing is said to a page that was not invited, and nothing of a service to those who
//! are not let in.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, Response, header, uri::Authority};
use hyper::body::{Body as _, Incoming};
use tracing::debug;

use super::{account, recorded::recorded};
use crate::{
    ambient,
    answer::{self, BadHead, login},
    body::Body,
    caller::Caller,
    notice::Notice,
    pages::{Judgement, Marks},
    realm::{Admission, Case, pass::Pass},
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
    ws,
};

/// A socket that is about to open, and what operators are shown of it.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) socket: Socket,
    pub(super) entry: Entry,
}

/// Answers a request. With a socket the answer is 101, and the connection is the socket's once that is out.
pub(super) async fn answer(
    found: &Found,
    request: Request<Incoming>,
    caller: &Caller,
) -> (Response<Body>, Option<Opening>) {
    let (mut response, socket) = match &found.hosted.service {
        Service::Kerberos5Proxy(service) => relay(found, service, request, caller).await,
        _ => visit(found, request, caller).await,
    };
    if found.hosted.manner.names_itself {
        answer::name_itself(response.headers_mut());
    }
    (response, socket)
}

/// All else: one record for each request and each socket.
async fn visit(
    found: &Found,
    request: Request<Incoming>,
    caller: &Caller,
) -> (Response<Body>, Option<Opening>) {
    let hosted = &found.hosted;
    let via = if ws::is_upgrade(&request) { "ws" } else { "http" };
    let name = Arc::clone(&hosted.name);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut visit = Visit::new(name, caller.visitor.address, via, method, uri);
    visit.metrics = Some(Arc::clone(&hosted.metrics));
    // Held until the head of the response is there.
    let Ok(_in_flight) = caller.peer.request() else {
        // One line for each would let a flood fill the disk.
        visit.forget();
        hosted.metrics.refused(BadHead::TooMany.word());
        return (answer::bad_head(BadHead::TooMany), None);
    };
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
    let (mut pass, mut asked) = match admit(hosted, request, caller, visit.id).await {
        Ok((pass, request)) => {
            if let Some(mut response) = account::session(found, &request, &pass, caller) {
                visit.principal = pass.subject.as_ref().map(|subject| subject.principal.clone());
                mark(&mut response, pass);
                marks.add_to(&mut response);
                return (answered(response, visit), None);
            }
            let (mut head, body) = request.into_parts();
            hosted.gate.conceal(&mut head);
            (pass, Asked { head, body, host, key, mount: found.mount })
        }
        Err(mut response) => {
            // The gate wrote why.
            visit.forget();
            marks.add_to(&mut response);
            return (response, None);
        }
    };
    // Of what answers by itself nothing reads a body.
    if !matches!(hosted.service, Service::Proxy(_)) {
        leave(&asked.head.headers, &mut asked.body, caller).await;
    }
    visit.principal = pass.subject.as_ref().map(|subject| subject.principal.clone());
    let (mut response, socket) = match &hosted.service {
        Service::Proxy(proxy) => {
            let id = visit.id;
            let (response, joined) = proxy.answer(asked, &pass, caller, visit).await;
            let opening = joined.map(|joined| {
                let backend = joined.backend();
                let socket = Socket::Joined(Box::new(joined));
                Opening { socket, entry: Entry { backend, ..entry(id, hosted, caller, &mut pass) } }
            });
            (response, opening)
        }
        Service::Broadcast(broadcast) => {
            own(Kept::Broadcast(broadcast.clone()), asked, &mut pass, hosted, caller, visit)
        }
        Service::Directory(directory) => {
            let Asked { head, mount, .. } = asked;
            let below = head.uri.path().get(mount..).unwrap_or_default().to_owned();
            let request = Request::from_parts(head, ());
            (answered(directory.answer(&request, &below).await, visit), None)
        }
        Service::Management(management) => match Operator::of(&pass, caller.visitor.address) {
            Some(operator) => {
                let below = asked.head.uri.path().get(asked.mount..).unwrap_or_default().to_owned();
                let request = Request::from_parts(asked.head, ());
                (answered(management.answer(&request, &below, &operator), visit), None)
            }
            None => (not_served(BadHead::NotFound, visit), None),
        },
        Service::Redirect(redirect) => (answered(redirect.answer(), visit), None),
        Service::Echo(echo) => own(Kept::Echo(*echo), asked, &mut pass, hosted, caller, visit),
        Service::Kerberos5Proxy(_) => (not_served(BadHead::NotFound, visit), None),
    };
    mark(&mut response, pass);
    marks.add_to(&mut response);
    (response, socket)
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
fn mark(response: &mut Response<Body>, pass: Pass) {
    let headers = response.headers_mut();
    if let Some(reply) = pass.reply {
        headers.append(header::WWW_AUTHENTICATE, reply);
    }
    if let Some(cookie) = pass.set_cookie {
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
    let case = Case {
        id,
        visitor: &caller.visitor,
        service: &hosted.name,
        is_upgrade: ws::asks_for_socket(&head.headers),
        metrics: &hosted.metrics,
    };
    let response = match hosted.gate.admit(case, &head).await {
        Admission::Pass(pass) => return Ok((*pass, Request::from_parts(head, body))),
        Admission::Challenge { challenge, set_cookie } => {
            let mut response = login::challenge(challenge);
            response.headers_mut().extend(set_cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            response
        }
        Admission::Denied { reply } => login::denied(reply),
        Admission::Unavailable => login::unjudged(),
        Admission::Unreadable => login::unreadable(),
        Admission::Wait(time) => login::wait(time),
    };
    leave(&head.headers, &mut body, caller).await;
    Err(response)
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
) -> (Response<Body>, Option<Opening>) {
    let hosted = &found.hosted;
    let (answered, marks) = match hosted.pages.judge(&request, &hosted.own(caller.scheme)) {
        Judgement::Served(marks) => (granted(found, service, request, caller).await, marks),
        Judgement::Preflight(response) => return (response, None),
        Judgement::Refused => (Err(BadHead::Origin), Marks::default()),
    };
    let (mut response, socket) = answered.unwrap_or_else(|bad| {
        debug!(peer = %caller.visitor.address, "Request head is not served: {bad}");
        (answer::bad_head(bad), None)
    });
    marks.add_to(&mut response);
    (response, socket)
}

async fn granted(
    found: &Found,
    service: &Arc<Kerberos5Proxy>,
    request: Request<Incoming>,
    caller: &Caller,
) -> Result<(Response<Body>, Option<Opening>), BadHead> {
    let id = RequestId::next();
    let (mut pass, request) = match admit(&found.hosted, request, caller, id).await {
        Ok(admitted) => admitted,
        Err(response) => return Ok((response, None)),
    };
    let via = |over| Via { peer: caller.visitor.address, over };
    let below = request.uri().path().get(found.mount..).unwrap_or_default();
    let mut socket = None;
    let mut response = match ways::find(&request, below)? {
        Way::Kkdcp => kkdcp::post(service, request, &caller.peer, via("kkdcp"), caller.timeouts).await?,
        Way::Heimdal(message) => kkdcp::heimdal(service, message, &caller.peer, via("heimdal")).await,
        Way::Preflight => answer::preflight(),
        Way::Relay => {
            let (protocol, name) = Protocol::choose(ws::offered(request.headers()));
            let ends = pass.term.clone();
            let Manner { max_message, inactivity, .. } = found.hosted.manner;
            let service = Arc::clone(service);
            let relay = Socket::Relay { service, protocol, via: via("ws"), ends, max_message, inactivity };
            socket = Some(Opening { socket: relay, entry: entry(id, &found.hosted, caller, &mut pass) });
            ws::accept(&request, name)?
        }
    };
    mark(&mut response, pass);
    Ok((response, socket))
}
