//! The certificates that TLS proxies in front of the gateway show: tokens may be bound to them.

use std::path::PathBuf;

use super::{TlsError, binding, certificates};

/// Certificates of proxies in front.
#[derive(Debug)]
pub struct FrontCertificates {
    files: Vec<PathBuf>,
    /// Their bindings, and behind them those of the certificates before.
    bindings: Vec<[u8; 16]>,
}

impl FrontCertificates {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`TlsError::Certificate`], [`TlsError::Empty`] or [`TlsError::Unbindable`].
    pub fn load(files: Vec<PathBuf>) -> Result<Self, TlsError> {
        let bindings = read(&files)?;
        Ok(Self { files, bindings })
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The same files read again. The certificates in use stay good until the next time: a proxy changes to its new
    /// one in a moment of its own.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn renewed(&self) -> Result<Self, TlsError> {
        let mut bindings = read(&self.files)?;
        bindings.extend(self.bindings.iter().take(self.files.len()));
        Ok(Self { files: self.files.clone(), bindings })
    }

    /// The bindings that a token may have.
    #[must_use]
    pub fn bindings(&self) -> &[[u8; 16]] {
        &self.bindings
    }
}

fn read(files: &[PathBuf]) -> Result<Vec<[u8; 16]>, TlsError> {
    let binding = |path: &PathBuf| {
        let own = certificates(path)?.into_iter().next();
        let binding = own.and_then(|certificate| binding::end_point(&certificate));
        binding.ok_or_else(|| TlsError::Unbindable { path: path.clone() })
    };
    files.iter().map(binding).collect()
}
