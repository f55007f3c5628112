//! Authorization data: what the KDC says of a client in its ticket, and what the client says in its authenticator
//! (RFC 4120 section 5.2.6, RFC 7751, RFC 8129, MS-KILE section 3.2.5.8).
//!
//! A PAC and authentication indicators are taken from the ticket alone: the client writes the authenticator.

use krb::{
    crypto::ChecksumKey,
    msg::{
        MsgError,
        cammac::{AuthenticationIndicator, Cammac},
        opened::{AuthorizationData, AuthorizationDataElement, ad_type},
    },
};

use crate::refusal::{Part, Refusal};

/// Levels of AD-IF-RELEVANT and AD-CAMMAC. Real tickets have two.
const MAX_DEPTH: usize = 4;
/// Authentication indicators of one ticket.
const MAX_INDICATORS: usize = 32;

/// What the ticket says beside the client's name.
#[derive(Debug, Default)]
pub(crate) struct InTicket {
    /// The PAC, not judged yet.
    pub pac: Option<Vec<u8>>,
    /// How the client logged in, vouched for by the KDC.
    pub indicators: Vec<String>,
}

/// What the client says in its authenticator.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct InAuthenticator {
    /// It binds its tokens to TLS connections wherever it can (MS-KILE, KERB_AP_OPTIONS_CBT).
    pub binds: bool,
    /// The service that it meant.
    pub target: Option<String>,
    /// The name of that service came from a source that is not trusted.
    pub untrusted_target: bool,
}

/// AD-AP-OPTIONS: the client does channel binding.
const AP_OPTIONS_CBT: u32 = 0x4000;
/// AD-AP-OPTIONS: the target's name is from an untrusted source, such as a page.
const AP_OPTIONS_UNVERIFIED_TARGET_NAME: u32 = 0x8000;

/// Reads the ticket's. `cammac` is made of the key that opened it.
pub(crate) fn in_ticket(data: Option<AuthorizationData>, cammac: &ChecksumKey) -> Result<InTicket, Refusal> {
    let mut found = InTicket::default();
    if let Some(data) = data {
        walk(data.0, cammac, Trust { relevant: false, vouched: false }, 0, &mut found)?;
    }
    Ok(found)
}

/// What holds an element.
#[derive(Clone, Copy)]
struct Trust {
    /// It may be ignored when it is not understood.
    relevant: bool,
    /// The KDC vouches for it.
    vouched: bool,
}

fn walk(
    elements: Vec<AuthorizationDataElement>,
    cammac: &ChecksumKey,
    trust: Trust,
    depth: usize,
    found: &mut InTicket,
) -> Result<(), Refusal> {
    for AuthorizationDataElement { ad_type, ad_data } in elements {
        match ad_type {
            ad_type::IF_RELEVANT | ad_type::CAMMAC if depth >= MAX_DEPTH => {
                return Err(Refusal::MalformedValue { part: Part::AuthorizationData, value: "depth" });
            }
            ad_type::IF_RELEVANT => {
                let inner = AuthorizationData::decode(&ad_data).map_err(malformed)?;
                walk(inner.0, cammac, Trust { relevant: true, ..trust }, depth + 1, found)?;
            }
            ad_type::CAMMAC => {
                let container = Cammac::decode(&ad_data).map_err(malformed)?;
                if container.verify(cammac).is_ok() {
                    walk(container.elements.0, cammac, Trust { vouched: true, ..trust }, depth + 1, found)?;
                } else if !trust.relevant {
                    return Err(not_understood(Part::Ticket, ad_type));
                }
            }
            // The KDC puts its own in front of what the client asked to have copied.
            ad_type::WIN2K_PAC => {
                found.pac.get_or_insert_with(|| ad_data.into());
            }
            // Anybody may have it copied into a ticket by asking the KDC; only a CAMMAC says that the KDC made it.
            ad_type::AUTHENTICATION_INDICATOR if trust.vouched => {
                let said = AuthenticationIndicator::decode(&ad_data).map_err(malformed)?;
                let room = MAX_INDICATORS.saturating_sub(found.indicators.len());
                found.indicators.extend(said.0.into_iter().take(room));
            }
            // What these hold grants, and nothing that this door knows; to ignore it denies nobody's restriction.
            ad_type::AUTHENTICATION_INDICATOR | ad_type::KDC_ISSUED | ad_type::MANDATORY_FOR_KDC => {}
            // RFC 4120 section 5.2.6: an element that is not understood restricts, unless it may be ignored.
            _ if !trust.relevant => return Err(not_understood(Part::Ticket, ad_type)),
            _ => {}
        }
    }
    Ok(())
}

const fn not_understood(part: Part, ad_type: i32) -> Refusal {
    Refusal::AuthorizationData { part, ad_type }
}

fn malformed(fault: MsgError) -> Refusal {
    Refusal::Malformed { part: Part::AuthorizationData, fault }
}

/// Reads the authenticator's: how the client restricts itself. All real clients say it inside AD-IF-RELEVANT.
pub(crate) fn in_authenticator(data: Option<&AuthorizationData>) -> Result<InAuthenticator, Refusal> {
    let mut found = InAuthenticator::default();
    for AuthorizationDataElement { ad_type, ad_data } in data.iter().flat_map(|data| &data.0) {
        if *ad_type == ad_type::IF_RELEVANT {
            let inner = AuthorizationData::decode(ad_data).map_err(malformed)?;
            inner.0.iter().for_each(|element| found.read(element));
        } else {
            // The client restricts itself in a way that must be understood (RFC 4120 section 5.2.6).
            return Err(not_understood(Part::Authenticator, *ad_type));
        }
    }
    Ok(found)
}

impl InAuthenticator {
    fn read(&mut self, AuthorizationDataElement { ad_type, ad_data }: &AuthorizationDataElement) {
        match *ad_type {
            ad_type::AP_OPTIONS => {
                let options = ad_data.first_chunk().map_or(0, |octets| u32::from_le_bytes(*octets));
                self.binds |= options & AP_OPTIONS_CBT != 0;
                self.untrusted_target |= options & AP_OPTIONS_UNVERIFIED_TARGET_NAME != 0;
            }
            ad_type::CLIENT_TARGET => self.target = Some(utf16(ad_data)),
            _ => {}
        }
    }
}

/// Text in UTF-16LE. What is none becomes characters that are in no name, so that it is not taken for absent.
fn utf16(octets: &[u8]) -> String {
    let units = octets.chunks(2).map(|unit| unit.try_into().map_or(0xfffd, u16::from_le_bytes));
    String::from_utf16_lossy(&units.collect::<Vec<_>>())
}
