//! The initiator of a GSS-API context: a service ticket becomes tokens for `WWW-Authenticate: Negotiate`
//! (RFC 4121 section 4.1, RFC 4178, RFC 4559).
//!
//! ```no_run
//! use std::time::SystemTime;
//!
//! use client::negotiate::{Negotiate, NegotiateError, NegotiateOptions, Step};
//! use client::{Credential, Dice};
//!
//! /// Whether the service that let us in proved itself. `ask` sends a token and returns the service's, if it
//! /// answers with one.
//! fn enter(
//!     ticket: &Credential,
//!     ask: impl Fn(&[u8]) -> Option<Vec<u8>>,
//!     now: SystemTime,
//!     dice: &mut dyn Dice,
//! ) -> Result<bool, NegotiateError> {
//!     let mut negotiate = Negotiate::new(ticket, &NegotiateOptions::default(), now, dice)?;
//!     let mut token = negotiate.token().to_vec();
//!     loop {
//!         let Some(answer) = ask(&token) else {
//!             return Ok(negotiate.finish()?.proved);
//!         };
//!         match negotiate.reply(&answer)? {
//!             Step::Send(next) => token = next,
//!             Step::Done(context) => return Ok(context.proved),
//!         }
//!     }
//! }
//! ```

mod context;
mod draft;
mod error;
mod options;

use std::fmt;
use std::time::SystemTime;

use krb::gss::{self, Mech};
use krb::spnego::{self, MechTypes, NegState, NegTokenInit, NegTokenResp};

use crate::credential::Credential;
use crate::dice::Dice;

use context::Context;

pub use context::Established;
pub use draft::NegotiateDraft;
pub use error::NegotiateError;
pub use options::{NegotiateOptions, ap_options, client_target};

/// One context, from the first token to the service's proof.
pub struct Negotiate {
    token: Vec<u8>,
    context: Context,
    /// `None` for a token of Kerberos without a negotiation around it.
    negotiation: Option<Negotiation>,
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// The service wants this token too; give its answer to [`Negotiate::reply`] again.
    Send(Vec<u8>),
    /// Both sides are done.
    Done(Established),
}

/// Where the negotiation of the mechanism stands.
struct Negotiation {
    /// The list of mechanisms, as the integrity codes are over it.
    list: Vec<u8>,
    /// The first token of Kerberos, to be sent when the service comes to ask for it.
    inner: Vec<u8>,
    /// Whether the service had it already.
    presented: bool,
    /// Whether an answer was read.
    answered: bool,
    /// Whether the service must vouch for the list: it did not take what stands first, or asks for ours.
    code_due: bool,
    code_sent: bool,
    code_seen: bool,
}

impl Negotiate {
    /// Presents `credential`, a ticket for the service to talk to.
    ///
    /// # Errors
    ///
    /// [`NegotiateError::TimeOutOfRange`] for a `now` that messages cannot express;
    /// [`NegotiateError::NoKerberos`] if `options` list mechanisms and none of them is Kerberos.
    pub fn new(
        credential: &Credential,
        options: &NegotiateOptions,
        now: SystemTime,
        dice: &mut dyn Dice,
    ) -> Result<Self, NegotiateError> {
        NegotiateDraft::new(credential, options, now, dice)?.send(dice)
    }

    fn begin(draft: &NegotiateDraft, dice: &mut dyn Dice) -> Result<Self, NegotiateError> {
        let ap_req = draft.ap_req(dice)?.encode()?;
        let inner = gss::frame(draft.inner, &gss::with_id(gss::TokenId::ApReq, &ap_req));
        let context = Context::of(draft);
        let Some(first) = draft.mechs.first() else {
            return Ok(Self { token: inner, context, negotiation: None });
        };
        if !draft.mechs.iter().copied().any(is_kerberos) {
            return Err(NegotiateError::NoKerberos);
        }
        let list = spnego::mech_list(&draft.mechs);
        let presented = is_kerberos(*first);
        let code = (draft.mech_list_mic && presented).then(|| context.sign(&list)).transpose()?;
        let init = NegTokenInit {
            mech_types: MechTypes::read(&list)?,
            mech_token: presented.then_some(&inner),
            mech_list_mic: code.as_deref(),
        };
        let token = gss::frame(Mech::Spnego, &init.encode());
        let negotiation = Negotiation {
            list,
            inner,
            presented,
            answered: false,
            code_due: !presented,
            code_sent: code.is_some(),
            code_seen: false,
        };
        Ok(Self { token, context, negotiation: Some(negotiation) })
    }

    /// The first token: `Authorization: Negotiate` and this in base64. It is good for one request.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// What is agreed if the service lets in and answers without a token, as MIT's does where no proof is due or
    /// nothing is left to say.
    ///
    /// # Errors
    ///
    /// [`NegotiateError::NoProof`] if the service had to prove itself and did not,
    /// [`NegotiateError::NoMechListMic`] if it had to vouch for the list of mechanisms and did not.
    pub fn finish(&self) -> Result<Established, NegotiateError> {
        let established = self.context.establish()?;
        match &self.negotiation {
            Some(state) if state.code_due && !state.code_seen => Err(NegotiateError::NoMechListMic),
            _ => Ok(established),
        }
    }

    /// Reads the token that the service answered with.
    ///
    /// # Errors
    ///
    /// [`NegotiateError::Refused`] with the service's reason and [`NegotiateError::Rejected`] without one,
    /// neither of which is protected; all others if the service is not the one that the ticket is for, or what
    /// it sent is no answer. A new attempt needs a new `Negotiate`.
    pub fn reply(&mut self, token: &[u8]) -> Result<Step, NegotiateError> {
        let next = match &mut self.negotiation {
            None => self.context.prove(token).map(|()| None)?,
            Some(state) => state.reply(&mut self.context, token)?,
        };
        next.map_or_else(|| self.finish().map(Step::Done), |token| Ok(Step::Send(token)))
    }
}

impl Negotiation {
    /// Reads an answer; gives what is to be sent next, `None` if the service is done.
    fn reply(&mut self, context: &mut Context, token: &[u8]) -> Result<Option<Vec<u8>>, NegotiateError> {
        let mut answer = spnego::read_resp(token)?;
        let first = !std::mem::replace(&mut self.answered, true);
        if answer.neg_state == Some(NegState::Reject) {
            return Err(answer.response_token.map_or(NegotiateError::Rejected, NegotiateError::refused));
        }
        let second_choice = match answer.supported_mech {
            Some(oid) => !self.is_first_choice(oid)?,
            None => false,
        };
        // Windows 2000 repeats the token where the integrity code belongs.
        if answer.mech_list_mic == answer.response_token {
            answer.mech_list_mic = None;
        }
        self.code_due |= first && answer.neg_state == Some(NegState::RequestMic);
        let going_on = matches!(answer.neg_state, Some(NegState::AcceptIncomplete | NegState::RequestMic));

        // A service that chose another OID than stood first did not read the token that came with the list.
        let passed_over =
            first && answer.response_token.is_none() && (second_choice || !context.is_complete());
        if going_on && (!self.presented || passed_over) {
            return self.present(context).map(Some);
        }
        if !self.presented {
            return Err(NegotiateError::Unexpected);
        }
        if let Some(token) = answer.response_token {
            context.prove(token)?;
        }
        if let Some(code) = answer.mech_list_mic {
            context.verify(&self.list, code)?;
            self.code_seen = true;
        }
        match answer.neg_state {
            Some(NegState::AcceptCompleted) => Ok(None),
            Some(_) if context.is_complete() && !self.code_sent => self.vouch(context).map(Some),
            _ => Err(NegotiateError::Unexpected),
        }
    }

    /// Whether the service chose what stands first. It must choose Kerberos, under an OID that was offered.
    fn is_first_choice(&self, oid: &[u8]) -> Result<bool, NegotiateError> {
        let place = MechTypes::read(&self.list)?.iter().position(|mech| mech == oid);
        match (Mech::of(oid), place) {
            (Some(mech), Some(place)) if is_kerberos(mech) => Ok(place == 0),
            (mech, _) => Err(NegotiateError::OtherMech { mech }),
        }
    }

    /// Sends the token of Kerberos, and the integrity code with it if there is nothing to wait for.
    fn present(&mut self, context: &Context) -> Result<Vec<u8>, NegotiateError> {
        self.presented = true;
        let code = if self.code_due && context.is_complete() && !self.code_sent {
            self.code_sent = true;
            Some(context.sign(&self.list)?)
        } else {
            None
        };
        Ok(NegTokenResp {
            neg_state: Some(NegState::AcceptIncomplete),
            supported_mech: None,
            response_token: Some(&self.inner),
            mech_list_mic: code.as_deref(),
        }
        .encode())
    }

    /// Sends the integrity code alone.
    fn vouch(&mut self, context: &Context) -> Result<Vec<u8>, NegotiateError> {
        self.code_sent = true;
        let code = context.sign(&self.list)?;
        let state = if self.code_seen { NegState::AcceptCompleted } else { NegState::AcceptIncomplete };
        Ok(NegTokenResp { neg_state: Some(state), mech_list_mic: Some(&code), ..NegTokenResp::default() }
            .encode())
    }
}

/// Kerberos under either of its OIDs; both stand for the same mechanism.
const fn is_kerberos(mech: Mech) -> bool {
    matches!(mech, Mech::Krb5 | Mech::MsKrb5)
}

impl fmt::Debug for Negotiate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiate").field("token", &self.token.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
