//! KDC-PROXY-MESSAGE, the envelope of MS-KKDCP (section 2.2.2), in both forms that clients send.
//!
//! The specification puts a four-octet length in front of the Kerberos message. Apple's client leaves it
//! out and wants the answer without it, so an opened envelope remembers which form it had.

use crate::{
    der::{self, DerError, Reader},
    frame,
};

/// An opened KDC-PROXY-MESSAGE. Octets are the peer's own, borrowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProxyMessage<'a> {
    /// The Kerberos message, without its length.
    pub message: &'a [u8],
    /// Whether the length was, or is to be, in front of it.
    pub prefixed: bool,
    /// The realm; servers send none.
    pub target_domain: Option<&'a [u8]>,
    /// Flags for finding a domain controller. Clients number them differently: not to be trusted.
    pub dclocator_hint: Option<i64>,
}

/// Why octets are not a KDC-PROXY-MESSAGE.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KkdcpError {
    /// Not the encoding, or octets follow it.
    #[error("not a KDC-PROXY-MESSAGE: {0}")]
    Encoding(#[from] DerError),
    /// The length in front of the message is not the message's, and no message stands there without one.
    #[error("the length in front of the Kerberos message does not fit it")]
    Prefix,
}

/// Opens an envelope.
///
/// # Errors
///
/// [`KkdcpError::Encoding`] or [`KkdcpError::Prefix`]; both are the peer's fault and final.
pub fn open(octets: &[u8]) -> Result<ProxyMessage<'_>, KkdcpError> {
    let mut outer = Reader::new(octets);
    let mut fields = outer.enter(der::SEQUENCE)?;
    outer.end()?;
    let kerb_message = fields.enter(der::context(0))?.only(der::OCTET_STRING)?;
    let target_domain = match fields.enter_if(der::context(1))? {
        Some(field) => Some(field.only(der::GENERAL_STRING)?),
        None => None,
    };
    let dclocator_hint = match fields.enter_if(der::context(2))? {
        Some(field) => Some(field.only_integer()?),
        None => None,
    };
    fields.end()?;
    let (message, prefixed) = unprefix(kerb_message)?;
    Ok(ProxyMessage { message, prefixed, target_domain, dclocator_hint })
}

/// Takes the length off, if there is one.
fn unprefix(kerb_message: &[u8]) -> Result<(&[u8], bool), KkdcpError> {
    // An application tag cannot start a length: it would announce more than a gigabyte.
    if matches!(kerb_message.first(), Some(tag) if tag & 0xe0 == 0x60) {
        return Ok((kerb_message, false));
    }
    match kerb_message.split_first_chunk::<{ frame::PREFIX }>() {
        Some((length, message)) if *length == frame::prefix(message.len()) => Ok((message, true)),
        _ => Err(KkdcpError::Prefix),
    }
}

/// Closes an envelope.
#[must_use]
pub fn seal(envelope: &ProxyMessage<'_>) -> Vec<u8> {
    let octets = envelope.message.len() + if envelope.prefixed { frame::PREFIX } else { 0 };
    let field = |contents: usize| der::header_len(contents) + contents;
    let hint = envelope.dclocator_hint.map(i64::to_be_bytes);
    let hint = hint.as_ref().map(|octets| minimal(octets));
    let mut contents = field(field(octets));
    contents += envelope.target_domain.map_or(0, |realm| field(field(realm.len())));
    contents += hint.map_or(0, |hint| field(field(hint.len())));

    let mut out = Vec::with_capacity(field(contents));
    der::push_header(&mut out, der::SEQUENCE, contents);
    der::push_header(&mut out, der::context(0), field(octets));
    der::push_header(&mut out, der::OCTET_STRING, octets);
    if envelope.prefixed {
        out.extend_from_slice(&frame::prefix(envelope.message.len()));
    }
    out.extend_from_slice(envelope.message);
    if let Some(realm) = envelope.target_domain {
        der::push_header(&mut out, der::context(1), field(realm.len()));
        der::push_header(&mut out, der::GENERAL_STRING, realm.len());
        out.extend_from_slice(realm);
    }
    if let Some(hint) = hint {
        der::push_header(&mut out, der::context(2), field(hint.len()));
        der::push_header(&mut out, der::INTEGER, hint.len());
        out.extend_from_slice(hint);
    }
    out
}

/// The shortest two's complement form of a big-endian integer.
fn minimal(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets
        && let Some(next) = rest.first()
        && ((*first == 0 && next & 0x80 == 0) || (*first == 0xff && next & 0x80 != 0))
    {
        octets = rest;
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Captured from stock kinit of MIT krb5 1.20.1: an AS-REQ without pre-authentication.
    const AS_REQ: &str = "3081c5a081b60481b3000000af6a81ac3081a9a103020105a20302010aa31a3018300aa10402020096a2020400\
        300aa10402020095a2020400a48180307ea00703050000000010a111300fa003020101a10830061b0475736572a20a1b085447472e\
        54455354a31d301ba003020102a11430121b066b72627467741b085447472e54455354a511180f3230323631313233303432313331\
        5aa70602041ba0a868a81a301802011202011102011402011302011002011702011902011aa10a1b085447472e54455354";

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn opens_and_closes_what_stock_kinit_sends_to_the_octet() {
        let octets = hex(AS_REQ);
        let opened = open(&octets).unwrap();
        assert!(opened.prefixed);
        assert_eq!(opened.target_domain, Some(&b"TGG.TEST"[..]));
        assert_eq!(opened.message.len(), 175);
        assert_eq!(opened.message[0], 0x6a);
        assert_eq!(seal(&opened), octets);
    }

    #[test]
    fn takes_the_form_without_a_length_that_apple_sends() {
        let octets = hex(AS_REQ);
        let opened = open(&octets).unwrap();
        let bare = seal(&ProxyMessage { prefixed: false, ..opened });
        let reopened = open(&bare).unwrap();
        assert_eq!(reopened, ProxyMessage { prefixed: false, ..opened });
    }

    #[test]
    fn refuses_a_length_that_does_not_fit() {
        for kerb_message in
            [&[][..], &[0, 0, 0], &[0, 0, 0, 2, 0x6a], &[0x80, 0, 0, 1, 0x6a], &[0, 0, 0, 1, 0x6a, 0]]
        {
            let mut octets = Vec::new();
            der::push_header(&mut octets, der::SEQUENCE, kerb_message.len() + 4);
            der::push_header(&mut octets, der::context(0), kerb_message.len() + 2);
            der::push_header(&mut octets, der::OCTET_STRING, kerb_message.len());
            octets.extend_from_slice(kerb_message);
            assert_eq!(open(&octets), Err(KkdcpError::Prefix), "{kerb_message:02x?}");
        }
    }

    #[test]
    fn refuses_a_realm_of_another_string_type_and_octets_after_the_end() {
        let mut octets = hex(AS_REQ);
        let tag = octets.len() - 10;
        assert_eq!(octets[tag], der::GENERAL_STRING);
        octets[tag] = 0x0c;
        assert!(matches!(open(&octets), Err(KkdcpError::Encoding(DerError::Tag { .. }))));
        octets[tag] = der::GENERAL_STRING;
        octets.push(0);
        assert_eq!(open(&octets), Err(KkdcpError::Encoding(DerError::Trailing)));
    }

    #[test]
    fn refuses_every_truncation() {
        let octets = hex(AS_REQ);
        for end in 0..octets.len() {
            assert!(open(&octets[..end]).is_err());
        }
    }

    proptest! {
        #[test]
        fn opens_what_it_closed(
            tail in proptest::collection::vec(any::<u8>(), 0..400),
            prefixed: bool,
            realm in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300)),
            hint in proptest::option::of(any::<i64>()),
        ) {
            let mut message = vec![0x6a];
            message.extend_from_slice(&tail);
            let envelope = ProxyMessage {
                message: &message,
                prefixed,
                target_domain: realm.as_deref(),
                dclocator_hint: hint,
            };
            let octets = seal(&envelope);
            prop_assert_eq!(open(&octets), Ok(envelope));
        }

        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = open(&octets);
        }
    }
}
