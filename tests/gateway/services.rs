//! The services of a configuration, each word of theirs through real sockets.

mod broadcast;
pub(crate) mod browsers;
mod certificates;
pub(crate) mod custom;
mod decisions;
mod directory;
mod echo;
mod failures;
mod inside;
mod kerberos;
mod ldap;
mod leases;
mod management;
mod pages;
mod passwords;
mod prefaced;
mod proxied;
pub(crate) mod realms;
mod redirect;
mod signed;
mod tickets;
mod tokens;
mod told;
pub(crate) mod users;

use std::{
    fs,
    io::{Read, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use crate::{
    authority::authority,
    backend::Head,
    world::{Gateway, realm},
    ws_client::plain,
};

/// A configuration with this in it.
pub(crate) fn config(inside: &str) -> String {
    format!("<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">{inside}</gateway-config>")
}

/// A service with the name `one` at `/in`, which anybody may use.
fn service(kind: &str, scheme: &str, inside: &str) -> String {
    format!(
        "<service><name>one</name><accept>{scheme}://127.0.0.1:0/in</accept><type>{kind}</type>{inside}</service>"
    )
}

/// The section with the certificate that the tests trust, and with what else stands in it.
fn security(more: &str) -> String {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    let store = STORE.get_or_init(|| {
        let read = |file| fs::read(file).unwrap();
        let store = realm().dir().join("keystore.pem");
        fs::write(&store, [read(&authority().certificate), read(&authority().key)].concat()).unwrap();
        store
    });
    format!("<security><keystore><file>{}</file></keystore>{more}</security>", store.display())
}

/// A gateway with that service alone.
fn one(kind: &str, scheme: &str, inside: &str) -> Gateway {
    Gateway::run(&config(&service(kind, scheme, inside)))
}

/// Sends a request such as `GET /in` with these further lines, and reads the answer to its end: the body is in `ahead`.
fn exchange(stream: &mut TcpStream, request: &str, lines: &str) -> Head {
    let host = if lines.starts_with("Host: ") {
        String::new()
    } else {
        format!("Host: {}\r\n", stream.peer_addr().unwrap())
    };
    stream.write_all(format!("{request} HTTP/1.1\r\n{host}{lines}\r\n").as_bytes()).unwrap();
    let mut head = Head::read(stream).expect("an answer");
    let length = head.values("content-length").first().map_or(0, |length| length.parse().unwrap());
    if !request.starts_with("HEAD ") {
        while head.ahead.len() < length {
            let mut some = [0; 16 * 1024];
            let count = stream.read(&mut some).unwrap();
            assert_ne!(count, 0, "the body ends early");
            head.ahead.extend_from_slice(&some[..count]);
        }
    }
    head
}

/// The same of the service `one`, over a connection of its own.
fn ask(gateway: &Gateway, request: &str, lines: &str) -> Head {
    exchange(&mut plain(gateway.at("one")), request, lines)
}

/// The status of an answer.
fn status(head: &Head) -> u16 {
    head.line().split(' ').nth(1).unwrap().parse().unwrap()
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Version: 13\r\n";

/// Opens a socket of the service `one`.
fn open(gateway: &Gateway) -> WebSocket<TcpStream> {
    let mut stream = plain(gateway.at("one"));
    let answer = exchange(&mut stream, "GET /in", UPGRADE);
    assert_eq!(status(&answer), 101, "{}", answer.text);
    WebSocket::from_partially_read(stream, answer.ahead, Role::Client, None)
}

/// The code of the close frame that comes next.
#[track_caller]
fn close_code(socket: &mut WebSocket<TcpStream>) -> u16 {
    match socket.read().unwrap() {
        Message::Close(Some(frame)) => frame.code.into(),
        other => panic!("{other:?} is no close frame with a code"),
    }
}

/// A folder of files, which goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("served-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// With this file in it.
    pub(crate) fn with(self, name: &str, octets: impl AsRef<[u8]>) -> Self {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, octets).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
