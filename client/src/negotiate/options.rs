//! What an initiator may ask of the service, and say of itself.

use krb::gss::Mech;
use krb::gss::checksum::GssFlags;
use krb::msg::opened::{AuthorizationDataElement, ad_type};

/// What the first token should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegotiateOptions {
    /// What the client says of itself and of the service it means, such as [`client_target`]. A service that
    /// does not understand it may ignore it.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// The hash of the channel that the token is for, see [`krb::gss::bindings::hash`]. None by default.
    pub bindings: Option<[u8; 16]>,
    /// What the context is to be good for, beside what `mutual` says. [`GssFlags::INTEG`] by default.
    pub flags: GssFlags,
    /// The mechanisms to list, best first; Kerberos alone by default. If there is none, the token is one of
    /// Kerberos without a negotiation around it.
    pub mechs: Vec<Mech>,
    /// Whether the service must prove itself. It must by default.
    pub mutual: bool,
}

impl Default for NegotiateOptions {
    fn default() -> Self {
        Self {
            authorization_data: Vec::new(),
            bindings: None,
            flags: GssFlags::INTEG,
            mechs: vec![Mech::Krb5],
            mutual: true,
        }
    }
}

/// The service that the client means, such as `HTTP/www.example.com@EXAMPLE.COM`: unlike the name in the ticket,
/// nobody can change it on the way (MS-KILE section 3.2.5.8).
#[must_use]
pub fn client_target(spn: &str) -> AuthorizationDataElement {
    let octets: Vec<u8> = spn.encode_utf16().flat_map(u16::to_le_bytes).collect();
    AuthorizationDataElement { ad_type: ad_type::CLIENT_TARGET, ad_data: octets.into() }
}

/// What the client says of itself: 0x4000, that it sends channel bindings where there is a channel; 0x8000, that
/// it had the service's name from a source that it does not trust (MS-KILE section 3.2.5.8).
#[must_use]
pub fn ap_options(word: u32) -> AuthorizationDataElement {
    let ad_data = word.to_le_bytes().to_vec().into();
    AuthorizationDataElement { ad_type: ad_type::AP_OPTIONS, ad_data }
}
