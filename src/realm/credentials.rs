//! What a request presents: a Negotiate token in its Authorization field, or a session in a cookie
//! (RFC 9110 section 11.6.2, RFC 4559 section 5).

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, HeaderValue, header};
use tpg::policy::MAX_TOKEN;

/// The scheme (RFC 4559 section 4).
pub const NEGOTIATE: &str = "Negotiate";

/// Padding may be missing: nothing is gained by turning such a client away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request presents.
#[derive(Debug, Eq, PartialEq)]
pub enum Presented {
    /// A token of the scheme Negotiate.
    Negotiate(Vec<u8>),
    /// Nothing that is asked for here.
    Nothing,
}

/// Why what a request presents cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Which of several is meant, nobody can say.
    #[error("the request has several Authorization fields; something in front of the gateway adds one")]
    Duplicate,
    /// The token is not base64.
    #[error("the Negotiate token is not base64")]
    NotBase64,
    /// The token is too long to be one.
    #[error("the Negotiate token is longer than {MAX_TOKEN} octets")]
    TooLong,
}

/// Reads the Authorization field.
///
/// # Errors
///
/// Any [`CredentialsError`]. All are the peer's fault.
pub fn authorization(headers: &HeaderMap) -> Result<Presented, CredentialsError> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) => return Ok(Presented::Nothing),
        (Some(_), Some(_)) => return Err(CredentialsError::Duplicate),
        (Some(field), None) => field.as_bytes(),
    };
    let end = field.iter().position(|octet| *octet == b' ').unwrap_or(field.len());
    let (scheme, token) = field.split_at_checked(end).unwrap_or((field, &[]));
    let token = token.trim_ascii();
    // Schemes have no case. A scheme alone brings nothing, and a client is told what is asked for.
    if !scheme.eq_ignore_ascii_case(NEGOTIATE.as_bytes()) || token.is_empty() {
        return Ok(Presented::Nothing);
    }
    if token.len() > MAX_TOKEN.div_ceil(3) * 4 {
        return Err(CredentialsError::TooLong);
    }
    BASE64.decode(token).map(Presented::Negotiate).map_err(|_| CredentialsError::NotBase64)
}

/// The value of the cookie with this name: the first, where there are several.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // Octet by octet: other cookies may have any beside it.
    let fields = headers.get_all(header::COOKIE).iter();
    let mut pairs = fields.flat_map(|field| field.as_bytes().split(|octet| *octet == b';'));
    let value = |pair: &'a [u8]| pair.trim_ascii_start().strip_prefix(name.as_bytes())?.strip_prefix(b"=");
    str::from_utf8(pairs.find_map(value)?.trim_ascii_end()).ok()
}

/// The challenge that carries a token, or none.
#[must_use]
pub fn negotiate(token: Option<&[u8]>) -> HeaderValue {
    let Some(token) = token else { return HeaderValue::from_static(NEGOTIATE) };
    let text = format!("{NEGOTIATE} {}", base64::engine::general_purpose::STANDARD.encode(token));
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(NEGOTIATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(fields: &[&str]) -> Result<Presented, CredentialsError> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(field).unwrap());
        }
        authorization(&headers)
    }

    #[test]
    fn the_scheme_has_no_case_and_padding_may_be_missing() {
        for field in ["Negotiate YWI=", "negotiate YWI=", "NEGOTIATE  YWI", "Negotiate YWI"] {
            assert_eq!(presented(&[field]), Ok(Presented::Negotiate(b"ab".to_vec())), "{field}");
        }
    }

    #[test]
    fn no_token_or_another_scheme_presents_nothing() {
        for field in ["Negotiate", "Negotiate ", "Basic YWI=", "NegotiateX YWI=", ""] {
            assert_eq!(presented(&[field]), Ok(Presented::Nothing), "{field}");
        }
        assert_eq!(presented(&[]), Ok(Presented::Nothing));
    }

    #[test]
    fn of_two_fields_neither_is_chosen() {
        assert_eq!(presented(&["Negotiate YWI=", "Negotiate YWI="]), Err(CredentialsError::Duplicate));
    }

    #[test]
    fn what_is_not_base64_is_said_to_be_that() {
        for field in ["Negotiate YW I=", "Negotiate YW-_", "Negotiate \u{7f}"] {
            let refused = presented(&[field.replace('\u{7f}', "%").as_str()]);
            assert_eq!(refused, Err(CredentialsError::NotBase64), "{field}");
        }
    }

    #[test]
    fn a_token_above_the_limit_is_not_decoded() {
        let long = format!("Negotiate {}", "A".repeat(MAX_TOKEN * 2));
        assert_eq!(presented(&[&long]), Err(CredentialsError::TooLong));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; __Host-x=two; b=3"));
        assert_eq!(cookie(&headers, "__Host-x"), Some("two"));
        assert_eq!(cookie(&headers, "x"), None);
    }

    #[test]
    fn a_cookie_is_found_beside_one_that_is_not_ascii() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_bytes("name=müller; x=1".as_bytes()).unwrap());
        assert_eq!(cookie(&headers, "x"), Some("1"));
    }
}
