//! One key that signs tokens: how it is made or read, what it is called, and its public half.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// Octets of the longest file of keys.
const LONGEST: u64 = 64 * 1024;
/// Keys in one file.
const MOST: usize = 16;
/// Octets of an uncompressed point of P-256: a mark and two coordinates (SEC 1 section 2.3.3).
const POINT: usize = 65;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// One of its keys is of another kind.
    #[error(
        "a key in it is none of P-256; make one with openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
    )]
    Kind,
    /// It is above a limit.
    #[error("it is too long, or has more than {MOST} keys; leave those that sign and those that did lately")]
    Long,
    /// There is no key in it.
    #[error(
        "it has no private key in PEM; make one with openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
    )]
    None,
}

/// A key pair of P-256.
pub(super) struct Key {
    pair: EcdsaKeyPair,
    id: String,
    public: Value,
    /// The first part of each token: the header and the dot behind it.
    begins: String,
}

/// All keys of a PEM file.
pub(super) fn read(path: &Path) -> Result<Vec<Key>, KeyError> {
    let mut octets = Zeroizing::new(Vec::new());
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(KeyError::Long);
    }
    let mut keys = Vec::new();
    for found in PrivateKeyDer::pem_slice_iter(&octets) {
        let der = found.map_err(|_| KeyError::None)?;
        if keys.len() == MOST {
            return Err(KeyError::Long);
        }
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_der());
        keys.push(Key::of(pair.map_err(|_| KeyError::Kind)?).ok_or(KeyError::Kind)?);
    }
    if keys.is_empty() { Err(KeyError::None) } else { Ok(keys) }
}

impl Key {
    /// A new one.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness: nothing that needs it can go on.
    #[expect(clippy::expect_used, reason = "a kernel without randomness cannot run the gateway")]
    pub(super) fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made");
        Self::of(pair).expect("a key of P-256 is a point of P-256")
    }

    fn of(pair: EcdsaKeyPair) -> Option<Self> {
        let point = pair.public_key().as_ref();
        let (x, y) = match point.split_first()? {
            (4, coordinates) if point.len() == POINT => coordinates.split_at_checked(POINT / 2)?,
            _ => return None,
        };
        let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
        // What the thumbprint is made of: these members, in this order, without a blank (RFC 7638 section 3).
        let thumb = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, thumb.as_bytes()));
        let public =
            json!({ "alg": "ES256", "crv": "P-256", "kid": id, "kty": "EC", "use": "sig", "x": x, "y": y });
        let header = json!({ "alg": "ES256", "kid": id, "typ": "JWT" }).to_string();
        let begins = URL_SAFE_NO_PAD.encode(header) + ".";
        Some(Self { pair, id, public, begins })
    }

    /// What it is called: its thumbprint (RFC 7638).
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Its public half (RFC 7517 section 4).
    pub(super) const fn public(&self) -> &Value {
        &self.public
    }

    /// These claims as a token.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness, as at the start.
    #[expect(clippy::expect_used, reason = "a kernel without randomness cannot run the gateway")]
    pub(super) fn sign(&self, claims: &Value) -> String {
        let mut token = self.begins.clone();
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.pair.sign(&SystemRandom::new(), token.as_bytes()).expect("it signs");
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn what_it_signs_is_verified_with_what_is_published() {
        let key = Key::generate();
        let token = key.sign(&json!({ "sub": "müller" }));
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
        assert_eq!(header, json!({ "alg": "ES256", "kid": key.id(), "typ": "JWT" }));
        assert_eq!(serde_json::from_slice::<Value>(&decoded(claims)).unwrap(), json!({ "sub": "müller" }));
        let [x, y] = ["x", "y"].map(|name| decoded(key.public()[name].as_str().unwrap()));
        let point = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [vec![4], x, y].concat());
        let (said, _) = token.rsplit_once('.').unwrap();
        point.verify(said.as_bytes(), &decoded(signature)).unwrap();
        assert!(point.verify(&said.as_bytes()[1..], &decoded(signature)).is_err());
    }

    #[test]
    fn a_file_of_another_kind_of_key_or_of_none_is_refused() {
        let file = std::env::temp_dir().join(format!("ticketgate-signing-{}", std::process::id()));
        let judge = |text: &str| {
            std::fs::write(&file, text).unwrap();
            read(&file).map(|keys| keys.len())
        };
        let pem = |kind| rcgen::KeyPair::generate_for(kind).unwrap().serialize_pem();
        let good = pem(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert!(matches!(judge(&good.repeat(2)), Ok(2)));
        assert!(matches!(judge(&pem(&rcgen::PKCS_ECDSA_P384_SHA384)), Err(KeyError::Kind)));
        assert!(matches!(judge(&pem(&rcgen::PKCS_ED25519)), Err(KeyError::Kind)));
        assert!(matches!(judge("no key"), Err(KeyError::None)));
        assert!(matches!(judge(&good.repeat(17)), Err(KeyError::Long)));
        assert!(matches!(judge(&"x".repeat(70_000)), Err(KeyError::Long)));
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(read(&file), Err(KeyError::Io(_))));
    }
}
