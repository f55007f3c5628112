//! What a back end is told of a user as one signed token (RFC 7519), and how often that is signed.
//!
//! A signature costs more than the rest of a request, so a token is told again for some seconds to whom it is true of. It is
//! short-lived: a back end that lets others see it gives away little, and one that keeps it has nothing soon.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::{
    ambient,
    realm::{
        pass::Pass,
        subject::{Subject, visible},
    },
    signing::Keyring,
};

/// Seconds that a token is good for, at most as long as the session.
const LIFE: i64 = 60;
/// Seconds for which one is told again.
const FRESH: i64 = 15;
/// Tokens that are remembered for that.
const MOST: usize = 4096;

/// How users are told of in tokens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// The field.
    pub field: HeaderName,
    /// The file of keys; the gateway's own without it.
    pub keys: Option<PathBuf>,
    /// Who says so: `iss`.
    pub issuer: String,
    /// Whom it is for: `aud`.
    pub audience: String,
}

/// Makes tokens of one service.
#[derive(Debug)]
pub struct Tokens {
    token: Token,
    keys: Arc<Keyring>,
    told: Mutex<HashMap<Holder, Told>>,
}

/// Whom a token is about.
#[derive(Debug, Eq, Hash, PartialEq)]
struct Holder {
    subject: Subject,
    realm: Option<Arc<str>>,
    ends: Option<i64>,
}

#[derive(Debug)]
struct Told {
    at: i64,
    token: HeaderValue,
}

impl Told {
    /// Not when the clock was put back either.
    fn is_fresh(&self, now: i64) -> bool {
        (0..FRESH).contains(&(now - self.at))
    }
}

impl Tokens {
    /// Tokens that are signed with these keys.
    #[must_use]
    pub fn new(token: Token, keys: Arc<Keyring>) -> Self {
        Self { token, keys, told: Mutex::default() }
    }

    /// The field that they are told in.
    #[must_use]
    pub const fn field(&self) -> &HeaderName {
        &self.token.field
    }

    /// The token of whom a pass is made out to, if to anybody.
    #[must_use]
    pub fn of(&self, pass: &Pass) -> Option<HeaderValue> {
        Some(self.about(pass.subject.as_ref()?, pass.realm.as_ref(), pass.ends))
    }

    /// The token about a user of this realm, whose session ends then.
    #[must_use]
    pub fn about(&self, subject: &Subject, realm: Option<&Arc<str>>, ends: Option<i64>) -> HeaderValue {
        let holder = Holder { subject: subject.clone(), realm: realm.cloned(), ends };
        self.at(holder, ambient::time_of_day().0)
    }

    fn at(&self, holder: Holder, now: i64) -> HeaderValue {
        let lock = || self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = lock().get(&holder).filter(|told| told.is_fresh(now)) {
            return told.token.clone();
        }
        let mut token = visible(&self.keys.sign(&self.claims(&holder, now)));
        token.set_sensitive(true);
        let mut all = lock();
        if all.len() >= MOST {
            all.retain(|_, told| told.is_fresh(now));
        }
        // Where there is no room, each is signed anew.
        if all.len() < MOST {
            all.insert(holder, Told { at: now, token: token.clone() });
        }
        token
    }

    fn claims(&self, holder: &Holder, now: i64) -> Value {
        let Holder { subject, realm, ends } = holder;
        let expires = now.saturating_add(LIFE);
        let mut claims = json!({
            "aud": self.token.audience,
            "exp": ends.map_or(expires, |ends| expires.min(ends)),
            "iat": now,
            "iss": self.token.issuer,
            "jti": URL_SAFE_NO_PAD.encode(ambient::random::<16>()),
            "roles": subject.roles,
            "sub": subject.principal,
        });
        let mut put = |name: &str, value: Option<Value>| {
            if let (Some(claims), Some(value)) = (claims.as_object_mut(), value) {
                claims.insert(name.to_owned(), value);
            }
        };
        put("name", subject.local_name.as_deref().map(Value::from));
        put("realm", realm.as_deref().filter(|realm| !realm.is_empty()).map(Value::from));
        put("session_ends", ends.map(Value::from));
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        let token = Token {
            field: HeaderName::from_static("x-token"),
            keys: None,
            issuer: "gw.test".to_owned(),
            audience: "shop".to_owned(),
        };
        Tokens::new(token, Arc::new(Keyring::turning(ambient::now())))
    }

    fn holder(principal: &str, role: &str, ends: i64) -> Holder {
        let roles = [role.to_owned()].into();
        let subject = Subject { principal: principal.to_owned(), roles, ..Subject::default() };
        Holder { subject, realm: Some("staff".into()), ends: Some(ends) }
    }

    fn claims(token: &HeaderValue) -> Value {
        let token = token.to_str().unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn a_token_says_who_it_is_about_for_whom_and_until_when() {
        let mut told = claims(&tokens().at(holder("müller, x", "a,b", 5000), 1000));
        assert_eq!(told.as_object_mut().unwrap().remove("jti").unwrap().as_str().unwrap().len(), 22);
        let expected = json!({
            "aud": "shop", "exp": 1060, "iat": 1000, "iss": "gw.test", "realm": "staff", "roles": ["a,b"],
            "session_ends": 5000, "sub": "müller, x",
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn a_token_does_not_outlive_the_session() {
        assert_eq!(claims(&tokens().at(holder("a", "r", 1010), 1000))["exp"], 1010);
    }

    #[test]
    fn one_is_told_again_for_some_seconds_and_only_for_the_same_user_roles_and_end() {
        let tokens = tokens();
        let alices = || holder("alice", "r", 5000);
        let first = tokens.at(alices(), 1000);
        assert_eq!(tokens.at(alices(), 1014), first);
        for other in [holder("bob", "r", 5000), holder("alice", "s", 5000), holder("alice", "r", 5001)] {
            assert_ne!(tokens.at(other, 1000), first);
        }
        let realm = Holder { realm: None, ..alices() };
        assert_ne!(tokens.at(realm, 1000), first);
        assert_ne!(tokens.at(alices(), 1015), first);
        assert_ne!(tokens.at(alices(), 999), first, "the clock was put back");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_not_fresh_makes_room() {
        let tokens = tokens();
        for user in 0..MOST + 10 {
            let _ = tokens.at(holder(&user.to_string(), "r", 5000), 1000);
        }
        assert_eq!(tokens.told.lock().unwrap().len(), MOST);
        let first = tokens.at(holder("late", "r", 5000), 1015);
        assert_eq!(tokens.told.lock().unwrap().len(), 1);
        assert_eq!(tokens.at(holder("late", "r", 5000), 1015), first);
    }
}
