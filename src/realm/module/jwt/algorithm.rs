//! Signature algorithms of tokens: their names, and how each is verified.

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, VerificationAlgorithm,
};

/// An algorithm with which whoever verifies cannot sign (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037 section 3.1), also by its name of RFC 9864.
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// ECDSA with P-521 and SHA-512.
    Es512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

/// Why a word names no algorithm that is accepted. The text is the remedy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AlgorithmError {
    /// Nothing is signed.
    #[error("a token that nobody signed can be from anybody; take it out")]
    Unsigned,
    /// Whoever can verify it can sign it.
    #[error(
        "its key is a secret that the gateway would share with the issuer, and where such are accepted a public key is taken for one; have tokens signed with ES256 or RS256"
    )]
    Symmetric,
    /// No other is known.
    #[error(
        "use EdDSA, ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384 or RS512, in capitals as here"
    )]
    Unknown,
}

/// Which keys an algorithm takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keys {
    /// Those of this curve, which are so many octets in each coordinate.
    Curve(&'static str, usize, &'static dyn VerificationAlgorithm),
    /// Ed25519.
    Edwards,
    /// Those of RSA.
    Rsa(&'static RsaParameters),
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// Its name in JOSE.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    pub(super) const fn keys(self) -> Keys {
        match self {
            Self::EdDsa => Keys::Edwards,
            Self::Es256 => Keys::Curve("P-256", 32, &ECDSA_P256_SHA256_FIXED),
            Self::Es384 => Keys::Curve("P-384", 48, &ECDSA_P384_SHA384_FIXED),
            Self::Es512 => Keys::Curve("P-521", 66, &ECDSA_P521_SHA512_FIXED),
            Self::Ps256 => Keys::Rsa(&RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => Keys::Rsa(&RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => Keys::Rsa(&RSA_PSS_2048_8192_SHA512),
            Self::Rs256 => Keys::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Keys::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Keys::Rsa(&RSA_PKCS1_2048_8192_SHA512),
        }
    }
}

impl FromStr for Algorithm {
    type Err = AlgorithmError;

    /// Names have a case (RFC 7515 section 4.1.1).
    fn from_str(word: &str) -> Result<Self, AlgorithmError> {
        if let Some(known) = Self::ALL.into_iter().find(|known| known.word() == word) {
            return Ok(known);
        }
        Err(match word {
            "Ed25519" => return Ok(Self::EdDsa),
            _ if word.eq_ignore_ascii_case("none") => AlgorithmError::Unsigned,
            _ if word.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("HS")) => {
                AlgorithmError::Symmetric
            }
            _ => AlgorithmError::Unknown,
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_read_by_their_names_and_in_their_case() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.word().parse(), Ok(algorithm));
            assert_ne!(algorithm.word().to_ascii_lowercase().parse(), Ok(algorithm));
        }
        assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
    }

    #[test]
    fn what_is_no_signature_is_refused_with_the_reason() {
        for word in ["none", "None", "NONE", "nOnE"] {
            assert_eq!(word.parse::<Algorithm>(), Err(AlgorithmError::Unsigned), "{word}");
        }
        for word in ["HS256", "HS384", "HS512", "hs256"] {
            assert_eq!(word.parse::<Algorithm>(), Err(AlgorithmError::Symmetric), "{word}");
        }
        for word in ["", "RS1", "ES256K", "Ed448", "RSA-OAEP", "RS256 ", "é", "H\u{e9}"] {
            assert_eq!(word.parse::<Algorithm>(), Err(AlgorithmError::Unknown), "{word}");
        }
    }
}
