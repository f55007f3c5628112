//! Where a realm's servers are, as krb5.conf has it: `kdc1`, `kdc1:750`,
//! `[::1]:88`, `https://gw.example/KdcProxy`.

/// The port of KDCs (RFC 4120 section 7.2.1).
pub const KDC_PORT: u16 = 88;

/// The port of password changes (RFC 3244 section 2).
pub const KPASSWD_PORT: u16 = 464;

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Server {
    /// It is asked over UDP and TCP.
    Direct {
        /// A name or an address.
        host: String,
        /// The port, `None` for the usual one.
        port: Option<u16>,
    },
    /// A gateway stands in front of it (MS-KKDCP).
    Proxy {
        /// An `https` or `http` URL.
        url: String,
    },
}

impl Server {
    /// Reads what stands behind `kdc =`; `None` if it names no server.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("https://") || text.starts_with("http://") {
            return Some(Self::Proxy { url: text.to_owned() });
        }
        if text.is_empty() || text.contains(|character: char| character.is_whitespace() || character == '/') {
            return None;
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, behind) = rest.split_once(']')?;
                (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
            }
            // An address of IPv6 without brackets has no port.
            None => match text.split_once(':') {
                Some((_, rest)) if rest.contains(':') => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = match port {
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
            None => None,
        };
        (!host.is_empty()).then(|| Self::Direct { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_urls_are_told_apart() {
        for (text, host, port) in [
            ("kdc1", "kdc1", None),
            ("kdc1.example:750", "kdc1.example", Some(750)),
            ("127.0.0.1:88", "127.0.0.1", Some(88)),
            ("[::1]:88", "::1", Some(88)),
            ("[::1]", "::1", None),
            ("2001:db8::1", "2001:db8::1", None),
        ] {
            assert_eq!(Server::read(text), Some(Server::Direct { host: host.to_owned(), port }), "{text}");
        }
        let url = "https://gw.example/KdcProxy".to_owned();
        assert_eq!(Server::read(&url), Some(Server::Proxy { url }));
    }

    #[test]
    fn what_names_no_server_is_refused() {
        for text in ["", ":88", "a:", "a:0", "a:66000", "a:b", "[::1", "[::1]88", "a b", "tcp/a", "ftp://a"] {
            assert_eq!(Server::read(text), None, "{text:?}");
        }
    }
}
