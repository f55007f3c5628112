//! Where counterparts that are built or fetched have their files: below the build directory.

use std::{env, fs, path::PathBuf};

use crate::error::Error;

/// The directory `peers` of the build directory that this very program came from.
pub(crate) fn dir() -> Result<PathBuf, Error> {
    let program = env::current_exe().map_err(Error::io("current_exe"))?;
    // Cargo marks its build directory with this file; nothing above it belongs to the build.
    let marked = program.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists());
    let dir = marked.or(program.parent()).unwrap_or(&program).join("peers");
    fs::create_dir_all(&dir).map_err(Error::io(&dir))?;
    Ok(dir)
}
