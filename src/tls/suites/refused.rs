//! Why a cipher suite is not offered, told by its name.

use std::fmt;

/// A name in a list of suites that stands for nothing which there is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The name as it stands there.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used: {}", self.name, self.reason)
    }
}

/// Why there is no such suite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The server has no certificate.
    Anonymous,
    /// CBC, which most suites have that name no mode.
    Block,
    /// RC4, DES and their like.
    Broken,
    /// Keys of 40 or 56 bits.
    Export,
    /// Diffie-Hellman with numbers in place of curves.
    FiniteField,
    /// RFC 2712.
    Kerberos,
    /// Whoever gets the server's key later reads what was recorded.
    NoForwardSecrecy,
    /// NULL.
    NotEncrypted,
    /// Sound, but in use almost nowhere.
    Rare,
    /// A password or key that both know.
    SharedSecret,
    /// No suite or group has the name.
    Unknown,
}

impl Reason {
    /// The reason that a name gives, in upper case. What is worst comes first.
    pub(super) fn of(name: &str) -> Self {
        let has = |parts: &[&str]| name.split(['_', '-']).any(|part| parts.contains(&part));
        let is_suite = name.starts_with("TLS_")
            || name.starts_with("SSL_")
            || has(&["SHA", "SHA256", "SHA384", "MD5", "GCM", "CCM", "CCM8", "POLY1305"]);
        if !is_suite {
            Self::Unknown
        } else if has(&["NULL"]) {
            Self::NotEncrypted
        } else if has(&["ANON", "ADH", "AECDH"]) {
            Self::Anonymous
        } else if has(&["EXPORT", "EXP", "EXPORT1024"]) {
            Self::Export
        } else if has(&["KRB5"]) {
            Self::Kerberos
        } else if has(&["RC4", "RC2", "DES", "3DES", "CBC3", "DES40", "MD5"]) {
            Self::Broken
        } else if has(&["PSK", "SRP"]) {
            Self::SharedSecret
        } else if has(&["CAMELLIA", "ARIA", "SEED", "IDEA", "GOST", "CCM", "CCM8"]) {
            Self::Rare
        } else if has(&["DHE", "EDH"]) {
            Self::FiniteField
        } else if has(&["ECDH", "DH"]) || !has(&["ECDHE", "EECDH"]) && has(&["RSA", "AES128", "AES256"]) {
            Self::NoForwardSecrecy
        } else if has(&["CBC"]) || (has(&["AES128", "AES256"]) && !has(&["GCM"])) {
            Self::Block
        } else {
            Self::Unknown
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "the server proves nothing in it",
            Self::Block => "CBC has told what it hides, time and again (Lucky 13, POODLE); take its GCM form",
            Self::Broken => "its cipher or hash is broken (RFC 7465, RFC 9325)",
            Self::Export => "its keys are short on purpose",
            Self::FiniteField => "Diffie-Hellman without curves is slow and often weak; take its ECDHE form",
            Self::Kerberos => "Kerberos within TLS (RFC 2712) has broken ciphers alone; leave it out",
            Self::NoForwardSecrecy => {
                "whoever gets the server's key later could read what was recorded; take its ECDHE form"
            }
            Self::NotEncrypted => "it does not encrypt",
            Self::Rare => "hardly any client has it, and neither has the gateway",
            Self::SharedSecret => "it needs a secret that both sides know, not a certificate",
            Self::Unknown => "no suite or group has this name",
        })
    }
}
