//! `proxy` behind a `tcp://` or `ssl://` accept: a client of octets and a back end, joined.
//!
//! There is no request, so there is nothing to admit: who may connect is said by addresses and certificates alone. A
//! client whose back end cannot be reached is closed.

use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};

use super::upstream::{OpenError, Upstream};
use crate::splice::{self, Bounds, Early, Speaks, Spliced};

/// Joins a client with a back end of its own until there is a reason to part them. `headers` are further fields of the
/// upgrade, where the back end speaks WebSocket.
///
/// # Errors
///
/// Any [`OpenError`]: there is no connection to the back end, and nothing was read of the client.
pub async fn serve<I>(
    client: I,
    backend: &Upstream,
    headers: HeaderMap,
    bounds: &Bounds,
) -> Result<Spliced, OpenError>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let (connection, said) = tokio::select! {
        biased;
        opened = backend.open(headers) => opened?,
        // Not waited for in vain by a gateway that goes down.
        () = bounds.notice.given() => return Ok(Spliced::early(bounds.notice.goodbye())),
    };
    let speaks = if backend.is_socket() { Speaks::Wrapped } else { Speaks::Plain };
    let early = Early { backend: said, ..Early::default() };
    Ok(splice::join(client, connection, early, speaks, bounds).await)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::{SinkExt as _, StreamExt as _};
    use http::{HeaderValue, Response};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        net::TcpListener,
        task::JoinHandle,
        time::timeout,
    };
    use tokio_tungstenite::{
        accept_hdr_async,
        tungstenite::{Message, handshake::server::Request},
    };
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        answer::Goodbye,
        notice::Notice,
        service::proxy::{dial::Dialler, url::BackendUrl},
        splice::{Reason, Side},
    };

    const PATIENCE: Duration = Duration::from_secs(20);

    fn upstream(url: &str) -> Upstream {
        let url: BackendUrl = url.parse().unwrap();
        let dialler = Dialler::new(&url, None, PATIENCE).unwrap();
        Upstream { url, dialler, host: None, patience: PATIENCE }
    }

    /// A client before a back end.
    fn serving(
        backend: Upstream,
        headers: HeaderMap,
    ) -> (DuplexStream, Notice, JoinHandle<Result<Spliced, OpenError>>) {
        let (near, far) = duplex(1 << 16);
        let notice = Notice::below(&CancellationToken::new());
        let bounds =
            Bounds { ends: None, idle: None, message: PATIENCE, pending: 64_000, notice: notice.clone() };
        (near, notice, tokio::spawn(async move { serve(far, &backend, headers, &bounds).await }))
    }

    #[tokio::test]
    async fn octets_reach_a_back_end_of_messages_at_its_path_with_further_fields() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = upstream(&format!("ws://{}/feed", listener.local_addr().unwrap()));
        let headers =
            HeaderMap::from_iter([(http::header::FORWARDED, HeaderValue::from_static("for=192.0.2.7"))]);
        let (mut client, _notice, served) = serving(backend, headers);
        let (stream, _) = listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the type is the library's")]
        let check = |request: &Request, response: Response<()>| {
            assert_eq!(request.uri().path(), "/feed");
            assert_eq!(request.headers()["forwarded"], "for=192.0.2.7");
            Ok(response)
        };
        let mut server = accept_hdr_async(stream, check).await.unwrap();
        client.write_all(b"up").await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::Binary(Bytes::from_static(b"up")));
        server.send(Message::text("down")).await.unwrap();
        server.close(None).await.unwrap();
        let mut down = Vec::new();
        client.read_to_end(&mut down).await.unwrap();
        assert_eq!(down, b"down");
        assert!(server.next().await.unwrap().unwrap().is_close());
        assert_eq!(served.await.unwrap().unwrap().reason, Reason::Ended(Side::Backend));
    }

    #[tokio::test]
    async fn octets_reach_a_back_end_of_octets() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = upstream(&format!("tcp://{}", listener.local_addr().unwrap()));
        let (mut client, _notice, served) = serving(backend, HeaderMap::new());
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(b"up").await.unwrap();
        client.shutdown().await.unwrap();
        let mut up = Vec::new();
        server.read_to_end(&mut up).await.unwrap();
        assert_eq!(up, b"up");
        drop(server);
        assert_eq!(served.await.unwrap().unwrap().reason, Reason::Ended(Side::Client));
    }

    #[tokio::test]
    async fn a_client_whose_back_end_cannot_be_reached_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = upstream(&format!("tcp://{}", listener.local_addr().unwrap()));
        drop(listener);
        let (mut client, _notice, served) = serving(backend, HeaderMap::new());
        assert!(matches!(served.await.unwrap(), Err(OpenError::Reach(_))));
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_gateway_that_goes_down_does_not_wait_for_a_back_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = upstream(&format!("ws://{}", listener.local_addr().unwrap()));
        let (_client, notice, served) = serving(backend, HeaderMap::new());
        // It is connected to and says nothing.
        let _stream = listener.accept().await.unwrap();
        notice.close();
        let spliced = timeout(PATIENCE, served).await.unwrap().unwrap().unwrap();
        assert_eq!(spliced.reason, Reason::Said(Goodbye::Closed));
    }
}
