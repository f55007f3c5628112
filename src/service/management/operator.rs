//! Who may see and order: whoever has a pass, and without a realm who sits at this host.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};

use crate::realm::pass::Pass;

/// Fields with which proxies say for whom they speak.
const SPOKEN_FOR: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Proof that somebody may see the inside of the gateway.
#[derive(Clone, Debug)]
pub struct Operator {
    peer: SocketAddr,
    /// `None` for whoever sits at this host.
    principal: Option<String>,
    /// When the pass ends, in seconds since 1970, UTC.
    ends: Option<i64>,
}

impl Operator {
    /// Whoever has this pass. Where the service has no realm a pass is for nobody in particular, and only somebody at this
    /// host is an operator; `None` for all others.
    #[must_use]
    pub fn of(pass: &Pass, peer: SocketAddr) -> Option<Self> {
        match &pass.subject {
            Some(subject) => Some(Self { peer, principal: Some(subject.principal.clone()), ends: pass.ends }),
            None => Self::local(peer),
        }
    }

    /// Somebody at this host.
    #[must_use]
    pub fn local(peer: SocketAddr) -> Option<Self> {
        peer.ip().to_canonical().is_loopback().then_some(Self { peer, principal: None, ends: None })
    }

    /// Somebody at this host whose pass ends then.
    #[cfg(test)]
    pub(super) fn until(ends: i64) -> Self {
        Self { peer: ([127, 0, 0, 1], 1).into(), principal: None, ends: Some(ends) }
    }

    /// What to call them in the log and on the page.
    #[must_use]
    pub fn name(&self) -> &str {
        self.principal.as_deref().unwrap_or("localhost")
    }

    /// Where they are.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// When they may no longer, in seconds since 1970, UTC.
    #[must_use]
    pub const fn ends(&self) -> Option<i64> {
        self.ends
    }

    /// Whether they may use the name that the gateway is asked under.
    ///
    /// Who is known by the address alone must ask for this host, and for nobody else. A browser at this host can be led
    /// here by a page whose own name is made to mean 127.0.0.1 once it is loaded; such a page still asks for its own name.
    /// A proxy at this host comes from its address too, and says that it speaks for others.
    pub(super) fn may_come_as(&self, headers: &HeaderMap) -> bool {
        if self.principal.is_some() {
            return true;
        }
        if SPOKEN_FOR.iter().any(|name| headers.contains_key(*name)) {
            return false;
        }
        let Some(host) = headers.get(header::HOST) else { return true };
        let host = host.to_str().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, port)| {
            // The colons of an IPv6 address stand in brackets.
            if port.bytes().all(|octet| octet.is_ascii_digit()) { name } else { host }
        });
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }
}

/// Whether a request that changes something was made by the gateway's own page or by no page.
///
/// Browsers let a page of another site send neither this header unasked nor, with `Sec-Fetch-Site`, a lie about who it is
/// (Fetch section 3.2, Fetch Metadata section 2.3).
pub(super) fn is_own_page(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).map(http::HeaderValue::as_bytes);
    let is_marked = says("x-ticketgate") == Some(b"1");
    is_marked && matches!(says("sec-fetch-site"), None | Some(b"none" | b"same-origin"))
}
