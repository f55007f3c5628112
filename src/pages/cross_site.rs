//! What the pages of one origin may do: `cross-site-constraint`.

use http::{HeaderName, HeaderValue, Method, Request, Response, header};

use super::origin::{AllowOrigin, OriginError};
use crate::{answer, body::Body};

/// What the pages of an origin may do.
#[derive(Clone, Debug)]
pub struct CrossSite {
    pub(super) allow_origin: AllowOrigin,
    methods: Methods,
    /// What a page that asks is told, but for its origin.
    told: Vec<(HeaderName, HeaderValue)>,
}

/// With which methods.
#[derive(Clone, Debug)]
enum Methods {
    Any,
    Listed(Vec<Method>),
}

/// Why a constraint cannot be. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrossSiteError {
    /// A field has no such name.
    #[error(
        "{header:?} in allow-headers is no name of a header; separate names by commas, as content-type,authorization"
    )]
    Header {
        /// What is configured.
        header: String,
    },
    /// No request has such a method.
    #[error("{method:?} in allow-methods is no method; separate methods by commas, as GET,POST")]
    Method {
        /// What is configured.
        method: String,
    },
    /// It is no origin.
    #[error("{origin:?} in allow-origin is {source}")]
    Origin {
        /// What is configured.
        origin: String,
        /// What is wrong.
        source: OriginError,
    },
}

impl CrossSite {
    /// Lets pages of an origin, or of all for `*`, send requests with these methods, and with these fields beside
    /// those that pages may always set. No method at all stands for `GET` and `POST`. What they were told they may
    /// keep for `maximum_age` seconds.
    ///
    /// # Errors
    ///
    /// [`CrossSiteError`].
    pub fn new<'a>(
        allow_origin: &str,
        allow_methods: impl IntoIterator<Item = &'a str>,
        allow_headers: impl IntoIterator<Item = &'a str>,
        maximum_age: Option<u64>,
    ) -> Result<Self, CrossSiteError> {
        let mut methods = read(allow_methods, |text| Method::from_bytes(text.to_uppercase().as_bytes()).ok())
            .map_err(|method| CrossSiteError::Method { method })?;
        if methods.is_empty() {
            methods = vec![Method::GET, Method::POST];
        }
        let fields = read(allow_headers, |text| HeaderName::from_bytes(text.as_bytes()).ok())
            .map_err(|header| CrossSiteError::Header { header })?;
        let allow_origin = AllowOrigin::new(allow_origin)
            .map_err(|source| CrossSiteError::Origin { origin: allow_origin.to_owned(), source })?;
        let mut told = Vec::new();
        if let Some(list) = list(methods.iter().map(Method::as_str)) {
            told.push((header::ACCESS_CONTROL_ALLOW_METHODS, list));
        }
        if let Some(list) = list(fields.iter().map(HeaderName::as_str)) {
            told.push((header::ACCESS_CONTROL_ALLOW_HEADERS, list));
        }
        if let Some(age) = maximum_age {
            // KAAZING Gateway says it under both names.
            told.push((header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(age)));
            told.push((HeaderName::from_static("max-age"), HeaderValue::from(age)));
        }
        Ok(Self { allow_origin, methods: Methods::Listed(methods), told })
    }

    /// Lets pages of an origin send whatever the service takes.
    pub(super) const fn anything(allow_origin: AllowOrigin) -> Self {
        Self { allow_origin, methods: Methods::Any, told: Vec::new() }
    }

    /// Whether a page may send a request with this method. `HEAD` is a `GET` without its octets.
    pub(super) fn allows(&self, method: &Method) -> bool {
        match &self.methods {
            Methods::Any => true,
            Methods::Listed(methods) => {
                methods.contains(method) || (method == Method::HEAD && methods.contains(&Method::GET))
            }
        }
    }

    /// What a page that asks is told.
    pub(super) fn preflight(&self) -> Response<Body> {
        let mut response = answer::preflight_allowed();
        response.headers_mut().extend(self.told.iter().cloned());
        response
    }
}

/// Whether a page asks what it may send, and does not send it yet (Fetch, CORS preflight).
pub(super) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// All items of a list, or the first that is none.
fn read<'a, T>(
    texts: impl IntoIterator<Item = &'a str>,
    item: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    texts.into_iter().map(|text| item(text).ok_or_else(|| text.to_owned())).collect()
}

/// The items as one field has them, if there are any.
fn list<'a>(items: impl Iterator<Item = &'a str>) -> Option<HeaderValue> {
    let list = items.collect::<Vec<_>>().join(", ");
    HeaderValue::try_from(list).ok().filter(|list| !list.is_empty())
}
