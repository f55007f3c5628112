//! The certificates that TLS proxies in front of the gateway show: tokens may be bound to them.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;

use super::{TlsError, binding, certificates};

/// Certificates of proxies in front.
#[derive(Debug)]
pub struct FrontCertificates {
    files: Vec<PathBuf>,
    /// Their bindings, and behind them those of the certificates before.
    bindings: ArcSwap<Vec<[u8; 16]>>,
}

impl FrontCertificates {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`TlsError::Certificate`], [`TlsError::Empty`] or [`TlsError::Unbindable`].
    pub fn load(files: Vec<PathBuf>) -> Result<Self, TlsError> {
        let bindings = read(&files)?;
        Ok(Self { files, bindings: ArcSwap::from_pointee(bindings) })
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Reads the files again. The certificates in use stay good until the next time: a proxy changes to its new one
    /// in a moment of its own. If a file cannot be used, nothing changes.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let mut bindings = read(&self.files)?;
        let before = self.bindings.load();
        bindings.extend(before.iter().take(self.files.len()));
        self.bindings.store(Arc::new(bindings));
        Ok(())
    }

    /// The bindings that a token may have.
    #[must_use]
    pub fn bindings(&self) -> Arc<Vec<[u8; 16]>> {
        self.bindings.load_full()
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
