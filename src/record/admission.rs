//! The record of an admission: one line that says who, with what, whether let in, why not, and what to do.
//!
//! Tokens and cookies are never formatted. Names of principals are written so that they cannot forge a line. Each returns
//! the outcome that it wrote, for whoever counts admissions.

use tpg::{found::Found, permit::Permit, refusal::Refusal};
use tracing::{debug, info};

use super::{RequestId, word};
use crate::realm::{credentials::CredentialsError, session::Session, subject::Subject, visitor::Visitor};

const TARGET: &str = "ticketgate::admission";

/// A ticket was good and its owner is let in.
pub fn granted(id: RequestId, visitor: &Visitor, subject: &Subject, permit: &Permit) -> &'static str {
    let facts = permit.facts();
    info!(
        target: TARGET,
        %id,
        peer = %visitor.address,
        client = subject.principal,
        roles = roles(subject).as_deref(),
        service = %facts.service,
        kvno = facts.kvno,
        ticket_etype = facts.ticket_enctype.number(),
        session_etype = facts.session_enctype.number(),
        ends = %facts.times.ends,
        skew_ms = facts.skew / 1000,
        mutual = facts.mutual,
        bound = facts.bound,
        outcome = "granted",
        "Let in"
    );
    "granted"
}

/// A session was good.
pub fn resumed(id: RequestId, visitor: &Visitor, session: &Session) -> &'static str {
    let client = session.subject.principal.as_str();
    info!(target: TARGET, %id, peer = %visitor.address, client, outcome = "resumed", "Let in by a session");
    "resumed"
}

/// A ticket or session was good, but its owner lacks a role.
pub fn denied(id: RequestId, visitor: &Visitor, subject: &Subject, missing: &str) -> &'static str {
    info!(
        target: TARGET,
        %id,
        peer = %visitor.address,
        client = subject.principal,
        roles = roles(subject).as_deref(),
        outcome = "role_missing",
        blame = "peer",
        "Denied: the client does not have the role {missing}; if it should, grant it with --grant (<grant>)"
    );
    "role_missing"
}

/// The realm has nobody who judges.
pub fn shut(id: RequestId, visitor: &Visitor) -> &'static str {
    info!(
        target: TARGET,
        %id,
        peer = %visitor.address,
        outcome = "nobody_judges",
        blame = "operator",
        "Refused: nobody can be let in by the login modules of the realm; what judges now is kerberos5 and gss behind Negotiate"
    );
    "nobody_judges"
}

/// A token is refused.
pub fn refused(id: RequestId, visitor: &Visitor, refusal: &Refusal, found: &Found) -> &'static str {
    info!(
        target: TARGET,
        %id,
        peer = %visitor.address,
        client = found.client.as_ref().map(word),
        service = found.ticket.as_ref().map(|ticket| word(&ticket.service)),
        kvno = found.ticket.as_ref().and_then(|ticket| ticket.kvno),
        ticket_etype = found.ticket.as_ref().map(|ticket| ticket.enctype),
        outcome = refusal.word(),
        blame = refusal.blame().word(),
        code = refusal.code(),
        "Refused: {refusal}"
    );
    refusal.word()
}

/// What is presented cannot be read.
pub fn unreadable(id: RequestId, visitor: &Visitor, fault: CredentialsError) -> &'static str {
    info!(target: TARGET, %id, peer = %visitor.address, outcome = "unreadable", blame = "peer", "Refused: {fault}");
    "unreadable"
}

/// Nothing was presented. Browsers begin each socket like this.
pub fn challenged(id: RequestId, visitor: &Visitor) -> &'static str {
    debug!(target: TARGET, %id, peer = %visitor.address, outcome = "challenged", "Challenged");
    "challenged"
}

/// Another token is needed.
pub fn continued(id: RequestId, visitor: &Visitor) -> &'static str {
    debug!(target: TARGET, %id, peer = %visitor.address, outcome = "continued", "The negotiation goes on");
    "continued"
}

fn roles(subject: &Subject) -> Option<String> {
    let roles: Vec<&str> = subject.roles.iter().map(String::as_str).collect();
    (!roles.is_empty()).then(|| roles.join(","))
}
