//! Back ends that are absent, silent, broken, late or not to be trusted: what the client sees, and the remedy in the log.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;

use super::{ask, before, upgrade_head};
use crate::{
    authority::authority,
    backend::{Backend, Head, echo_over, serve},
    identity::Identity,
    world::{Gateway, exit_code, realm, refusing},
};

/// The record of a request that was answered with this status.
#[track_caller]
fn answered(gateway: &Gateway, head: &str, status: u16) -> Value {
    let (_, answer) = ask(gateway, head);
    assert!(answer.line().starts_with(&format!("HTTP/1.1 {status} ")), "{}", answer.text);
    let record = gateway.wait_for_record("visit", |_| true);
    assert_eq!((&record["status"], &record["blame"]), (&status.into(), &"backend".into()));
    record
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn a_back_end_that_is_not_there_is_503() {
    for (scheme, head) in [("http", GET), ("ws", &upgrade_head("/", "")), ("tcp", &upgrade_head("/", ""))] {
        let gateway = Gateway::tpg(&["--connect", &format!("{scheme}://{}", refusing())]);
        let record = answered(&gateway, head, 503);
        assert_eq!(record["outcome"], "backend_absent", "{scheme}");
        assert!(record["message"].as_str().unwrap().contains("is it running, and is its URL right?"));
    }
}

#[test]
fn a_client_has_the_gateways_proof_where_the_back_end_fails() {
    let absent = Gateway::tpg(&["--connect", &format!("http://{}", refusing())]);
    let broken = Backend::answering("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    let broken = before(&broken, "http", &[]);
    for gateway in [absent, broken] {
        let (_, answer) = ask(&gateway, GET);
        assert!(answer.line().starts_with("HTTP/1.1 50"), "{}", answer.text);
        assert!(answer.value("www-authenticate").starts_with("Negotiate oY"), "{}", answer.text);
    }
}

#[test]
fn a_back_end_without_a_name_is_503() {
    let gateway = Gateway::tpg(&["--connect", "http://no-such-host.invalid"]);
    answered(&gateway, GET, 503);
}

#[test]
fn a_back_end_that_says_nothing_is_504() {
    let backend = Backend::new(|_, stream| {
        let _ = stream.peek(&mut [0]);
    });
    for (scheme, head) in [("http", GET), ("ws", &upgrade_head("/", ""))] {
        let gateway = before(&backend, scheme, &["--response-timeout", "0.3"]);
        assert_eq!(answered(&gateway, head, 504)["outcome"], "backend_late", "{scheme}");
    }
}

#[test]
fn a_back_end_that_does_not_shake_hands_is_504() {
    let silent = serve(|stream| {
        let _ = stream.peek(&mut [0]);
        std::thread::park();
    });
    let anchor = authority().anchor.to_str().unwrap();
    let url = format!("https://{silent}");
    let gateway = Gateway::tpg(&["--connect", &url, "--connect-timeout", "0.3", "--backend-ca", anchor]);
    assert_eq!(answered(&gateway, GET, 504)["outcome"], "backend_silent");
}

#[test]
fn a_back_end_that_breaks_off_or_speaks_no_http_is_502() {
    for said in ["", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200"] {
        let backend = Backend::new(move |_, mut stream| {
            stream.write_all(said.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Both).unwrap();
        });
        for (scheme, head) in [("http", GET), ("ws", &upgrade_head("/", ""))] {
            let gateway = before(&backend, scheme, &[]);
            assert_eq!(answered(&gateway, head, 502)["outcome"], "backend_broken", "{scheme} {said:?}");
        }
    }
}

#[test]
fn a_back_end_that_switches_where_nobody_asked_is_502() {
    let backend =
        Backend::answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    let gateway = before(&backend, "http", &[]);
    answered(&gateway, GET, 502);
}

/// A back end with TLS, whose certificate the tests' authority has signed. It takes no offer of another protocol than
/// HTTP.
fn secure() -> std::net::SocketAddr {
    over_tls(&[b"http/1.1"], |mut stream| {
        let Some(head) = Head::read(&mut stream) else { return };
        if head.values("upgrade").is_empty() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        } else {
            stream.write_all(head.agree("").as_bytes()).unwrap();
            echo_over(stream, head.ahead);
        }
    })
}

/// A back end that runs `script` on each connection, of which clients that offer protocols must offer one of these.
pub(super) fn over_tls(
    protocols: &[&[u8]],
    script: impl Fn(StreamOwned<ServerConnection, TcpStream>) + Send + Sync + 'static,
) -> std::net::SocketAddr {
    let authority = authority();
    let chain = CertificateDer::pem_file_iter(&authority.certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&authority.key).unwrap();
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let config = Arc::new(config);
    serve(move |stream| {
        let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        script(StreamOwned::new(tls, stream));
    })
}

#[test]
fn octets_pass_over_tls_to_a_back_end_that_speaks_no_http() {
    use tokio_tungstenite::tungstenite::Message;
    let at = over_tls(&[b"postgresql"], |mut stream| {
        let mut some = [0; 5];
        while stream.read_exact(&mut some).is_ok() && stream.write_all(&some).is_ok() {}
    });
    let anchor = authority().anchor.to_str().unwrap();
    let gateway = Gateway::tpg(&["--connect", &format!("ssl://{at}"), "--backend-ca", anchor]);
    let mut socket = super::open(&gateway);
    socket.send(Message::text("hello")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::binary("hello"));
}

#[test]
fn a_back_end_with_tls_is_reached_if_who_signed_it_is_named() {
    use tokio_tungstenite::tungstenite::Message;
    let anchor = authority().anchor.to_str().unwrap();
    let at = secure();
    let (wss, https) = (format!("wss://{at}"), format!("https://localhost:{}", at.port()));
    let gateway = Gateway::tpg(&["--connect", &wss, "--connect", &https, "--backend-ca", anchor]);
    let (_, answer) = ask(&gateway, GET);
    assert_eq!(answer.line(), "HTTP/1.1 200 OK");
    let mut socket = super::open(&gateway);
    for length in [5, 300_000] {
        let message = Message::binary(vec![3; length]);
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
}

#[test]
fn a_back_end_with_a_certificate_of_strangers_is_502() {
    let gateway = Gateway::tpg(&["--connect", &format!("https://{}", secure())]);
    let record = answered(&gateway, GET, 502);
    assert_eq!(record["outcome"], "backend_tls");
    assert!(record["message"].as_str().unwrap().contains("--backend-ca"), "{record}");
}

#[test]
fn what_cannot_be_served_ends_with_64_or_78_and_says_what_to_do() {
    let keytab = realm().dir().join("services.keytab");
    let keytab = ["--keytab", keytab.to_str().unwrap()];
    let tpg = [&["tpg", "--listen", "127.0.0.1:0"][..], &keytab].concat();
    for (flags, code, says) in [
        (
            &[&["tpg", "--listen", "0.0.0.0:0", "--connect", "ws://a"][..], &keytab].concat()[..],
            64,
            "--tls-cert",
        ),
        (&[&tpg[..], &[]].concat(), 64, "--connect"),
        (&[&tpg[..], &["--connect", "ftp://a"]].concat(), 64, "ws, wss, tcp, ssl, http or https"),
        (&[&tpg[..], &["--connect", "tcp://a"]].concat(), 64, "tcp://HOST:PORT"),
        (&[&tpg[..], &["--connect", "ws://a", "--connect", "tcp://b:1"]].concat(), 64, "two back ends"),
        (&[&tpg[..], &["--connect", "ws://a", "--identity-header", "a b"]].concat(), 64, "--identity-header"),
        (&[&tpg[..], &["--connect", "ws://a", "--identity-header", "host"]].concat(), 64, "x-remote-user"),
        (&[&tpg[..], &["--connect", "wss://a", "--backend-ca", "/nowhere"]].concat(), 78, "/nowhere"),
    ] {
        let (ended, stderr) = exit_code(flags);
        assert_eq!(ended, Some(code), "{flags:?}: {stderr}");
        assert!(stderr.contains(says), "{flags:?}: {stderr}");
    }
}

#[test]
fn a_peer_over_its_rate_is_429_and_fills_no_log() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let gateway = before(&backend, "http", &["--peer-rate", "1"]);
    let lines: Vec<_> = (0..20).map(|_| ask(&gateway, GET).1.line().to_owned()).collect();
    let refused = lines.iter().filter(|line| *line == "HTTP/1.1 429 Too Many Requests").count();
    assert!((14..=18).contains(&refused), "{lines:?}");
    assert!(gateway.wait_for_records(20 - refused).iter().all(|record| record["status"] == 200));
}

#[test]
fn behind_tls_sockets_and_requests_are_the_same() {
    use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};
    let identity = Identity::new();
    let tls = identity.flags();
    let backend = Backend::echo();
    let gateway = before(
        &backend,
        "ws",
        &[&tls.each_ref().map(String::as_str)[..], &["--socket-lifetime", "4"]].concat(),
    );
    let mut stream = identity.connect(gateway.web()).unwrap();
    stream.write_all(upgrade_head("/", "Origin: https://gw.test:8443\r\n").as_bytes()).unwrap();
    let answer = Head::read(&mut stream).unwrap();
    assert_eq!(answer.line(), "HTTP/1.1 101 Switching Protocols");
    assert_eq!(backend.head().value("x-forwarded-proto"), "https");
    let mut socket = WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None);
    for length in [5, 300_000] {
        let message = Message::binary(vec![3; length]);
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    assert!(matches!(socket.read().unwrap(), Message::Close(Some(frame)) if u16::from(frame.code) == 3000));
}
