//! What a request presents to show who sent it, wherever it is: one type for all who judge it.
//!
//! The Authorization field comes first (RFC 9110 section 11.6.2); without one the header fields, parameters of the query and
//! cookies that the realm declares. None of it is ever formatted.

use std::fmt;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, request::Parts, uri::PathAndQuery};
use percent_encoding::percent_decode_str;
use tpg::policy::MAX_TOKEN;
use zeroize::Zeroizing;

use super::scheme::Kind;
use crate::cookies;

/// Padding may be missing: nothing is gained by turning such a client away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Where credentials are looked for beside the Authorization field.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sources {
    /// Header fields.
    pub headers: Vec<HeaderName>,
    /// Parameters of the query.
    pub parameters: Vec<String>,
    /// Cookies.
    pub cookies: Vec<String>,
}

/// What a request presents.
#[derive(Debug, Default)]
pub struct Credentials {
    /// What is judged by the scheme of the realm.
    pub presented: Presented,
    /// What stands in the places that the realm declares, in their order.
    pub declared: Vec<Declared>,
}

/// What is judged by the scheme of the realm.
#[derive(Default, Eq, PartialEq)]
pub enum Presented {
    /// Credentials of another scheme.
    Other,
    /// Nothing.
    #[default]
    Nothing,
    /// A name and a password.
    Password(Password),
    /// A token of Negotiate.
    Ticket(Vec<u8>),
    /// A token as it was sent.
    Token(Zeroizing<String>),
}

/// A name and a password.
#[derive(Clone, Eq, PartialEq)]
pub struct Password {
    /// The name. It has no control characters.
    pub name: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// A value in a place that the realm declares.
pub struct Declared {
    /// The name of the header field, parameter or cookie, as it is declared.
    pub name: String,
    /// Its first value; none if it is not there.
    pub value: Option<Zeroizing<String>>,
}

/// Why what a request presents cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Which of several is meant, nobody can say.
    #[error("the request has several Authorization fields; something in front of the gateway adds one")]
    Duplicate,
    /// The same of a cookie that the realm declares.
    #[error("the request has several cookies of a name that the realm declares")]
    DuplicateCookie,
    /// It is not base64.
    #[error("what stands behind the scheme is not base64")]
    NotBase64,
    /// It is base64 and no name and password.
    #[error("what stands behind the scheme is no name and password, with a colon between them")]
    NotPassword,
    /// The token is too long to be one.
    #[error("what stands behind the scheme is longer than {MAX_TOKEN} octets")]
    TooLong,
}

impl CredentialsError {
    /// Whether nobody can say what the client meant.
    #[must_use]
    pub const fn is_ambiguous(self) -> bool {
        matches!(self, Self::Duplicate | Self::DuplicateCookie)
    }
}

impl Credentials {
    /// Reads what a request presents to a realm of this scheme.
    ///
    /// # Errors
    ///
    /// Any [`CredentialsError`]. All are the peer's fault.
    pub fn read(head: &Parts, kind: Kind, sources: &Sources) -> Result<Self, CredentialsError> {
        let declared = sources.find(&head.headers, &head.uri)?;
        let presented = match authorization(&head.headers)? {
            // It is for somebody behind the gateway.
            Some(_) if kind == Kind::Nothing => Presented::Nothing,
            Some(field) => Presented::behind(field, kind)?,
            None => {
                let mut values = declared.iter().filter_map(|declared| declared.value.as_ref());
                values.find(|value| !value.is_empty()).map_or(Presented::Nothing, |value| {
                    // What is declared may be for a module that reads it by itself.
                    Presented::declared(value, kind).unwrap_or_default()
                })
            }
        };
        Ok(Self { presented, declared })
    }

    /// Whether nothing is presented, in no place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_there = |declared: &Declared| declared.value.as_ref().is_some_and(|value| !value.is_empty());
        self.presented == Presented::Nothing && !self.declared.iter().any(is_there)
    }

    /// A name and a password, if they are presented.
    #[must_use]
    pub const fn password(&self) -> Option<&Password> {
        match &self.presented {
            Presented::Password(password) => Some(password),
            _ => None,
        }
    }
}

impl Presented {
    /// What the Authorization field presents.
    fn behind(field: &[u8], kind: Kind) -> Result<Self, CredentialsError> {
        let field = field.trim_ascii();
        let end = field.iter().position(u8::is_ascii_whitespace).unwrap_or(field.len());
        let (scheme, text) = field.split_at_checked(end).unwrap_or((field, &[]));
        if field.is_empty() {
            return Ok(Self::Nothing);
        }
        // Schemes have no case.
        if !scheme.eq_ignore_ascii_case(kind.word().as_bytes()) {
            return Ok(Self::Other);
        }
        Self::read(text.trim_ascii(), kind)
    }

    /// What a value in a declared place presents: as behind a scheme, which may be there or not.
    fn declared(value: &str, kind: Kind) -> Result<Self, CredentialsError> {
        let bare = match value.split_once(' ') {
            Some((scheme, text)) if scheme.eq_ignore_ascii_case(kind.word()) => text,
            _ => value,
        };
        Self::read(bare.trim().as_bytes(), kind)
    }

    fn read(text: &[u8], kind: Kind) -> Result<Self, CredentialsError> {
        if text.len() > MAX_TOKEN.div_ceil(3) * 4 {
            return Err(CredentialsError::TooLong);
        }
        // A scheme alone brings nothing, and a client is told what is asked for.
        if text.is_empty() {
            return Ok(Self::Nothing);
        }
        let decoded = || BASE64.decode(text).map_err(|_| CredentialsError::NotBase64);
        Ok(match kind {
            Kind::Basic => Self::Password(Password::read(&Zeroizing::new(decoded()?))?),
            Kind::Negotiate => Self::Ticket(decoded()?),
            Kind::Nothing => Self::Nothing,
            Kind::Token => Self::Token(characters(text)),
        })
    }
}

impl Password {
    /// Reads `name:password` (RFC 7617 section 2).
    fn read(octets: &[u8]) -> Result<Self, CredentialsError> {
        let text = characters(octets);
        let (name, password) = text.split_once(':').ok_or(CredentialsError::NotPassword)?;
        if name.contains(char::is_control) {
            return Err(CredentialsError::NotPassword);
        }
        Ok(Self { name: name.to_owned(), password: Zeroizing::new(password.to_owned()) })
    }
}

/// Octets as text: UTF-8, or else ISO 8859-1, which KAAZING's JavaScript client makes of names and passwords.
fn characters(octets: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(match str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().copied().map(char::from).collect(),
    })
}

/// The one Authorization field, if there is one.
fn authorization(headers: &HeaderMap) -> Result<Option<&[u8]>, CredentialsError> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    match (fields.next(), fields.next()) {
        (field, None) => Ok(field.map(|field| field.as_bytes())),
        _ => Err(CredentialsError::Duplicate),
    }
}

impl Sources {
    /// What stands in the declared places. Of header fields and parameters the first counts.
    fn find(&self, headers: &HeaderMap, uri: &Uri) -> Result<Vec<Declared>, CredentialsError> {
        let mut found = Vec::new();
        for name in &self.headers {
            let value = headers.get(name).map(|value| characters(value.as_bytes().trim_ascii()));
            found.push(Declared { name: name.to_string(), value });
        }
        for name in &self.parameters {
            let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
            let value = pairs.find(|(key, _)| key == name);
            let value = value.map(|(_, value)| Zeroizing::new(value.into_owned()));
            found.push(Declared { name: name.clone(), value });
        }
        for name in &self.cookies {
            let mut values = cookies::values(headers, name);
            let value = values.next().map(|value| Zeroizing::new(value.to_owned()));
            if values.next().is_some() {
                return Err(CredentialsError::DuplicateCookie);
            }
            found.push(Declared { name: name.clone(), value });
        }
        Ok(found)
    }

    /// Takes out of a request what it presents to a realm of this scheme: it is for nobody behind the gateway.
    pub fn conceal(&self, head: &mut Parts, kind: Kind) {
        for name in &self.headers {
            head.headers.remove(name);
        }
        if let Ok(Some(field)) = authorization(&head.headers)
            && !matches!(Presented::behind(field, kind), Ok(Presented::Other))
        {
            head.headers.remove(header::AUTHORIZATION);
        }
        if !self.cookies.is_empty() {
            let is_declared = |name: &[u8]| self.cookies.iter().any(|cookie| cookie.as_bytes() == name);
            cookies::retain(&mut head.headers, |name| !is_declared(name));
        }
        if let Some(query) = head.uri.query().and_then(|query| self.without_parameters(query)) {
            let target = PathAndQuery::try_from(format!("{}{query}", head.uri.path()));
            let mut parts = std::mem::take(&mut head.uri).into_parts();
            // Of the parts of a sound target this always is one; else nothing but the root is asked for.
            parts.path_and_query = Some(target.unwrap_or_else(|_| PathAndQuery::from_static("/")));
            head.uri = Uri::from_parts(parts).unwrap_or_default();
        }
        self.conceal_referer(&mut head.headers);
    }

    /// What a page has in its own address, browsers send along with all that it asks for.
    fn conceal_referer(&self, headers: &mut HeaderMap) {
        let Some(referer) = headers.get(header::REFERER) else { return };
        let rest = referer.to_str().ok().and_then(|text| {
            let (before, query) = text.split_once('?')?;
            self.without_parameters(query).map(|query| format!("{before}{query}"))
        });
        match rest.map(HeaderValue::try_from) {
            Some(Ok(rest)) => drop(headers.insert(header::REFERER, rest)),
            None if referer.to_str().is_ok() || self.parameters.is_empty() => {}
            Some(Err(_)) | None => drop(headers.remove(header::REFERER)),
        }
    }

    /// A query without the declared parameters, with its question mark; `None` if it has none of them.
    fn without_parameters(&self, query: &str) -> Option<String> {
        let is_declared = |pair: &&str| {
            let key = pair.split('=').next().unwrap_or(pair).replace('+', " ");
            let key = percent_decode_str(&key).decode_utf8_lossy();
            self.parameters.iter().any(|name| *name == key)
        };
        if !query.split('&').any(|pair| is_declared(&pair)) {
            return None;
        }
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_declared(pair)).collect();
        Some(if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) })
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other => write!(f, "Other"),
            Self::Nothing => write!(f, "Nothing"),
            Self::Password(password) => password.fmt(f),
            Self::Ticket(token) => write!(f, "Ticket({} octets)", token.len()),
            Self::Token(token) => write!(f, "Token({} octets)", token.len()),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({:?}, {} octets)", self.name, self.password.len())
    }
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Declared({:?}, {:?} octets)", self.name, self.value.as_ref().map(|value| value.len()))
    }
}

#[cfg(test)]
mod tests;
