//! What `http.proxy` has beyond `proxy`: it stands in front of a back end under another name, as a proxy that says so.

use http::{HeaderMap, Response, Version, uri::Authority};

use super::{
    Asked,
    backends::Backend,
    failure::BackendFailure,
    rewrite::{Rewriting, Sides},
    via::Via,
};

/// How it stands there.
#[derive(Debug)]
pub(super) struct Fronting {
    rewriting: Rewriting,
    via: Via,
}

/// What the client of one request calls the gateway.
#[derive(Debug)]
pub(super) struct Front {
    scheme: &'static str,
    host: Option<Authority>,
    /// The path of the accept.
    path: String,
}

impl Fronting {
    pub(super) fn new(rewriting: Rewriting) -> Self {
        Self { rewriting, via: Via::new() }
    }

    /// What a request calls the gateway, if it was not here before.
    pub(super) fn enter(&self, asked: &Asked, scheme: &'static str) -> Result<Front, BackendFailure> {
        if self.via.has_passed(&asked.head.headers) {
            return Err(BackendFailure::Loop);
        }
        let path = asked.head.uri.path().get(..asked.mount).unwrap_or_default().to_owned();
        Ok(Front { scheme, host: asked.host.clone(), path })
    }

    /// Says on a request that it passed here.
    pub(super) fn stamp(&self, headers: &mut HeaderMap, version: Version) {
        self.via.stamp(headers, version);
    }

    /// Puts the head of a back end's response into the words of the client, and says that it passed here.
    pub(super) fn leave<B>(&self, response: &mut Response<B>, front: &Front, backend: &Backend) {
        let Front { scheme, host, path } = front;
        let sides = Sides { backend: &backend.url, called: &backend.host, scheme, host: host.as_ref(), path };
        let version = response.version();
        self.rewriting.apply(response.headers_mut(), &sides);
        self.via.stamp(response.headers_mut(), version);
    }
}
