//! What a KDC may answer: the kind that was asked for, from the realm that was asked.
//!
//! The nonce of a reply is sealed for the client, who checks it. What stands in clear is checked here, so
//! that a reply to somebody else, a cut-short one or nonsense never reaches a client.

use krb::{
    error_code, kpasswd,
    kpasswd::KpasswdError,
    peek::{self, Exchange, KdcRep, KdcReq, KrbError, PeekError},
};

use crate::request::{Asked, Request};

/// A reply that fits its request, as far as it can be read.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// A refusal by the KDC or the password server.
    Error(KrbError<'a>),
    /// A ticket.
    Kdc(KdcRep<'a>),
    /// A sealed answer to a password change.
    Kpasswd,
}

/// Why a reply is not believed. The KDC, or whoever answers in its place, is at fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Disbelief {
    /// The client is not the one that asked.
    #[error("it is for another client")]
    Client,
    /// It answers the other exchange, or is no reply at all.
    #[error("it is not of the kind that was asked for")]
    Kind,
    /// It cannot be read to its end.
    #[error("it is not well-formed: {0}")]
    Message(#[from] PeekError),
    /// A password server's answer cannot be read to its end.
    #[error("it is not well-formed: {0}")]
    PasswordChange(#[from] KpasswdError),
    /// It comes from another realm.
    #[error("it is from another realm")]
    Realm,
    /// The ticket is for another service.
    #[error("its ticket is for another service")]
    Service,
}

/// Whether a reply says that it does not fit a datagram.
#[must_use]
pub fn is_too_big(reply: &Reply<'_>) -> bool {
    matches!(reply, Reply::Error(error) if error.code == i64::from(error_code::KRB_ERR_RESPONSE_TOO_BIG))
}

/// Whether a reply says that this KDC cannot answer now, but another might: a client would ask the next one.
#[must_use]
pub fn is_unavailable(reply: &Reply<'_>) -> bool {
    matches!(reply, Reply::Error(error) if error.code == i64::from(error_code::KDC_ERR_SVC_UNAVAILABLE))
}

/// Reads `octets` as the reply to `request`.
///
/// # Errors
///
/// Any [`Disbelief`].
pub fn believe<'a>(request: &Request<'_>, octets: &'a [u8]) -> Result<Reply<'a>, Disbelief> {
    let asked = match request.asked() {
        Asked::Kdc(asked) => asked,
        Asked::Kpasswd(_) => {
            return match kpasswd::reply(octets)? {
                kpasswd::Reply::Error { error, .. } => from_realm(error, request),
                _ => Ok(Reply::Kpasswd),
            };
        }
    };
    match (peek::application_tag(octets), asked.exchange) {
        (Some(peek::KRB_ERROR), _) => from_realm(peek::krb_error(octets)?, request),
        (Some(peek::AS_REP), Exchange::As) | (Some(peek::TGS_REP), Exchange::Tgs) => {
            let reply = peek::kdc_rep(octets)?;
            fits(asked, request.armored(), &reply)?;
            Ok(Reply::Kdc(reply))
        }
        _ => Err(Disbelief::Kind),
    }
}

fn from_realm<'a>(error: KrbError<'a>, request: &Request<'_>) -> Result<Reply<'a>, Disbelief> {
    // WRONG_REALM is how a KDC says that it is not of the realm that was asked.
    let other_realm = error.code == i64::from(error_code::KDC_ERR_WRONG_REALM);
    if !other_realm && !error.realm.eq_ignore_ascii_case(request.asked().krb_realm()) {
        return Err(Disbelief::Realm);
    }
    // An error need not repeat the client; one that does repeats the one that asked.
    if let (Asked::Kdc(asked), Some(cname)) = (request.asked(), error.cname)
        && asked.exchange == Exchange::As
        && !names_may_change(asked, request.armored())
        && !asked.cname.is_none_or(|asked| asked.matches(&cname))
    {
        return Err(Disbelief::Client);
    }
    Ok(Reply::Error(error))
}

/// Whether the KDC may give other names than those asked for (RFC 6806, RFC 8062), or the client hides in its
/// armor which ones it asks for (RFC 6113 section 5.4.2).
fn names_may_change(asked: &KdcReq<'_>, armored: bool) -> bool {
    asked.canonicalize() || asked.anonymous() || armored
}

fn fits(asked: &KdcReq<'_>, armored: bool, reply: &KdcRep<'_>) -> Result<(), Disbelief> {
    if !reply.ticket_realm.eq_ignore_ascii_case(asked.realm) {
        return Err(Disbelief::Realm);
    }
    let names_may_change = names_may_change(asked, armored);
    if asked.exchange == Exchange::As && !names_may_change {
        if !reply.crealm.eq_ignore_ascii_case(asked.realm) {
            return Err(Disbelief::Realm);
        }
        if !asked.cname.is_some_and(|cname| cname.matches(&reply.cname)) {
            return Err(Disbelief::Client);
        }
    }
    // A referral names the realm to go on in instead of the service (RFC 6806 section 8).
    let referral = reply.ticket_sname.components().next() == Some(b"krbtgt");
    // A user-to-user request may name no service: the ticket it encloses says who it is.
    let service_fits = asked.sname.is_none_or(|sname| sname.matches(&reply.ticket_sname));
    if service_fits || referral || names_may_change { Ok(()) } else { Err(Disbelief::Service) }
}
