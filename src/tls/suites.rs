//! Which cipher suites are offered, as `ssl.ciphers` names them: by their names in IANA's registry, which Java
//! has too, by OpenSSL's names, and by OpenSSL's groups.

mod refused;

use std::sync::Arc;

use rustls::{
    CipherSuite,
    crypto::{CryptoProvider, aws_lc_rs},
};

use super::protocols::Protocols;

pub use refused::{Reason, Refused};

/// Why a list of suites cannot be used. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SuitesError {
    /// What is chosen is taken out again, or groups chose nothing.
    #[error("the list leaves no suite; write HIGH, or name some of {}", offered())]
    Nothing,
    /// Names that stand for nothing that there is.
    #[error("{}; there are {}", listed(names), offered())]
    Refused {
        /// All of them, in their order.
        names: Vec<Refused>,
    },
}

fn listed(names: &[Refused]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The names of all suites that there are.
fn offered() -> String {
    SUITES.iter().map(|suite| suite.name).collect::<Vec<_>>().join(", ")
}

/// Cipher suites in the order they were chosen, at least one. All that there are unless said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Suites(Vec<CipherSuite>);

impl Default for Suites {
    fn default() -> Self {
        Self(SUITES.iter().map(|suite| suite.id).collect())
    }
}

/// A suite, and the names it is known by.
#[derive(Debug, Eq, PartialEq)]
struct Suite {
    id: CipherSuite,
    /// In IANA's registry.
    name: &'static str,
    openssl: &'static str,
    /// The groups of OpenSSL that it is in, beside `ALL`, `DEFAULT` and `HIGH`.
    groups: &'static [&'static str],
}

impl Suite {
    /// Whether a group chooses it, or takes it out. Suites of TLS 1.3 go with certificates of any kind: who chooses
    /// one kind has them too, and who takes one out keeps them.
    fn is_in(&self, group: &str, adding: bool) -> bool {
        ["ALL", "DEFAULT", "HIGH"].contains(&group)
            || self.groups.contains(&group)
            || (adding && self.groups.contains(&"TLSV1.3") && OF_CERTIFICATES.contains(&group))
    }
}

/// Groups by the kind of certificate.
const OF_CERTIFICATES: [&str; 4] = ["ARSA", "RSA", "AECDSA", "ECDSA"];

/// The groups that the suites are in, in upper case. `AESGCM` stands for the mode.
macro_rules! groups {
    ($($group:literal)*) => { &["ECDHE", "EECDH", "KECDHE", "KEECDH", "AEAD", $($group),*] };
}

/// All suites of rustls, in its order.
static SUITES: [Suite; 9] = [
    Suite {
        id: CipherSuite::TLS13_AES_256_GCM_SHA384,
        name: "TLS_AES_256_GCM_SHA384",
        openssl: "TLS_AES_256_GCM_SHA384",
        groups: groups!["TLSV1.3" "AES" "AES256" "AESGCM" "SHA384"],
    },
    Suite {
        id: CipherSuite::TLS13_AES_128_GCM_SHA256,
        name: "TLS_AES_128_GCM_SHA256",
        openssl: "TLS_AES_128_GCM_SHA256",
        groups: groups!["TLSV1.3" "AES" "AES128" "AESGCM" "SHA256"],
    },
    Suite {
        id: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        name: "TLS_CHACHA20_POLY1305_SHA256",
        openssl: "TLS_CHACHA20_POLY1305_SHA256",
        groups: groups!["TLSV1.3" "CHACHA20" "SHA256"],
    },
    Suite {
        id: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        name: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        openssl: "ECDHE-ECDSA-AES256-GCM-SHA384",
        groups: groups!["TLSV1.2" "AECDSA" "ECDSA" "AES" "AES256" "AESGCM" "SHA384"],
    },
    Suite {
        id: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        name: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        openssl: "ECDHE-ECDSA-AES128-GCM-SHA256",
        groups: groups!["TLSV1.2" "AECDSA" "ECDSA" "AES" "AES128" "AESGCM" "SHA256"],
    },
    Suite {
        id: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        name: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        openssl: "ECDHE-ECDSA-CHACHA20-POLY1305",
        groups: groups!["TLSV1.2" "AECDSA" "ECDSA" "CHACHA20" "SHA256"],
    },
    Suite {
        id: CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        name: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        openssl: "ECDHE-RSA-AES256-GCM-SHA384",
        groups: groups!["TLSV1.2" "ARSA" "RSA" "AES" "AES256" "AESGCM" "SHA384"],
    },
    Suite {
        id: CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        name: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        openssl: "ECDHE-RSA-AES128-GCM-SHA256",
        groups: groups!["TLSV1.2" "ARSA" "RSA" "AES" "AES128" "AESGCM" "SHA256"],
    },
    Suite {
        id: CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        name: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        openssl: "ECDHE-RSA-CHACHA20-POLY1305",
        groups: groups!["TLSV1.2" "ARSA" "RSA" "CHACHA20" "SHA256"],
    },
];

/// Groups of OpenSSL and KAAZING that hold nothing which rustls has. To choose them adds nothing, and lists are full
/// of them as what is to be taken out.
const EMPTY_GROUPS: &str = "\
    3DES ADH AECDH ADSS AESCCM AESCCM8 AKRB5 ANULL ARIA CAMELLIA CAMELLIA128 CAMELLIA256 CBC \
    COMPLEMENTOFALL COMPLEMENTOFDEFAULT DES DH DHE DSS ECDH EDH ENULL EXP EXPORT EXPORT40 EXPORT56 GOST \
    IDEA KDH KDHE KECDH KECDHR KEDH KKRB5 KPSK KRB5 KRSA LOW MD5 MEDIUM NONE NULL PSK RC2 RC4 SEED SHA \
    SHA1 SRP SSLV2 SSLV3 TLSV1 TLSV1.0 TLSV1.1";

impl Suites {
    /// Reads a list with commas (OpenSSL's colons and blanks will do too) of names and groups.
    ///
    /// A word adds what it stands for; with `!` before it that is taken out for good, with `-` until it is added
    /// again, with `+` it is moved to the end. `A+B` stands for what is in both groups, `@STRENGTH` puts longer keys
    /// first.
    ///
    /// # Errors
    ///
    /// Any [`SuitesError`].
    pub fn parse(list: &str) -> Result<Self, SuitesError> {
        let mut choice = Choice::default();
        let words = list.split([',', ':', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
        let names: Vec<_> = words.filter_map(|word| choice.follow(word).err()).collect();
        if !names.is_empty() {
            return Err(SuitesError::Refused { names });
        }
        if choice.chosen.is_empty() {
            return Err(SuitesError::Nothing);
        }
        Ok(Self(choice.chosen.iter().map(|suite| suite.id).collect()))
    }

    /// Cryptography with these suites; `None` if none of them is of these protocols.
    #[must_use]
    pub fn provider(&self, protocols: Protocols) -> Option<Arc<CryptoProvider>> {
        let mut provider = aws_lc_rs::default_provider();
        let versions = protocols.versions();
        let all = std::mem::take(&mut provider.cipher_suites);
        let find = |id: &CipherSuite| all.iter().find(|suite| suite.suite() == *id).copied();
        provider.cipher_suites =
            self.0.iter().filter_map(find).filter(|suite| versions.contains(&suite.version())).collect();
        (!provider.cipher_suites.is_empty()).then(|| Arc::new(provider))
    }
}

/// What the words so far come to.
#[derive(Debug, Default)]
struct Choice {
    chosen: Vec<&'static Suite>,
    /// Taken out for good.
    barred: Vec<&'static Suite>,
}

impl Choice {
    fn follow(&mut self, word: &str) -> Result<(), Refused> {
        if word.eq_ignore_ascii_case("@STRENGTH") {
            self.chosen.sort_by_key(|suite| suite.groups.contains(&"AES128"));
            return Ok(());
        }
        let name = word.trim_start_matches(['!', '-', '+']);
        let adding = name.len() == word.len();
        let meant = match meant(name, adding) {
            Ok(meant) => meant,
            // What there is not is out already.
            Err(refused) if !adding && refused.reason != Reason::Unknown => return Ok(()),
            Err(refused) => return Err(refused),
        };
        match word.chars().next() {
            Some('!') => {
                self.chosen.retain(|suite| !meant.contains(suite));
                self.barred.extend(meant);
            }
            Some('-') => self.chosen.retain(|suite| !meant.contains(suite)),
            Some('+') => self.chosen.sort_by_key(|suite| meant.contains(suite)),
            _ => {
                for suite in meant {
                    if !self.chosen.contains(&suite) && !self.barred.contains(&suite) {
                        self.chosen.push(suite);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The suites that a word stands for, without the sign before it.
fn meant(word: &str, adding: bool) -> Result<Vec<&'static Suite>, Refused> {
    let upper = word.to_ascii_uppercase();
    // Java's names of older suites begin with SSL. The last is no suite, but how Java's clients say that they
    // know RFC 5746, as everybody here does.
    let name = upper.strip_prefix("SSL_").map_or_else(|| upper.clone(), |rest| format!("TLS_{rest}"));
    if name == "TLS_EMPTY_RENEGOTIATION_INFO_SCSV" {
        return Ok(Vec::new());
    }
    if let Some(suite) = SUITES.iter().find(|suite| suite.name == name || suite.openssl == name) {
        return Ok(vec![suite]);
    }
    let groups: Vec<&str> = upper.split('+').collect();
    let is_group = |group: &&str| {
        EMPTY_GROUPS.split(' ').any(|empty| empty == *group)
            || SUITES.iter().any(|suite| suite.is_in(group, true))
    };
    if groups.iter().all(is_group) {
        let is_meant = |suite: &&Suite| groups.iter().all(|group| suite.is_in(group, adding));
        return Ok(SUITES.iter().filter(is_meant).collect());
    }
    Err(Refused { name: word.to_owned(), reason: Reason::of(&upper) })
}

#[cfg(test)]
mod tests;
