//! Sessions in a sealed cookie: who showed once who they are need not do it with each request.
//!
//! The gateway keeps nothing of a session: the cookie holds whom it is for and until when, sealed with a key of this
//! process. AES-256-GCM-SIV (RFC 8452) forgives a nonce that comes twice. What is kept is whose sessions were ended
//! before their time. A restart ends all.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::{ambient, realm::subject::Subject};

/// Octets of a nonce in front of what is sealed.
const NONCE: usize = 12;
/// Octets of the longest cookie: browsers drop those above 4096 with their name and attributes.
const MAX_COOKIE: usize = 3500;
/// Seconds by which a clock may be set back without an end to the sessions: time servers correct as much.
const DRIFT: i64 = 60;
/// The form of what is sealed.
const FORM: u8 = 2;
/// Seconds after which new sessions have a new key at the latest.
const ROTATION: i64 = 86_400;
/// Users whose sessions were ended that are remembered. Beyond it all sessions end, which is what can be known.
const MAX_ENDED: usize = 100_000;

/// What stands for the credentials that a session was begun with.
pub type Digest = [u8; 16];

/// The sessions of one realm.
#[derive(Debug)]
pub struct Sessions {
    /// `__Host-…`: only this host over TLS can set it, for all its paths (RFC 6265bis section 4.1.3.2).
    name: String,
    lasts: Lasts,
    keys: ArcSwap<Keys>,
    /// The number of the next session.
    next: AtomicU64,
    /// Whose sessions were ended: those below a number.
    ended: Mutex<HashMap<String, u64>>,
}

/// How long sessions last, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lasts {
    /// From login.
    pub life: i64,
    /// Without a request.
    pub idle: Option<i64>,
}

/// The key of new sessions, and those of the ones that go on.
#[derive(Debug)]
struct Keys {
    current: Key,
    past: Vec<Key>,
}

#[derive(Clone, Debug)]
struct Key {
    number: u8,
    since: i64,
    key: Arc<RandomizedNonceKey>,
}

/// What a good cookie says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Whom it is for.
    pub subject: Subject,
    /// What it was begun with.
    pub digest: Option<Digest>,
    /// When that ends, in seconds since 1970, if it does.
    pub proof_ends: Option<i64>,
    /// When the session ends at the latest.
    pub ends: i64,
    /// When it began, or was last used.
    used: i64,
    number: u64,
}

/// What a cookie is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Found {
    /// A session that has ended because nobody used it for too long.
    Idle(Session),
    /// A session.
    Live(Session),
}

impl Sessions {
    /// Sessions that last so long, in the cookie `name`.
    ///
    /// `None` if a key is refused, which one of its length is not.
    #[must_use]
    pub fn new(name: String, lasts: Lasts, now: i64) -> Option<Self> {
        let keys = Keys { current: Key::new(0, now)?, past: Vec::new() };
        let (next, ended) = (AtomicU64::new(1), Mutex::default());
        Some(Self { name, lasts, keys: ArcSwap::from_pointee(keys), next, ended })
    }

    /// The name of the cookie.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long sessions last.
    #[must_use]
    pub const fn lasts(&self) -> Lasts {
        self.lasts
    }

    /// `Set-Cookie` for a new session of `subject`, begun with credentials of this digest that are good until
    /// `proof_ends`; `None` if that would be too long for a cookie.
    ///
    /// Each login has a value of its own, so that one that was set before it is worth nothing after it.
    #[must_use]
    pub fn begin(
        &self,
        subject: &Subject,
        digest: Option<Digest>,
        proof_ends: Option<i64>,
        now: i64,
    ) -> Option<HeaderValue> {
        let life = now.saturating_add(self.lasts.life);
        let ends = proof_ends.unwrap_or(i64::MAX).min(life);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.seal(&Session { subject: subject.clone(), digest, proof_ends, ends, used: now, number }, now)
    }

    /// `Set-Cookie` for a session that is used, if it would end by idling and its cookie has grown old enough.
    #[must_use]
    pub fn renew(&self, session: &Session, now: i64) -> Option<HeaderValue> {
        let idle = self.lasts.idle?;
        // Not with each request: pages ask for many things at once.
        let is_due = now.saturating_sub(session.used) >= idle / 8;
        is_due.then(|| self.seal(&Session { used: now, ..session.clone() }, now)).flatten()
    }

    /// `Set-Cookie` that has a browser forget its session.
    #[must_use]
    pub fn forget(&self) -> HeaderValue {
        let cookie = format!("{}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0", self.name);
        HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Ends all sessions that a user has by now.
    pub fn end_all_of(&self, principal: &str, now: i64) {
        let below = self.next.load(Ordering::Relaxed);
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() >= MAX_ENDED && !ended.contains_key(principal) {
            ended.clear();
            if let Some(current) = Key::new(self.keys.load().current.number.wrapping_add(1), now) {
                self.keys.store(Arc::new(Keys { current, past: Vec::new() }));
            }
        }
        ended.insert(principal.to_owned(), below);
    }

    /// The session of a cookie's value, if it is one of ours and has not ended.
    #[must_use]
    pub fn find(&self, value: &str, now: i64) -> Option<Session> {
        match self.look(value, now)? {
            Found::Live(session) => Some(session),
            Found::Idle(_) => None,
        }
    }

    /// The same, and those that have ended by idling: their credentials may come along unasked.
    #[must_use]
    pub fn look(&self, value: &str, now: i64) -> Option<Found> {
        if value.len() > MAX_COOKIE {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (number, sealed) = sealed.split_first_mut()?;
        let keys = self.keys.load();
        let key = keys.all().find(|key| key.number == *number)?;
        let (nonce, text) = sealed.split_at_mut_checked(NONCE)?;
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = key.key.open_in_place(nonce, Aad::from(self.name.as_bytes()), text).ok()?;
        let session = Session::from_octets(text)?;
        // A clock that is set back must not give sessions a longer life.
        if now < session.used.saturating_sub(DRIFT) || now >= session.ends {
            return None;
        }
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let below = ended.get(&session.subject.principal).copied().unwrap_or_default();
        if session.number < below {
            return None;
        }
        let idle_ends = self.lasts.idle.map_or(i64::MAX, |idle| session.used.saturating_add(idle));
        Some(if now < idle_ends { Found::Live(session) } else { Found::Idle(session) })
    }

    fn seal(&self, session: &Session, now: i64) -> Option<HeaderValue> {
        let key = self.key(now)?;
        let mut text = session.to_octets();
        let nonce = key.key.seal_in_place_append_tag(Aad::from(self.name.as_bytes()), &mut text).ok()?;
        let sealed = URL_SAFE_NO_PAD.encode([&[key.number], nonce.as_ref().as_slice(), &text].concat());
        // Also of one that idles: that it has ended then is to be known.
        let seconds = session.ends.saturating_sub(now).max(0);
        let cookie =
            format!("{}={sealed}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}", self.name);
        if cookie.len() > MAX_COOKIE {
            return None;
        }
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The key of new sessions: another one once in a while. Those before it stay for as long as their sessions last.
    fn key(&self, now: i64) -> Option<Key> {
        let keys = self.keys.load();
        if now.saturating_sub(keys.current.since) < ROTATION {
            return Some(keys.current.clone());
        }
        // Two who come here at once make two keys, and the one that is not kept has sealed nothing yet.
        let fresh = Key::new(keys.current.number.wrapping_add(1), now)?;
        let lasting = ROTATION.saturating_add(self.lasts.life);
        let is_needed = |key: &&Key| now.saturating_sub(key.since) < lasting;
        let past = keys.all().filter(is_needed).cloned().collect();
        let before = self.keys.compare_and_swap(&keys, Arc::new(Keys { current: fresh, past }));
        drop(before);
        Some(self.keys.load().current.clone())
    }
}

impl Keys {
    fn all(&self) -> impl Iterator<Item = &Key> {
        [&self.current].into_iter().chain(&self.past)
    }
}

impl Key {
    fn new(number: u8, since: i64) -> Option<Self> {
        let octets = Zeroizing::new(ambient::random::<32>());
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, octets.as_ref()).ok()?;
        Some(Self { number, since, key: Arc::new(key) })
    }
}

impl Session {
    fn to_octets(&self) -> Vec<u8> {
        let mut octets = vec![FORM];
        for time in [self.used, self.ends, self.proof_ends.unwrap_or(i64::MAX)] {
            octets.extend_from_slice(&time.to_be_bytes());
        }
        octets.extend_from_slice(&self.number.to_be_bytes());
        octets.push(u8::from(self.digest.is_some()));
        octets.extend_from_slice(&self.digest.unwrap_or_default());
        octets.extend_from_slice(self.subject.to_text().as_bytes());
        octets
    }

    fn from_octets(octets: &[u8]) -> Option<Self> {
        let rest = octets.strip_prefix(&[FORM])?;
        let (used, rest) = rest.split_first_chunk()?;
        let (ends, rest) = rest.split_first_chunk()?;
        let (proof_ends, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (has_digest, rest) = rest.split_first()?;
        let (digest, subject) = rest.split_first_chunk::<16>()?;
        let proof_ends = i64::from_be_bytes(*proof_ends);
        Some(Self {
            subject: Subject::from_text(str::from_utf8(subject).ok()?)?,
            digest: (*has_digest == 1).then_some(*digest),
            proof_ends: (proof_ends != i64::MAX).then_some(proof_ends),
            ends: i64::from_be_bytes(*ends),
            used: i64::from_be_bytes(*used),
            number: u64::from_be_bytes(*number),
        })
    }
}

#[cfg(test)]
mod tests;
