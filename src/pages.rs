//! Which pages may use a service: its own, and those of the origins that its operator invited.
//!
//! Browsers say whose page it is that sends a request; other clients say nothing and are no pages. This is judged
//! before anything else is said: a request that a stranger's page makes must not even be challenged, since the browser
//! may have attached a ticket or a cookie of its own accord.

mod cross_site;
mod origin;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};

pub use cross_site::{CrossSite, CrossSiteError};
pub use origin::{AllowOrigin, Origin, OriginError};

use crate::{answer, body::Body, ws};
use cross_site::is_preflight;

/// The pages that may use a service.
#[derive(Clone, Debug)]
pub struct Pages {
    invited: Vec<CrossSite>,
    visitors: Visitors,
    spoken: Spoken,
}

/// How a service knows its visitors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Visitors {
    /// By what browsers add of their own accord: a ticket, a password, a cookie.
    Known,
    /// Not at all, or by what stands in the messages.
    Strangers,
}

/// What is said to pages, beside the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Spoken {
    /// What `cross-site-constraint` stands for. A page that asks what it may send is answered here.
    Constraints,
    /// As little as the service needs that is built from flags. The service answers what pages ask.
    Flags,
}

/// What the service is called, as clients write it.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// `http` or `https`, `ws` or `wss`: as clients reach it, whoever ends their TLS.
    pub scheme: &'a str,
    /// Hosts of its accepts, with ports other than the scheme's own.
    pub authorities: &'a [String],
}

/// What becomes of a request because of the page that sent it.
#[derive(Debug)]
#[must_use = "a request of a page that was not invited is not served"]
pub enum Judgement {
    /// The page asked what it may send, and this is the answer.
    Preflight(Response<Body>),
    /// It is refused, before any challenge.
    Refused,
    /// It is served, and its response is marked.
    Served(Marks),
}

/// What a response says of the page that it is for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Marks {
    /// The page that may read it.
    reader: Option<HeaderValue>,
    /// Whether that page may have added what it is known by.
    known: bool,
    /// Whether it is different for other pages.
    varies: bool,
}

impl Pages {
    /// The pages that `cross-site-constraint`s let in, beside the service's own. None lets no others in.
    #[must_use]
    pub const fn constrained(constraints: Vec<CrossSite>, visitors: Visitors) -> Self {
        Self { invited: constraints, visitors, spoken: Spoken::Constraints }
    }

    /// The pages of these origins, or of all for `*`, as flags have them: with whatever the service takes.
    ///
    /// # Errors
    ///
    /// [`OriginError`].
    pub fn listed(
        origins: impl IntoIterator<Item = String>,
        visitors: Visitors,
    ) -> Result<Self, OriginError> {
        let invited = origins.into_iter().map(|text| match AllowOrigin::new(&text)? {
            AllowOrigin::Origin(origin) if origin.is_null() => Err(OriginError),
            allowed => Ok(CrossSite::anything(allowed)),
        });
        let invited = invited.collect::<Result<_, _>>()?;
        Ok(Self { invited, visitors, spoken: Spoken::Flags })
    }

    /// Judges the page that sent a request, if a page did.
    pub fn judge<B>(&self, request: &Request<B>, own: &Own<'_>) -> Judgement {
        let headers = request.headers();
        let Ok(named) = named(headers) else { return Judgement::Refused };
        let origin = named.and_then(|named| Origin::new(named.to_str().ok()?));
        let invited = named.and_then(|_| self.find(origin.as_ref()));
        let is_own = named.is_none() || origin.as_ref().is_some_and(|origin| own.is_origin(origin, headers));
        if self.visitors == Visitors::Known && invited.is_none() && is_foreign(request) {
            return Judgement::Refused;
        }
        let constrained = self.spoken == Spoken::Constraints;
        let marks = match named {
            Some(named) if invited.is_some() || !constrained => self.marks(named),
            _ => Marks { varies: constrained && !self.invited.is_empty(), ..Marks::default() },
        };
        match invited {
            Some(invited) if constrained && is_preflight(request) => {
                let mut response = invited.preflight();
                marks.add_to(&mut response);
                Judgement::Preflight(response)
            }
            _ if is_own => Judgement::Served(marks),
            Some(invited) if invited.allows(request.method()) => Judgement::Served(marks),
            _ => Judgement::Refused,
        }
    }

    /// The marks for a page that is served.
    fn marks(&self, named: &HeaderValue) -> Marks {
        match (self.spoken, self.visitors) {
            (Spoken::Constraints, _) => Marks { reader: Some(named.clone()), known: true, varies: true },
            (Spoken::Flags, Visitors::Strangers) => {
                Marks { reader: Some(named.clone()), known: false, varies: true }
            }
            // The back end says what its pages may read.
            (Spoken::Flags, Visitors::Known) => Marks::default(),
        }
    }

    /// The constraint for an origin: the one that names it, or else the one for all. What is no origin is known to be
    /// of none.
    fn find(&self, origin: Option<&Origin>) -> Option<&CrossSite> {
        let names = |page: &&CrossSite| origin.is_some_and(|origin| page.allow_origin.names(origin));
        // `null` is what a page in a sandbox says, whoever wrote it. With another's ticket it must be meant.
        let is_nobody = self.visitors == Visitors::Known && origin.is_some_and(Origin::is_null);
        let is_any = |page: &&CrossSite| page.allow_origin == AllowOrigin::Any && !is_nobody;
        self.invited.iter().find(names).or_else(|| self.invited.iter().find(is_any))
    }
}

impl Own<'_> {
    /// Whether the page is the service's: of one of its accepts, or of the host that it calls.
    fn is_origin(&self, origin: &Origin, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let mut names = host.into_iter().chain(self.authorities.iter().map(String::as_str));
        names.any(|name| Origin::of(self.scheme, name).as_ref() == Some(origin))
    }
}

impl Marks {
    /// Marks a response. What its back end said of pages is replaced where the gateway says it.
    pub fn add_to(&self, response: &mut Response<Body>) {
        let Some(reader) = &self.reader else {
            if self.varies {
                response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
            }
            return;
        };
        answer::permit_page(response, reader.clone());
        if self.known {
            let yes = HeaderValue::from_static("true");
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }
}

/// The origin of the page that sent a request, if a page did.
fn named(headers: &HeaderMap) -> Result<Option<&HeaderValue>, NoBrowser> {
    let mut named = headers.get_all(header::ORIGIN).iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(named), None) if named.to_str().is_ok() => Ok(Some(named)),
        _ => Err(NoBrowser),
    }
}

/// A request names several origins, or one that is no text. No browser does.
struct NoBrowser;

/// Whether a browser says that the page of another site sent a request, and not because a person followed a link:
/// without links no page of a protected service could be linked to.
///
/// Requests whose answer the page cannot read may name no origin. Chromium says nothing but the origin when it opens a
/// WebSocket.
fn is_foreign<B>(request: &Request<B>) -> bool {
    let says = |name: HeaderName, what: &str| {
        request.headers().get(name).is_some_and(|value| value.as_bytes() == what.as_bytes())
    };
    let is_link = request.method() == Method::GET
        && says(HeaderName::from_static("sec-fetch-mode"), "navigate")
        && says(HeaderName::from_static("sec-fetch-dest"), "document")
        && !ws::is_upgrade(request);
    says(HeaderName::from_static("sec-fetch-site"), "cross-site") && !is_link
}

#[cfg(test)]
mod tests;
