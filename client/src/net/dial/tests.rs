//! Connections to listeners of this host.

use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A port of this host that nobody listens at.
async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// The port of a server that says `hi` to one client, and a dialler that trusts its certificate, for `localhost`.
async fn greeter() -> (u16, Dialler) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            stream.write_all(b"hi").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (port, Dialler::new(Trust { others: vec![cert.der().clone()] }))
}

#[test]
fn the_two_kinds_of_address_take_turns_from_the_kind_that_the_system_prefers() {
    let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"]);
    let turns = addresses(&["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"]);
    assert_eq!(alternating(given), turns);
    assert_eq!(alternating(addresses(&["1.0.0.1:1", "[::1]:1"])), addresses(&["1.0.0.1:1", "[::1]:1"]));
    assert_eq!(alternating(addresses(&["1.0.0.1:1"; 99])).len(), MAX_ADDRESSES);
}

#[test]
fn the_usual_port_is_left_out_of_the_field_host() {
    for (text, expected) in [
        ("ws://a.test/x", "a.test"),
        ("wss://a.test:443/", "a.test"),
        ("wss://a.test:80/", "a.test:80"),
        ("http://[::1]:8088/", "[::1]:8088"),
    ] {
        assert_eq!(authority(&url(text)).unwrap(), expected, "{text}");
    }
}

#[tokio::test]
async fn another_address_is_tried_where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let stream = race(&[closed().await, closed().await, open]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
}

#[tokio::test]
async fn an_address_that_keeps_silent_does_not_hold_up_the_next() {
    // TEST-NET-1 (RFC 5737): nobody is there, and most networks say nothing of it.
    let silent: SocketAddr = "192.0.2.1:9".parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let stream = timeout(Duration::from_secs(5), race(&[silent, open])).await.unwrap().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
}

#[tokio::test]
async fn what_cannot_be_dialled_is_refused_without_asking_anybody() {
    let dialler = Dialler::default();
    for text in ["ftp://localhost/", "file:///etc/passwd", "data:,x"] {
        assert!(matches!(dialler.dial(&url(text)).await, Err(DialError::Scheme)), "{text}");
    }
    let refused = dialler.dial(&url("ws://alice:secret@localhost/")).await.unwrap_err();
    assert!(matches!(refused, DialError::Credentials));
    assert!(!refused.to_string().contains("secret"));
}

#[tokio::test]
async fn nobody_at_a_port_is_said_with_host_and_port() {
    let at = closed().await;
    let error = Dialler::default().dial(&url(&format!("ws://{at}/"))).await.unwrap_err();
    assert!(error.is_passing());
    assert!(error.to_string().contains(&at.to_string()), "{error}");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (_, dialler) = greeter().await;
    let dialler = dialler.patient(Duration::from_millis(100));
    let error = dialler.dial(&url(&format!("wss://{at}/"))).await.unwrap_err();
    assert!(matches!(error, DialError::Silent { .. }), "{error}");
}

#[tokio::test]
async fn a_server_is_believed_where_its_authority_is_named() {
    let (port, dialler) = greeter().await;
    let mut connection = dialler.dial(&url(&format!("wss://localhost:{port}/"))).await.unwrap();
    assert!(server_certificate(&connection).is_some());
    if let Either::Right(stream) = &connection {
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    let mut said = String::new();
    connection.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "hi");
}

#[tokio::test]
async fn a_server_of_another_authority_or_name_is_not_believed() {
    let (port, _) = greeter().await;
    let (_, dialler) = greeter().await;
    let error = dialler.dial(&url(&format!("https://localhost:{port}/"))).await.unwrap_err();
    assert!(matches!(error, DialError::Tls { .. }) && !error.is_passing(), "{error}");

    let (port, dialler) = greeter().await;
    let error = dialler.dial(&url(&format!("https://127.0.0.1:{port}/"))).await.unwrap_err();
    assert!(matches!(error, DialError::Tls { .. }), "{error}");
}

#[test]
fn a_file_without_an_authority_is_named() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let error = Trust::default().also(&manifest).unwrap_err();
    assert!(matches!(error, DialError::PemEmpty { .. }), "{error}");
    assert!(matches!(Trust::default().also(Path::new("/nowhere.pem")), Err(DialError::Pem { .. })));
}
