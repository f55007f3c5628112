//! An issuer of tokens (RFC 7519): two keys, their public halves as a JWK set, and one token signed with each.

use std::{fs, path::PathBuf};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{clock, lane::Failed, stage::Stage};

/// Who has made the tokens.
pub const ISSUER: &str = "https://login.example.com/";

/// For whom they are.
pub const AUDIENCE: &str = "https://gw.example.com/";

/// Octets of a coordinate of P-256.
const COORDINATE: usize = 32;

/// Octets of the modulus of an RSA key.
const MODULUS: usize = 256;

/// 65537, which is the exponent of every key that is made here.
const EXPONENT: &[u8] = &[1, 0, 1];

/// Seconds that tokens are good: longer than any measurement.
const LIFE: u64 = 86_400;

/// How a token is signed (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// ECDSA with P-256.
    Es256,
    /// RSA with 2048 bits.
    Rs256,
}

impl Algorithm {
    const fn word(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

/// The issuer.
#[derive(Debug)]
pub struct Issuer {
    es256: String,
    rs256: String,
    jwks: Value,
}

impl Issuer {
    /// Makes the keys and signs the tokens.
    ///
    /// # Errors
    ///
    /// If a key cannot be made, which one of its kind can.
    pub fn new() -> Result<Self, Failed> {
        let dice = SystemRandom::new();
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let es256 = signed(Algorithm::Es256, |input| Ok(ec.sign(&dice, input)?.as_ref().to_vec()))?;
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let rs256 = signed(Algorithm::Rs256, |input| {
            let mut signature = vec![0; rsa.public_modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &dice, input, &mut signature)?;
            Ok(signature)
        })?;
        // An uncompressed point (SEC 1 section 2.3.3).
        let (x, y) = ec
            .public_key()
            .as_ref()
            .strip_prefix(&[4])
            .and_then(|point| point.split_at_checked(COORDINATE))
            .ok_or("the key is no point of P-256")?;
        // RSAPublicKey (RFC 8017 appendix A.1.1) ends with the exponent, and its header before that.
        let modulus = rsa
            .public_key()
            .as_ref()
            .strip_suffix(EXPONENT)
            .and_then(|der| der.strip_suffix(&[2, 3]))
            .and_then(|der| der.last_chunk::<MODULUS>())
            .ok_or("the key is not the RSA key that was asked for")?;
        let text = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let jwks = json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y), "use": "sig", "alg": "ES256", "kid": "ES256" },
            { "kty": "RSA", "n": text(modulus), "e": text(EXPONENT), "use": "sig", "alg": "RS256", "kid": "RS256" },
        ]});
        Ok(Self { es256, rs256, jwks })
    }

    /// The token that is signed so.
    #[must_use]
    pub fn token(&self, algorithm: Algorithm) -> &str {
        match algorithm {
            Algorithm::Es256 => &self.es256,
            Algorithm::Rs256 => &self.rs256,
        }
    }

    /// Writes the JWK set (RFC 7517 section 5) to a file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, stage: &Stage) -> Result<PathBuf, Failed> {
        let file = stage.file("jwks.json");
        fs::write(&file, self.jwks.to_string())?;
        Ok(file)
    }
}

/// A token with the claims that are usual, in the compact form (RFC 7515 section 7.1).
fn signed(
    algorithm: Algorithm,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Failed>,
) -> Result<String, Failed> {
    let now = clock::time_of_day().as_secs();
    let header = json!({ "alg": algorithm.word(), "typ": "JWT", "kid": algorithm.word() });
    let claims = json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "joe",
        "roles": ["AUTHORIZED"],
        "iat": now,
        "nbf": now,
        "exp": now + LIFE,
    });
    let text = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let input = format!("{}.{}", text(header.to_string().as_bytes()), text(claims.to_string().as_bytes()));
    let signature = sign(input.as_bytes())?;
    Ok(format!("{input}.{}", text(&signature)))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    };

    use super::*;

    fn octets(text: &Value) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_tokens_are_signed_with_the_keys_of_the_set() {
        let issuer = Issuer::new().unwrap();
        let keys = issuer.jwks["keys"].as_array().unwrap();
        let parts = |algorithm| {
            let (input, signature) = issuer.token(algorithm).rsplit_once('.').unwrap();
            (input.as_bytes(), URL_SAFE_NO_PAD.decode(signature).unwrap())
        };
        let (input, signature) = parts(Algorithm::Es256);
        let point = [vec![4], octets(&keys[0]["x"]), octets(&keys[0]["y"])].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input, &signature).unwrap();
        let (input, signature) = parts(Algorithm::Rs256);
        let key = RsaPublicKeyComponents { n: octets(&keys[1]["n"]), e: octets(&keys[1]["e"]) };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, input, &signature).unwrap();
    }
}
