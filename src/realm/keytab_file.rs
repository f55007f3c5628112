//! The keytab on disk: read at the start, read again when it changes, and never lost to a half-written one.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use krb::keytab::{Keytab, KeytabError};
use zeroize::Zeroizing;

use crate::file_state::FileState;

/// Octets of the longest keytab that is read: tens of thousands of keys.
const MAX_KEYTAB: u64 = 4 * 1024 * 1024;

/// Why the keytab cannot be used. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeytabFileError {
    /// It is no keytab, or half of one.
    #[error("{path} is not a whole keytab: {source}; export it to another file and rename that")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeytabError,
    },
    /// No key in it is for a service that is accepted.
    #[error("{path} has no usable key for {services}{}", skipped.iter().map(|why| format!("; {why}")).collect::<String>())]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// What is accepted.
        services: String,
        /// Why its keys are not usable.
        skipped: Vec<String>,
    },
    /// It cannot be read.
    #[error(
        "cannot read the keytab {path}: {source}; it must exist, and be readable by the gateway's user alone"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is too long to be one.
    #[error("{path} has {length} octets, which no keytab has; name another file")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Octets.
        length: u64,
    },
}

/// Reads the keytab, and the state it was in.
///
/// # Errors
///
/// Any [`KeytabFileError`] but [`KeytabFileError::NoKeys`].
pub fn read(path: &Path) -> Result<(Keytab, FileState), KeytabFileError> {
    let failed = |source| KeytabFileError::Read { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.len() > MAX_KEYTAB {
        return Err(KeytabFileError::TooLong { path: path.to_owned(), length: metadata.len() });
    }
    if metadata.mode() & 0o077 != 0 {
        tracing::warn!(
            keytab = %path.display(),
            "Others on this host can read the keytab, and so pretend to be its services; chmod 600 it"
        );
    }
    let octets = Zeroizing::new(fs::read(path).map_err(failed)?);
    let keytab =
        Keytab::read(&octets).map_err(|source| KeytabFileError::Content { path: path.to_owned(), source })?;
    Ok((keytab, FileState::of(&metadata)))
}
