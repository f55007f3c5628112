//! Origins: whose page it is that asks (RFC 6454), as browsers and operators write them.

/// What a page says that has no origin of its own, as one in a sandbox does, whoever wrote it.
pub(super) const NULL: &str = "null";

/// Which origins are meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AllowOrigin {
    /// All.
    Any,
    /// One.
    Origin(Origin),
    /// What programs say that are no browsers, as KAAZING's native clients do: `privileged://HOST:PORT`. No page can
    /// say it; any program can.
    Privileged,
}

/// One origin. All spellings of it are equal: in any case, with the scheme's own port or without.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin(String);

/// Why text is not an origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an origin; write it as https://host, https://host:port, or * for all")]
pub struct OriginError;

impl AllowOrigin {
    /// Reads what an operator wrote: an origin, `null`, `privileged://*`, or `*`.
    ///
    /// # Errors
    ///
    /// [`OriginError`].
    pub fn new(text: &str) -> Result<Self, OriginError> {
        match text {
            "*" => Ok(Self::Any),
            "privileged://*" => Ok(Self::Privileged),
            text => Origin::new(text.trim_end_matches('/')).map(Self::Origin).ok_or(OriginError),
        }
    }

    /// Whether it means this origin and does not mean all.
    pub(super) fn names(&self, origin: &Origin) -> bool {
        match self {
            Self::Any => false,
            Self::Origin(one) => one == origin,
            Self::Privileged => origin.0.starts_with("privileged://"),
        }
    }
}

impl Origin {
    /// Reads an origin as a browser sends it, if it is one.
    pub(super) fn new(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if text == NULL {
            return Some(Self(text));
        }
        let (scheme, authority) = text.split_once("://")?;
        Self::of(scheme, authority)
    }

    /// The origin of what a scheme and an authority lead to. A WebSocket's is that of the page beside it.
    pub(super) fn of(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = match scheme {
            "ws" => "http",
            "wss" => "https",
            scheme => scheme,
        };
        let is_name = |sign: u8| sign.is_ascii_alphanumeric() || b"+-.".contains(&sign);
        if scheme.is_empty() || !scheme.bytes().all(is_name) {
            return None;
        }
        // What follows a bracket is the port; what is in it is an address, with colons of its own.
        let place = authority.rfind(']').map_or(0, |end| end.saturating_add(1));
        let (name, port) = match authority.get(place..)?.split_once(':') {
            Some((rest, port)) => (authority.get(..place.checked_add(rest.len())?)?, Some(port)),
            None => (authority, None),
        };
        let is_host = |sign: u8| sign.is_ascii_graphic() && !b"/?#@\\".contains(&sign);
        if name.is_empty() || !name.bytes().all(is_host) {
            return None;
        }
        let port = match (port, scheme) {
            (Some(port), _) => Some(port.parse::<u16>().ok().filter(|_| !port.starts_with('+'))?),
            (None, "http") => Some(80),
            (None, "https") => Some(443),
            (None, _) => None,
        };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self(format!("{scheme}://{}{port}", name.to_ascii_lowercase())))
    }

    /// Whether it is what a page says that has none.
    pub(super) fn is_null(&self) -> bool {
        self.0 == NULL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        Origin::new(one).unwrap() == Origin::new(other).unwrap()
    }

    #[test]
    fn the_port_of_the_scheme_may_be_written() {
        assert!(same("https://App.test", "https://app.test:443"));
        assert!(same("http://[::1]", "http://[::1]:80"));
        assert!(!same("https://app.test", "https://app.test:80"));
        assert!(!same("https://app.test", "http://app.test"));
        assert!(same("capacitor://localhost", "CAPACITOR://localhost"));
    }

    #[test]
    fn a_socket_is_of_the_origin_of_the_page_beside_it() {
        assert_eq!(Origin::of("wss", "gw.test"), Origin::new("https://gw.test:443"));
        assert_eq!(Origin::of("ws", "gw.test:8080"), Origin::new("http://gw.test:8080"));
    }

    #[test]
    fn what_is_not_an_origin_is_refused_when_it_is_configured() {
        for wrong in [
            "",
            "app.test",
            "https://app.test/path",
            "https://",
            "://app.test",
            "https://a@b",
            "https://a:b",
            "https://a:",
            "https://a:70000",
            "https://a:+1",
            "https://a b",
            "https://:443",
            "h ttp://a",
            "https://a?b",
        ] {
            assert_eq!(AllowOrigin::new(wrong), Err(OriginError), "{wrong}");
        }
    }

    #[test]
    fn a_slash_at_the_end_is_the_operators_habit() {
        let with = AllowOrigin::new("https://app.test/").unwrap();
        assert_eq!(with, AllowOrigin::new("https://app.test").unwrap());
    }
}
