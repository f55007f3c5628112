//! A signed token in its compact form (RFC 7515 section 7.1): what its header may say, and whether a key signed it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    algorithm::{Algorithm, AlgorithmError},
    json,
    keys::KeySet,
};

/// Characters of the longest token that is read. Those of real issuers have one to four thousand.
pub const MAX_TOKEN: usize = 16 * 1024;

/// A token whose header has been read. Nothing that it says is known to be true.
#[derive(Debug)]
pub struct Token<'a> {
    /// The algorithm that it names. Whether that is accepted only the caller knows.
    pub algorithm: Algorithm,
    /// The key that it names.
    pub kid: Option<String>,
    /// Header and claims as they were sent, which is what is signed.
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

/// Why a token cannot be judged. The peer's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It names no algorithm that is known.
    #[error("the token names the algorithm {0:?}: {1}")]
    Algorithm(String, AlgorithmError),
    /// What is signed is no object of JSON.
    #[error("the claims of the token cannot be read: {0}")]
    Claims(serde_json::Error),
    /// It must not be accepted by who does not know what it demands (section 4.1.11).
    #[error("the token demands with `crit` what the gateway does not know; have the issuer leave it out")]
    Critical,
    /// Its claims are a secret.
    #[error("the token is encrypted; have the issuer sign it only")]
    Encrypted,
    /// The header cannot be read.
    #[error("the header of the token cannot be read: {0}")]
    Header(serde_json::Error),
    /// A member of the header is no text.
    #[error("`{0}` in the header of the token is missing, or no text")]
    Member(&'static str),
    /// What is signed is a token again.
    #[error("the token has another token in it; have the issuer sign the claims themselves")]
    Nested,
    /// It is no base64url, without padding and to the last bit.
    #[error("a part of the token is no base64url")]
    NotBase64,
    /// It does not have three parts.
    #[error("what was presented is no signed JSON Web Token, which has three parts with points between them")]
    NotToken,
    /// The key did not sign it.
    #[error("the signature of the token is not good: it was changed, or signed with another key")]
    Signature,
    /// It is too long.
    #[error(
        "the token has {0} characters, and {MAX_TOKEN} are read at most; have the issuer put less into it"
    )]
    TooLong(usize),
    /// It is a token, for something else (RFC 8725 section 3.11).
    #[error("the token is of the type {0:?}, which is not for logging in")]
    Type(String),
    /// No key is known that it can be signed with.
    #[error("no key of the issuer is known for the algorithm {algorithm} and the name {kid:?}")]
    UnknownKey {
        /// The algorithm that it names.
        algorithm: Algorithm,
        /// The key that it names.
        kid: Option<String>,
    },
}

impl<'a> Token<'a> {
    /// Reads the header. Keys and addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`) are of no account.
    ///
    /// # Errors
    ///
    /// Any [`TokenError`] but those of [`Token::verify`].
    pub fn read(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN {
            return Err(TokenError::TooLong(text.len()));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::NotToken)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::NotToken)?;
        match claims.matches('.').count() {
            0 => {}
            // A JWE has five (RFC 7516 section 7.1).
            2 => return Err(TokenError::Encrypted),
            _ => return Err(TokenError::NotToken),
        }
        let header = json::object(&decode(header)?).map_err(TokenError::Header)?;
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(TokenError::Member("alg"))?;
        if header.contains_key("enc") {
            return Err(TokenError::Encrypted);
        }
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        // Tokens in tokens (RFC 7519 section 5.2).
        if media_type(&header, "cty")?.as_deref() == Some("jwt") {
            return Err(TokenError::Nested);
        }
        match media_type(&header, "typ")? {
            Some(other) if !matches!(&*other, "jwt" | "at+jwt" | "jose") => {
                return Err(TokenError::Type(other));
            }
            _ => {}
        }
        Ok(Self {
            algorithm: algorithm.parse().map_err(|why| TokenError::Algorithm(algorithm.to_owned(), why))?,
            kid: text_of(&header, "kid")?.map(str::to_owned),
            signed,
            claims,
            signature: decode(signature)?,
        })
    }

    /// What the token says, if one of the keys that fit has signed it.
    ///
    /// # Errors
    ///
    /// [`TokenError::UnknownKey`], [`TokenError::Signature`], [`TokenError::NotBase64`] or [`TokenError::Claims`].
    pub fn verify(&self, keys: &KeySet) -> Result<Map<String, Value>, TokenError> {
        let mut fitting = keys.fitting(self.kid.as_deref(), self.algorithm).peekable();
        if fitting.peek().is_none() {
            return Err(TokenError::UnknownKey { algorithm: self.algorithm, kid: self.kid.clone() });
        }
        if !fitting.any(|key| key.verify_sig(self.signed.as_bytes(), &self.signature).is_ok()) {
            return Err(TokenError::Signature);
        }
        json::object(&decode(self.claims)?).map_err(TokenError::Claims)
    }
}

/// Each text has one form: what else decodes to the same octets is refused.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::NotBase64)
}

fn text_of<'h>(header: &'h Map<String, Value>, name: &'static str) -> Result<Option<&'h str>, TokenError> {
    header.get(name).map(|value| value.as_str().ok_or(TokenError::Member(name))).transpose()
}

/// A media type in small letters, without the word that may be left out (RFC 7515 section 4.1.9).
fn media_type(header: &Map<String, Value>, name: &'static str) -> Result<Option<String>, TokenError> {
    let text = text_of(header, name)?.map(str::to_ascii_lowercase);
    Ok(text.map(|text| text.strip_prefix("application/").map(str::to_owned).unwrap_or(text)))
}

#[cfg(test)]
mod tests;
