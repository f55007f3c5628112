//! The files of `conf/` as they are, and the ways to have a configuration served.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use crate::{
    backend::Head,
    ticket::authorization,
    world::{Gateway, realm},
    ws_client::{Form, Socket, plain},
};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conf").join(name)
}

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("samples-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The sample with what has to be another for a test, in a folder of its own.
fn adapted(name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = fs::read_to_string(sample(name)).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{name} has no {old}");
        text = text.replace(old, new);
    }
    let file = folder(name).join(name);
    fs::write(&file, text).unwrap();
    file
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A port that was free a moment ago: port 0 would be that of another service.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The answer to a request of a client that keeps no connection.
fn ask(at: SocketAddr, path: &str, lines: &str) -> String {
    let mut stream = plain(at);
    let close = if lines.contains("Upgrade") { "" } else { "Connection: close\r\n" };
    let head = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n{close}{lines}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_sample_with_every_option_runs_as_it_is() {
    let gateway = Gateway::serving(
        "run",
        &sample("gateway-config.xml"),
        &[
            "--define",
            "gateway.port=0",
            "--define",
            &format!("management.port={}", free_port()),
            "--define",
            &format!("publisher.port={}", free_port()),
        ],
        10,
    );
    let web = gateway.at("Web");
    let page = ask(web, "/", "");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("text/html"), "{page}");
    assert!(page.contains("\r\ncache-control: "), "{page}");
    assert!(ask(web, "/old", "").contains("\r\nlocation: http://localhost:0/\r\n"));
    assert!(ask(web, "/echo", "").starts_with("HTTP/1.1 426 "));
    // As base64 of `joe:welcome` and of `admin:admin`: the users of the sample, of whom one may.
    let users = |credentials: &str| {
        let lines = format!("{UPGRADE}Authorization: Basic {credentials}\r\n");
        let mut stream = plain(web);
        stream
            .write_all(format!("GET /echo-for-users HTTP/1.1\r\nHost: {web}\r\n{lines}\r\n").as_bytes())
            .unwrap();
        Head::read(&mut stream).unwrap().line().to_owned()
    };
    assert!(users("am9lOndlbGNvbWU=").contains(" 101 "), "{}", users("am9lOndlbGNvbWU="));
    assert!(!users("YWRtaW46YWRtaW4=").contains(" 101 "));
    assert!(!users("am9lOndyb25n").contains(" 101 "));
    assert!(ask(web, "/echo-for-users", "").starts_with("HTTP/1.1 401 "));
    assert!(ask(web, "/app/x", "").starts_with("HTTP/1.1 503 "), "there is no back end");
    assert!(ask(gateway.at("Management"), "/health", "").starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_sample_of_a_granting_gateway_is_what_tgg_serves_with_it() {
    let realm = realm();
    let file = adapted(
        "tgg.xml",
        &[
            ("localhost:8088", "localhost:0"),
            ("EXAMPLE.COM", realm.name()),
            ("<kdc>kdc1.example.com</kdc>", &format!("<kdc>{}</kdc>", realm.kdc_addr())),
            ("<kdc>kdc2.example.com</kdc>", ""),
            ("<kpasswd>kdc1.example.com</kpasswd>", &format!("<kpasswd>{}</kpasswd>", realm.kpasswd_addr())),
        ],
    );
    let gateway = Gateway::serving("tgg", &file, &[], 2);
    let mut stream = plain(gateway.at("KDC"));
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n").as_bytes()).unwrap();
    let head = Head::read(&mut stream).expect("an answer");
    assert!(head.line().contains(" 101 "), "{}", head.line());
    Socket::upgraded(stream, Form::Framed).assert_serves();
    let answer = ask(gateway.at("KDC"), "/KdcProxy", "");
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[test]
fn the_sample_of_a_protected_gateway_is_what_tpg_serves_with_it() {
    let realm = realm();
    let keytab = realm.dir().join("services.keytab");
    let file = adapted(
        "tpg.xml",
        &[
            ("localhost:8089", "127.0.0.1:0"),
            ("ws://localhost:8000/", "ws://127.0.0.7:1/"),
            ("http.keytab", keytab.to_str().unwrap()),
            ("EXAMPLE.COM", realm.name()),
        ],
    );
    let gateway = Gateway::serving("tpg", &file, &[], 1);
    let at = gateway.at("Application");
    assert!(ask(at, "/", UPGRADE).starts_with("HTTP/1.1 401 "));
    // Let in; there is no back end.
    assert!(ask(at, "/", &(authorization() + UPGRADE)).starts_with("HTTP/1.1 503 "));
}

fn redirect(to: &str) -> String {
    format!(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>one</name>\
         <accept>http://127.0.0.1:0/</accept><type>http.redirect</type><properties><location>{to}</location></properties>\
         </service></gateway-config>"
    )
}

#[test]
fn a_configuration_that_is_watched_is_in_force_when_it_has_changed_and_is_sound() {
    let file = folder("watched").join("gateway.xml");
    fs::write(&file, redirect("/first")).unwrap();
    let gateway = Gateway::serving("run", &file, &["--watch"], 1);
    let at = gateway.at("one");
    assert!(ask(at, "/", "").contains("\r\nlocation: /first\r\n"));
    fs::write(&file, redirect("/second").replace("</gateway-config>", "")).unwrap();
    gateway.wait_for_log("what is served stays");
    assert!(gateway.log().contains("gateway.xml:1:"), "the place is told");
    assert!(ask(at, "/", "").contains("\r\nlocation: /first\r\n"));
    fs::write(&file, redirect("/second")).unwrap();
    gateway.wait_for_log("\"Reloaded\"");
    assert!(ask(at, "/", "").contains("\r\nlocation: /second\r\n"));
}
