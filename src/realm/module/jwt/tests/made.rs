//! An issuer of tokens for tests: it makes keys, publishes them and signs whatever it is told to.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
        RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::super::algorithm::Algorithm;

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A key of an issuer, for one algorithm.
pub(in super::super) struct Issuer {
    pair: Pair,
    pub(in super::super) algorithm: Algorithm,
}

pub(in super::super) fn base64(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

impl Issuer {
    pub(in super::super) fn new(algorithm: Algorithm) -> Self {
        let ec = |kind| Pair::Ec(EcdsaKeyPair::generate(kind).unwrap());
        let pair = match algorithm {
            Algorithm::EdDsa => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            Algorithm::Es256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::Es512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Self { pair, algorithm }
    }

    /// The same RSA key for another algorithm.
    pub(in super::super) fn using(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// The public key, with no member but those that it must have.
    pub(in super::super) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = match x.len() {
                    32 => "P-256",
                    48 => "P-384",
                    _ => "P-521",
                };
                json!({ "kty": "EC", "crv": curve, "x": base64(x), "y": base64(y) })
            }
            Pair::Ed(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key()) }),
            Pair::Rsa(pair) => {
                // An RSAPublicKey of 2048 bits (RFC 8017 appendix A.1.1): headers and a zero come before the modulus.
                let der = pair.public_key().as_ref();
                json!({ "kty": "RSA", "n": base64(&der[9..265]), "e": base64(&der[267..]) })
            }
        }
    }

    /// The public key with these further members.
    pub(in super::super) fn jwk_with(&self, more: &Value) -> Value {
        let mut jwk = self.jwk();
        jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        jwk
    }

    /// Its set: this one key.
    pub(in super::super) fn set(&self) -> Vec<u8> {
        set(&[self.jwk()])
    }

    /// The signature of octets.
    pub(in super::super) fn sign(&self, octets: &[u8]) -> Vec<u8> {
        let dice = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&dice, octets).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(octets).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; 256];
                let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding = match self.algorithm {
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    Algorithm::Ps384 => &RSA_PSS_SHA384,
                    Algorithm::Ps512 => &RSA_PSS_SHA512,
                    Algorithm::Rs384 => &RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                pair.sign(encoding, &dice, octets, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A token with this header and this text in place of claims.
    pub(in super::super) fn token_of(&self, header: &Value, claims: impl AsRef<[u8]>) -> String {
        let signed = format!("{}.{}", base64(header.to_string()), base64(claims));
        let signature = base64(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token with these claims.
    pub(in super::super) fn token(&self, claims: &Value) -> String {
        self.token_of(&json!({ "alg": self.algorithm.word() }), claims.to_string())
    }
}

/// A JWK set of these keys.
pub(in super::super) fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}
