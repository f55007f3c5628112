//! The options of `file`.

use std::path::PathBuf;

use super::{Passwords, reading::Reading};
use crate::config::spanned::Spanned;

/// Options of `file`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// Users, passwords and roles.
    pub file: Spanned<PathBuf>,
    /// Which password is tried.
    pub passwords: Passwords,
}

impl Reading<'_, '_> {
    pub(super) fn file(&self) -> Option<File> {
        Some(File { file: self.path("file")?, passwords: self.passwords() })
    }
}
