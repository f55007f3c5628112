//! What a client offers in an upgrade, and which answers agree with it (RFC 6455 section 4.1).

use http::{HeaderMap, HeaderValue, header};

use crate::ws;

/// What a client offered in an upgrade.
pub(super) struct Offers {
    protocols: Vec<String>,
    extensions: bool,
}

impl Offers {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            protocols: ws::offered(headers).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            extensions: headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS),
        }
    }

    /// The sub-protocol under which octets go: `binary` as VNC clients ask for it, or else the first. A stream of
    /// octets disagrees with none, and Chromium takes no answer without one if it offered any.
    pub(super) fn for_octets(&self) -> Option<HeaderValue> {
        let binary = self.protocols.iter().find(|name| *name == "binary");
        binary.or(self.protocols.first()).and_then(|name| HeaderValue::from_str(name).ok())
    }

    /// Whether a back end chose among what was offered (RFC 6455 section 4.1).
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut chosen = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
        let protocol = match (chosen.next(), chosen.next()) {
            (None, _) => true,
            (Some(chosen), None) => self.protocols.iter().any(|name| chosen == name.as_str()),
            (Some(_), Some(_)) => false,
        };
        protocol && (self.extensions || !headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS))
    }
}
