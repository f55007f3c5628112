//! Who may pass: a request head goes in, and out comes a pass, a challenge or a denial. It knows no service.

pub mod attempts;
pub mod chain;
pub mod credentials;
pub mod gate;
pub mod gss;
pub mod hashing;
pub mod kept;
pub mod keytab_file;
pub mod lease;
pub mod module;
pub mod pass;
pub mod replay_file;
pub mod roles;
pub mod scheme;
pub mod session;
pub mod subject;
pub mod visitor;

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, request::Parts};

use self::{
    attempts::{Attempts, Try},
    chain::{Chain, Departure, Outcome},
    credentials::{Credentials, CredentialsError, Presented, Sources},
    module::{Attempt, Brought, Failure, Fault, Shared},
    pass::{Ends, Pass},
    roles::Grants,
    scheme::{Kind, Scheme},
    session::{Digest, Found, Session, Sessions},
    subject::Subject,
};
pub use gate::{Admission, Asks, Case, Gate};
pub use lease::Lease;

use crate::{cookies, record::admission};

/// Names of the gateway's own session cookies start with this. They never reach a back end.
pub const COOKIE_PREFIX: &str = "__Host-ticketgate";

/// What a realm is made of.
#[derive(Debug)]
pub struct Realm {
    /// Its name.
    pub name: Arc<str>,
    /// How clients are asked.
    pub scheme: Scheme,
    /// Where credentials are looked for beside the Authorization field.
    pub sources: Sources,
    /// Who judges them.
    pub chain: Chain,
    /// Who has which roles.
    pub grants: Grants,
    /// Sessions, if they spare further logins.
    pub sessions: Option<Arc<Sessions>>,
    /// How often logins may fail.
    pub attempts: Arc<Attempts>,
    /// What bounds a login.
    pub lease: Lease,
}

impl Realm {
    async fn admit(&self, case: Case<'_>, required: &[String], head: &Parts) -> Admission {
        let credentials = match Credentials::read(head, self.scheme.kind, &self.sources) {
            Ok(credentials) => credentials,
            Err(fault) => return self.unreadable(case, fault),
        };
        let digest = self.sessions.as_ref().and_then(|_| digest(&credentials));
        match self.found(head) {
            Some(Found::Live(session)) if stands_for(&session, &credentials, digest) => {
                return self.resumed(case, required, session);
            }
            Some(Found::Idle(session)) if digest.is_some() && session.digest == digest => {
                return self.idled(case);
            }
            _ => {}
        }
        match credentials.presented {
            Presented::Other => {
                case.metrics.admitted(admission::other_scheme(case.id, case.visitor));
                self.challenge(case, &[])
            }
            _ => self.login(case, required, &credentials, digest).await,
        }
    }

    /// The session of the request's cookie, if it has one.
    fn found(&self, head: &Parts) -> Option<Found> {
        let sessions = self.sessions.as_ref()?;
        let value = cookies::values(&head.headers, sessions.name()).next()?;
        sessions.look(value, gss::utc().seconds())
    }

    /// A request of a user who did nothing for too long. Browsers send a password again by themselves, so that it does not
    /// show that the user is there; asked once more, they ask the user.
    fn idled(&self, case: Case<'_>) -> Admission {
        case.metrics.admitted(admission::idled(case.id, case.visitor));
        match self.challenge(case, &[]) {
            Admission::Challenge { challenge, .. } => {
                let set_cookie = self.sessions.as_ref().map(|sessions| sessions.forget());
                Admission::Challenge { challenge, set_cookie }
            }
            other => other,
        }
    }

    /// Credentials that cannot be read, which is a login that failed.
    fn unreadable(&self, case: Case<'_>, fault: CredentialsError) -> Admission {
        case.metrics.admitted(admission::unreadable(case.id, case.visitor, fault));
        if fault.is_ambiguous() {
            return Admission::Unreadable;
        }
        if self.scheme.kind == Kind::Negotiate && case.visitor.failed() {
            return Admission::Denied { reply: None };
        }
        self.challenge(case, &[])
    }

    /// A request with a session that stands for it.
    fn resumed(&self, case: Case<'_>, required: &[String], session: Session) -> Admission {
        let Case { id, visitor, metrics, .. } = case;
        if let Some(missing) = missing(required, &session.subject) {
            metrics.admitted(admission::denied(id, visitor, &session.subject, missing));
            return self.without_role(case, None, None);
        }
        metrics.admitted(admission::resumed(id, visitor, &session));
        let now = gss::utc().seconds();
        let set_cookie = self.sessions.as_ref().and_then(|sessions| sessions.renew(&session, now));
        // What opens by a session ends with it: whoever has no proof any more has no socket either.
        let proof = Some(session.proof_ends.map_or(session.ends, |ends| ends.min(session.ends)));
        let ends = Ends::of(&self.lease, if self.lease.outlives_proof { None } else { proof }, now);
        Admission::Pass(Box::new(Pass::of(session.subject, &self.name, None, set_cookie, ends, None)))
    }

    /// A request with credentials, or with nothing at all: modules may have words for the challenge.
    async fn login(
        &self,
        case: Case<'_>,
        required: &[String],
        credentials: &Credentials,
        digest: Option<Digest>,
    ) -> Admission {
        let Case { id, visitor, metrics, service, .. } = case;
        let user = credentials.password().map(|password| password.name.as_str());
        // A token that was good from there is not held up by what others try there, as a user is not.
        let spelled = user.map(|user| self.chain.spelled(user));
        let counted = match &credentials.presented {
            Presented::Token(token) => Some(token.as_str()),
            _ => spelled.as_deref(),
        };
        let is_empty = credentials.is_empty();
        // Nobody guesses a ticket.
        let is_guess = !is_empty && !matches!(credentials.presented, Presented::Ticket(_));
        let tried = match is_guess.then(|| self.attempts.begin(visitor.address.ip(), counted)).transpose() {
            Ok(tried) => tried,
            Err(wait) => {
                metrics.admitted(admission::waits(id, visitor, user));
                return Admission::Wait(wait);
            }
        };
        let attempt = Attempt { id, realm: &self.name, service, credentials, visitor };
        let mut shared = Shared::default();
        match self.chain.judge(&attempt, &mut shared).await {
            Outcome::Refused { failure } if is_empty => self.nothing(case, failure.as_ref(), &shared),
            Outcome::Refused { failure } => self.refused(case, user, tried, failure.as_ref(), &shared),
            // A chain that lets in whoever presents nothing would let in everybody.
            Outcome::Agreed { departure, .. } if is_empty && !departure.has_judged_connection() => {
                self.nothing(case, None, &shared)
            }
            Outcome::Agreed { brought, departure } => {
                let reply = shared
                    .reply
                    .as_deref()
                    .map(|reply| self.scheme.challenge(&[STANDARD.encode(reply)], case.asks.layer()));
                if let Some(tried) = tried {
                    tried.succeeded();
                }
                self.agreed(case, required, brought, departure, reply, &shared, digest)
            }
        }
    }

    /// Nothing was presented: a challenge, always.
    fn nothing(&self, case: Case<'_>, failure: Option<&Failure>, shared: &Shared) -> Admission {
        if failure.is_some_and(|failure| failure.fault == Fault::Module) {
            case.metrics.admitted("module_broke");
            return Admission::Denied { reply: None };
        }
        let Case { id, visitor, metrics, .. } = case;
        metrics.admitted(match failure {
            // The connection brought something that is not good.
            Some(failure) if visitor.certificates.is_some() => {
                admission::failed(id, visitor, None, Some(failure))
            }
            _ => admission::challenged(id, visitor),
        });
        self.challenge(case, shared.challenge.as_deref().unwrap_or_default())
    }

    /// The modules do not agree.
    fn refused(
        &self,
        case: Case<'_>,
        user: Option<&str>,
        tried: Option<Try<'_>>,
        failure: Option<&Failure>,
        shared: &Shared,
    ) -> Admission {
        let Case { id, visitor, metrics, .. } = case;
        let fault = failure.map_or(Fault::Peer, |failure| failure.fault);
        let outcome = match fault {
            Fault::GoesOn => admission::continued(id, visitor),
            _ => admission::failed(id, visitor, user, failure),
        };
        metrics.admitted(outcome);
        match fault {
            Fault::Unavailable => return Admission::Unavailable,
            Fault::Module => return Admission::Denied { reply: None },
            Fault::Peer if failure.is_none_or(|failure| failure.is_guess) => {
                if let Some(tried) = tried {
                    tried.failed();
                }
            }
            Fault::GoesOn | Fault::Peer => {}
        }
        match &shared.challenge {
            Some(words) => self.challenge(case, words),
            None if self.scheme.kind == Kind::Basic => self.challenge(case, &[]),
            None => Admission::Denied { reply: None },
        }
    }

    /// The modules agree.
    #[expect(clippy::too_many_arguments, reason = "all that a login came to")]
    fn agreed(
        &self,
        case: Case<'_>,
        required: &[String],
        brought: Vec<Brought>,
        departure: Departure,
        reply: Option<HeaderValue>,
        shared: &Shared,
        digest: Option<Digest>,
    ) -> Admission {
        let Case { id, visitor, metrics, .. } = case;
        let proof = brought.iter().filter_map(|one| one.ends).min();
        let lease = self.lease.shortened(&brought);
        let ticket = brought.iter().find_map(|one| one.ticket.clone());
        let Some(subject) = Subject::of(brought, &self.grants) else {
            metrics.admitted(admission::nobody(id, visitor));
            return Admission::Denied { reply: None };
        };
        if let Some(missing) = missing(required, &subject) {
            metrics.admitted(admission::denied(id, visitor, &subject, missing));
            // With the proof, so that a client that asked for it knows who turned it away.
            return self.without_role(case, shared.challenge.as_deref(), reply);
        }
        metrics.admitted(admission::granted(id, visitor, &subject, ticket.as_ref()));
        let now = gss::utc().seconds();
        let set_cookie = self
            .sessions
            .as_ref()
            .filter(|_| visitor.is_private())
            .and_then(|sessions| sessions.begin(&subject, digest, lease.bounding(proof, now), now));
        let ends = Ends::of(&lease, proof.filter(|_| !lease.outlives_proof), now);
        let name = &self.name;
        Admission::Pass(Box::new(Pass::of(subject, name, reply, set_cookie, ends, Some(departure))))
    }

    /// A user without a role: another may log in where a module or the scheme asks for one, and that is Basic.
    fn without_role(
        &self,
        case: Case<'_>,
        words: Option<&[String]>,
        reply: Option<HeaderValue>,
    ) -> Admission {
        match words {
            Some(words) => self.challenge(case, words),
            None if self.scheme.kind == Kind::Basic => self.challenge(case, &[]),
            None => Admission::Denied { reply },
        }
    }

    /// A challenge, if there is something to ask for. A browser cannot answer one that is meant for a script in the page,
    /// and an upgrade is no place for it.
    fn challenge(&self, case: Case<'_>, words: &[String]) -> Admission {
        if (case.asks == Asks::Socket && self.scheme.by_page) || self.scheme.kind == Kind::Nothing {
            return Admission::Denied { reply: None };
        }
        let tells = words.is_empty() && case.asks == Asks::Inside && self.scheme.kind == Kind::Negotiate;
        let words = if tells { case.tickets_from } else { words };
        let challenge = self.scheme.challenge(words, case.asks.layer());
        Admission::Challenge { challenge, set_cookie: None }
    }
}

/// Whether a session stands for what is presented beside it: for nothing, for what is not for this realm, and for the
/// very credentials that it was begun with.
fn stands_for(session: &Session, credentials: &Credentials, digest: Option<Digest>) -> bool {
    credentials.is_empty()
        || credentials.presented == Presented::Other
        || (digest.is_some() && session.digest == digest)
}

/// What stands for credentials in a session that is begun with them. A ticket is used once.
fn digest(credentials: &Credentials) -> Option<Digest> {
    let mut context = digest::Context::new(&digest::SHA256);
    match &credentials.presented {
        Presented::Password(password) => {
            context.update(password.name.as_bytes());
            context.update(b"\0");
            context.update(password.password.as_bytes());
        }
        Presented::Token(token) => context.update(token.as_bytes()),
        Presented::Nothing if credentials.is_empty() => return None,
        Presented::Nothing => {}
        Presented::Other | Presented::Ticket(_) => return None,
    }
    for declared in &credentials.declared {
        context.update(b"\0");
        context.update(declared.value.as_ref().map_or(&b"\0"[..], |value| value.as_bytes()));
    }
    context.finish().as_ref().first_chunk().copied()
}

/// The first role that is needed and that the subject does not have.
fn missing<'a>(required: &'a [String], subject: &Subject) -> Option<&'a str> {
    required.iter().find(|role| !subject.has(role)).map(String::as_str)
}
