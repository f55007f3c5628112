//! `http`: a web service of the operator's is asked about each login.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use zeroize::Zeroizing;

use super::{
    Failure,
    custom::{self, Asked, Custom, Reader, Said},
};
use crate::{
    fetch::{Bounds, Clear, FetchError, Fetcher, UrlError},
    record::RequestId,
    tls::client::{ClientSettings, ClientTlsError},
};

/// What the module is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who is asked.
    pub url: String,
    /// Whether that may be without TLS.
    pub clear: Clear,
    /// How TLS is spoken.
    pub tls: ClientSettings,
    /// Until when the answer must be there.
    pub timeout: Duration,
    /// Questions at the same time.
    pub connections: usize,
    /// Whether it is asked where nothing is presented.
    pub ask_always: bool,
    /// Whether it is told how logins end.
    pub phases: bool,
}

/// Why a service cannot be asked. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// There is no TLS with it.
    #[error(transparent)]
    Tls(#[from] ClientTlsError),
    /// The URL.
    #[error(transparent)]
    Url(#[from] UrlError),
}

/// Why a login is not judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum Unasked {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the service answered with the status {0}; look at its log")]
    Status(StatusCode),
}

/// The service.
#[derive(Debug)]
pub struct Service(Fetcher);

/// Prepares to ask.
///
/// # Errors
///
/// Any [`ServiceError`].
pub fn open(settings: Settings) -> Result<Custom<Service>, ServiceError> {
    let Settings { url, clear, tls, timeout, connections, ask_always, phases } = settings;
    let bounds = Bounds { patience: timeout, body: custom::MAX_ANSWER, places: connections };
    let fetcher = Fetcher::new(&url, tls.load()?, bounds, clear)?;
    Ok(Custom::new(Service(fetcher), ask_always, phases))
}

impl Asked for Service {
    const KIND: &'static str = "http";

    async fn ask(
        self: &Arc<Self>,
        question: Zeroizing<Vec<u8>>,
        login: RequestId,
        read: Reader,
    ) -> Result<Said, Failure> {
        let answer = ask(&self.0, question).await?;
        read(&answer, &login.to_string(), false).map_err(custom::senseless)
    }
}

/// Asks once. An answer that is no success of HTTP's is none: a proxy in between, or a service that is ill.
async fn ask(fetcher: &Fetcher, question: Zeroizing<Vec<u8>>) -> Result<Bytes, Failure> {
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json.clone()), (header::ACCEPT, json)]);
    let answer = fetcher.ask(Method::POST, headers, Bytes::from_owner(question)).await.map_err(unasked)?;
    if answer.status.is_success() { Ok(answer.body) } else { Err(unasked(Unasked::Status(answer.status))) }
}

fn unasked(why: impl Into<Unasked>) -> Failure {
    match why.into() {
        // It was there, and what it says is no answer.
        Unasked::Fetch(error @ FetchError::Long(_)) => Failure::module("answer", error),
        why => Failure::unavailable("unasked", why),
    }
}
