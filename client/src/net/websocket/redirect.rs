//! Where a server may send a client, in the words of KAAZING's clients.

use url::Url;

use super::WebSocketError;

/// Where redirects are followed. None leads from TLS to clear text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RedirectPolicy {
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
    /// To hosts of the same parent domain.
    PeerDomain,
    /// To the same host, at any port.
    SameDomain,
    /// To the same host and port.
    #[default]
    SameOrigin,
    /// To the same host, and hosts below it.
    SubDomain,
}

impl RedirectPolicy {
    /// Where to go; a location may be relative, and have the scheme of HTTP.
    pub(super) fn follow(self, from: &Url, location: &str) -> Result<Url, WebSocketError> {
        let mut to = from.join(location).map_err(|_| WebSocketError::Location)?;
        let scheme = match to.scheme() {
            "http" | "ws" => "ws",
            "https" | "wss" => "wss",
            _ => return Err(WebSocketError::Location),
        };
        // Both are of the kind that have hosts, so this cannot fail.
        to.set_scheme(scheme).map_err(|()| WebSocketError::Location)?;
        let is_downgrade = from.scheme() == "wss" && scheme == "ws";
        if is_downgrade || !self.allows(from, &to) {
            return Err(WebSocketError::Location);
        }
        Ok(to)
    }

    fn allows(self, from: &Url, to: &Url) -> bool {
        let (Some(host), Some(other)) = (from.host_str(), to.host_str()) else { return false };
        let is_below = |name: &str, parent: &str| {
            name.strip_suffix(parent).is_some_and(|labels| labels.ends_with('.') && labels.len() > 1)
        };
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::PeerDomain => {
                // One label alone, as of a country, is no domain that two hosts share.
                let parent = |host| str::split_once(host, '.').map(|(_, parent)| parent);
                host == other
                    || parent(host) == parent(other) && parent(host).is_some_and(|name| name.contains('.'))
            }
            Self::SameDomain => host == other,
            Self::SameOrigin => host == other && from.port_or_known_default() == to.port_or_known_default(),
            Self::SubDomain => host == other || is_below(other, host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follows(policy: RedirectPolicy, from: &str, to: &str) -> bool {
        policy.follow(&Url::parse(from).unwrap(), to).is_ok()
    }

    #[test]
    fn each_policy_leads_no_further_than_its_name_says() {
        use RedirectPolicy::{Always, Never, PeerDomain, SameDomain, SameOrigin, SubDomain};
        let from = "ws://a.gw.test:80/x";
        for (to, allowed) in [
            ("/y", &[Always, PeerDomain, SameDomain, SameOrigin, SubDomain][..]),
            ("http://a.gw.test/y", &[Always, PeerDomain, SameDomain, SameOrigin, SubDomain]),
            ("ws://a.gw.test:81/", &[Always, PeerDomain, SameDomain, SubDomain]),
            ("ws://b.gw.test/", &[Always, PeerDomain]),
            ("ws://b.a.gw.test/", &[Always, SubDomain]),
            ("ws://evila.gw.test.evil/", &[Always]),
            ("ws://ba.gw.test/", &[Always, PeerDomain]),
            ("ftp://a.gw.test/", &[]),
        ] {
            for policy in [Always, Never, PeerDomain, SameDomain, SameOrigin, SubDomain] {
                assert_eq!(follows(policy, from, to), allowed.contains(&policy), "{policy:?} {to}");
            }
        }
        assert!(!follows(PeerDomain, "ws://a.test/", "ws://b.test/"));
    }

    #[test]
    fn nothing_leads_from_tls_to_clear_text() {
        assert!(!follows(RedirectPolicy::Always, "wss://gw.test/", "ws://gw.test/"));
        assert!(!follows(RedirectPolicy::Always, "wss://gw.test/", "http://gw.test/"));
        assert!(follows(RedirectPolicy::Always, "ws://gw.test/", "https://gw.test/"));
    }
}
