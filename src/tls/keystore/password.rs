//! The password of a store: the first line of a file.

use std::{fmt, io, path::Path};

use zeroize::Zeroizing;

use super::{KeystoreError, read};

/// A password. It is overwritten when it is dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// That of the first line of a file, without the end of the line.
    ///
    /// # Errors
    ///
    /// [`KeystoreError::PasswordFile`], also for what is not UTF-8, and [`KeystoreError::TooLong`].
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        let failed = |source| KeystoreError::PasswordFile { path: path.to_owned(), source };
        let octets = read(path).map_err(|error| match error {
            KeystoreError::Read { path, source } => KeystoreError::PasswordFile { path, source },
            other => other,
        })?;
        let text = str::from_utf8(&octets).map_err(|_| failed(io::ErrorKind::InvalidData.into()))?;
        Ok(Self::new(text.lines().next().unwrap_or_default()))
    }

    /// This password.
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self(Zeroizing::new(password.to_owned()))
    }

    /// As text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As Java hashes it: UTF-16 with the greater octet first.
    pub(super) fn utf16(&self) -> Zeroizing<Vec<u8>> {
        // All at once, so that no part is left behind in an outgrown buffer: UTF-16 has at most two octets for one
        // of UTF-8.
        let mut octets = Zeroizing::new(Vec::with_capacity(self.0.len().saturating_mul(2)));
        for unit in self.0.encode_utf16() {
            octets.extend_from_slice(&unit.to_be_bytes());
        }
        octets
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({} octets)", self.0.len())
    }
}
