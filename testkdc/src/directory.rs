//! The temporary directory of a realm, which goes when its owner goes.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use crate::error::Error;

/// A directory that only this user can look into.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Creates one with a name of its own.
    pub(crate) fn create() -> Result<Self, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = env::temp_dir().join(format!("testkdc-{}-{count}", process::id()));
        fs::DirBuilder::new().mode(0o700).create(&dir).map_err(Error::io(&dir))?;
        Ok(Self(dir))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes it and everything in it; what is gone already is no error.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::Directory;

    #[test]
    fn a_dropped_directory_is_gone_with_its_files() {
        let dir = Directory::create().unwrap();
        let path = dir.path().to_owned();
        std::fs::write(path.join("file"), "text").unwrap();
        drop(dir);
        assert!(!path.exists());
    }
}
