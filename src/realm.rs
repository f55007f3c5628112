//! Who may pass: a request head goes in, and out comes a pass, a challenge or a denial. It knows no service.

pub mod credentials;
pub mod gss;
pub mod keytab_file;
pub mod replay_file;
pub mod session;
pub mod subject;
pub mod visitor;

use std::sync::Arc;

use http::{HeaderValue, request::Parts};
use tpg::{
    acceptor::{Judgement, Seen, Verdict},
    local_name::Rules,
    permit::Permit,
    roles::Grants,
};

use self::{
    credentials::{Presented, negotiate},
    gss::Gss,
    session::Sessions,
    subject::Subject,
    visitor::Visitor,
};
use crate::{
    metrics::ServiceMetrics,
    record::{RequestId, admission},
    tls::front::FrontCertificates,
};

/// Names of the gateway's own session cookies start with this. They never reach a back end.
pub const COOKIE_PREFIX: &str = "__Host-ticketgate";

/// Proof that a request may be served. Only this file makes one; a service takes it by value.
#[derive(Debug)]
#[must_use = "a pass that nobody asks for protects nothing"]
pub struct Pass {
    /// Who is admitted; nobody in particular where all may.
    pub subject: Option<Subject>,
    /// The gateway's own proof to the peer (`WWW-Authenticate`), which goes on any response to this request.
    pub reply: Option<HeaderValue>,
    /// A cookie that spares the next proof.
    pub set_cookie: Option<HeaderValue>,
    /// When the pass ends, in seconds since 1970, UTC. A socket ends then at the latest.
    pub ends: Option<i64>,
    _seal: Seal,
}

/// Keeps others from making a pass.
#[derive(Debug)]
struct Seal;

/// The verdict about a request.
#[derive(Debug)]
pub enum Admission {
    /// It is answered with a challenge, `WWW-Authenticate`.
    Challenge(HeaderValue),
    /// The peer is known and may not, or has failed often enough. No challenge, or it would only try the same again.
    Denied {
        /// The gateway's own proof to the peer (`WWW-Authenticate`).
        reply: Option<HeaderValue>,
    },
    /// It is served.
    Pass(Pass),
    /// The gateway cannot say, and that is not the peer's fault.
    Unavailable,
    /// The credentials cannot be read, whoever presents them.
    Unreadable,
}

/// What stands in front of a service.
#[derive(Debug)]
pub enum Gate {
    /// Those who show who they are and have the roles.
    Guarded {
        /// Who can be told apart.
        realm: Arc<Realm>,
        /// The roles that are needed, all of them.
        required: Vec<String>,
    },
    /// Nothing: all may pass.
    Open,
    /// A realm that cannot tell anybody apart: nobody may pass.
    Shut,
}

/// What a realm is made of.
#[derive(Debug)]
pub struct Realm {
    /// Its name.
    pub name: Arc<str>,
    /// The acceptor of tickets.
    pub gss: Arc<Gss>,
    /// How local names are made.
    pub rules: Rules,
    /// Who has which roles.
    pub grants: Grants,
    /// Sessions, if they spare further tickets.
    pub sessions: Option<Arc<Sessions>>,
    /// Whether a pass ends with its ticket.
    pub ends_with_ticket: bool,
    /// Certificates of proxies in front, whose bindings are good on every connection.
    pub front: Arc<FrontCertificates>,
}

/// A request that is being judged.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Names it in the log.
    pub id: RequestId,
    /// Its connection.
    pub visitor: &'a Visitor,
    /// Where the outcome is counted.
    pub metrics: &'a ServiceMetrics,
}

impl Gate {
    /// Judges a request head. The origin of the page that sent it must have been judged before: tickets and
    /// cookies are sent by browsers on anybody's behalf.
    pub async fn admit(&self, case: Case<'_>, head: &Parts) -> Admission {
        match self {
            Self::Guarded { realm, required } => realm.admit(case, required, head).await,
            Self::Shut => {
                case.metrics.admitted(admission::shut(case.id, case.visitor));
                Admission::Unavailable
            }
            Self::Open => Admission::Pass(Pass {
                subject: None,
                reply: None,
                set_cookie: None,
                ends: None,
                _seal: Seal,
            }),
        }
    }
}

impl Realm {
    async fn admit(&self, case: Case<'_>, required: &[String], head: &Parts) -> Admission {
        match credentials::authorization(&head.headers) {
            Ok(Presented::Negotiate(token)) => self.ticket(case, required, &token).await,
            Ok(Presented::Nothing) => self.session(case, required, head),
            Err(fault) => {
                case.metrics.admitted(admission::unreadable(case.id, case.visitor, fault));
                match fault {
                    credentials::CredentialsError::Duplicate => Admission::Unreadable,
                    _ => self.challenge_again(case.visitor, None),
                }
            }
        }
    }

    /// A request without a token: a session, or a challenge.
    fn session(&self, case: Case<'_>, required: &[String], head: &Parts) -> Admission {
        let Case { id, visitor, metrics } = case;
        let found = self.sessions.as_ref().and_then(|sessions| {
            let value = credentials::cookie(&head.headers, sessions.name())?;
            sessions.find(value, gss::utc().seconds())
        });
        let Some(session) = found else {
            metrics.admitted(admission::challenged(id, visitor));
            return Admission::Challenge(negotiate(None));
        };
        if let Some(missing) = missing(required, &session.subject) {
            metrics.admitted(admission::denied(id, visitor, &session.subject, missing));
            return Admission::Denied { reply: None };
        }
        metrics.admitted(admission::resumed(id, visitor, &session));
        Admission::Pass(Pass {
            subject: Some(session.subject),
            reply: None,
            set_cookie: None,
            ends: self.ends_with_ticket.then_some(session.ticket_ends),
            _seal: Seal,
        })
    }

    /// A request with a token.
    async fn ticket(&self, case: Case<'_>, required: &[String], token: &[u8]) -> Admission {
        let Case { id, visitor, metrics } = case;
        let mut bindings = visitor.bindings.clone();
        bindings.extend_from_slice(self.front.bindings());
        let seen = Seen { bindings: &bindings, peer: Some(visitor.address.ip()) };
        let Judgement { verdict, found } = self.gss.accept(token, visitor.pending(), &seen).await;
        match verdict {
            Verdict::Granted { permit, reply } => {
                visitor.succeeded();
                self.granted(case, required, permit, reply.map(|reply| negotiate(Some(&reply))))
            }
            Verdict::More { reply, pending } => {
                visitor.keep(pending);
                metrics.admitted(admission::continued(id, visitor));
                Admission::Challenge(negotiate(Some(&reply)))
            }
            Verdict::Refused { refusal, reply } => {
                metrics.admitted(admission::refused(id, visitor, &refusal, &found));
                if refusal.is_ours() {
                    return Admission::Unavailable;
                }
                self.challenge_again(visitor, reply.as_deref())
            }
        }
    }

    /// After a failure the client may try once more on its connection; who fails again is not asked a third time,
    /// since browsers would ask their user, over and over.
    fn challenge_again(&self, visitor: &Visitor, reply: Option<&[u8]>) -> Admission {
        if visitor.failed() {
            Admission::Denied { reply: None }
        } else {
            Admission::Challenge(negotiate(reply))
        }
    }

    fn granted(
        &self,
        case: Case<'_>,
        required: &[String],
        permit: Permit,
        reply: Option<HeaderValue>,
    ) -> Admission {
        let Case { id, visitor, metrics } = case;
        let subject = Subject::new(permit.identity(), &self.rules, &self.grants);
        if let Some(missing) = missing(required, &subject) {
            metrics.admitted(admission::denied(id, visitor, &subject, missing));
            // With the proof, so that a client that asked for it knows who turned it away.
            return Admission::Denied { reply };
        }
        metrics.admitted(admission::granted(id, visitor, &subject, &permit));
        let ends = permit.ends().seconds();
        let set_cookie = self
            .sessions
            .as_ref()
            .filter(|_| visitor.is_private())
            .and_then(|sessions| sessions.begin(&subject, ends, gss::utc().seconds()));
        let ends = self.ends_with_ticket.then_some(ends);
        Admission::Pass(Pass { subject: Some(subject), reply, set_cookie, ends, _seal: Seal })
    }
}

/// The first role that is needed and that the subject does not have.
fn missing<'a>(required: &'a [String], subject: &Subject) -> Option<&'a str> {
    required.iter().find(|role| !subject.roles.contains(*role)).map(String::as_str)
}
