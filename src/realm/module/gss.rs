//! `gss`: a token of Negotiate, judged by the acceptor of tickets.

use std::{path::PathBuf, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tpg::{
    acceptor::{Judgement, Seen, Verdict as Acceptance},
    local_name::Rules,
    permit::Permit,
};
use tracing::warn;

use super::{Attempt, Brought, Doing, Facts, Failure, Fault, LoginModule, Name, Shared, Verdict};
use crate::{
    realm::{
        credentials::Presented,
        gss::{self, Gss, GssError},
        kept::Kept,
    },
    record::admission,
    tls::{TlsError, front::FrontCertificates},
};

/// What the module is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How tickets are judged.
    pub gss: gss::Settings,
    /// How local names are made.
    pub rules: Rules,
    /// Certificates that proxies in front of the gateway show.
    pub binding_certificates: Vec<PathBuf>,
}

/// The module.
#[derive(Debug)]
pub struct Tickets {
    gss: Arc<Gss>,
    rules: Rules,
    /// Their bindings are good on every connection.
    front: Arc<FrontCertificates>,
}

/// Why tickets cannot be judged. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TicketsError {
    /// The acceptor cannot be made.
    #[error(transparent)]
    Gss(#[from] GssError),
    /// A certificate cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Tickets {
    /// Reads the keytab and what else is needed.
    ///
    /// # Errors
    ///
    /// Any [`TicketsError`].
    pub fn open(settings: Settings, kept: &Kept) -> Result<Self, TicketsError> {
        let Settings { gss, rules, binding_certificates } = settings;
        if gss.replay_capacity == 0 {
            warn!("Replays are not refused: --replay-capacity (<replayCapacity>) is 0");
        }
        let front = kept.front(binding_certificates)?;
        Ok(Self { gss: Gss::open(gss, &kept.replays)?, rules, front })
    }

    async fn judge(&self, attempt: &Attempt<'_>, shared: &mut Shared) -> Verdict {
        let token = match &attempt.credentials.presented {
            Presented::Ticket(token) => token,
            // A realm that asks for passwords: they are for the modules beside it.
            Presented::Password(_) => return Verdict::Ignored,
            _ => return Failure::peer("no_ticket", "no ticket was presented").into(),
        };
        let visitor = attempt.visitor;
        let mut bindings = visitor.bindings.clone();
        bindings.extend_from_slice(self.front.bindings());
        let seen = Seen { bindings: &bindings, peer: Some(visitor.address.ip()) };
        let Judgement { verdict, found } = self.gss.accept(token, visitor.pending(), &seen).await;
        match verdict {
            Acceptance::Granted { permit, reply } => {
                visitor.succeeded();
                shared.reply = reply;
                Verdict::Success(Box::new(brought(permit, &self.rules)))
            }
            Acceptance::More { reply, pending } => {
                visitor.keep(pending);
                shared.challenge = Some(vec![STANDARD.encode(&reply)]);
                let fault = Fault::GoesOn;
                Failure { fault, ..Failure::peer("continued", "the negotiation goes on") }.into()
            }
            Acceptance::Refused { refusal, reply } => {
                let word = admission::refused(attempt.id, visitor, &refusal, &found);
                let fault = if refusal.is_ours() { Fault::Unavailable } else { Fault::Peer };
                // The client may try once more on its connection; who fails again is not asked a third time, since
                // browsers would ask their user, over and over.
                if fault == Fault::Peer && !visitor.failed() {
                    shared.challenge = Some(reply.iter().map(|reply| STANDARD.encode(reply)).collect());
                }
                Failure { fault, is_told: true, is_guess: false, ..Failure::peer(word, refusal.to_string()) }
                    .into()
            }
        }
    }
}

impl LoginModule for Tickets {
    fn kind(&self) -> &'static str {
        "gss"
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(self.judge(attempt, shared))
    }

    fn watch(&self) -> Doing<'_, ()> {
        Box::pin(Arc::clone(&self.gss).watch())
    }
}

/// What a permit says of its client.
pub(super) fn brought(permit: Permit, rules: &Rules) -> Brought {
    let identity = permit.identity();
    let name = Name { text: identity.client.to_string(), is_role: true };
    let facts = Facts {
        krb_realm: Some(identity.client.krb_realm.clone()),
        sids: identity.sids().cloned().collect(),
        indicators: identity.indicators.clone(),
        ..Facts::default()
    };
    Brought {
        names: vec![name],
        local_name: rules.local_name(&identity.client),
        facts,
        ends: Some(permit.ends().seconds()),
        ticket: Some(permit.facts().clone()),
        ..Brought::default()
    }
}
