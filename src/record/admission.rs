//! The record of an admission: one line that says who, with what, whether let in, why not, and what to do.
//!
//! Tokens and cookies are never formatted. Names of principals are written so that they cannot forge a line. Each returns
//! the outcome that it wrote, for whoever counts admissions.

use tpg::{found::Found, permit::Facts, refusal::Refusal};
use tracing::{debug, info};

use super::{RequestId, word};
use crate::realm::{
    chain::{Said, Step},
    credentials::CredentialsError,
    module::{Failure, Fault},
    session::Session,
    subject::Subject,
    visitor::Visitor,
};

const TARGET: &str = "ticketgate::admission";
const STEPS: &str = "ticketgate::login";

/// Characters of a sentence that are written.
const MAX_SENTENCE: usize = 1000;

/// Octets of a name that are written.
const MAX_NAME: usize = 200;

/// Credentials were good and their owner is let in; `facts` are those of a ticket.
pub fn granted(id: RequestId, visitor: &Visitor, subject: &Subject, facts: Option<&Facts>) -> &'static str {
    let Some(facts) = facts else {
        let (client, roles) = (subject.principal.as_str(), roles(subject));
        info!(
            target: TARGET, %id, peer = %visitor.address, client, roles = roles.as_deref(), outcome = "granted",
            "Let in"
        );
        return "granted";
    };
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

/// What a module said. What makes a login fail is worth a line, and so is a module that does not work, whatever was
/// presented; all else is only where it is asked for.
pub fn step(id: RequestId, visitor: &Visitor, step: &Step<'_>, is_shown: bool) {
    let Step { kind, success, said, failure, debug } = step;
    let (outcome, why) =
        (failure.map(|failure| failure.word), failure.map(|failure| failure.why.to_string()));
    let (success, said) = (success.word(), said.word());
    let is_ours = failure.is_some_and(|failure| matches!(failure.fault, Fault::Module | Fault::Unavailable));
    if *debug || ((is_shown || is_ours) && said == Said::Failure.word()) {
        info!(
            target: STEPS, %id, peer = %visitor.address, module = kind, success, outcome, why,
            "The login module says {said}"
        );
    } else {
        debug!(
            target: STEPS, %id, peer = %visitor.address, module = kind, success, outcome, why,
            "The login module says {said}"
        );
    }
}

/// The login modules do not agree. `user` is who the client says it is.
pub fn failed(
    id: RequestId,
    visitor: &Visitor,
    user: Option<&str>,
    failure: Option<&Failure>,
) -> &'static str {
    let Some(failure) = failure else {
        info!(
            target: TARGET, %id, peer = %visitor.address, user = user.map(shown), outcome = "all_ignored",
            blame = "operator",
            "Refused: no login module of the realm has judged; have one that judges what clients are asked for"
        );
        return "all_ignored";
    };
    if !failure.is_told {
        info!(
            target: TARGET, %id, peer = %visitor.address, user = user.map(shown), outcome = failure.word,
            blame = failure.fault.word(),
            "Refused: {}", one_line(&failure.why)
        );
    }
    failure.word
}

/// The login modules agree, and nobody says on whom.
pub fn nobody(id: RequestId, visitor: &Visitor) -> &'static str {
    info!(
        target: TARGET, %id, peer = %visitor.address, outcome = "nobody", blame = "operator",
        "Refused: the login modules let in somebody without a name, or with one that has control characters in it"
    );
    "nobody"
}

/// Credentials of another scheme, which are for somebody else.
pub fn other_scheme(id: RequestId, visitor: &Visitor) -> &'static str {
    debug!(
        target: TARGET, %id, peer = %visitor.address, outcome = "other_scheme",
        "Challenged: the request has credentials of another scheme"
    );
    "other_scheme"
}

/// A session has ended because it was not used, and what it was begun with came along unasked.
pub fn idled(id: RequestId, visitor: &Visitor) -> &'static str {
    debug!(target: TARGET, %id, peer = %visitor.address, outcome = "idled", "Challenged: the session was not used for too long");
    "idled"
}

/// Too many logins failed.
pub fn waits(id: RequestId, visitor: &Visitor, user: Option<&str>) -> &'static str {
    info!(
        target: TARGET, %id, peer = %visitor.address, user = user.map(shown), outcome = "too_many_failures",
        blame = "peer",
        "Refused: too many logins of the peer or for the user failed; it passes with time (<failed-logins>)"
    );
    "too_many_failures"
}

/// A user has ended all sessions.
pub fn logged_out(visitor: &Visitor, principal: &str, sockets: usize) {
    info!(
        target: TARGET, peer = %visitor.address, client = principal, sockets, outcome = "logged_out",
        "Logged out: all sessions of the user are ended"
    );
}

/// The realm has nobody who judges.
pub fn shut(id: RequestId, visitor: &Visitor) -> &'static str {
    info!(
        target: TARGET,
        %id,
        peer = %visitor.address,
        outcome = "nobody_judges",
        blame = "operator",
        "Refused: nobody can be judged by the realm; give it an <http-challenge-scheme> and <login-modules> that judge what that asks for"
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

/// A sentence that may quote others, so that it cannot forge a line.
fn one_line(sentence: &impl ToString) -> String {
    let text = sentence.to_string();
    text.chars().take(MAX_SENTENCE).map(|each| if each.is_control() { '?' } else { each }).collect()
}

/// A name that a client claims, so that it cannot forge a line or fill the disk.
fn shown(name: &str) -> String {
    word(name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default()).to_string()
}

fn roles(subject: &Subject) -> Option<String> {
    let roles: Vec<&str> = subject.roles.iter().map(String::as_str).collect();
    (!roles.is_empty()).then(|| roles.join(","))
}
