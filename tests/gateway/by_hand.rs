//! Requests that no stock tool sends, and one HTTP connection octet by octet.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use krb::{
    flags::Flags,
    kkdcp::{self, ProxyMessage},
    msg::{
        kdc::{AsReq, KdcReqBody},
        padata::PaData,
    },
    name::{KerberosString, NT_PRINCIPAL, PrincipalName},
    time::KerberosTime,
};

use crate::world::PATIENCE;

/// An AS-REQ without pre-authentication.
pub(crate) fn as_req(client: &[u8], krb_realm: &str) -> Vec<u8> {
    as_req_with(None, client, krb_realm)
}

/// An AS-REQ with this pre-authentication data.
pub(crate) fn as_req_with(padata: Option<Vec<PaData>>, client: &[u8], krb_realm: &str) -> Vec<u8> {
    let body = KdcReqBody {
        kdc_options: Flags::from(0),
        cname: Some(PrincipalName::new(NT_PRINCIPAL, [KerberosString::from(client)])),
        realm: krb_realm.into(),
        sname: Some(PrincipalName::krbtgt(&krb_realm.into())),
        from: None,
        till: KerberosTime::from(b"20370101000000Z".to_vec()),
        rtime: None,
        nonce: 1234,
        etype: vec![18, 17, 20, 19],
        addresses: None,
        enc_authorization_data: None,
        additional_tickets: None,
    };
    AsReq::new(padata, body).encode().unwrap()
}

/// A message in the envelope of MS-KKDCP, with its length in front.
pub(crate) fn envelope(message: &[u8], krb_realm: &str) -> Vec<u8> {
    sealed(message, Some(krb_realm), true)
}

/// A message in the envelope of MS-KKDCP.
pub(crate) fn sealed(message: &[u8], krb_realm: Option<&str>, prefixed: bool) -> Vec<u8> {
    let target_domain = krb_realm.map(str::as_bytes);
    kkdcp::seal(&ProxyMessage { message, prefixed, target_domain, dclocator_hint: None })
}

/// What `alice` sends first.
pub(crate) fn alice() -> Vec<u8> {
    envelope(&as_req(b"alice", "TGG.TEST"), "TGG.TEST")
}

/// A response as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value_of = |line: &'_ str| {
            let (key, _) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(key.len() + 1)
        };
        self.head.lines().find_map(|line| value_of(line).map(|at| line[at..].trim()))
    }

    /// The code of the KRB-ERROR that the envelope in the body holds.
    #[track_caller]
    pub(crate) fn krb_error(&self) -> i32 {
        let opened = kkdcp::open(&self.body).unwrap();
        krb::peek::krb_error(opened.message).unwrap().code.try_into().unwrap()
    }
}

/// A connection that shows every octet.
pub(crate) struct Connection {
    io: TcpStream,
    ahead: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> Self {
        let io = TcpStream::connect(to).unwrap();
        io.set_read_timeout(Some(PATIENCE)).unwrap();
        io.set_nodelay(true).unwrap();
        Self { io, ahead: Vec::new() }
    }

    /// Sends octets. A gateway that has seen enough may have closed.
    pub(crate) fn send(&mut self, octets: impl AsRef<[u8]>) -> io::Result<()> {
        self.io.write_all(octets.as_ref())
    }

    /// Posts a body with its length.
    pub(crate) fn post(&mut self, body: &[u8]) -> Response {
        let head =
            format!("POST /KdcProxy HTTP/1.1\r\nHost: gw.test\r\nContent-Length: {}\r\n\r\n", body.len());
        self.send([head.as_bytes(), body].concat()).unwrap();
        self.response()
    }

    /// The next response, to the end that its length says.
    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        let end_of_head = loop {
            if let Some(at) = self.ahead.windows(4).position(|octets| octets == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(
                self.more(),
                "the connection ended in a head: {:?}",
                String::from_utf8_lossy(&self.ahead)
            );
        };
        let rest = self.ahead.split_off(end_of_head);
        let head = String::from_utf8(std::mem::replace(&mut self.ahead, rest)).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Response { status, head, body: Vec::new() };
        assert_eq!(response.header("transfer-encoding"), None, "nothing is ever chunked: {response:?}");
        // A preflight's response cannot have a body and says no length (RFC 9110 section 8.6).
        let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        assert!(status == 204 || response.header("content-length").is_some(), "{response:?}");
        while self.ahead.len() < length {
            assert!(self.more(), "the connection ended in a body");
        }
        let rest = self.ahead.split_off(length);
        response.body = std::mem::replace(&mut self.ahead, rest);
        response
    }

    /// Whether anything has come that was not read yet.
    pub(crate) fn has_answer(&self) -> bool {
        self.io.set_nonblocking(true).unwrap();
        let came = matches!(self.io.peek(&mut [0]), Ok(1..));
        self.io.set_nonblocking(false).unwrap();
        came
    }

    /// Waits until the gateway closes, and returns what it said before.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        while self.more() {}
        self.ahead
    }

    /// Whether anything further came before the end. Panics if neither comes in time.
    fn more(&mut self) -> bool {
        let mut octets = [0; 4096];
        match self.io.read(&mut octets) {
            Ok(0) => false,
            Ok(count) => {
                self.ahead.extend_from_slice(&octets[..count]);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("neither octets nor an end: {error}"),
        }
    }
}
