//! The options of `http`: a web service that is asked about each login.

use std::time::Duration;

use super::reading::Reading;
use crate::{
    config::{report::Problem, spanned::Spanned},
    fetch::{Clear, judge_url},
};

/// Options of `http`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Http {
    /// Who is asked.
    pub url: Spanned<String>,
    /// Whether that may be without TLS.
    pub clear: Clear,
    /// Until when the answer must be there.
    pub timeout: Duration,
    /// Questions at the same time.
    pub connections: usize,
    /// Whether it is asked where nothing is presented.
    pub ask_always: bool,
    /// Whether it is told how logins end.
    pub phases: bool,
}

impl Reading<'_, '_> {
    pub(super) fn http(&mut self) -> Option<Http> {
        let clear = if self.flag("allowCleartext") { Clear::Anywhere } else { Clear::Loopback };
        let url = self.fields.text("url")?;
        if let Err(error) = judge_url(&url, clear) {
            let says = "the <url> cannot be asked";
            self.problems.push(Problem::error(url.span.clone(), says).help(error.to_string()));
            return None;
        }
        Some(Http {
            url,
            clear,
            timeout: self.time("timeout", 5),
            connections: self.size("connections").unwrap_or(32),
            ask_always: self.fields.flag("askAlways").unwrap_or(true),
            phases: self.flag("phases"),
        })
    }
}
