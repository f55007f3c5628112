//! The file of a credential cache: which one it is, and how it is read and replaced.
//!
//! It is written beside itself and then renamed, so that nobody reads a half of it, and a link that somebody put into
//! `/tmp` is replaced and not followed.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use krb::ccache::{Ccache, CcacheError, MAX_LENGTH};
use rustix::process::{geteuid, getuid};
use zeroize::Zeroizing;

use crate::krb5_conf::Krb5Conf;

/// The cache where neither `KRB5CCNAME` nor krb5.conf names one; MIT's default on most systems.
const DEFAULT: &str = "FILE:/tmp/krb5cc_%{uid}";

/// A credential cache in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CcacheFile {
    path: PathBuf,
    /// Whether the user named it. A file that is only where such files are may be another's.
    is_named: bool,
}

/// Why a credential cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CcacheFileError {
    /// It is in the place of the user's, and another's.
    #[error("{path} belongs to user {owner}; remove it, or name another file with -c or KRB5CCNAME")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
    },
    /// It is no file.
    #[error(
        "credential caches of the kind {kind}: are not supported; set KRB5CCNAME=FILE:/path, or use -c /path"
    )]
    Kind {
        /// The kind.
        kind: String,
    },
    /// There is none.
    #[error("there is no credential cache {path}; get a ticket with kinit")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("{path} cannot be read: {source}; see whose it is")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name has a parameter that has no value here.
    #[error(
        "the name {name} of the credential cache has %{{…}} in it that is not known; use %{{uid}}, or set KRB5CCNAME=FILE:/path"
    )]
    Parameter {
        /// The name.
        name: String,
    },
    /// Its content is no credential cache, or its tickets do not fit into one.
    #[error("{path}: {source}; remove it and get a ticket with kinit")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: CcacheError,
    },
    /// It cannot be written.
    #[error("{path} cannot be written: {source}; see that the directory is there and yours")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl CcacheFile {
    /// The file that `name` says, or else `KRB5CCNAME`, or `default_ccache_name` of krb5.conf, or the usual one.
    ///
    /// # Errors
    ///
    /// [`CcacheFileError::Kind`] for a cache that is no file, [`CcacheFileError::Parameter`].
    pub fn choose(name: Option<&str>, conf: &Krb5Conf) -> Result<Self, CcacheFileError> {
        let environment = env::var_os("KRB5CCNAME").filter(|name| !name.is_empty());
        match (name, environment) {
            (Some(name), _) => Self::named(name),
            (None, Some(name)) => match name.into_string() {
                Ok(name) => Self::named(&name),
                // A path of the system, which has no kind that could be read.
                Err(name) => Ok(Self { path: name.into(), is_named: true }),
            },
            (None, None) => {
                let name = expanded(conf.default_ccache_name().unwrap_or(DEFAULT))?;
                Ok(Self { is_named: false, ..Self::named(&name)? })
            }
        }
    }

    fn named(name: &str) -> Result<Self, CcacheFileError> {
        let path = match name.split_once(':') {
            Some(("FILE", path)) => path,
            // A kind has no slash in it; what has one is a path.
            Some((kind, _)) if !kind.contains('/') => {
                return Err(CcacheFileError::Kind { kind: kind.to_owned() });
            }
            _ => name,
        };
        Ok(Self { path: path.into(), is_named: true })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`CcacheFileError::Missing`] if there is none; [`CcacheFileError::Foreign`], [`CcacheFileError::Read`] and
    /// [`CcacheFileError::Unreadable`].
    pub fn read(&self) -> Result<Ccache, CcacheFileError> {
        let path = || self.path.clone();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => CcacheFileError::Missing { path: path() },
            _ => CcacheFileError::Read { path: path(), source },
        };
        let file = File::open(&self.path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        let (owner, own) = (about.uid(), geteuid().as_raw());
        // Whoever is let to put a cache there could have a user work under another's name.
        if !self.is_named && owner != own {
            return Err(CcacheFileError::Foreign { path: path(), owner });
        }
        let most = u64::try_from(MAX_LENGTH).unwrap_or(u64::MAX);
        let expected = usize::try_from(about.len().min(most)).unwrap_or(MAX_LENGTH);
        // All at once, so that no key is left behind in an outgrown buffer.
        let mut octets = Zeroizing::new(Vec::with_capacity(expected + 1));
        file.take(most.saturating_add(1)).read_to_end(&mut octets).map_err(failed)?;
        Ccache::read(&octets).map_err(|source| CcacheFileError::Unreadable { path: path(), source })
    }

    /// Replaces it, for its owner alone.
    ///
    /// # Errors
    ///
    /// [`CcacheFileError::Unreadable`] if the format has no room for a ticket, [`CcacheFileError::Write`].
    pub fn write(&self, ccache: &Ccache) -> Result<(), CcacheFileError> {
        let octets = ccache
            .encode()
            .map_err(|source| CcacheFileError::Unreadable { path: self.path.clone(), source })?;
        let temporary = self.temporary();
        let written = create(&temporary, &octets).and_then(|()| fs::rename(&temporary, &self.path));
        written.map_err(|source| {
            let _ = fs::remove_file(&temporary);
            CcacheFileError::Write { path: self.path.clone(), source }
        })
    }

    /// A name beside it that nobody can foresee.
    fn temporary(&self) -> PathBuf {
        let mut random = [0; 8];
        super::ambient::fill(&mut random);
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{:016x}", u64::from_be_bytes(random)));
        self.path.with_file_name(name)
    }
}

/// Creates a file that was not there, links included.
fn create(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(octets)
}

/// The name with what its parameters stand for (MIT krb5's doc/admin/conf_files/krb5_conf.rst, Parameter expansion).
fn expanded(name: &str) -> Result<String, CcacheFileError> {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, behind)) = rest.split_once("%{") {
        let parameter = behind.split_once('}');
        let value = match parameter.map(|(name, _)| name) {
            Some("uid" | "USERID") => getuid().as_raw().to_string(),
            Some("euid") => geteuid().as_raw().to_string(),
            Some("TEMP") => env::temp_dir().to_string_lossy().into_owned(),
            Some("null") => String::new(),
            _ => return Err(CcacheFileError::Parameter { name: name.to_owned() }),
        };
        text += before;
        text += &value;
        rest = parameter.map_or("", |(_, rest)| rest);
    }
    Ok(text + rest)
}

#[cfg(test)]
mod tests;
