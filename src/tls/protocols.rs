//! Which versions of TLS are spoken, as `ssl.protocols` names them.

use rustls::{SupportedProtocolVersion, version};

/// Names of versions that nobody should speak (RFC 6176, RFC 7568, RFC 8996), in lower case.
const RETIRED: [&str; 6] = ["sslv2", "sslv2hello", "sslv3", "tlsv1", "tlsv1.0", "tlsv1.1"];

/// Why a list of protocols cannot be used. The operator's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolsError {
    /// The list is empty.
    #[error("no protocol is named; write TLSv1.2, TLSv1.3, or both with a comma")]
    Nothing,
    /// A version that is not spoken for good reason.
    #[error(
        "{name} is not spoken: it is broken or retired (RFC 7568, RFC 8996); leave it out, there are TLSv1.2 and TLSv1.3"
    )]
    Retired {
        /// The name as it stands there.
        name: String,
    },
    /// No version has this name.
    #[error("{name} is no protocol; there are TLSv1.2 and TLSv1.3")]
    Unknown {
        /// The name as it stands there.
        name: String,
    },
}

/// Versions of TLS, at least one. Both unless said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Protocols {
    tls12: bool,
    tls13: bool,
}

impl Default for Protocols {
    fn default() -> Self {
        Self { tls12: true, tls13: true }
    }
}

impl Protocols {
    /// Reads a list with commas, such as `TLSv1.2,TLSv1.3`. Case does not matter.
    ///
    /// # Errors
    ///
    /// Any [`ProtocolsError`], for the first name that cannot be used.
    pub fn parse(list: &str) -> Result<Self, ProtocolsError> {
        let mut chosen = Self { tls12: false, tls13: false };
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name.to_ascii_lowercase().as_str() {
                "tlsv1.2" => chosen.tls12 = true,
                "tlsv1.3" => chosen.tls13 = true,
                old if RETIRED.contains(&old) => {
                    return Err(ProtocolsError::Retired { name: name.to_owned() });
                }
                _ => return Err(ProtocolsError::Unknown { name: name.to_owned() }),
            }
        }
        if chosen.tls12 || chosen.tls13 { Ok(chosen) } else { Err(ProtocolsError::Nothing) }
    }

    /// The versions as rustls wants them.
    #[must_use]
    pub fn versions(self) -> Vec<&'static SupportedProtocolVersion> {
        let tls13 = self.tls13.then_some(&version::TLS13);
        let tls12 = self.tls12.then_some(&version::TLS12);
        tls13.into_iter().chain(tls12).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_spoken_unless_said() {
        assert_eq!(Protocols::parse("tlsv1.3, TLSv1.2"), Ok(Protocols::default()));
    }

    #[test]
    fn a_list_names_what_is_spoken() {
        let only = Protocols::parse("TLSv1.2").unwrap();
        assert_eq!(only.versions(), [&version::TLS12]);
    }

    #[test]
    fn retired_versions_are_refused_with_what_there_is() {
        for name in ["SSLv2Hello", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"] {
            let error = Protocols::parse(&format!("TLSv1.2,{name}")).unwrap_err();
            assert_eq!(error, ProtocolsError::Retired { name: name.to_owned() });
            assert!(error.to_string().contains("TLSv1.3"));
        }
    }

    #[test]
    fn an_unknown_or_missing_name_is_refused() {
        assert_eq!(Protocols::parse("TLSv1.4"), Err(ProtocolsError::Unknown { name: "TLSv1.4".to_owned() }));
        assert_eq!(Protocols::parse(" , "), Err(ProtocolsError::Nothing));
    }
}
