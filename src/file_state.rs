//! What tells that a file has changed.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// What tells one state of a file from another, by its name: also where a link to it was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileState {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl FileState {
    /// That of a file with this metadata.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// That of the file, if there is one.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }
}
