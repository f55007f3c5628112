//! `management`: what operators see of the gateway, and what they may order.
//!
//! Everything is below one path: `/` is a page, `/metrics`, `/health` and `/ready` are for machines, `/sessions`,
//! `/configuration` and `/events` for both. Who may is decided before: an [`Operator`] is needed, and only a pass or a
//! loopback address makes one.

mod events;
mod operator;
mod page;
mod query;
mod shown;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use tokio::sync::Semaphore;
use tracing::{debug, info};

use crate::{
    answer::{self, BadHead},
    body::{self, Body},
    health::Readiness,
    metrics::{self, Metrics},
    record::RequestId,
    sessions::Sessions,
};
use page::Asset;
use query::Query;

pub use operator::Operator;

/// Pages that are told of events at the same time. Each costs a list of the open sockets and a line a second.
const MAX_STREAMS: usize = 32;

/// What of the gateway is shown.
#[derive(Clone, Debug)]
pub struct Inside {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is open.
    pub sessions: Arc<Sessions>,
    /// Whether visitors should come, and who is up behind the gateway.
    pub readiness: Arc<Readiness>,
    /// The configuration in force as JSON, without secrets.
    pub configuration: Bytes,
}

/// The service.
#[derive(Debug)]
pub struct Management {
    inside: Inside,
    /// A permit for each page that is told of events.
    streams: Arc<Semaphore>,
}

/// What is asked for.
enum Asked<'a> {
    Asset(&'static Asset),
    Configuration,
    Events,
    Health,
    Metrics,
    Ready,
    Session(&'a str),
    Sessions,
}

impl<'a> Asked<'a> {
    fn of(below: &'a str) -> Option<Self> {
        Some(match below {
            "/configuration" => Self::Configuration,
            "/events" => Self::Events,
            "/health" => Self::Health,
            "/metrics" => Self::Metrics,
            "/ready" => Self::Ready,
            "/sessions" => Self::Sessions,
            other => match other.strip_prefix("/sessions/") {
                Some(id) => Self::Session(id),
                None => Self::Asset(page::find(other)?),
            },
        })
    }

    /// The methods that it takes.
    const fn methods(&self) -> &'static str {
        match self {
            Self::Session(_) => "DELETE",
            Self::Sessions => "GET, HEAD, DELETE",
            _ => "GET, HEAD",
        }
    }
}

impl Management {
    /// One that shows this.
    #[must_use]
    pub fn new(inside: Inside) -> Self {
        Self { inside, streams: Arc::new(Semaphore::new(MAX_STREAMS)) }
    }

    /// Answers a request. `below` is its path without that of the service, such as `/sessions`.
    #[must_use]
    pub fn answer<B>(&self, request: &Request<B>, below: &str, who: &Operator) -> Response<Body> {
        let mut response = self.served(request, below, who).unwrap_or_else(|response| response);
        page::protect(response.headers_mut());
        response
    }

    fn served<B>(
        &self,
        request: &Request<B>,
        below: &str,
        who: &Operator,
    ) -> Result<Response<Body>, Response<Body>> {
        if !who.may_come_as(request.headers()) {
            debug!(peer = %who.peer(), "Management is asked under a name that is not this host's");
            return Err(no(BadHead::Origin, "open this page as localhost, or give the service a realm\n"));
        }
        if below.is_empty() {
            return Ok(answer::with_slash(request.uri().path()));
        }
        let Some(asked) = Asked::of(below) else { return Err(no(BadHead::NotFound, "nothing is here\n")) };
        let changes = *request.method() == Method::DELETE;
        if !asked.methods().split(", ").any(|method| method == request.method().as_str()) {
            return Err(answer::method(asked.methods()));
        }
        if changes && !operator::is_own_page(request.headers()) {
            return Err(no(
                BadHead::Origin,
                "send the header x-ticketgate: 1, from no page of another site\n",
            ));
        }
        let query = Query::read(request.uri().query().unwrap_or_default())
            .map_err(|wrong| answer::unreadable().map(|_| body::whole(wrong.to_string().into())))?;
        match asked {
            Asked::Asset(asset) => Ok(asset.response()),
            Asked::Configuration => Ok(json(self.inside.configuration.clone())),
            Asked::Events => self.events(who),
            Asked::Health => Ok(json(shown::health(&self.inside.readiness))),
            Asked::Metrics => Ok(typed(self.inside.metrics.render(), metrics::MEDIA_TYPE)),
            Asked::Ready => self.ready(),
            Asked::Session(id) => self.close(id, who),
            Asked::Sessions if changes => self.close_all_of(&query, who),
            Asked::Sessions => Ok(json(shown::page(&self.inside.sessions, &query.wanted()))),
        }
    }

    fn ready(&self) -> Result<Response<Body>, Response<Body>> {
        let verdict = self.inside.readiness.judge();
        let words = shown::verdict(&verdict);
        if verdict.is_ready() { Ok(json(words)) } else { Err(as_json(answer::not_now(words.into()))) }
    }

    fn events(&self, who: &Operator) -> Result<Response<Body>, Response<Body>> {
        match Arc::clone(&self.streams).try_acquire_owned() {
            Ok(permit) => Ok(events::response(&self.inside, who, permit)),
            Err(_) => Err(answer::not_now("too many pages listen already; close one\n".into())),
        }
    }

    fn close(&self, id: &str, who: &Operator) -> Result<Response<Body>, Response<Body>> {
        let closed = RequestId::parse(id).is_some_and(|id| self.inside.sessions.close(id));
        if !closed {
            return Err(no(BadHead::NotFound, "no such session is open\n"));
        }
        info!(by = who.name(), from = %who.peer(), id, "Session is closed by order of an operator");
        Ok(json(shown::closed(1)))
    }

    fn close_all_of(&self, query: &Query, who: &Operator) -> Result<Response<Body>, Response<Body>> {
        let Some(principal) = query.principal() else {
            return Err(answer::unreadable().map(|_| body::whole("say whose: ?principal=NAME\n".into())));
        };
        let count = self.inside.sessions.close_principal(principal);
        info!(
            by = who.name(), from = %who.peer(), principal = ?principal, count,
            "Sessions of a principal are closed by order of an operator"
        );
        Ok(json(shown::closed(count)))
    }
}

/// Says no to an operator, and what to do.
fn no(bad: BadHead, words: &'static str) -> Response<Body> {
    answer::bad_head(bad).map(|_| body::whole(words.into()))
}

fn json(octets: impl Into<Bytes>) -> Response<Body> {
    as_json(Response::new(body::whole(octets.into())))
}

fn as_json(response: Response<Body>) -> Response<Body> {
    with_type(response, "application/json")
}

fn typed(octets: impl Into<Bytes>, media_type: &'static str) -> Response<Body> {
    with_type(Response::new(body::whole(octets.into())), media_type)
}

fn with_type(mut response: Response<Body>, media_type: &'static str) -> Response<Body> {
    set(response.headers_mut(), &header::CONTENT_TYPE, media_type);
    response
}

fn set(headers: &mut HeaderMap, name: &HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests;
