//! The PROXY header that back ends of octets are told of clients with: read by HAProxy, by Python as `docs/identity.md` shows it,
//! and by the gateway's own reader.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use peers::{Haproxy, or_skipped};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use ticketgate::listener::proxy_protocol::{Progress, parse};
use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use super::{
    UPGRADE, ask, config, exchange,
    realms::{bobs, kerberos, roles},
    status,
};
use crate::{
    authority::authority,
    backend::serve,
    ticket::authorization,
    world::{Gateway, PATIENCE},
    ws_client::plain,
};

const STRATEGIES: [&str; 3] = [
    "<connect.strategy>immediate</connect.strategy>",
    "<connect.strategy>deferred</connect.strategy>",
    "<prepared.connection.count>2</prepared.connection.count>",
];

/// A back end of octets that shows the first of each connection, and sends all the others back.
fn backend() -> (String, Receiver<Vec<u8>>) {
    let (shows, headers) = channel();
    let address = serve(move |mut stream| {
        let mut fixed = [0; 16];
        if stream.read_exact(&mut fixed).is_err() {
            return;
        }
        let mut body = vec![0; usize::from(u16::from_be_bytes([fixed[14], fixed[15]]))];
        stream.read_exact(&mut body).unwrap();
        let _ = shows.send([&fixed[..], &body].concat());
        let mut back = stream.try_clone().unwrap();
        let _ = std::io::copy(&mut stream, &mut back);
    });
    (format!("tcp://{address}"), headers)
}

/// A `proxy` for users in front of this back end, which is told so much.
fn telling(tells: &str, connect: &str, properties: &str, grants: &str) -> Gateway {
    let service = format!(
        "<service><name>one</name><accept>ws://127.0.0.1:0/in</accept><connect>{connect}</connect><type>proxy</type>\
         <properties>{properties}</properties><realm-name>kerberos</realm-name>{}\
         <connect-options><tcp.proxy.protocol>{tells}</tcp.proxy.protocol></connect-options></service>",
        roles(&["*"])
    );
    let truststore =
        format!("<truststore><type>PEM</type><file>{}</file></truststore>", authority().anchor.display());
    Gateway::run(&config(&format!("{service}<security>{truststore}{}</security>", kerberos(grants))))
}

/// Opens a socket with this field.
fn open(gateway: &Gateway, line: &str) -> WebSocket<TcpStream> {
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", &format!("{UPGRADE}{line}"));
    assert_eq!(status(&answer), 101, "{}", answer.text);
    WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None)
}

/// Sends something over a socket and reads it again.
#[track_caller]
fn assert_echoes(socket: &mut WebSocket<TcpStream>) {
    socket.send(Message::binary(&b"through"[..])).unwrap();
    let mut back = Vec::new();
    while back.len() < 7 {
        back.extend(socket.read().unwrap().into_data());
    }
    assert_eq!(back, b"through");
}

/// What the example of the documentation reads in a header.
fn read(header: &[u8]) -> String {
    let document = include_str!("../../../docs/identity.md");
    let (_, from) = document.split_once("```python proxy\n").unwrap();
    let (program, _) = from.split_once("```").unwrap();
    let mut python = Command::new("/usr/bin/python3");
    let python = python.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut python = python.unwrap();
    python.stdin.take().unwrap().write_all(header).unwrap();
    let run = python.wait_with_output().unwrap();
    assert!(run.status.success());
    String::from_utf8(run.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn a_back_end_is_told_of_each_client_however_its_connections_are_opened() {
    let grants = "<grant>staff=realm:TGG.TEST</grant><grant>boss=principal:alice@TGG.TEST</grant>";
    for strategy in STRATEGIES {
        let (connect, headers) = backend();
        let gateway = telling("identity", &connect, strategy, grants);
        for (line, expected) in [
            (authorization(), "127.0.0.1 127.0.0.1 alice@TGG.TEST boss,staff kerberos True"),
            (bobs(), "127.0.0.1 127.0.0.1 bob@TGG.TEST staff kerberos True"),
            (authorization(), "127.0.0.1 127.0.0.1 alice@TGG.TEST boss,staff kerberos True"),
        ] {
            let mut socket = open(&gateway, &line);
            let peer = socket.get_ref().local_addr().unwrap();
            assert_echoes(&mut socket);
            let header = headers.recv_timeout(PATIENCE).unwrap();
            assert_eq!(parse(&header).unwrap(), Progress::Whole(Some(peer)), "{strategy}");
            assert_eq!(read(&header), expected, "{strategy}");
        }
    }
}

#[test]
fn the_address_alone_names_nobody() {
    let (connect, headers) = backend();
    let gateway = telling("address", &connect, "", "");
    assert_echoes(&mut open(&gateway, &authorization()));
    let header = headers.recv_timeout(PATIENCE).unwrap();
    assert_eq!(read(&header), "127.0.0.1 127.0.0.1 - - - False");
    assert!(!String::from_utf8_lossy(&header).contains("alice"));
}

#[test]
fn over_tls_the_header_is_inside() {
    let (shows, headers) = channel();
    let certificate =
        CertificateDer::pem_file_iter(&authority().certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&authority().key).unwrap();
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(certificate, key).unwrap();
    let tls = Arc::new(tls);
    let address = serve(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&tls)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut first = vec![0; 16];
        if stream.read_exact(&mut first).is_ok() {
            let _ = shows.send(first);
        }
    });
    for strategy in STRATEGIES {
        let connect = format!("ssl://localhost:{}", address.port());
        let gateway = telling("identity", &connect, strategy, "");
        let mut socket = open(&gateway, &authorization());
        socket.send(Message::binary(&b"x"[..])).unwrap();
        let first = headers.recv_timeout(PATIENCE).unwrap();
        assert_eq!(&first[..14], b"\r\n\r\n\0\r\nQUIT\n\x21\x11", "{strategy}");
    }
}

#[test]
fn by_default_the_first_octets_are_the_clients() {
    let address = serve(|mut stream| {
        let mut back = stream.try_clone().unwrap();
        let _ = std::io::copy(&mut stream, &mut back);
    });
    let gateway = telling("disabled", &format!("tcp://{address}"), "", "");
    assert_echoes(&mut open(&gateway, &authorization()));
}

#[test]
fn roles_that_are_too_many_for_a_header_are_not_cut() {
    let grants: String =
        (0..100).map(|role| format!("<grant>{role}{}=realm:TGG.TEST</grant>", "r".repeat(50))).collect();
    for strategy in STRATEGIES {
        let (connect, headers) = backend();
        let gateway = telling("identity", &connect, strategy, &grants);
        let answer = ask(&gateway, "GET /in", &format!("{UPGRADE}{}", authorization()));
        assert_eq!(status(&answer), 502, "{strategy}");
        assert_eq!(gateway.wait_for_log("backend_untold").matches("backend_untold").count(), 1);
        assert!(headers.try_recv().is_err());
    }
}

#[test]
fn a_bare_stream_has_an_address_and_nobody_in_it() {
    let (connect, headers) = backend();
    let gateway = Gateway::run(&config(&format!(
        "<service><name>one</name><accept>tcp://127.0.0.1:0</accept><connect>{connect}</connect><type>proxy</type>\
         <connect-options><tcp.proxy.protocol>identity</tcp.proxy.protocol></connect-options></service>"
    )));
    let mut stream = plain(gateway.at("one"));
    let peer = stream.local_addr().unwrap();
    stream.write_all(b"through").unwrap();
    let mut back = [0; 7];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"through");
    let header = headers.recv_timeout(PATIENCE).unwrap();
    assert_eq!(parse(&header).unwrap(), Progress::Whole(Some(peer)));
    assert_eq!(read(&header), "127.0.0.1 - - - - False");
}

#[test]
fn haproxy_reads_it() {
    let Some(haproxy) = or_skipped(Haproxy::behind()) else { return };
    haproxy.connect().unwrap();
    let gateway = telling("identity", &format!("tcp://{}", haproxy.address()), "", "");
    let mut socket = open(&gateway, &authorization());
    socket.send(Message::binary(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..])).unwrap();
    let mut answer = String::new();
    while !answer.contains("127.0.0.1") {
        answer.push_str(str::from_utf8(&socket.read().unwrap().into_data()).unwrap());
    }
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(socket);
    let record = gateway.wait_for_record("the socket", |record| record["via"] == "tcp");
    let id = record["id"].as_str().unwrap();
    assert!(answer.ends_with(&format!("\r\n\r\n127.0.0.1 127.0.0.1 {id}")), "{answer} {record}");
}
