//! What a client's certificate says of its holder: the subject as RFC 4514 writes it, and the other names.
//!
//! Nobody is trusted for it: certificates are verified by rustls.

use std::fmt::Write as _;

use x509_parser::{
    asn1_rs::{Any, FromDer as _, Tag, ToDer as _},
    prelude::{GeneralName, X509Certificate, X509Name},
};

/// Octets of the longest subject that is written: a name, not a book.
const MAX_SUBJECT: usize = 4096;

/// Names of attributes as OpenSSL writes them; all others are numbers (RFC 4514 section 2.3).
const SHORT: [(&str, &str); 16] = [
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.97", "organizationIdentifier"),
];

/// `otherName` of this kind is a name of Microsoft's, `user@domain` (MS-WCCE section 2.2.2.7.5).
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";

/// What a certificate says of its holder.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Names {
    /// The subject, if it has one, in visible ASCII: what is beyond is escaped.
    pub subject: Option<String>,
    /// Microsoft's names.
    pub upns: Vec<String>,
    /// Addresses of mail.
    pub emails: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
    /// Hosts.
    pub hosts: Vec<String>,
    /// Common names of the subject.
    pub common_names: Vec<String>,
}

impl Names {
    /// Those of a certificate in DER; `None` if it is none, or says what cannot be written.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = subject(certificate.subject())?;
        let mut names =
            Self { subject: Some(subject).filter(|subject| !subject.is_empty()), ..Self::default() };
        for name in certificate.subject().iter_common_name() {
            names.common_names.push(text(name.attr_value())?);
        }
        let alternative = certificate.subject_alternative_name().ok()?;
        for name in alternative.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::OtherName(kind, octets) if kind.to_id_string() == UPN => {
                    names.upns.push(upn(octets)?);
                }
                GeneralName::RFC822Name(address) => names.emails.push((*address).to_owned()),
                GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                GeneralName::DNSName(host) => names.hosts.push((*host).to_owned()),
                _ => {}
            }
        }
        Some(names)
    }
}

/// The last second that a certificate is good, since 1970, UTC; `None` if it is no certificate.
#[must_use]
pub fn ends(der: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// Whether a certificate says that it is an authority's.
#[must_use]
pub fn is_authority(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, certificate)| certificate.is_ca())
}

/// `UTF8String` in an explicit tag 0.
fn upn(octets: &[u8]) -> Option<String> {
    let (_, outer) = Any::from_der(octets).ok()?;
    let inner = match outer.tag() {
        Tag(0) => Any::from_der(outer.data).ok()?.1,
        _ => outer,
    };
    text(&inner)
}

/// RFC 4514 section 2, as `openssl x509 -nameopt RFC2253` writes it.
fn subject(name: &X509Name<'_>) -> Option<String> {
    let mut written = String::new();
    let relative: Vec<_> = name.iter_rdn().collect();
    for (place, part) in relative.iter().rev().enumerate() {
        if place > 0 {
            written.push(',');
        }
        let attributes: Vec<_> = part.iter().collect();
        for (place, attribute) in attributes.iter().rev().enumerate() {
            if place > 0 {
                written.push('+');
            }
            let kind = attribute.attr_type().to_id_string();
            let short = SHORT.iter().find(|(number, _)| *number == kind).map(|(_, short)| *short);
            match (short, text(attribute.attr_value())) {
                (Some(short), Some(value)) => {
                    written.push_str(short);
                    written.push('=');
                    push_escaped(&mut written, &value);
                }
                (short, _) => {
                    written.push_str(short.unwrap_or(&kind));
                    written.push_str("=#");
                    for octet in attribute.attr_value().to_der_vec_raw().ok()? {
                        let _ = write!(written, "{octet:02X}");
                    }
                }
            }
            if written.len() > MAX_SUBJECT {
                return None;
            }
        }
    }
    Some(written)
}

/// RFC 4514 section 2.4, and octets that are not visible ASCII in the same way.
fn push_escaped(written: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (place, character) in value.chars().enumerate() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => written.extend(['\\', character]),
            '#' if place == 0 => written.push_str("\\#"),
            ' ' if place == 0 || place == last => written.push_str("\\ "),
            ' '..='~' => written.push(character),
            _ => {
                for octet in character.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(written, "\\{octet:02X}");
                }
            }
        }
    }
}

/// The text of a string type; `None` if it is none, or no text.
fn text(value: &Any<'_>) -> Option<String> {
    let octets = value.data;
    match value.tag() {
        Tag::Utf8String => str::from_utf8(octets).ok().map(str::to_owned),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            octets.is_ascii().then(|| String::from_utf8_lossy(octets).into_owned())
        }
        // As OpenSSL reads it: ISO 8859-1.
        Tag::T61String => Some(octets.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (units, []) = octets.as_chunks::<2>() else { return None };
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        Tag::UniversalString => {
            let (units, []) = octets.as_chunks::<4>() else { return None };
            units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
