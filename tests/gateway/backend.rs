//! Back ends for the proxy, in the test's own process: each connection runs a script and shows what it was sent.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use tokio_tungstenite::tungstenite::{Message, WebSocket, handshake::derive_accept_key, protocol::Role};

use crate::world::PATIENCE;

/// A back end on a free port. Its threads end with the test.
pub(crate) struct Backend {
    address: SocketAddr,
    heads: Receiver<Head>,
}

/// A request head as it stood on the wire, and what came behind it in the same reads.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) text: String,
    pub(crate) ahead: Vec<u8>,
}

impl Head {
    /// Reads one; `None` if the connection ends before.
    pub(crate) fn read(stream: &mut impl Read) -> Option<Self> {
        let mut octets = Vec::new();
        let mut some = [0; 4096];
        loop {
            if let Some(end) = octets.windows(4).position(|octets| octets == b"\r\n\r\n") {
                let ahead = octets.split_off(end + 4);
                return Some(Self { text: String::from_utf8(octets).unwrap(), ahead });
            }
            match stream.read(&mut some) {
                Ok(0) | Err(_) => return None,
                Ok(count) => octets.extend_from_slice(&some[..count]),
            }
        }
    }

    /// The values of a field, in any case of its name.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let lines = self.text.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The one value of a field.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> &str {
        let values = self.values(name);
        assert_eq!(values.len(), 1, "{name}: {values:?} in {}", self.text);
        values[0]
    }

    /// The body behind it, however its length is told, and its trailers.
    pub(crate) fn body(&self, stream: &mut impl Read) -> (Vec<u8>, String) {
        let mut octets = self.ahead.clone();
        let mut some = [0; 16 * 1024];
        let mut more = |octets: &mut Vec<u8>| {
            let count = stream.read(&mut some).unwrap();
            octets.extend_from_slice(&some[..count]);
            count > 0
        };
        if self.values("transfer-encoding") == ["chunked"] {
            let mut body = Vec::new();
            loop {
                let line = loop {
                    match octets.windows(2).position(|octets| octets == b"\r\n") {
                        Some(end) => break octets.drain(..end + 2).collect::<Vec<_>>(),
                        None => assert!(more(&mut octets), "the connection ended in a body"),
                    }
                };
                let length = usize::from_str_radix(str::from_utf8(&line).unwrap().trim(), 16).unwrap();
                if length == 0 {
                    while !octets.ends_with(b"\r\n") || octets.len() > 2 && !octets.ends_with(b"\r\n\r\n") {
                        assert!(more(&mut octets), "the connection ended in trailers");
                    }
                    return (body, String::from_utf8(octets).unwrap());
                }
                while octets.len() < length + 2 {
                    assert!(more(&mut octets), "the connection ended in a body");
                }
                body.extend(octets.drain(..length + 2).take(length));
            }
        }
        match self.values("content-length").first() {
            Some(length) => {
                let length: usize = length.parse().unwrap();
                while octets.len() < length {
                    assert!(more(&mut octets), "the connection ended in a body");
                }
            }
            // A response without a length ends with its connection; a request without one has no body.
            None if self.line().starts_with("HTTP/") => while more(&mut octets) {},
            None => {}
        }
        (octets, String::new())
    }

    /// The names of all fields, in lower case.
    pub(crate) fn names(&self) -> Vec<String> {
        let lines = self.text.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.map(|(name, _)| name.to_ascii_lowercase()).collect()
    }

    /// The first line.
    pub(crate) fn line(&self) -> &str {
        self.text.lines().next().unwrap()
    }

    /// The head of the answer 101 that agrees to this upgrade, with these further lines.
    pub(crate) fn agree(&self, lines: &str) -> String {
        let accept = derive_accept_key(self.value("sec-websocket-key").as_bytes());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n"
        )
    }
}

impl Backend {
    /// One that reads a head on each connection, shows it, and goes on as `script` says.
    pub(crate) fn new(script: impl Fn(Head, TcpStream) + Send + Sync + 'static) -> Self {
        let (shows, heads) = channel();
        let address = serve(move |mut stream| {
            let shows: &Sender<Head> = &shows;
            while let Some(head) = Head::read(&mut stream) {
                let _ = shows.send(head.clone());
                script(head, stream.try_clone().unwrap());
            }
        });
        Self { address, heads }
    }

    /// One that answers every request with these octets.
    pub(crate) fn answering(octets: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::new(move |_, mut stream| {
            let _ = stream.write_all(octets.as_ref());
        })
    }

    /// One that agrees to every upgrade and sends every message back.
    pub(crate) fn echo() -> Self {
        Self::new(|head, mut stream| {
            stream.write_all(head.agree("").as_bytes()).unwrap();
            echo(stream, head.ahead);
        })
    }

    /// Where it is, as a URL of this scheme.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next request head that it was sent.
    #[track_caller]
    pub(crate) fn head(&self) -> Head {
        self.heads.recv_timeout(PATIENCE).expect("a request reaches the back end")
    }

    /// Whether it was sent a request that nobody has looked at yet.
    pub(crate) fn was_asked(&self) -> bool {
        self.heads.try_recv().is_ok()
    }
}

/// Sends every message back until the socket closes.
pub(crate) fn echo(stream: TcpStream, ahead: Vec<u8>) {
    let both = stream.try_clone().unwrap();
    echo_over(stream, ahead);
    let _ = both.shutdown(Shutdown::Both);
}

/// The same over whatever carries octets.
pub(crate) fn echo_over(stream: impl Read + Write, ahead: Vec<u8>) {
    let mut socket = WebSocket::from_partially_read(stream, ahead, Role::Server, None);
    while let Ok(message) = socket.read() {
        if matches!(message, Message::Binary(_) | Message::Text(_)) && socket.send(message).is_err() {
            break;
        }
    }
}

/// Runs `script` on each connection to a free port of this host.
pub(crate) fn serve(script: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(script);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(io::Result::ok) {
            let script = Arc::clone(&script);
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || script(stream));
        }
    });
    address
}
