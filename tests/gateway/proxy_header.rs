//! The header that HAProxy writes in front of a connection, as the gateway reads it.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
};

use peers::{Haproxy, or_skipped};
use ticketgate::listener::proxy_protocol;
use tokio::{io::AsyncReadExt as _, net::TcpListener, time::timeout};

use crate::world::PATIENCE;

/// What is told of a client that HAProxy, with these options, passes on: the client's own end and what was read.
async fn told(options: &str) -> Option<(SocketAddr, Option<SocketAddr>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let haproxy = or_skipped(Haproxy::before(listener.local_addr().unwrap(), options))?;
    let connecting = tokio::task::spawn_blocking(move || {
        let mut client: TcpStream = haproxy.connect().unwrap();
        client.write_all(b"hello").unwrap();
        (client, haproxy)
    });
    let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let source = timeout(PATIENCE, proxy_protocol::read(&mut stream)).await.unwrap().unwrap();
    let mut hello = [0; 5];
    stream.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"hello", "what is behind the header is still there");
    let (client, _haproxy) = connecting.await.unwrap();
    Some((client.local_addr().unwrap(), source))
}

#[tokio::test]
async fn haproxy_tells_who_connects_in_either_version_and_with_a_checksum() {
    for options in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority",
        "send-proxy-v2-ssl-cn proxy-v2-options crc32c",
    ] {
        let Some((client, source)) = told(options).await else { return };
        assert_eq!(source, Some(client), "{options}");
    }
}
