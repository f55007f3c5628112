//! A server that the gateway opens connections to by itself, not for a request: it speaks octets or WebSocket.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use tokio::time::timeout;

use super::proxy::{
    dial::{Connection, Dialler},
    failure::BackendFailure,
    url::BackendUrl,
};
use crate::ws::client::{self, HandshakeError};

/// The server, and the way to it.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Where it is, and what it speaks: what is no stream of octets is taken for WebSocket.
    pub url: BackendUrl,
    /// Knows the way.
    pub dialler: Dialler,
    /// What it is called in `Host`; without it what its URL calls it.
    pub host: Option<HeaderValue>,
    /// How long its answer to an upgrade may take, and a goodbye.
    pub patience: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It does not agree to a WebSocket.
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    /// Its path cannot stand in a request.
    #[error("its path cannot be asked for; see <connect>")]
    Path(#[from] http::Error),
    /// It cannot be reached.
    #[error("{0}")]
    Reach(#[from] BackendFailure),
}

impl Upstream {
    /// Whether it speaks WebSocket.
    #[must_use]
    pub const fn is_socket(&self) -> bool {
        !self.url.scheme.is_octets()
    }

    /// Opens a connection, with what was read of it already. `headers` are further fields of an upgrade.
    ///
    /// # Errors
    ///
    /// Any [`OpenError`]. But for [`OpenError::Path`] another try may help.
    pub async fn open(&self, headers: HeaderMap) -> Result<(Connection, Bytes), OpenError> {
        let connection = self.dialler.dial().await?;
        if !self.is_socket() {
            return Ok((connection, Bytes::new()));
        }
        let path = if self.url.base.is_empty() { "/" } else { &self.url.base };
        let request = match &self.host {
            Some(host) => Request::get(path).header(header::HOST, host),
            None => Request::get(path).header(header::HOST, &self.url.authority),
        };
        let mut request = request.body(())?;
        request.headers_mut().extend(headers);
        let opened = timeout(self.patience, client::open(connection, request)).await;
        Ok(opened.map_err(|_| BackendFailure::Late)??)
    }
}
