//! What a token must say of itself (RFC 7519 section 4.1), and whom it is about.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::realm::{
    module::{Brought, Facts, Name},
    roles::is_role,
};

/// What tokens must say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Demands {
    /// Who must have made the token.
    pub issuer: String,
    /// For whom it must be: one of these.
    pub audiences: Vec<String>,
    /// The claim that names the user: a path with dots.
    pub user_claim: String,
    /// The claim that lists roles: a path with dots.
    pub role_claim: String,
    /// How far clocks may be apart.
    pub skew: Duration,
}

/// Why what a token says does not let anybody in. The peer's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// It is for others.
    #[error(
        "the token is for {0}, and not for an <audience>; have the client ask for one that is for the gateway"
    )]
    Audience(Value),
    /// It has ended.
    #[error("the token ended {0} seconds ago; the client needs a new one")]
    Expired(i64),
    /// It is by another issuer.
    #[error("the token is by {0}, and not by the <issuer>")]
    Issuer(Value),
    /// A claim is missing.
    #[error("the token does not have the claim `{0}`; have the issuer add it")]
    Missing(&'static str),
    /// It is not good yet.
    #[error(
        "the token is good in {seconds} seconds only (`{claim}`); if that is not what the issuer wants, set the clocks"
    )]
    NotYet {
        /// Which claim says so.
        claim: &'static str,
        /// How long it takes.
        seconds: i64,
    },
    /// A time is none.
    #[error("the claim `{0}` of the token is no time: a number of seconds since 1970")]
    Time(&'static str),
    /// It names nobody.
    #[error(
        "the claim `{0}` of the token names no user: it must be text, without control characters; see <userClaim>"
    )]
    User(String),
}

impl Demands {
    /// Whom a token is about that says these things, at this time in seconds since 1970.
    ///
    /// # Errors
    ///
    /// Any [`ClaimsError`].
    pub fn judge(&self, claims: Map<String, Value>, now: i64) -> Result<Brought, ClaimsError> {
        match claims.get("iss") {
            Some(Value::String(issuer)) if *issuer == self.issuer => {}
            Some(other) => return Err(ClaimsError::Issuer(other.clone())),
            None => return Err(ClaimsError::Missing("iss")),
        }
        let audience = claims.get("aud").ok_or(ClaimsError::Missing("aud"))?;
        if !self.is_audience(audience) {
            return Err(ClaimsError::Audience(audience.clone()));
        }
        let ends = self.times(&claims, now)?;
        let user = match find(&claims, &self.user_claim) {
            Some(Value::String(user)) if !user.is_empty() && !user.contains(char::is_control) => user.clone(),
            _ => return Err(ClaimsError::User(self.user_claim.clone())),
        };
        let roles = find(&claims, &self.role_claim).map(words).unwrap_or_default();
        let (roles, others): (Vec<&str>, _) = roles.into_iter().partition(|role| is_role(role));
        for other in others {
            tracing::debug!("The token gives {other:?} as a role, which is no name of one");
        }
        Ok(Brought {
            roles: roles.into_iter().map(str::to_owned).collect(),
            // Users of many issuers choose how they are called, so that a name is no role.
            names: vec![Name { text: user, is_role: false }],
            ends: Some(ends),
            facts: Facts { claims, ..Facts::default() },
            ..Brought::default()
        })
    }

    fn is_audience(&self, audience: &Value) -> bool {
        let is_ours =
            |one: &Value| one.as_str().is_some_and(|one| self.audiences.iter().any(|own| own == one));
        match audience {
            Value::Array(several) => several.iter().any(is_ours),
            one => is_ours(one),
        }
    }

    /// When the token ends, if it is good now.
    fn times(&self, claims: &Map<String, Value>, now: i64) -> Result<i64, ClaimsError> {
        let skew = i64::try_from(self.skew.as_secs()).unwrap_or(i64::MAX);
        let ends = time(claims, "exp")?.ok_or(ClaimsError::Missing("exp"))?;
        if now >= ends.saturating_add(skew) {
            return Err(ClaimsError::Expired(now.saturating_sub(ends)));
        }
        for claim in ["nbf", "iat"] {
            let seconds = time(claims, claim)?.map_or(0, |begins| begins.saturating_sub(now));
            if seconds > skew {
                return Err(ClaimsError::NotYet { claim, seconds });
            }
        }
        Ok(ends)
    }
}

/// A time in whole seconds since 1970. Issuers may write fractions (RFC 7519 section 2), and none that is not finite or
/// further away than a number of 64 bits can say.
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, ClaimsError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let fraction = || {
        let since = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
        i64::try_from(since.as_secs()).ok()
    };
    value.as_i64().or_else(fraction).map(Some).ok_or(ClaimsError::Time(name))
}

/// The claim at a path. Names may have dots in them, as URLs do: at each level the longest name that is there counts.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        path.rmatch_indices('.').find_map(|(at, _)| {
            let (name, rest) = (path.get(..at)?, path.get(at + 1..)?);
            find(claims.get(name)?.as_object()?, rest)
        })
    })
}

/// The words of a list, or of text with blanks or commas between them (RFC 8693 section 4.2).
fn words(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.split([' ', ',']).filter(|word| !word.is_empty()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
