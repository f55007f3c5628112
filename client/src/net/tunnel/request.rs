//! A message of a local client, read as far as the way to its KDC needs it, and refusals in the KDC's place.

use bytes::{BufMut as _, Bytes, BytesMut};
use krb::{
    frame,
    kkdcp::{self, ProxyMessage},
    kpasswd,
    msg::krb_error::KrbError,
    peek,
    time::KerberosTime,
};

use crate::{moment, net::ambient};

/// Octets of the request id of `kkdcp.mux`.
const ID: usize = 4;

/// A request that may be sent on.
#[derive(Clone, Debug)]
pub(super) struct Request {
    message: Bytes,
    krb_realm: Bytes,
}

impl Request {
    /// Reads an AS-REQ, a TGS-REQ or a change of password, well-formed to its last octet. `None` for all else.
    pub(super) fn read(message: Bytes) -> Option<Self> {
        let krb_realm = match peek::application_tag(&message) {
            Some(peek::AS_REQ | peek::TGS_REQ) => peek::kdc_req(&message).ok()?.realm,
            None if kpasswd::looks_like_request(&message) => {
                kpasswd::request(&message).ok()?.ap_req.ticket_realm
            }
            _ => return None,
        };
        let krb_realm = message.slice_ref(krb_realm);
        Some(Self { message, krb_realm })
    }

    /// As a unit of `kkdcp.mux`.
    pub(super) fn sealed(&self, id: u32) -> Bytes {
        let envelope = kkdcp::seal(&ProxyMessage {
            message: &self.message,
            prefixed: true,
            target_domain: Some(&self.krb_realm),
            dclocator_hint: None,
        });
        let mut unit = BytesMut::with_capacity(ID + envelope.len());
        unit.put_u32(id);
        unit.extend_from_slice(&envelope);
        unit.freeze()
    }

    /// With its length in front.
    pub(super) fn framed(&self) -> Bytes {
        framed(&self.message)
    }

    /// The octets as they came.
    pub(super) const fn message(&self) -> &Bytes {
        &self.message
    }

    /// A KRB-ERROR with this code and text, as the KDC would say it (RFC 4120 section 5.9.1).
    pub(super) fn refusal(&self, code: i32, text: Option<&str>) -> Bytes {
        refusal(code, &self.krb_realm, text)
    }
}

/// The answer in a unit of `kkdcp.mux`, and which request it is for. `None` if it is none.
pub(super) fn answer(unit: &Bytes) -> Option<(u32, Bytes)> {
    let (id, envelope) = unit.split_first_chunk::<ID>()?;
    let opened = kkdcp::open(envelope).ok()?;
    Some((u32::from_be_bytes(*id), unit.slice_ref(opened.message)))
}

/// A message with its length in front (RFC 4120 section 7.2.2).
pub(super) fn framed(message: &[u8]) -> Bytes {
    [&frame::prefix(message.len())[..], message].concat().into()
}

/// A KRB-ERROR of a service of this realm.
pub(super) fn refusal(code: i32, krb_realm: &[u8], text: Option<&str>) -> Bytes {
    let epoch = || (KerberosTime::from(b"19700101000000Z".to_vec()), 0);
    let (stime, susec) = moment::stamp(ambient::now()).unwrap_or_else(|_| epoch());
    let sname = [&b"krbtgt"[..], krb_realm];
    let error = KrbError::new(code, krb_realm.into(), sname, stime, susec, text);
    error.encode().map(Bytes::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use krb::error_code;

    /// Captured from stock kinit of MIT krb5 1.20.1: an AS-REQ without pre-authentication, in its envelope.
    const AS_REQ: &str = "3081c5a081b60481b3000000af6a81ac3081a9a103020105a20302010aa31a3018300aa10402020096a2020400\
        300aa10402020095a2020400a48180307ea00703050000000010a111300fa003020101a10830061b0475736572a20a1b085447472e\
        54455354a31d301ba003020102a11430121b066b72627467741b085447472e54455354a511180f3230323631313233303432313331\
        5aa70602041ba0a868a81a301802011202011102011402011302011002011702011902011aa10a1b085447472e54455354";

    fn as_req() -> Bytes {
        let digits: Vec<u8> = AS_REQ.bytes().filter(u8::is_ascii_hexdigit).collect();
        let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let envelope: Vec<u8> = digits.chunks(2).map(octet).collect();
        Bytes::copy_from_slice(kkdcp::open(&envelope).unwrap().message)
    }

    #[test]
    fn a_request_is_wrapped_for_its_realm_and_its_answer_comes_back_by_its_number() {
        assert!(Request::read(as_req().slice(..168)).is_none(), "a request that is cut off is none");
        let request = Request::read(as_req()).unwrap();
        let unit = request.sealed(0x0102_0304);
        assert_eq!(&unit[..4], [1, 2, 3, 4]);
        let opened = kkdcp::open(&unit[4..]).unwrap();
        assert_eq!((opened.message, opened.target_domain), (&as_req()[..], Some(&b"TGG.TEST"[..])));
        assert_eq!(answer(&unit), Some((0x0102_0304, as_req())));
        assert_eq!(&request.framed()[..4], 175_u32.to_be_bytes());
    }

    #[test]
    fn what_is_no_request_is_not_relayed() {
        let krb_error = refusal(29, b"TGG.TEST", None);
        for message in [&b""[..], b"\x6a", b"GET / HTTP/1.1\r\n\r\n", &[0; 600], &krb_error] {
            assert!(Request::read(Bytes::copy_from_slice(message)).is_none(), "{message:?}");
        }
        for unit in [&b""[..], b"\0\0\0", b"\0\0\0\x01", b"\0\0\0\x01\x30\x80"] {
            assert_eq!(answer(&Bytes::copy_from_slice(unit)), None, "{unit:?}");
        }
    }

    #[test]
    fn a_refusal_is_the_ticket_granting_services_of_the_realm() {
        let refusal = Request::read(as_req()).unwrap().refusal(error_code::KRB_ERR_RESPONSE_TOO_BIG, None);
        let error = KrbError::decode(&refusal).unwrap();
        assert_eq!((error.error_code, error.realm.as_octets()), (52, &b"TGG.TEST"[..]));
    }
}
