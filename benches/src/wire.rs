//! A request in the wrapping of its way, and the reply found in the wrapping it comes back in.
//!
//! A KDC answers a repeated request from memory, so each request gets a nonce of its own. It is written into
//! the octets that are there: the generator should cost little beside what it measures.

use std::ops::Range;

use krb::{
    error_code, frame,
    kkdcp::{self, ProxyMessage},
    peek,
};

/// How a request is wrapped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wrapping {
    /// A datagram: none.
    Bare,
    /// The four-octet length of RFC 4120 section 7.2.2.
    Framed,
    /// MS-KKDCP as a client that keeps its connection sends it.
    Kkdcp,
    /// MS-KKDCP as MIT krb5 sends it: HTTP/1.0.
    KkdcpOnce,
    /// A WebSocket message with the four-octet length in it.
    WebSocket,
}

/// The octets of a request, all but the nonce the same each time.
#[derive(Clone, Debug)]
pub struct Wire {
    octets: Vec<u8>,
    /// Where the last three octets of the nonce are.
    nonce: Range<usize>,
    mask: [u8; 3],
}

/// A mask as RFC 6455 section 5.3 wants it, though not a random one.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

impl Wire {
    /// Wraps an AS-REQ or TGS-REQ; `None` if it is neither or its nonce is not four octets long.
    #[must_use]
    pub fn new(message: &[u8], wrapping: Wrapping) -> Option<Self> {
        let request = peek::kdc_req(message).ok()?;
        let [.., a, b, c, d] = request.nonce.to_be_bytes();
        let field = [0xa7, 0x06, 0x02, 0x04, a, b, c, d];
        let field_at = message.windows(field.len()).position(|window| window == field)?;
        let framed = [&frame::prefix(message.len()), message].concat();
        let proxied = kkdcp::seal(&ProxyMessage {
            message,
            prefixed: true,
            target_domain: Some(request.realm),
            dclocator_hint: None,
        });
        let post = |version: &str, more: &str| {
            let head = format!(
                "POST /KdcProxy HTTP/{version}\r\nHost: localhost\r\nUser-Agent: kerberos/1.0\r\n\
                 Content-Type: application/kerberos\r\nContent-Length: {}\r\n{more}\r\n",
                proxied.len()
            );
            [head.as_bytes(), &proxied].concat()
        };
        let octets = match wrapping {
            Wrapping::Bare => message.to_vec(),
            Wrapping::Framed => framed,
            Wrapping::Kkdcp => post("1.1", ""),
            Wrapping::KkdcpOnce => post("1.0", "Cache-Control: no-cache\r\nPragma: no-cache\r\n"),
            Wrapping::WebSocket => client_frame(&framed)?,
        };
        // The message is the last thing in the body of an envelope but for the realm.
        let behind = match wrapping {
            Wrapping::Kkdcp | Wrapping::KkdcpOnce => request.realm.len() + 4,
            _ => 0,
        };
        let start = octets.len() - behind - message.len() + field_at + 5;
        let mask =
            if wrapping == Wrapping::WebSocket { masks(frame::PREFIX + field_at + 5)? } else { [0; 3] };
        Some(Self { octets, nonce: start..start + 3, mask })
    }

    /// The octets to send, with this number in the nonce. Its highest octet is left out.
    pub fn with_nonce(&mut self, number: u32) -> &[u8] {
        let [_, number @ ..] = number.to_be_bytes();
        let place = self.octets.get_mut(self.nonce.clone()).unwrap_or_default();
        for ((octet, new), mask) in place.iter_mut().zip(number).zip(self.mask) {
            *octet = new ^ mask;
        }
        &self.octets
    }
}

/// The octets of the mask from this place of the payload on.
fn masks(at: usize) -> Option<[u8; 3]> {
    let mut mask = MASK.into_iter().cycle().skip(at % MASK.len());
    Some([mask.next()?, mask.next()?, mask.next()?])
}

/// A final binary frame from a client; `None` above 64 KiB.
fn client_frame(payload: &[u8]) -> Option<Vec<u8>> {
    let mut octets = vec![0x82];
    match u8::try_from(payload.len()) {
        Ok(length @ ..126) => octets.push(0x80 | length),
        _ => {
            octets.push(0x80 | 126);
            octets.extend_from_slice(&u16::try_from(payload.len()).ok()?.to_be_bytes());
        }
    }
    octets.extend_from_slice(&MASK);
    octets.extend(payload.iter().zip(MASK.into_iter().cycle()).map(|(octet, mask)| octet ^ mask));
    Some(octets)
}

/// What the octets received so far come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arrived<'a> {
    /// A whole message, out of its wrapping.
    Message(&'a [u8]),
    /// Not all of it yet.
    Part,
    /// Something else: an HTTP status, a close frame.
    Refused,
}

/// Whether a message is what the requests of these benchmarks should bring: a ticket, or the demand for
/// pre-authentication. The gateway's own errors are neither.
#[must_use]
pub fn is_answer(message: &[u8]) -> bool {
    match peek::application_tag(message) {
        Some(peek::AS_REP | peek::TGS_REP) => true,
        Some(peek::KRB_ERROR) => peek::krb_error(message)
            .is_ok_and(|error| error.code == i64::from(error_code::KDC_ERR_PREAUTH_REQUIRED)),
        _ => false,
    }
}

/// Looks for the reply in what was received.
#[must_use]
pub fn reply(octets: &[u8], wrapping: Wrapping) -> Arrived<'_> {
    match wrapping {
        Wrapping::Bare => Arrived::Message(octets),
        Wrapping::Framed => unframe(octets),
        Wrapping::Kkdcp | Wrapping::KkdcpOnce => http(octets),
        Wrapping::WebSocket => web_socket(octets),
    }
}

fn unframe(octets: &[u8]) -> Arrived<'_> {
    match frame::announced(octets) {
        Ok(Some(length)) => match octets.get(frame::PREFIX..frame::PREFIX + length) {
            Some(message) => Arrived::Message(message),
            None => Arrived::Part,
        },
        Ok(None) => Arrived::Part,
        Err(_) => Arrived::Refused,
    }
}

fn web_socket(octets: &[u8]) -> Arrived<'_> {
    let (length, payload) = match octets {
        [] | [0x82] => return Arrived::Part,
        [0x82, 126, a, b, payload @ ..] => (usize::from(u16::from_be_bytes([*a, *b])), payload),
        [0x82, 126, ..] => return Arrived::Part,
        [0x82, length @ ..126, payload @ ..] => (usize::from(*length), payload),
        _ => return Arrived::Refused,
    };
    if payload.len() < length { Arrived::Part } else { unframe(payload) }
}

fn http(octets: &[u8]) -> Arrived<'_> {
    let Some(end) = octets.windows(4).position(|window| window == b"\r\n\r\n") else { return Arrived::Part };
    let (head, body) = octets.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let ok = head.starts_with("http/1.1 200") || head.starts_with("http/1.0 200");
    let Some(length): Option<usize> = length.filter(|_| ok) else { return Arrived::Refused };
    if body.len() < length {
        return Arrived::Part;
    }
    match kkdcp::open(body) {
        Ok(opened) => Arrived::Message(opened.message),
        Err(_) => Arrived::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_REQ: &[u8] = include_bytes!("../../tests/data/mit-1.20.1/wire/000-spake-req-app10.bin");

    fn unmasked(frame: &[u8]) -> Vec<u8> {
        frame[8..].iter().zip(MASK.into_iter().cycle()).map(|(octet, mask)| octet ^ mask).collect()
    }

    #[test]
    fn the_nonce_is_written_where_it_stands_in_every_wrapping() {
        let mut bare = Wire::new(AS_REQ, Wrapping::Bare).unwrap();
        let message = bare.with_nonce(0x0012_3456).to_vec();
        assert_eq!(peek::kdc_req(&message).unwrap().nonce & 0xff_ffff, 0x12_3456);
        for wrapping in [Wrapping::Framed, Wrapping::Kkdcp, Wrapping::KkdcpOnce, Wrapping::WebSocket] {
            let mut wire = Wire::new(AS_REQ, wrapping).unwrap();
            let octets = wire.with_nonce(0x0012_3456);
            let octets = if wrapping == Wrapping::WebSocket { unmasked(octets) } else { octets.to_vec() };
            assert!(octets.windows(message.len()).any(|window| window == message), "{wrapping:?}");
        }
    }

    #[test]
    fn a_reply_is_found_once_all_of_it_is_there() {
        let framed = [&[0, 0, 0, 2][..], &[0x7e, 0]].concat();
        let socket = [&[0x82, 6][..], &framed].concat();
        let proxied = kkdcp::seal(&ProxyMessage {
            message: &[0x7e, 0],
            prefixed: true,
            target_domain: None,
            dclocator_hint: None,
        });
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", proxied.len());
        let post = [head.as_bytes(), &proxied].concat();
        for (octets, wrapping) in
            [(framed, Wrapping::Framed), (socket, Wrapping::WebSocket), (post, Wrapping::Kkdcp)]
        {
            for cut in 0..octets.len() {
                assert_eq!(reply(&octets[..cut], wrapping), Arrived::Part, "{wrapping:?} {cut}");
            }
            assert_eq!(reply(&octets, wrapping), Arrived::Message(&[0x7e, 0]), "{wrapping:?}");
        }
        assert_eq!(reply(b"HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n", Wrapping::Kkdcp), Arrived::Refused);
        assert_eq!(reply(&[0x88, 2, 3, 0xf0], Wrapping::WebSocket), Arrived::Refused);
    }
}
