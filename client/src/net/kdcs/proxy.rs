//! KDCs behind a web server: one request of MS-KKDCP, posted over HTTPS or HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use krb::{
    frame::MAX_MESSAGE,
    kkdcp::{self, KkdcpError, ProxyMessage},
    name::RealmName,
};
use tokio::time::timeout;
use url::Url;

use super::AskError;
use crate::net::dial::{self, Dialler};

/// Octets that an envelope may have beside the message.
const ENVELOPE: usize = 1024;

/// The path where a URL has none (MS-KKDCP section 2.1).
const PATH: &str = "/KdcProxy";

/// Why a proxy's answer is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The answer has a body that is too long, or broke off.
    #[error("{url} broke off its answer, or it is longer than any Kerberos message; look at its log")]
    Body {
        /// Where.
        url: Url,
    },
    /// No HTTP.
    #[error("{url} broke off, or does not speak HTTP: {source}; see that it is a Kerberos proxy")]
    Broken {
        /// Where.
        url: Url,
        /// What went wrong.
        source: hyper::Error,
    },
    /// The body is no envelope.
    #[error("{url} answered with what is no Kerberos message: {source}; see that it is a Kerberos proxy")]
    Envelope {
        /// Where.
        url: Url,
        /// What is wrong.
        source: KkdcpError,
    },
    /// It took too long.
    #[error("{url} did not answer in time; see that it reaches the KDCs of the realm")]
    Late {
        /// Where.
        url: Url,
    },
    /// Another status than 200.
    #[error(
        "{url} answered {status}; see that the path is right, and that it is a proxy for the realm {krb_realm}"
    )]
    Status {
        /// Where.
        url: Url,
        /// What.
        status: StatusCode,
        /// The realm that was asked for.
        krb_realm: RealmName,
    },
}

/// Posts one message and returns the answer.
pub(super) async fn ask(
    dialler: &Dialler,
    url: &Url,
    krb_realm: &RealmName,
    message: &[u8],
    patience: Duration,
) -> Result<Vec<u8>, AskError> {
    let stream = dialler.dial(url).await?;
    let late = |_| ProxyError::Late { url: url.clone() };
    let posted = timeout(patience, post(stream, url, krb_realm, message)).await.map_err(late)?;
    Ok(posted?)
}

async fn post(
    stream: dial::Connection,
    url: &Url,
    krb_realm: &RealmName,
    message: &[u8],
) -> Result<Vec<u8>, ProxyError> {
    let broken = |source| ProxyError::Broken { url: url.clone(), source };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the sender.
    tokio::spawn(connection);
    let envelope = ProxyMessage {
        message,
        prefixed: true,
        target_domain: Some(krb_realm.as_octets()),
        dclocator_hint: None,
    };
    let mut request = Request::post(target(url)).body(Full::new(Bytes::from(kkdcp::seal(&envelope))));
    if let Ok(request) = &mut request {
        let fields = request.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/kerberos"));
        fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if let Ok(host) = dial::authority(url)
            && let Ok(host) = HeaderValue::from_str(&host)
        {
            fields.insert(header::HOST, host);
        }
    }
    let no_target = |_| ProxyError::Body { url: url.clone() };
    let response = sender.send_request(request.map_err(no_target)?).await.map_err(broken)?;
    if response.status() != StatusCode::OK {
        let (status, krb_realm) = (response.status(), krb_realm.clone());
        return Err(ProxyError::Status { url: url.clone(), status, krb_realm });
    }
    let body = Limited::new(response.into_body(), MAX_MESSAGE + ENVELOPE).collect().await;
    let body = body.map_err(|_| ProxyError::Body { url: url.clone() })?.to_bytes();
    let opened = kkdcp::open(&body).map_err(|source| ProxyError::Envelope { url: url.clone(), source })?;
    Ok(opened.message.to_vec())
}

/// Path and query of a URL; the usual path where it has none.
fn target(url: &Url) -> String {
    let path = if url.path() == "/" { PATH } else { url.path() };
    url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_the_usual_one_unless_another_is_written() {
        for (url, expected) in [
            ("https://gw.test", "/KdcProxy"),
            ("https://gw.test/", "/KdcProxy"),
            ("https://gw.test/kdc?x=1", "/kdc?x=1"),
        ] {
            assert_eq!(target(&Url::parse(url).unwrap()), expected);
        }
    }
}
