//! The keys that the gateway signs tokens with, when they turn, and how back ends learn of them.
//!
//! Tokens are JWS in the compact form (RFC 7515) with ES256 (RFC 7518 section 3.4), which every library for them verifies.
//! Keys of the gateway's own turn each day. One is published a day before it signs and a day after, so that back ends need not
//! ask for each token, and never leaves the process. Several gateways that stand for each other read theirs from a file.

mod key;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use serde_json::{Value, json};
use tgg::moment::Moment;

use crate::ambient;
use key::Key;

pub use key::KeyError;

/// How long a key of the gateway's own signs.
const TURN: Duration = Duration::from_secs(86_400);

/// Why a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the file {} of keys for tokens cannot be used: {why}", path.display())]
pub struct KeyringError {
    path: PathBuf,
    why: KeyError,
}

/// Keys of which one signs.
#[derive(Debug)]
pub struct Keyring(Mutex<Ring>);

#[derive(Debug)]
struct Ring {
    /// In the order in which they are published.
    keys: VecDeque<Arc<Key>>,
    /// The one that signs.
    signs: Arc<Key>,
    /// When it began to, if keys turn.
    since: Option<Moment>,
}

impl Keyring {
    /// Keys of the gateway's own, which turn.
    #[must_use]
    pub fn turning(now: Moment) -> Self {
        let [signs, next] = [(); 2].map(|()| Arc::new(Key::generate()));
        Self(Mutex::new(Ring { keys: [Arc::clone(&signs), next].into(), signs, since: Some(now) }))
    }

    /// The keys of a PEM file: the first signs, all are published.
    ///
    /// # Errors
    ///
    /// [`KeyringError`] if it cannot be read, or has no such key.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        let error = |why| KeyringError { path: path.to_owned(), why };
        let keys: VecDeque<_> = key::read(path).map_err(error)?.into_iter().map(Arc::new).collect();
        let signs = keys.front().map(Arc::clone).ok_or_else(|| error(KeyError::None))?;
        Ok(Self(Mutex::new(Ring { keys, signs, since: None })))
    }

    /// These claims as a token.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let key = self.at(ambient::now(), |ring| Arc::clone(&ring.signs));
        key.sign(claims)
    }

    fn published(&self, now: Moment) -> Vec<Arc<Key>> {
        self.at(now, |ring| ring.keys.iter().map(Arc::clone).collect())
    }

    /// Looks at the keys as they are at this time.
    fn at<T>(&self, now: Moment, look: impl FnOnce(&Ring) -> T) -> T {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.since.is_some_and(|since| now.since(since) >= TURN) {
            ring.turn(now);
        }
        look(&ring)
    }
}

impl Ring {
    /// The key that was published in advance signs now; the one that signed until now stays published.
    fn turn(&mut self, now: Moment) {
        while self.keys.front().is_some_and(|key| !Arc::ptr_eq(key, &self.signs)) {
            self.keys.pop_front();
        }
        if let Some(next) = self.keys.get(1) {
            self.signs = Arc::clone(next);
        }
        self.keys.push_back(Arc::new(Key::generate()));
        self.since = Some(now);
    }
}

/// All keys that services sign with. It outlives reloads.
#[derive(Debug, Default)]
pub struct Keyrings {
    own: OnceLock<Arc<Keyring>>,
    in_force: ArcSwap<Vec<Arc<Keyring>>>,
}

impl Keyrings {
    /// The gateway's own keys, which are made when the first service needs them.
    #[must_use]
    pub fn own(&self) -> Arc<Keyring> {
        Arc::clone(self.own.get_or_init(|| Arc::new(Keyring::turning(ambient::now()))))
    }

    /// Publishes these and no others.
    pub fn replace(&self, keyrings: Vec<Arc<Keyring>>) {
        self.in_force.store(Arc::new(keyrings));
    }

    /// The public keys, as a set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> Bytes {
        let (now, in_force) = (ambient::now(), self.in_force.load());
        let mut keys: Vec<_> = in_force.iter().flat_map(|ring| ring.published(now)).collect();
        keys.sort_by(|one, other| one.id().cmp(other.id()));
        keys.dedup_by(|one, other| one.id() == other.id());
        let keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
        json!({ "keys": keys }).to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ring: &Keyring, now: Moment) -> Vec<String> {
        ring.published(now).iter().map(|key| key.id().to_owned()).collect()
    }

    fn signer(ring: &Keyring, now: Moment) -> String {
        ring.at(now, |ring| ring.signs.id().to_owned())
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after() {
        let start = Moment::after_start(Duration::ZERO);
        let ring = Keyring::turning(start);
        let first = ids(&ring, start);
        assert_eq!((first.len(), &signer(&ring, start)), (2, &first[0]));
        assert_eq!(ids(&ring, start + (TURN - Duration::from_secs(1))), first);
        let second = ids(&ring, start + TURN);
        assert_eq!((second.len(), &second[..2], &signer(&ring, start + TURN)), (3, &first[..], &first[1]));
        let third = ids(&ring, start + TURN * 2);
        assert_eq!((third.len(), &third[..2]), (3, &second[1..]));
        assert_eq!(signer(&ring, start + TURN * 2), second[2]);
    }

    #[test]
    fn keys_of_several_services_are_published_once() {
        let keyrings = Keyrings::default();
        assert_eq!(keyrings.jwks(), r#"{"keys":[]}"#);
        keyrings.replace(vec![keyrings.own(), keyrings.own()]);
        let set: Value = serde_json::from_slice(&keyrings.jwks()).unwrap();
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys.iter().all(|key| key["alg"] == "ES256" && key.get("d").is_none()));
    }
}
