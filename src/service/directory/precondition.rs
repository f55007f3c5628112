//! What tells one state of a file from another, and what a request's conditions say of it (RFC 9110 sections 8.8, 13).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What tells one state of a file from another.
#[derive(Clone, Debug)]
pub(super) struct Validators {
    /// A strong entity tag, with its quotes.
    pub(super) tag: String,
    /// When it changed last, in seconds since 1970, and not later than now.
    pub(super) modified: u64,
}

/// What the conditions of a request say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// One does not hold.
    Failed,
    /// The client has this state already.
    Known,
    /// They hold.
    Send,
}

impl Validators {
    /// Judges `GET` and `HEAD` by the conditions of their head, in the order of RFC 9110 section 13.2.2.
    pub(super) fn judge(&self, headers: &HeaderMap) -> Verdict {
        if headers.contains_key(header::IF_MATCH) {
            if !self.is_listed(headers, header::IF_MATCH, Comparison::Strong) {
                return Verdict::Failed;
            }
        } else if date(headers, header::IF_UNMODIFIED_SINCE).is_some_and(|date| self.modified > date) {
            return Verdict::Failed;
        }
        let known = if headers.contains_key(header::IF_NONE_MATCH) {
            self.is_listed(headers, header::IF_NONE_MATCH, Comparison::Weak)
        } else {
            date(headers, header::IF_MODIFIED_SINCE).is_some_and(|date| self.modified <= date)
        };
        if known { Verdict::Known } else { Verdict::Send }
    }

    /// Whether a range may be cut out: the client's part is of this state (section 13.1.5). `now` is in seconds since
    /// 1970: a date proves nothing while the file could still change within the second.
    pub(super) fn may_cut(&self, headers: &HeaderMap, now: u64) -> bool {
        let mut fields = headers.get_all(header::IF_RANGE).iter();
        match (fields.next(), fields.next()) {
            (None, _) => true,
            (Some(field), None) => {
                field.as_bytes() == self.tag.as_bytes()
                    || (seconds(field) == Some(self.modified) && self.modified < now)
            }
            (Some(_), Some(_)) => false,
        }
    }

    /// When it changed last, as it is written.
    pub(super) fn date(&self) -> String {
        written(self.modified)
    }

    fn is_listed(&self, headers: &HeaderMap, name: HeaderName, comparison: Comparison) -> bool {
        let mut fields = headers.get_all(name).iter().filter_map(|field| field.to_str().ok());
        fields.any(|list| {
            list.trim() == "*" || Tags(list).any(|(weak, tag)| comparison.admits(weak) && tag == self.tag)
        })
    }
}

/// How entity tags are compared (RFC 9110 section 8.8.3.2).
#[derive(Clone, Copy)]
enum Comparison {
    Strong,
    Weak,
}

impl Comparison {
    const fn admits(self, weak: bool) -> bool {
        matches!(self, Self::Weak) || !weak
    }
}

/// The entity tags of a list, each with whether it is weak. It ends where the list is not well-formed.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = (bool, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let list = self.0.trim_start_matches([' ', '\t', ',']);
        let (weak, list) = list.strip_prefix("W/").map_or((false, list), |list| (true, list));
        let end = list.strip_prefix('"')?.find('"')?.checked_add(2)?;
        let (tag, rest) = list.split_at_checked(end)?;
        self.0 = rest;
        Some((weak, tag))
    }
}

/// The only date of a field.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    let mut fields = headers.get_all(name).iter();
    let field = fields.next()?;
    if fields.next().is_some() { None } else { seconds(field) }
}

fn seconds(field: &HeaderValue) -> Option<u64> {
    let date = httpdate::parse_http_date(field.to_str().ok()?).ok()?;
    date.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// The last second that HTTP can write: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

/// A second since 1970 as HTTP writes it.
pub(super) fn written(second: u64) -> String {
    let date: SystemTime = UNIX_EPOCH + Duration::from_secs(second.min(LAST));
    httpdate::fmt_http_date(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 9110 section 5.6.7.
    const SECOND: u64 = 784_111_777;
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn file() -> Validators {
        Validators { tag: "\"a,b\"".into(), modified: SECOND }
    }

    fn head(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn each_condition_alone_is_judged() {
        use Verdict::{Failed, Known, Send};
        for (name, value, verdict) in [
            ("if-match", "\"a,b\"", Send),
            ("if-match", "\"x\", \"a,b\"", Send),
            ("if-match", "*", Send),
            ("if-match", "W/\"a,b\"", Failed),
            ("if-match", "\"a\"", Failed),
            ("if-match", "a,b", Failed),
            ("if-match", "", Failed),
            ("if-unmodified-since", DATE, Send),
            ("if-unmodified-since", AFTER, Send),
            ("if-unmodified-since", BEFORE, Failed),
            ("if-unmodified-since", "yesterday", Send),
            ("if-none-match", "\"a,b\"", Known),
            ("if-none-match", "W/\"a,b\"", Known),
            ("if-none-match", "\"x\" , W/\"y\",\"a,b\"", Known),
            ("if-none-match", "*", Known),
            ("if-none-match", "\"a\"", Send),
            ("if-none-match", "\"a,b", Send),
            ("if-none-match", "\"x\" junk \"a,b\"", Send),
            ("if-modified-since", DATE, Known),
            ("if-modified-since", AFTER, Known),
            ("if-modified-since", BEFORE, Send),
            ("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT", Known),
            ("if-modified-since", "Sun Nov  6 08:49:37 1994", Known),
            ("if-modified-since", "0", Send),
        ] {
            assert_eq!(file().judge(&head(&[(name, value)])), verdict, "{name}: {value}");
        }
    }

    #[test]
    fn a_tag_outweighs_a_date() {
        let headers = head(&[("if-none-match", "\"x\""), ("if-modified-since", AFTER)]);
        assert_eq!(file().judge(&headers), Verdict::Send);
        let headers = head(&[("if-match", "\"a,b\""), ("if-unmodified-since", BEFORE)]);
        assert_eq!(file().judge(&headers), Verdict::Send);
    }

    #[test]
    fn a_condition_that_fails_comes_before_what_is_known() {
        let headers = head(&[("if-match", "\"x\""), ("if-none-match", "\"a,b\"")]);
        assert_eq!(file().judge(&headers), Verdict::Failed);
    }

    #[test]
    fn tags_may_stand_in_several_fields_and_dates_may_not() {
        let headers = head(&[("if-none-match", "\"x\""), ("if-none-match", "\"a,b\"")]);
        assert_eq!(file().judge(&headers), Verdict::Known);
        let headers = head(&[("if-modified-since", DATE), ("if-modified-since", DATE)]);
        assert_eq!(file().judge(&headers), Verdict::Send);
    }

    #[test]
    fn a_part_is_cut_of_the_very_state_that_the_client_has() {
        let later = SECOND + 1;
        assert!(file().may_cut(&head(&[]), later));
        for (value, may) in [
            ("\"a,b\"", true),
            ("W/\"a,b\"", false),
            ("\"x\"", false),
            ("*", false),
            (DATE, true),
            (BEFORE, false),
            (AFTER, false),
        ] {
            assert_eq!(file().may_cut(&head(&[("if-range", value)]), later), may, "{value}");
        }
    }

    #[test]
    fn a_date_of_this_very_second_proves_nothing() {
        assert!(!file().may_cut(&head(&[("if-range", DATE)]), SECOND));
    }

    #[test]
    fn dates_are_written_as_http_does_and_never_panic() {
        assert_eq!(file().date(), DATE);
        assert_eq!(written(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
