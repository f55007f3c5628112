//! Where krb5.conf is, and all the files that it includes.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use crate::krb5_conf::{
    Krb5Conf, Krb5ConfError,
    profile::{self, Item, MAX_LENGTH, is_included},
};

/// The file where `KRB5_CONFIG` names none.
const DEFAULT: &str = "/etc/krb5.conf";

/// Files that are read, all in all.
const MAX_FILES: usize = 256;

/// How deep files include each other; MIT's library draws the same line.
const MAX_DEPTH: usize = 10;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// Files include each other without end, or are too many.
    #[error(
        "{path}: files include each other in a circle, or are more than {MAX_FILES}; take an include out"
    )]
    Circle {
        /// The file that is one too many.
        path: PathBuf,
    },
    /// A file says what cannot be read.
    #[error("{path}: {source}; correct the file, or name another in KRB5_CONFIG")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Krb5ConfError,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}; see that it is there and whose it is")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads the files of `KRB5_CONFIG`, a list with colons, or else `/etc/krb5.conf`.
///
/// Of the list those that do not exist are passed over, as MIT's library does.
///
/// # Errors
///
/// Any [`ConfigurationError`].
pub fn load() -> Result<Krb5Conf, ConfigurationError> {
    let named = env::var_os("KRB5_CONFIG").filter(|list| !list.is_empty());
    let list = named.unwrap_or_else(|| DEFAULT.into());
    let files: Vec<PathBuf> = env::split_paths(&list).collect();
    load_files(&files)
}

/// Reads these files; those that do not exist are passed over.
///
/// # Errors
///
/// Any [`ConfigurationError`].
pub fn load_files(files: &[PathBuf]) -> Result<Krb5Conf, ConfigurationError> {
    let mut loading = Loading::default();
    for path in files.iter().filter(|path| !path.as_os_str().is_empty()) {
        match loading.file(path, 0) {
            Err(ConfigurationError::File { path: missing, source })
                if missing == *path && source.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(loading.conf)
}

#[derive(Default)]
struct Loading {
    conf: Krb5Conf,
    files: usize,
}

impl Loading {
    fn file(&mut self, path: &Path, depth: usize) -> Result<(), ConfigurationError> {
        self.files += 1;
        if depth > MAX_DEPTH || self.files > MAX_FILES {
            return Err(ConfigurationError::Circle { path: path.to_owned() });
        }
        let text = text(path).map_err(|source| ConfigurationError::File { path: path.to_owned(), source })?;
        let unreadable = |source| ConfigurationError::Content { path: path.to_owned(), source };
        let mut own = Vec::new();
        for item in profile::read(&text).map_err(unreadable)? {
            match item {
                Item::Include(name) => {
                    self.conf.append(std::mem::take(&mut own)).map_err(unreadable)?;
                    self.file(Path::new(&name), depth + 1)?;
                }
                Item::IncludeDir(name) => {
                    self.conf.append(std::mem::take(&mut own)).map_err(unreadable)?;
                    self.directory(Path::new(&name), depth + 1)?;
                }
                item => own.push(item),
            }
        }
        self.conf.append(own).map_err(unreadable)
    }

    /// The files of a directory, in the order of their names.
    fn directory(&mut self, path: &Path, depth: usize) -> Result<(), ConfigurationError> {
        let unreadable = |source| ConfigurationError::File { path: path.to_owned(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            if name.to_str().is_some_and(is_included) {
                names.push(name);
            }
        }
        names.sort();
        names.iter().try_for_each(|name| self.file(&path.join(name), depth))
    }
}

/// The text of a file. Octets that are none stand in comments, as a rule.
fn text(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let most = u64::try_from(MAX_LENGTH).unwrap_or(u64::MAX);
    let mut octets = Vec::new();
    // One octet more than may be, so that what is too long is seen to be.
    fs::File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests;
