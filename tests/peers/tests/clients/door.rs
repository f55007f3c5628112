//! The least that demands a ticket: MIT's acceptor behind HTTP, the principal as a page, an echo over WebSocket.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use peers::mit::{AcceptorOptions, MitAcceptor, Verdict};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_tungstenite::tungstenite::{WebSocket, handshake::derive_accept_key, protocol::Role};

trait Io: Read + Write {}
impl<T: Read + Write> Io for T {}

/// A server that runs until the tests end.
pub(crate) struct Door {
    addr: SocketAddr,
    tls: bool,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Door {
    /// Opens one with the keys of this keytab, with or without TLS.
    pub(crate) fn open(keytab: &Path, tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let config = tls.then(|| Arc::new(certificate()));
        let acceptor = MitAcceptor::start(keytab, &AcceptorOptions::default()).unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let keeper = Arc::new(Keeper { acceptor: Mutex::new(acceptor), heads: Arc::clone(&heads) });
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (keeper, config) = (Arc::clone(&keeper), config.clone());
                thread::spawn(move || match config {
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        keeper.serve(StreamOwned::new(connection, stream));
                    }
                    None => keeper.serve::<TcpStream>(stream),
                });
            }
        });
        Self { addr, tls, heads }
    }

    /// A URL of it, such as `http` or `ws` with an `s` where TLS is spoken.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}{}://localhost:{}/", if self.tls { "s" } else { "" }, self.addr.port())
    }

    /// Every request head so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn certificate() -> ServerConfig {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap()
}

struct Keeper {
    acceptor: Mutex<MitAcceptor>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Keeper {
    /// Answers requests until a socket opens or the client has gone.
    fn serve<S: Io>(&self, mut stream: S) {
        while let Some(head) = read_head(&mut stream) {
            self.heads.lock().unwrap().push(head.clone());
            let verdict = self.judge(&head);
            let token = verdict.as_ref().map(|verdict| STANDARD.encode(verdict.token())).unwrap_or_default();
            let Some(established) = verdict.and_then(Verdict::accepted) else {
                let _ = write!(
                    stream,
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 2\r\n\r\nno"
                );
                continue;
            };
            let proof = format!("WWW-Authenticate: Negotiate {token}\r\n");
            if let Some(key) = field(&head, "sec-websocket-key") {
                let protocol = field(&head, "sec-websocket-protocol").and_then(|all| all.split(',').next());
                let protocol =
                    protocol.map(|one| format!("Sec-WebSocket-Protocol: {one}\r\n")).unwrap_or_default();
                let accept = derive_accept_key(key.as_bytes());
                let _ = write!(
                    stream,
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n{protocol}{proof}\r\n"
                );
                let _ = stream.flush();
                return echo(stream);
            }
            let peer = &established.peer;
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n{proof}Content-Length: {}\r\n\r\n{peer}", peer.len());
            let _ = stream.flush();
        }
    }

    fn judge(&self, head: &str) -> Option<Verdict> {
        let token = STANDARD.decode(field(head, "authorization")?.strip_prefix("Negotiate ")?).ok()?;
        Some(self.acceptor.lock().unwrap().judge(&token).unwrap())
    }
}

fn read_head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).ok()?;
        head.extend(octet);
    }
    String::from_utf8(head).ok()
}

/// The value of a header field.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn echo(stream: impl Io) {
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
    while let Ok(message) = socket.read() {
        if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
            return;
        }
    }
}
