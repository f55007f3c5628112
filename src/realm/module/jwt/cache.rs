//! How long keys of an issuer are good, and when it may be asked for new ones. It is told the time and asks nobody.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, header};
use tgg::moment::Moment;

use super::keys::KeySet;

/// Shortest and longest time after which keys are fetched again, and the time where the issuer does not say.
const LIFE: (Duration, Duration, Duration) =
    (Duration::from_secs(60), Duration::from_secs(86_400), Duration::from_secs(3600));
/// For which keys go on that cannot be fetched again. Beyond it nobody knows which of them were withdrawn.
const STALE: Duration = Duration::from_secs(86_400);
/// After which an issuer is asked again that could not be.
const RETRY: Duration = Duration::from_secs(5);
/// At most once in so long the issuer is asked because a token names a key that is not known: anybody can name one.
const UNKNOWN: Duration = Duration::from_secs(30);
/// How often the log says that keys cannot be fetched.
const REMIND: Duration = Duration::from_secs(60);

/// Keys, and how fresh they are.
#[derive(Debug, Default)]
pub(super) struct Cache {
    fetched: Option<Fetched>,
    /// When the issuer was asked the last time, and failed.
    failed: Option<Moment>,
    /// When it was asked the last time for a key that is not known.
    searched: Option<Moment>,
    told: Option<Moment>,
    /// How often it has been asked.
    pub(super) count: u64,
}

#[derive(Debug)]
struct Fetched {
    set: Arc<KeySet>,
    at: Moment,
    life: Duration,
}

impl Cache {
    /// The keys, if there are any that are still believed.
    pub(super) fn keys(&self, now: Moment) -> Option<Arc<KeySet>> {
        let fetched = self.fetched.as_ref()?;
        (now < fetched.at + fetched.life + STALE).then(|| Arc::clone(&fetched.set))
    }

    /// Whether the issuer could not be asked the last time.
    pub(super) const fn fails(&self) -> bool {
        self.failed.is_some()
    }

    /// Whether the issuer may be asked by a login that has no keys.
    pub(super) fn may_fetch(&self, now: Moment) -> bool {
        self.failed.is_none_or(|failed| now >= failed + RETRY)
    }

    /// Whether it may be asked for a key that is not known. It counts as asked.
    pub(super) fn may_search(&mut self, now: Moment) -> bool {
        let may = self.searched.is_none_or(|searched| now >= searched + UNKNOWN);
        if may {
            self.searched = Some(now);
        }
        may
    }

    /// When keys are to be fetched without anybody waiting for them: before a tenth of their time is left.
    pub(super) fn due(&self, now: Moment) -> Moment {
        match (&self.fetched, self.failed) {
            (_, Some(failed)) => failed + RETRY,
            (Some(fetched), None) => fetched.at + fetched.life.mul_f32(0.9),
            (None, None) => now,
        }
    }

    /// Keys were fetched that are good for so long.
    pub(super) fn succeeded(&mut self, set: Arc<KeySet>, life: Duration, now: Moment) {
        self.fetched = Some(Fetched { set, at: now, life });
        (self.failed, self.told) = (None, None);
        self.count += 1;
    }

    /// They could not be fetched. Returns whether that is worth a line in the log.
    pub(super) fn failed(&mut self, now: Moment) -> bool {
        self.failed = Some(now);
        self.count += 1;
        let is_told = self.told.is_none_or(|told| now >= told + REMIND);
        if is_told {
            self.told = Some(now);
        }
        is_told
    }
}

/// For how long an answer says that it is good (RFC 9111 section 5.2.2), within bounds.
pub(super) fn life(headers: &HeaderMap) -> Duration {
    let (least, most, usual) = LIFE;
    let mut life = usual;
    let fields = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|field| field.to_str().ok());
    for directive in fields.flat_map(|field| field.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return least;
        }
        if name.eq_ignore_ascii_case("max-age")
            && let Ok(seconds) = value.trim().trim_matches('"').parse()
        {
            life = Duration::from_secs(seconds);
        }
    }
    life.clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(1_000_000 + seconds))
    }

    fn said(field: &str) -> u64 {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, field.parse().unwrap());
        life(&headers).as_secs()
    }

    fn fetched() -> Cache {
        let mut cache = Cache::default();
        cache.succeeded(Arc::default(), Duration::from_secs(3600), at(0));
        cache
    }

    #[test]
    fn the_issuer_says_how_long_keys_are_good_within_bounds() {
        assert_eq!(life(&HeaderMap::new()).as_secs(), 3600);
        assert_eq!(said("public, Max-Age=600"), 600);
        assert_eq!(said("max-age=\"600\""), 600);
        for short in ["max-age=0", "no-store", "max-age=600, no-cache", "NO-CACHE=\"a\""] {
            assert_eq!(said(short), 60, "{short}");
        }
        assert_eq!(said("max-age=31536000"), 86_400);
        for unclear in ["max-age=", "max-age=-1", "max-age=99999999999999999999", "s-maxage=5", "immutable"] {
            assert_eq!(said(unclear), 3600, "{unclear}");
        }
    }

    #[test]
    fn keys_are_due_before_their_time_is_over() {
        assert_eq!(Cache::default().due(at(7)), at(7));
        assert!(fetched().due(at(0)) < at(3600) && fetched().due(at(0)) > at(3200));
    }

    #[test]
    fn keys_that_cannot_be_fetched_again_go_on_for_a_day() {
        let mut cache = fetched();
        cache.failed(at(3240));
        assert!(cache.fails());
        assert_eq!(cache.due(at(3240)), at(3245));
        assert!(cache.keys(at(3600 + 86_399)).is_some());
        assert!(cache.keys(at(3600 + 86_400)).is_none());
        cache.succeeded(Arc::default(), Duration::from_secs(60), at(90_000));
        assert!(!cache.fails() && cache.keys(at(90_001)).is_some());
    }

    #[test]
    fn an_issuer_that_fails_is_not_asked_by_each_login() {
        let mut cache = Cache::default();
        assert!(cache.may_fetch(at(0)));
        cache.failed(at(0));
        assert!(!cache.may_fetch(at(4)) && cache.may_fetch(at(5)));
    }

    #[test]
    fn a_key_that_is_not_known_is_searched_at_once_and_then_every_half_minute() {
        let mut cache = fetched();
        assert!(cache.may_search(at(1)) && !cache.may_search(at(2)) && !cache.may_search(at(30)));
        assert!(cache.may_search(at(31)) && !cache.may_search(at(32)));
    }

    #[test]
    fn a_failure_is_told_once_a_minute_and_anew_after_a_success() {
        let mut cache = fetched();
        assert!(cache.failed(at(0)) && !cache.failed(at(59)) && cache.failed(at(60)));
        cache.succeeded(Arc::default(), Duration::from_secs(60), at(61));
        assert!(cache.failed(at(62)));
    }
}
