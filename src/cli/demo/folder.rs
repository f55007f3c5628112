//! The folder with the files of the demo, which goes when the demo does.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::DemoError;
use crate::ambient;

/// A folder that nobody else can read: there are keys in it.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// One that was not there before, in the system's folder for such.
    pub(super) fn new() -> Result<Self, DemoError> {
        let name = format!("ticketgate-demo-{:016x}", u64::from_be_bytes(ambient::random()));
        let path = std::env::temp_dir().join(name);
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(DemoError::File { path, source }),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file that only its owner can read. Folders on the way to it are made.
    pub(super) fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> Result<PathBuf, DemoError> {
        let path = self.0.join(name);
        let write = || {
            if let Some(above) = path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(above)?;
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(octets.as_ref())
        };
        match write() {
            Ok(()) => Ok(path),
            Err(source) => Err(DemoError::File { path, source }),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!("{} is left: {error}; remove it, there are keys in it", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_are_their_owners_alone_and_go_with_the_folder() {
        let folder = Folder::new().unwrap();
        let file = folder.write("below/key", "secret").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "secret");
        for (path, mode) in [(folder.path(), 0o700), (&file, 0o600)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert!(folder.write("below/key", "again").is_err());
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }
}
