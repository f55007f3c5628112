//! `http`: a web service of the operator's is asked about each login.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tracing::debug;
use zeroize::Zeroizing;

use super::{
    Attempt, Doing, Failure, LoginModule, Shared, Verdict,
    custom::{self, Notices, Phase, Said},
};
use crate::{
    ambient,
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

/// The module.
#[derive(Debug)]
pub struct Service {
    fetcher: Arc<Fetcher>,
    ask_always: bool,
    notices: Option<Notices>,
}

impl Service {
    /// Prepares to ask.
    ///
    /// # Errors
    ///
    /// Any [`ServiceError`].
    pub fn open(settings: Settings) -> Result<Self, ServiceError> {
        let Settings { url, clear, tls, timeout, connections, ask_always, phases } = settings;
        let bounds = Bounds { patience: timeout, body: custom::MAX_ANSWER, places: connections };
        let fetcher = Arc::new(Fetcher::new(&url, tls.load()?, bounds, clear)?);
        Ok(Self { fetcher, ask_always, notices: phases.then(Notices::default) })
    }

    async fn judge(&self, attempt: &Attempt<'_>, shared: &mut Shared) -> Verdict {
        let answer = match ask(&self.fetcher, custom::question(attempt)).await {
            Ok(answer) => answer,
            Err(failure) => return failure.into(),
        };
        let said = match custom::read(&answer, &attempt.id.to_string(), false) {
            Ok(said) => said,
            Err(error) => return custom::senseless(error).into(),
        };
        if let (Some(notices), Said::Success { .. }) = (&self.notices, &said) {
            notices.opened(attempt.id);
        }
        custom::verdict(said, shared, ambient::time_of_day().0)
    }

    async fn confirm(&self, login: RequestId) -> Result<(), Failure> {
        let answer = ask(&self.fetcher, custom::notice(login, Phase::Commit)).await?;
        let said = custom::read_committed(&answer, &login.to_string(), false).map_err(custom::senseless)?;
        custom::committed(&said)
    }

    fn tell(&self, notices: &Notices, login: RequestId, phase: Phase) {
        let fetcher = Arc::clone(&self.fetcher);
        notices.send(self.kind(), login, async move {
            if let Err(failure) = ask(&fetcher, custom::notice(login, phase)).await {
                debug!(id = %login, "The login module was not told how a login ended: {}", failure.why);
            }
        });
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

impl LoginModule for Service {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn judges_nothing(&self) -> bool {
        self.ask_always
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(self.judge(attempt, shared))
    }

    fn commit<'a>(&'a self, login: RequestId) -> Doing<'a, Result<(), Failure>> {
        match &self.notices {
            Some(notices) => Box::pin(async move {
                let confirmed = self.confirm(login).await;
                notices.closed(login);
                confirmed
            }),
            None => Box::pin(async { Ok(()) }),
        }
    }

    fn abort(&self, login: RequestId) {
        if let Some(notices) = &self.notices
            && notices.closed(login)
        {
            self.tell(notices, login, Phase::Abort);
        }
    }

    fn logout(&self, login: RequestId) {
        if let Some(notices) = &self.notices {
            self.tell(notices, login, Phase::Logout);
        }
    }
}
