//! JKS, Java's own format of key stores, read without trust in what it claims.
//!
//! No document defines it; `sun.security.provider.JavaKeyStore` and `KeyProtector` of the JDK do. Nothing is copied
//! while it is read, and what a count claims must be there before it is believed.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN},
};
use krb::{
    der::{DerError, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE},
    fields::{Cut, Fields},
};
use zeroize::Zeroizing;

use super::Password;

/// What a store starts with.
pub const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];

/// Its oldest version, in which certificates do not say their kind.
const FIRST_VERSION: u32 = 1;
/// The one that is written.
const CURRENT_VERSION: u32 = 2;

/// Tag of a private key and its certificates.
const KEY: u32 = 1;
/// Tag of a certificate that is trusted.
const TRUSTED: u32 = 2;

/// What is hashed between password and store.
const WHITENER: &[u8] = b"Mighty Aphrodite";

/// 1.3.6.1.4.1.42.2.17.1.1: Sun's way to protect a key.
const KEY_PROTECTOR: &[u8] = b"\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01";

/// Why octets are no store that can be used. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JksError {
    /// A certificate of a kind that TLS has no use for.
    #[error("{alias} has a certificate of the kind {kind}, not X.509")]
    CertificateKind {
        /// The entry.
        alias: String,
        /// What it says.
        kind: String,
    },
    /// A field does not fit into the store.
    #[error("the file is cut or damaged: the field at octet {at} lacks {missing} octets; copy it again")]
    Cut {
        /// Where the field begins.
        at: usize,
        /// How many octets are not there.
        missing: usize,
    },
    /// An entry that is neither a key nor a certificate.
    #[error("the entry at octet {at} is of kind {found}, and there are only 1 and 2; the file is damaged")]
    EntryKind {
        /// Where it begins.
        at: usize,
        /// Its tag.
        found: u32,
    },
    /// The store is sound under another password, or damaged.
    #[error("the password is wrong, or the file was changed since it was written")]
    Integrity,
    /// The key is not opened by the password of the store.
    #[error(
        "{alias} has a password of its own; give it that of the store: keytool -keypasswd -alias {alias}"
    )]
    KeyPassword {
        /// The entry.
        alias: String,
    },
    /// The key is protected in a way that only JCEKS has, or none.
    #[error("the key of {alias} is protected in a way that JKS does not have; the file is damaged")]
    KeyProtection {
        /// The entry.
        alias: String,
    },
    /// It starts as no store does.
    #[error("it does not begin as a JKS store does")]
    NotAStore,
    /// More stands between the last entry and the digest.
    #[error("{octets} octets stand behind the last entry; the file is damaged")]
    Trailing {
        /// How many.
        octets: usize,
    },
    /// Only the versions 1 and 2 exist.
    #[error("it has version {found}, and there are only 1 and 2; the file is damaged")]
    Version {
        /// What it says.
        found: u32,
    },
}

impl From<Cut> for JksError {
    fn from(Cut { at, missing }: Cut) -> Self {
        Self::Cut { at, missing }
    }
}

/// A store as it lies in the file. Its keys are still protected.
#[derive(Debug)]
pub struct Jks<'a> {
    /// Private keys, in the order of the file.
    pub keys: Vec<Key<'a>>,
    /// Certificates that are trusted, in DER, each with its name in the store.
    pub trusted: Vec<(String, &'a [u8])>,
    /// What the digest is of.
    signed: &'a [u8],
    digest: &'a [u8],
}

/// A private key.
#[derive(Debug)]
pub struct Key<'a> {
    /// Its name in the store.
    pub alias: String,
    /// Its certificates in DER, its own first.
    pub chain: Vec<&'a [u8]>,
    /// An `EncryptedPrivateKeyInfo` (RFC 5208 section 6).
    protected: &'a [u8],
}

impl<'a> Jks<'a> {
    /// Reads a whole file. Nothing is verified yet: see [`Self::verify`].
    ///
    /// # Errors
    ///
    /// Any [`JksError`] but those of [`Self::verify`] and [`Key::open`].
    pub fn parse(octets: &'a [u8]) -> Result<Self, JksError> {
        let end = octets.len().checked_sub(SHA1_OUTPUT_LEN).and_then(|end| octets.split_at_checked(end));
        let cut = Cut { at: 0, missing: SHA1_OUTPUT_LEN.saturating_sub(octets.len()) };
        let (signed, digest) = end.ok_or(cut)?;
        let mut file = Fields::new(signed);
        if file.octets(MAGIC.len())? != MAGIC {
            return Err(JksError::NotAStore);
        }
        let version = file.u32()?;
        if !(FIRST_VERSION..=CURRENT_VERSION).contains(&version) {
            return Err(JksError::Version { found: version });
        }
        let (mut keys, mut trusted) = (Vec::new(), Vec::new());
        for _ in 0..file.u32()? {
            let at = file.at();
            let tag = file.u32()?;
            // Java's own UTF-8 differs for NUL and beyond the basic plane, where an alias is shown with marks.
            let alias = String::from_utf8_lossy(file.counted_by_two()?).into_owned();
            // When it was made.
            file.octets(8)?;
            match tag {
                KEY => {
                    let protected = file.counted_by_four()?;
                    let mut chain = Vec::new();
                    for _ in 0..file.u32()? {
                        chain.push(certificate(&mut file, version, &alias)?);
                    }
                    keys.push(Key { alias, chain, protected });
                }
                TRUSTED => {
                    let der = certificate(&mut file, version, &alias)?;
                    trusted.push((alias, der));
                }
                found => return Err(JksError::EntryKind { at, found }),
            }
        }
        match file.rest().len() {
            0 => Ok(Self { keys, trusted, signed, digest }),
            octets => Err(JksError::Trailing { octets }),
        }
    }

    /// Whether the store is as it was when it was written under this password.
    ///
    /// # Errors
    ///
    /// [`JksError::Integrity`].
    pub fn verify(&self, password: &Password) -> Result<(), JksError> {
        let sum = sha1(&[&password.utf16(), WHITENER, self.signed]);
        verify_slices_are_equal(&*sum, self.digest).map_err(|_| JksError::Integrity)
    }
}

fn certificate<'a>(file: &mut Fields<'a>, version: u32, alias: &str) -> Result<&'a [u8], JksError> {
    if version != FIRST_VERSION {
        let kind = file.counted_by_two()?;
        // The second is what Java 1.1 wrote.
        if kind != b"X.509" && kind != b"X509" {
            let kind = String::from_utf8_lossy(kind).into_owned();
            return Err(JksError::CertificateKind { alias: alias.to_owned(), kind });
        }
    }
    Ok(file.counted_by_four()?)
}

impl Key<'_> {
    /// The key in PKCS#8.
    ///
    /// It is hidden under a stream of SHA-1 sums, each of password and the sum before, of which the first is salt;
    /// behind it stands the sum of password and key.
    ///
    /// # Errors
    ///
    /// [`JksError::KeyProtection`], or [`JksError::KeyPassword`] if it is not opened by this password.
    pub fn open(&self, password: &Password) -> Result<Zeroizing<Vec<u8>>, JksError> {
        let protection = || JksError::KeyProtection { alias: self.alias.clone() };
        let hidden = self.hidden().ok().flatten().ok_or_else(protection)?;
        let (salt, rest) = hidden.split_at_checked(SHA1_OUTPUT_LEN).ok_or_else(protection)?;
        let end = rest.len().checked_sub(SHA1_OUTPUT_LEN).ok_or_else(protection)?;
        let (hidden, check) = rest.split_at_checked(end).ok_or_else(protection)?;

        let password = password.utf16();
        let mut key = Zeroizing::new(hidden.to_vec());
        let mut mask = sha1(&[&password, salt]);
        for block in key.chunks_mut(SHA1_OUTPUT_LEN) {
            for (octet, mask) in block.iter_mut().zip(mask.iter()) {
                *octet ^= mask;
            }
            mask = sha1(&[&password, &*mask]);
        }
        let sum = sha1(&[&password, &key]);
        verify_slices_are_equal(&*sum, check)
            .map_err(|_| JksError::KeyPassword { alias: self.alias.clone() })?;
        Ok(key)
    }

    /// What is protected in Sun's way; `None` if it is protected in another.
    fn hidden(&self) -> Result<Option<&[u8]>, DerError> {
        let mut info = Reader::new(self.protected).enter(SEQUENCE)?;
        let protector = info.enter(SEQUENCE)?.enter(OBJECT_IDENTIFIER)?.rest();
        let hidden = info.only(OCTET_STRING)?;
        Ok((protector == KEY_PROTECTOR).then_some(hidden))
    }
}

/// The sum of these parts.
fn sha1(parts: &[&[u8]]) -> Zeroizing<[u8; SHA1_OUTPUT_LEN]> {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        context.update(part);
    }
    let mut sum = Zeroizing::new([0; SHA1_OUTPUT_LEN]);
    sum.copy_from_slice(context.finish().as_ref());
    sum
}

#[cfg(test)]
mod tests;
