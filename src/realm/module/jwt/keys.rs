//! Keys that tokens are verified with, as a JWK set has them (RFC 7517), each for algorithms of its own kind alone.

use std::fmt;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    algorithm::{Algorithm, Keys},
    json,
};

/// Octets of the longest set that is read.
pub const MAX_SET: usize = 1024 * 1024;
/// Keys that a set has at most.
const MAX_KEYS: usize = 100;
/// Keys that are tried for a token that does not say which: each costs whoever verifies, and nothing whoever sends.
const MAX_TRIED: usize = 8;

/// The keys of a set that are of use.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
    skipped: Vec<Skipped>,
}

/// A key that is not used, and why: the operator may wonder.
#[derive(Debug, Eq, PartialEq)]
pub struct Skipped {
    /// Its place in the set, from 0.
    pub place: usize,
    /// Its name.
    pub kid: Option<String>,
    /// Why.
    pub why: Unusable,
}

/// Why a set cannot be used. The operator's fault, or the issuer's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// It is no JSON.
    #[error("it is no JWK set: {0}; name what the issuer publishes as its jwks_uri")]
    Json(#[from] serde_json::Error),
    /// It has no member `keys`.
    #[error("it is no JWK set: it has no list of `keys`; name what the issuer publishes as its jwks_uri")]
    NoList,
    /// It has no key that is of use.
    #[error(
        "it has no key for the algorithms that are accepted{}; see that <algorithms> names those of the issuer",
        .0.iter().map(|skipped| format!("; {skipped}")).collect::<String>()
    )]
    NoKeys(Vec<Skipped>),
    /// It has too many.
    #[error("it has {0} keys, and {MAX_KEYS} are read at most; have the issuer take out old ones")]
    TooMany(usize),
    /// It is too long.
    #[error(
        "it has more than {MAX_SET} octets, which no JWK set has; name what the issuer publishes as its jwks_uri"
    )]
    TooLong,
}

/// Why a key is not used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// No algorithm is accepted that takes it.
    #[error("none of the algorithms that are accepted takes it")]
    Algorithm,
    /// A member is missing or cannot be read.
    #[error("its `{0}` is missing, or cannot be read")]
    Member(&'static str),
    /// It is no key of its kind.
    #[error("it is no sound key of its kind")]
    NoKey,
    /// It has its private part.
    #[error(
        "its private part is in the set, where it is of use to nobody but thieves; publish the public part"
    )]
    Private,
    /// It is too short.
    #[error("it has {0} bits, and RSA needs 2048 to 8192")]
    Bits(usize),
    /// It is for something else.
    #[error("it is not for verifying signatures (`use`, `key_ops`)")]
    Use,
}

/// A key.
struct Key {
    kid: Option<String>,
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
}

impl KeySet {
    /// Reads the keys of a set that are for one of these algorithms.
    ///
    /// # Errors
    ///
    /// Any [`KeySetError`].
    pub fn read(octets: &[u8], accepted: &[Algorithm]) -> Result<Self, KeySetError> {
        if octets.len() > MAX_SET {
            return Err(KeySetError::TooLong);
        }
        let set = json::object(octets)?;
        let listed = set.get("keys").and_then(Value::as_array).ok_or(KeySetError::NoList)?;
        if listed.len() > MAX_KEYS {
            return Err(KeySetError::TooMany(listed.len()));
        }
        let mut keys = Self::default();
        for (place, member) in listed.iter().enumerate() {
            let kid = member.get("kid").and_then(Value::as_str).map(str::to_owned);
            match Key::read(member, kid.clone(), accepted) {
                Ok(key) => keys.keys.push(key),
                Err(why) => keys.skipped.push(Skipped { place, kid, why }),
            }
        }
        if keys.keys.is_empty() { Err(KeySetError::NoKeys(keys.skipped)) } else { Ok(keys) }
    }

    /// How many keys are used.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.keys.len()
    }

    /// Those that are not used.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The keys for a token of this algorithm: those of this name, or all where it names none.
    pub(super) fn fitting(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &ParsedPublicKey> {
        let named = self.keys.iter().filter(move |key| kid.is_none() || key.kid.as_deref() == kid);
        let verifiers = named.flat_map(|key| &key.verifiers);
        verifiers.filter(move |(fits, _)| *fits == algorithm).map(|(_, key)| key).take(MAX_TRIED)
    }
}

impl Key {
    fn read(member: &Value, kid: Option<String>, accepted: &[Algorithm]) -> Result<Self, Unusable> {
        let Value::Object(member) = member else { return Err(Unusable::NoKey) };
        if member.get("kid").is_some_and(|kid| !kid.is_string()) {
            return Err(Unusable::Member("kid"));
        }
        if !is_for_verifying(member) {
            return Err(Unusable::Use);
        }
        if member.contains_key("d") {
            return Err(Unusable::Private);
        }
        // A key that says its algorithm is for no other (RFC 7517 section 4.4).
        let own = match member.get("alg") {
            None => None,
            Some(alg) => Some(alg.as_str().and_then(|word| word.parse().ok()).ok_or(Unusable::Algorithm)?),
        };
        let mut verifiers = Vec::new();
        for algorithm in accepted.iter().copied().filter(|one| own.is_none_or(|own: Algorithm| own == *one)) {
            if let Some(key) = verifier(member, algorithm)? {
                verifiers.push((algorithm, key));
            }
        }
        if verifiers.is_empty() { Err(Unusable::Algorithm) } else { Ok(Self { kid, verifiers }) }
    }
}

/// Sections 4.2 and 4.3.
fn is_for_verifying(member: &Map<String, Value>) -> bool {
    let verifies = |operations: &Value| {
        operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
    };
    member.get("use").is_none_or(|purpose| purpose == "sig") && member.get("key_ops").is_none_or(verifies)
}

/// What verifies signatures of the algorithm with the key; `None` if the key is of another kind.
fn verifier(member: &Map<String, Value>, algorithm: Algorithm) -> Result<Option<ParsedPublicKey>, Unusable> {
    let text = |name| member.get(name).and_then(Value::as_str);
    let octets = |name: &'static str| {
        let octets = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        octets.filter(|octets| !octets.is_empty()).ok_or(Unusable::Member(name))
    };
    let kind = text("kty").ok_or(Unusable::Member("kty"))?;
    let key = match algorithm.keys() {
        Keys::Curve(curve, length, verification) if kind == "EC" && text("crv") == Some(curve) => {
            let (x, y) = (octets("x")?, octets("y")?);
            if x.len() != length || y.len() != length {
                return Err(Unusable::NoKey);
            }
            // An uncompressed point (SEC 1 section 2.3.3).
            ParsedPublicKey::new(verification, [&[4], x.as_slice(), &y].concat())
        }
        Keys::Edwards if kind == "OKP" && text("crv") == Some("Ed25519") => {
            ParsedPublicKey::new(&ED25519, octets("x")?)
        }
        Keys::Rsa(parameters) if kind == "RSA" => {
            let (n, e) = (octets("n")?, octets("e")?);
            let n = without_zeros(&n);
            match bits(n) {
                2048..=8192 => {}
                other => return Err(Unusable::Bits(other)),
            }
            RsaPublicKeyComponents { n, e: without_zeros(&e) }.to_parsed_public_key(parameters)
        }
        _ => return Ok(None),
    };
    key.map(Some).map_err(|_| Unusable::NoKey)
}

/// A number without the zeros that some issuers put before it.
fn without_zeros(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|octet| *octet != 0).unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |first| first.leading_zeros());
    (number.len() * 8).saturating_sub(usize::try_from(zeros).unwrap_or(0))
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(f, "key {kid:?}: {}", self.why),
            None => write!(f, "key {} of the set: {}", self.place + 1, self.why),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<Algorithm> = self.verifiers.iter().map(|(algorithm, _)| *algorithm).collect();
        f.debug_struct("Key").field("kid", &self.kid).field("algorithms", &algorithms).finish()
    }
}

#[cfg(test)]
mod tests;
