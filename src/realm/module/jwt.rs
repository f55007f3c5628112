//! `jwt`: a signed JSON Web Token (RFC 7519), judged by the published keys of whoever issued it.
//!
//! A client that can do something about it is asked again; another is turned away:
//!
//! | what is wrong | in the log | answer |
//! | --- | --- | --- |
//! | it ended, or is not good yet | `expired`, `not_yet` | challenge with `error="invalid_token"` |
//! | its key is not known | `unknown_key` | the same |
//! | no JSON Web Token, too long, encrypted, nested, with demands that are not known | `not_a_token` | denied |
//! | `none`, an algorithm with a shared secret, or one that is not accepted | `algorithm` | denied |
//! | signed by somebody else, or changed | `signature` | denied |
//! | another issuer or audience, no user, a claim that is missing or no time | `issuer`, `audience`, `user`, `claims` | denied |
//! | there are no keys, or they may be old and cannot be fetched again | `no_keys` | unavailable |
//!
//! Nobody guesses a signature, so that none of it counts as a guess.

pub mod algorithm;
mod cache;
pub mod claims;
mod json;
pub mod keys;
pub mod source;
pub mod token;

use std::{error::Error, sync::Arc};

use self::{
    algorithm::Algorithm,
    claims::{ClaimsError, Demands},
    keys::KeySet,
    source::{Origin, Source, SourceError},
    token::{Token, TokenError},
};
use super::{Attempt, Brought, Doing, Failure, LoginModule, Shared, Verdict};
use crate::{
    realm::{credentials::Presented, gss, kept::Kept},
    tls::client::ClientSettings,
};

/// What the module is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the keys of the issuer are.
    pub keys: Origin,
    /// How that is reached, if it is elsewhere.
    pub tls: ClientSettings,
    /// Signatures that are accepted.
    pub algorithms: Vec<Algorithm>,
    /// What tokens must say.
    pub demands: Demands,
}

/// The module.
#[derive(Debug)]
pub struct Tokens {
    source: Arc<Source>,
    algorithms: Vec<Algorithm>,
    demands: Demands,
}

/// Why a token lets nobody in.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "the token is signed with {0}, which is not accepted; if the issuer is to use it, add it to <algorithms>"
    )]
    Algorithm(Algorithm),
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    #[error("the keys of the issuer cannot be had; the log says why")]
    NoKeys,
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Tokens {
    /// Reads the keys, if they are in a file.
    ///
    /// # Errors
    ///
    /// Any [`SourceError`].
    pub fn open(settings: Settings, kept: &Kept) -> Result<Self, SourceError> {
        let Settings { keys, tls, algorithms, demands } = settings;
        let source = Source::open(keys, algorithms.clone(), &tls, &kept.key_sets)?;
        Ok(Self { source, algorithms, demands })
    }

    async fn judge(&self, attempt: &Attempt<'_>, shared: &mut Shared) -> Verdict {
        let Presented::Token(text) = &attempt.credentials.presented else {
            return told(Failure::peer("no_token", "no token was presented"));
        };
        match self.brought(bare(text)).await {
            Ok(brought) => Verdict::Success(Box::new(brought)),
            Err(refusal) => {
                if let Some(says) = refusal.asks_again() {
                    let words = format!("error=\"invalid_token\", error_description=\"{says}\"");
                    shared.challenge = Some(vec![words]);
                }
                told(refusal.into())
            }
        }
    }

    /// Whom a token is about.
    async fn brought(&self, text: &str) -> Result<Brought, Refusal> {
        let token = Token::read(text)?;
        if !self.algorithms.contains(&token.algorithm) {
            return Err(Refusal::Algorithm(token.algorithm));
        }
        let keys = self.source.keys().await.ok_or(Refusal::NoKeys)?;
        let claims = match token.verify(&keys) {
            Err(TokenError::UnknownKey { .. }) => {
                // The issuer may have begun to sign with another.
                let keys = self.source.newer(&keys).await.ok_or(Refusal::NoKeys)?;
                token.verify(&keys)?
            }
            other => other?,
        };
        Ok(self.demands.judge(claims, gss::utc().seconds())?)
    }
}

/// Judges a token by keys that are given and at a time that is: all that the module does, without fetching anything.
///
/// # Errors
///
/// Why it lets nobody in.
pub fn judge(
    text: &str,
    keys: &KeySet,
    demands: &Demands,
    now: i64,
) -> Result<Brought, Box<dyn Error + Send + Sync>> {
    Ok(demands.judge(Token::read(text)?.verify(keys)?, now)?)
}

/// A token as it stands in a place that the realm declares: clients write there what they write for others (RFC 6750).
fn bare(text: &str) -> &str {
    match text.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("Bearer") => rest.trim(),
        _ => text,
    }
}

fn told(failure: Failure) -> Verdict {
    Verdict::Failure(Failure { is_guess: false, ..failure })
}

impl Refusal {
    /// What a client is told that can do something about it.
    const fn asks_again(&self) -> Option<&'static str> {
        match self {
            Self::Claims(ClaimsError::Expired(_)) => Some("The token expired"),
            Self::Claims(ClaimsError::NotYet { .. }) => Some("The token is not valid yet"),
            Self::Token(TokenError::UnknownKey { .. }) => Some("The key of the token is not known"),
            Self::Algorithm(_) | Self::Claims(_) | Self::NoKeys | Self::Token(_) => None,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Algorithm(_) | Self::Token(TokenError::Algorithm(..)) => "algorithm",
            Self::Claims(ClaimsError::Audience(_)) => "audience",
            Self::Claims(ClaimsError::Expired(_)) => "expired",
            Self::Claims(ClaimsError::Issuer(_)) => "issuer",
            Self::Claims(ClaimsError::NotYet { .. }) => "not_yet",
            Self::Claims(ClaimsError::User(_)) => "user",
            Self::Claims(ClaimsError::Missing(_) | ClaimsError::Time(_)) => "claims",
            Self::NoKeys => "no_keys",
            Self::Token(TokenError::Signature) => "signature",
            Self::Token(TokenError::UnknownKey { .. }) => "unknown_key",
            Self::Token(_) => "not_a_token",
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let word = refusal.word();
        if matches!(refusal, Refusal::NoKeys) {
            return Self::unavailable(word, refusal);
        }
        Self::peer(word, refusal)
    }
}

impl LoginModule for Tokens {
    fn kind(&self) -> &'static str {
        "jwt"
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(self.judge(attempt, shared))
    }

    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(Arc::clone(&self.source).watch())
    }
}

#[cfg(test)]
mod tests;
