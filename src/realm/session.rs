//! Sessions in a sealed cookie: who proved a ticket once need not prove it with each request, until the ticket ends.
//!
//! The gateway keeps nothing: the cookie holds whom it is for and until when, sealed with a key of this process.
//! AES-256-GCM-SIV (RFC 8452) forgives a nonce that comes twice. A restart ends all sessions.

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
const FORM: u8 = 1;

/// The cookie of one door.
#[derive(Debug)]
pub struct Sessions {
    key: RandomizedNonceKey,
    /// `__Host-…`: only this host over TLS can set it, for all its paths (RFC 6265bis section 4.1.3.2).
    name: String,
    /// Seconds that a session lasts at most.
    life: i64,
}

/// What a good cookie says.
#[derive(Debug)]
pub struct Session {
    /// Whom it is for.
    pub subject: Subject,
    /// When the ticket ends that it was begun with, in seconds since 1970.
    pub ticket_ends: i64,
}

impl Sessions {
    /// Sessions of at most `life` seconds under a new key, in the cookie `name`.
    ///
    /// `None` if the key is refused, which one of this length is not.
    #[must_use]
    pub fn new(name: String, life: i64) -> Option<Self> {
        let octets = Zeroizing::new(ambient::random::<32>());
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, octets.as_ref()).ok()?;
        Some(Self { key, name, life })
    }

    /// The name of the cookie.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seconds that a session lasts at most.
    #[must_use]
    pub const fn life(&self) -> i64 {
        self.life
    }

    /// `Set-Cookie` for a new session of `subject`, whose ticket ends at `ticket_ends`; `None` if that would be too
    /// long for a cookie.
    ///
    /// Each login has a value of its own, so that one that was set before it is worth nothing after it.
    #[must_use]
    pub fn begin(&self, subject: &Subject, ticket_ends: i64, now: i64) -> Option<HeaderValue> {
        let ends = ticket_ends.min(now.saturating_add(self.life));
        let mut text = vec![FORM];
        for time in [now, ends, ticket_ends] {
            text.extend_from_slice(&time.to_be_bytes());
        }
        text.extend_from_slice(subject.to_text().as_bytes());
        let nonce = self.key.seal_in_place_append_tag(Aad::from(self.name.as_bytes()), &mut text).ok()?;
        let sealed = URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &text].concat());
        let seconds = ends.saturating_sub(now).max(0);
        let cookie =
            format!("{}={sealed}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}", self.name);
        if cookie.len() > MAX_COOKIE {
            return None;
        }
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The session of a cookie's value, if it is one of ours and has not ended.
    #[must_use]
    pub fn find(&self, value: &str, now: i64) -> Option<Session> {
        if value.len() > MAX_COOKIE {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (nonce, text) = sealed.split_at_mut_checked(NONCE)?;
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = self.key.open_in_place(nonce, Aad::from(self.name.as_bytes()), text).ok()?;
        let (form, rest) = text.split_first()?;
        let (begins, rest) = time(rest)?;
        let (ends, rest) = time(rest)?;
        let (ticket_ends, subject) = time(rest)?;
        // A clock that is set back must not give sessions a longer life.
        if *form != FORM || now < begins.saturating_sub(DRIFT) || now >= ends {
            return None;
        }
        Some(Session { subject: Subject::from_text(str::from_utf8(subject).ok()?)?, ticket_ends })
    }
}

/// Seconds since 1970, and what stands behind them.
fn time(octets: &[u8]) -> Option<(i64, &[u8])> {
    octets.split_first_chunk().map(|(time, rest)| (i64::from_be_bytes(*time), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn alice() -> Subject {
        Subject { principal: "alice@TGG.TEST".to_owned(), ..Subject::default() }
    }

    fn sessions() -> Sessions {
        Sessions::new("__Host-ticketgate".to_owned(), 3600).unwrap()
    }

    /// The value of the cookie that a browser would send back.
    fn value(sessions: &Sessions, subject: &Subject, ticket_ends: i64) -> String {
        let cookie = sessions.begin(subject, ticket_ends, NOW).unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        pair.strip_prefix("__Host-ticketgate=").unwrap().to_owned()
    }

    #[test]
    fn a_session_says_whom_it_is_for_until_it_ends() {
        let sessions = sessions();
        let value = value(&sessions, &alice(), NOW + 600);
        let session = sessions.find(&value, NOW + 599).unwrap();
        assert_eq!((session.subject, session.ticket_ends), (alice(), NOW + 600));
        assert!(sessions.find(&value, NOW + 600).is_none());
    }

    #[test]
    fn a_session_never_outlives_the_ticket_nor_its_own_life() {
        let sessions = sessions();
        for (ticket_ends, ends) in [(NOW + 600, NOW + 600), (NOW + 100_000, NOW + 3600)] {
            let value = value(&sessions, &alice(), ticket_ends);
            assert!(sessions.find(&value, ends - 1).is_some(), "{ticket_ends}");
            assert!(sessions.find(&value, ends).is_none(), "{ticket_ends}");
        }
    }

    #[test]
    fn a_session_that_spares_tickets_for_an_hour_knows_that_its_own_lasts_longer() {
        let sessions = sessions();
        let value = value(&sessions, &alice(), NOW + 100_000);
        assert_eq!(sessions.find(&value, NOW).unwrap().ticket_ends, NOW + 100_000);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_make_a_session_last_longer() {
        let sessions = sessions();
        let value = value(&sessions, &alice(), NOW + 600);
        assert!(sessions.find(&value, NOW - 30).is_some(), "time servers correct as much");
        assert!(sessions.find(&value, NOW - 3600).is_none());
    }

    #[test]
    fn an_altered_cookie_is_none() {
        let sessions = sessions();
        let value = value(&sessions, &alice(), NOW + 600);
        for place in 0..value.len() {
            let mut altered = value.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            assert!(sessions.find(str::from_utf8(&altered).unwrap(), NOW).is_none(), "octet {place}");
        }
        assert!(sessions.find("", NOW).is_none());
        assert!(sessions.find("AAAA", NOW).is_none());
    }

    #[test]
    fn a_cookie_of_another_door_or_process_is_none() {
        let value = value(&sessions(), &alice(), NOW + 600);
        assert!(sessions().find(&value, NOW).is_none());
    }

    #[test]
    fn each_login_has_a_value_of_its_own() {
        let sessions = sessions();
        assert_ne!(value(&sessions, &alice(), NOW + 600), value(&sessions, &alice(), NOW + 600));
    }

    #[test]
    fn a_cookie_that_browsers_would_drop_is_not_set() {
        let roles = (0..1000).map(|number| format!("role-{number}")).collect();
        assert!(sessions().begin(&Subject { roles, ..alice() }, NOW + 600, NOW).is_none());
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_other_sites_and_plain_http() {
        let cookie = sessions().begin(&alice(), NOW + 600, NOW).unwrap();
        let (_, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
        assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600");
    }
}
