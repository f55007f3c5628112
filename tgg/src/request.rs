//! What may be relayed: an AS-REQ, a TGS-REQ or a password change, well-formed to its last octet, for a
//! realm that is served.

use krb::{
    frame, kpasswd,
    peek::{self, Exchange, KdcReq},
};

use crate::{
    envelope::Malformed,
    failure::Refusal,
    routes::{Purpose, Routes},
};

/// Pre-authentication data that proves nothing, so that two KDCs may see it: PA-PAC-REQUEST (MS-KILE
/// section 2.2.3), PA-REQ-ENC-PA-REP (RFC 6806), PA-AS-FRESHNESS (RFC 8070), PA-PAC-OPTIONS (MS-KILE
/// section 2.2.10). All others count as a proof of the password, so that a new kind does at first.
const PROVES_NOTHING: [i64; 4] = [128, 149, 150, 167];

/// Pre-authentication data of FAST (RFC 6113 section 5.4.2), which hides the rest.
const PA_FX_FAST: i64 = 136;

/// What is asked for, as far as it can be read.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// A ticket.
    Kdc(KdcReq<'a>),
    /// A change of password.
    Kpasswd(kpasswd::Request<'a>),
}

impl<'a> Asked<'a> {
    /// The realm, as the peer wrote it.
    #[must_use]
    pub const fn krb_realm(&self) -> &'a [u8] {
        match self {
            Self::Kdc(request) => request.realm,
            Self::Kpasswd(request) => request.ap_req.ticket_realm,
        }
    }

    /// The word for its kind in logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Kdc(KdcReq { exchange: Exchange::As, .. }) => "as",
            Self::Kdc(KdcReq { exchange: Exchange::Tgs, .. }) => "tgs",
            Self::Kpasswd(_) => "kpasswd",
        }
    }

    /// Whether it carries a proof of the password, which only one KDC may ever read.
    fn is_single(&self) -> bool {
        match self {
            Self::Kdc(request) => {
                request.exchange == Exchange::As
                    && request.padata_types().any(|kind| !PROVES_NOTHING.contains(&kind))
            }
            Self::Kpasswd(_) => true,
        }
    }
}

/// A request that may be relayed. Only [`permit`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    message: &'a [u8],
    asked: Asked<'a>,
    realm: usize,
    single: bool,
}

impl<'a> Request<'a> {
    /// The octets to relay, as they arrived.
    #[must_use]
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// What is asked for.
    #[must_use]
    pub const fn asked(&self) -> &Asked<'a> {
        &self.asked
    }

    /// The place of its realm in the routes.
    #[must_use]
    pub const fn realm(&self) -> usize {
        self.realm
    }

    /// Whether it must never reach two KDCs, because it carries a proof of the password.
    #[must_use]
    pub const fn single(&self) -> bool {
        self.single
    }

    /// Which servers it is for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        match self.asked {
            Asked::Kdc(_) => Purpose::Kdc,
            Asked::Kpasswd(_) => Purpose::Kpasswd,
        }
    }

    /// Whether FAST armor hides its pre-authentication.
    #[must_use]
    pub fn armored(&self) -> bool {
        matches!(&self.asked, Asked::Kdc(request) if request.padata_types().any(|kind| kind == PA_FX_FAST))
    }
}

/// Reads what a message asks for.
///
/// # Errors
///
/// [`Refusal::Wrapping`] if it is too long, [`Refusal::Kind`], [`Refusal::Message`] or
/// [`Refusal::PasswordChange`]. The cheapest checks come first.
pub fn read(message: &[u8]) -> Result<Asked<'_>, Refusal> {
    if message.len() > frame::MAX_MESSAGE {
        return Err(Malformed::TooLong { announced: message.len() }.into());
    }
    match peek::application_tag(message) {
        Some(peek::AS_REQ | peek::TGS_REQ) => {
            peek::kdc_req(message).map(Asked::Kdc).map_err(Refusal::Message)
        }
        None if kpasswd::looks_like_request(message) => {
            kpasswd::request(message).map(Asked::Kpasswd).map_err(Refusal::PasswordChange)
        }
        _ => Err(Refusal::Kind),
    }
}

/// Judges what was [read] of a message whose wrapping named `outer_realm`, if it named one.
///
/// # Errors
///
/// Those that have to do with the realm or with password changes.
pub fn permit<'a>(
    message: &'a [u8],
    asked: Asked<'a>,
    outer_realm: Option<&[u8]>,
    routes: &Routes,
) -> Result<Request<'a>, Refusal> {
    if outer_realm.is_some_and(|outer| !outer.eq_ignore_ascii_case(asked.krb_realm())) {
        return Err(Refusal::RealmDiffers);
    }
    let place = routes.find(asked.krb_realm()).ok_or(Refusal::RealmUnknown)?;
    if let Asked::Kpasswd(change) = &asked {
        if !change.ap_req.ticket_sname.is(&[b"kadmin", b"changepw"]) {
            return Err(Refusal::PasswordService);
        }
        let realm = routes.realms().get(place);
        if !realm.is_some_and(|realm| realm.discover || !realm.kpasswds.is_empty()) {
            return Err(Refusal::KpasswdNotServed);
        }
    }
    Ok(Request { message, asked, realm: place, single: asked.is_single() })
}

/// Reads and judges a message in one.
///
/// # Errors
///
/// As [`read`] and [`permit`].
pub fn judge<'a>(
    message: &'a [u8],
    outer_realm: Option<&[u8]>,
    routes: &Routes,
) -> Result<Request<'a>, Refusal> {
    permit(message, read(message)?, outer_realm, routes)
}
