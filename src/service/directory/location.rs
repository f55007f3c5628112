//! How long caches may keep which files: `location` of a directory service.
//!
//! A file may match several locations. Their directives are put together, and of two times for one directive the
//! shorter counts, so `max-age=1 year` for all and `max-age=0` for pages have pages asked for anew.

mod pattern;

use std::{fmt::Write as _, time::Duration};

use http::HeaderValue;

use pattern::Pattern;

/// Directives without a value (RFC 9111 section 5.2.2, RFC 8246).
const WORDS: [&str; 9] = [
    "immutable",
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-store",
    "no-transform",
    "private",
    "proxy-revalidate",
    "public",
];

/// Directives with a time (RFC 9111 section 5.2.2, RFC 5861).
const TIMES: [&str; 4] = ["max-age", "s-maxage", "stale-if-error", "stale-while-revalidate"];

/// What precedes a time that counts from the file's last change.
const AFTER_CHANGE: &str = "m+";

/// The directive that may have such a time.
const AFTER_CHANGE_OF: &str = "max-age";

/// Some files, and how long caches may keep them.
#[derive(Clone, Debug)]
pub struct Location {
    patterns: Vec<Pattern>,
    directives: Directives,
}

/// Why a location cannot be. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// A directive is none that responses have.
    #[error("{directive:?} is no directive of Cache-Control; use {}", known())]
    Directive {
        /// What is configured.
        directive: String,
    },
    /// It has no pattern.
    #[error("no pattern says which files are meant; write **/* for all")]
    NoPattern,
    /// A time is none.
    #[error("{time:?} is no time for {directive}; write it as 30 minutes{}", after_change(directive))]
    Time {
        /// The directive.
        directive: &'static str,
        /// What is configured.
        time: String,
    },
    /// A directive stands there twice.
    #[error("{directive} stands there twice; leave one out")]
    Twice {
        /// The directive.
        directive: &'static str,
    },
}

impl Location {
    /// The files that match one of `patterns`, and their directives as `cache-control` has them. A pattern is a path
    /// below the directory in any case, with `?` for a sign, `*` for some signs of a name and `**` for some folders.
    /// `time` reads a time as the configuration writes it.
    ///
    /// # Errors
    ///
    /// [`LocationError`].
    pub fn new<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
        cache_control: &str,
        time: impl Fn(&str) -> Option<Duration>,
    ) -> Result<Self, LocationError> {
        let patterns: Vec<_> = patterns.into_iter().map(Pattern::new).collect();
        if patterns.is_empty() {
            return Err(LocationError::NoPattern);
        }
        Ok(Self { patterns, directives: Directives::read(cache_control, time)? })
    }

    fn is_of(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_of(path))
    }
}

/// The directives that can stand there, for the operator.
fn known() -> String {
    let times = TIMES.into_iter().map(|name| format!("{name}=TIME"));
    times.chain(WORDS.map(str::to_owned)).collect::<Vec<_>>().join(", ")
}

/// What else a time may be, for the operator.
fn after_change(directive: &str) -> &'static str {
    if directive == AFTER_CHANGE_OF {
        ", or as m+30 minutes to count from the file's last change"
    } else {
        ""
    }
}

/// What caches are told of the file at `path` below the directory, if anything. It `changed` last then; both times are
/// in seconds since 1970.
pub(super) fn cache_control(
    locations: &[Location],
    path: &str,
    changed: u64,
    now: u64,
) -> Option<HeaderValue> {
    if locations.is_empty() {
        return None;
    }
    let path = path.to_lowercase();
    let mut all = Directives::default();
    for location in locations.iter().filter(|location| location.is_of(&path)) {
        all.add(&location.directives);
    }
    HeaderValue::try_from(all.written(changed, now)).ok().filter(|value| !value.is_empty())
}

/// Directives of `Cache-Control`. Times are in seconds.
#[derive(Clone, Debug, Default)]
struct Directives {
    words: [bool; WORDS.len()],
    times: [Option<u64>; TIMES.len()],
    after_change: Option<u64>,
}

impl Directives {
    fn read(text: &str, time: impl Fn(&str) -> Option<Duration>) -> Result<Self, LocationError> {
        let mut read = Self::default();
        for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
            read.take(directive, &time)?;
        }
        Ok(read)
    }

    fn take(&mut self, text: &str, time: impl Fn(&str) -> Option<Duration>) -> Result<(), LocationError> {
        let (name, value) =
            text.split_once('=').map_or((text, None), |(name, value)| (name.trim(), Some(value.trim())));
        let is_named = |known: &str| known.eq_ignore_ascii_case(name);
        if let Some(value) = value
            && let Some((directive, place)) =
                TIMES.into_iter().zip(&mut self.times).find(|(known, _)| is_named(known))
        {
            let after_change = value.strip_prefix(AFTER_CHANGE).filter(|_| directive == AFTER_CHANGE_OF);
            let seconds = time(after_change.unwrap_or(value))
                .map(|time| time.as_secs())
                .ok_or_else(|| LocationError::Time { directive, time: value.to_owned() })?;
            let place = if after_change.is_some() { &mut self.after_change } else { place };
            return match place.replace(seconds) {
                None => Ok(()),
                Some(_) => Err(LocationError::Twice { directive }),
            };
        }
        if value.is_none()
            && let Some((directive, place)) =
                WORDS.into_iter().zip(&mut self.words).find(|(known, _)| is_named(known))
        {
            return if std::mem::replace(place, true) {
                Err(LocationError::Twice { directive })
            } else {
                Ok(())
            };
        }
        Err(LocationError::Directive { directive: text.to_owned() })
    }

    /// Puts others to these.
    fn add(&mut self, others: &Self) {
        for (word, other) in self.words.iter_mut().zip(others.words) {
            *word |= other;
        }
        for (time, other) in self.times.iter_mut().zip(others.times) {
            *time = shorter(*time, other);
        }
        self.after_change = shorter(self.after_change, others.after_change);
    }

    /// As they are sent for a file that changed then.
    fn written(&self, changed: u64, now: u64) -> String {
        let left = self.after_change.map(|after| changed.saturating_add(after).saturating_sub(now));
        let mut text = String::new();
        for (word, _) in WORDS.iter().zip(self.words).filter(|(_, said)| *said) {
            separate(&mut text);
            text.push_str(word);
        }
        for (name, time) in TIMES.into_iter().zip(self.times) {
            let time = if name == AFTER_CHANGE_OF { shorter(time, left) } else { time };
            if let Some(time) = time {
                separate(&mut text);
                // Writing to a string cannot fail.
                let _ = write!(text, "{name}={time}");
            }
        }
        text
    }
}

fn separate(text: &mut String) {
    if !text.is_empty() {
        text.push_str(", ");
    }
}

/// The shorter of two times, or the one that is there.
fn shorter(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds alone, which is all these tests need of the configuration's times.
    fn seconds(text: &str) -> Option<Duration> {
        text.parse().ok().map(Duration::from_secs)
    }

    fn location(pattern: &str, cache_control: &str) -> Location {
        Location::new([pattern], cache_control, seconds).unwrap()
    }

    fn told(locations: &[Location], path: &str) -> Option<String> {
        cache_control(locations, path, 1000, 1060).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_file_without_a_location_is_told_nothing_of() {
        assert_eq!(told(&[], "a.html"), None);
        assert_eq!(told(&[location("**/*.css", "public")], "a.html"), None);
    }

    #[test]
    fn directives_are_sent_as_they_are_known() {
        let locations = [location("**/*", "Public,no-transform, s-maxage=7,MAX-AGE=5")];
        assert_eq!(told(&locations, "a/b").unwrap(), "no-transform, public, max-age=5, s-maxage=7");
    }

    #[test]
    fn the_shorter_time_of_two_locations_counts() {
        let locations =
            [location("**/*", "public, max-age=100"), location("**/*.html", "max-age=0, no-cache")];
        assert_eq!(told(&locations, "index.html").unwrap(), "no-cache, public, max-age=0");
        assert_eq!(told(&locations, "a.css").unwrap(), "public, max-age=100");
    }

    #[test]
    fn a_time_after_the_last_change_runs_out() {
        let locations = [location("**/*", "max-age=m+100")];
        assert_eq!(told(&locations, "a").unwrap(), "max-age=40");
        let aged = cache_control(&locations, "a", 1000, 2000).unwrap();
        assert_eq!(aged, "max-age=0");
    }

    #[test]
    fn a_time_and_a_time_after_the_last_change_may_stand_together() {
        assert_eq!(told(&[location("**/*", "max-age=m+100, max-age=30")], "a").unwrap(), "max-age=30");
        assert_eq!(told(&[location("**/*", "max-age=m+100, max-age=50")], "a").unwrap(), "max-age=40");
    }

    #[test]
    fn the_operator_is_told_what_could_stand_there() {
        let told = |text: &str| Location::new(["*"], text, seconds).unwrap_err().to_string();
        assert_eq!(
            told("max-age=x"),
            "\"x\" is no time for max-age; write it as 30 minutes, or as m+30 minutes to count from the file's last change"
        );
        assert_eq!(told("s-maxage=x"), "\"x\" is no time for s-maxage; write it as 30 minutes");
        assert!(
            told("publik").ends_with("no-transform, private, proxy-revalidate, public"),
            "{}",
            told("publik")
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_its_name() {
        let refused = |text: &str| Location::new(["*"], text, seconds).unwrap_err();
        assert_eq!(refused("publik"), LocationError::Directive { directive: "publik".into() });
        assert_eq!(refused("max-age"), LocationError::Directive { directive: "max-age".into() });
        assert_eq!(refused("public=1"), LocationError::Directive { directive: "public=1".into() });
        assert_eq!(refused("max-age=x"), LocationError::Time { directive: "max-age", time: "x".into() });
        assert_eq!(
            refused("s-maxage=m+1"),
            LocationError::Time { directive: "s-maxage", time: "m+1".into() }
        );
        assert_eq!(refused("max-age=1,max-age=2"), LocationError::Twice { directive: "max-age" });
        assert_eq!(refused("public, public"), LocationError::Twice { directive: "public" });
        assert_eq!(Location::new([], "public", seconds).unwrap_err(), LocationError::NoPattern);
    }
}
