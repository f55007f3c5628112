//! The options of `exec`: a program that is asked about each login.

use std::{path::PathBuf, time::Duration};

use super::reading::Reading;
use crate::config::spanned::Spanned;

/// Options of `exec`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exec {
    /// The program.
    pub command: Spanned<PathBuf>,
    /// What it is started with.
    pub arguments: Vec<String>,
    /// How many of it run.
    pub processes: usize,
    /// Until when it must have answered.
    pub timeout: Duration,
    /// Whether it is asked where nothing is presented.
    pub ask_always: bool,
    /// Whether it is told how logins end.
    pub phases: bool,
}

impl Reading<'_, '_> {
    pub(super) fn exec(&mut self) -> Option<Exec> {
        Some(Exec {
            command: self.path("command")?,
            arguments: self.names("argument"),
            processes: self.size("processes").unwrap_or(2),
            timeout: self.time("timeout", 5),
            ask_always: self.fields.flag("askAlways").unwrap_or(true),
            phases: self.flag("phases"),
        })
    }
}
