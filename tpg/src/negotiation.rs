//! From the token of a header to the AP-REQ in it: GSS-API framing and SPNEGO (RFC 2743 section 3.1, RFC 4178).
//!
//! A client may need a second token, when Kerberos is not its first choice or it sent none, and with mutual
//! authentication a third. What must be known until then is [`Pending`]; it vouches for nobody.

use krb::{
    gss::{self, GssError, Mech, TokenId},
    spnego::{self, MechTypes, NegState, NegTokenInit, NegTokenResp},
};

use crate::{
    agreed::Agreed,
    found::Found,
    policy::{MAX_TOKEN, Policy},
    refusal::{Mechanisms, Refusal},
};

/// Tag of a SPNEGO NegTokenResp.
const NEG_TOKEN_RESP: u8 = 0xa1;

/// How the token came, and so how its answer must go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wrapping {
    /// A token of the Kerberos mechanism alone.
    Bare,
    /// Negotiated; the mechanism by the OID that the client listed.
    Spnego(Mech),
}

/// What is kept of a client between two tokens of one negotiation.
#[derive(Debug)]
pub struct Pending(pub(crate) Stage);

#[derive(Debug)]
pub(crate) enum Stage {
    /// The ticket was accepted; the client's signature of its list is missing.
    Signature {
        agreed: Box<Agreed>,
        /// What was found of the ticket.
        found: Box<Found>,
    },
    /// The ticket is missing.
    Token(Negotiated),
}

/// What was agreed before the ticket came.
#[derive(Clone, Debug)]
pub(crate) struct Negotiated {
    /// The OID of Kerberos that the client listed.
    pub mech: Mech,
    /// The client's list, octet by octet: its signature is over them.
    pub list: Vec<u8>,
    /// Whether the signature must come.
    pub mic_due: bool,
}

/// What a token is.
pub(crate) enum Offer<'a> {
    /// A request to judge.
    Request(Presented<'a>),
    /// The beginning of a negotiation: answer with this and wait for the next token.
    Ask {
        /// The token to answer with.
        reply: Vec<u8>,
        /// What is then known.
        next: Negotiated,
    },
    /// The signature that the last stage waits for.
    Signature {
        /// The ticket that was accepted.
        agreed: Box<Agreed>,
        /// What was found of the ticket.
        found: Box<Found>,
        /// The signature, if it came.
        mic: Option<&'a [u8]>,
    },
}

/// An AP-REQ and how it came.
pub(crate) struct Presented<'a> {
    pub wrapping: Wrapping,
    /// The AP-REQ's own octets.
    pub ap_req: &'a [u8],
    /// The list of mechanisms to check the signature against.
    pub list: Vec<u8>,
    /// The client's signature of the list.
    pub mic: Option<&'a [u8]>,
    /// Whether it must be there.
    pub mic_due: bool,
}

/// A refusal, and how the token came if that is known by then.
pub(crate) type Refused = (Refusal, Option<Wrapping>);

/// Reads a token.
pub(crate) fn read<'a>(
    token: &'a [u8],
    pending: Option<Pending>,
    policy: &Policy,
) -> Result<Offer<'a>, Refused> {
    // Length before anything is looked at.
    if token.len() > MAX_TOKEN {
        return Err((Refusal::TooLong { length: token.len(), most: MAX_TOKEN }, None));
    }
    match pending {
        Some(pending) if token.first() == Some(&NEG_TOKEN_RESP) => later(token, pending, policy),
        _ => first(token, policy),
    }
}

/// A first token, with the framing of RFC 2743 section 3.1.
fn first<'a>(token: &'a [u8], policy: &Policy) -> Result<Offer<'a>, Refused> {
    let framed = gss::unframe(token).map_err(|fault| {
        let refusal = match fault {
            GssError::Ntlm => Refusal::Ntlm,
            // HTTP has no context to continue but the one that this connection began.
            GssError::NotFirst => Refusal::LaterToken,
            fault => Refusal::Framing(fault),
        };
        (refusal, None)
    })?;
    let refused = |refusal| Err((refusal, None));
    match Mech::of(framed.oid) {
        Some(Mech::Spnego) => {
            let init =
                spnego::read_init(framed.inner).map_err(|fault| (Refusal::Negotiation(fault), None))?;
            negotiate(&init, policy)
        }
        Some(Mech::Krb5) => bare(framed.inner),
        Some(Mech::MsKrb5) if policy.allow_ms_framing => bare(framed.inner),
        Some(Mech::MsKrb5) => refused(Refusal::MsFraming),
        Some(Mech::Iakerb) => refused(Refusal::Iakerb),
        Some(mech) => refused(Refusal::KerberosNotOffered { offered: Mechanisms(vec![mech.name()]) }),
        None => refused(Refusal::UnknownMechanism),
    }
}

fn bare(inner: &[u8]) -> Result<Offer<'_>, Refused> {
    let ap_req = request(inner).map_err(|refusal| (refusal, Some(Wrapping::Bare)))?;
    Ok(Offer::Request(Presented {
        wrapping: Wrapping::Bare,
        ap_req,
        list: Vec::new(),
        mic: None,
        mic_due: false,
    }))
}

/// A NegTokenInit (RFC 4178 sections 4.2.1 and 5). Its reqFlags are not protected and not looked at.
fn negotiate<'a>(init: &NegTokenInit<'a>, policy: &Policy) -> Result<Offer<'a>, Refused> {
    let Some((place, mech)) = preferred(init.mech_types) else {
        let offered = Mechanisms(
            init.mech_types
                .iter()
                .map(|oid| Mech::of(oid).map_or("an unknown mechanism", Mech::name))
                .collect(),
        );
        // The client may have another answer; it is told plainly that none of these will do.
        return Err((Refusal::KerberosNotOffered { offered }, Some(Wrapping::Spnego(Mech::Krb5))));
    };
    // Windows lists Microsoft's OID before the standard one; they are one mechanism.
    let is_first = place == 0;
    let next = || Negotiated { mech, list: init.mech_types.der().to_vec(), mic_due: !is_first };
    match init.mech_token.filter(|token| !token.is_empty()) {
        Some(token) if is_first => {
            let wrapping = Wrapping::Spnego(mech);
            let ap_req = unwrap(token, policy).map_err(|refusal| (refusal, Some(wrapping)))?;
            Ok(Offer::Request(Presented {
                wrapping,
                ap_req,
                list: init.mech_types.der().to_vec(),
                mic: init.mech_list_mic,
                mic_due: false,
            }))
        }
        // The optimistic token is for the client's first choice. To take it for ours would let whoever is on the
        // path choose the mechanism, so the list has to be signed (RFC 4178 section 5).
        Some(_) | None if !is_first => {
            Ok(Offer::Ask { reply: answer(NegState::RequestMic, Some(mech), None, None), next: next() })
        }
        _ => {
            Ok(Offer::Ask { reply: answer(NegState::AcceptIncomplete, Some(mech), None, None), next: next() })
        }
    }
}

/// Kerberos, by the OID that stands first in the client's order, and its place.
fn preferred(list: MechTypes<'_>) -> Option<(usize, Mech)> {
    list.iter().enumerate().find_map(|(place, oid)| match Mech::of(oid) {
        Some(mech @ (Mech::Krb5 | Mech::MsKrb5)) => Some((place, mech)),
        _ => None,
    })
}

/// A NegTokenResp (RFC 4178 section 4.2.2) of a negotiation that this connection began.
fn later<'a>(token: &'a [u8], pending: Pending, policy: &Policy) -> Result<Offer<'a>, Refused> {
    let resp: NegTokenResp<'a> =
        spnego::read_resp(token).map_err(|fault| (Refusal::Negotiation(fault), None))?;
    match pending.0 {
        Stage::Token(Negotiated { mech, list, mic_due }) => {
            let wrapping = Wrapping::Spnego(mech);
            let token = resp.response_token.unwrap_or_default();
            let ap_req = unwrap(token, policy).map_err(|refusal| (refusal, Some(wrapping)))?;
            Ok(Offer::Request(Presented { wrapping, ap_req, list, mic: resp.mech_list_mic, mic_due }))
        }
        Stage::Signature { agreed, found } => Ok(Offer::Signature { agreed, found, mic: resp.mech_list_mic }),
    }
}

/// The AP-REQ in a token of the Kerberos mechanism. Inside a negotiation too it has the framing of a first token,
/// and the standard OID whichever was listed.
fn unwrap<'a>(token: &'a [u8], policy: &Policy) -> Result<&'a [u8], Refusal> {
    let framed = gss::unframe(token).map_err(Refusal::Framing)?;
    match Mech::of(framed.oid) {
        Some(Mech::Krb5) => request(framed.inner),
        Some(Mech::MsKrb5) if policy.allow_ms_framing => request(framed.inner),
        Some(Mech::MsKrb5) => Err(Refusal::MsFraming),
        Some(Mech::Iakerb) => Err(Refusal::Iakerb),
        _ => Err(Refusal::UnknownMechanism),
    }
}

/// RFC 4121 section 4.1: the token id 01 00, then the AP-REQ.
fn request(inner: &[u8]) -> Result<&[u8], Refusal> {
    match gss::split_id(inner).map_err(Refusal::Framing)? {
        (TokenId::ApReq, message) => Ok(message),
        (found, _) => Err(Refusal::Framing(GssError::OtherTokenId { wanted: TokenId::ApReq, found })),
    }
}

/// A NegTokenResp (RFC 4178 section 4.2.2). The mechanism is named as the client listed it, as MIT does.
pub(crate) fn answer(
    state: NegState,
    mech: Option<Mech>,
    token: Option<&[u8]>,
    mic: Option<&[u8]>,
) -> Vec<u8> {
    NegTokenResp {
        neg_state: Some(state),
        supported_mech: mech.map(Mech::oid),
        response_token: token,
        mech_list_mic: mic,
    }
    .encode()
}
