//! Requests to web services of the operator's: short ones, each answered whole and in time or not at all.

mod pool;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::time::{error::Elapsed, timeout};
use url::{Host, Url};

use self::pool::Pool;

/// What bounds each request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// In which the answer must be there, whole; the wait for a place counts.
    pub patience: Duration,
    /// Octets of the longest body that is read.
    pub body: usize,
    /// Requests at the same time. Those beyond wait.
    pub places: usize,
}

/// Whether a service may be asked without TLS, where others could read along and answer in its place.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Clear {
    /// Anywhere.
    Anywhere,
    /// On this host alone.
    #[default]
    Loopback,
}

/// Why a service cannot be asked at all. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Others could read along.
    #[error("{0} would be asked in clear; write https://, or ask a service on this host")]
    Clear(String),
    /// It has something that does not belong there.
    #[error("{0} has a name, a password or a # in it; take them out")]
    Parts(String),
    /// It is none, or of another scheme.
    #[error("{0} is no URL of a web service; write it as https://HOST[:PORT]/PATH")]
    Unreadable(String),
}

/// Why a request was not answered. It says nothing of what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The connection ended before the answer was whole, or what came is no HTTP.
    #[error("the service broke off, or does not speak HTTP: {0}; look at its log")]
    Broken(#[source] hyper::Error),
    /// Nobody is there.
    #[error("the service cannot be reached: {0}; see that it runs, and that the URL is right")]
    Absent(#[source] io::Error),
    /// It took too long.
    #[error("the service took too long to answer; see what it waits for, or give it more time")]
    Late(#[from] Elapsed),
    /// Its body is too long.
    #[error("the service answered with more than {0} octets; see that the URL is right")]
    Long(usize),
    /// The name has an address that is not of this host, and there is no TLS.
    #[error("{0} is not of this host, and it would be asked in clear; write https://")]
    NotLoopback(IpAddr),
    /// It could not prove who it is.
    #[error("no TLS with the service: {0}; name who signs its certificate in the truststore")]
    Tls(#[source] io::Error),
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status, as it came: a redirect is not followed.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The way to one service.
#[derive(Debug)]
struct Way {
    host: Host,
    port: u16,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    clear: Clear,
}

/// Asks one service. Its connections are kept for a while.
#[derive(Debug)]
pub struct Fetcher {
    pool: Pool,
    bounds: Bounds,
    target: Uri,
    authority: HeaderValue,
}

/// Whether this can be asked.
///
/// # Errors
///
/// Any [`UrlError`].
pub fn judge_url(text: &str, clear: Clear) -> Result<Url, UrlError> {
    let unreadable = || UrlError::Unreadable(text.to_owned());
    let url = Url::parse(text).map_err(|_| unreadable())?;
    let host = url.host().ok_or_else(unreadable)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unreadable());
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        // It may have a password, which no log is to have.
        return Err(UrlError::Parts(format!("{}://{host}…", url.scheme())));
    }
    let is_loopback = match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::from(address).to_canonical().is_loopback(),
    };
    if url.scheme() == "http" && clear == Clear::Loopback && !is_loopback {
        // Behind the question mark there may be a key.
        return Err(UrlError::Clear(format!("http://{host}{}", url.path())));
    }
    Ok(url)
}

impl Fetcher {
    /// Asks this URL. `tls` is used if its scheme asks for it.
    ///
    /// # Errors
    ///
    /// Any [`UrlError`].
    pub fn new(text: &str, tls: Arc<ClientConfig>, bounds: Bounds, clear: Clear) -> Result<Self, UrlError> {
        let unreadable = || UrlError::Unreadable(text.to_owned());
        let url = judge_url(text, clear)?;
        let host = url.host().ok_or_else(unreadable)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(unreadable)?;
        let tls = if url.scheme() == "https" {
            let name = host.to_string();
            let bare = name.trim_start_matches('[').trim_end_matches(']').to_owned();
            Some((tls, ServerName::try_from(bare).map_err(|_| unreadable())?))
        } else {
            None
        };
        let authority = url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"));
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        Ok(Self {
            pool: Pool::new(Way { host, port, tls, clear }, bounds.places),
            bounds,
            target: Uri::try_from(format!("{}{query}", url.path())).map_err(|_| unreadable())?,
            authority: HeaderValue::try_from(authority).map_err(|_| unreadable())?,
        })
    }

    /// Sends a request and reads its answer. Whoever stops to wait for it closes its connection.
    ///
    /// A request is sent once: a service may have acted upon one whose answer was lost.
    ///
    /// # Errors
    ///
    /// Any [`FetchError`].
    pub async fn ask(&self, method: Method, headers: HeaderMap, body: Bytes) -> Result<Answer, FetchError> {
        timeout(self.bounds.patience, self.exchange(method, headers, body)).await?
    }

    async fn exchange(&self, method: Method, headers: HeaderMap, body: Bytes) -> Result<Answer, FetchError> {
        let _place = self.pool.place().await;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::HOST, self.authority.clone());
        let (response, sender) = self.pool.send(request).await?;
        let (head, body) = response.into_parts();
        let limit = self.bounds.body;
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            error.downcast().map_or(FetchError::Long(limit), |error| FetchError::Broken(*error))
        })?;
        self.pool.keep(sender);
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

impl Way {
    /// Whether this address may be asked.
    fn takes(&self, address: SocketAddr) -> Result<(), FetchError> {
        let ip = address.ip().to_canonical();
        let is_guarded = self.tls.is_some() || self.clear == Clear::Anywhere || ip.is_loopback();
        if is_guarded { Ok(()) } else { Err(FetchError::NotLoopback(ip)) }
    }
}

#[cfg(test)]
mod tests;
