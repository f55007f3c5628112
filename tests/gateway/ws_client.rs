//! A WebSocket client that speaks each form in which the gateway takes Kerberos.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use krb::{
    error_code::KDC_ERR_PREAUTH_REQUIRED,
    frame,
    kkdcp::{self, ProxyMessage},
};
use tokio_tungstenite::tungstenite::{
    self, ClientRequestBuilder, Error, Message, WebSocket,
    protocol::{
        Role,
        frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use crate::{
    identity::{Identity, TlsStream},
    initiator::{as_req, error_code, framed},
    world::{Gateway, PATIENCE, realm},
};

/// How a message is wrapped, and which sub-protocol says so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// A byte stream with lengths, undeclared.
    Framed,
    /// A message and nothing else, undeclared.
    Bare,
    /// KDC-PROXY-MESSAGE, undeclared.
    Kkdcp,
    /// The same without the length inside.
    KkdcpBare,
    /// `krb5.tcp`
    DeclaredFramed,
    /// `kkdcp`
    DeclaredKkdcp,
    /// `kkdcp.mux`
    Mux,
}

impl Form {
    pub(crate) const ALL: [Self; 7] = [
        Self::Framed,
        Self::Bare,
        Self::Kkdcp,
        Self::KkdcpBare,
        Self::DeclaredFramed,
        Self::DeclaredKkdcp,
        Self::Mux,
    ];

    pub(crate) const fn protocol(self) -> Option<&'static str> {
        match self {
            Self::Framed | Self::Bare | Self::Kkdcp | Self::KkdcpBare => None,
            Self::DeclaredFramed => Some("krb5.tcp"),
            Self::DeclaredKkdcp => Some("kkdcp"),
            Self::Mux => Some("kkdcp.mux"),
        }
    }

    /// Whether the envelope names a realm.
    pub(crate) const fn names_realm(self) -> bool {
        !matches!(self, Self::Framed | Self::Bare | Self::DeclaredFramed)
    }

    /// Wraps a request. `id` is sent only with `kkdcp.mux`.
    pub(crate) fn wrap(self, message: &[u8], krb_realm: &str, id: u32) -> Vec<u8> {
        match self {
            Self::Framed | Self::DeclaredFramed => framed(message),
            Self::Bare => message.to_vec(),
            Self::Kkdcp | Self::DeclaredKkdcp => proxied(message, krb_realm, true),
            Self::KkdcpBare => proxied(message, krb_realm, false),
            Self::Mux => [&id.to_be_bytes()[..], &proxied(message, krb_realm, true)].concat(),
        }
    }

    /// Unwraps an answer, which must be in the form of its request. The id is 0 without `kkdcp.mux`.
    #[track_caller]
    pub(crate) fn unwrap(self, octets: &[u8]) -> (u32, Vec<u8>) {
        match self {
            Self::Framed | Self::DeclaredFramed => {
                let (length, message) = octets.split_first_chunk::<{ frame::PREFIX }>().unwrap();
                assert_eq!(*length, frame::prefix(message.len()));
                (0, message.to_vec())
            }
            Self::Bare => (0, octets.to_vec()),
            Self::Kkdcp | Self::DeclaredKkdcp => (0, unproxied(octets, true)),
            Self::KkdcpBare => (0, unproxied(octets, false)),
            Self::Mux => {
                let (id, envelope) = octets.split_first_chunk::<4>().unwrap();
                (u32::from_be_bytes(*id), unproxied(envelope, true))
            }
        }
    }
}

fn proxied(message: &[u8], krb_realm: &str, prefixed: bool) -> Vec<u8> {
    let target_domain = Some(krb_realm.as_bytes());
    kkdcp::seal(&ProxyMessage { message, prefixed, target_domain, dclocator_hint: None })
}

#[track_caller]
fn unproxied(octets: &[u8], prefixed: bool) -> Vec<u8> {
    let envelope = kkdcp::open(octets).unwrap();
    assert_eq!((envelope.prefixed, envelope.target_domain), (prefixed, None));
    envelope.message.to_vec()
}

/// What carries the socket.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(octets),
            Self::Tls(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// Opens a TCP connection that fails a read which takes too long.
pub(crate) fn plain(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// An open WebSocket.
pub(crate) struct Socket {
    socket: WebSocket<Wire>,
    pub(crate) form: Form,
}

impl Socket {
    /// Opens one over ws for requests of this form.
    pub(crate) fn open(gateway: &Gateway, form: Form) -> Self {
        Self::over(Wire::Plain(plain(gateway.web())), form)
    }

    /// Opens one over wss.
    pub(crate) fn open_tls(gateway: &Gateway, identity: &Identity, form: Form) -> Self {
        Self::over(Wire::Tls(Box::new(identity.connect(gateway.web()).unwrap())), form)
    }

    fn over(wire: Wire, form: Form) -> Self {
        let mut request = ClientRequestBuilder::new("ws://localhost/".parse().unwrap());
        if let Some(offered) = form.protocol() {
            request = request.with_sub_protocol(offered);
        }
        // It fails unless just what was offered is chosen.
        let (socket, _) = tungstenite::client(request, wire).map_err(|error| error.to_string()).unwrap();
        Self { socket, form }
    }

    /// Takes over a connection whose upgrade was answered.
    pub(crate) fn upgraded(stream: TcpStream, form: Form) -> Self {
        Self { socket: WebSocket::from_raw_socket(Wire::Plain(stream), Role::Client, None), form }
    }

    /// Sends a request for the shared realm and waits for its answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.request(request, 7);
        let (id, answer) = self.answer();
        assert_eq!(id, if self.form == Form::Mux { 7 } else { 0 });
        answer
    }

    /// Sends a request that the KDC answers and checks that it does.
    #[track_caller]
    pub(crate) fn assert_serves(&mut self) {
        assert_eq!(error_code(&self.ask(&as_req("alice"))), KDC_ERR_PREAUTH_REQUIRED);
    }

    /// Sends a request for the shared realm.
    pub(crate) fn request(&mut self, request: &[u8], id: u32) {
        self.request_in(realm().name(), request, id);
    }

    /// Sends a request whose envelope, if it has one, names this realm.
    pub(crate) fn request_in(&mut self, krb_realm: &str, request: &[u8], id: u32) {
        self.send(self.form.wrap(request, krb_realm, id));
    }

    /// Sends one binary message.
    pub(crate) fn send(&mut self, octets: impl Into<Vec<u8>>) {
        self.socket.send(Message::Binary(octets.into().into())).unwrap();
    }

    /// Sends one text message.
    pub(crate) fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// Sends a ping.
    pub(crate) fn ping(&mut self) {
        self.socket.send(Message::Ping(b"?".as_slice().into())).unwrap();
    }

    /// Sends one frame of a message; an error says that the gateway has had enough.
    pub(crate) fn send_frame(&mut self, octets: &[u8], is_first: bool, is_last: bool) -> Result<(), Error> {
        let data = if is_first { Data::Binary } else { Data::Continue };
        self.socket.send(Message::Frame(Frame::message(octets.to_vec(), OpCode::Data(data), is_last)))
    }

    /// The next answer and its id.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> (u32, Vec<u8>) {
        loop {
            match self.socket.read().unwrap() {
                Message::Binary(octets) => break self.form.unwrap(&octets),
                Message::Pong(_) => {}
                other => panic!("{other:?} is no answer"),
            }
        }
    }

    /// Waits until the gateway closes the socket; the code that it gives.
    #[track_caller]
    pub(crate) fn closed(&mut self) -> u16 {
        match self.socket.read().unwrap() {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("{other:?} is no close frame with a code"),
        }
    }

    /// Reads until the connection is gone, in whatever way.
    pub(crate) fn wait_until_gone(&mut self) {
        while self.socket.read().is_ok() {}
    }

    /// What lies below, to write what no WebSocket client would.
    pub(crate) fn wire(&mut self) -> &mut Wire {
        self.socket.get_mut()
    }
}
