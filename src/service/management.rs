//! `management`: what operators see of the gateway, and what they may order.
//!
//! Everything is below one path: `/` is a page, `/metrics`, `/health` and `/ready` are for machines, `/sessions`,
//! `/configuration` and `/events` for both. Who may is decided before: an [`Operator`] is needed, and only a pass or a
//! loopback address makes one. `/jwks.json` is for whoever asks: public keys, which back ends verify tokens with.

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
    signing::Keyrings,
};
use page::Asset;
use query::{Query, QueryError};

pub use operator::Operator;

/// Pages that are told of events at the same time. Each costs a list of the open sockets and a line a second.
const MAX_STREAMS: usize = 32;

/// Where the public keys of tokens are.
const KEYS: &str = "/jwks.json";

/// What of the gateway is shown.
#[derive(Clone, Debug)]
pub struct Inside {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is open.
    pub sessions: Arc<Sessions>,
    /// Whether visitors should come, and who is up behind the gateway.
    pub readiness: Arc<Readiness>,
    /// What services sign with.
    pub keyrings: Arc<Keyrings>,
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
        let mut response = self.served(request, below, who).unwrap_or_else(|no| {
            debug!(by = who.name(), from = %who.peer(), "Management refuses: {no}");
            no.response()
        });
        page::protect(response.headers_mut());
        response
    }

    /// The public keys of tokens, if those are asked for. Whoever asks may have them.
    #[must_use]
    pub fn keys<B>(&self, request: &Request<B>, below: &str) -> Option<Response<Body>> {
        let is_asked = below == KEYS && matches!(*request.method(), Method::GET | Method::HEAD);
        is_asked.then(|| {
            let mut response = typed(self.inside.keyrings.jwks(), "application/jwk-set+json");
            page::protect(response.headers_mut());
            // A key is published for a day before it signs.
            set(response.headers_mut(), &header::CACHE_CONTROL, "public, max-age=300");
            response
        })
    }

    fn served<B>(&self, request: &Request<B>, below: &str, who: &Operator) -> Result<Response<Body>, No> {
        if !who.may_come_as(request.headers()) {
            return Err(No::Host);
        }
        if below.is_empty() {
            return Ok(answer::with_slash(request.uri().path()));
        }
        let asked = Asked::of(below).ok_or(No::NotFound)?;
        let methods = asked.methods();
        if !methods.split(", ").any(|method| method == request.method().as_str()) {
            return Err(No::Method(methods));
        }
        let changes = *request.method() == Method::DELETE;
        if changes && !operator::is_own_page(request.headers()) {
            return Err(No::Page);
        }
        let query = Query::read(request.uri().query().unwrap_or_default())?;
        Ok(match asked {
            Asked::Asset(asset) => asset.response(),
            Asked::Configuration => json(self.inside.configuration.clone()),
            Asked::Events => self.events(who)?,
            Asked::Health => json(shown::health(&self.inside.readiness)),
            Asked::Metrics => typed(self.inside.metrics.render(), metrics::MEDIA_TYPE),
            Asked::Ready => self.ready(),
            Asked::Session(id) => self.close(id, who)?,
            Asked::Sessions if changes => self.close_all_of(&query, who)?,
            Asked::Sessions => json(shown::page(&self.inside.sessions, &query.wanted())),
        })
    }

    fn ready(&self) -> Response<Body> {
        let verdict = self.inside.readiness.judge();
        let words = Bytes::from(shown::verdict(&verdict));
        as_json(if verdict.is_ready() { Response::new(body::whole(words)) } else { answer::not_now(words) })
    }

    fn events(&self, who: &Operator) -> Result<Response<Body>, No> {
        let permit = Arc::clone(&self.streams).try_acquire_owned().map_err(|_| No::Busy)?;
        Ok(events::response(&self.inside, who, permit))
    }

    fn close(&self, id: &str, who: &Operator) -> Result<Response<Body>, No> {
        if !RequestId::parse(id).is_some_and(|id| self.inside.sessions.close(id)) {
            return Err(No::Gone);
        }
        info!(by = who.name(), from = %who.peer(), session = id, "A session is closed by order of an operator");
        Ok(json(shown::closed(1)))
    }

    fn close_all_of(&self, query: &Query, who: &Operator) -> Result<Response<Body>, No> {
        let principal = query.principal().ok_or(No::Whose)?;
        let count = self.inside.sessions.close_principal(principal);
        info!(
            by = who.name(), from = %who.peer(), principal = ?principal, count,
            "The sessions of a principal are closed by order of an operator"
        );
        Ok(json(shown::closed(count)))
    }
}

/// Why an operator is told no. Unlike other peers they are told it in words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum No {
    #[error("too many pages listen already; close one")]
    Busy,
    #[error("no such session is open; it may have ended by itself")]
    Gone,
    #[error(
        "without a realm this is only for http://localhost; open it under that name, or give the service a realm"
    )]
    Host,
    #[error("only {0} is served here")]
    Method(&'static str),
    #[error("nothing is at this path")]
    NotFound,
    #[error("orders need the header x-ticketgate: 1, and come from no page of another site")]
    Page,
    #[error("{0}")]
    Query(#[from] QueryError),
    #[error("say whose sessions: ?principal=NAME, and nothing else")]
    Whose,
}

impl No {
    fn response(self) -> Response<Body> {
        let words = Bytes::from(format!("{self}\n"));
        let response = match self {
            Self::Busy => return answer::not_now(words),
            Self::Gone | Self::NotFound => answer::bad_head(BadHead::NotFound),
            Self::Host | Self::Page => answer::bad_head(BadHead::Origin),
            Self::Method(methods) => answer::method(methods),
            Self::Query(_) | Self::Whose => answer::login::unreadable(),
        };
        response.map(|_| body::whole(words))
    }
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
