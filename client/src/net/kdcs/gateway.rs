//! One gateway for all realms, as `--tgg` names it: a WebSocket, or MS-KKDCP.

use std::time::Duration;

use krb::name::RealmName;
use tokio::sync::Mutex;
use url::Url;

use super::{
    AskError, proxy,
    socket::{Socket, SocketError},
};
use crate::net::dial::{Dialler, is_secure};

/// A gateway.
#[derive(Debug)]
pub struct Gateway {
    url: Url,
    /// The socket, once it is open.
    socket: Mutex<Option<Socket>>,
}

impl Gateway {
    /// The gateway of a URL: `ws` and `wss` for a WebSocket, `http` and `https` for MS-KKDCP, whose path is
    /// `/KdcProxy` where there is none.
    ///
    /// # Errors
    ///
    /// [`AskError::Url`] for what is no such URL.
    pub fn read(text: &str) -> Result<Self, AskError> {
        let unusable = || AskError::Url { text: text.to_owned() };
        let url = Url::parse(text).map_err(|_| unusable())?;
        if is_secure(&url).is_err() || url.host().is_none() || url.fragment().is_some() {
            return Err(unusable());
        }
        Ok(Self { url, socket: Mutex::new(None) })
    }

    /// The URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    pub(super) async fn ask(
        &self,
        dialler: &Dialler,
        krb_realm: &RealmName,
        message: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, AskError> {
        if matches!(self.url.scheme(), "http" | "https") {
            return proxy::ask(dialler, &self.url, krb_realm, message, patience).await;
        }
        // Taken out, so that one that broke is not used again.
        let mut kept = self.socket.lock().await;
        if let Some(mut socket) = kept.take() {
            match socket.ask(krb_realm, message, patience).await {
                Ok(answer) => {
                    *kept = Some(socket);
                    return Ok(answer);
                }
                Err(late @ SocketError::Late { .. }) => return Err(late.into()),
                // It may have been closed because nothing was asked for long.
                Err(_) => {}
            }
        }
        let mut socket = Socket::open(dialler, &self.url, patience).await?;
        let answer = socket.ask(krb_realm, message, patience).await?;
        *kept = Some(socket);
        Ok(answer)
    }

    /// Says goodbye, if a socket is open.
    pub async fn close(&self, patience: Duration) {
        if let Some(socket) = self.socket.lock().await.take() {
            socket.close(patience).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_url_of_a_gateway_is_refused() {
        for text in ["ws://gw.test/", "wss://gw.test/kdc", "http://gw.test", "https://gw.test:8443/KdcProxy"]
        {
            assert_eq!(Gateway::read(text).unwrap().url().host_str(), Some("gw.test"), "{text}");
        }
        for text in ["gw.test", "tcp://gw.test", "ws://", "ws://gw.test/#x", ""] {
            assert!(matches!(Gateway::read(text), Err(AskError::Url { .. })), "{text:?}");
        }
    }
}
